//! What is counted: events, time, messages, and outages by the attempts that they took.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::clock::in_seconds;
use super::metrics::Coverage;
use crate::event::{Phase, Sample};

/// Events in the period, over all runs.
#[derive(Debug, Clone, Default)]
pub(super) struct EventCounts {
    /// First connections: one for each run that connected.
    pub(super) connections: u64,
    /// Sessions that we ended on purpose.
    pub(super) disconnects: u64,
    /// Sessions that ended without our wish.
    pub(super) drops: u64,
    /// Drops after which a session came back.
    pub(super) recovered: u64,
    /// Attempts after a run's first connection.
    pub(super) reconnect_attempts: u64,
    /// Attempts that failed.
    pub(super) failed_attempts: u64,
    /// The same by the phase that failed.
    pub(super) failed_by_phase: BTreeMap<Phase, u64>,
    /// Probes that the broker refused.
    pub(super) probes_refused: u64,
    /// Outages by the attempts that they took.
    pub(super) outages: OutageBuckets,
    /// Messages.
    pub(super) messages: MessageCounts,
}

/// The period, and how its time was spent, in microseconds of the runs' clocks: sums are exact in any order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ObservedTime {
    /// The earliest record.
    pub(super) from: Option<DateTime<Utc>>,
    /// The latest record.
    pub(super) to: Option<DateTime<Utc>>,
    /// Runs with a record in the period.
    pub(super) runs: u64,
    /// Those of them that are known to have been interrupted.
    pub(super) interrupted: u64,
    /// Time in which `watch` ran, suspension included.
    pub(super) total_us: i64,
    /// Time in which a session was up and this host awake.
    pub(super) connected_us: i64,
    /// Time in which this host slept.
    pub(super) suspended_us: i64,
    /// Records that writers had to give up.
    pub(super) records_lost: u64,
}

impl ObservedTime {
    /// A record at this time lies in the period.
    pub(super) fn note(&mut self, at: DateTime<Utc>, records_lost: u64) {
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
        self.to = self.to.max(Some(at));
        self.records_lost = self.records_lost.saturating_add(records_lost);
    }

    /// For reports; `interrupted` runs more were interrupted than are known to have been.
    pub(super) fn observation(&self, interrupted: u64) -> Coverage {
        Coverage {
            from: self.from,
            to: self.to,
            runs: self.runs,
            interrupted_runs: self.interrupted + interrupted,
            observed_seconds: in_seconds(self.total_us),
            connected_seconds: in_seconds(self.connected_us),
            suspended_seconds: in_seconds(self.suspended_us),
            records_lost: self.records_lost,
        }
    }
}

/// Messages of a run so far, or in the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MessageCounts {
    /// PUBLISH packets received.
    pub(super) received: u64,
    /// PUBLISH packets sent.
    pub(super) published: u64,
    /// Publishes that had to wait for a connection.
    pub(super) queued: u64,
}

impl MessageCounts {
    /// The counts of a sample; where it lacks one, the one known before.
    #[must_use]
    pub(super) fn of(sample: &Sample, known: Self) -> Self {
        Self {
            received: sample.messages_received.unwrap_or(known.received),
            published: sample.messages_published.unwrap_or(known.published),
            queued: sample.messages_queued.unwrap_or(known.queued),
        }
    }

    /// Both together.
    #[must_use]
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            received: self.received.saturating_add(other.received),
            published: self.published.saturating_add(other.published),
            queued: self.queued.saturating_add(other.queued),
        }
    }

    /// What was added since `earlier`; nothing where a count went down.
    #[must_use]
    pub(super) const fn since(self, earlier: Self) -> Self {
        Self {
            received: self.received.saturating_sub(earlier.received),
            published: self.published.saturating_sub(earlier.published),
            queued: self.queued.saturating_sub(earlier.queued),
        }
    }
}

/// From a drop to the next session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage {
    /// Attempts that failed so far.
    pub(super) attempts: u32,
    /// Whether its drop lies in the period.
    pub(super) counted: bool,
}

/// How many outages took one attempt, 2 to 5, 6 to 10, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct OutageBuckets(pub(super) [u64; 4]);

impl OutageBuckets {
    /// Counts an outage, if its drop lies in the period; one without an attempt so far counts as one with one.
    pub(super) const fn add(&mut self, outage: Outage) {
        let bucket = match outage.attempts {
            0 | 1 => 0,
            2..=5 => 1,
            6..=10 => 2,
            _ => 3,
        };
        self.0[bucket] += outage.counted as u64;
    }
}
