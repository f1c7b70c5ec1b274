//! What went over a connection: counts, the last packet each way, the recent rate, round trips.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use super::survival::{LastPackets, RATE_SPAN, Survival};
use crate::event::{Moment, RoundTrips, Survived, millis, rounded, seconds};
use crate::wire::Outgoing;

/// Resolution at which PUBLISH packets of the last [`RATE_SPAN`] are counted: 100 counters.
const RECENT_GRAIN: Duration = Duration::from_millis(100);
/// Most round trips that a sample tells one by one (journal format).
const VALUES_LIMIT: usize = 64;

/// Totals of a session, or of all sessions of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrafficTotals {
    /// PUBLISH packets received.
    pub messages_received: u64,
    /// PUBLISH packets sent.
    pub messages_published: u64,
    /// Bytes of MQTT received.
    pub bytes_received: u64,
    /// Bytes of MQTT sent.
    pub bytes_sent: u64,
}

impl TrafficTotals {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            messages_received: self.messages_received + other.messages_received,
            messages_published: self.messages_published + other.messages_published,
            bytes_received: self.bytes_received + other.bytes_received,
            bytes_sent: self.bytes_sent + other.bytes_sent,
        }
    }
}

/// The last packet that we sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSent {
    /// When.
    pub at: Moment,
    /// Its name in the standard.
    pub packet: Cow<'static, str>,
    /// The topic it named.
    pub topic: Option<String>,
    /// The silence before it, both ways; `None` for the first packet of a connection.
    pub idle_before: Option<Duration>,
}

/// The traffic of one connection.
#[derive(Debug)]
pub struct Traffic {
    /// Counts.
    pub totals: TrafficTotals,
    /// When the last packet arrived; the start of the connection before the first.
    pub last_received: Moment,
    /// The last packet sent.
    pub last_sent: Option<LastSent>,
    /// Round trips since the connection began.
    pub round_trips: Trips,
    recent: Recent,
    survival: Survival,
    opened: Moment,
}

impl Traffic {
    /// A connection that opens now.
    pub fn new(now: Moment) -> Self {
        Self {
            totals: TrafficTotals::default(),
            last_received: now,
            last_sent: None,
            round_trips: Trips::default(),
            recent: Recent::default(),
            survival: Survival::default(),
            opened: now,
        }
    }

    /// A packet arrived that begins or ends the session.
    pub const fn received(&mut self, now: Moment) {
        self.last_received = now;
    }

    /// A packet arrived that shows that the session lives.
    pub fn heard(&mut self, now: Moment) {
        self.survival.heard(now, self.last_packets());
        self.received(now);
    }

    /// The packet that arrived was a message.
    pub fn received_publish(&mut self, now: Moment) {
        self.totals.messages_received += 1;
        self.recent.count(now, None);
        self.survival.published_lately(self.recent.publishes(now));
    }

    /// The packet that arrived answered a PINGREQ after `trip`.
    pub fn ping_answered(&mut self, trip: Duration) {
        self.round_trips.add(trip);
        self.survival.ping_answered();
    }

    /// The packet that arrived acknowledged a PUBLISH of ours with a payload of `bytes` bytes.
    pub fn publish_acknowledged(&mut self, bytes: usize) {
        self.survival.publish_acknowledged(bytes);
    }

    /// A packet of `bytes` bytes goes out.
    pub fn sent(&mut self, now: Moment, packet: &Outgoing, bytes: usize) {
        self.totals.bytes_sent += bytes as u64;
        self.survival.sent(now, self.last_packets());
        match packet {
            Outgoing::Publish(publish) => self.sent_publish(now, publish.payload.len()),
            Outgoing::Pingreq => self.survival.ping_sent(),
            Outgoing::Connect(_)
            | Outgoing::Subscribe(..)
            | Outgoing::Puback(_)
            | Outgoing::Pubrec(_)
            | Outgoing::Pubrel(_)
            | Outgoing::Pubcomp(_)
            | Outgoing::Disconnect => {}
        }
        let idle_before = self.last_sent.as_ref().map(|last| now.since(last.at.max(self.last_received)));
        let topic = packet.topic().map(|topic| crate::event::bounded(topic.to_owned()));
        self.last_sent = Some(LastSent { at: now, packet: packet.name().into(), topic, idle_before });
    }

