//! A stream of values in fixed memory: exact count, mean and extremes, and percentiles.

use super::quantiles::Quantiles;
use crate::event::{RoundTrips, rounded};

/// Sums are kept in millionths, as whole numbers: exact whatever the order and the length of the stream.
const PARTS: f64 = 1e6;

/// A population in a few numbers, all `None` where it is empty. Percentiles are nearest-rank, within 1 % of the value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Distribution {
    /// How many values.
    pub count: u64,
    /// The smallest.
    pub min: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// Half are at most this.
    pub p50: Option<f64>,
    /// Nine of ten are at most this.
    pub p90: Option<f64>,
    /// Ninety-nine of a hundred are at most this.
    pub p99: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
}

/// The stream so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Population {
    count: u64,
    sum_parts: i128,
    min: Option<f64>,
    max: Option<f64>,
    quantiles: Quantiles,
}

impl Population {
    /// Adds one value.
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum_parts = self.sum_parts.saturating_add(parts(value));
        self.widen(value, value);
        self.quantiles.add(value);
    }

    /// Adds a group that is known by its moments, and by as many of its values as are listed.
    pub(super) fn add_group(&mut self, group: &RoundTrips) {
        for value in &group.values {
            self.quantiles.add(*value);
        }
        let (Some(min), Some(mean), Some(max)) = (group.min, group.mean, group.max) else { return };
        self.count = self.count.saturating_add(group.count);
        self.sum_parts = self.sum_parts.saturating_add(parts(mean).saturating_mul(group.count.into()));
        self.widen(min, max);
    }

    /// Adds all values of another stream: the result is that of one stream of both, in whatever order.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum_parts = self.sum_parts.saturating_add(other.sum_parts);
        if let (Some(min), Some(max)) = (other.min, other.max) {
            self.widen(min, max);
        }
        self.quantiles.merge(&other.quantiles);
    }

    /// In a few numbers, rounded to `steps` steps per unit.
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
    pub(super) fn distribution(&self, steps: f64) -> Distribution {
        let at = |share| self.quantiles.at(share).map(|value| rounded(self.clamp(value), steps));
        let mean =
            (self.count > 0).then(|| rounded(self.sum_parts as f64 / PARTS / self.count as f64, steps));
        Distribution {
            count: self.count,
            min: self.min,
            mean,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: self.max,
        }
    }

    /// Adding 0 makes 0 of -0, which would otherwise win or lose by the order of arrival.
    fn widen(&mut self, min: f64, max: f64) {
        let (min, max) = (min + 0.0, max + 0.0);
        self.min = Some(self.min.map_or(min, |known| known.min(min)));
        self.max = Some(self.max.map_or(max, |known| known.max(max)));
    }

    fn clamp(&self, value: f64) -> f64 {
        value.max(self.min.unwrap_or(value)).min(self.max.unwrap_or(value))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn parts(value: f64) -> i128 {
    (value * PARTS).round() as i128
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn population(values: &[f64]) -> Population {
        let mut population = Population::default();
        for value in values {
            population.add(*value);
        }
        population
    }

    proptest! {
        #[test]
        fn two_populations_merge_into_that_of_all_their_values(
            values in prop::collection::vec(-1.0_f64..1e7, 0..400), cut in 0_usize..400,
        ) {
            let (earlier, later) = values.split_at(cut.min(values.len()));
            let mut merged = population(earlier);
            merged.merge(&population(later));
            prop_assert_eq!(merged.distribution(1e6), population(&values).distribution(1e6));
        }
    }

    #[test]
    fn an_empty_population_has_no_numbers() {
        assert_eq!(Population::default().distribution(1e6), Distribution::default());
    }

    #[test]
    fn a_mean_of_a_million_values_is_exact() {
        let mut population = Population::default();
        for _ in 0..1_000_000 {
            population.add(0.1);
        }
        let numbers = population.distribution(1e6);
        assert_eq!(
            (numbers.count, numbers.mean, numbers.p99, numbers.max),
            (1_000_000, Some(0.1), Some(0.1), Some(0.1))
        );
    }

    #[test]
    fn a_group_adds_its_moments_even_where_its_values_were_cut() {
        let mut population = Population::default();
        let group = RoundTrips {
            last: Some(3.0),
            min: Some(1.0),
            mean: Some(2.0),
            max: Some(9.0),
            count: 100,
            values: vec![1.0, 2.0, 3.0],
        };
        population.add_group(&group);
        let numbers = population.distribution(1e3);
        assert_eq!(
            (numbers.count, numbers.mean, numbers.max, numbers.p50),
            (100, Some(2.0), Some(9.0), Some(2.0))
        );
    }
}
