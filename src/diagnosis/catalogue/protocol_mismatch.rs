//! The cause `protocol_mismatch`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// The broker does not speak this version of MQTT.
    ///
    /// **How it shows.** CONNACK 1 (MQTT 5: 0x84) on every attempt.
    ///
    /// **What looks like it.** A mere close instead of CONNACK proves no version (`closed_on_connect`).
    ///
    /// **What to do.** `--protocol 3.1.1` or `--protocol 5`, or `auto` for both.
    ProtocolMismatch, prior -2.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(|incident| {
        (share_met(incident, &[FailureClass::RefusedVersion]) >= 0.5).then_some(12.0)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let version = facts.metrics.target.as_ref().map(|target| target.protocol.clone());
    Account::new(
        "the broker does not speak this version of MQTT",
        format!("{} refused for the protocol version", units::count(facts.attempts(explains), "attempt")),
        "speak the version that the broker knows: --protocol 3.1.1 or --protocol 5, or auto for both",
    )
    .name("version", version.filter(|version| !version.is_empty()))
}
