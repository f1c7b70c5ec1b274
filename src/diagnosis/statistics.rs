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

impl Cluster {
    /// From smallest to largest.
    pub(super) fn width(&self) -> f64 {
        self.range.1 - self.range.0
    }
}

/// The largest group of values of which none lies further from the group's first than `reach` allows; of several the
/// narrowest.
pub(super) fn densest(values: &[f64], reach: impl Fn(f64) -> f64) -> Option<Cluster> {
    let mut order: Vec<usize> = (0..values.len()).filter(|index| values[*index].is_finite()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut best: Option<&[usize]> = None;
    let mut last = 0;
    for first in 0..order.len() {
        let lowest = values[order[first]];
        while last < order.len() && values[order[last]] <= lowest + reach(lowest) {
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
        assert!((cluster.median - 100.5).abs() < 1e-9 && (cluster.width() - 1.0).abs() < 1e-9);
        assert_eq!(densest(&[1.0, 2.0, 9.0, 9.5], |_| 1.0).unwrap().members, [2, 3]);
        assert_eq!(densest(&[], |_| 1.0), None);
        assert_eq!(densest(&[f64::NAN], |_| 1.0), None);
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
}
