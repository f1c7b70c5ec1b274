//! A finding: a cause that explains something, with the figures behind it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};

use super::LIKELY;
use super::catalogue::Account;
use super::cause::Cause;
use super::facts::Facts;
use super::history::History;
use crate::event::{FindingRecord, NextTest};

/// Whether a cause is still at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// It is, as far as can be told.
    Active,
    /// It was quiet for so long that it may be over.
    Unsure,
    /// More would have come since, and did not.
    Over,
}

impl Status {
    /// The public word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unsure => "unsure",
            Self::Over => "over",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A cause that explains something.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is.
    pub cause: Cause,
    /// How likely it is that it is, or was, at work, 0 to 1: of findings that say 0.8, eight in ten are right.
    pub confidence: f64,
    /// Drops of which it is the likeliest explanation.
    pub drops_explained: u64,
    /// Incidents of which it is: drops, series of failed attempts without a drop, silences of an appliance.
    pub incidents_explained: u64,
    /// Whether it is still at work.
    pub status: Status,
    /// The first incident that it explains.
    pub first: Option<DateTime<Utc>>,
    /// The last one.
    pub last: Option<DateTime<Utc>>,
    /// How many more would have come since, at its rate; `None` where that cannot be told.
    pub expected_since: Option<f64>,
    /// One line for a person.
    pub summary: String,
    /// The figures, a line each.
    pub evidence: Vec<String>,
    /// The numbers of the evidence, with units in their keys.
    pub figures: BTreeMap<String, f64>,
    /// What it names: packet, topic, URL, version, reason, address, kind of timer.
    pub named: BTreeMap<String, String>,
    /// What to do, with the value to set.
    pub fix: String,
    /// What tells it from its rivals.
    pub next_test: Option<NextTest>,
}

impl Finding {
    /// What is said of a cause that explains these incidents.
    pub(super) fn new(
        (cause, confidence): (Cause, f64),
        facts: &Facts<'_>,
        explains: &[usize],
        account: Account,
    ) -> Self {
        let drops = explains.iter().filter(|index| facts.incidents[**index].is_drop()).count();
        let History { status, first, last, expected_since, words } = History::of(facts, explains);
        let mut evidence = account.evidence;
        evidence.extend(words);
        Self {
            cause,
            confidence: (confidence * 100.0).round() / 100.0,
            drops_explained: drops as u64,
            incidents_explained: explains.len() as u64,
            status,
            first,
            last,
            expected_since,
            summary: account.summary,
            evidence,
            figures: account.figures,
            named: account.named,
            fix: account.fix,
            next_test: account.next_test,
        }
    }

    /// Whether it is the answer, unless a better one comes before it: likely, and about now.
    pub fn is_answer(&self) -> bool {
        self.confidence >= LIKELY && self.status != Status::Over
    }

    /// Answers before hints, then those that are about now, then by how much is explained how surely.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let likely = |finding: &Self| finding.confidence >= LIKELY;
        likely(other)
            .cmp(&likely(self))
            .then(self.status.cmp(&other.status))
            .then(other.weight().total_cmp(&self.weight()))
            .then(self.cause.as_str().cmp(other.cause.as_str()))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of incidents stay far below 2^53")]
    fn weight(&self) -> f64 {
        self.confidence * self.incidents_explained as f64
    }
}

impl From<Finding> for FindingRecord {
    fn from(finding: Finding) -> Self {
        Self {
            cause: finding.cause.as_str().to_owned(),
            category: finding.cause.category().as_str().to_owned(),
            status: Some(finding.status.as_str().to_owned()),
            confidence: Some(finding.confidence),
            drops_explained: Some(finding.drops_explained),
            incidents_explained: Some(finding.incidents_explained),
            first: finding.first,
            last: finding.last,
            expected_since: finding.expected_since,
            summary: finding.summary,
            evidence: finding.evidence,
            figures: finding.figures,
            named: finding.named,
            fix: finding.fix,
            next_test: finding.next_test,
        }
    }
}
