//! The cause `auth_service`: its page, how it is recognised, and what is said of it.

use super::clock_wrong::is_clock_off;
use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// The service that signs in fails, throttles, is down for maintenance or cannot be reached; the broker was never asked.
    ///
    /// **How it shows.** Attempts fail in the phase `auth` with something else than refused credentials.
    ///
    /// **What looks like it.** A refused user or password is `bad_credentials`. A host without network fails there too.
    ///
    /// **What to do.** Wait; see whether the vendor's own app works and whether there is a notice of maintenance. Nothing can
    /// be mended here.
    AuthService, prior -2.0, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(|incident| {
        let share = share_met(incident, &[FailureClass::SignInUnavailable]);
        (share >= 0.5 && !is_clock_off(incident)).then_some(9.0)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let statuses =
        explains.iter().filter_map(|index| facts.incidents[*index].recovery.last_http_status).max();
    Account::new(
        "the service that signs in does not work; the broker was never asked",
        format!("{} failed at the sign-in", units::count(facts.attempts(explains), "attempt")),
        "wait, and see whether the vendor's own app works; the service is not yours to mend",
    )
    .and(statuses.map(|status| format!("its last answer was HTTP {status}")))
}
