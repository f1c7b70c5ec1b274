//! The cause `closed_on_connect`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::facts::{Facts, is_aws, share_met};
use crate::diagnosis::statistics::number;
use crate::units;

entry! {
    /// The broker's port takes the connection (and TLS) and hangs up on CONNECT without a word.
    ///
    /// **How it shows.** Each attempt is closed or reset before CONNACK, within a round trip, and none ever gets in.
    ///
    /// **What looks like it.** A broker that cannot be reached (no TCP). A limiter lets one in after a pause
    /// (`connect_rate_limit`). A port that speaks another protocol (`wrong_port`).
    ///
    /// **What it is.** Credentials or policy: on AWS IoT Core nearly always the certificate's policy, often because it lists
    /// client IDs; a PROXY protocol header that is missing or unexpected behind a balancer; the protocol version.
    ///
    /// **What to do.** Read the broker's log at the time of an attempt; try another client ID, other credentials,
    /// `--protocol 3.1.1`, and the broker's own port without the balancer.
    ClosedOnConnect, prior -2.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_incident(incident: &Incident) -> Option<f64> {
    let way = &incident.recovery;
    let closed = share_met(incident, &[FailureClass::ClosedBeforeConnack]);
    if closed < 0.7 || way.failed < 2 {
        return None;
    }
    match (incident.is_drop(), way.recovered.is_some()) {
        (false, false) => Some(4.0 + number(u64::from(way.failed.min(8))) * 0.5),
        (true, false) => Some(3.0),
        (_, true) => Some(1.0),
    }
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let aws = explains.iter().any(|index| is_aws(&facts.incidents[*index].terms));
    let fix = if aws {
        "check the policy of the certificate: iot:Connect for this client ID (policies often list them); AWS IoT Core answers \
            a forbidden CONNECT by closing"
    } else {
        "read the broker's log at these times; check user and password, whether this client ID may connect, whether a balancer \
            sends (or should send) a PROXY protocol header, and try --protocol 3.1.1"
    };
    Account::new(
        "the broker takes the connection and hangs up on CONNECT without a word",
        format!("{} closed before CONNACK", units::count(facts.attempts(explains), "attempt")),
        fix,
    )
    .test(
        "nwdiag watch TARGET --max-attempts 3 with another --client-id, then with --protocol 3.1.1",
        &[Cause::ClosedOnConnect, Cause::WrongPort],
        "another ID gets in: the policy lists IDs; 3.1.1 gets in: the version; none: credentials or a PROXY header",
    )
}
