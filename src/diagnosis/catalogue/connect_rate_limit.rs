//! The cause `connect_rate_limit`: its page, how it is recognised, and what is said of it.

use super::server_disconnect::refusal_words;
use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::words::of;

entry! {
    /// Connects are refused after too many of them, and heal after a quiet spell.
    ///
    /// **How it shows.** CONNACK 0x9F or 0x97, HTTP 429, or attempts that are closed before CONNACK until a longer pause lets
    /// one through. AWS IoT Core takes one connect a second for a client ID; some vendors ban an account for a day.
    ///
    /// **What looks like it.** A broker that is down refuses at the port. One that never lets in is `closed_on_connect`.
    ///
    /// **What to do.** Back off exponentially with jitter, and start over only after a session has lasted half a minute.
    ConnectRateLimit, prior -2.5, weigh
}

/// A limiter lets in again after a pause of at least this, seconds.
const QUIET_SECONDS: f64 = 5.0;
/// What says so in words.
const SAID: [FailureClass; 3] =
    [FailureClass::RefusedRate, FailureClass::UpgradeThrottled, FailureClass::RefusedQuota];
/// What a limiter without words does to attempts before it lets one through.
const TURNED_AWAY: [FailureClass; 4] = [
    FailureClass::ClosedBeforeConnack,
    FailureClass::NoConnack,
    FailureClass::TlsOther,
    FailureClass::TlsTimeout,
];

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let healed = facts.incidents.iter().filter(|incident| heals_in_quiet(incident)).count();
    let nats = facts.nats_of_incidents(|incident| of_incident(incident, healed));
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_incident(incident: &Incident, healed: usize) -> Option<f64> {
    if incident.drop().is_some_and(|drop| drop.reason_code == Some(0x9f)) {
        return Some(12.0);
    }
    let said = share_met(incident, &SAID);
    if said >= 0.5 {
        return Some(11.0);
    }
    if said > 0.0 {
        return Some(8.0);
    }
    heals_in_quiet(incident).then_some(if healed >= 3 { 4.0 } else { 1.0 })
}

fn heals_in_quiet(incident: &Incident) -> bool {
    let way = &incident.recovery;
    way.failed >= 3
        && share_met(incident, &TURNED_AWAY) >= 0.8
        && way.recovered.is_some()
        && way.longest_pause_seconds >= QUIET_SECONDS
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let words = explains.iter().find_map(|index| refusal_words(&facts.incidents[*index]));
    Account::new(
        "the broker turns connects away that come too often, and takes them after a quiet spell",
        format!("{} in which attempts were turned away", of(explains.len(), facts.len(), "incident")),
        "back off exponentially with jitter, and start over only after a session has lasted half a minute; AWS IoT Core \
            takes one connect a second for a client ID",
    )
    .and(Some(words.unwrap_or_else(|| "each healed after the longest pause".to_owned())))
}
