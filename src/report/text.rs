//! Wording that all writers for people share: spans, counts, shares, times, and text from outside made harmless.
//!
//! Each kind of value has one form everywhere. What is missing is [`MISSING`].

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Zone;
use crate::event::TargetFacts;

/// Stands where nothing is known.
pub(super) const MISSING: &str = "-";

/// A span for people: `0.4 ms`, `84 ms`, `2.6 s`, `63 s`, `22m 1s`, `3h 4m`, `3d 4h`; [`MISSING`] below zero.
pub(super) fn span(seconds: f64) -> String {
    let Ok(exact) = Duration::try_from_secs_f64(seconds) else {
        return MISSING.to_owned();
    };
    let millis = seconds * 1e3;
    if exact.is_zero() {
        "0 s".to_owned()
    } else if millis < 999.5 {
        format!("{} ms", figures(millis))
    } else if seconds < 99.5 {
        format!("{} s", figures(seconds))
    } else {
        long_span(exact.saturating_add(Duration::from_millis(500)).as_secs())
    }
}

/// A span that may be unknown.
pub(super) fn span_or_missing(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| MISSING.to_owned(), span)
}

/// A step forward or backward: `+3.2 s`, `-84 ms`.
pub(super) fn signed_span(seconds: f64) -> String {
    let sign = if seconds.is_sign_negative() { '-' } else { '+' };
    format!("{sign}{}", span(seconds.abs()))
}

