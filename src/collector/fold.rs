//! What each record does to the numbers.

use super::clock::{Span, Timestamp, in_seconds, microseconds};
use super::metrics::{Dated, Observation};
use super::run::{Outage, RunState, Totals};
use super::timeline::Link;
use super::{Collector, SUBSCRIPTIONS_LIMIT};
use crate::event::{
    AttemptFailed, Connected, ConnectionKind, EnvironmentKind, Event, Record, Sample, SessionDrop, Start,
    Stop, Subscribed,
};

impl Collector {
    /// The run that the record belongs to: a `start` begins a new one, and so does whatever follows a `stop`.
    pub(super) fn run_of(&mut self, record: &Record, place: Timestamp) -> RunState {
        match self.run.take() {
            Some(run) if !run.stopped && !matches!(record.event, Event::Start(_)) => run,
            before => {
                if let Some(run) = before {
                    self.leave(&run);
                }
                RunState::begin(place)
            }
        }
    }

    /// Counts the time since the run's last record as up or down.
    pub(super) fn pass_time(&mut self, run: &mut RunState, place: Timestamp, event: &Event) {
        let span = Span::between(run.last, place, &self.window);
        let slept_us = slept_us(event).min(span.length_us);
        let link = if run.up_since.is_some() { Link::Up } else { Link::Down };
        let connected_us = match link {
            Link::Up => span.length_us - slept_us,
            Link::Down => 0,
        };
        let observed = &mut self.observed;
        observed.total_us = observed.total_us.saturating_add(span.length_us);
        observed.suspended_us = observed.suspended_us.saturating_add(slept_us);
        observed.connected_us = observed.connected_us.saturating_add(connected_us);
        self.timeline.add(span.from, span.to, link);
        run.last = place;
    }

    /// Notes that a record of the run lies in the window.
    pub(super) fn observe(&mut self, run: &mut RunState, record: &Record) {
        self.observed.from.get_or_insert(record.ts);
        self.observed.to = Some(record.ts);
        self.observed.records_lost = self.observed.records_lost.saturating_add(record.records_lost);
        if !run.counted {
            run.counted = true;
            self.observed.runs += 1;
        }
    }

    /// Follows the state of the run with every record, and counts those that lie in the window.
    pub(super) fn apply(&mut self, run: &mut RunState, record: &Record) {
        let counts = self.window.contains(record.ts);
        match &record.event {
            Event::Start(start) => self.start(start),
            Event::Connected(connected) => self.connected(run, record, connected),
            Event::Subscribed(subscribed) => self.subscribed(subscribed),
            Event::Drop(drop) => self.dropped(run, record, drop),
            Event::AttemptFailed(failed) => self.attempt_failed(run, record, failed),
            Event::Sample(sample) => self.sample(run, record, sample),
            Event::Stop(stop) => self.stop(run, record, *stop),
            Event::Environment(environment) if counts => {
                self.environment.push(Dated { at: record.ts, fact: environment.clone() });
            }
            Event::Device(probe) if counts => self.devices.asked(record.ts, probe),
            Event::Environment(_)
            | Event::LateAnswer(_)
            | Event::Device(_)
            | Event::Finding(_)
            | Event::ProbeRefused(_)
            | Event::Pruned(_) => {}
        }
    }

    pub(super) fn observation(&self, interrupted: u64) -> Observation {
        Observation {
            from: self.observed.from,
            to: self.observed.to,
            runs: self.observed.runs,
            interrupted_runs: self.observed.interrupted + interrupted,
            observed_seconds: in_seconds(self.observed.total_us),
            connected_seconds: in_seconds(self.observed.connected_us),
            suspended_seconds: in_seconds(self.observed.suspended_us),
            records_lost: self.observed.records_lost,
        }
    }

    /// A run that is followed by another without a `stop` was interrupted; an outage ends with its run.
    fn leave(&mut self, run: &RunState) {
        if !run.stopped && run.counted {
            self.observed.interrupted += 1;
        }
        self.close_outage(run.outage);
    }

