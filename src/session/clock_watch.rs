//! Finds out from readings of the host's clocks that it slept, or that its wall clock was set.

use chrono::{SecondsFormat, TimeDelta};

use crate::event::{ClockReading, Environment, EnvironmentKind, bounded, rounded};

/// Smallest difference between two clocks that is an event (journal format, `clock_step`). Smaller ones come from
/// reading the clocks one after the other, and from slewing.
const NOTED: TimeDelta = TimeDelta::seconds(1);

/// The clocks as they were read last.
#[derive(Debug, Default)]
pub struct ClockWatch {
    last: Option<ClockReading>,
}

/// What happened to the clocks between two readings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Jumps {
    /// How long the host slept.
    pub suspended: TimeDelta,
    /// The events for the journal, suspension first.
    pub events: Vec<Environment>,
}

impl ClockWatch {
    /// The clocks were read: what happened to them since the last time.
    pub fn read(&mut self, reading: ClockReading) -> Jumps {
        let Some(last) = self.last.replace(reading) else { return Jumps::default() };
        let boot = passed(last.boot, reading.boot);
        let suspended = boot - passed(last.monotonic, reading.monotonic);
        let stepped = (reading.wall - last.wall) - boot;
        let slept = (suspended >= NOTED).then(|| event(EnvironmentKind::Suspend, suspended, String::new()));
        let step = (stepped.abs() >= NOTED).then(|| {
            let [was, is] = [reading.wall - stepped, reading.wall]
                .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
            event(EnvironmentKind::ClockStep, stepped, format!("from {was} to {is}"))
        });
        let suspended = if slept.is_some() { suspended } else { TimeDelta::zero() };
        Jumps { suspended, events: slept.into_iter().chain(step).collect() }
    }
}

fn passed(from: std::time::Duration, to: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(to.saturating_sub(from)).unwrap_or(TimeDelta::MAX)
}

fn event(kind: EnvironmentKind, span: TimeDelta, detail: String) -> Environment {
    Environment {
        detail: bounded(detail),
        seconds: Some(rounded(span.as_seconds_f64(), 1e6)),
        ..Environment::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::*;

    /// All in milliseconds.
    fn reading(boot: u64, monotonic: u64, wall: i64) -> ClockReading {
        ClockReading {
            boot: Duration::from_millis(boot),
            monotonic: Duration::from_millis(monotonic),
            wall: DateTime::from_timestamp_millis(wall).unwrap(),
        }
    }

    fn kinds(jumps: &Jumps) -> Vec<(EnvironmentKind, f64)> {
        jumps.events.iter().map(|event| (event.kind, event.seconds.unwrap())).collect()
    }

    #[test]
    fn each_jump_of_a_clock_is_an_event_once_and_with_its_size() {
        use EnvironmentKind::{ClockStep, Suspend};
        let rows = [
            ("time passes", reading(60_000, 60_000, 60_000), vec![]),
            ("a slow read", reading(60_000, 60_400, 60_800), vec![]),
            ("a sleep", reading(3_661_000, 1_000, 3_661_000), vec![(Suspend, 3660.0)]),
            ("a step ahead", reading(1_000, 1_000, 301_500), vec![(ClockStep, 300.5)]),
            ("a step back", reading(1_000, 1_000, -1_000), vec![(ClockStep, -2.0)]),
            (
                "a sleep with a wrong clock after it",
                reading(61_000, 1_000, 11_000),
                vec![(Suspend, 60.0), (ClockStep, -50.0)],
            ),
        ];
        for (what, second, expected) in rows {
            let mut watch = ClockWatch::default();
            assert_eq!(watch.read(reading(0, 0, 0)), Jumps::default(), "{what}: the first reading");
            assert_eq!(kinds(&watch.read(second)), expected, "{what}");
            assert_eq!(watch.read(second), Jumps::default(), "{what}: again");
        }
    }

    #[test]
    fn a_step_tells_both_times() {
        let mut watch = ClockWatch::default();
        watch.read(reading(0, 0, 0));
        let jumps = watch.read(reading(1_000, 1_000, 3_600_000));
        assert_eq!(jumps.events[0].detail, "from 1970-01-01T00:00:01.000Z to 1970-01-01T01:00:00.000Z");
    }
}
