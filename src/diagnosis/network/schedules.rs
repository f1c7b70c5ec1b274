//! Drops that come by the clock: at a time of day, or on a grid.

use chrono::Timelike;

use super::is_silent;
use crate::diagnosis::case::{Case, Dropped, trust};
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{count, of, seconds};
use crate::diagnosis::statistics::{Cluster, densest, densest_on_circle, in_order, share};

const DAY_SECONDS: f64 = 86_400.0;
/// How far from each other drops of one schedule lie within the day.
const SCHEDULE_SECONDS: f64 = 20.0 * 60.0;
/// Fewer days claim no time of day.
const DAYS: usize = 3;

pub(super) fn scheduled_outage(case: &Case<'_>) -> Option<Verdict> {
    let drops: Vec<_> = case.drops().collect();
    let times: Vec<f64> =
        drops.iter().map(|dropped| f64::from(dropped.incident.local.num_seconds_from_midnight())).collect();
    let cluster = densest_on_circle(&times, DAY_SECONDS, SCHEDULE_SECONDS)?;
    let mut days: Vec<_> =
        cluster.members.iter().map(|member| drops[*member].incident.local.date()).collect();
    days.sort_unstable();
    days.dedup();
    let part = share(cluster.members.len(), drops.len());
    if days.len() < DAYS || part < 0.55 || 2 * days.len() < cluster.members.len() {
        return None;
    }
    let clock = |time: f64| {
        let minutes = (time.rem_euclid(DAY_SECONDS) / 60.0).floor();
        format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes.rem_euclid(60.0))
    };
    let spread = 1.0 - 0.2 * cluster.width() / SCHEDULE_SECONDS;
    Some(Verdict {
        confidence: trust(0.97, days.len(), DAYS).max(0.7) * (0.6 + 0.4 * part) * spread,
        summary: format!("something happens every day at about {} local time", clock(cluster.median)),
        evidence: vec![format!(
            "{} between {} and {} local time, on {}",
            of(cluster.members.len(), drops.len(), "drop"),
            clock(cluster.range.0),
            clock(cluster.range.1),
            count(days.len(), "day")
        )],
        fix: "find what runs then: the provider's forced reconnect, a router's or host's restart, a backup, a renewal of certificates; move it or accept it".to_owned(),
        explains: in_order(cluster.members.iter().map(|member| drops[*member].index)),
    })
}

/// Grids of the wall clock that timers use, seconds.
const GRIDS: [f64; 17] = [
    60.0, 120.0, 180.0, 240.0, 300.0, 600.0, 900.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 14_400.0,
    21_600.0, 28_800.0, 43_200.0, 1_500.0,
];

pub(super) fn regular_interval(case: &Case<'_>) -> Option<Verdict> {
    let drops: Vec<_> = case.drops().collect();
    let (period, cluster) = grid(&drops)?;
    let part = share(cluster.members.len(), drops.len());
    if part < 0.6 {
        return None;
    }
    let reliance = if is_an_age(&drops, &cluster) { 0.45 } else { 1.0 };
    Some(Verdict {
        confidence: trust(0.96, cluster.members.len(), 5).max(0.72) * (0.6 + 0.4 * part) * reliance,
        summary: format!("drops come every {} by the clock, whatever the session's age", seconds(period)),
        evidence: vec![format!(
            "{} within {} of a grid of {}",
            of(cluster.members.len(), drops.len(), "drop"),
            seconds(cluster.width()),
            seconds(period)
        )],
        fix: format!(
            "look for what runs every {}: a timer, a watchdog, a DHCP renewal, a monitoring job on the path or at the broker",
            seconds(period)
        ),
        explains: in_order(cluster.members.iter().map(|member| drops[*member].index)),
    })
}

/// The grid on which most drops lie, and which do.
fn grid(drops: &[Dropped<'_>]) -> Option<(f64, Cluster)> {
    let times: Vec<f64> = drops.iter().map(|dropped| unix(*dropped)).collect();
    let intervals: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let usual = densest(&intervals, |from| 0.03 * from + 3.0)?.median;
    let interval = drops.first()?.incident.terms.ping_interval_seconds.unwrap_or_default();
    let silent = drops.iter().filter(|dropped| is_silent(**dropped)).count();
    // What was heard last before silence lies on the grid of our own pings and probes.
    let (blur, shortest) =
        if 2 * silent > drops.len() { (interval, 3.0 * interval.max(60.0)) } else { (0.0, 60.0) };
    let candidates = GRIDS.iter().copied().chain([usual]);
    let candidates = candidates.filter(|period| (shortest..=0.75 * DAY_SECONDS).contains(period));
    let grids = candidates.filter_map(|period| {
        let cluster = densest_on_circle(&times, period, (0.02 * period).max(3.0) + blur.min(0.1 * period))?;
        let turns = turns(cluster.members.iter().map(|member| times[*member]), period);
        let is_a_grid = turns >= 4 && cluster.members.len() >= 5 && cluster.members.len() < 2 * turns;
        is_a_grid.then_some((period, cluster))
    });
    grids.max_by(|(a_period, a), (b_period, b)| {
        a.members.len().cmp(&b.members.len()).then(a_period.total_cmp(b_period))
    })
}

/// Whether the age of the sessions explains the grid as well as the clock does.
fn is_an_age(drops: &[Dropped<'_>], grid: &Cluster) -> bool {
    let ages: Vec<f64> =
        grid.members.iter().filter_map(|member| drops[*member].incident.age_seconds()).collect();
    densest(&ages, |from| 0.02 * from + 3.0)
        .is_some_and(|by_age| share(by_age.members.len(), ages.len()) > 0.8 && by_age.width() <= grid.width())
}

/// How many turns of a circle these times belong to.
fn turns(times: impl Iterator<Item = f64>, period: f64) -> usize {
    let mut turns: Vec<f64> = times.map(|time| (time / period).round()).collect();
    turns.sort_by(f64::total_cmp);
    turns.dedup();
    turns.len()
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
fn unix(dropped: Dropped<'_>) -> f64 {
    dropped.incident.began.timestamp_millis() as f64 / 1e3
}
