//! The little statistics that rules need: where values crowd, on a line and on a circle.

/// Values that lie close together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cluster {
    /// Which of the values, by their place in the input.
    pub(super) members: Vec<usize>,
    /// The middle one.
    pub(super) median: f64,
    /// The smallest and the largest.
    pub(super) range: (f64, f64),
}

/// The largest group of values of which none lies further from the group's first than `reach` allows (a negative reach
/// is none); of several the narrowest.
pub(super) fn densest(values: &[f64], reach: impl Fn(f64) -> f64) -> Option<Cluster> {
    let mut order: Vec<usize> = (0..values.len()).filter(|index| values[*index].is_finite()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut best: Option<&[usize]> = None;
    let mut last = 0;
    for first in 0..order.len() {
        let lowest = values[order[first]];
        while last < order.len() && values[order[last]] <= lowest + reach(lowest).max(0.0) {
            last += 1;
        }
        let group = &order[first..last];
        let width = |group: &[usize]| values[group[group.len() - 1]] - values[group[0]];
        let is_better = best.is_none_or(|best| {
            group.len() > best.len() || (group.len() == best.len() && width(group) < width(best))
        });
        if is_better {
            best = Some(group);
        }
    }
    best.map(|group| Cluster {
        members: group.to_vec(),
        median: values[group[group.len() / 2]],
        range: (values[group[0]], values[group[group.len() - 1]]),
    })
}

/// The largest group of values on a circle of this circumference, none further than `reach` from the group's first;
/// the median is told within the circumference.
pub(super) fn densest_on_circle(values: &[f64], circumference: f64, reach: f64) -> Option<Cluster> {
    let phases: Vec<f64> = values.iter().map(|value| value.rem_euclid(circumference)).collect();
    // Each value once more, a turn later, so that a group may lie across the seam.
    let unrolled: Vec<f64> =
        phases.iter().copied().chain(phases.iter().map(|phase| phase + circumference)).collect();
    let cluster = densest(&unrolled, |_| reach.min(circumference / 2.0))?;
    let members = cluster.members.iter().map(|index| index % values.len()).collect();
    Some(Cluster { members, median: cluster.median.rem_euclid(circumference), range: cluster.range })
}

/// Where the most of these ranges meet, each widened by `slack` of its upper bound on both sides; of several places the
/// one where they meet most closely.
pub(super) fn meeting(ranges: &[(f64, f64)], slack: impl Fn(f64) -> f64) -> Option<Meeting> {
    let widened = |(low, high): (f64, f64)| (low - slack(high), high + slack(high));
    let mut lows: Vec<f64> = ranges.iter().map(|range| widened(*range).0).collect();
    let mut highs: Vec<f64> = ranges.iter().map(|range| widened(*range).1).collect();
    lows.sort_by(f64::total_cmp);
    highs.sort_by(f64::total_cmp);
    let (mut passed, mut most, mut place) = (0, 0, None);
    for (begun, low) in lows.iter().enumerate() {
        while passed < highs.len() && highs[passed] < *low {
            passed += 1;
        }
        let open = begun + 1 - passed;
        if open > most {
            // They stay together until the first of them ends.
            (most, place) = (open, Some(f64::midpoint(*low, highs[passed])));
        }
    }
    let place = place?;
    let holds = |range: (f64, f64)| (widened(range).0..=widened(range).1).contains(&place);
    Some(Meeting { place, members: (0..ranges.len()).filter(|index| holds(ranges[*index])).collect() })
}

/// Where ranges meet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meeting {
    /// The value.
    pub(super) place: f64,
    /// The ranges that hold it, by their place in the input.
    pub(super) members: Vec<usize>,
}

/// How wide an even distribution is whose middle half is this wide: strangers among the values do not widen it.
pub(super) fn scatter(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |quarters: usize| sorted.get(quarters * sorted.len().saturating_sub(1) / 4).copied();
    at(1).zip(at(3)).map_or(0.0, |(low, high)| 2.0 * (high - low))
}

/// How closely those of these ranges that tell a moment keep to `place`: one wider than `telling` fits anywhere, and
/// says nothing of it.
pub(super) fn scatter_of_ranges(ranges: impl Iterator<Item = (f64, f64)>, place: f64, telling: f64) -> f64 {
    let told = ranges.filter(|(low, high)| high - low <= telling);
    scatter(&told.map(|(low, high)| place.clamp(low, high)).collect::<Vec<_>>())
}

/// What nothing is told more finely than, seconds: clocks, round trips, timers.
const FINEST_SECONDS: f64 = 0.05;

