//! Finds out from the dates of a service's answers that this host's clock is wrong.
//!
//! A service checks signatures by its own clock, and refuses one whose time is off by more than its tolerance like one
//! with a wrong key.

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Environment, EnvironmentKind, rounded};

/// Largest offset at which AWS accepts a signature (Signature Version 4: 5 minutes).
const TOLERATED: TimeDelta = TimeDelta::minutes(5);

/// Change of the offset up to which it counts as the same: a `Date` has whole seconds, and the answer took its time.
const THE_SAME: TimeDelta = TimeDelta::minutes(1);

/// How far the clock that says `wall` is ahead of the one that wrote the `Date` header, negative where it is behind;
/// `None` for a header that is no date (RFC 9110, section 5.6.7, less its obsolete forms).
pub fn clock_offset(date: &str, wall: DateTime<Utc>) -> Option<TimeDelta> {
    let theirs = DateTime::parse_from_rfc2822(date.trim()).ok()?;
    Some(wall.signed_duration_since(theirs))
}

/// What is recorded of this host's clock.
#[derive(Debug, Default)]
pub struct ServiceClock {
    /// The offset that was recorded last, while the clock is wrong.
    recorded: Option<TimeDelta>,
}

impl ServiceClock {
    /// Takes the offset of one answer, and gives the event for the journal. A wrong clock is recorded once, and again when
    /// its offset changes or it is right again.
    pub fn read(&mut self, offset: TimeDelta) -> Option<Environment> {
        let is_wrong = offset.abs() > TOLERATED;
        let change = (offset - self.recorded.unwrap_or_default()).abs();
        if change <= THE_SAME || !(is_wrong || self.recorded.is_some()) {
            return None;
        }
        self.recorded = is_wrong.then_some(offset);
        Some(environment(offset, if is_wrong { WRONG } else { RIGHT_AGAIN }))
    }
}

const WRONG: &str =
    "from the date of the service's answer, which takes no signature that is off by more than 5 minutes";
const RIGHT_AGAIN: &str = "from the date of the service's answer: near enough again";

fn environment(offset: TimeDelta, detail: &str) -> Environment {
    Environment {
        detail: detail.to_owned(),
        seconds: Some(rounded(offset.as_seconds_f64(), 1e6)),
        ..Environment::new(EnvironmentKind::ClockOffset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-08-03T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn an_offset_is_positive_where_our_clock_is_ahead() {
        let rows = [
            ("Mon, 03 Aug 2026 12:00:00 GMT", Some(0)),
            ("Mon, 03 Aug 2026 11:50:00 GMT", Some(600)),
            (" Mon, 03 Aug 2026 14:00:01 GMT ", Some(-7201)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(1_785_758_400)),
            ("2026-08-03T12:00:00Z", None),
            ("Monday", None),
            ("", None),
        ];
        for (date, seconds) in rows {
            let offset = clock_offset(date, noon()).map(|offset| offset.num_seconds());
            assert_eq!(offset, seconds, "{date}");
        }
    }

    #[test]
    fn a_wrong_clock_is_recorded_once_and_again_when_it_changes() {
        let rows: [(&[i64], &[f64]); 7] = [
            (&[0, 300, -300], &[]),
            (&[301, 301, 350, 302], &[301.0]),
            (&[-400, -461, -462], &[-400.0, -461.0]),
            (&[400, 20, 30, 5], &[400.0, 20.0]),
            (&[310, 290, 310], &[310.0]),
            (&[310, 0, 310], &[310.0, 0.0, 310.0]),
            (&[86_400, -86_400], &[86_400.0, -86_400.0]),
        ];
        for (offsets, expected) in rows {
            let mut clock = ServiceClock::default();
            let events = offsets.iter().filter_map(|offset| clock.read(TimeDelta::seconds(*offset)));
            assert_eq!(events.filter_map(|event| event.seconds).collect::<Vec<_>>(), expected, "{offsets:?}");
        }
    }
}
