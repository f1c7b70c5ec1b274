//! The cause `regular_interval`: its page, how it is recognised, and what is said of it.

use std::collections::BTreeSet;

use super::{Account, Candidate};
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::law::{Crowd, Reading, Space, crowd, exposure};
use crate::diagnosis::spells::Grid;
use crate::diagnosis::statistics::{median, number};
use crate::diagnosis::words::{of, seconds};

entry! {
    /// Drops lie on a fixed grid of the wall clock, whatever the session's age.
    ///
    /// **How it shows.** Every 5, 10, 30 or 60 minutes, or another steady interval, something ends the connection; an extra
    /// reconnect in between does not move the next drop.
    ///
    /// **What looks like it.** A fixed age (`connection_lifetime`): there the interval starts anew with each session. A time
    /// of the day is `scheduled_outage`.
    ///
    /// **What to do.** Look for what runs at that interval: a cron job, a health check that restarts, a lease, a roaming
    /// scan, a proxy that reloads.
    RegularInterval, prior -2.5, weigh
}

/// Intervals at which timers are set, seconds.
const GRIDS: [f64; 16] = [
    60.0, 120.0, 180.0, 240.0, 300.0, 600.0, 900.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 14_400.0,
    21_600.0, 28_800.0, 43_200.0,
];
/// A timer within this range is looked for, seconds; a day is a time of the day.
const BOUNDS_SECONDS: std::ops::RangeInclusive<f64> = 20.0..=50_000.0;
/// Fewer drops, on fewer lines, claim no grid.
const FEWEST: usize = 5;
const FEWEST_LINES: usize = 4;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let drops: Vec<Dropped<'a>> = facts.drops().collect();
    let usual = usual_intervals(&drops);
    let listed = GRIDS.into_iter().map(|period| (period, number(GRIDS.len() as u64).ln()));
    let measured = usual.into_iter().map(|period| (period, if period % 60.0 == 0.0 { 5.0 } else { 8.0 }));
    let grids = listed.chain(measured).filter(|(period, _)| BOUNDS_SECONDS.contains(period));
    let mut found: Vec<(f64, Candidate<'a>)> =
        grids.filter_map(|(period, cost)| on_grid(facts, &drops, period, cost)).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Intervals from drop to drop that are usual, refined over all drops that lie on them.
fn usual_intervals(drops: &[Dropped<'_>]) -> Vec<f64> {
    let times: Vec<f64> = drops.iter().filter_map(|dropped| Some(when(*dropped)?.to)).collect();
    let usual = |step: usize| {
        let intervals: Vec<Reading> = times
            .windows(step + 1)
            .enumerate()
            .map(|(index, window)| Reading::exact(index, window[step] - window[0]))
            .collect();
        crowd(&intervals, Space::Sizes { finest: 1.0 })
            .filter(|crowd| crowd.len() >= FEWEST_LINES)
            .map(|crowd| crowd.place)
    };
    [1, 2].into_iter().filter_map(usual).map(|interval| refined(&times, interval)).collect()
}

/// The interval that fits all times best: small errors add up over many lines.
fn refined(times: &[f64], interval: f64) -> f64 {
    let Some(first) = times.first() else { return interval };
    let mut period = interval;
    for _ in 0..3 {
        let exact: Vec<f64> = times
            .iter()
            .map(|time| time - first)
            .filter(|since| *since > 0.5 * period)
            .filter(|since| (since / period - (since / period).round()).abs() < 0.1)
            .map(|since| since / (since / period).round())
            .collect();
        // The later ones tell it best.
        let Some(latest) = median(&exact[exact.len().saturating_sub(9)..]) else { return period };
        period = latest;
    }
    // A timer is set in whole seconds.
    if (period - period.round()).abs() < 0.02 { period.round() } else { period }
}

fn on_grid<'a>(
    facts: &'a Facts<'a>,
    drops: &[Dropped<'a>],
    period: f64,
    cost: f64,
) -> Option<(f64, Candidate<'a>)> {
    let readings: Vec<Reading> = drops.iter().filter_map(|dropped| when(*dropped)).collect();
    let law = crowd(&readings, Space::Circle { circumference: period })?;
    let line = |index: usize| {
        let at = readings.iter().find(|reading| reading.index == index).map_or(0.0, |reading| reading.to);
        ((at - law.place) / period).round()
    };
    #[expect(clippy::cast_possible_truncation, reason = "lines of twenty seconds or more since 1970")]
    let lines: BTreeSet<i64> = law.members.iter().map(|(index, _)| line(*index) as i64).collect();
    if law.len() < FEWEST || lines.len() < FEWEST_LINES || law.len() >= 2 * lines.len() {
        return None;
    }
    let margin = (law.range.1 - law.range.0).clamp(1.0, 0.2 * period);
    let grid = Grid { phase: law.place, period, offset: 0.0, margin };
    let passed_by =
        facts.spells.lines_survived(grid, facts.span_of(law.members.iter().map(|(index, _)| *index)));
    let (strike, passed) = exposure(lines.len(), passed_by);
    let mut nats = law.nats(facts.len(), |index, width| facts.surprise(index, width));
    for (index, nats) in nats.iter_mut().enumerate() {
        *nats += strike + super::outage_nats(facts, index);
    }
    let cost = passed - law.search - cost;
    let strength: f64 = nats.iter().filter(|nats| nats.is_finite()).sum::<f64>() + cost;
    let account = move |explains: &[usize]| account(facts, &law, period, explains);
    Some((strength, Candidate::new(nats, account).costing(cost)))
}

/// Between which times a session began to end, seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
fn when(dropped: Dropped<'_>) -> Option<Reading> {
    // A grid outside of this host does not move with the steps of its clock: the last setting holds for all of a run.
    let noticed =
        dropped.incident.noticed.timestamp_millis() as f64 / 1e3 + dropped.incident.later_clock_steps_seconds;
    let (most, least) = dropped.incident.unnoticed_range()?;
    Some(Reading { index: dropped.index, from: noticed - most, to: noticed - least })
}

fn account(facts: &Facts<'_>, law: &Crowd, period: f64, explains: &[usize]) -> Account {
    Account::new(
        format!("drops come every {}, or at multiples of it, by the clock", seconds(period)),
        format!(
            "{} on a grid of {}, within {} of its lines",
            of(explains.len(), facts.drop_count(), "drop"),
            seconds(period),
            seconds((law.range.1 - law.range.0).max(1.0))
        ),
        format!(
            "look for what runs every {}: a cron job, a health check, a lease, a Wi-Fi scan, a proxy that reloads",
            seconds(period)
        ),
    )
    .figure("period_seconds", period)
}
