//! Which findings are news: a cause that has become sure, or that says something else than before.

use std::collections::BTreeMap;

use crate::diagnosis::{Cause, Finding, LIKELY};

/// Confidence from which on a finding is said while watching. A lower one would say causes that are taken back soon.
const SAID_FROM: f64 = 0.8;

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    said: BTreeMap<Cause, Said>,
}

/// What was said of a cause.
#[derive(Debug)]
struct Said {
    summary: String,
    incidents: u64,
}

impl Announcer {
    /// Those of the latest findings that are news.
    pub(super) fn news(&mut self, findings: Vec<Finding>) -> Vec<Finding> {
        self.said.retain(|cause, _| {
            findings.iter().any(|finding| finding.cause == *cause && finding.confidence >= LIKELY)
        });
        findings.into_iter().filter(|finding| self.is_news(finding)).collect()
    }

    /// A sure finding is news the first time, and when it says something else of twice as many incidents.
    fn is_news(&mut self, finding: &Finding) -> bool {
        if finding.confidence < SAID_FROM || !finding.is_answer() {
            return false;
        }
        let known = self.said.get(&finding.cause);
        let is_news = known.is_none_or(|said| {
            said.summary != finding.summary && finding.incidents_explained >= 2 * said.incidents
        });
        if is_news {
            let said = Said { summary: finding.summary.clone(), incidents: finding.incidents_explained };
            self.said.insert(finding.cause, said);
        }
        is_news
    }
}
