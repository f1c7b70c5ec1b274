//! When a session was up, from all that is kept: what time there was for a cause to strike.

use chrono::{DateTime, TimeDelta, Utc};

use super::statistics::number;
use crate::collector::incidents::Incident;
use crate::collector::metrics::Metrics;

/// Spells of connection.
#[derive(Debug)]
pub(super) struct Spells {
    /// In order, each with the connected seconds before it.
    spells: Vec<(DateTime<Utc>, DateTime<Utc>, f64)>,
}

impl Spells {
    /// Those that the numbers tell of.
    pub(super) fn of(metrics: &Metrics) -> Self {
        let dropped = |incident: &Incident| {
            let length = incident.drop()?.duration_connected_seconds?;
            // From the last that was heard on it is not known whether the session was still up.
            let (unnoticed, _) = incident.unnoticed_range()?;
            Some((incident.noticed - span(length), incident.noticed - span(unnoticed.min(length))))
        };
        let dropped = metrics.incidents.iter().filter_map(dropped);
        let outlived = metrics.outlived_sessions.iter().map(|session| (session.began, session.until));
        let mut spells: Vec<(DateTime<Utc>, DateTime<Utc>)> = dropped.chain(outlived).collect();
        spells.sort_unstable();
        let mut before = 0.0;
        let spells = spells
            .into_iter()
            .map(|(from, to)| {
                let spell = (from, to, before);
                before += seconds_between(from, to);
                spell
            })
            .collect();
        Self { spells }
    }

    /// When the first one began.
    pub(super) fn begin(&self) -> DateTime<Utc> {
        self.spells.first().map_or(DateTime::<Utc>::MIN_UTC, |(from, ..)| *from)
    }

    /// When the last one is known to have ended.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.spells.iter().map(|(_, to, _)| *to).max().unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// Connected time between two moments, seconds.
    pub(super) fn connected_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
        (self.connected_until(to) - self.connected_until(from)).max(0.0)
    }

    fn connected_until(&self, at: DateTime<Utc>) -> f64 {
        let begun = self.spells.partition_point(|(from, ..)| *from < at);
        let Some((from, to, before)) = begun.checked_sub(1).and_then(|last| self.spells.get(last)) else {
            return 0.0;
        };
        before + seconds_between(*from, at.min(*to))
    }

    /// How many lines of a grid sessions lived through between two moments: those with a session up from `margin` seconds
    /// before the line to as long after it. `phase` and `period` are in seconds, by a clock that is `offset` seconds ahead
    /// of UTC.
    pub(super) fn lines_survived(&self, grid: Grid, between: (DateTime<Utc>, DateTime<Utc>)) -> f64 {
        let Grid { phase, period, offset, margin } = grid;
        let line = |at: f64| ((at + offset - phase) / period).floor();
        let lines = self.spells.iter().map(|(from, to, _)| {
            let (from, to) = ((*from).max(between.0), (*to).min(between.1));
            let (from, to) = (unix_seconds(from) + margin, unix_seconds(to) - margin);
            if to > from { line(to) - line(from) } else { 0.0 }
        });
        lines.sum()
    }
}

/// A grid of the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Where its lines lie within the period, seconds.
    pub(super) phase: f64,
    /// Seconds.
    pub(super) period: f64,
    /// How far the clock that it keeps to is ahead of UTC, seconds.
    pub(super) offset: f64,
    /// How far from a line its strikes may lie, seconds.
    pub(super) margin: f64,
}

fn unix_seconds(at: DateTime<Utc>) -> f64 {
    let milliseconds = at.timestamp_millis();
    if milliseconds < 0 {
        -number(milliseconds.unsigned_abs()) / 1e3
    } else {
        number(milliseconds.unsigned_abs()) / 1e3
    }
}

fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64().max(0.0)
}

/// More than any span in a journal, seconds: some 130 years.
const LONGEST_SECONDS: f64 = 4e9;

/// So many seconds, at least none.
#[expect(clippy::cast_possible_truncation, reason = "bounded")]
pub(super) fn span(seconds: f64) -> TimeDelta {
    TimeDelta::milliseconds((seconds.clamp(0.0, LONGEST_SECONDS) * 1e3) as i64)
}
