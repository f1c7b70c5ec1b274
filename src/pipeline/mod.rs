//! The one way from what was observed to what is said: Observation → [`Collector`] → findings → sinks.
//!
//! `watch` runs it, and hands what comes out to the journal, standard output and the status line: a finding is a record
//! like any other there, and no sink computes. A report folds what was recorded with the same collector and asks the
//! same diagnosis, once, at the end. Nothing here reads a clock: whoever runs the pipeline lends it one.

mod announcer;

#[cfg(test)]
mod tests;

use std::time::Duration;

use announcer::Announcer;

use crate::collector::clock::Window;
use crate::collector::metrics::Metrics;
use crate::collector::{Collector, Liveness};
use crate::diagnosis::{Finding, diagnose};
use crate::event::{Event, FindingRecord, Moment, Observation};

/// Shortest time between two diagnoses of a run (journal format, `finding`). A longer one says a cause later; a
/// shorter one lets a connection that flaps cost more.
const LEAST_PAUSE: Duration = Duration::from_secs(10);

/// How long a diagnosis is kept while nothing goes wrong: only the passing of time tells more, and it tells little.
const QUIET_PAUSE: Duration = Duration::from_hours(1);

/// How many times its own length passes between two diagnoses: at most 1 % of the processor's time (journal format).
const PAUSE_PER_COST: u32 = 100;

/// A run as it is observed: folded once, diagnosed when that is worth it.
#[derive(Debug)]
pub struct Pipeline {
    collector: Collector,
    announcer: Announcer,
    trouble: Trouble,
    /// The record at which a diagnosis became worth it, which waits for a moment in which nothing else does.
    due: Option<Observation>,
    /// When the next diagnosis may be made.
    next_diagnosis: Moment,
    /// When the last one was made.
    last_diagnosis: Moment,
}

/// Whether there is anything to diagnose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nothing went wrong so far.
    NoneYet,
    /// Something did, and the last diagnosis knows it.
    Known,
    /// Something did since the last diagnosis.
    New,
}

impl Pipeline {
    /// A pipeline that has seen nothing, and keeps the `recent` latest drops and connections.
    pub fn new(recent: usize) -> Self {
        Self {
            collector: Collector::new(Window::default(), recent),
            announcer: Announcer::default(),
            trouble: Trouble::NoneYet,
            due: None,
            next_diagnosis: Moment::default(),
            last_diagnosis: Moment::default(),
        }
    }

    /// Takes what was observed, and gives it on at once: no record waits for a diagnosis but the `stop`, behind which
    /// nothing of a run stands. `now` reads the run's clock, to see what a diagnosis costs.
    pub fn observe(&mut self, record: Observation, now: impl Fn() -> Moment) -> Vec<Observation> {
        self.collector.record(&record);
        if is_trouble(&record.event) || self.trouble == Trouble::Known && is_news_of_trouble(&record.event) {
            self.trouble = Trouble::New;
        }
        if matches!(record.event, Event::Stop(_)) {
            // What came since the last diagnosis must not go unsaid.
            let unsaid = if self.trouble == Trouble::New { self.news(&record, now) } else { Vec::new() };
            return unsaid.into_iter().chain([record]).collect();
        }
        if self.is_worth_a_diagnosis(&record.event, now()) {
            self.due = Some(record.clone());
        }
        vec![record]
    }

    /// Makes the diagnosis that is due, when nothing else waits: the findings that are news, in the order in which every
    /// sink gets them, each with the time of the record that made it due.
    pub fn diagnose_if_due(&mut self, now: impl Fn() -> Moment) -> Vec<Observation> {
        match self.due.take() {
            Some(record) => self.news(&record, now),
            None => Vec::new(),
        }
    }

    fn news(&mut self, record: &Observation, now: impl Fn() -> Moment) -> Vec<Observation> {
        let findings = self.findings(now);
        let news = self.announcer.news(findings).into_iter().map(FindingRecord::from);
        news.map(|finding| record.with(Event::Finding(Box::new(finding)))).collect()
    }

    /// Drops so far.
    pub const fn drops(&self) -> u64 {
        self.collector.drops()
    }

    /// The numbers so far, of a run that goes on.
    pub fn metrics(&self) -> Metrics {
        self.collector.metrics(Liveness::Live)
    }

    /// After an incident has ended, and at samples.
    fn is_worth_a_diagnosis(&self, event: &Event, now: Moment) -> bool {
        match event {
            Event::Connected(_) | Event::Device(_) => {
                self.trouble == Trouble::New && now >= self.next_diagnosis
            }
            Event::Sample(_) => match self.trouble {
                Trouble::NoneYet => false,
                Trouble::Known => now >= self.last_diagnosis.plus(QUIET_PAUSE).max(self.next_diagnosis),
                Trouble::New => now >= self.next_diagnosis,
            },
            Event::Start(_)
            | Event::Subscribed(_)
            | Event::Drop(_)
            | Event::LateAnswer(_)
            | Event::AttemptFailed(_)
            | Event::Environment(_)
            | Event::Finding(_)
            | Event::ProbeRefused(_)
            | Event::Pruned(_)
            | Event::Stop(_) => false,
        }
    }

    fn findings(&mut self, now: impl Fn() -> Moment) -> Vec<Finding> {
        let began = now();
        let findings = diagnose(&self.metrics());
        let ended = now();
        let pause = ended.since(began).saturating_mul(PAUSE_PER_COST).max(LEAST_PAUSE);
        self.next_diagnosis = ended.plus(pause);
        self.last_diagnosis = ended;
        self.trouble = Trouble::Known;
        findings
    }
}

/// Whether it says more about a trouble that was diagnosed while it lasted: how it ended, or what changed around it.
const fn is_news_of_trouble(event: &Event) -> bool {
    matches!(event, Event::Connected(_) | Event::Device(_) | Event::Environment(_))
}

/// Whether something went wrong.
const fn is_trouble(event: &Event) -> bool {
    match event {
        Event::Drop(_) | Event::AttemptFailed(_) | Event::LateAnswer(_) => true,
        Event::Device(probe) => matches!(probe.answered, Some(false)),
        Event::Start(_)
        | Event::Connected(_)
        | Event::Subscribed(_)
        | Event::Sample(_)
        | Event::Environment(_)
        | Event::Stop(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_) => false,
    }
}
