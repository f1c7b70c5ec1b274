//! The cause `reconnect_storm`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::BURST_SECONDS;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::words::seconds;

entry! {
    /// Attempts come too fast, with no back-off.
    ///
    /// **How it shows.** Thirty attempts a minute or more, over three minutes.
    ///
    /// **What looks like it.** Whatever ends the sessions is another cause; the storm makes it worse, and may bring on a limit
    /// of its own (`connect_rate_limit`).
    ///
    /// **What to do.** Wait longer after each failure, with jitter: 1 s doubling to 120 s, also after a session that was kicked
    /// at once.
    ReconnectStorm, prior -3.0, weigh
}

/// From this many attempts a minute, over three minutes, it is a storm.
const STORM_PER_MINUTE: f64 = 30.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(|incident| {
        let most = f64::from(incident.recovery.most_in_burst);
        (most >= STORM_PER_MINUTE * BURST_SECONDS / 60.0).then_some(10.0)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let most =
        explains.iter().map(|index| facts.incidents[*index].recovery.most_in_burst).max().unwrap_or_default();
    Account::new(
        "attempts to reconnect come far too fast",
        format!("{most} attempts within {}", seconds(BURST_SECONDS)),
        "wait longer after each failure, with jitter: 1 s doubling to 120 s (--reconnect-min, --reconnect-max)",
    )
    .figure("attempts_in_three_minutes", f64::from(most))
}
