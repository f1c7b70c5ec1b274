//! Spans of time.
//!
//! | span | form |
//! |---|---|
//! | below 1 ms | whole microseconds: `84 µs`; what is shorter than half of one is `<1 µs`, never 0 |
//! | below 1 s | milliseconds, one decimal below 10: `2.6 ms`, `84 ms` |
//! | below 100 s | seconds, one decimal below 10: `2.6 s`, `63 s` |
//! | longer | two units at most: the largest, and the largest of which something is left |
//!
//! The second unit is not the next smaller one: a session of 24 h and 9 s is `24h 9s` and a span of 24 h exactly is
//! `24h`, so a rest is left out only beside a larger one. What is left out is at most 2 % of what is written. Hours go on
//! to 47, as limits are known by them (`24h`); days begin with the second.

use std::time::Duration;

use super::MISSING;
use super::number::number;

/// A span of `seconds`; [`MISSING`] where it is negative or not a number.
pub fn span(seconds: f64) -> String {
    let Ok(exact) = Duration::try_from_secs_f64(seconds) else {
        return MISSING.to_owned();
    };
    if seconds == 0.0 {
        "0 s".to_owned()
    } else if seconds < LONG_SECONDS {
        let unit = SpanUnit::fitting(seconds);
        format!("{} {}", unit.figures(seconds), unit.symbol())
    } else {
        in_two_units(whole_seconds(exact))
    }
}

/// A span that stands for the value of a setting or a limit: the seconds that a setting takes, then the span as it is
/// read: `300 s (5m)`, `86,400 s (24h)`, `42 s`.
pub fn exact_span(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds) {
        Ok(exact) if seconds >= LONG_SECONDS => {
            format!("{} s ({})", number(whole_seconds(exact)), span(seconds))
        }
        _ => span(seconds),
    }
}

/// A step forward or backward: `+3.2 s`, `-84 ms`.
pub fn signed_span(seconds: f64) -> String {
    let sign = if seconds.is_sign_negative() { '-' } else { '+' };
    format!("{sign}{}", span(seconds.abs()))
}

/// The units of spans below 100 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanUnit {
    /// Below 1 ms.
    Microseconds,
    /// Below 1 s.
    Milliseconds,
    /// From 1 s.
    Seconds,
}

impl SpanUnit {
    /// The unit in which a span of `seconds` is written. A list of parts takes the unit of its sum.
    pub fn fitting(seconds: f64) -> Self {
        if seconds < 0.000_999_5 {
            Self::Microseconds
        } else if seconds < 0.999_5 {
            Self::Milliseconds
        } else {
            Self::Seconds
        }
    }

    /// `µs`, `ms` or `s`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// A span of `seconds` in this unit, without its symbol.
    pub fn figures(self, seconds: f64) -> String {
        match self {
            Self::Microseconds => whole_microseconds(seconds * 1e6),
            Self::Milliseconds => figures(seconds * 1e3),
            Self::Seconds => figures(seconds),
        }
    }
}

/// From here a span is written in two units, and reads `1m 40s`.
const LONG_SECONDS: f64 = 99.5;

fn whole_seconds(exact: Duration) -> u64 {
    exact.saturating_add(Duration::from_millis(500)).as_secs()
}

/// Seconds of each unit, its letter, and how many of it are written at least.
const UNITS: [(u64, char, u64); 4] = [(86_400, 'd', 2), (3600, 'h', 1), (60, 'm', 1), (1, 's', 1)];

fn in_two_units(seconds: u64) -> String {
    let mut rest = seconds;
    let mut written = Vec::new();
    for (length, letter, least) in UNITS {
        if rest >= length * least && written.len() < 2 {
            written.push(format!("{}{letter}", rest / length));
            rest %= length;
        }
    }
    written.join(" ")
}

/// As many digits as a person reads: none after the point from 10, one below, and below 0.1 the first that is not 0.
fn figures(value: f64) -> String {
    if value >= 9.95 || value <= 0.0 {
        return format!("{value:.0}");
    }
    if value < 0.095 {
        return first_digit(value);
    }
    let tenths = format!("{value:.1}");
    tenths.strip_suffix(".0").map_or_else(|| tenths.clone(), str::to_owned)
}

