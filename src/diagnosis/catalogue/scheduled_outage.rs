//! The cause `scheduled_outage`: its page, how it is recognised, and what is said of it.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::{Account, Candidate};
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::law::{Crowd, Reading, Space, crowd, exposure};
use crate::diagnosis::spells::Grid;
use crate::diagnosis::words::{count, of, seconds};

entry! {
    /// Something takes the connection down at one time of the day, or of the week.
    ///
    /// **How it shows.** Drops within minutes of the same local time on three days or more: a router that reconnects at
    /// night, a backup, a reboot by a timer, a provider's forced separation. It follows summer time.
    ///
    /// **What looks like it.** A session that lives for 24 hours (`aws_websocket_lifetime`, `connection_lifetime`) drops at
    /// nearly the same time each day too: there the *age* is exact and the time creeps. Days without a drop at that time
    /// count against a schedule.
    ///
    /// **What to do.** Look for timers of that time: router, provider, backup, update, cron; move or stop the one it is.
    ScheduledOutage, prior -2.0, weigh
}

const DAY_SECONDS: f64 = 86_400.0;
const WEEK_SECONDS: f64 = 7.0 * DAY_SECONDS;
/// Fewer days claim no time of day.
const DAYS: usize = 3;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let daily = readings(facts, DAY_SECONDS);
    let first = Schedule::of(facts, &daily, DAY_SECONDS);
    let second = first.as_ref().and_then(|first| {
        let others: Vec<Reading> =
            daily.iter().filter(|reading| !first.holds(reading.index)).copied().collect();
        let second = Schedule::of(facts, &others, DAY_SECONDS)?;
        // Twice a day at even intervals is a timer's grid.
        let apart = (second.law.place - first.law.place).rem_euclid(DAY_SECONDS);
        ((apart - DAY_SECONDS / 2.0).abs() > 1_800.0).then_some(second)
    });
    let weekly = Schedule::of(facts, &readings(facts, WEEK_SECONDS), WEEK_SECONDS);
    let both = first.clone().zip(second).map(|(first, second)| vec![first, second]);
    let single = [first, weekly].into_iter().flatten().map(|schedule| vec![schedule]);
    single.chain(both).map(|schedules| candidate(facts, schedules)).collect()
}

fn readings(facts: &Facts<'_>, period: f64) -> Vec<Reading> {
    facts.drops().filter_map(|dropped| reading(dropped, period)).collect()
}

/// A time of the day, or of the week.
#[derive(Debug, Clone)]
struct Schedule {
    law: Crowd,
    period: f64,
    /// On how many days, or weeks, it struck.
    turns: usize,
    strike: f64,
    cost: f64,
}

impl Schedule {
    fn of(facts: &Facts<'_>, readings: &[Reading], period: f64) -> Option<Self> {
        let law = crowd(readings, Space::Circle { circumference: period })?;
        let turn = |index: usize| turn_of(facts.incidents[index].local, period);
        let turns: BTreeSet<i64> = law.members.iter().map(|(index, _)| turn(*index)).collect();
        if turns.len() < DAYS || 2 * turns.len() < law.len() {
            return None;
        }
        let margin = (law.range.1 - law.range.0).max(60.0);
        // Days since 1970 begin on a Thursday, weeks here on a Monday.
        let phase = if period > DAY_SECONDS { law.place - 3.0 * DAY_SECONDS } else { law.place };
        let grid = Grid { phase, period, offset: offset(facts, &law), margin };
        let span = facts.span_of(law.members.iter().map(|(index, _)| *index));
        let (strike, passed) = exposure(turns.len(), facts.spells.lines_survived(grid, span));
        let rare = if period > DAY_SECONDS { 1.0 } else { 0.0 };
        Some(Self { turns: turns.len(), strike, cost: passed - law_search(period) - rare, law, period })
    }

    fn holds(&self, index: usize) -> bool {
        self.law.members.iter().any(|(member, _)| *member == index)
    }

    fn is_weekly(&self) -> bool {
        self.period > DAY_SECONDS
    }

