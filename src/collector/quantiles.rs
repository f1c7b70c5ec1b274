//! Percentiles of a stream in fixed memory: exact while the values are few, then within half a percent.
//!
//! Up to [`EXACT`] values are kept as they are. Beyond that, values fall into buckets whose bounds grow by one percent
//! (the idea of DDSketch): any percentile is then known to half a percent of its value, whatever the order of arrival.

/// Values kept one by one.
const EXACT: usize = 128;
/// Values below this are all alike: a microsecond for seconds, a nanosecond for milliseconds.
const SMALLEST: f64 = 1e-6;
/// The ratio of neighbouring bucket bounds.
const GROWTH: f64 = 1.01;
/// Buckets from [`SMALLEST`] to beyond 10^10, over three centuries in seconds.
const BUCKETS: usize = 3704;

/// The sketch.
#[derive(Debug, Clone, Default)]
pub(super) struct Quantiles {
    count: u64,
    /// All values, while they are few.
    values: Vec<f64>,
    /// How many values fell into each bucket, once they are many.
    buckets: Option<Box<[u64]>>,
}

impl Quantiles {
    /// Adds a value; negative ones count as 0.
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1;
        if self.buckets.is_none() && self.values.len() < EXACT {
            self.values.push(value.max(0.0));
        } else {
            self.buckets()[bucket(value)] += 1;
        }
    }

    /// Adds all values of another stream: the sketch is that of one stream of both, in whatever order.
    pub(super) fn merge(&mut self, other: &Self) {
        other.values.iter().for_each(|value| self.add(*value));
        if let Some(added) = &other.buckets {
            self.count += other.count;
            self.buckets().iter_mut().zip(added).for_each(|(bucket, added)| *bucket += added);
        }
    }

    /// The buckets, into which the values that were kept one by one are put first.
    fn buckets(&mut self) -> &mut [u64] {
        let values = &mut self.values;
        self.buckets.get_or_insert_with(|| {
            let mut buckets = vec![0; BUCKETS].into_boxed_slice();
            values.drain(..).for_each(|value| buckets[bucket(value)] += 1);
            buckets
        })
    }

    /// The nearest-rank percentile, `share` from 0 to 1; `None` where there is no value.
    pub(super) fn at(&self, share: f64) -> Option<f64> {
        let rank = rank(self.count, share)?;
        let Some(buckets) = &self.buckets else {
            let mut sorted = self.values.clone();
            sorted.sort_by(f64::total_cmp);
            return sorted.get(usize::try_from(rank - 1).ok()?).copied();
        };
        let mut seen = 0;
        let index = buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(middle(index))
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts stay far below 2^53, and the product lies between 0 and the count"
)]
fn rank(count: u64, share: f64) -> Option<u64> {
    (count > 0).then(|| ((count as f64 * share).ceil() as u64).clamp(1, count))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the logarithm is not negative and the cast saturates"
)]
fn bucket(value: f64) -> usize {
    if value <= SMALLEST {
        return 0;
    }
    (((value / SMALLEST).ln() / GROWTH.ln()).ceil() as usize).min(BUCKETS - 1)
}

/// The value in a bucket that is closest, in proportion, to all that it may hold.
#[expect(clippy::cast_precision_loss, reason = "an index of a few thousand")]
fn middle(bucket: usize) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    SMALLEST * GROWTH.powf(bucket as f64) * 2.0 / (1.0 + GROWTH)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[f64]) -> Quantiles {
        let mut quantiles = Quantiles::default();
        for value in values {
            quantiles.add(*value);
        }
        quantiles
    }

    #[test]
    fn few_values_are_exact() {
        assert_eq!(sketch(&[]).at(0.5), None);
        assert_eq!(sketch(&[60.0, 1200.5]).at(0.5), Some(60.0));
        assert_eq!(sketch(&[1200.5, 60.0]).at(0.9), Some(1200.5));
    }

    #[test]
    fn many_values_have_the_percentiles_that_a_hand_can_count() {
        let quantiles = sketch(&(1..=1000).map(f64::from).collect::<Vec<_>>());
        for (share, exact) in [(0.0, 1.0), (0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = quantiles.at(share).unwrap();
            assert!((found - exact).abs() <= 0.01 * exact, "{found} for {exact}");
        }
    }

    proptest! {
        #[test]
        fn every_percentile_is_within_one_percent(
            values in prop::collection::vec(1e-4_f64..1e8, 1..2000), share in 0.0_f64..1.0,
        ) {
            let found = sketch(&values).at(share).unwrap();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            // The smallest value that at least this share of all values does not exceed.
            let wanted = share * f64::from(u32::try_from(values.len()).unwrap());
            let exact = (1_u32..).zip(sorted).find(|(rank, _)| f64::from(*rank) >= wanted).unwrap().1;
            prop_assert!((found - exact).abs() <= 0.01 * exact, "{found} for {exact}");
        }

        #[test]
        fn the_order_of_arrival_makes_no_difference(mut values in prop::collection::vec(0.0_f64..1e6, 0..400)) {
            let forward = sketch(&values);
            values.reverse();
            let backward = sketch(&values);
            for share in [0.5, 0.9, 0.99, 1.0] {
                prop_assert_eq!(forward.at(share), backward.at(share));
            }
        }
    }
}
