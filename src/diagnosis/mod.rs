//! Names the causes of drops, from the collector's numbers: [`diagnose`].
//!
//! Each cause is one [`rule::Rule`] in a table, by family. A rule says which incidents it explains, how sure it is, and
//! by which figures. What looks alike is settled afterwards, on purpose and in one place ([`lookalikes`]). Nothing here
//! reads a journal, a clock or a file.

pub mod case;
mod cause;
mod client;
mod confidence;
mod device;
mod explicit;
mod lookalikes;
mod network;
mod rule;
mod server;
mod shown;
mod statistics;

#[cfg(test)]
mod tests;

use self::case::Case;
pub use self::cause::{Category, Cause};
use self::confidence::calibrated;
use self::rule::{Rule, Verdict};
use crate::collector::metrics::Metrics;
use crate::event::FindingRecord;

/// A cause that explains something, with the figures behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub cause: Cause,
    /// How likely it is, 0 to 1: of findings that say 0.8, eight in ten are right.
    pub confidence: f64,
    /// Drops that it explains.
    pub drops_explained: u64,
    /// Incidents that it explains: drops, series of failed attempts without a drop, silences of an appliance.
    pub incidents_explained: u64,
    /// One line for a person.
    pub summary: String,
    /// The figures, a line each.
    pub evidence: Vec<String>,
    /// What to do, with the value to set.
    pub fix: String,
}

impl From<Finding> for FindingRecord {
    fn from(finding: Finding) -> Self {
        Self {
            cause: finding.cause.as_str().to_owned(),
            category: finding.cause.category().as_str().to_owned(),
            confidence: Some(finding.confidence),
            drops_explained: Some(finding.drops_explained),
            incidents_explained: Some(finding.incidents_explained),
            summary: finding.summary,
            evidence: finding.evidence,
            fix: finding.fix,
            ..Self::default()
        }
    }
}

/// Below this a finding is a hint, not an answer.
pub const LIKELY: f64 = 0.5;

/// Findings below this are not told at all.
const WORTH_TELLING: f64 = 0.2;

/// What explains the incidents, the best answer first.
pub fn diagnose(metrics: &Metrics) -> Vec<Finding> {
    let case = Case::of(metrics);
    let rules = network::RULES.iter().chain(server::RULES).chain(client::RULES);
    let verdicts = rules.filter_map(|Rule { cause, judge }| Some((*cause, judge(&case)?))).collect();
    let settled = lookalikes::settle(verdicts, case.incidents);
    // Appliances fall silent in a world of their own: nothing gives way to them, and they to nothing.
    let appliances = device::RULES.iter().filter_map(|Rule { cause, judge }| Some((*cause, judge(&case)?)));
    let mut findings: Vec<Finding> = settled
        .into_iter()
        .map(|(cause, verdict)| (cause, Verdict { confidence: calibrated(verdict.confidence), ..verdict }))
        .chain(appliances)
        .filter(|(_, verdict)| verdict.confidence >= WORTH_TELLING)
        .map(|(cause, verdict)| case.finding(cause, verdict))
        .collect();
    findings.sort_by(|a, b| {
        order(b)
            .partial_cmp(&order(a))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.cause.as_str().cmp(b.cause.as_str()))
    });
    findings
}

/// What explains drops by nothing but their irregularity has to explain so many times more of them to come first.
const LAST_RESORT: f64 = 1.4;

/// Answers before hints, then by how much is explained how surely.
#[expect(clippy::cast_precision_loss, reason = "counts of incidents stay far below 2^53")]
fn order(finding: &Finding) -> (bool, f64) {
    let explained = finding.confidence * finding.incidents_explained as f64;
    let is_last_resort = finding.cause == Cause::IntermittentNetwork;
    (finding.confidence >= LIKELY, if is_last_resort { explained / LAST_RESORT } else { explained })
}
