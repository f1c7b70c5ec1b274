//! The cause `packet_loss`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::words::{count, of};
use crate::event::SessionDrop;
use crate::units;

entry! {
    /// The path loses packets until a ping stays unanswered: weak Wi-Fi, power save, a full or broken link.
    ///
    /// **How it shows.** Sessions end in silence with bytes that the peer's kernel did not acknowledge; the kernel had
    /// retransmitted before the end; round trips spike; the Wi-Fi signal is weak; an answer comes after all, late.
    ///
    /// **What looks like it.** A broker that stalls (`broker_stalled`): there our ping *is* acknowledged. A NAT that forgets
    /// (`idle_timeout`): there the loss always follows a long silence, and nothing was retransmitted before.
    ///
    /// **What to do.** Mend the path: a better Wi-Fi signal (above -70 dBm) or a cable, power save off. A longer ping
    /// timeout (10 s) outlives short spells.
    PacketLoss, prior -3.0, weigh
}

/// A Wi-Fi signal at which packets are lost, dBm.
const WEAK_DBM: i32 = -78;
/// From here on it is worth telling, dBm.
const POOR_DBM: i32 = -70;
/// A round trip this many times the fastest one is a spike, if it also is this long.
const SPIKE_TIMES: f64 = 5.0;
const SPIKE_MS: f64 = 400.0;
/// Retransmissions that the kernel may make beyond the pending ones while a ping goes unanswered.
const AT_AN_END: u64 = 2;
/// So many retransmissions, and one for so many packets of MQTT, are loss.
const MANY_RETRANSMITS: u64 = 3;
const PACKETS_FOR_ONE: u64 = 100;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(|dropped| {
        let signs = signs(dropped);
        let is_acknowledged = dropped.acknowledged() == Some(true) && !has_retransmitted(dropped.record());
        if !dropped.is_silence() || is_acknowledged {
            return None;
        }
        let unacknowledged = if dropped.acknowledged() == Some(false) { 0.5 } else { 0.0 };
        Some(if signs == 0.0 { -0.3 } else { 0.6 + signs } + unacknowledged)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

/// What shows that packets were lost or held up before the end, in nats.
fn signs(dropped: Dropped<'_>) -> f64 {
    let record = dropped.record();
    let late = if dropped.end.late_answer_seconds.is_some() { 1.4 } else { 0.0 };
    let retransmitted = if has_retransmitted(record) { 1.4 } else { 0.0 };
    let spiked = if has_spiked(record) { 1.0 } else { 0.0 };
    let weak = if record.wifi_dbm.is_some_and(|dbm| dbm <= WEAK_DBM) { 1.0 } else { 0.0 };
    late + retransmitted + spiked + weak
}

/// Whether packets were retransmitted before the end: those of the end itself say nothing, every silent end has them.
pub(super) fn has_retransmitted(record: &SessionDrop) -> bool {
    let pings = record.ping_rtt_ms.as_ref().map_or(0, |trips| trips.count).saturating_mul(2);
    let packets =
        || Some(record.messages_received?.saturating_add(record.messages_published?).saturating_add(pings));
    record.tcp.and_then(|tcp| tcp.retransmits).is_some_and(|all| {
        let of_the_end = record.tcp.and_then(|tcp| tcp.retransmits_pending).unwrap_or_default();
        let earlier = all.saturating_sub(of_the_end).saturating_sub(AT_AN_END);
        let is_dense = |packets| earlier.saturating_mul(PACKETS_FOR_ONE) >= packets;
        earlier >= MANY_RETRANSMITS && packets().is_some_and(is_dense)
    })
}

fn has_spiked(record: &SessionDrop) -> bool {
    record.ping_rtt_ms.as_ref().is_some_and(|trips| {
        let (Some(min), Some(max)) = (trips.min, trips.max) else { return false };
        max >= SPIKE_MS && max >= SPIKE_TIMES * min.max(1.0)
    })
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let silent: Vec<Dropped<'_>> =
        facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let showing = silent.iter().filter(|dropped| signs(**dropped) > 0.0).count();
    let late = silent.iter().filter(|dropped| dropped.end.late_answer_seconds.is_some()).count();
    let retransmits = silent.iter().filter_map(|dropped| dropped.record().tcp?.retransmits);
    let retransmits = retransmits.fold(0, u64::saturating_add);
    let weakest = silent.iter().filter_map(|dropped| dropped.record().wifi_dbm).min();
    let unacknowledged = silent.iter().filter(|dropped| dropped.acknowledged() == Some(false)).count();
    Account::new(
        "the path loses packets until a ping stays unanswered",
        format!(
            "{} ended in silence, {showing} of them after signs of loss",
            of(silent.len(), facts.drop_count(), "drop")
        ),
        "mend the path: a better Wi-Fi signal (above -70 dBm) or a cable, power save off; a longer --ping-timeout (10 s) \
            outlives short spells",
    )
    .and((unacknowledged > 0).then(|| {
        format!("the broker's host had not acknowledged our last packet in {unacknowledged} of them")
    }))
    .and((retransmits > 0).then(|| {
        format!("{} by the kernel in those sessions", units::count(retransmits, "retransmission"))
    }))
    .and((late > 0).then(|| format!("{} came after all: the path was slow, not dead", count(late, "answer"))))
    .and(weakest.filter(|dbm| *dbm <= POOR_DBM).map(|dbm| format!("weakest Wi-Fi signal at a drop: {dbm} dBm")))
}
