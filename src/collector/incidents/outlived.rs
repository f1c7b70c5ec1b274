//! Sessions that no drop ended: what they lived through speaks against causes that would have ended them.

use chrono::{DateTime, Utc};

use super::incident::Terms;
use crate::collector::clock::{Timestamp, in_seconds};
use crate::event::{RoundTrips, Sample, Survived};

/// A session that was still up when we ended it, when its run was cut off, or at the last record.
#[derive(Debug, Clone, PartialEq)]
pub struct OutlivedSession {
    /// When it began.
    pub began: DateTime<Utc>,
    /// Up to when it is known to have been up.
    pub until: DateTime<Utc>,
    /// How long that was, seconds, on the run's clock.
    pub seconds: f64,
    /// What it is known to have lived through.
    pub survived: Survived,
    /// Pings that were answered.
    pub answered_pings: u64,
    /// The settings of its own run.
    pub terms: Terms,
}

/// The session that is up in a run.
#[derive(Debug, Clone)]
pub(super) struct OpenSession {
    pub(super) began: Timestamp,
    survived: Survived,
    answered_pings: u64,
}

impl OpenSession {
    /// One that begins now.
    pub(super) fn new(began: Timestamp) -> Self {
        Self { began, survived: Survived::default(), answered_pings: 0 }
    }

    /// Takes in a reading; what it leaves out is as in the one before.
    pub(super) fn sampled(&mut self, sample: &Sample) {
        self.survived = sample.survived.unwrap_or(self.survived);
        let answered = sample.ping_rtt_ms.as_ref().map_or(0, RoundTrips::answered);
        self.answered_pings = self.answered_pings.saturating_add(answered);
    }

    /// It was up until `last` at least.
    pub(super) fn left(self, last: Timestamp, terms: &Terms) -> OutlivedSession {
        OutlivedSession {
            began: self.began.wall,
            until: last.wall,
            seconds: in_seconds(last.since_us(self.began)),
            survived: self.survived,
            answered_pings: self.answered_pings,
            terms: terms.clone(),
        }
    }
}
