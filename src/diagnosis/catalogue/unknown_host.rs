//! The cause `unknown_host`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// The name does not exist, and never did in this journal: a misspelling, or a name of another network.
    ///
    /// **How it shows.** The resolver answers that there is no such name, from the first attempt on, and no session ever
    /// came about.
    ///
    /// **What looks like it.** A resolver that fails (`dns_failure`) says "try again", or the name worked before.
    ///
    /// **What to do.** Check the spelling; resolve the name by hand (`getent hosts NAME`); a name of a home network or VPN
    /// exists only there.
    UnknownHost, prior -2.0, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    if facts.ever_connected() || facts.incidents.iter().any(|incident| reached_a_host(incident.recovery.last))
    {
        return Vec::new();
    }
    let nats = facts.nats_of_incidents(|incident| {
        (share_met(incident, &[FailureClass::NoSuchName]) >= 0.8).then_some(12.0)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

/// Whether an attempt got past the name.
fn reached_a_host(last: Option<FailureClass>) -> bool {
    last.is_some_and(|class| !super::dns_failure::AT_THE_NAME.contains(&class))
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let host = facts
        .metrics
        .target
        .as_ref()
        .and_then(|target| url::Url::parse(&target.url).ok()?.host_str().map(str::to_owned));
    let name = host.as_deref().unwrap_or("the name");
    Account::new(
        format!("there is no host {name}: a misspelling, or a name of another network"),
        format!(
            "{} were told that the name does not exist, and none ever got past it",
            units::count(facts.attempts(explains), "attempt")
        ),
        format!(
            "check the spelling; try `getent hosts {name}`; a name of a home network or VPN exists only there"
        ),
    )
}
