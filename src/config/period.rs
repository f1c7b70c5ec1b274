//! Points in time as `--since` and `--until` take them; the notation is journalctl's.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::place::utc;
use crate::report::Zone;

/// Why a text is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// No known notation.
    #[error("'{0}' is not a time: write 2026-11-22, '2026-11-22 08:00', yesterday, '1h ago' or 24h")]
    Unknown(String),
    /// A number without a unit.
    #[error("'{0}' has no unit: write {0}s, {0}m, {0}h or {0}d for an age")]
    Unit(String),
    /// Beyond the dates that can be represented.
    #[error("'{0}' is too far away")]
    TooFar(String),
}

/// Reads a point in time.
///
/// Accepts RFC 3339; a local date, date and time, or time of today; the same followed by `UTC`; `now`,
/// `today`, `yesterday`, `tomorrow` (midnight); and an age: `24h`, `24h ago` or `-24h`. A local time that
/// occurs twice because of a clock change, or not at all, is the earlier of the two possible instants.
pub fn moment(text: &str, now: DateTime<Utc>, zone: Zone) -> Result<DateTime<Utc>, PeriodError> {
    let written = text.trim();
    if written.parse::<u64>().is_ok() {
        return Err(PeriodError::Unit(written.to_owned()));
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(written) {
        return Ok(time.to_utc());
    }
    let (local, zone) = match written.strip_suffix("UTC") {
        Some(rest) => (rest.trim_end(), utc as Zone),
        None => (written, zone),
    };
    if let Some(time) = local_time(local, zone(now).naive_local()) {
        return instant(time, zone).ok_or_else(|| PeriodError::TooFar(written.to_owned()));
    }
    match written {
        "now" => Ok(now),
        _ => before(written, now),
    }
}

const DATE_AND_TIME: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%H:%M:%S%.f",
    "%H:%M",
];

/// A date, a time or a word such as `today`, as a local time.
fn local_time(text: &str, today: NaiveDateTime) -> Option<NaiveDateTime> {
    let today = today.date();
    let day = match text {
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        "tomorrow" => today.checked_add_days(Days::new(1)),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    };
    let midnight = day.map(|day| day.and_time(NaiveTime::MIN));
    let time = midnight.or_else(|| DATE_AND_TIME.iter().find_map(|format| clock_time(text, format, today)));
    time.filter(|time| YEARS.contains(&time.year()))
}

/// The years of RFC 3339. At the ends of chrono's calendar a change of the time zone would overflow.
const YEARS: RangeInclusive<i32> = 1..=9999;

fn clock_time(text: &str, format: &str, today: NaiveDate) -> Option<NaiveDateTime> {
    if format.starts_with("%Y") {
        return NaiveDateTime::parse_from_str(text, format).ok();
    }
    NaiveTime::parse_from_str(text, format).ok().map(|time| today.and_time(time))
}

/// The earliest instant at which it is `local` in `zone`. Where a clock change leaves that time out, the
/// earlier of the instants that the offsets before and after the change give.
fn instant(local: NaiveDateTime, zone: Zone) -> Option<DateTime<Utc>> {
    let around = [local.checked_sub_days(Days::new(1))?, local.checked_add_days(Days::new(1))?];
    let candidate = |near: NaiveDateTime| {
        let offset = *zone(near.and_utc()).offset();
        local.checked_sub_offset(offset).map(|time| time.and_utc())
    };
    let candidates = [candidate(around[0])?, candidate(around[1])?];
    let exact = candidates.into_iter().filter(|time| zone(*time).naive_local() == local).min();
    exact.or_else(|| candidates.into_iter().min())
}

/// `now` minus an age.
fn before(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, PeriodError> {
    let age = text.strip_prefix('-').or_else(|| text.strip_suffix("ago")).unwrap_or(text);
    let age = crate::cli::value::duration(age).map_err(|_| PeriodError::Unknown(text.to_owned()))?;
    let age = TimeDelta::from_std(age).ok();
    age.and_then(|age| now.checked_sub_signed(age)).ok_or_else(|| PeriodError::TooFar(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    /// Central Europe around the two clock changes of 2026.
    fn berlin(time: DateTime<Utc>) -> DateTime<FixedOffset> {
        let summer = DateTime::parse_from_rfc3339("2026-03-29T01:00:00Z").unwrap()
            ..DateTime::parse_from_rfc3339("2026-10-25T01:00:00Z").unwrap();
        let hours = if summer.contains(&time.fixed_offset()) { 2 } else { 1 };
        time.with_timezone(&FixedOffset::east_opt(hours * 3600).unwrap())
    }

    fn read(text: &str) -> Result<String, PeriodError> {
        let now = DateTime::parse_from_rfc3339("2026-11-22T23:30:15Z").unwrap().to_utc();
        let time = moment(text, now, berlin)?;
        Ok(time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn a_time_reads_as_journalctl_reads_it() {
        // It is 00:30:15 on the 23rd in Berlin.
        let rows = [
            ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"),
            ("2026-11-22T08:00:00.250-05:00", "2026-11-22T13:00:00.250Z"),
            ("2026-11-22", "2026-11-21T23:00:00Z"),
            ("2026-11-22 08:00", "2026-11-22T07:00:00Z"),
            ("2026-11-22T08:00", "2026-11-22T07:00:00Z"),
            ("2026-11-22 08:00:30", "2026-11-22T07:00:30Z"),
            ("2026-07-01 08:00:30.5", "2026-07-01T06:00:30.500Z"),
            ("2026-11-22 08:00 UTC", "2026-11-22T08:00:00Z"),
            ("00:10", "2026-11-22T23:10:00Z"),
            ("00:10:05", "2026-11-22T23:10:05Z"),
            ("now", "2026-11-22T23:30:15Z"),
            ("today", "2026-11-22T23:00:00Z"),
            ("yesterday", "2026-11-21T23:00:00Z"),
            ("tomorrow", "2026-11-23T23:00:00Z"),
            ("today UTC", "2026-11-22T00:00:00Z"),
            ("1h ago", "2026-11-22T22:30:15Z"),
            ("1 hour 30 min ago", "2026-11-22T22:00:15Z"),
            ("-1h", "2026-11-22T22:30:15Z"),
            ("24h", "2026-11-21T23:30:15Z"),
            (" 7d ", "2026-11-15T23:30:15Z"),
            ("500ms", "2026-11-22T23:30:14.500Z"),
        ];
        for (text, time) in rows {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn a_local_time_that_occurs_twice_or_never_is_the_earlier_instant() {
        let rows = [
            ("2026-10-25 01:59", "2026-10-24T23:59:00Z"),
            ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
            ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
            ("2026-03-29 01:59", "2026-03-29T00:59:00Z"),
            ("2026-03-29 02:30", "2026-03-29T00:30:00Z"),
            ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ];
        for (text, time) in rows {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_to_write() {
        let rows = [
            ("24", "24h"),
            ("", "is not a time"),
            ("soon", "'1h ago'"),
            ("ago", "is not a time"),
            ("-", "is not a time"),
            ("2026-13-01", "is not a time"),
            ("2026-02-30 08:00", "is not a time"),
            ("25:00", "is not a time"),
            ("999999999y", "too far away"),
            ("-262143-01-01", "is not a time"),
            ("+262142-12-31", "is not a time"),
            ("99999999999999999999h", "is not a time"),
        ];
        for (text, part) in rows {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[-+]?[0-9]{1,20}[-: yYdhsm.]{0,3}[0-9]{0,20}[-:T ]?.{0,12}", age in ".{0,24}") {
            let _ = read(&text);
            let _ = read(&format!("{age} ago"));
        }
    }
}
