//! Records in the order in which things happened, from lists that tell times to a millisecond.

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Event, Observation, Start, TargetFacts};

/// The record of `event` at `ts`; a dump has no clock but the wall's.
pub(super) fn record(ts: DateTime<Utc>, event: Event) -> Observation {
    Observation::at(ts, event)
}

/// A session that was shorter than this may begin and end within one stamp.
const ONE_STAMP_SECONDS: f64 = 0.002;

/// The place of events that carry the same stamp: a session that could begin and end within it does.
fn rank(event: &Event) -> u8 {
    match event {
        Event::Start(_) => 0,
        Event::Environment(_) => 1,
        Event::Drop(drop) if drop.duration_connected_seconds >= Some(ONE_STAMP_SECONDS) => 2,
        Event::Connected(_) => 3,
        Event::Drop(_) => 4,
        Event::Subscribed(_)
        | Event::LateAnswer(_)
        | Event::AttemptFailed(_)
        | Event::Sample(_)
        | Event::Device(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_)
        | Event::Stop(_) => 5,
    }
}

/// The records in the order of time, behind the `start` of a run that watched `target`.
pub(super) fn run(
    target: TargetFacts,
    zone: Option<&str>,
    mut records: Vec<Observation>,
) -> Vec<Observation> {
    records.sort_by_key(|record| (record.ts, rank(&record.event)));
    let began = records.first().map_or(DateTime::UNIX_EPOCH, |record| record.ts);
    let start = Start { time_zone: zone.unwrap_or_default().to_owned(), ..Start::new(target) };
    records.insert(0, record(began, Event::Start(Box::new(start))));
    records
}

/// `at` less `seconds`, which are bounded.
pub(super) fn before(at: DateTime<Utc>, seconds: f64) -> DateTime<Utc> {
    let span = TimeDelta::microseconds(crate::collector::clock::microseconds(seconds));
    at.checked_sub_signed(span).unwrap_or(at)
}

/// The time from one to the other in seconds; never negative.
pub(super) fn seconds_between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> f64 {
    (later - earlier).to_std().map_or(0.0, crate::event::seconds)
}
