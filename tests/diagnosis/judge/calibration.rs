//! Whether a confidence is a probability: of the findings of each tenth, how many were right.
//!
//! Causes count alike, and the unclear journals like one more cause. Journals with two causes, and healthy ones, do not
//! count.

use super::{Kind, Verdicts};

/// One tenth of confidence.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tenth {
    /// Findings, as they are.
    pub(super) findings: u64,
    /// Findings, journals of all kinds counted alike.
    weight: f64,
    confidence: f64,
    hits: f64,
}

/// All tenths, from the lowest.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    pub(super) tenths: [Tenth; 10],
}

/// A tenth with fewer findings says nothing.
const FINDINGS_NEEDED: u64 = 200;

impl Tenth {
    pub(super) fn mean_confidence(&self) -> f64 {
        self.confidence / self.weight.max(f64::MIN_POSITIVE)
    }

    pub(super) fn hit_rate(&self) -> f64 {
        self.hits / self.weight.max(f64::MIN_POSITIVE)
    }

    /// How far confidence and hits lie apart; `None` where there are too few findings.
    pub(super) fn off_by(&self) -> Option<f64> {
        (self.findings >= FINDINGS_NEEDED).then(|| (self.mean_confidence() - self.hit_rate()).abs())
    }
}

impl Calibration {
    pub(super) fn of(kinds: &[Kind], verdicts: &[Verdicts]) -> Self {
        let counted = |kind: &Kind| kind.expected.len() == 1 || kind.name == "unclear";
        let most = verdicts.iter().zip(kinds).filter(|(_, kind)| kind.expected.len() == 1);
        let most = most.map(|(verdicts, _)| verdicts.journals).max().unwrap_or(1) as f64;
        let mut calibration = Self::default();
        for (kind, verdicts) in kinds.iter().zip(verdicts).filter(|(kind, _)| counted(kind)) {
            let weight = most / verdicts.journals.max(1) as f64;
            for finding in &verdicts.findings {
                let tenth = &mut calibration.tenths[tenth(finding.confidence)];
                tenth.findings += 1;
                tenth.weight += weight;
                tenth.confidence += weight * finding.confidence;
                tenth.hits += if kind.expected.contains(&finding.cause) { weight } else { 0.0 };
            }
        }
        calibration
    }

    /// The tenths that are further off.
    pub(super) fn off_by_more_than(&self, limit: f64) -> Vec<String> {
        let tenths = self.tenths.iter().enumerate();
        let off = tenths.filter(|(_, tenth)| tenth.off_by().is_some_and(|off| off > limit));
        off.map(|(number, _)| format!("confidence 0.{number}")).collect()
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
fn tenth(confidence: f64) -> usize {
    ((confidence * 10.0).floor().clamp(0.0, 9.0)) as usize
}
