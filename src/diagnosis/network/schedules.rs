//! Drops that come by the clock: at a time of day, or on a grid.

use std::collections::BTreeSet;

use chrono::Timelike;

use super::is_silent;
use crate::diagnosis::case::{Case, Dropped};
use crate::diagnosis::confidence::trust;
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{count, of, seconds};
use crate::diagnosis::statistics::{
    Meeting, densest, densest_on_circle, in_order, largest, median, meeting, pinned, scatter,
    scatter_of_ranges, share, smallest, surprise,
};

const DAY_SECONDS: f64 = 86_400.0;
/// How far from each other drops of one schedule lie within the day.
const SCHEDULE_SECONDS: f64 = 20.0 * 60.0;
/// Fewer days claim no time of day.
const DAYS: usize = 3;

/// Drops that come at one time of the day.
struct TimeOfDay {
    /// By their place among the drops.
    members: Vec<usize>,
    days: usize,
    /// The earliest, the usual and the latest time, seconds since midnight; the latest may lie behind the next one.
    span: (f64, f64, f64),
    /// How closely they keep to it, seconds.
    width: f64,
}

impl TimeOfDay {
    /// The time at which the most of these drops came, if that was on days enough.
    fn of(drops: &[Dropped<'_>], among: &[usize]) -> Option<Self> {
        let local = |member: &usize| drops[*member].incident.local;
        let times: Vec<f64> =
            among.iter().map(|member| f64::from(local(member).num_seconds_from_midnight())).collect();
        let cluster = densest_on_circle(&times, DAY_SECONDS, SCHEDULE_SECONDS)?;
        let members: Vec<usize> = cluster.members.iter().map(|place| among[*place]).collect();
        let days: BTreeSet<_> = members.iter().map(|member| local(member).date()).collect();
        let (from, to) = cluster.range;
        let turned = |time: f64| if time < from { time + DAY_SECONDS } else { time };
        let near: Vec<f64> = cluster.members.iter().map(|place| turned(times[*place])).collect();
        let is_daily = days.len() >= DAYS && 2 * days.len() >= members.len();
        let span = (from, turned(cluster.median), to);
        is_daily.then(|| Self { days: days.len(), span, width: scatter(&near).max(1.0), members })
    }

    fn clock(time: f64) -> String {
        let minutes = (time.rem_euclid(DAY_SECONDS) / 60.0).floor();
        format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes.rem_euclid(60.0))
    }
}

