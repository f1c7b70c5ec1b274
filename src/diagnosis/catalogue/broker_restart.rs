//! The cause `broker_restart`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::statistics::largest;
use crate::diagnosis::words::{count, of, seconds};

entry! {
    /// The broker went away and came back: a restart, an update, a crash, a proxy that reloads.
    ///
    /// **How it shows.** A FIN or reset, then a closed port for seconds to minutes, then all is well; or the broker says
    /// "shutting down" (0x8B), "unavailable" (CONNACK 3, HTTP 5xx), close code 1012.
    ///
    /// **What looks like it.** A broker that stays away is `broker_unavailable`; one that goes down at the same time each
    /// night is a `scheduled_outage`.
    ///
    /// **What to do.** Look at the broker's log and host at these times: restarts, updates, memory (the kernel's OOM killer),
    /// certificate renewals.
    BrokerRestart, prior -1.5, weigh
}

/// MQTT 5, section 3.14.2.1: "Server shutting down".
pub(super) const SHUTTING_DOWN: u8 = 0x8b;
/// RFC 6455's registry: "Service Restart".
pub(super) const SERVICE_RESTART: u16 = 1012;
/// A broker that is back after this long was restarted; one that stays away is unavailable, seconds.
pub(super) const RESTART_SECONDS: f64 = 2.0 * 3_600.0;

/// What says that the broker is down while its host is there.
const DOWN: [FailureClass; 3] =
    [FailureClass::PortClosed, FailureClass::RefusedUnavailable, FailureClass::UpgradeUnavailable];

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

pub(super) fn of_incident(incident: &Incident) -> Option<f64> {
    let way = &incident.recovery;
    if says_so(incident) {
        let stays_away = way.recovered.is_none() && way.failed >= 4;
        return Some(if stays_away { 5.0 } else { 11.0 });
    }
    let came_back = way.recovered.is_some() && way.lasted_seconds <= RESTART_SECONDS;
    let was_up = incident.is_drop();
    let share = share_met(incident, &DOWN);
    match (came_back && share >= 0.4, was_up) {
        (true, true) => Some(8.0),
        (true, false) => Some(6.0),
        (false, _) => None,
    }
}

fn says_so(incident: &Incident) -> bool {
    incident.drop().is_some_and(|drop| {
        drop.reason_code == Some(SHUTTING_DOWN) || drop.websocket_close_code == Some(SERVICE_RESTART)
    })
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let away: Vec<f64> =
        explains.iter().map(|index| facts.incidents[*index].recovery.lasted_seconds).collect();
    let said = explains.iter().filter(|index| says_so(&facts.incidents[**index])).count();
    Account::new(
        "the broker went away and came back: a restart, an update or a crash",
        format!(
            "{} after which the port was closed or the broker said that it is not there",
            of(explains.len(), facts.len(), "incident")
        ),
        "look at the broker's log and at its host at these times: restarts, updates, memory (OOM), certificate renewals",
    )
    .and((said > 0).then(|| format!("{} with the broker's word that it is shutting down", count(said, "drop"))))
    .and(Some(format!("back after {} at the most", seconds(largest(&away)))))
    .figure("longest_outage_seconds", largest(&away))
}
