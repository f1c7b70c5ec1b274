//! The cause `publish_rate_limit`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate, cost_of_few};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::law::{Reading, Space, crowd, exposure};
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::{count, of};
use crate::event::SessionDrop;
use crate::units::whole;

entry! {
    /// The broker closes when messages come too fast, or when a quota is used up.
    ///
    /// **How it shows.** The end comes in a burst of messages that we send, or after the same number of messages each time;
    /// MQTT 5 says 0x96 (rate), 0x97 (quota) or 0x93 (too many unacknowledged). The lowest documented limit is 10 messages
    /// a second.
    ///
    /// **What looks like it.** A flood *to* us that we take too slowly (`slow_consumer`).
    ///
    /// **What to do.** Send fewer messages, in batches or over several connections, and heed the broker's Receive Maximum.
    PublishRateLimit, prior -2.5, weigh
}

/// Fewer messages in a span make no burst.
const BURST_MESSAGES: f64 = 10.0;
/// The span over which a drop tells its rate of messages, seconds.
const RATE_SPAN_SECONDS: f64 = 10.0;
/// A younger session sends what its predecessor left unacknowledged, seconds.
const SETTLED_SECONDS: f64 = 3.0;
/// Fewer messages make no quota.
const SMALLEST_QUOTA: f64 = 40.0;
/// A broker that counts closes at the message that is one too many, seconds.
const QUOTA_SECONDS: f64 = 0.5;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(|dropped| of_drop(facts, dropped));
    let few = cost_of_few(&nats);
    let burst = Candidate::new(nats, |explains| account(facts, explains)).costing(few).alone();
    burst.into_iter().chain(quota(facts)).collect()
}

fn of_drop(facts: &Facts<'_>, dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let ours = record.messages_published >= record.messages_received;
    match dropped.ending() {
        Ending::Reason(0x96) => Some(12.0),
        Ending::Reason(0x93 | 0x97) => Some(if ours { 11.0 } else { 9.0 }),
        Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket => {
            burst_nats(record, facts.surprise(dropped.index, RATE_SPAN_SECONDS))
        }
        Ending::Reason(_)
        | Ending::CloseCode(_)
        | Ending::Silence
        | Ending::LocalError
        | Ending::Breach
        | Ending::Unknown => None,
    }
}

/// What a burst of messages before the end says: the more, the rarer such a burst is in the session.
fn burst_nats(record: &SessionDrop, moment: f64) -> Option<f64> {
    let (age, rate) = (record.duration_connected_seconds?, record.publish_rate_per_second?);
    let (received, published) = (number(record.messages_received?), number(record.messages_published?));
    let all = (received + published).max(1.0);
    let is_burst = rate * age.min(RATE_SPAN_SECONDS) >= BURST_MESSAGES;
    let moved = [record.last_received_seconds, record.last_sent_seconds].into_iter().flatten();
    let just_moved = moved.min_by(f64::total_cmp).is_some_and(|ago| ago <= 1.0);
    if !is_burst || !just_moved || age < SETTLED_SECONDS {
        return None;
    }
    let times_the_usual = rate * age / all;
    // A burst that is rare in the session tells the moment of the end; a stream that is always so fast tells none.
    let unusual = (2.0 * times_the_usual.max(1.0).ln()).min(moment);
    let busy = if rate >= 8.0 { 1.2 } else { 0.0 };
    // A flood to us is not ours to slow down.
    let ours = if published * 4.0 >= received { 0.5 } else { -0.5 };
    Some(unusual + busy + ours)
}

/// Sessions that end after so many messages, however long that takes.
fn quota<'a>(facts: &'a Facts<'a>) -> Option<Candidate<'a>> {
    let counts: Vec<Reading> = facts
        .drops()
        .filter(|dropped| dropped.is_mute_close() && ends_at_a_message(dropped.record()))
        .filter_map(|dropped| Some(Reading::exact(dropped.index, messages(dropped.record())?)))
        .filter(|reading| reading.to >= SMALLEST_QUOTA)
        .collect();
    let law = crowd(&counts, Space::Sizes { finest: 2.0 })?;
    if law.len() < 4 {
        return None;
    }
    let more = facts
        .drops()
        .filter(|dropped| {
            messages(dropped.record()).is_some_and(|messages| messages > 1.03 * law.range.1 + 2.0)
        })
        .count();
    let (strike, passed) = exposure(law.len(), number(more as u64));
    // The message that is one too many tells the moment.
    let nats = law.nats(facts.len(), |index, width| {
        let spread = facts.incidents[index]
            .drop()
            .and_then(|drop| drop.duration_connected_seconds)
            .unwrap_or_default();
        facts.surprise(index, QUOTA_SECONDS + width / law.place * spread) + strike
    });
    let cost = passed - law.search;
    let account = move |explains: &[usize]| {
        Account::new(
            format!("the broker closes the connection after {} messages", whole(law.place)),
            format!(
                "{} after {} to {} messages one way, whatever the session's age",
                of(explains.len(), facts.drop_count(), "drop"),
                whole(law.range.0),
                whole(law.range.1)
            ),
            "a quota of the broker or of the account is used up: send less, or raise it",
        )
        .figure("limit_messages", law.place)
    };
    Some(Candidate::new(nats, account).costing(cost))
}

/// Whether a message of the direction that is counted had just gone.
fn ends_at_a_message(record: &SessionDrop) -> bool {
    let inbound = record.messages_received >= record.messages_published;
    let latest = if inbound { record.last_received_seconds } else { record.last_sent_seconds };
    latest.is_some_and(|ago| ago <= QUOTA_SECONDS)
}

fn messages(record: &SessionDrop) -> Option<f64> {
    record.messages_received.max(record.messages_published).map(number)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let said = drops.iter().filter(|dropped| matches!(dropped.ending(), Ending::Reason(_))).count();
    let rates = drops.iter().filter_map(|dropped| dropped.record().publish_rate_per_second);
    let lowest = rates.filter(|rate| *rate >= 1.0).min_by(f64::total_cmp);
    let (summary, fix) = match lowest {
        Some(rate) => (
            format!("the broker closes the connection when messages come at {} a second or more", whole(rate)),
            format!(
                "send fewer than {} messages a second, in batches or over several connections, and heed the broker's \
                    Receive Maximum",
                whole((rate / 2.0).max(1.0))
            ),
        ),
        None => (
            "the broker says that a quota or a rate of messages is used up".to_owned(),
            "ask the broker's operator which quota it is (messages, connections, bytes, in flight), and stay below it".to_owned(),
        ),
    };
    let evidence = if said < drops.len() {
        format!("{} in a burst of messages", of(drops.len() - said, facts.len(), "incident"))
    } else {
        format!("{} with the broker's word for it", of(said, facts.len(), "incident"))
    };
    let account = Account::new(summary, evidence, fix).and((said > 0).then(|| {
        format!(
            "{} with reason 0x93, 0x96 or 0x97: rate, quota or too many unacknowledged",
            count(said, "drop")
        )
    }));
    match lowest {
        Some(rate) => account.figure("rate_per_second", rate),
        None => account,
    }
}
