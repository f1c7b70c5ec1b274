//! What is summed up over all runs of a target: the order in which runs are mixed makes no difference to it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::broker_time::BrokerDownTime;
use super::clock::{Position, Span, Timestamp, Window, microseconds};
use super::counts::{EventCounts, ObservedTime, Outage};
use super::devices::Devices;
use super::incidents::KeptIncidents;
use super::metrics::{Dated, Metrics, RECENT, SESSION_TAIL};
use super::population::Population;
use super::recent::{Recent, Tally};
use super::run::{RunState, Session};
use super::timeline::{Link, Timeline};
use crate::event::{Connected, Environment, EnvironmentKind, Event, Observation, SessionDrop};

/// The sums.
#[derive(Debug, Clone)]
pub(super) struct Aggregates {
    /// The period that counts.
    pub(super) window: Window,
    /// How its time was spent.
    pub(super) observed: ObservedTime,
    /// How long of it the broker was known to be away.
    pub(super) broker_down: BrokerDownTime,
    /// Up and down over it.
    pub(super) timeline: Timeline,
    /// Events in it.
    pub(super) counts: EventCounts,
    /// Drops by error name.
    pub(super) drops_by_error: Tally,
    /// Sessions that ended in a drop, seconds.
    pub(super) sessions: Population,
    /// Outages that ended, seconds.
    pub(super) reconnects: Population,
    /// PINGREQ to PINGRESP, milliseconds.
    pub(super) ping_rtt: Population,
    /// End-to-end probes, milliseconds.
    pub(super) probe_rtt: Population,
    /// The latest of the sessions.
    pub(super) session_tail: Recent<f64>,
    /// The latest drops.
    pub(super) drops: Recent<Dated<Arc<SessionDrop>>>,
    /// The latest connections.
    pub(super) connections: Recent<Dated<Connected>>,
    /// The latest changes on the host.
    pub(super) environment: Recent<Dated<Environment>>,
    /// The latest drop: its place in time, and its time.
    pub(super) last_drop: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The latest session's beginning, likewise.
    pub(super) last_connect: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Addresses that did not connect in attempts that came about by another one.
    pub(super) addresses_lost: Tally,
    /// The latest incidents that are over.
    pub(super) incidents: KeptIncidents,
    /// Appliances behind the broker.
    pub(super) devices: Devices,
}

impl Aggregates {
    /// No sums yet, over `window`, with the `recent` latest drops and connections.
    pub(super) fn new(window: Window, recent: usize) -> Self {
        Self {
            window,
            observed: ObservedTime::default(),
            broker_down: BrokerDownTime::default(),
            timeline: Timeline::default(),
            counts: EventCounts::default(),
            drops_by_error: Tally::default(),
            sessions: Population::default(),
            reconnects: Population::default(),
            ping_rtt: Population::default(),
            probe_rtt: Population::default(),
            session_tail: Recent::new(SESSION_TAIL),
            drops: Recent::new(recent),
            connections: Recent::new(recent),
            environment: Recent::new(RECENT),
            last_drop: None,
            last_connect: None,
            addresses_lost: Tally::default(),
            incidents: KeptIncidents::default(),
            devices: Devices::default(),
        }
    }

    /// Takes one record of `run`; those of one run come in the order in which they were written.
    pub(super) fn record(&mut self, run: &mut RunState, record: &Observation) {
        let at = Timestamp::of(record);
        run.latest_wall = run.latest_wall.max(at.wall);
        let period = self.window.period(at.wall);
        let position = Position { at, order: run.latest_wall, period };
        self.pass_time(run, at, &record.event);
        run.last = at;
        self.apply(run, &position, &record.event);
        run.last_counted = position.counts();
        if position.counts() {
            self.observed.note(at.wall, record.records_lost);
            self.observed.runs += u64::from(!run.counted);
            run.counted = true;
        }
    }

    /// A run that comes to no `stop` any more was interrupted; what was going on in it comes to no known end.
    pub(super) fn interrupted(&mut self, mut run: RunState) {
        self.observed.interrupted += u64::from(run.counted);
        self.close_outage(run.outage);
        run.tracker.leave(&mut self.incidents);
    }

