//! How sure a rule is, as a probability: counts make it surer, and experience tells what its word is worth.

/// How sure `count` like cases make one, of a rule that is this `sure` of many: half of the doubt goes with each.
pub(super) fn trust(sure: f64, count: usize, needed: usize) -> f64 {
    let beyond = i32::try_from(count.saturating_sub(needed)).unwrap_or(i32::MAX);
    sure - (sure - 0.6) * 0.5_f64.powi(beyond)
}

/// One or two plain drops prove nothing; from three on it grows.
pub(super) fn plain_confidence(sure: f64, drops: usize, share: f64) -> f64 {
    if drops < 3 { 0.4 * share } else { trust(sure, drops, 3) * share }
}

/// What rules say, and how often they were right when they said it: measured by `tests/diagnosis` on 300 journals of
/// each cause and 1,000 without one. A rule that is half sure is hardly ever right: there, noise is beside a cause.
const EXPERIENCE: [(f64, f64); 10] = [
    (0.0, 0.0),
    (0.5, 0.01),
    (0.66, 0.06),
    (0.7, 0.15),
    (0.73, 0.46),
    (0.77, 0.7),
    (0.8, 0.91),
    (0.85, 0.96),
    (0.95, 0.985),
    (1.0, 0.99),
];

/// The probability that a rule which is this sure is right.
pub(super) fn calibrated(sure: f64) -> f64 {
    let sure = sure.clamp(0.0, 1.0);
    let steps = EXPERIENCE.iter().zip(&EXPERIENCE[1..]);
    let step = steps.into_iter().find(|(_, (to, _))| sure <= *to);
    step.map_or(sure, |((from, low), (to, high))| low + (high - low) * (sure - from) / (to - from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_further_case_takes_half_of_the_doubt() {
        let grown: Vec<f64> = (3..7).map(|count| trust(0.9, count, 3)).collect();
        for (found, expected) in grown.iter().zip([0.6, 0.75, 0.825, 0.8625]) {
            assert!((found - expected).abs() < 1e-9, "{grown:?}");
        }
        assert!(trust(0.9, usize::MAX, 3) <= 0.9);
    }

    #[test]
    fn experience_keeps_the_order_and_stays_a_probability() {
        let told: Vec<f64> = (0..=200).map(|step| calibrated(f64::from(step) / 200.0)).collect();
        assert!(told.windows(2).all(|pair| pair[0] <= pair[1]), "{told:?}");
        assert!(told[0] == 0.0 && told[200] < 1.0);
        assert!((calibrated(0.85) - 0.96).abs() < 1e-9 && calibrated(0.5) < 0.05);
    }
}
