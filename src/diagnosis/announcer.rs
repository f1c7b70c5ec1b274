//! Says a finding while the run goes on: once when it is sure, and again when it says something else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Cause, Finding, LIKELY, diagnose};
use crate::collector::clock::Window;
use crate::collector::{Collector, Liveness};
use crate::event::{Event, Record};

/// From here on a finding is said while watching.
const SAID_FROM: f64 = 0.8;

/// Judged no more often than this: a connection that flaps a hundred times a second must not hold up its records.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// Follows the records of a run, and tells what is worth saying.
#[derive(Debug)]
pub struct Announcer {
    collector: Collector,
    said: BTreeMap<Cause, Said>,
    judged: Option<DateTime<Utc>>,
}

/// What was said of a cause.
#[derive(Debug)]
struct Said {
    summary: String,
    incidents: u64,
}

impl Default for Announcer {
    fn default() -> Self {
        Self { collector: Collector::new(Window::default(), 0), said: BTreeMap::new(), judged: None }
    }
}

impl Announcer {
    /// Takes one record: the findings that are to be said now.
    pub fn record(&mut self, record: &Record) -> Vec<Finding> {
        self.collector.record(record);
        match record.event {
            Event::Drop(_) | Event::Connected(_) | Event::AttemptFailed(_) | Event::Device(_)
                if self.is_due(record.ts) =>
            {
                let findings = diagnose(&self.collector.metrics(Liveness::Live));
                self.said.retain(|cause, _| {
                    findings.iter().any(|finding| finding.cause == *cause && finding.confidence >= LIKELY)
                });
                findings.into_iter().filter(|finding| self.is_news(finding)).collect()
            }
            Event::Drop(_)
            | Event::Connected(_)
            | Event::AttemptFailed(_)
            | Event::Device(_)
            | Event::Start(_)
            | Event::Subscribed(_)
            | Event::LateAnswer(_)
            | Event::Sample(_)
            | Event::Environment(_)
            | Event::Finding(_)
            | Event::ProbeRefused(_)
            | Event::Pruned(_)
            | Event::Stop(_) => Vec::new(),
        }
    }

    fn is_due(&mut self, now: DateTime<Utc>) -> bool {
        let is_due = self.judged.is_none_or(|judged| (now - judged).abs() >= PAUSE);
        if is_due {
            self.judged = Some(now);
        }
        is_due
    }

    /// A sure finding is news the first time, and when it says something else of twice as much.
    fn is_news(&mut self, finding: &Finding) -> bool {
        if finding.confidence < SAID_FROM {
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
