//! Laws of when: at one age, after one silence, at one time of the day, on one grid.
//!
//! A law says where values crowd. It is fitted to the incidents, and paid for: with the number of places and widths that
//! were tried, and with the occasions on which it would have struck and did not.

use super::statistics::number;

/// A value with its place among the incidents. Where it is only known to lie in a range, `to - from` is the range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// Place of the incident.
    pub(super) index: usize,
    /// The least that it may be.
    pub(super) from: f64,
    /// The most that it may be.
    pub(super) to: f64,
}

impl Reading {
    /// One that is known.
    pub(super) const fn exact(index: usize, value: f64) -> Self {
        Self { index, from: value, to: value }
    }

    fn width(&self) -> f64 {
        self.to - self.from
    }
}

/// Where values crowd.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Crowd {
    /// The middle of the window.
    pub(super) place: f64,
    /// From the lowest to the highest member that is exactly known.
    pub(super) range: (f64, f64),
    /// By place among the incidents, how exactly the law and the reading tell the value, in its unit.
    pub(super) members: Vec<(usize, f64)>,
    /// What the search cost, in nats.
    pub(super) search: f64,
}

impl Crowd {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Nats of each of `incidents`, by what `nats_of` says of a member and how exactly it is told; none for others.
    pub(super) fn nats(&self, incidents: usize, nats_of: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let mut nats = vec![f64::NEG_INFINITY; incidents];
        for (index, width) in &self.members {
            nats[*index] = nats[*index].max(nats_of(*index, *width));
        }
        nats
    }
}

/// The most occasions that are weighed one by one; from there on the law is refuted or confirmed anyway.
const MOST_OCCASIONS: f64 = 1e6;

/// What occasions say of a law: with which chance it strikes, as nats for each strike, and the cost of those on which it
/// did not strike.
pub(super) fn exposure(strikes: usize, survived: f64) -> (f64, f64) {
    let (strikes, survived) = (number(strikes as u64), survived.clamp(0.0, MOST_OCCASIONS));
    let chance = (strikes + 0.5) / (strikes + survived + 1.0);
    (chance.ln(), survived * (1.0 - chance).ln())
}

/// Where the values lie: on a line of sizes, on which a hundredth is as much at one second as at one day; or on a circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Space {
    /// Sizes above 0.
    Sizes {
        /// Nothing is known more exactly, in the unit of the values.
        finest: f64,
    },
    /// Phases of a period.
    Circle {
        /// The period.
        circumference: f64,
    },
}

/// Widths of windows that are tried: as shares of the value on a line of sizes.
const SHARES: [f64; 9] = [0.0005, 0.001, 0.002, 0.003, 0.006, 0.01, 0.02, 0.05, 0.1];
/// On a circle, in its unit.
const SECONDS: [f64; 9] = [0.5, 2.0, 5.0, 10.0, 20.0, 60.0, 240.0, 600.0, 1200.0];
/// A window wider than this share of a circle says nothing.
const WIDEST_SHARE: f64 = 0.1;

/// Sizes spread over so many nats, from a tenth of a second to a year: without better knowledge any is as likely.
const RANGE_NATS: f64 = 19.6;
/// The least density of others around a window, per nat of size: irregular ends are spread over few sizes, a third of them
/// over one nat (the exponential law, at its densest).
const LEAST_DENSITY: f64 = 0.35;
/// How far around a window the density of others is measured, as a factor.
const AROUND: f64 = 3.0;

/// The crowd that says most, where there is one.
pub(super) fn crowd(readings: &[Reading], space: Space) -> Option<Crowd> {
    let windows = match space {
        Space::Sizes { .. } => SHARES.len(),
        Space::Circle { .. } => SECONDS.len(),
    };
    (0..windows)
        .filter_map(|window| best_window(readings, space, window))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(crowd, _)| crowd)
}

