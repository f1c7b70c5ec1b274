//! Where the fold stands in the run that it is reading: up or down, in an outage or not.

use super::clock::Timestamp;

/// A run of `watch` as far as it was read.
#[derive(Debug, Clone)]
pub struct RunState {
    /// The last record.
    pub last: Timestamp,
    /// When the session that is up began.
    pub up_since: Option<Timestamp>,
    /// The outage that is going on.
    pub outage: Option<Outage>,
    /// Whether the run had a session already.
    pub connected_before: bool,
    /// Whether `stop` was read.
    pub stopped: bool,
    /// Whether a record of the run lies in the window.
    pub counted: bool,
    /// Totals of the last sample.
    pub totals: Totals,
}

/// From a drop to the next session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Attempts that failed so far.
    pub attempts: u32,
    /// Whether its drop lies in the window.
    pub counted: bool,
}

impl Outage {
    /// Counts the outage in its bucket (see `metrics::ATTEMPT_BUCKETS`); one without an attempt so far counts as one.
    pub const fn count(self, buckets: &mut [u64; 4]) {
        let bucket = match self.attempts {
            0 | 1 => 0,
            2..=5 => 1,
            6..=10 => 2,
            _ => 3,
        };
        buckets[bucket] += self.counted as u64;
    }
}

/// What samples count up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// PUBLISH packets received.
    pub received: u64,
    /// PUBLISH packets sent.
    pub published: u64,
    /// Publishes that had to wait.
    pub queued: u64,
}

impl Totals {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            published: self.published.saturating_add(other.published),
            queued: self.queued.saturating_add(other.queued),
        }
    }

    /// What was added since `earlier`; nothing where a count went down.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            received: self.received.saturating_sub(earlier.received),
            published: self.published.saturating_sub(earlier.published),
            queued: self.queued.saturating_sub(earlier.queued),
        }
    }
}

impl RunState {
    /// A run whose first record is at `place`.
    pub fn begin(place: Timestamp) -> Self {
        Self {
            last: place,
            up_since: None,
            outage: None,
            connected_before: false,
            stopped: false,
            counted: false,
            totals: Totals::default(),
        }
    }

    /// Length of the session that is up, at the last record, in microseconds.
    pub fn session_us(&self) -> Option<i64> {
        self.up_since.map(|since| self.last.since_us(since))
    }
}
