//! The fold from records to metrics, with bounded memory and constant time a record.
//!
//! Live and replayed records go through the same [`Collector::record`], so that a report says tomorrow what `watch`
//! saw today. Nothing here reads a clock: all time is the records'.
//!
//! A [`Collector`] folds the records of one target, each run by itself ([`run`]), however their records are mixed, and
//! sums up over them. A [`Fold`] tells the targets of a stream apart. A [`PartialFold`] takes a part of a stream that was
//! cut anywhere, apart from what came before it.

mod aggregates;
mod broker_time;
pub mod clock;
mod counts;
mod device_facts;
pub mod devices;
mod fold;
pub mod incidents;
pub mod metrics;
mod partial;
mod population;
mod quantiles;
mod recent;
mod records;
mod run;
mod runs;
pub mod timeline;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use self::aggregates::Aggregates;
use self::clock::{Window, in_seconds};
pub use self::fold::{Fold, Hosts};
use self::incidents::Incident;
use self::metrics::Metrics;
pub use self::metrics::RECENT;
pub use self::partial::PartialFold;
use self::population::Population;
use self::run::RunState;
use self::runs::{OpenRuns, Standing};
use crate::event::{Event, Observation};

/// Whether somebody is writing the records that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// A `watch` is at work: the run of the last record is going on, unless it has stopped.
    Live,
    /// Nobody is: a run without a `stop` was interrupted.
    Over,
}

/// The fold of one target's records, of all its runs.
#[derive(Debug, Clone)]
pub struct Collector {
    runs: OpenRuns,
    sums: Aggregates,
}

impl Collector {
    /// A fold over `window` that keeps the `recent` latest drops and connections.
    pub fn new(window: Window, recent: usize) -> Self {
        Self { runs: OpenRuns::default(), sums: Aggregates::new(window, recent) }
    }

    /// Takes one record. Those of one run come in the order in which they were written; runs may be mixed.
    pub fn record(&mut self, record: &Observation) {
        let (run, given_up) = self.runs.of(record);
        self.sums.record(run, record);
        if let Some(run) = given_up {
            self.sums.interrupted(run);
        }
        if matches!(record.event, Event::Stop(_)) {
            self.runs.stop();
        }
    }

    /// Drops so far.
    pub const fn drops(&self) -> u64 {
        self.sums.counts.drops
    }

    /// Adds round trips that were taken out of samples of the period.
    fn add_round_trips(&mut self, pings: &Population, probes: &Population) {
        self.sums.ping_rtt.merge(pings);
        self.sums.probe_rtt.merge(probes);
    }

    /// Keeps no more than so many incidents from now on.
    fn limit_incidents(&mut self, limit: usize) {
        self.sums.incidents.limit(limit);
    }

    /// The latest time that a wall clock of its runs showed.
    fn latest_wall(&self) -> Option<DateTime<Utc>> {
        self.runs.latest_wall()
    }

    /// The numbers as of the last record.
    pub fn metrics(&self, liveness: Liveness) -> Metrics {
        let live = match liveness {
            Liveness::Live => self.runs.last(),
            Liveness::Over => None,
        };
        let latest = live.map(Standing::of).or_else(|| self.runs.latest());
        let is_live = |run: &RunState| live.is_some_and(|live| live.serial == run.serial);
        let interrupted = self.runs.iter().filter(|run| run.counted && !is_live(run)).count();
        let session_us = live.filter(|run| run.last_counted).and_then(RunState::session_us);
        Metrics {
            target: self.runs.target(latest.as_ref()),
            observation: self.sums.observed.observation(interrupted as u64),
            connected: session_us.is_some(),
            session_seconds: session_us.map_or(0.0, in_seconds),
            outages_by_attempts: self.outages(),
            incidents: self.incidents(latest.as_ref()),
            outlived_sessions: self
                .sums
                .incidents
                .outlived(self.runs.iter().filter_map(|run| run.tracker.session_up())),
            subscriptions: latest.map(|latest| latest.subscriptions).unwrap_or_default(),
            ..self.sums.metrics()
        }
    }

    /// Outages by the attempts that they took, those that go on among them.
    fn outages(&self) -> [u64; 4] {
        let mut outages = self.sums.counts.outages;
        self.runs.iter().filter_map(|run| run.outage).for_each(|outage| outages.add(outage));
        outages.0
    }

    /// The latest incidents: what is open in another run than the latest came to no known end.
    fn incidents(&self, latest: Option<&Standing>) -> Vec<Incident> {
        let open = self.runs.iter().filter_map(|run| {
            let is_latest = latest.is_some_and(|latest| latest.is_of(run));
            if is_latest { run.tracker.going_on() } else { run.tracker.left_open() }
        });
        self.sums.incidents.with(open)
    }
}
