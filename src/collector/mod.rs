//! One fold from records to metrics, with constant memory and constant time a record.
//!
//! Live and replayed records go through the same [`Collector::record`], so that a report says tomorrow what `watch`
//! saw today. Nothing here reads a clock: all time is the records'.

pub mod clock;
mod device_facts;
pub mod devices;
mod fold;
pub mod incidents;
pub mod metrics;
pub mod population;
pub mod quantiles;
pub mod recent;
pub mod run;
pub mod timeline;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use clock::{Timestamp, Window, in_seconds};
use devices::Devices;
use incidents::{Counts as Counted, Tracker};
use metrics::{Dated, Metrics, SESSION_TAIL};
use population::Population;
use recent::{Recent, Tally};
use run::{RunState, Totals};
use timeline::Timeline;

use crate::event::{Connected, Environment, Phase, Record, SessionDrop, Subscribed, TargetFacts};

/// Recent drops and connections that are kept unless asked otherwise.
pub const RECENT: usize = 50;

/// Filters remembered of one run: a journal from elsewhere must not make us grow.
const SUBSCRIPTIONS_LIMIT: usize = 1024;

/// Whether somebody is writing the records that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// A `watch` is at work: a run without a `stop` is going on.
    Live,
    /// Nobody is: a run without a `stop` was interrupted.
    Over,
}

/// The fold.
#[derive(Debug, Clone)]
pub struct Collector {
    window: Window,
    run: Option<RunState>,
    latest: Latest,
    observed: Observed,
    counts: Counts,
    target: Option<TargetFacts>,
    drops_by_error: Tally,
    failed_by_phase: BTreeMap<Phase, u64>,
    sessions: Population,
    reconnects: Population,
    ping_rtt: Population,
    probe_rtt: Population,
    session_tail: Recent<f64>,
    drops: Recent<Dated<SessionDrop>>,
    connections: Recent<Dated<Connected>>,
    environment: Recent<Dated<Environment>>,
    subscriptions: Vec<Subscribed>,
    timeline: Timeline,
    incidents: Tracker,
    devices: Devices,
}

/// How things stood at the last record that counts.
#[derive(Debug, Clone, Copy, Default)]
struct Latest {
    session_us: Option<i64>,
    drop: Option<DateTime<Utc>>,
    connect: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Observed {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    runs: u64,
    interrupted: u64,
    total_us: i64,
    connected_us: i64,
    suspended_us: i64,
    records_lost: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    connections: u64,
    disconnects: u64,
    drops: u64,
    recovered: u64,
    reconnect_attempts: u64,
    failed_attempts: u64,
    outages_by_attempts: [u64; 4],
    messages: Totals,
}

impl Collector {
    /// A fold over `window` that keeps the `recent` latest drops and connections.
    pub fn new(window: Window, recent: usize) -> Self {
        Self {
            window,
            run: None,
            latest: Latest::default(),
            observed: Observed::default(),
            counts: Counts::default(),
            target: None,
            drops_by_error: Tally::default(),
            failed_by_phase: BTreeMap::new(),
            sessions: Population::default(),
            reconnects: Population::default(),
            ping_rtt: Population::default(),
            probe_rtt: Population::default(),
            session_tail: Recent::new(SESSION_TAIL),
            drops: Recent::new(recent),
            connections: Recent::new(recent),
            environment: Recent::new(RECENT),
            subscriptions: Vec::new(),
            timeline: Timeline::default(),
            incidents: Tracker::default(),
            devices: Devices::default(),
        }
    }

    /// Takes one record; records come in the order in which they were written.
    pub fn record(&mut self, record: &Record) {
        let place = Timestamp::of(record);
        let mut run = self.run_of(record, place);
        self.pass_time(&mut run, place, &record.event);
        self.apply(&mut run, record);
        let counts = self.window.contains(record.ts);
        self.incidents.record(record, place, if counts { Counted::Yes } else { Counted::No });
        if counts {
            self.observe(&mut run, record);
        }
        // What was up at the end of a period that is past says nothing about now.
        self.latest.session_us = run.session_us().filter(|_| counts);
        self.run = Some(run);
    }

    /// Drops so far.
    pub const fn drops(&self) -> u64 {
        self.counts.drops
    }

    /// The numbers as of the last record.
    pub fn metrics(&self, liveness: Liveness) -> Metrics {
        let unfinished = self.run.as_ref().filter(|run| !run.stopped);
        let interrupted = unfinished.filter(|run| run.counted && liveness == Liveness::Over);
        let session_us = self.latest.session_us.filter(|_| interrupted.is_none());
        let mut outages = self.counts.outages_by_attempts;
        if let Some(outage) = unfinished.and_then(|run| run.outage) {
            outage.count(&mut outages);
        }
        Metrics {
            target: self.target.clone(),
            observation: self.observation(u64::from(interrupted.is_some())),
            connected: session_us.is_some(),
            session_seconds: session_us.map_or(0.0, in_seconds),
            connections: self.counts.connections,
            disconnects: self.counts.disconnects,
            drops: self.counts.drops,
            reconnect_attempts: self.counts.reconnect_attempts,
            failed_attempts: self.counts.failed_attempts,
            failed_attempts_by_phase: self.failed_by_phase.clone(),
            recovered: self.counts.recovered,
            drops_by_error: self.drops_by_error.by_count(),
            outages_by_attempts: outages,
            sessions: self.sessions.distribution(1e6),
            recent_sessions: self.session_tail.to_vec(),
            reconnects: self.reconnects.distribution(1e6),
            ping_rtt: self.ping_rtt.distribution(1e3),
            probe_rtt: self.probe_rtt.distribution(1e3),
            last_drop: self.latest.drop,
            last_connect: self.latest.connect,
            messages_published: self.counts.messages.published,
            messages_queued: self.counts.messages.queued,
            messages_received: self.counts.messages.received,
            recent_drops: self.drops.to_vec(),
            recent_connections: self.connections.to_vec(),
            environment: self.environment.to_vec(),
            subscriptions: self.subscriptions.clone(),
            timeline: self.timeline.clone(),
            incidents: self.incidents.incidents(),
            devices: self.devices.metrics(),
            silences: self.devices.silences(),
        }
    }
}
