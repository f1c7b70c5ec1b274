//! Points in time, in the zone that the reader asked for.

use chrono::{DateTime, FixedOffset, Utc};

/// Shows a time in the zone that the user asked for.
pub type Zone = fn(DateTime<Utc>) -> DateTime<FixedOffset>;

/// The time of day: `18:20:04`.
pub fn time_of_day(zone: Zone, at: DateTime<Utc>) -> String {
    zone(at).format("%H:%M:%S").to_string()
}

/// Date and time of day: `2026-11-22 18:20:04`.
pub fn date_time(zone: Zone, at: DateTime<Utc>) -> String {
    zone(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time where no zone was asked for: `2026-11-22 17:20:04 UTC`.
pub fn utc_date_time(at: DateTime<Utc>) -> String {
    format!("{} UTC", date_time(|at| at.fixed_offset(), at))
}

/// The date and what its times count from: `2026-11-22 (UTC+01:00)`.
pub fn date(zone: Zone, at: DateTime<Utc>) -> String {
    format!("{} ({})", zone(at).format("%Y-%m-%d"), offset(zone, at))
}

/// The distance from UTC: `UTC`, `UTC+01:00`.
pub fn offset(zone: Zone, at: DateTime<Utc>) -> String {
    let local = zone(at);
    if local.offset().local_minus_utc() == 0 {
        "UTC".to_owned()
    } else {
        format!("UTC{}", local.format("%:z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_zone_asked_for() {
        let paris: Zone = |at| at.with_timezone(&FixedOffset::east_opt(3600).unwrap());
        let at = DateTime::from_timestamp(1_795_368_004, 0).unwrap();
        assert_eq!(date_time(paris, at), "2026-11-22 18:20:04");
        assert_eq!(time_of_day(paris, at), "18:20:04");
        assert_eq!(date(paris, at), "2026-11-22 (UTC+01:00)");
        assert_eq!(date(|at| at.fixed_offset(), at), "2026-11-22 (UTC)");
        assert_eq!(utc_date_time(at), "2026-11-22 17:20:04 UTC");
    }
}
