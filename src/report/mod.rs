//! What people and programs get to read: live lines, the status line, the export, and the page of a summary.
//!
//! A summary is made in two steps: [`summary`] turns the metrics into a [`document`] of typed values, and a writer
//! ([`table`], [`markdown`]) turns that into bytes.
//!
//! Nothing here reads a clock, a terminal or the environment: the time zone, the colours and the width are arguments.

pub mod cause;
pub mod document;
mod failure;
mod finding;
pub mod json;
pub mod line;
pub mod markdown;
pub mod status;
pub mod style;
pub mod summary;
pub mod table;

mod suback;
mod text;
mod timebar;

use chrono::{DateTime, Utc};

pub use text::clean;

use crate::collector::metrics::Metrics;
use crate::diagnosis::{Explanation, Finding};
use crate::dump::Account;
pub use crate::units::Zone;

/// What every writer shows.
#[derive(Debug, Clone)]
pub struct Report {
    /// When the report was made; of a dump, when that was made.
    pub generated: DateTime<Utc>,
    /// Whether a `watch` is writing the journal at that moment.
    pub live: bool,
    /// Lines of the journal that could not be read.
    pub skipped_lines: u64,
    /// What the collector knows.
    pub metrics: Metrics,
    /// What explains the drops, the best answer first.
    pub findings: Vec<Finding>,
    /// What happened in the latest incidents, oldest first.
    pub explanations: Vec<Explanation>,
    /// What the dump said of itself that this was read from; `None` where it was a journal.
    pub dump: Option<Account>,
    /// Other targets that the same stream holds, by name: they are left out.
    pub other_targets: Vec<String>,
}

impl Report {
    /// Length of the session that is up now, in seconds; 0 where none is, or nobody watches.
    pub fn current_uptime_seconds(&self) -> f64 {
        let (true, true, Some(last)) = (self.live, self.metrics.connected, self.metrics.observation.to)
        else {
            return 0.0;
        };
        crate::event::rounded(self.metrics.session_seconds + self.seconds_since(last), 1e6)
    }

    /// Time from `then` until the report was made, in seconds; 0 if `then` is later.
    pub fn seconds_since(&self, then: DateTime<Utc>) -> f64 {
        (self.generated - then).to_std().unwrap_or_default().as_secs_f64()
    }

    /// Connected time for each drop, in seconds; `None` before the first drop, and where nobody took the time.
    #[expect(clippy::cast_precision_loss, reason = "a count of drops stays far below 2^53")]
    pub fn mean_time_between_drops_seconds(&self) -> Option<f64> {
        let (drops, observation) = (self.metrics.drops, &self.metrics.observation);
        (drops > 0 && observation.runs > 0).then(|| observation.connected_seconds / drops as f64)
    }
}

#[cfg(test)]
mod sample;