/// Two units of a long span: seconds in each, their letters, the larger one first.
const UNITS: [(u64, &str, u64, &str); 3] =
    [(86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")];

fn long_span(seconds: u64) -> String {
    let unit = UNITS.into_iter().find(|(large, ..)| seconds >= *large);
    let Some((large, large_name, small, small_name)) = unit else {
        return format!("{seconds} s");
    };
    match (seconds / large, seconds % large / small) {
        (whole, 0) => format!("{whole}{large_name}"),
        (whole, rest) => format!("{whole}{large_name} {rest}{small_name}"),
    }
}

/// A number with as many digits as a person reads: one decimal below 10, none above.
pub(super) fn figures(value: f64) -> String {
    if value >= 9.95 {
        return format!("{value:.0}");
    }
    let tenths = format!("{value:.1}");
    tenths.strip_suffix(".0").map_or_else(|| tenths.clone(), str::to_owned)
}

/// A whole number with a comma at every thousand.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many of something: `1 drop`, `2 drops`.
pub(super) fn count(value: u64, singular: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {singular}{plural}", number(value))
}

/// A ratio of 0 to 1 in percent, with two decimals; only a whole reads `100 %`, and only nothing `0 %`.
pub(super) fn percent(ratio: f64) -> String {
    if ratio >= 1.0 {
        return "100 %".to_owned();
    }
    if ratio <= 0.0 {
        return "0 %".to_owned();
    }
    format!("{:.2} %", (ratio * 100.0).clamp(0.01, 99.99))
}

/// `part` of `whole` in whole percent: `67 %`, `<1 %`, `>99 %`.
pub(super) fn share(part: u64, whole: u64) -> String {
    let tenths_of_percent = u128::from(part) * 1000 / u128::from(whole.max(1));
    match (tenths_of_percent + 5) / 10 {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < whole => ">99 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

/// The time of day: `18:20:04`.
pub(super) fn clock(zone: Zone, at: DateTime<Utc>) -> String {
    zone(at).format("%H:%M:%S").to_string()
}

/// Date and time of day: `2026-11-22 18:20:04`.
pub(super) fn moment(zone: Zone, at: DateTime<Utc>) -> String {
    zone(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The date and what its times count from: `2026-11-22 (UTC+01:00)`.
pub(super) fn date(zone: Zone, at: DateTime<Utc>) -> String {
    format!("{} ({})", zone(at).format("%Y-%m-%d"), offset(zone, at))
}

/// The distance from UTC: `UTC`, `UTC+01:00`.
pub(super) fn offset(zone: Zone, at: DateTime<Utc>) -> String {
    let local = zone(at);
    if local.offset().local_minus_utc() == 0 {
        "UTC".to_owned()
    } else {
        format!("UTC{}", local.format("%:z"))
    }
}

/// What is watched, and under which name: `mqtts://broker.example:8883 as nwdiag-5f0c2a91`.
pub(super) fn watched(target: &TargetFacts) -> String {
    let named = [&target.url, &target.name].into_iter().find(|name| !name.is_empty());
    let shown = named.map_or(Cow::Borrowed(MISSING), |name| clean(name));
    match target.client_id.as_str() {
        "" => shown.into_owned(),
        client_id => format!("{shown} as {}", clean(client_id)),
    }
}

/// Text from outside, on one line, with everything that could steer or deceive a terminal written as an escape:
/// `\n`, `\u{1b}`, `\u{202e}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    Cow::Owned(clean)
}

/// Whether a character steers a terminal (C0, DEL, C1), turns the direction of text, or hides.
///
/// The joiners U+200C and U+200D stay: scripts and emoji need them.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{at, paris};

    #[test]
    fn spans_have_one_scheme() {
        let rows = [
            (0.0, "0 s"),
            (0.000_04, "0 ms"),
            (0.000_4, "0.4 ms"),
            (0.003, "3 ms"),
            (0.084, "84 ms"),
            (0.999_4, "999 ms"),
            (0.999_6, "1 s"),
            (2.6, "2.6 s"),
            (9.96, "10 s"),
            (63.0, "63 s"),
            (99.6, "1m 40s"),
            (1321.4, "22m 1s"),
            (3599.7, "1h"),
            (11_040.0, "3h 4m"),
            (86_399.9, "1d"),
            (273_600.0, "3d 4h"),
            (-1.0, "-"),
            (f64::NAN, "-"),
        ];
        for (seconds, text) in rows {
            assert_eq!(span(seconds), text, "{seconds}");
        }
        assert_eq!((signed_span(3.2), signed_span(-0.5)), ("+3.2 s".to_owned(), "-500 ms".to_owned()));
        assert_eq!(span_or_missing(None), "-");
    }

    #[test]
    fn less_than_all_never_reads_a_hundred_percent_and_more_than_nothing_never_zero() {
        let rows =
            [(1.0, "100 %"), (0.999_999_9, "99.99 %"), (0.9998, "99.98 %"), (1e-9, "0.01 %"), (0.0, "0 %")];
        for (ratio, text) in rows {
            assert_eq!(percent(ratio), text);
        }
        let rows = [(2, 3, "67 %"), (1, 1000, "<1 %"), (999, 1000, ">99 %"), (3, 3, "100 %"), (0, 0, "0 %")];
        for (part, whole, text) in rows {
            assert_eq!(share(part, whole), text);
        }
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(count(0, "drop"), "0 drops");
        assert_eq!(count(1, "drop"), "1 drop");
        assert_eq!(count(1_234_567, "drop"), "1,234,567 drops");
        assert_eq!(number(123), "123");
    }

    #[test]
    fn times_are_told_in_the_zone_asked_for() {
        assert_eq!(moment(paris, at(0)), "2026-11-22 18:20:04");
        assert_eq!(date(paris, at(0)), "2026-11-22 (UTC+01:00)");
        assert_eq!(date(|t| t.fixed_offset(), at(0)), "2026-11-22 (UTC)");
    }

    #[test]
    fn what_could_steer_a_terminal_is_shown_as_an_escape() {
        assert_eq!(clean("plain – ünï 温度 👩‍🔧"), "plain – ünï 温度 👩‍🔧");
        assert_eq!(clean("a\x1b[31mb\r\n\u{9b}2J\u{7f}"), "a\\u{1b}[31mb\\r\\n\\u{9b}2J\\u{7f}");
        assert_eq!(clean("\u{202e}txt\u{2066}"), "\\u{202e}txt\\u{2066}");
    }
}
