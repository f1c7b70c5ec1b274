//! The cause `host_suspend`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::Ending;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::largest;
use crate::diagnosis::words::{of, seconds};

entry! {
    /// This host slept, and its connections did not survive that.
    ///
    /// **How it shows.** A `suspend` of five seconds or more right before the end; the connection is reset or silent at
    /// the first packet after waking, and the first attempts may find no network yet.
    ///
    /// **What looks like it.** A sleep of a second or two ends no session. A held-up process is `keep_alive_late`: there
    /// the host was awake.
    ///
    /// **What to do.** Keep the host awake (no suspend on idle or on a closed lid), or expect a reconnect after each sleep.
    HostSuspend, prior -2.0, weigh
}

/// Sessions survive shorter sleeps unnoticed, seconds.
const SLEEP_SECONDS: f64 = 5.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let surprise = facts.surprise_of_change(facts.metrics.host_changes.suspensions, |one| {
        one.host.slept_seconds >= SLEEP_SECONDS
    });
    let mut nats = facts.nats_of_incidents(|incident| {
        (incident.host.slept_seconds >= SLEEP_SECONDS).then_some(surprise + 2.0)
    });
    for dropped in facts.drops() {
        nats[dropped.index] += match dropped.ending() {
            Ending::Silence | Ending::Reset | Ending::ResetOnOurPacket | Ending::LocalError => 1.5,
            // The broker's keep-alive ran out meanwhile.
            Ending::Closed | Ending::Reason(0x8d) | Ending::Unknown => 1.0,
            Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach => -6.0,
        };
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let slept: Vec<f64> = explains.iter().map(|index| facts.incidents[*index].host.slept_seconds).collect();
    Account::new(
        "this host slept, and its connections did not survive that",
        format!(
            "{} after a sleep, the longest of {}",
            of(explains.len(), facts.len(), "incident"),
            seconds(largest(&slept))
        ),
        "keep the host awake (no suspend on idle or on a closed lid), or expect a reconnect after each sleep",
    )
    .figure("longest_sleep_seconds", largest(&slept))
}