    /// The numbers, but for what is open in runs.
    pub(super) fn metrics(&self) -> Metrics {
        let counts = &self.counts;
        Metrics {
            broker_availability: self.broker_down.availability(self.observed.connected_us),
            connections: counts.connections,
            disconnects: counts.disconnects,
            drops: counts.drops,
            reconnect_attempts: counts.reconnect_attempts,
            failed_attempts: counts.failed_attempts,
            failed_attempts_by_phase: counts.failed_by_phase.clone(),
            recovered: counts.recovered,
            drops_by_error: self.drops_by_error.by_count(),
            sessions: self.sessions.distribution(1e6),
            recent_sessions: self.session_tail.to_vec(),
            reconnects: self.reconnects.distribution(1e6),
            ping_rtt: self.ping_rtt.distribution(1e3),
            probe_rtt: self.probe_rtt.distribution(1e3),
            probes_refused: counts.probes_refused,
            last_drop: self.last_drop.map(|(_, at)| at),
            last_connect: self.last_connect.map(|(_, at)| at),
            messages_published: counts.messages.published,
            messages_queued: counts.messages.queued,
            messages_received: counts.messages.received,
            recent_drops: self.drops.iter().map(copied).collect(),
            recent_connections: self.connections.to_vec(),
            environment: self.environment.to_vec(),
            timeline: self.timeline.clone(),
            devices: self.devices.metrics(),
            silences: self.devices.silences(),
            host_changes: self.incidents.changes(),
            addresses_lost: self.addresses_lost.by_count(),
            ..Metrics::default()
        }
    }

    /// Counts the time since the run's last record as up or down; where it was neither known to be, the record may tell.
    fn pass_time(&mut self, run: &mut RunState, at: Timestamp, event: &Event) {
        let slept_us = slept_us(event);
        run.slept_us = run.slept_us.saturating_add(slept_us);
        if slept_us > 0 {
            run.broker.slept(at, slept_us);
        }
        if matches!(event, Event::Pruned(_)) {
            return;
        }
        let link = match run.session {
            Session::Up { .. } => Some(Link::Up),
            Session::Down => Some(Link::Down),
            Session::Unknown { .. } => link_before(event),
        };
        if let Some(link) = link {
            self.count_time(run, at, link);
        }
    }

    /// Counts the time up to `at`.
    pub(super) fn count_time(&mut self, run: &mut RunState, at: Timestamp, link: Link) {
        let span = Span::between(run.counted_to, at, &self.window);
        let slept_us = run.slept_us.min(span.length_us);
        let connected_us = match link {
            Link::Up => span.length_us - slept_us,
            Link::Down => 0,
        };
        let observed = &mut self.observed;
        observed.total_us = observed.total_us.saturating_add(span.length_us);
        observed.suspended_us = observed.suspended_us.saturating_add(slept_us);
        observed.connected_us = observed.connected_us.saturating_add(connected_us);
        self.timeline.add(span.from, span.to, link);
        (run.counted_to, run.slept_us) = (at, 0);
    }

    pub(super) fn close_outage(&mut self, outage: Option<Outage>) {
        if let Some(outage) = outage {
            self.counts.outages.add(outage);
        }
    }
}

fn copied(drop: &Dated<Arc<SessionDrop>>) -> Dated<SessionDrop> {
    Dated { at: drop.at, fact: SessionDrop::clone(&drop.fact) }
}

fn slept_us(event: &Event) -> i64 {
    match event {
        Event::Environment(environment) if environment.kind == EnvironmentKind::Suspend => {
            environment.seconds.map_or(0, microseconds).max(0)
        }
        Event::Start(_)
        | Event::Connected(_)
        | Event::Subscribed(_)
        | Event::Drop(_)
        | Event::LateAnswer(_)
        | Event::AttemptFailed(_)
        | Event::Sample(_)
        | Event::Environment(_)
        | Event::Device(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_)
        | Event::Stop(_) => 0,
    }
}

/// What a record tells of the time before it, where that was not known.
fn link_before(event: &Event) -> Option<Link> {
    let link = |up| if up { Link::Up } else { Link::Down };
    match event {
        Event::Sample(sample) => sample.connected.map(link),
        Event::Stop(stop) => Some(link(stop.duration_connected_seconds.is_some())),
        Event::Connected(connected) => Some(link(connected.continued)),
        Event::Drop(_) => Some(Link::Up),
        Event::Start(_) | Event::AttemptFailed(_) => Some(Link::Down),
        Event::Subscribed(_)
        | Event::LateAnswer(_)
        | Event::Environment(_)
        | Event::Device(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_) => None,
    }
}
