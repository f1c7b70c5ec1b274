//! Names the causes of drops, from the collector's numbers: [`diagnose`].
//!
//! Explanations compete, and evidence decides. Each cause of the [`catalogue`] says how much likelier than irregular
//! trouble it makes each incident, by its law of when ([`law`]) and by its looks; the [`mixture`] shares the incidents out
//! and says how sure each cause is; [`history`] says whether it is still at work. What is not known counts for nothing.
//! Nothing here reads a journal, a clock or a file.

mod appliance;
mod catalogue;
mod cause;
mod dead_address;
mod dropped;
mod explanation;
mod facts;
mod finding;
mod history;
mod law;
mod mixture;
mod silences;
mod spells;
mod statistics;
mod words;

#[cfg(test)]
mod tests;

use self::catalogue::{Candidate, ENTRIES};
pub use self::cause::{Category, Cause};
pub use self::explanation::Explanation;
use self::facts::Facts;
pub use self::finding::{Finding, Status};
use self::mixture::{Competition, Rival, Standing};
use crate::collector::metrics::Metrics;

/// Below this a finding is a hint, not an answer.
pub const LIKELY: f64 = 0.5;

/// Findings below this are not told at all.
const WORTH_TELLING: f64 = 0.2;

/// What is said of a journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// What explains the incidents, the best answer first.
    pub findings: Vec<Finding>,
    /// What happened in each of the latest incidents, oldest first.
    pub explanations: Vec<Explanation>,
}

/// What explains the incidents, the best answer first.
pub fn diagnose(metrics: &Metrics) -> Vec<Finding> {
    diagnosis(metrics, 0).findings
}

/// The same, with what happened in each of the `latest` incidents.
pub fn diagnosis(metrics: &Metrics, latest: usize) -> Diagnosis {
    let facts = Facts::of(metrics);
    let explained = causes_of_incidents(&facts);
    let explanations = (facts.len().saturating_sub(latest)..facts.len())
        .map(|index| Explanation::new(&facts, index, likeliest(&explained, index)))
        .collect();
    let mut findings: Vec<Finding> = explained.into_iter().map(|explained| explained.finding).collect();
    findings.extend(appliance::finding(&facts));
    findings.extend(dead_address::finding(&facts));
    findings.retain(|finding| finding.confidence >= WORTH_TELLING);
    findings.sort_by(Finding::order);
    Diagnosis { findings, explanations }
}

/// A finding with the incidents that it explains.
struct Explained {
    finding: Finding,
    incidents: Vec<usize>,
    weights: Vec<f64>,
}

/// The likeliest cause of an incident, among those that are likely at all.
fn likeliest(explained: &[Explained], index: usize) -> Option<(Cause, f64)> {
    let of = |one: &Explained| {
        let place = one.incidents.binary_search(&index).ok()?;
        Some((one.finding.cause, one.weights[place] * one.finding.confidence))
    };
    let likely = explained.iter().filter(|one| one.finding.confidence >= LIKELY);
    likely.filter_map(of).max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// The page of a cause, as Markdown.
pub fn page(cause: Cause) -> &'static str {
    let of_incidents = ENTRIES.iter().map(|entry| (entry.cause, entry.page));
    let others = [(Cause::ApplianceOffline, appliance::PAGE), (Cause::DeadAddress, dead_address::PAGE)];
    of_incidents.chain(others).find(|(known, _)| *known == cause).map_or("", |(_, page)| page)
}

fn causes_of_incidents(facts: &Facts<'_>) -> Vec<Explained> {
    let candidates: Vec<(usize, Candidate<'_>)> = ENTRIES
        .iter()
        .enumerate()
        .flat_map(|(kind, entry)| (entry.weigh)(facts).into_iter().map(move |candidate| (kind, candidate)))
        .collect();
    let rivals: Vec<Rival> = candidates.iter().map(|(kind, candidate)| rival(*kind, candidate)).collect();
    let standings = Competition::new(&rivals, facts.len()).standings();
    best_of_each_kind(standings, &rivals)
        .into_iter()
        .filter(|standing| !standing.explains.is_empty())
        .map(|standing| {
            let (kind, candidate) = &candidates[standing.rival];
            let account = (candidate.account)(&standing.explains);
            let confidence = calibrated(&standing);
            let Standing { explains: incidents, weights, .. } = standing;
            let cause = ENTRIES[*kind].cause;
            let finding = Finding::new((cause, confidence), facts, &incidents, account);
            Explained { finding, incidents, weights }
        })
        .collect()
}

/// What any incident may say for a cause, in nats: nothing is surer than one in a million.
const MOST_NATS: f64 = 14.0;

fn rival(kind: usize, candidate: &Candidate<'_>) -> Rival {
    let ratios = candidate.nats.iter().map(|nats| nats.min(MOST_NATS).exp()).collect();
    Rival { ratios, cost: candidate.cost + ENTRIES[kind].prior, kind }
}

/// Of several explanations by one cause the one that stands best.
fn best_of_each_kind(standings: Vec<Standing>, rivals: &[Rival]) -> Vec<Standing> {
    let mut best: Vec<Standing> = Vec::new();
    for standing in standings {
        let kind = rivals[standing.rival].kind;
        match best.iter_mut().find(|known| rivals[known.rival].kind == kind) {
            Some(known) if known.lead < standing.lead => *known = standing,
            Some(_) => {}
            None => best.push(standing),
        }
    }
    best
}

/// How much of a lead counts: less than it says, as no model is true. Fitted on the tests' own generator.
const WORTH: f64 = 0.8;
/// A gain of so much is as likely nothing as something, in nats: some cause or other always looks a little better than none.
const EVEN_NATS: f64 = 1.5;
/// Nobody is surer than this.
const SUREST: f64 = 0.99;

/// The probability that a cause which stands so is at work: that there is anything to it, and that it is this one.
fn calibrated(standing: &Standing) -> f64 {
    let probability = |nats: f64| 1.0 / (1.0 + (-WORTH * nats).exp());
    let is_contested = standing.lead + 1e-6 < standing.gain;
    let is_this_one = if is_contested { probability(standing.lead) } else { 1.0 };
    (probability(standing.gain - EVEN_NATS) * is_this_one).min(SUREST)
}
