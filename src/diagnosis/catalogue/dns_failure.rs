//! The cause `dns_failure`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::words::of;
use crate::units;

entry! {
    /// The broker's name could not be resolved when it was needed.
    ///
    /// **How it shows.** Attempts fail in the phase `dns`; the same name works at other times, or its address does.
    ///
    /// **What looks like it.** A path that is lost as a whole loses the resolver too: where a session ended in silence and
    /// the resolver was gone for a short while, the path is the cause. A name that never existed is `unknown_host`.
    ///
    /// **What to do.** Check this host's resolver (`/etc/resolv.conf`, the router's DNS). A second resolver, or the
    /// broker's address, helps at once.
    DnsFailure, prior -2.5, weigh
}

/// What failed at the name.
pub(super) const AT_THE_NAME: [FailureClass; 2] = [FailureClass::NoSuchName, FailureClass::NoResolver];

/// A path that is silent heals within this or is plainly down; a resolver that fails for longer is ill itself, seconds.
const SHORT_SECONDS: f64 = 300.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

pub(super) fn of_incident(incident: &Incident) -> Option<f64> {
    let way = &incident.recovery;
    let share = share_met(incident, &AT_THE_NAME);
    if share < 0.5 {
        return None;
    }
    let answered = way.met(FailureClass::NoSuchName) > 0;
    let fell_silent_too = incident.drop().is_some_and(|drop| {
        matches!(drop.closed_by, Some(crate::event::ClosedBy::Timeout | crate::event::ClosedBy::Network))
    }) && !answered
        && way.lasted_seconds <= SHORT_SECONDS;
    // A resolver that answered shows that there was one.
    let base = if answered { 9.0 } else { 7.0 };
    Some(if fell_silent_too { 0.5 } else { base })
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    Account::new(
        "the broker's name could not be resolved when it was needed",
        format!(
            "{} failed at the name, in {}",
            units::count(facts.attempts(explains), "attempt"),
            of(explains.len(), facts.len(), "incident")
        ),
        "check this host's resolver (/etc/resolv.conf, the router's DNS); a second resolver or the broker's address helps \
            at once",
    )
}
