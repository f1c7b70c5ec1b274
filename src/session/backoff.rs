//! How long to wait before the next attempt: doubling, with jitter, within bounds.

use std::time::Duration;

/// A level that rises with each wait, and the bounds of the waits.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    level: u32,
}

impl Backoff {
    /// Waits lie between `min` and `max`, `min` being the smaller.
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, level: 0 }
    }

    /// The next wait. The upper end doubles from twice `min` up to `max`; `chance`, from 0 to 1, picks a point in the
    /// upper half, so that many clients do not come back in step.
    pub fn next_wait(&mut self, chance: f64) -> Duration {
        let factor = 2_u32.saturating_pow(self.level.saturating_add(1));
        let upper = self.min.saturating_mul(factor).min(self.max);
        self.level = self.level.saturating_add(1);
        let half = upper / 2;
        (half + half.mul_f64(chance.clamp(0.0, 1.0))).clamp(self.min, self.max.max(self.min))
    }

    /// Starts again at the shortest wait.
    pub const fn reset(&mut self) {
        self.level = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_maximum() {
        let mut backoff = Backoff::new(SECOND, 120 * SECOND);
        let waits: Vec<u64> = (0..10).map(|_| backoff.next_wait(1.0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 120, 120, 120, 120]);
        backoff.reset();
        assert_eq!(backoff.next_wait(0.0), SECOND);
    }

    #[test]
    fn a_year_of_waits_never_overflows() {
        let mut backoff = Backoff::new(SECOND, Duration::MAX);
        for _ in 0..100_000 {
            assert!(backoff.next_wait(0.5) >= SECOND);
        }
    }

    proptest! {
        #[test]
        fn every_wait_lies_within_the_bounds(
            min in 1_u64..10_000, spread in 0_u64..1_000_000, chances in prop::collection::vec(0.0..1.0, 1..50),
        ) {
            let (min, max) = (Duration::from_millis(min), Duration::from_millis(min + spread));
            let mut backoff = Backoff::new(min, max);
            for chance in chances {
                let wait = backoff.next_wait(chance);
                prop_assert!(wait >= min && wait <= max, "{wait:?}");
            }
        }
    }
}
