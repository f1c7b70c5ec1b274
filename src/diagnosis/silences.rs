//! Which silences sessions lived through: what speaks against a timer that would have ended them.

use super::dropped::Dropped;
use super::statistics::number;
use crate::collector::incidents::OutlivedSession;
use crate::event::Survived;

/// How many messages a session has at least whose pauses can be foretold from their number: traffic comes in bursts.
const MANY_MESSAGES: u64 = 100;

/// Silences of some length in a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LongSilences {
    /// How many came before the last one, and did no harm.
    pub(super) survived: f64,
    /// How many were to be expected of the session's own traffic, the last one included.
    pub(super) expected: f64,
}

/// Whose silence a timer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Nothing goes either way.
    Both,
    /// We send nothing.
    Sent,
    /// The broker sends nothing.
    Received,
}

impl Side {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Both, Self::Sent, Self::Received];
}

/// What tells of the silences of a session.
struct Lived {
    survived: Option<Survived>,
    /// A silence of both sides before our last packet, after which the peer was heard, seconds.
    before_last: Option<f64>,
    /// Whether our publishes are answered: the last one was.
    publishes_are_answered: bool,
    answered_pings: f64,
    messages_received: Option<f64>,
    messages_published: Option<f64>,
    seconds: f64,
    ping_interval: Option<f64>,
}

impl Lived {
    fn of_drop(dropped: Dropped<'_>) -> Self {
        let record = dropped.record();
        let heard_since = record
            .last_received_seconds
            .zip(record.last_sent_seconds)
            .is_some_and(|(heard, sent)| heard < sent);
        Self {
            survived: record.survived,
            before_last: record.idle_before_last_sent_seconds.filter(|_| heard_since),
            publishes_are_answered: heard_since && record.last_sent_packet.as_deref() == Some("PUBLISH"),
            answered_pings: number(dropped.answered_pings()),
            messages_received: record.messages_received.map(number),
            messages_published: record.messages_published.map(number),
            seconds: record.duration_connected_seconds.unwrap_or_default(),
            ping_interval: dropped.ping_interval(),
        }
    }

    fn of_outlived(session: &OutlivedSession) -> Self {
        Self {
            survived: Some(session.survived).filter(|survived| *survived != Survived::default()),
            before_last: None,
            publishes_are_answered: false,
            answered_pings: number(session.answered_pings),
            messages_received: None,
            messages_published: None,
            seconds: session.seconds,
            ping_interval: session.terms.ping_interval_seconds,
        }
    }

    /// The longest silence of the side that is known to have been survived, where the session tells.
    fn longest(&self, side: Side) -> Option<f64> {
        self.survived.map(|survived| {
            let longest = match side {
                Side::Both => survived.silence_seconds,
                Side::Sent => survived.sent_silence_seconds,
                Side::Received => survived.received_silence_seconds,
            };
            longest.unwrap_or_default()
        })
    }

    /// How many packets end silences of the side.
    fn packets(&self, side: Side) -> f64 {
        let received = self.messages_received.unwrap_or_default();
        let published = self.messages_published.unwrap_or_default();
        match side {
            Side::Both => received + published + self.answered_pings,
            Side::Sent => published + self.answered_pings,
            Side::Received if self.publishes_are_answered => received + published + self.answered_pings,
            Side::Received => received + self.answered_pings,
        }
    }

    /// How many silences of the side were as long as `timeout`, by how many packets came in what time.
    fn by_packets(&self, side: Side, timeout: f64) -> f64 {
        let packets = self.packets(side);
        let gap = self.seconds / packets.max(1.0);
        let is_steady = packets >= 3.0
            && (0.8 * gap >= timeout || (gap >= 0.8 * timeout && self.before_last >= Some(timeout)));
        match side {
            _ if is_steady => packets,
            // A ping ends a silence as long as the interval, unless something came before.
            Side::Both => self
                .ping_interval
                .filter(|interval| FROM_PING_TO_PING * interval >= timeout)
                .map_or(0.0, |interval| self.answered_pings * quiet_share(self, interval)),
            Side::Sent | Side::Received => packets * (-timeout / gap).exp(),
        }
    }
}

/// A silence from ping to ping is as long as the interval, but for the round trip.
const FROM_PING_TO_PING: f64 = 0.97;

/// How many silences of the side of at least `timeout` a session survived: at least one where the longest is known to have
/// been that long, none where it is known to have been shorter.
fn survived_silences(lived: &Lived, side: Side, timeout: f64) -> f64 {
    let by_packets = lived.by_packets(side, timeout);
    match lived.longest(side) {
        Some(longest) if longest < timeout => 0.0,
        Some(_) => by_packets.max(1.0),
        None if lived.before_last >= Some(timeout) => by_packets.max(1.0),
        None => by_packets,
    }
}

/// The share of pings before which nothing had arrived for a whole interval, where messages come at random.
fn quiet_share(lived: &Lived, interval: f64) -> f64 {
    let per_interval = lived.messages_received.unwrap_or_default() * interval / lived.seconds.max(1.0);
    (-per_interval).exp()
}

impl Dropped<'_> {
    /// What is known of silences of at least `timeout` seconds in the session, by what it tells, or else by how many packets
    /// came in what time; `None` where that is not known either.
    pub(super) fn long_silences(self, timeout: f64) -> Option<LongSilences> {
        let record = self.record();
        let by_packets = self.silences_by_packets(timeout);
        if record.survived.is_some() {
            let survived = self.silences_survived(Side::Both, timeout);
            return Some(LongSilences { survived, expected: by_packets.map_or(1.0, |known| known.expected) });
        }
        by_packets
    }

    fn silences_by_packets(self, timeout: f64) -> Option<LongSilences> {
        let record = self.record();
        let interval = self.ping_interval().or(self.incident.terms.keep_alive_seconds)?;
        let before = (record.duration_connected_seconds? - record.last_received_seconds?).max(0.0);
        // The last packet came after all silences but the one that it ended.
        let is_publish = record.last_sent_packet.as_deref() == Some("PUBLISH");
        let published = record.messages_published?.saturating_sub(u64::from(is_publish));
        let messages = record.messages_received?.saturating_add(published);
        let rate = number(messages) / before.max(1.0);
        let of_pings = (-rate * interval).exp()
            * if record.ping_rtt_ms.is_some() {
                number(self.answered_pings())
            } else {
                (before / interval).floor()
            };
        let share = if timeout > 1.05 * interval { 0.0 } else { (-rate * timeout).exp() };
        if messages < MANY_MESSAGES {
            // Few messages come when a session begins, and tell no rate.
            let survived = if timeout > 1.05 * interval { 0.0 } else { of_pings };
            return Some(LongSilences { survived, expected: 1.0 });
        }
        let pauses = number(messages) + of_pings;
        Some(LongSilences { survived: pauses * share, expected: (pauses + 1.0) * share })
    }

    /// How often the session had lived through a silence of this side of at least `timeout` seconds.
    pub(super) fn silences_survived(self, side: Side, timeout: f64) -> f64 {
        survived_silences(&Lived::of_drop(self), side, timeout)
    }
}

/// How many silences of the side of at least `timeout` seconds a session survived that no drop ended.
pub(super) fn survived_by(session: &OutlivedSession, side: Side, timeout: f64) -> f64 {
    survived_silences(&Lived::of_outlived(session), side, timeout)
}
