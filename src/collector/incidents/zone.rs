//! The local time of the host that wrote a journal, which need not be the reader's.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// A time zone as a `start` record tells it: an IANA name, or an offset where the name was not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    Named(Tz),
    Offset(FixedOffset),
}

impl Default for Zone {
    fn default() -> Self {
        Self::Named(Tz::UTC)
    }
}

impl Zone {
    /// Reads what a `start` record tells; what cannot be read is taken for UTC.
    pub(super) fn of(text: &str) -> Self {
        let named = Tz::from_str(text).map(Self::Named);
        named.or_else(|_| FixedOffset::from_str(text).map(Self::Offset)).unwrap_or_default()
    }

    /// The time on the wall there.
    pub(super) fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Named(zone) => at.with_timezone(&zone).naive_local(),
            Self::Offset(offset) => at.with_timezone(&offset).naive_local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_follows_the_zone_and_its_summer() {
        let rows = [
            ("Europe/Paris", "2026-01-10T12:00:00Z", "2026-01-10T13:00:00"),
            ("Europe/Paris", "2026-07-10T12:00:00Z", "2026-07-10T14:00:00"),
            ("+05:30", "2026-07-10T12:00:00Z", "2026-07-10T17:30:00"),
            ("Etc/UTC", "2026-07-10T12:00:00Z", "2026-07-10T12:00:00"),
            ("nowhere", "2026-07-10T12:00:00Z", "2026-07-10T12:00:00"),
        ];
        for (zone, at, local) in rows {
            let at = DateTime::parse_from_rfc3339(at).unwrap().to_utc();
            assert_eq!(Zone::of(zone).local(at), NaiveDateTime::from_str(local).unwrap(), "{zone}");
        }
    }
}
