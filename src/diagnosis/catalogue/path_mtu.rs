//! The cause `path_mtu`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::of;
use crate::units;

entry! {
    /// Large packets vanish on the path (VPN, `PPPoE`, mobile network): small ones pass, a big one never arrives.
    ///
    /// **How it shows.** A packet is left unfinished, or the first large message after SUBSCRIBE never comes; our ping is
    /// acknowledged by TCP and not answered, as all that follows the lost segment waits behind it; each session does the
    /// same, and CONNACK comes at once each time. Over TLS the handshake stalls, since a certificate chain (2 to 4 KB) is
    /// the first large thing, while TCP connects at once.
    ///
    /// **What looks like it.** A NAT that forgets (`idle_timeout`): there our ping is not acknowledged. A broker that
    /// stalls (`broker_stalled`): there no large packet came before, CONNACK is slow, and late answers come.
    ///
    /// **What to do.** Lower the MTU of the tunnel or interface (1,280 always passes IPv6 paths), clamp TCP's segment size
    /// at the router (MSS clamping), or let ICMP "fragmentation needed" through.
    PathMtu, prior -3.0, weigh
}

/// No path loses smaller packets than this, bytes: the smallest segment size that hosts use (RFC 879).
const SMALLEST_BYTES: u64 = 536;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let stalls = facts.drops().filter(|dropped| stalls_at_first(*dropped)).count();
    let mut nats = facts.nats_of_incidents(|incident| {
        let stalled = !incident.is_drop() && share_met(incident, &[FailureClass::TlsTimeout]) >= 0.7;
        stalled.then(|| 2.5 + number(u64::from(incident.recovery.failed.min(8))) * 0.5)
    });
    for dropped in facts.drops() {
        nats[dropped.index] = of_drop(dropped, stalls).unwrap_or(f64::NEG_INFINITY);
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(dropped: Dropped<'_>, stalls: usize) -> Option<f64> {
    if !dropped.is_silence() || dropped.acknowledged() == Some(false) {
        return None;
    }
    if unfinished_bytes(dropped).is_some() {
        return Some(6.0);
    }
    // The same in one session after the other is no stall of the broker, which would come at any time.
    stalls_at_first(dropped).then_some(if stalls >= 3 { 4.5 } else { 2.0 })
}

/// How large a packet was of which a part had arrived.
fn unfinished_bytes(dropped: Dropped<'_>) -> Option<u64> {
    let unfinished = dropped.record().unfinished_packet?;
    unfinished.expected_bytes.filter(|bytes| *bytes >= SMALLEST_BYTES)
}

/// Whether the session was answered until it had subscribed and never again, though our ping was acknowledged, and the
/// next one came about at once.
fn stalls_at_first(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let is_prompt = dropped.incident.recovery.connack_ms.is_none_or(|ms| ms < 1_000.0);
    dropped.is_silence()
        && dropped.acknowledged() == Some(true)
        && dropped.answered_pings() == 0
        && record.active_subscriptions.is_some_and(|active| active > 0)
        && record.messages_received.is_some()
        && dropped.end.late_answer_seconds.is_none()
        && dropped.incident.recovery.met(FailureClass::NoConnack) == 0
        && is_prompt
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let sizes: Vec<u64> = drops.iter().filter_map(|dropped| unfinished_bytes(*dropped)).collect();
    let in_tls: Vec<usize> =
        explains.iter().copied().filter(|index| !facts.incidents[*index].is_drop()).collect();
    let evidence = if drops.is_empty() {
        format!(
            "{} in which TCP connected at once and the TLS handshake got no further",
            units::count(facts.attempts(&in_tls), "attempt")
        )
    } else {
        format!(
            "{} in silence after a ping that the broker's host acknowledged, with nothing received since the session began",
            of(drops.len(), facts.drop_count(), "drop")
        )
    };
    let account = Account::new(
        "large packets vanish on the path: small ones pass, a big one never arrives",
        evidence,
        "lower the MTU of the tunnel or interface (1,280 is safe), or clamp the segment size (MSS) at the router, or let \
            ICMP 'fragmentation needed' through",
    )
    .and(sizes.iter().min().map(|bytes| {
        format!("{} of a packet of {} bytes or more that never came whole", of(sizes.len(), drops.len(), "drop"), units::number(*bytes))
    }))
    .test(
        "ping -M do -s 1472 BROKER (then 1252, 1000)",
        &[Cause::PathMtu, Cause::BrokerStalled],
        "small pings answered and large ones not: the path loses large packets; all answered: the broker stalls",
    );
    match sizes.iter().min() {
        Some(bytes) => account.figure("limit_bytes", number(*bytes)),
        None => account,
    }
}
