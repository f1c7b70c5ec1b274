//! What a connection is known to have lived through: extremes after which the peer was heard again.
//!
//! An extreme counts only once a packet of the peer follows it, since the last one of a connection may be what ended it.
//! So each is kept as pending until then.

use std::time::Duration;

use crate::event::{Moment, Survived, rounded, seconds};

/// The span over which PUBLISH packets are counted for a rate (journal format, `publish_rate_per_second`).
pub(super) const RATE_SPAN: Duration = Duration::from_secs(10);

/// The extremes of one connection.
#[derive(Debug, Default)]
pub(super) struct Survival {
    proven: Extremes,
    /// Reached since the peer was last heard.
    pending: Extremes,
    published: Published,
}

#[derive(Debug, Clone, Copy, Default)]
struct Extremes {
    /// Longest time without a packet either way.
    silence: Option<Duration>,
    /// Longest time without a packet of ours.
    sent_silence: Option<Duration>,
    /// Longest time without a packet of the peer.
    received_silence: Option<Duration>,
    /// Most PUBLISH packets, both ways, in [`RATE_SPAN`].
    publishes: Option<u32>,
}

/// Payload bytes of our largest PUBLISH, by how much is known of its fate.
#[derive(Debug, Clone, Copy, Default)]
struct Published {
    /// Acknowledged, or followed by a ping that was answered: a peer reads what we send in order.
    survived: Option<usize>,
    /// Followed by the ping that is out.
    before_ping: Option<usize>,
    /// Followed by no ping.
    latest: Option<usize>,
}

/// The last packet each way, before the one that comes or goes now.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastPackets {
    /// Of ours; the start of the connection before the first.
    pub(super) sent: Moment,
    /// Of the peer; the start of the connection before the first.
    pub(super) received: Moment,
}

impl LastPackets {
    fn silences(self, now: Moment) -> Extremes {
        Extremes {
            silence: Some(now.since(self.sent.max(self.received))),
            sent_silence: Some(now.since(self.sent)),
            ..Extremes::default()
        }
    }
}

impl Survival {
    /// A packet of ours ends the silence since `last`.
    pub(super) fn sent(&mut self, now: Moment, last: LastPackets) {
        self.pending.raise(last.silences(now));
    }

    /// A packet of the peer ends the silence since `last`, and proves all that came before it.
    pub(super) fn heard(&mut self, now: Moment, last: LastPackets) {
        let received_silence = Some(now.since(last.received));
        self.proven.raise(std::mem::take(&mut self.pending));
        self.proven.raise(Extremes { received_silence, ..last.silences(now) });
    }

    /// So many PUBLISH packets, both ways, came and went in the last [`RATE_SPAN`].
    pub(super) fn published_lately(&mut self, publishes: u32) {
        self.pending.publishes = self.pending.publishes.max(Some(publishes));
    }

    /// A PUBLISH of ours with a payload of `bytes` bytes goes out.
    pub(super) fn publish_sent(&mut self, bytes: usize) {
        self.published.latest = self.published.latest.max(Some(bytes));
    }

    /// The peer acknowledged a PUBLISH of ours with a payload of `bytes` bytes.
    pub(super) fn publish_acknowledged(&mut self, bytes: usize) {
        self.published.survived = self.published.survived.max(Some(bytes));
    }

    /// A PINGREQ goes out.
    pub(super) fn ping_sent(&mut self) {
        let latest = self.published.latest.take();
        self.published.before_ping = self.published.before_ping.max(latest);
    }

    /// The PINGREQ was answered.
    pub(super) fn ping_answered(&mut self) {
        let before_ping = self.published.before_ping.take();
        self.published.survived = self.published.survived.max(before_ping);
    }

    /// As a record holds it, with the largest packet that was received whole. A rate is that of a whole
    /// [`RATE_SPAN`], also for a connection that is younger: it never says more than was survived.
    pub(super) fn record(&self, received_bytes: Option<usize>) -> Survived {
        let Extremes { silence, sent_silence, received_silence, publishes } = self.proven;
        let rate = |publishes| f64::from(publishes) / RATE_SPAN.as_secs_f64();
        Survived {
            silence_seconds: silence.map(seconds),
            sent_silence_seconds: sent_silence.map(seconds),
            received_silence_seconds: received_silence.map(seconds),
            received_bytes: received_bytes.map(|bytes| bytes as u64),
            published_bytes: self.published.survived.map(|bytes| bytes as u64),
            publish_rate_per_second: publishes.map(|publishes| rounded(rate(publishes), 1e3)),
        }
    }
}

impl Extremes {
    fn raise(&mut self, other: Self) {
        self.silence = self.silence.max(other.silence);
        self.sent_silence = self.sent_silence.max(other.sent_silence);
        self.received_silence = self.received_silence.max(other.received_silence);
        self.publishes = self.publishes.max(other.publishes);
    }
}
