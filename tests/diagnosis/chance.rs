//! Seeded chance: everything that a scenario draws comes from here, so that one seed gives one journal.

const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.f64()
    }

    /// Evenly between two bounds.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Between two positive bounds, each order of magnitude as likely as the next.
    pub(crate) fn spread(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + (high.ln() - low.ln()) * self.unit()).exp()
    }

    /// A whole number, both bounds included.
    pub(crate) fn whole(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// True in this share of the draws.
    pub(crate) fn likely(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of these.
    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.usize(0..choices.len())].clone()
    }

    /// One of these, by weight.
    pub(crate) fn weigh<T: Clone>(&mut self, choices: &[(f64, T)]) -> T {
        let sum: f64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.unit() * sum;
        for (weight, choice) in choices {
            left -= weight;
            if left < 0.0 {
                return choice.clone();
            }
        }
        choices[choices.len() - 1].1.clone()
    }

    /// Waiting times of what comes without memory.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// The bell curve, by the sum of twelve.
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..12).map(|_| self.unit()).sum();
        mean + deviation * (sum - 6.0)
    }

    /// `value`, more or less by at most this share.
    pub(crate) fn around(&mut self, value: f64, share: f64) -> f64 {
        value * (1.0 + self.between(-share, share))
    }

    /// This many hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| self.pick(&DIGITS)).collect()
    }
}
