//! How silent a session was before its end, and whether it had lived through the like before.

use super::is_silent;
use crate::collector::incidents::meets_our_packet;
use crate::diagnosis::case::Dropped;
use crate::diagnosis::statistics::number;
use crate::event::{ClosedBy, SessionDrop};

/// Silence shorter than this share of the ping interval is no idleness, nor is one below the first of these bounds;
/// above the second, any is.
const IDLE_SHARE: f64 = 0.4;
const IDLE_SECONDS: (f64, f64) = (4.0, 15.0);

pub(super) fn is_idle(dropped: Dropped<'_>, silence: f64) -> bool {
    silence >= (IDLE_SHARE * ping_interval(dropped)).clamp(IDLE_SECONDS.0, IDLE_SECONDS.1)
}

/// How long it was silent both ways before the end, or before the packet that met the end; `None` for other ends.
pub(super) fn silence(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let (received, sent) = (record.last_received_seconds?, record.last_sent_seconds?);
    match record.closed_by? {
        ClosedBy::PeerReset if sent <= 2.0 && sent < received => record.idle_before_last_sent_seconds,
        ClosedBy::PeerClose | ClosedBy::PeerReset => Some(received.min(sent)),
        ClosedBy::Timeout | ClosedBy::Network => match record.unanswered_ping_seconds {
            Some(unanswered) if record.last_sent_packet.as_deref() == Some("PINGREQ") => {
                record.idle_before_last_sent_seconds.or(Some(received - unanswered))
            }
            Some(unanswered) => Some((received - unanswered).min(pause_of_ours(record).unwrap_or(f64::MAX))),
            None => record.idle_before_last_sent_seconds,
        },
        ClosedBy::PeerDisconnect | ClosedBy::Protocol => None,
    }
}

/// How often we publish of ourselves, seconds: no silence of both sides is longer.
fn pause_of_ours(record: &SessionDrop) -> Option<f64> {
    Some(record.duration_connected_seconds? / number(record.messages_published?.max(1)))
}

/// How many messages a session has at least whose pauses can be foretold from their number.
const MANY_MESSAGES: u64 = 30;

/// A silence from ping to ping is as long as the interval, but for the round trip.
const FROM_PING_TO_PING: f64 = 0.995;

/// How many such pauses a session without memory may have had before the first one ended it.
const EXPECTED_PAUSES: std::ops::RangeInclusive<f64> = 0.1..=6.0;

/// Pings that were answered in a session.
pub(super) fn answered_pings(record: &SessionDrop) -> u64 {
    record.ping_rtt_ms.as_ref().map_or(0, |trips| trips.count)
}

/// From one ping to the next, seconds; endless where nobody pings, or it is not told.
fn ping_interval(dropped: Dropped<'_>) -> f64 {
    dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX)
}

/// Packets that both sides know of, and the usual pause between them before the last silence, seconds.
fn rhythm(record: &SessionDrop, silence: f64) -> Option<(u64, f64)> {
    let packets = messages(record).saturating_add(answered_pings(record));
    Some((packets, (record.duration_connected_seconds? - silence) / number(packets.max(1))))
}

/// Messages of a session, both ways. Unknown counts as none: more pings then ended a silence, and no idle timeout is
/// made surer by what nobody measured.
pub(super) fn messages(record: &SessionDrop) -> u64 {
    let count = |messages: Option<u64>| messages.unwrap_or_default();
    count(record.messages_received).saturating_add(count(record.messages_published))
}

/// How many pings ended a silence as long as the ping interval, as far as the number of messages tells. Pings go out by
/// what we sent last: as many of them ended a silence as nothing had arrived before.
fn silent_pings(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let between_pings = number(record.messages_received.unwrap_or_default()) * ping_interval(dropped)
        / record.duration_connected_seconds?.max(1.0);
    Some(number(answered_pings(record)) * (-between_pings).exp())
}

/// From so many on some ping surely ended a silence. Who closes at a moment of its own choice does so at the first
/// such silence: those sessions are the ones in which messages came in time, and take more to refute.
const SURELY_SILENT: f64 = 0.9;
const SURELY_SILENT_BEFORE_CLOSE: f64 = 2.5;

/// Whether the session had lived through such a silence before: then that is not what ended it.
pub(super) fn survived(dropped: Dropped<'_>, silence: f64) -> bool {
    let steady = rhythm(dropped.record(), silence)
        .is_some_and(|(packets, usual)| packets >= 3 && usual >= 0.8 * silence);
    let surely = if met_by_us(dropped) { SURELY_SILENT } else { SURELY_SILENT_BEFORE_CLOSE };
    let pings = silent_pings(dropped).unwrap_or_default();
    (pings >= surely && ping_interval(dropped) >= 0.97 * silence) || steady
}

/// Whether such a silence may have come of itself, and for the first time. In a busy stream it may not: there it is the
/// end that was silent. Only where a ping that follows one ping after a silence meets a reset was the silence there
/// before: who resets has forgotten, and is not away.
pub(super) fn is_natural(dropped: Dropped<'_>, silence: f64, stream: Stream) -> bool {
    let Some((packets, usual)) = rhythm(dropped.record(), silence) else { return true };
    let expected = number(packets) * (-silence / usual).exp();
    let from_ping_to_ping =
        silence >= FROM_PING_TO_PING * ping_interval(dropped) && is_reset_on_our_packet(dropped);
    let may_pause = from_ping_to_ping || *EXPECTED_PAUSES.start() <= expected;
    let is_first = expected <= *EXPECTED_PAUSES.end();
    packets < MANY_MESSAGES || (stream == Stream::Random && may_pause && is_first)
}

/// How what arrives is spread over a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Like the ticks of a clock.
    Steady,
    /// Without memory, or in groups.
    Random,
}

/// A steady stream varies so much less than one without memory, in which the count varies by its root.
const STEADY_SHARE: f64 = 0.2;

/// How messages come in these sessions: whether their number keeps to the sessions' length.
pub(super) fn stream(plain: &[Dropped<'_>]) -> Stream {
    let sessions: Vec<(f64, f64)> = plain
        .iter()
        .filter(|dropped| dropped.record().messages_received >= Some(MANY_MESSAGES))
        .filter_map(|dropped| {
            Some((number(dropped.record().messages_received?), dropped.incident.age_seconds()?))
        })
        .collect();
    let (messages, seconds) = sessions.iter().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let excess: f64 = sessions
        .iter()
        .map(|(count, age)| (count - age * messages / seconds).powi(2) / (age * messages / seconds))
        .sum();
    let is_steady = sessions.len() >= 3 && excess / number(sessions.len() as u64 - 1) < STEADY_SHARE;
    if is_steady { Stream::Steady } else { Stream::Random }
}

/// Whether the end came as a reset of our packet, rather than told by the peer.
fn is_reset_on_our_packet(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    record.closed_by == Some(ClosedBy::PeerReset) && meets_our_packet(record)
}

/// Whether a packet of ours met the end, rather than that the peer told it.
pub(super) fn met_by_us(dropped: Dropped<'_>) -> bool {
    is_silent(dropped) || is_reset_on_our_packet(dropped)
}
