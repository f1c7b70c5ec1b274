//! The cause `clock_wrong`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::dropped::Ending;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::words::{count, of};
use crate::units::{self, signed_span};

entry! {
    /// This host's clock stepped or is wrong: signatures, certificates and timers are judged by it.
    ///
    /// **How it shows.** Certificates are "not valid yet", or expired while the clock is known to be off by five minutes
    /// or more; signed URLs and sign-ins are refused; a session ends within seconds of a step of five minutes or more.
    ///
    /// **What looks like it.** A certificate that really has expired (`tls_certificate`): there the clock is right. AWS
    /// takes signatures within five minutes of its own clock (Signature Version 4).
    ///
    /// **What to do.** Let NTP set the clock before the client starts, and check that it stays in step (`timedatectl`,
    /// `chronyc tracking`).
    ClockWrong, prior -3.0, weigh
}

/// A clock this far off makes signatures invalid, seconds (AWS Signature Version 4: 5 minutes).
pub(super) const CLOCK_SECONDS: f64 = 300.0;

/// Whether this host's clock was off around the incident, or had been set wrong before it in the same run.
pub(super) fn is_clock_off(incident: &Incident) -> bool {
    [incident.clock_off_seconds, incident.host.clock_seconds]
        .into_iter()
        .any(|off| off.abs() >= CLOCK_SECONDS)
}

/// What is judged by the clock.
const BY_DATE: [FailureClass; 5] = [
    FailureClass::CertificateNotYetValid,
    FailureClass::CertificateExpired,
    FailureClass::UpgradeForbidden,
    FailureClass::SignInUnavailable,
    FailureClass::RefusedCredentials,
];

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let surprise =
        facts.surprise_of_change(facts.metrics.host_changes.clock_steps, |one| one.host.clock_seconds != 0.0);
    let mut nats = facts.nats_of_incidents(|incident| {
        let way = &incident.recovery;
        let fails_on_time = way.met_any(&BY_DATE) > 0 && is_clock_off(incident);
        (fails_on_time || way.met(FailureClass::CertificateNotYetValid) > 0).then_some(12.0)
    });
    for dropped in facts.drops() {
        let is_stepped = dropped.incident.host.clock_seconds.abs() >= CLOCK_SECONDS;
        let by_the_step = match dropped.ending() {
            Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach => f64::NEG_INFINITY,
            Ending::Closed
            | Ending::Reset
            | Ending::ResetOnOurPacket
            | Ending::Silence
            | Ending::LocalError
            | Ending::Unknown => surprise,
        };
        if is_stepped {
            nats[dropped.index] = nats[dropped.index].max(by_the_step);
        }
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let on_dates: Vec<usize> = explains
        .iter()
        .copied()
        .filter(|index| facts.incidents[*index].recovery.met_any(&BY_DATE) > 0)
        .collect();
    let attempts = facts.attempts(&on_dates);
    let off = explains
        .iter()
        .map(|index| &facts.incidents[*index])
        .flat_map(|incident| [incident.clock_off_seconds, incident.host.clock_seconds]);
    let off = off.max_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|off| *off != 0.0);
    let first = if attempts > 0 {
        format!("{} failed on dates or signatures", units::count(attempts, "attempt"))
    } else {
        format!("{} within seconds of a step of the clock", of(explains.len(), facts.len(), "incident"))
    };
    let account = Account::new(
        "this host's clock is wrong: signatures, certificates and timers are judged by it",
        first,
        "let NTP set the clock before the client starts, and check that it stays in step (timedatectl, chronyc tracking)",
    )
    .and((attempts > 0 && explains.len() > on_dates.len()).then(|| {
        format!("{} within seconds of a step of the clock", count(explains.len() - on_dates.len(), "drop"))
    }))
    .and(off.map(|off| format!("largest step or offset of the clock: {}", signed_span(off))));
    match off {
        Some(off) => account.figure("clock_off_seconds", off),
        None => account,
    }
}
