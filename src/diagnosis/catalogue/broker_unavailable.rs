//! The cause `broker_unavailable`: its page, how it is recognised, and what is said of it.

use super::broker_restart::RESTART_SECONDS;
use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::seconds;
use crate::units;

entry! {
    /// The broker cannot be reached, or takes nobody, and has not come back.
    ///
    /// **How it shows.** Attempt after attempt meets a closed port, no answer to TCP, or the word "unavailable".
    ///
    /// **What looks like it.** A refused password, certificate or version is said in words; a port that takes the
    /// connection and hangs up on CONNECT is `closed_on_connect`; one that speaks another protocol is `wrong_port`.
    ///
    /// **What to do.** Check address and port, whether the broker runs, and the firewalls between.
    BrokerUnavailable, prior -2.0, weigh
}

/// What says that the broker is not there, and how to say it.
const NOT_THERE: [(FailureClass, &str); 6] = [
    (FailureClass::PortClosed, "port closed"),
    (FailureClass::NoAnswer, "no answer to TCP"),
    (FailureClass::NoRoute, "no route"),
    (FailureClass::RefusedUnavailable, "CONNACK: unavailable"),
    (FailureClass::UpgradeUnavailable, "HTTP 5xx"),
    (FailureClass::NoConnack, "TCP opened, no CONNACK"),
];
/// Fewer attempts say nothing.
const FEWEST: u32 = 3;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_incident(incident: &Incident) -> Option<f64> {
    let way = &incident.recovery;
    let is_away = way.recovered.is_none() || way.lasted_seconds > RESTART_SECONDS;
    let met: u32 = NOT_THERE.iter().map(|(class, _)| way.met(*class)).fold(0, u32::saturating_add);
    let share = number(u64::from(met)) / number(u64::from(way.failed.max(1)));
    (way.failed >= FEWEST && is_away && share >= 0.6)
        .then(|| 3.5 + number(u64::from(way.failed.min(12))) * 0.5)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let Some(incident) = explains.last().map(|index| &facts.incidents[*index]) else {
        return Account::default();
    };
    let way = &incident.recovery;
    let words: Vec<String> = NOT_THERE
        .iter()
        .filter(|(class, _)| way.met(*class) > 0)
        .map(|(class, words)| format!("{words} ({})", way.met(*class)))
        .collect();
    let summary = if way.recovered.is_some() {
        format!("the broker could not be reached for {}", seconds(way.lasted_seconds))
    } else {
        "the broker cannot be reached, and has not come back".to_owned()
    };
    Account::new(
        summary,
        format!(
            "{} over {} failed: {}",
            units::count(u64::from(way.failed), "attempt"),
            seconds(way.lasted_seconds),
            words.join(", ")
        ),
        "check address and port, whether the broker runs, and the firewalls between",
    )
    .figure("outage_seconds", way.lasted_seconds)
}
