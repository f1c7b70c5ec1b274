//! The cause `broker_stalled`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::words::{count, of};

entry! {
    /// The broker's host acknowledges our bytes, the broker itself does not answer: overloaded, blocked, out of memory,
    /// saving its database, paused.
    ///
    /// **How it shows.** A ping stays unanswered although TCP acknowledged it within a round trip; the answer comes after
    /// all, in a bunch with others; TCP opens at once and CONNACK is slow or does not come; it heals of itself, sometimes on
    /// a timer (mosquitto's autosave: every 30 minutes).
    ///
    /// **What looks like it.** Packet loss and a NAT that forgets: there our ping is *not* acknowledged. A path that loses
    /// large packets (`path_mtu`): there CONNACK comes at once each time.
    ///
    /// **What to do.** Look at the broker's processor, memory alarm, disk and persistence at these times.
    BrokerStalled, prior -2.5, weigh
}

/// A CONNACK that takes this long is slow, milliseconds, if it also takes this many times the fastest.
const SLOW_MS: f64 = 500.0;
const SLOW_TIMES: f64 = 10.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let fastest = facts.incidents.iter().filter_map(|incident| incident.recovery.connack_ms);
    let fastest = fastest.min_by(f64::total_cmp).unwrap_or_default();
    let mut nats = facts.nats_of_incidents(|incident| {
        let mute = share_met(incident, &[FailureClass::NoConnack]) >= 0.5;
        let came_back = incident.recovery.recovered.is_some();
        (!incident.is_drop() && mute).then_some(if came_back { 3.0 } else { 1.0 })
    });
    for dropped in facts.drops() {
        nats[dropped.index] = of_drop(dropped, fastest).unwrap_or(f64::NEG_INFINITY);
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(dropped: Dropped<'_>, fastest_ms: f64) -> Option<f64> {
    // A broker that still sends messages does not stall, and packets that were sent again were lost on the path.
    let record = dropped.record();
    let heard_since = record.last_received_seconds.zip(record.unanswered_ping_seconds);
    let is_heard = heard_since.is_some_and(|(received, unanswered)| received < unanswered);
    if !dropped.is_silence() || is_heard || super::packet_loss::has_retransmitted(record) {
        return None;
    }
    let way = &dropped.incident.recovery;
    let is_slow = |ms: f64| ms >= SLOW_MS && ms >= SLOW_TIMES * fastest_ms.max(1.0);
    let slow =
        if way.connack_ms.is_some_and(is_slow) || way.met(FailureClass::NoConnack) > 0 { 2.5 } else { 0.0 };
    let late = if dropped.end.late_answer_seconds.is_some() { 1.5 } else { 0.0 };
    match dropped.acknowledged() {
        Some(true) => Some(3.0 + slow + late),
        Some(false) => None,
        None => (slow > 0.0).then_some(0.3 + 0.5 * late),
    }
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let acknowledged = drops.iter().filter(|dropped| dropped.acknowledged() == Some(true)).count();
    let late = drops.iter().filter(|dropped| dropped.end.late_answer_seconds.is_some()).count();
    let mute: u64 = explains
        .iter()
        .map(|index| u64::from(facts.incidents[*index].recovery.met(FailureClass::NoConnack)))
        .fold(0, u64::saturating_add);
    Account::new(
        "the broker does not answer although its host does: overloaded, blocked, out of memory or paused",
        format!(
            "{} after a ping that the broker's host acknowledged and the broker did not answer",
            of(acknowledged, facts.drop_count(), "drop")
        ),
        "look at the broker's processor, memory (alarms, swap), disk and persistence settings at these times",
    )
    .and((late > 0).then(|| format!("{} came after all, late", count(late, "answer"))))
    .and(
        (mute > 0).then(|| {
            format!("{} in which TCP opened and no CONNACK came", crate::units::count(mute, "attempt"))
        }),
    )
}