fn best_window(readings: &[Reading], space: Space, window: usize) -> Option<(Crowd, f64)> {
    match space {
        Space::Sizes { finest } => on_a_line(readings, |value| (SHARES[window] * value).max(finest)),
        Space::Circle { circumference } => {
            let width = SECONDS[window];
            (width <= WIDEST_SHARE * circumference)
                .then(|| on_a_circle(readings, width, circumference))
                .flatten()
        }
    }
}

/// A group of sorted values: from the place of the first to behind the last.
struct Group {
    from: usize,
    to: usize,
    gain: f64,
}

/// Of the groups that fit into a window, the one that says most; `nats_of` says how much each of its members does.
fn best_group(
    values: &[f64],
    width: impl Fn(f64) -> f64,
    nats_of: impl Fn(usize, usize) -> f64,
) -> Option<Group> {
    let all = number(values.len() as u64);
    let mut best: Option<Group> = None;
    let mut to = 0;
    for from in 0..values.len() {
        while to < values.len() && values[to] <= values[from] + width(values[from]) {
            to += 1;
        }
        let count = number((to - from) as u64);
        let nats = nats_of(from, to);
        let rest = if all > count { (all - count) * (1.0 - count / all).ln() } else { 0.0 };
        let gain = count * (nats + (count / all).ln()) + rest;
        if best.as_ref().is_none_or(|best| gain > best.gain) {
            best = Some(Group { from, to, gain });
        }
    }
    best
}

fn on_a_line(readings: &[Reading], width: impl Fn(f64) -> f64) -> Option<(Crowd, f64)> {
    let mut exact: Vec<&Reading> =
        readings.iter().filter(|reading| reading.to > 0.0 && reading.width() <= width(reading.to)).collect();
    exact.sort_by(|a, b| a.to.total_cmp(&b.to));
    let values: Vec<f64> = exact.iter().map(|reading| reading.to).collect();
    let nats_of = |from: usize, to: usize| {
        let value = values[from];
        (value / width(value)).ln() - density_around(&values, from, to).ln()
    };
    let group = best_group(&values, &width, nats_of)?;
    let (low, high) = (values[group.from], values[group.to - 1]);
    let place = values[usize::midpoint(group.from, group.to - 1)];
    let search = (RANGE_NATS * place / width(place)).ln() + number(SHARES.len() as u64).ln();
    let slack = 0.25 * width(place);
    let density = density_around(&values, group.from, group.to);
    let member = |reading: &Reading| {
        let holds = reading.from <= high + slack && reading.to >= low - slack;
        let spread = reading.width().max(width(place));
        (holds && spread < place).then_some((reading.index, spread))
    };
    let members = readings.iter().filter_map(member).collect();
    let crowd = Crowd { place, range: (low, high), members, search };
    Some(weighed(crowd, readings.len(), |spread| (place / spread / density).ln()))
}

/// A crowd with what it gains over all readings, those included that are not exactly known.
fn weighed(crowd: Crowd, readings: usize, nats_of: impl Fn(f64) -> f64) -> (Crowd, f64) {
    let (count, all) = (number(crowd.members.len() as u64), number(readings as u64));
    let rest = if all > count { (all - count) * (1.0 - count / all).ln() } else { 0.0 };
    let nats: f64 = crowd.members.iter().map(|(_, spread)| nats_of(*spread)).sum();
    let gain = nats + count * (count / all).ln() + rest - crowd.search;
    (crowd, gain)
}

/// How densely values outside of the group lie around it, per nat of size: at least as irregular ends would.
fn density_around(values: &[f64], from: usize, to: usize) -> f64 {
    let (low, high) = (values[from] / AROUND, values[to - 1] * AROUND);
    let near = values.partition_point(|value| *value <= high) - values.partition_point(|value| *value < low);
    let others = number((near - (to - from)) as u64) + 1.0;
    (others / (number(values.len() as u64) * 2.0 * AROUND.ln())).max(LEAST_DENSITY)
}

