//! The cause `payload_too_large`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate, cost_of_few};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::of;
use crate::units;

entry! {
    /// The broker closes right after a PUBLISH over its limit.
    ///
    /// **How it shows.** A large payload was sent within the last seconds, smaller ones are taken; MQTT 5 says 0x95, a
    /// WebSocket closes with 1009. AWS IoT Core takes 128 KiB, IBM 4 KiB on some plans, mosquitto what `max_packet_size` says.
    ///
    /// **What looks like it.** A rate limit, which comes with many small messages. Large publishes that were acknowledged
    /// before speak against a limit below their size.
    ///
    /// **What to do.** Send smaller messages, or raise the broker's limit.
    PayloadTooLarge, prior -2.5, weigh
}

/// A payload that some broker calls large, bytes: the lowest limits known are 4 KiB (IBM) and odd ones of a quarter of it.
pub(super) const LARGE_BYTES: u64 = 1_000;
/// Within which `largest_publish_bytes` looks back, seconds.
const LOOKS_BACK_SECONDS: f64 = 10.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let taken = facts.drops().filter_map(|dropped| dropped.record().survived?.published_bytes).max();
    let nats = facts.nats_of_drops(|dropped| of_drop(facts, dropped, taken));
    let few = cost_of_few(&nats);
    Candidate::new(nats, |explains| account(facts, explains)).costing(few).alone()
}

fn of_drop(facts: &Facts<'_>, dropped: Dropped<'_>, taken: Option<u64>) -> Option<f64> {
    let record = dropped.record();
    let bytes = record.largest_publish_bytes;
    let said = match dropped.ending() {
        Ending::Reason(0x95) | Ending::CloseCode(1009) => return Some(12.0),
        // Some brokers call it a protocol error, or an error of no kind.
        Ending::Reason(0x80..=0x83) => 2.0,
        Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach | Ending::Silence | Ending::LocalError => {
            return None;
        }
        Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket | Ending::Unknown => 0.0,
    };
    let bytes = bytes.filter(|bytes| *bytes >= LARGE_BYTES)?;
    if taken.is_some_and(|taken| taken >= bytes) {
        return Some(said - 2.0);
    }
    // The packet tells the moment of the end; of several in the session any may have been the large one.
    let is_last = record.last_sent_packet.as_deref() == Some("PUBLISH");
    let ago = if is_last { record.last_sent_seconds? } else { LOOKS_BACK_SECONDS };
    let others = number(record.messages_published?.max(1)).ln();
    Some(said + (facts.surprise(dropped.index, ago) - others).max(0.0))
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let sizes = facts
        .drops()
        .filter(|dropped| explains.contains(&dropped.index))
        .filter_map(|dropped| dropped.record().largest_publish_bytes);
    let sizes: Vec<u64> = sizes.collect();
    let least = sizes.iter().min();
    let summary = match least {
        Some(bytes) => {
            format!(
                "the broker closes the connection after a PUBLISH of {} bytes or more",
                units::number(*bytes)
            )
        }
        None => "the broker closes the connection after a PUBLISH over its limit".to_owned(),
    };
    let account = Account::new(
        summary,
        format!(
            "{} right after a large PUBLISH, or with the word that it was too large",
            of(explains.len(), facts.len(), "incident")
        ),
        "send smaller messages, or raise the broker's limit; AWS IoT Core takes 128 KiB at most",
    )
    .and(least.zip(sizes.iter().max()).map(|(least, most)| {
        format!("payloads of {} to {} bytes", units::number(*least), units::number(*most))
    }));
    match least {
        Some(bytes) => account.figure("limit_bytes", number(*bytes)),
        None => account,
    }
}
