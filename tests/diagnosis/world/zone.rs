//! Local time: when a clock on the wall shows an hour, summer time included.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::chance::Chance;

/// A time zone, and how `start` names it.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) name: String,
    rules: Tz,
}

/// With and without summer time, on both halves of the globe, with odd offsets.
const ZONES: [Tz; 15] = [
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::Europe__Helsinki,
    Tz::America__New_York,
    Tz::America__Los_Angeles,
    Tz::America__Chicago,
    Tz::America__St_Johns,
    Tz::America__Sao_Paulo,
    Tz::Asia__Kolkata,
    Tz::Asia__Tokyo,
    Tz::Asia__Kathmandu,
    Tz::Australia__Sydney,
    Tz::Pacific__Auckland,
    Tz::Africa__Nairobi,
    Tz::UTC,
];

impl Zone {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        if chance.likely(0.05) {
            return Self { name: "+01:00".to_owned(), rules: Tz::Etc__GMTMinus1 };
        }
        let rules = chance.pick(&ZONES);
        Self { name: rules.name().to_owned(), rules }
    }

    /// The local day of an instant.
    pub(crate) fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.rules).date_naive()
    }

    /// The first instant of that local day and hour; an hour that summer time leaves out comes an hour later.
    pub(crate) fn instant(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = day.and_time(time);
        let found = self.rules.from_local_datetime(&local).earliest();
        let later = || self.rules.from_local_datetime(&(local + chrono::TimeDelta::hours(1))).earliest();
        found.or_else(later).map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
    }

    /// The next change of the offset after an instant, to the day; `None` within a year means none.
    pub(crate) fn next_change(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = |at: DateTime<Utc>| at.with_timezone(&self.rules).offset().fix();
        let days = (1..366).filter_map(|days| from.checked_add_days(Days::new(days)));
        days.into_iter().find(|at| offset(*at) != offset(from))
    }
}