/// One time of the day, or two where one does not tell it; two that lie half a day apart are a timer's.
fn times_of_day(drops: &[Dropped<'_>]) -> Option<Vec<TimeOfDay>> {
    let all: Vec<usize> = (0..drops.len()).collect();
    let first = TimeOfDay::of(drops, &all)?;
    let rest: Vec<usize> = all.iter().copied().filter(|member| !first.members.contains(member)).collect();
    let second = TimeOfDay::of(drops, &rest).filter(|second| {
        let apart = (second.span.1 - first.span.1).rem_euclid(DAY_SECONDS);
        let is_half_a_day = (apart - DAY_SECONDS / 2.0).abs() <= first.width.max(second.width);
        let both = first.members.len() + second.members.len();
        let part = (first.width + second.width + 120.0) / DAY_SECONDS;
        !is_half_a_day && surprise(both, drops.len(), part) >= TWO_TIMES_NATS
    });
    Some(std::iter::once(first).chain(second).collect())
}

/// What chance would rarely do, with all the pairs of times that are tried, in nats.
const TWO_TIMES_NATS: f64 = 16.0;

pub(super) fn scheduled_outage(case: &Case<'_>) -> Option<Verdict> {
    let drops: Vec<_> = case.open_drops().collect();
    let times = times_of_day(&drops)?;
    let members: Vec<usize> = times.iter().flat_map(|time| time.members.iter().copied()).collect();
    let days = times.iter().map(|time| time.days).max()?;
    let part = share(members.len(), drops.len());
    if part < 0.55 {
        return None;
    }
    let widest = times.iter().map(|time| time.span.2 - time.span.0).fold(0.0, f64::max);
    let together: f64 = times.iter().map(|time| time.width).sum();
    let about: Vec<String> = times.iter().map(|time| TimeOfDay::clock(time.span.1)).collect();
    let evidence = times.iter().map(|time| {
        let (from, _, to) = time.span;
        format!(
            "{} between {} and {} local time, on {}",
            of(time.members.len(), drops.len(), "drop"),
            TimeOfDay::clock(from),
            TimeOfDay::clock(to),
            count(time.days, "day")
        )
    });
    Some(Verdict {
        pins: Some(pinned(DAY_SECONDS, members.iter().map(|_| together))),
        confidence: trust(0.97, days, DAYS).max(0.7)
            * (0.6 + 0.4 * part)
            * (1.0 - 0.2 * widest / SCHEDULE_SECONDS),
        summary: format!("something happens every day at about {} local time", about.join(" and ")),
        evidence: evidence.collect(),
        fix: "find what runs then: the provider's forced reconnect, a router's or host's restart, a \
            backup, a renewal of certificates; move it or accept it"
            .to_owned(),
        explains: in_order(members.iter().map(|member| drops[*member].index)),
    })
}

/// Grids of the wall clock that timers use, seconds.
const GRIDS: [f64; 18] = [
    60.0, 120.0, 180.0, 240.0, 300.0, 600.0, 900.0, 1_200.0, 1_500.0, 1_800.0, 2_700.0, 3_600.0, 7_200.0,
    10_800.0, 14_400.0, 21_600.0, 28_800.0, 43_200.0,
];

/// A longer period is that of the day, seconds.
const LONGEST_SECONDS: f64 = 0.75 * DAY_SECONDS;

/// Drops on a grid.
struct Grid<'a> {
    /// From one line to the next, seconds.
    period: f64,
    members: Vec<Dropped<'a>>,
    /// How closely they keep to it, seconds.
    width: f64,
    pins: f64,
}

pub(super) fn regular_interval(case: &Case<'_>) -> Option<Verdict> {
    let drops = case.untold_drops();
    let Grid { period, members, width, pins } = grid(&drops)?;
    let part = share(members.len(), drops.len());
    if part < 0.5 {
        return None;
    }
    Some(Verdict {
        confidence: trust(0.96, members.len(), 5).max(0.72) * (0.6 + 0.4 * part),
        pins: Some(pins),
        summary: format!("drops come every {} by the clock, whatever the session's age", seconds(period)),
        evidence: vec![format!(
            "{} within {} of a grid of {}",
            of(members.len(), drops.len(), "drop"),
            seconds(width.max(1.0)),
            seconds(period)
        )],
        fix: format!(
            "look for what runs every {}: a timer, a watchdog, a DHCP renewal, a monitoring job \
            on the path or at the broker",
            seconds(period)
        ),
        explains: in_order(members.iter().map(|dropped| dropped.index)),
    })
}

/// The grid that tells the moments of the drops best.
fn grid<'a>(drops: &[Dropped<'a>]) -> Option<Grid<'a>> {
    let spans: Vec<(f64, f64)> = drops.iter().filter_map(|dropped| when(*dropped)).collect();
    let usual = usual_intervals(&spans);
    let near_usual = usual.iter().map(|interval| (interval / 60.0).round() * 60.0);
    let minutes = (1..60_u32).chain((60..=300).step_by(5)).map(|minutes| f64::from(minutes) * 60.0);
    let candidates = GRIDS.iter().copied().chain(usual.iter().copied()).chain(near_usual).chain(minutes);
    let shortest = 3.0 * own_grid(drops);
    let candidates = candidates.filter(|period| (shortest..=LONGEST_SECONDS).contains(period));
    let grids = candidates.filter_map(|period| on_grid(drops, &spans, period));
    grids.filter(|grid| grid.pins > 0.0).max_by(|a, b| a.pins.total_cmp(&b.pins))
}

