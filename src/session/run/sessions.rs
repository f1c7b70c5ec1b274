//! The connection of a run: its bytes, its timers, what its session says, and its end.

use std::time::Duration;

use super::records::Sampled;
use super::{Action, Run};
use crate::event::failure::StreamEnd;
use crate::event::{Event, Moment, StopReason};
use crate::session::ending::End;
use crate::session::extension::ExtensionInput;
use crate::session::host_view::Measured;
use crate::session::late::LateListener;
use crate::session::mqtt::{Session, SessionOutput, Surroundings};
use crate::session::probe::Prober;
use crate::session::recovery::LostSession;
use crate::session::state::{Stage, State};

impl Run {
    pub(super) fn received(&mut self, now: Moment, bytes: &[u8]) {
        if let Some(session) = self.state.session_mut() {
            session.receive(now, bytes);
            self.tell_extension(now, ExtensionInput::Heard);
        }
    }

    pub(super) fn written(&mut self, now: Moment) {
        if let Some(session) = self.state.session_mut() {
            session.written(now);
            self.tell_extension(now, ExtensionInput::Written);
        }
    }

    pub(super) fn stream_ended(&mut self, end: StreamEnd) {
        if let Some(session) = self.state.session_mut() {
            session.stream_ended(end);
        }
    }

    /// Carries out what the session wants, then looks whether the run has seen enough.
    pub(super) fn drain_session(&mut self, now: Moment) {
        while !self.has_seen_enough() {
            let Some(output) = self.state.session_mut().and_then(Session::poll) else { return };
            match output {
                SessionOutput::Send(bytes) => self.actions.push_back(Action::Send(bytes)),
                SessionOutput::Accepted(connack) => self.accepted(now, &connack),
                SessionOutput::Subscribed(subscribed) => self.subscribed(now, subscribed),
                SessionOutput::Ready => self.ready(now),
                SessionOutput::Message(message) => {
                    self.tell_extension(now, ExtensionInput::Message(&message));
                }
                SessionOutput::PublishRefused => self.tell_extension(now, ExtensionInput::RequestLost),
                SessionOutput::Ended(end) => self.ended(now, &end),
            }
        }
        self.stop_if_enough(now);
    }

    pub(super) fn stop_if_enough(&mut self, now: Moment) {
        if self.has_seen_enough() {
            self.stop(now, StopReason::MaxEvents);
        }
    }

    pub(super) fn connection_timeout(&mut self, now: Moment) {
        if self.state.opening().is_some_and(|opening| now >= opening.deadline(self.settings.connect_timeout))
        {
            self.connack_missing(now);
        } else if let Some((_, session)) = self.state.up() {
            session.timeout(now);
        }
    }

    fn ended(&mut self, now: Moment, end: &End) {
        let State::Connected(connection) = &self.state else { return };
        match connection.stage {
            Stage::Opening(_) => self.refused(now, end),
            Stage::Up { since } => self.dropped(now, since, end),
        }
    }

    fn dropped(&mut self, now: Moment, since: Moment, end: &End) {
        let uptime = now.since(since);
        let surroundings = self.surroundings(now, uptime);
        let Some((_, session)) = self.state.up() else { return };
        let record = session.drop_record(now, end, surroundings);
        self.sample(now);
        let lost = LostSession { lasted: uptime, reason_code: record.reason_code };
        let wait = self.recovery.dropped(now, lost, self.chance.f64());
        let listener = self.leave_connection(now, State::Waiting { until: now.plus(wait) });
        self.tell_extension(now, ExtensionInput::Down);
        self.record(Event::Drop(Box::new(record)));
        let listener = listener.filter(|_| matches!(end, End::PingUnanswered(_)));
        self.actions.push_back(listener.map_or(Action::Close, Action::Linger));
    }

    fn surroundings(&mut self, now: Moment, uptime: Duration) -> Surroundings {
        let Measured { tcp, wifi_dbm } = self.host.latest();
        Surroundings {
            uptime,
            transport: self.settings.transport,
            queued: self.prober.as_ref().map_or(0, Prober::waiting),
            loop_lag_ms: self.host.loop_lag_ms(now),
            tcp,
            wifi_dbm,
        }
    }

    /// Leaves the connection for `next`: adds its traffic to the run's totals, keeps what the next session needs, and
    /// gives a listener for the answer to a ping that is out.
    pub(super) fn leave_connection(&mut self, now: Moment, next: State) -> Option<LateListener> {
        self.past = self.totals();
        self.sampled = Sampled::default();
        let State::Connected(connection) = std::mem::replace(&mut self.state, next) else { return None };
        let (kept, listener) = connection.session.retire(now);
        self.kept = kept;
        listener
    }
}