/// How much better than chance a rule tells the moments of drops that it places within `widths` of a `span`, in nats:
/// chance would place each anywhere in it.
pub(super) fn pinned(span: f64, widths: impl Iterator<Item = f64>) -> f64 {
    widths.map(|width| (span / width.max(FINEST_SECONDS)).ln().max(0.0)).sum()
}

/// How much less likely chance is to place so many of `all` within one `part` of the whole, in nats (Kullback and Leibler).
pub(super) fn surprise(members: usize, all: usize, part: f64) -> f64 {
    let (seen, part) = (share(members, all), part.clamp(1e-9, 1.0 - 1e-9));
    let term = |seen: f64, expected: f64| if seen > 0.0 { seen * (seen / expected).ln() } else { 0.0 };
    if seen <= part {
        return 0.0;
    }
    number(all as u64) * (term(seen, part) + term(1.0 - seen, 1.0 - part))
}

/// The middle value; `None` for none.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// The smallest value, 0 for none.
pub(super) fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().min_by(f64::total_cmp).unwrap_or_default()
}

/// The largest value, 0 for none.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().max_by(f64::total_cmp).unwrap_or_default()
}

/// Places among the incidents, each once and in order.
pub(super) fn in_order(indices: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut sorted: Vec<usize> = indices.collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^53")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// The share of `part` in `all`, 0 where there is nothing.
pub(super) fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { number(part as u64) / number(all as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_group_is_found_and_of_equal_ones_the_narrowest() {
        let cluster = densest(&[5.0, 100.0, 101.0, 300.0, 100.5, 7.0], |_| 2.0).unwrap();
        assert_eq!(cluster.members, [1, 4, 2]);
        assert!(
            (cluster.median - 100.5).abs() < 1e-9 && (cluster.range.1 - cluster.range.0 - 1.0).abs() < 1e-9
        );
        assert_eq!(densest(&[1.0, 2.0, 9.0, 9.5], |_| 1.0).unwrap().members, [2, 3]);
        assert_eq!(densest(&[], |_| 1.0), None);
        assert_eq!(densest(&[f64::NAN], |_| 1.0), None);
        assert_eq!(densest(&[-900.0, -100.0, -100.0, 5.0], |from| 0.1 * from).unwrap().members, [1, 2]);
    }

    #[test]
    fn a_group_may_lie_across_midnight() {
        let day = 86_400.0;
        let cluster =
            densest_on_circle(&[86_390.0, 40_000.0, 10.0, 86_400.0 * 3.0 + 5.0], day, 60.0).unwrap();
        let mut members = cluster.members.clone();
        members.sort_unstable();
        assert_eq!(members, [0, 2, 3]);
        assert!(cluster.median < 10.1, "{cluster:?}");
    }

    #[test]
    fn no_value_is_counted_twice_on_a_circle() {
        let cluster = densest_on_circle(&[1.0, 5.0, 9.0], 10.0, 100.0).unwrap();
        let mut members = cluster.members.clone();
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), cluster.members.len());
    }

    #[test]
    fn ranges_meet_where_most_of_them_do_and_each_may_be_a_point() {
        let ranges = [(0.0, 600.0), (290.0, 330.0), (301.0, 301.0), (700.0, 710.0), (299.0, 299.0)];
        let Meeting { place, members } = meeting(&ranges, |_| 2.0).unwrap();
        assert_eq!(members, [0, 1, 2, 4]);
        assert!((299.0..=301.0).contains(&place), "{place}");
        assert_eq!(meeting(&[], |_| 2.0), None);
    }

    #[test]
    fn strangers_do_not_widen_what_keeps_together() {
        let close = [10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 10.7, 10.8];
        let with_strangers = [close.as_slice(), &[14.0, 6.0]].concat();
        assert!((scatter(&close) - 0.8).abs() < 1e-9, "{}", scatter(&close));
        assert!(scatter(&with_strangers) < 1.2, "{}", scatter(&with_strangers));
        assert!(scatter(&[]) == 0.0);
    }

    #[test]
    fn narrow_places_surprise_and_wide_ones_do_not() {
        assert!(surprise(9, 10, 0.05) > 20.0);
        assert!(surprise(5, 10, 0.5) < 1e-9 && surprise(3, 10, 0.5) < 1e-9);
        assert!(surprise(0, 0, 0.1) < 1e-9);
        let (narrow, wide) = (pinned(300.0, [1.0; 4].into_iter()), pinned(300.0, [150.0; 4].into_iter()));
        assert!(narrow > 20.0 && wide < 3.0);
        assert!(pinned(300.0, [900.0].into_iter()) < 1e-9);
    }
}
