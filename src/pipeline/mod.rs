//! The one way from what was observed to what is said: Observation → [`Collector`] → findings → sinks.
//!
//! `watch` runs it, and hands what comes out to the journal, standard output and the status line: a finding is a record
//! like any other there, and no sink computes. A record is handed on at once; the diagnosis waits until nothing else is to
//! be done ([`Pipeline::is_due`]), so that it holds up no record. A report folds what was recorded with the same collector and asks the
//! same diagnosis, once, at the end. Nothing here reads a clock: whoever runs the pipeline lends it one.

mod announcer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
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

/// How many times its own length passes between two diagnoses: at most 1 % of the processor's time (journal format).
const PAUSE_PER_COST: u32 = 100;

/// A run as it is observed: folded once, diagnosed when that is worth it.
#[derive(Debug)]
pub struct Pipeline {
    collector: Collector,
    announcer: Announcer,
    trouble: Trouble,
    /// Appliances that did not answer when they were last asked.
    silent_devices: BTreeSet<String>,
    /// When the next diagnosis may be made.
    next_diagnosis: Moment,
}

/// Whether there is anything to diagnose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Nothing went wrong so far.
    NoneYet,
    /// Something did, and the last diagnosis knows it.
    Known,
    /// Something did since the last diagnosis, and goes on.
    New,
    /// Something did since the last diagnosis, and it has ended or a sample has come: the diagnosis is to say so.
    Due,
}

impl Pipeline {
    /// A pipeline that has seen nothing, and keeps the `recent` latest drops and connections.
    pub fn new(recent: usize) -> Self {
        Self {
            collector: Collector::new(Window::default(), recent),
            announcer: Announcer::default(),
            trouble: Trouble::NoneYet,
            silent_devices: BTreeSet::new(),
            next_diagnosis: Moment::default(),
        }
    }

    /// Takes what was observed, and gives what every sink gets, in this order: the record alone, but at the end of a run,
    /// behind whose `stop` nothing stands, what is news until then before it. `now` reads the run's clock.
    pub fn observe(&mut self, record: Observation, now: impl Fn() -> Moment) -> Vec<Observation> {
        self.collector.record(&record);
        self.trouble = self.trouble_after(&record.event);
        if !matches!(record.event, Event::Stop(_)) {
            return vec![record];
        }
        let is_unsaid = matches!(self.trouble, Trouble::New | Trouble::Due) && now() >= self.next_diagnosis;
        let news = if is_unsaid { self.news(now) } else { Vec::new() };
        let mut records: Vec<Observation> = news.into_iter().map(|finding| record.with(finding)).collect();
        records.push(record);
        records
    }

    /// Whether a diagnosis is to be made as soon as nothing else is to be done.
    pub fn is_due(&self, now: Moment) -> bool {
        self.trouble == Trouble::Due && now >= self.next_diagnosis
    }

    /// Diagnoses what is known, and gives the findings that are news. `now` reads the run's clock, to see what it costs.
    pub fn news(&mut self, now: impl Fn() -> Moment) -> Vec<Event> {
        let findings = self.findings(now);
        let news = self.announcer.news(findings).into_iter().map(FindingRecord::from);
        news.map(|finding| Event::Finding(Box::new(finding))).collect()
    }

    /// Drops so far.
    pub const fn drops(&self) -> u64 {
        self.collector.drops()
    }

    /// The numbers so far, of a run that goes on.
    pub fn metrics(&self) -> Metrics {
        self.collector.metrics(Liveness::Live)
    }

    /// A diagnosis is due after an incident has ended and at samples, and only if something is new: a quiet run has
    /// nothing to say again.
    fn trouble_after(&mut self, event: &Event) -> Trouble {
        let is_device_back = self.is_device_back(event);
        if is_trouble(event) {
            return if matches!(event, Event::Device(_)) { Trouble::Due } else { Trouble::New };
        }
        let ends_or_samples = matches!(event, Event::Connected(_) | Event::Device(_) | Event::Sample(_));
        match self.trouble {
            Trouble::Known if matches!(event, Event::Connected(_)) || is_device_back => Trouble::Due,
            Trouble::Known if matches!(event, Event::Environment(_)) => Trouble::New,
            Trouble::New if ends_or_samples => Trouble::Due,
            trouble @ (Trouble::NoneYet | Trouble::Known | Trouble::New | Trouble::Due) => trouble,
        }
    }

    /// Whether an appliance that was silent has answered.
    fn is_device_back(&mut self, event: &Event) -> bool {
        let Event::Device(probe) = event else { return false };
        match probe.answered {
            Some(true) => self.silent_devices.remove(&probe.device),
            Some(false) => {
                self.silent_devices.insert(probe.device.clone());
                false
            }
            None => false,
        }
    }

    fn findings(&mut self, now: impl Fn() -> Moment) -> Vec<Finding> {
        let began = now();
        let findings = diagnose(&self.metrics());
        let ended = now();
        let pause = ended.since(began).saturating_mul(PAUSE_PER_COST).max(LEAST_PAUSE);
        self.next_diagnosis = ended.plus(pause);
        self.trouble = Trouble::Known;
        findings
    }
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
