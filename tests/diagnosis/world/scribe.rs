//! Writes the journal: stamps records by the host's clocks, keeps them in order.

use nwdiag::event::{Environment, Event, Moment, Observation, RunIdentity, Stamp};
use nwdiag::journal::older;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::setup::{Setup, moment};

/// The journal so far.
#[derive(Debug)]
pub(crate) struct Scribe {
    pub(crate) records: Vec<Observation>,
    /// What will be told, and when.
    later: Vec<(f64, Event)>,
    begins: f64,
    identity: RunIdentity,
    /// When the run began, and by how much the wall clock is off now.
    pub(crate) run_began: f64,
    pub(crate) clock_error: f64,
}

impl Scribe {
    pub(crate) fn new(setup: &Setup) -> Self {
        let begins = setup.begins.timestamp_micros() as f64 / 1e6;
        Self {
            records: Vec::new(),
            later: Vec::new(),
            begins,
            identity: RunIdentity::default(),
            run_began: 0.0,
            clock_error: 0.0,
        }
    }

    /// Something was told now; what was due before is told first.
    pub(crate) fn note(&mut self, now: f64, mut event: Event) {
        match &mut event {
            Event::Drop(drop) => drop.failure = older::drop_failure(drop),
            Event::AttemptFailed(failed) => failed.failure = older::attempt_failure(failed),
            _ => {}
        }
        self.catch_up(now);
        if let Event::Start(start) = &event {
            self.identity = RunIdentity::of(start);
        }
        let record = self.record(now, event);
        self.records.push(record);
    }

    /// Something will be told.
    pub(crate) fn plan(&mut self, at: f64, event: Event) {
        let place = self.later.partition_point(|(known, _)| *known <= at);
        self.later.insert(place, (at, event));
    }

    /// Changes of the host will be told.
    pub(crate) fn plan_changes(&mut self, from: f64, told: Vec<(f64, Environment)>) {
        for (after, environment) in told {
            self.plan(from + after, Event::Environment(environment));
        }
    }

    /// Nothing can be told before then.
    pub(crate) fn hold_back(&mut self, until: f64) {
        self.later.iter_mut().for_each(|(at, _)| *at = at.max(until));
    }

    /// Tells what is due.
    pub(crate) fn catch_up(&mut self, now: f64) {
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let (at, event) = self.later.remove(0);
            let record = self.record(at, event);
            self.records.push(record);
        }
    }

    /// Nobody is there to tell anything.
    pub(crate) fn forget(&mut self) {
        self.later.clear();
    }

    /// What the clock on the wall shows.
    pub(crate) fn wall(&self, now: f64) -> DateTime<Utc> {
        moment(self.begins + now + self.clock_error)
    }

    fn record(&self, now: f64, event: Event) -> Observation {
        let last = self.records.last().and_then(|record| record.run_seconds);
        let since = (now - self.run_began).max(0.0);
        let since = if matches!(event, Event::Start(_)) { since } else { since.max(last.unwrap_or(0.0)) };
        let wall = self.wall(now);
        Observation::new(Stamp { wall, moment: Moment::after_start(Duration::from_secs_f64(since)) }, event)
            .in_run(&self.identity)
    }
}