/// Silent ends are noticed on the grid of our own pings and probes: only a much wider one says anything, seconds.
fn own_grid(drops: &[Dropped<'_>]) -> f64 {
    let silent = drops.iter().filter(|dropped| is_silent(**dropped)).count();
    let interval = drops.first().and_then(|first| first.incident.terms.ping_interval_seconds).unwrap_or(60.0);
    if 2 * silent > drops.len() { interval.max(60.0) } else { 20.0 }
}

/// From one drop to the next or the one after it, as it is most often, seconds.
fn usual_intervals(spans: &[(f64, f64)]) -> Vec<f64> {
    let usual = |lag: usize| {
        let intervals: Vec<f64> = spans.iter().zip(spans.iter().skip(lag)).map(|(a, b)| b.1 - a.1).collect();
        densest(&intervals, |from| 0.03 * from + 3.0).map(|cluster| cluster.median)
    };
    [1, 2].into_iter().filter_map(usual).collect()
}

fn on_grid<'a>(drops: &[Dropped<'a>], spans: &[(f64, f64)], period: f64) -> Option<Grid<'a>> {
    // Each once more a turn later, so that a group may lie across the seam.
    let turned: Vec<(f64, f64)> = spans
        .iter()
        .map(|(from, to)| (to.rem_euclid(period) - (to - from), to.rem_euclid(period)))
        .flat_map(|(from, to)| [(from, to), (from + period, to + period)])
        .collect();
    let slack = (0.02 * period).clamp(1.5, 60.0);
    let Meeting { place, members } = meeting(&turned, |_| slack)?;
    let near: Vec<f64> =
        members.iter().map(|member| place.clamp(turned[*member].0, turned[*member].1)).collect();
    let exact = scatter_of_ranges(members.iter().map(|member| turned[*member]), place, slack);
    let widths: Vec<f64> =
        members.iter().map(|member| exact.max(turned[*member].1 - turned[*member].0)).collect();
    let indices = in_order(members.iter().map(|member| member / 2));
    let turns = turns(indices.iter().map(|index| spans[*index].1 - place), period);
    let true_period = f64::from(steps_of(&turns)) * period;
    let middle = median(&widths)?;
    let part = (middle + 2.0 * slack).max(own_grid(drops)) / period;
    let by_chance = surprise(indices.len(), drops.len(), part);
    let is_regular = turns.len() >= 4 && indices.len() >= 5 && indices.len() < 2 * turns.len();
    let is_a_grid = is_regular && true_period <= LONGEST_SECONDS;
    (is_a_grid && by_chance >= SURPRISE_NATS).then(|| Grid {
        period,
        members: indices.iter().map(|index| drops[*index]).collect(),
        width: largest(&near) - smallest(&near),
        pins: pinned(period, widths.into_iter()) - search_nats(period),
    })
}

/// What chance would rarely do, with all the grids and places on them that are tried, in nats.
const SURPRISE_NATS: f64 = 8.0;

/// What it costs to have looked for this period: a timer's comes from a short list, any other from a long one, in nats.
fn search_nats(period: f64) -> f64 {
    if GRIDS.contains(&period) {
        3.0
    } else if period % 60.0 == 0.0 {
        5.0
    } else {
        8.0
    }
}

/// To which turns of a circle these times belong, each once.
#[expect(clippy::cast_possible_truncation, reason = "turns of a minute or more since 1970")]
fn turns(times: impl Iterator<Item = f64>, period: f64) -> Vec<i64> {
    let turns: BTreeSet<i64> = times.map(|time| (time / period).round() as i64).collect();
    turns.into_iter().collect()
}

/// By how many turns at once the drops go on: what comes at every second line of a grid keeps to one of twice its period.
fn steps_of(turns: &[i64]) -> u32 {
    let steps = turns.windows(2).map(|two| two[0].abs_diff(two[1]));
    let common = steps.fold(0, |mut a, mut b| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    });
    u32::try_from(common).unwrap_or(u32::MAX)
}

/// Between which times a session began to end, seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
fn when(dropped: Dropped<'_>) -> Option<(f64, f64)> {
    // A grid outside of this host does not move with the steps of its clock: the last setting holds for all of a run.
    let noticed =
        dropped.incident.noticed.timestamp_millis() as f64 / 1e3 + dropped.incident.later_clock_steps_seconds;
    let (most, least) = dropped.incident.unnoticed_range()?;
    Some((noticed - most, noticed - least))
}
