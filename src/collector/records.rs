//! What each record does to the sums, and to the state of its run.

use std::sync::Arc;

use super::aggregates::Aggregates;
use super::clock::{Position, Timestamp, microseconds};
use super::counts::{MessageCounts, Outage};
use super::metrics::Dated;
use super::run::{RunState, Session};
use super::timeline::Link;
use crate::event::{
    AttemptFailed, Connected, ConnectionKind, DeviceProbe, Environment, Event, Pruned, Sample, SessionDrop,
    Stop,
};

impl Aggregates {
    /// Follows the state of the run with every record, and counts those that lie in the period.
    pub(super) fn apply(&mut self, run: &mut RunState, position: &Position, event: &Event) {
        run.tracker.pass(position.at);
        match event {
            Event::Start(start) => run.start(start),
            Event::Connected(connected) => self.connected(run, position, connected),
            Event::Subscribed(subscribed) => run.subscribed(subscribed),
            Event::Drop(drop) => self.dropped(run, position, drop),
            Event::LateAnswer(late) => run.tracker.late_answer(*late, &mut self.incidents),
            Event::AttemptFailed(failed) => self.attempt_failed(run, position, failed),
            Event::Sample(sample) => self.sample(run, position, sample),
            Event::Environment(change) => self.changed(run, position, change),
            Event::Device(probe) => self.device(run, position, probe),
            Event::ProbeRefused(_) => self.counts.probes_refused += u64::from(position.counts()),
            Event::Pruned(gap) => self.pruned(run, gap),
            Event::Stop(stop) => self.stopped(run, position, *stop),
            Event::Finding(_) => {}
        }
    }

    /// One that only repeats a session that is up, in a journal that was opened anew, is not counted again.
    fn connected(&mut self, run: &mut RunState, position: &Position, connected: &Connected) {
        if connected.continued && run.session_us().is_some() {
            return run.tracker.agree(connected);
        }
        let outage = run.outage.take();
        let attempts = outage
            .map(|outage| Outage { attempts: connected.attempt_number.unwrap_or(outage.attempts), ..outage });
        self.close_outage(attempts);
        run.is_up(position.at, 0);
        run.tracker.connected(position.at, connected, &mut self.incidents);
        if position.counts() && !connected.continued {
            self.count_connected(position, connected);
        }
    }

    fn count_connected(&mut self, position: &Position, connected: &Connected) {
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
        connected.addresses_lost.iter().for_each(|lost| self.addresses_lost.add(&lost.address));
        let at = position.at.wall;
        self.last_connect = self.last_connect.max(Some((position.order, at)));
        self.connections.push(position.order, Dated { at, fact: connected.clone() });
    }

    fn dropped(&mut self, run: &mut RunState, position: &Position, drop: &SessionDrop) {
        self.devices.dropped(position.at.wall, run.serial, drop);
        let before = run.outage.replace(Outage { attempts: 0, counted: position.counts() });
        self.close_outage(before);
        let counted_since = match run.session {
            Session::Up { counted_since: since, .. } | Session::Unknown { since } => Some(since),
            Session::Down => None,
        };
        self.broker_down.add_silent(run.broker.dropped(&self.window, counted_since, position.at, drop));
        run.session = Session::Down;
        run.connected_before = true;
        let drop = Arc::new(drop.clone());
        run.tracker.dropped(position, &drop, &mut self.incidents);
        if position.counts() {
            self.count_drop(position, drop);
        }
    }

    fn count_drop(&mut self, position: &Position, drop: Arc<SessionDrop>) {
        self.counts.drops += 1;
        self.drops_by_error.add(&drop.error_name);
        if let Some(length) = drop.duration_connected_seconds {
            self.sessions.add(length);
            self.session_tail.push(position.order, length);
        }
        let at = position.at.wall;
        self.last_drop = self.last_drop.max(Some((position.order, at)));
        self.drops.push(position.order, Dated { at, fact: drop });
    }

    fn attempt_failed(&mut self, run: &mut RunState, position: &Position, failed: &AttemptFailed) {
        if let Some(outage) = &mut run.outage {
            outage.attempts = outage.attempts.saturating_add(1);
        }
        let failing_us = run.broker.attempt_failed(&self.window, run.first, position.at, failed);
        self.broker_down.add_failing(failing_us);
        if matches!(run.session, Session::Unknown { .. }) {
            run.session = Session::Down;
        }
        run.tracker.attempt_failed(position, failed);
        if position.counts() {
            self.counts.failed_attempts += 1;
            *self.counts.failed_by_phase.entry(failed.phase).or_default() += 1;
            self.counts.reconnect_attempts += u64::from(run.connected_before);
        }
    }

    fn sample(&mut self, run: &mut RunState, position: &Position, sample: &Sample) {
        if let (Session::Unknown { .. }, Some(connected)) = (run.session, sample.connected) {
            let length_us = microseconds(sample.session_seconds.unwrap_or_default()).max(0);
            if connected { run.is_up(position.at, length_us) } else { run.session = Session::Down }
        }
        run.tracker.sampled(sample);
        let known = run.messages.unwrap_or_default();
        let messages = MessageCounts::of(sample, known);
        let added = run.messages.map(|known| messages.since(known)).unwrap_or_default();
        run.messages = Some(messages);
        if position.counts() {
            self.counts.messages = self.counts.messages.plus(added);
            sample.ping_rtt_ms.iter().for_each(|trips| self.ping_rtt.add_group(trips));
            sample.probe_rtt_ms.iter().for_each(|trips| self.probe_rtt.add_group(trips));
        }
    }

    fn changed(&mut self, run: &mut RunState, position: &Position, change: &Environment) {
        run.tracker.changed(position.at.wall, change, &mut self.incidents);
        if position.counts() {
            self.environment.push(position.order, Dated { at: position.at.wall, fact: change.clone() });
        }
    }

    fn device(&mut self, run: &RunState, position: &Position, probe: &DeviceProbe) {
        if position.counts() {
            self.devices.asked(position.at.wall, run.serial, probe);
        }
    }

    /// What retention took out is a gap: neither observed nor connected, and how things stand behind it is not known.
    fn pruned(&mut self, run: &mut RunState, gap: &Pruned) {
        let (from, to) = (Timestamp::on_the_wall(gap.from), Timestamp::on_the_wall(gap.to));
        match run.session {
            Session::Up { .. } => self.count_time(run, from, Link::Up),
            Session::Down => self.count_time(run, from, Link::Down),
            Session::Unknown { .. } => {}
        }
        self.close_outage(run.outage.take());
        run.tracker.leave(&mut self.incidents);
        run.forget_session(to);
    }

    fn stopped(&mut self, run: &mut RunState, position: &Position, stop: Stop) {
        run.session = Session::Down;
        self.close_outage(run.outage.take());
        run.tracker.leave(&mut self.incidents);
        if position.counts() && stop.duration_connected_seconds.is_some() {
            self.counts.disconnects += 1;
        }
    }
}