/// `0.04`, `0.003`; no more than six places, which is a nanosecond of a millisecond.
fn first_digit(value: f64) -> String {
    let places = (2..6).find(|places| value * 10_f64.powi(*places) >= 0.95).unwrap_or(6);
    format!("{value:.*}", usize::try_from(places).unwrap_or_default())
}

fn whole_microseconds(value: f64) -> String {
    if value > 0.0 && value < 0.5 { "<1".to_owned() } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_in_the_unit_in_which_it_is_read() {
        let rows = [
            (0.0, "0 s"),
            (0.000_000_04, "<1 µs"),
            (0.000_04, "40 µs"),
            (0.000_084_4, "84 µs"),
            (0.000_999_4, "999 µs"),
            (0.000_999_6, "1 ms"),
            (0.001_2, "1.2 ms"),
            (0.084, "84 ms"),
            (0.999_4, "999 ms"),
            (0.999_6, "1 s"),
            (2.6, "2.6 s"),
            (9.96, "10 s"),
            (63.0, "63 s"),
            (99.4, "99 s"),
            (99.6, "1m 40s"),
            (1321.4, "22m 1s"),
            (3599.7, "1h"),
            (11_040.0, "3h 4m"),
            (273_600.0, "3d 4h"),
            (-1.0, "-"),
            (f64::NAN, "-"),
            (f64::INFINITY, "-"),
        ];
        for (seconds, text) in rows {
            assert_eq!(span(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn a_rest_is_left_out_only_beside_a_larger_one() {
        let (minute, hour, day) = (60.0, 3600.0, 86_400.0);
        let rows = [
            (hour + 9.0, "1h 9s"),
            (hour + 5.0 * minute + 9.0, "1h 5m"),
            (day - 0.1, "24h"),
            (day + 9.0, "24h 9s"),
            (day + 5.0 * minute + 9.0, "24h 5m"),
            (2.0 * day - 1.0, "47h 59m"),
            (2.0 * day, "2d"),
            (2.0 * day + 9.0, "2d 9s"),
            (2.0 * day + 5.0 * minute, "2d 5m"),
            (365.0 * day + hour, "365d 1h"),
        ];
        for (seconds, text) in rows {
            assert_eq!(span(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn a_limit_is_written_in_the_seconds_that_a_setting_takes() {
        let rows = [
            (0.8, "800 ms"),
            (42.0, "42 s"),
            (110.0, "110 s (1m 50s)"),
            (300.0, "300 s (5m)"),
            (350.2, "350 s (5m 50s)"),
            (86_400.0, "86,400 s (24h)"),
            (86_412.0, "86,412 s (24h 12s)"),
            (-1.0, "-"),
        ];
        for (seconds, text) in rows {
            assert_eq!(exact_span(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn a_step_has_a_sign() {
        assert_eq!((signed_span(3.2), signed_span(-0.5)), ("+3.2 s".to_owned(), "-500 ms".to_owned()));
    }

    #[test]
    fn parts_in_the_unit_of_their_sum_never_read_nothing_where_there_is_something() {
        let parts = |unit: SpanUnit| [0.0, 0.000_004, 0.000_04, 0.021, 2.5].map(|part| unit.figures(part));
        assert_eq!(parts(SpanUnit::Seconds), ["0", "0.000004", "0.00004", "0.02", "2.5"]);
        assert_eq!(parts(SpanUnit::Milliseconds), ["0", "0.004", "0.04", "21", "2500"]);
        assert_eq!(parts(SpanUnit::Microseconds)[..3], ["0", "4", "40"]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_left_out_of_a_long_span_is_at_most_two_hundredths_of_it(seconds in 100_u64..1_000_000_000) {
            let shown: u64 = in_two_units(seconds).split(' ').map(|part| {
                let (amount, letter) = part.split_at(part.len() - 1);
                let unit = UNITS.iter().find(|(_, name, _)| letter.contains(*name)).unwrap();
                amount.parse::<u64>().unwrap() * unit.0
            }).sum();
            proptest::prop_assert!(shown <= seconds && (seconds - shown) * 50 <= shown, "{} {}", seconds, shown);
        }
    }
}
