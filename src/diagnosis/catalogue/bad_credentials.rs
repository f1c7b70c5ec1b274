//! The cause `bad_credentials`: its page, how it is recognised, and what is said of it.

use super::clock_wrong::is_clock_off;
use super::server_disconnect::refusal_words;
use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// User name, password or token are refused from the start.
    ///
    /// **How it shows.** CONNACK 4 or 5 (MQTT 5: 0x86, 0x87), HTTP 401 or 403, or a refused sign-in, on every attempt,
    /// before any session of the run.
    ///
    /// **What looks like it.** Credentials that worked and then ran out are `credential_expiry`. mosquitto answers a wrong
    /// password with "not authorized" too.
    ///
    /// **What to do.** Check user name and password, the token, and whether this client ID may connect.
    BadCredentials, prior -1.5, weigh
}

/// What refuses the credentials.
pub(super) const REFUSED: [FailureClass; 3] =
    [FailureClass::RefusedCredentials, FailureClass::UpgradeForbidden, FailureClass::SignInRejected];

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(|incident| {
        let from_the_start = !incident.is_drop() && share_met(incident, &REFUSED) >= 0.5;
        (from_the_start && !is_clock_off(incident)).then_some(12.0)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let words = explains.iter().rev().find_map(|index| refusal_words(&facts.incidents[*index]));
    Account::new(
        "user name, password or token are refused from the start",
        format!("{} refused before any session of the run", units::count(facts.attempts(explains), "attempt")),
        "check user name and password (mosquitto answers a wrong password with \"not authorized\" too), the token, and \
            whether this client ID may connect",
    )
    .and(words)
}