    fn sent_publish(&mut self, now: Moment, payload_bytes: usize) {
        self.totals.messages_published += 1;
        self.recent.count(now, Some(payload_bytes));
        self.survival.published_lately(self.recent.publishes(now));
        self.survival.publish_sent(payload_bytes);
    }

    fn last_packets(&self) -> LastPackets {
        LastPackets { sent: self.last_sent_at(), received: self.last_received }
    }

    /// What the connection is known to have lived through, `received_bytes` being the largest packet received whole.
    pub fn survived(&self, received_bytes: Option<usize>) -> Survived {
        self.survival.record(received_bytes)
    }

    /// When the last packet was sent; the start of the connection before the first.
    pub fn last_sent_at(&self) -> Moment {
        self.last_sent.as_ref().map_or(self.opened, |last| last.at)
    }

    /// PUBLISH packets a second, both ways, over the last 10 s of a connection that ends now.
    pub fn publish_rate(&mut self, now: Moment) -> f64 {
        let span = now.since(self.opened).min(RATE_SPAN).max(RECENT_GRAIN);
        rounded(f64::from(self.recent.publishes(now)) / span.as_secs_f64(), 1e3)
    }

    /// The largest payload that we sent in the last 10 s; `None` where we sent none.
    pub fn largest_publish_bytes(&mut self, now: Moment) -> Option<u64> {
        self.recent.largest_sent(now).map(|bytes| bytes as u64)
    }
}

/// Publishes by time grain, for as long as the span reaches.
#[derive(Debug, Default)]
struct Recent {
    grains: VecDeque<Grain>,
    /// Sum over the grains: a busy topic asks for it with each message.
    publishes: u32,
}

#[derive(Debug, Default)]
struct Grain {
    at: u128,
    publishes: u32,
    largest_sent: Option<usize>,
}

impl Recent {
    /// One publish; of one that we sent, with the size of its payload.
    fn count(&mut self, now: Moment, sent_bytes: Option<usize>) {
        let at = grain(now);
        if self.grains.back().is_none_or(|grain| grain.at != at) {
            self.grains.push_back(Grain { at, ..Grain::default() });
        }
        if let Some(grain) = self.grains.back_mut() {
            grain.publishes += 1;
            grain.largest_sent = grain.largest_sent.max(sent_bytes);
        }
        self.publishes += 1;
        self.forget(at);
    }

    fn publishes(&mut self, now: Moment) -> u32 {
        self.forget(grain(now));
        self.publishes
    }

    fn largest_sent(&mut self, now: Moment) -> Option<usize> {
        self.forget(grain(now));
        self.grains.iter().filter_map(|grain| grain.largest_sent).max()
    }

    fn forget(&mut self, now: u128) {
        let span = RATE_SPAN.as_millis() / RECENT_GRAIN.as_millis();
        while let Some(old) = self.grains.front().filter(|grain| grain.at + span <= now) {
            self.publishes -= old.publishes;
            self.grains.pop_front();
        }
    }
}

fn grain(now: Moment) -> u128 {
    now.since_start().as_millis() / RECENT_GRAIN.as_millis()
}

/// Round trips over some period.
#[derive(Debug, Clone, Default)]
pub struct Trips {
    count: u64,
    sum: Duration,
    min: Option<Duration>,
    max: Duration,
    last: Duration,
    values: Vec<f64>,
}

