//! One view of the metrics, and small writers that turn it into bytes.

use chrono::{DateTime, FixedOffset, Utc};

use crate::collector::metrics::Metrics;

/// Shows a time in the zone that the user asked for.
pub type Zone = fn(DateTime<Utc>) -> DateTime<FixedOffset>;

/// What every writer shows.
#[derive(Debug, Clone)]
pub struct Report {
    /// When the report was made.
    pub generated: DateTime<Utc>,
    /// Whether a `watch` is writing the journal at this moment.
    pub live: bool,
    /// Lines of the journal that could not be read.
    pub skipped_lines: u64,
    /// What the collector knows.
    pub metrics: Metrics,
}

impl Report {
    /// Length of the session that is up now, in seconds; 0 where none is, or nobody watches.
    pub fn current_uptime_seconds(&self) -> f64 {
        let (true, true, Some(last)) = (self.live, self.metrics.connected, self.metrics.observation.to)
        else {
            return 0.0;
        };
        let since = (self.generated - last).num_milliseconds().max(0);
        #[expect(clippy::cast_precision_loss, reason = "a span in milliseconds stays far below 2^53")]
        let since = since as f64 / 1e3;
        crate::event::rounded(self.metrics.session_seconds + since, 1e6)
    }
}