    fn start(&mut self, start: &Start) {
        self.target = Some(start.target.clone());
        self.subscriptions.clear();
    }

    fn connected(&mut self, run: &mut RunState, record: &Record, connected: &Connected) {
        let outage = run.outage.take();
        let attempts = outage
            .map(|outage| Outage { attempts: connected.attempt_number.unwrap_or(outage.attempts), ..outage });
        self.close_outage(attempts);
        run.up_since = Some(run.last);
        run.connected_before = true;
        if !self.window.contains(record.ts) {
            return;
        }
        match connected.kind {
            ConnectionKind::Connected => self.counts.connections += 1,
            ConnectionKind::Resumed | ConnectionKind::DeepReconnected => {
                self.counts.recovered += 1;
                self.counts.reconnect_attempts += 1;
            }
        }
        if let Some(outage) = connected.time_to_reconnect_seconds {
            self.reconnects.add(outage);
        }
        self.latest.connect = Some(record.ts);
        self.connections.push(Dated { at: record.ts, fact: connected.clone() });
    }

    fn subscribed(&mut self, subscribed: &Subscribed) {
        let at = self.subscriptions.iter().position(|known| known.topic == subscribed.topic);
        match at {
            Some(at) => self.subscriptions[at] = subscribed.clone(),
            None if self.subscriptions.len() < SUBSCRIPTIONS_LIMIT => {
                self.subscriptions.push(subscribed.clone());
            }
            None => {}
        }
    }

    fn dropped(&mut self, run: &mut RunState, record: &Record, drop: &SessionDrop) {
        let counted = self.window.contains(record.ts);
        self.devices.dropped(record.ts, drop);
        let before = run.outage.replace(Outage { attempts: 0, counted });
        self.close_outage(before);
        run.up_since = None;
        if !counted {
            return;
        }
        self.counts.drops += 1;
        self.drops_by_error.add(&drop.error_name);
        if let Some(length) = drop.duration_connected_seconds {
            self.sessions.add(length);
            self.session_tail.push(length);
        }
        self.latest.drop = Some(record.ts);
        self.drops.push(Dated { at: record.ts, fact: drop.clone() });
    }

    fn attempt_failed(&mut self, run: &mut RunState, record: &Record, failed: &AttemptFailed) {
        if let Some(outage) = &mut run.outage {
            outage.attempts = outage.attempts.saturating_add(1);
        }
        if !self.window.contains(record.ts) {
            return;
        }
        self.counts.failed_attempts += 1;
        *self.failed_by_phase.entry(failed.phase).or_default() += 1;
        self.counts.reconnect_attempts += u64::from(run.connected_before);
    }

    fn sample(&mut self, run: &mut RunState, record: &Record, sample: &Sample) {
        let totals = Totals {
            received: sample.messages_received.unwrap_or(run.totals.received),
            published: sample.messages_published.unwrap_or(run.totals.published),
            queued: sample.messages_queued.unwrap_or(run.totals.queued),
        };
        let added = totals.since(run.totals);
        run.totals = totals;
        if !self.window.contains(record.ts) {
            return;
        }
        self.counts.messages = self.counts.messages.plus(added);
        sample.ping_rtt_ms.iter().for_each(|trips| self.ping_rtt.add_group(trips));
        sample.probe_rtt_ms.iter().for_each(|trips| self.probe_rtt.add_group(trips));
    }

    fn stop(&mut self, run: &mut RunState, record: &Record, stop: Stop) {
        run.stopped = true;
        run.up_since = None;
        self.close_outage(run.outage.take());
        if self.window.contains(record.ts) && stop.duration_connected_seconds.is_some() {
            self.counts.disconnects += 1;
        }
    }

    fn close_outage(&mut self, outage: Option<Outage>) {
        if let Some(outage) = outage {
            outage.count(&mut self.counts.outages_by_attempts);
        }
    }
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