impl Trips {
    /// One more.
    pub fn add(&mut self, trip: Duration) {
        self.count += 1;
        self.sum = self.sum.saturating_add(trip);
        self.min = Some(self.min.map_or(trip, |min| min.min(trip)));
        self.max = self.max.max(trip);
        self.last = trip;
        if self.values.len() < VALUES_LIMIT {
            self.values.push(millis(trip));
        }
    }

    /// The latest.
    pub fn last(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.last)
    }

    /// As a `sample` tells them, with each value; `None` where there was none.
    pub fn in_full(&self) -> Option<RoundTrips> {
        let summary = self.in_short()?;
        Some(RoundTrips { values: self.values.clone(), ..summary })
    }

    /// As a `drop` tells them.
    pub fn in_short(&self) -> Option<RoundTrips> {
        let min = self.min?;
        #[expect(clippy::cast_precision_loss, reason = "a count of pings stays far below 2^53")]
        let mean = seconds(self.sum) * 1e3 / self.count as f64;
        Some(RoundTrips {
            last: Some(millis(self.last)),
            min: Some(millis(min)),
            mean: Some(rounded(mean, 1e3)),
            max: Some(millis(self.max)),
            count: self.count,
            values: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Delivery::First;
    use crate::wire::Publish;

    fn at_ms(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    #[test]
    fn the_rate_looks_back_ten_seconds_and_no_further() {
        let mut traffic = Traffic::new(at_ms(0));
        for ms in (0..60_000).step_by(50) {
            traffic.received_publish(at_ms(ms));
            assert!(traffic.recent.grains.len() <= 101);
        }
        assert!((traffic.publish_rate(at_ms(60_000)) - 20.0).abs() < 0.5);
        assert!((traffic.publish_rate(at_ms(65_000)) - 10.0).abs() < 0.5);
        assert!(traffic.publish_rate(at_ms(90_000)).abs() < f64::EPSILON);
    }

    #[test]
    fn the_largest_message_is_the_largest_that_we_sent_lately() {
        let publish = |bytes| {
            let publish =
                Publish { packet_id: 2, topic: "t".to_owned(), payload: vec![0; bytes], delivery: First };
            Outgoing::Publish(publish)
        };
        let mut traffic = Traffic::new(at_ms(0));
        traffic.received_publish(at_ms(0));
        assert_eq!(traffic.largest_publish_bytes(at_ms(0)), None);
        for (ms, bytes) in [(1_000, 900), (5_000, 0), (5_010, 300), (5_020, 7)] {
            traffic.sent(at_ms(ms), &publish(bytes), bytes);
        }
        let largest = [9_000, 12_000, 14_000, 16_000].map(|ms| traffic.largest_publish_bytes(at_ms(ms)));
        assert_eq!(largest, [Some(900), Some(300), Some(300), None]);
        assert_eq!((traffic.totals.messages_published, traffic.totals.bytes_sent), (4, 1207));
    }

    #[test]
    fn the_silence_before_a_packet_is_measured_from_either_direction() {
        let mut traffic = Traffic::new(at_ms(0));
        traffic.sent(at_ms(0), &Outgoing::Pingreq, 2);
        assert_eq!(traffic.last_sent.as_ref().unwrap().idle_before, None);
        traffic.received(at_ms(400));
        traffic.sent(at_ms(1000), &Outgoing::Pingreq, 2);
        let last = traffic.last_sent.unwrap();
        assert_eq!((last.idle_before, &*last.packet), (Some(Duration::from_millis(600)), "PINGREQ"));
    }

    #[test]
    fn round_trips_keep_exact_moments_and_at_most_64_values() {
        let mut trips = Trips::default();
        assert_eq!(trips.in_full(), None);
        for ms in 1..=100 {
            trips.add(Duration::from_millis(ms));
        }
        let told = trips.in_full().unwrap();
        assert_eq!((told.count, told.min, told.max, told.mean), (100, Some(1.0), Some(100.0), Some(50.5)));
        assert_eq!((told.values.len(), told.last), (64, Some(100.0)));
        assert!(trips.in_short().unwrap().values.is_empty());
    }
}
