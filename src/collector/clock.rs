//! The time between two records: how long it was, how much of it lies in the period asked for.

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::Observation;

/// The period that a report covers: `since` inclusive, `until` exclusive, open where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first instant that counts.
    pub since: Option<DateTime<Utc>>,
    /// The first instant that counts no more.
    pub until: Option<DateTime<Utc>>,
}

impl Window {
    /// Whether a record of this time counts.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at < until)
    }

    /// The same, for [`Position`].
    pub fn period(&self, at: DateTime<Utc>) -> Period {
        if self.contains(at) { Period::Within } else { Period::Outside }
    }
}

/// Where a record stands in its run and in the period.
#[derive(Debug, Clone, Copy)]
pub struct Position {
    /// When, on both clocks.
    pub at: Timestamp,
    /// The latest time that the wall clock of its run had shown by then: orders what happened in several runs.
    pub order: DateTime<Utc>,
    /// Whether it counts.
    pub period: Period,
}

/// Whether something lies in the period that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// It does, and counts.
    Within,
    /// It only matters for what follows.
    Outside,
}

impl Position {
    /// Whether the record counts.
    pub fn counts(&self) -> bool {
        self.period == Period::Within
    }
}

/// When something happened, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// Wall clock.
    pub wall: DateTime<Utc>,
    /// The run's clock in microseconds, where the record tells it.
    run_us: Option<i64>,
}

impl Timestamp {
    /// Of a record.
    pub fn of(record: &Observation) -> Self {
        Self { wall: record.ts, run_us: record.run_seconds.map(microseconds) }
    }

    /// A time of the wall clock alone.
    pub const fn on_the_wall(wall: DateTime<Utc>) -> Self {
        Self { wall, run_us: None }
    }

    /// The time so many microseconds earlier.
    #[must_use]
    pub fn before(self, microseconds: i64) -> Self {
        let span = TimeDelta::microseconds(microseconds);
        Self {
            wall: self.wall.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC),
            run_us: self.run_us.map(|run_us| run_us.saturating_sub(microseconds)),
        }
    }

    /// Microseconds since `earlier` on the run's clock, on the wall clock where either lacks it; never negative.
    pub fn since_us(self, earlier: Self) -> i64 {
        let span = match (self.run_us, earlier.run_us) {
            (Some(later), Some(earlier)) => later.saturating_sub(earlier),
            _ => (self.wall - earlier.wall).num_microseconds().unwrap_or(i64::MAX),
        };
        span.max(0)
    }
}

/// The part of the time from one record to the next that lies in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Wall clock at its beginning.
    pub from: DateTime<Utc>,
    /// Wall clock at its end.
    pub to: DateTime<Utc>,
    /// Its length in microseconds on the run's clock.
    pub length_us: i64,
}

impl Span {
    /// From `earlier` to `later`, cut to `window`.
    pub fn between(earlier: Timestamp, later: Timestamp, window: &Window) -> Self {
        if *window == Window::default() {
            return Self { from: earlier.wall, to: later.wall, length_us: later.since_us(earlier) };
        }
        let from = window.since.map_or(earlier.wall, |since| since.max(earlier.wall));
        let to = window.until.map_or(later.wall, |until| until.min(later.wall));
        let cut_us = (from - earlier.wall) + (later.wall - to);
        let left_us = later.since_us(earlier).saturating_sub(cut_us.num_microseconds().unwrap_or(i64::MAX));
        Self { from, to, length_us: left_us.max(0) }
    }
}

/// Seconds as whole microseconds.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
pub fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

/// Whole microseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "285 years of microseconds fit 53 bits")]
pub fn in_seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Environment, EnvironmentKind, Event};

    fn record(wall_seconds: i64, run_seconds: Option<f64>) -> Timestamp {
        let event = Event::Environment(Environment::new(EnvironmentKind::LinkUp));
        let ts = DateTime::from_timestamp(wall_seconds, 0).unwrap();
        Timestamp::of(&Observation { run_seconds, ..Observation::at(ts, event) })
    }

    fn window(since: i64, until: i64) -> Window {
        Window { since: DateTime::from_timestamp(since, 0), until: DateTime::from_timestamp(until, 0) }
    }

    #[test]
    fn a_step_of_the_wall_clock_changes_no_length() {
        let span = Span::between(record(1000, Some(0.0)), record(5000, Some(10.0)), &Window::default());
        assert_eq!(span.length_us, 10_000_000);
        let back = Span::between(record(5000, Some(0.0)), record(1000, Some(10.0)), &Window::default());
        assert_eq!(back.length_us, 10_000_000);
    }

    #[test]
    fn without_the_runs_clock_the_wall_clock_must_do() {
        assert_eq!(
            Span::between(record(10, None), record(15, Some(1.0)), &Window::default()).length_us,
            5_000_000
        );
        assert_eq!(Span::between(record(15, None), record(10, None), &Window::default()).length_us, 0);
    }

    #[test]
    fn a_span_is_cut_to_the_window() {
        let (from, to) = (record(100, Some(0.0)), record(200, Some(100.0)));
        let lengths =
            [window(0, 1000), window(150, 1000), window(0, 150), window(120, 130), window(300, 400)]
                .map(|window| Span::between(from, to, &window).length_us / 1_000_000);
        assert_eq!(lengths, [100, 50, 50, 10, 0]);
    }
}
