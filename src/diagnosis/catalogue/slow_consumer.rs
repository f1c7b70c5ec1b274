//! The cause `slow_consumer`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::{largest, number, smallest};
use crate::diagnosis::words::{count, of};
use crate::units::whole;

entry! {
    /// The broker ends a session that takes too slowly what it is sent: a flood of retained messages at the start, a full
    /// queue, too many in flight.
    ///
    /// **How it shows.** We publish little or nothing; hundreds of messages a second come in, or about the same thousand right
    /// after SUBSCRIBE, and the session ends in the flood, with 0x93 or 0x97 or without a word.
    ///
    /// **What looks like it.** A rate limit is about what *we* send (`publish_rate_limit`).
    ///
    /// **What to do.** Subscribe to less (no `#`), spread subscriptions over several connections, raise the broker's queue
    /// (`max_queued_messages`, `mqueue`), take messages faster.
    SlowConsumer, prior -3.0, weigh
}

/// From here on a stream is a flood, messages a second.
const FLOOD_PER_SECOND: f64 = 50.0;
/// Fewer messages make no flood.
const FLOOD_MESSAGES: u64 = 200;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(of_drop);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let (received, published) = (record.messages_received?, record.messages_published?);
    let inbound = received >= published.saturating_mul(5);
    let flooded = in_a_flood(dropped);
    match dropped.ending() {
        Ending::Reason(0x93 | 0x97) if inbound && flooded => Some(12.5),
        Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket if inbound && flooded => Some(4.0),
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Reason(_)
        | Ending::CloseCode(_)
        | Ending::Silence
        | Ending::LocalError
        | Ending::Breach
        | Ending::Unknown => None,
    }
}

fn in_a_flood(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let rate = record.publish_rate_per_second.unwrap_or_default();
    let mean = number(record.messages_received.unwrap_or_default())
        / record.duration_connected_seconds.unwrap_or(f64::MAX).max(0.1);
    let moving = record.last_received_seconds.is_some_and(|ago| ago <= 2.0);
    moving && rate.max(mean) >= FLOOD_PER_SECOND && record.messages_received >= Some(FLOOD_MESSAGES)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let rates: Vec<f64> =
        drops.iter().filter_map(|dropped| dropped.record().publish_rate_per_second).collect();
    let received: Vec<f64> =
        drops.iter().filter_map(|dropped| dropped.record().messages_received).map(number).collect();
    let said = drops.iter().filter(|dropped| matches!(dropped.ending(), Ending::Reason(_))).count();
    Account::new(
        "the broker ends a session that takes too slowly what it is sent",
        format!(
            "{} in a flood of {} to {} messages a second to us",
            of(drops.len(), facts.drop_count(), "drop"),
            whole(smallest(&rates)),
            whole(largest(&rates))
        ),
        "subscribe to less (no '#'), spread subscriptions over several connections, or raise the broker's queue for this \
            client",
    )
    .and((!received.is_empty()).then(|| {
        format!("{} to {} messages had come in those sessions", whole(smallest(&received)), whole(largest(&received)))
    }))
    .and((said > 0).then(|| format!("{} with reason 0x93 or 0x97", count(said, "drop"))))
    .figure("rate_per_second", smallest(&rates))
}