    /// `at about 03:05`, `on Sundays about 03:05`.
    fn when(&self) -> String {
        let about = clock(self.law.place);
        if self.is_weekly() {
            format!("on {}s about {about}", weekday(self.law.place))
        } else {
            format!("at about {about}")
        }
    }
}

fn candidate<'a>(facts: &'a Facts<'a>, schedules: Vec<Schedule>) -> Candidate<'a> {
    let mut nats = vec![f64::NEG_INFINITY; facts.len()];
    for schedule in &schedules {
        let of_this =
            schedule.law.nats(facts.len(), |index, width| facts.surprise(index, width) + schedule.strike);
        for (nats, of_this) in nats.iter_mut().zip(of_this) {
            *nats = nats.max(of_this);
        }
    }
    for (index, nats) in nats.iter_mut().enumerate() {
        *nats += super::outage_nats(facts, index);
    }
    let cost = schedules.iter().map(|schedule| schedule.cost).sum();
    Candidate::new(nats, move |explains| account(facts, &schedules, explains)).costing(cost)
}

/// What it costs to have looked for a time: nearly all schedules stand on a minute, within a day or a week.
fn law_search(period: f64) -> f64 {
    (period / 600.0).ln()
}

/// How far the host's own wall clock was ahead of UTC at the first of these incidents, seconds.
fn offset(facts: &Facts<'_>, law: &Crowd) -> f64 {
    let incident = law.members.first().map(|(index, _)| &facts.incidents[*index]);
    incident.map_or(0.0, |incident| (incident.local - incident.began.naive_utc()).as_seconds_f64().round())
}

/// When it began, within the period, on the host's own wall.
fn reading(dropped: Dropped<'_>, period: f64) -> Option<Reading> {
    let (most, least) = dropped.incident.unnoticed_range()?;
    let local = dropped.incident.local;
    let since_monday = f64::from(local.weekday().num_days_from_monday()) * DAY_SECONDS;
    let at = f64::from(local.num_seconds_from_midnight())
        + f64::from(local.nanosecond() % 1_000_000_000) / 1e9
        + if period > DAY_SECONDS { since_monday } else { 0.0 };
    Some(Reading { index: dropped.index, from: at, to: at + (most - least) })
}

/// The number of the day, or of the week.
fn turn_of(local: NaiveDateTime, period: f64) -> i64 {
    let days = local.date().signed_duration_since(NaiveDate::default()).num_days();
    // The first of January 1970 was a Thursday.
    if period > DAY_SECONDS { (days + 3).div_euclid(7) } else { days }
}

fn account(facts: &Facts<'_>, schedules: &[Schedule], explains: &[usize]) -> Account {
    let times: Vec<String> = schedules.iter().map(Schedule::when).collect();
    let when = times.join(" and ");
    let widest =
        schedules.iter().map(|schedule| schedule.law.range.1 - schedule.law.range.0).fold(1.0, f64::max);
    let turns = schedules.iter().map(|schedule| schedule.turns).max().unwrap_or_default();
    let is_weekly = schedules.iter().any(Schedule::is_weekly);
    let account = Account::new(
        format!("something takes the connection down {when}"),
        format!(
            "{} {when} (local time), on {}, within {} of each other",
            of(explains.len(), facts.drop_count(), "drop"),
            count(turns, if is_weekly { "week" } else { "day" }),
            seconds(widest)
        ),
        format!(
            "look for what runs {when}: the router's or provider's reconnect, a backup, an update, a timer; move or stop it"
        ),
    );
    match schedules.first() {
        Some(first) => account
            .figure("time_of_day_seconds", first.law.place.rem_euclid(DAY_SECONDS))
            .figure("period_seconds", first.period),
        None => account,
    }
}

/// The day of a time of the week.
fn weekday(place: f64) -> &'static str {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a day of the week")]
    DAYS[(place / DAY_SECONDS) as usize % 7]
}

fn clock(time: f64) -> String {
    let minutes = (time.rem_euclid(DAY_SECONDS) / 60.0).floor();
    format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes.rem_euclid(60.0))
}