fn on_a_circle(readings: &[Reading], width: f64, circumference: f64) -> Option<(Crowd, f64)> {
    let mut exact: Vec<f64> = readings
        .iter()
        .filter(|reading| reading.width() <= width)
        .map(|reading| reading.to.rem_euclid(circumference))
        .collect();
    exact.sort_by(f64::total_cmp);
    let single = exact.len();
    // Each once more, a turn later, so that a group may lie across the seam.
    let turned: Vec<f64> =
        exact.iter().copied().chain(exact.iter().map(|phase| phase + circumference)).collect();
    let nats = (circumference / width).ln();
    let group = best_of_turns(&turned, single, width, nats)?;
    let (low, high) = (turned[group.from], turned[group.to - 1]);
    let search = nats + number(SECONDS.len() as u64).ln();
    let (from, to) = (low - 0.25 * width, high + 0.25 * width);
    let member = |reading: &Reading| {
        let span = reading.width();
        let last = from + (reading.to - from).rem_euclid(circumference);
        let holds = last - span <= to || last <= to;
        let spread = span.max(width);
        (holds && spread < circumference).then_some((reading.index, spread))
    };
    let members = readings.iter().filter_map(member).collect();
    let place = turned[usize::midpoint(group.from, group.to - 1)].rem_euclid(circumference);
    let crowd = Crowd { place, range: (low, high), members, search };
    Some(weighed(crowd, readings.len(), |spread| (circumference / spread).ln()))
}

fn best_of_turns(turned: &[f64], single: usize, width: f64, nats: f64) -> Option<Group> {
    let all = number(single as u64);
    let mut best: Option<Group> = None;
    let mut to = 0;
    for from in 0..single {
        while to < turned.len() && to < from + single && turned[to] <= turned[from] + width {
            to += 1;
        }
        let count = number((to - from) as u64);
        let rest = if all > count { (all - count) * (1.0 - count / all).ln() } else { 0.0 };
        let gain = count * (nats + (count / all).ln()) + rest;
        if best.as_ref().is_none_or(|best| gain > best.gain) {
            best = Some(Group { from, to, gain });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(values: &[f64]) -> Vec<Reading> {
        values.iter().enumerate().map(|(index, value)| Reading::exact(index, *value)).collect()
    }

    const AGES: Space = Space::Sizes { finest: 0.2 };

    #[test]
    fn what_crowds_is_found_among_strangers() {
        let values = [3600.1, 17.0, 3600.3, 950.0, 3600.0, 81.0, 3600.5, 12_000.0, 3600.2];
        let found = crowd(&exact(&values), AGES).unwrap();
        assert_eq!(found.members.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
        assert!((found.place - 3600.2).abs() < 0.2 && found.members[0].1 < 8.0, "{found:?}");
    }

    #[test]
    fn an_inexact_reading_joins_where_it_may_belong_and_says_less() {
        let mut readings = exact(&[100.0, 100.01, 100.02, 100.01]);
        readings.push(Reading { index: 4, from: 70.0, to: 130.0 });
        readings.push(Reading { index: 5, from: 10.0, to: 20.0 });
        let found = crowd(&readings, AGES).unwrap();
        let nats = found.nats(6, |_, width| (100.0 / width).ln());
        assert!(nats[4] > 0.0 && nats[4] < nats[0] - 2.0 && nats[5] == f64::NEG_INFINITY, "{nats:?}");
    }

    #[test]
    fn a_crowd_may_lie_across_midnight() {
        let day = Space::Circle { circumference: 86_400.0 };
        let found = crowd(&exact(&[86_390.0, 40_000.0, 10.0, 86_400.0 * 3.0 + 5.0]), day).unwrap();
        assert_eq!(found.members.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2, 3]);
    }

    #[test]
    fn occasions_that_were_survived_speak_against_a_law() {
        let (always, nothing) = exposure(10, 0.0);
        let (seldom, cost) = exposure(10, 90.0);
        assert!(always > -0.1 && nothing.abs() < 1e-9 && seldom < -2.0 && cost < -9.0);
    }
}
