//! The way to the broker and back: round trips, losses, what the kernel makes of them.

use nwdiag::event::{RoundTrips, TcpReading, rounded};

use crate::chance::Chance;

/// The usual quality of a path.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    /// The median round trip.
    pub(crate) rtt_ms: f64,
    /// How widely round trips lie around it (of the logarithm).
    pub(crate) scatter: f64,
    /// Share of round trips that lose a packet.
    pub(crate) loss: f64,
}

/// What makes a path worse for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weather {
    pub(crate) until: f64,
    /// More share of round trips that lose a packet.
    pub(crate) loss: f64,
    /// Mean of what waits in queues.
    pub(crate) delay_ms: f64,
    /// A sleeping radio: delays are whole beacon intervals, this many at most.
    pub(crate) beacons: u64,
    /// Signal lost, in dB.
    pub(crate) fading: f64,
}

/// One round trip: how long it took, and how often something had to be sent again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trip {
    pub(crate) seconds: f64,
    pub(crate) retransmits: u64,
}

/// Linux sends again after 200 ms at the earliest (`TCP_RTO_MIN`).
const RTO_MIN_MS: f64 = 200.0;
/// Beacons of an access point come every 102.4 ms.
const BEACON_MS: f64 = 102.4;

impl Path {
    pub(crate) fn draw(local: bool, chance: &mut Chance) -> Self {
        let kind = if local { 0.0 } else { chance.between(0.15, 1.0) };
        if kind < 0.15 {
            return Self { rtt_ms: chance.spread(0.3, 6.0), scatter: chance.between(0.05, 0.5), loss: 0.0 };
        }
        if kind < 0.85 {
            let loss = if chance.likely(0.3) { chance.spread(1e-5, 2e-3) } else { 0.0 };
            return Self { rtt_ms: chance.spread(6.0, 220.0), scatter: chance.between(0.02, 0.25), loss };
        }
        let loss = chance.spread(1e-4, 4e-3);
        Self { rtt_ms: chance.spread(40.0, 400.0), scatter: chance.between(0.2, 0.5), loss }
    }

    /// The time after which Linux sends again.
    pub(crate) fn rto(&self) -> f64 {
        (self.rtt_ms + RTO_MIN_MS.max(2.0 * self.rtt_ms)) / 1e3
    }

    /// One round trip in this weather.
    pub(crate) fn trip(&self, weather: Option<&Weather>, chance: &mut Chance) -> Trip {
        let mut ms = self.rtt_ms * (self.scatter * chance.normal(0.0, 1.0)).exp();
        let mut loss = self.loss;
        if let Some(weather) = weather {
            loss += weather.loss;
            ms += chance.exponential(weather.delay_ms.max(1e-9));
            ms += BEACON_MS * chance.whole(0, weather.beacons) as f64;
        }
        let mut retransmits = 0;
        while retransmits < 10 && chance.likely(loss) {
            ms += self.rto() * 1e3 * 2_f64.powf(retransmits as f64);
            retransmits += 1;
        }
        Trip { seconds: ms / 1e3, retransmits }
    }
}

/// What the kernel counts on one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kernel {
    smoothed_ms: f64,
    variance_ms: f64,
    pub(crate) retransmits: u64,
}

/// Where unanswered packets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Nothing is.
    Nothing,
    /// Sent, and again, for want of an answer.
    Unacked,
    /// This host had no way to send them.
    NotSent,
}

impl Kernel {
    /// A round trip came to its end.
    pub(crate) fn heard(&mut self, trip: Trip) {
        let ms = trip.seconds * 1e3;
        self.retransmits += trip.retransmits;
        if trip.retransmits > 0 {
            return;
        }
        if self.smoothed_ms == 0.0 {
            (self.smoothed_ms, self.variance_ms) = (ms, ms / 2.0);
        } else {
            self.variance_ms += 0.25 * ((ms - self.smoothed_ms).abs() - self.variance_ms);
            self.smoothed_ms += 0.125 * (ms - self.smoothed_ms);
        }
    }

    /// The reading while packets of this age wait, with the ages of the last data.
    pub(crate) fn reading(&self, waiting: Unanswered, age: f64, rto: f64, last_received: f64) -> TcpReading {
        let again = if waiting == Unanswered::Unacked { tries(age, rto) } else { 0 };
        let ms = |seconds: f64| Some((seconds * 1e3).round());
        TcpReading {
            rtt_ms: (self.smoothed_ms > 0.0).then(|| rounded(self.smoothed_ms, 1e3)),
            rtt_var_ms: (self.smoothed_ms > 0.0).then(|| rounded(self.variance_ms, 1e3)),
            retransmits: Some(self.retransmits + again),
            retransmits_pending: Some(again),
            lost: Some(u64::from(again > 0)),
            unacked: Some(u64::from(waiting == Unanswered::Unacked)),
            not_sent_bytes: Some(if waiting == Unanswered::NotSent { 2 } else { 0 }),
            backoff: Some(again),
            last_data_received_ms: ms(last_received),
            last_ack_received_ms: ms(last_received),
        }
    }
}

/// How often a packet of this age was sent again.
pub(crate) fn tries(age: f64, rto: f64) -> u64 {
    (0..15).take_while(|done| rto * (2_f64.powi(done + 1) - 1.0) <= age).count() as u64
}

/// Round trips as a record tells them, each of them or in short.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trips {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
    values: Vec<f64>,
}

impl Trips {
    pub(crate) fn add(&mut self, seconds: f64) {
        let ms = rounded(seconds * 1e3, 1e3);
        self.min = if self.count == 0 { ms } else { self.min.min(ms) };
        self.max = self.max.max(ms);
        self.last = ms;
        self.sum += ms;
        self.count += 1;
        if self.values.len() < 64 {
            self.values.push(ms);
        }
    }

    /// One more like the last.
    pub(crate) fn again(&mut self) {
        self.sum += self.last;
        self.count += 1;
    }

    /// As a `drop` tells them.
    pub(crate) fn in_short(&self) -> Option<RoundTrips> {
        (self.count > 0).then(|| RoundTrips {
            last: Some(self.last),
            min: Some(self.min),
            mean: Some(rounded(self.sum / self.count as f64, 1e3)),
            max: Some(self.max),
            count: self.count,
            values: Vec::new(),
        })
    }

    /// As a `sample` tells them.
    pub(crate) fn in_full(self) -> Option<RoundTrips> {
        self.in_short().map(|short| RoundTrips { values: self.values, ..short })
    }
}
