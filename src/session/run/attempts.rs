//! Attempts to connect: begun, successful, failed, and what follows a failed one.

use super::{Action, Now, Run};
use crate::event::failure::Failure;
use crate::event::{AttemptFailed, Event, Fallback, Moment, Phase, StopReason, seconds};
use crate::session::attempt::{Attempt, AttemptSummary, DialError, Dialled, Opening, Retry, add_refusal};
use crate::session::ending::End;
use crate::session::extension::{ExtensionInput, Opaque};
use crate::session::recovery::{Depth, Next};
use crate::session::state::{Connection, Stage, State};
use crate::wire::Connack;

impl Run {
    pub(super) fn begin_attempt(&mut self, now: Moment) {
        let depth = self.recovery.depth();
        self.recovery.begins(now);
        self.versions.begins(depth);
        self.state = State::Dialling(Attempt::begin(now));
        self.actions.push_back(Action::Dial(depth));
    }

    pub(super) fn dialled(&mut self, now: &Now, dialled: Dialled) {
        let Now { moment, measured, .. } = *now;
        self.service_date(moment, dialled.clock_offset);
        self.learned(moment, dialled.learned.as_ref());
        let State::Dialling(attempt) = &self.state else { return };
        let (attempt, protocol) = (attempt.clone(), self.versions.current());
        self.host.begin_connection(measured);
        let session = self.open_session(moment);
        let opening = Opening { attempt, dialled_at: moment, dialled, protocol };
        let stage = Stage::Opening(Box::new(opening));
        self.state = State::Connected(Box::new(Connection { session, stage }));
    }

    /// There is no stream; the run ends where there never will be one.
    pub(super) fn dial_failed(&mut self, now: Moment, error: DialError) {
        self.service_date(now, error.clock_offset);
        self.learned(now, error.learned.as_ref());
        let State::Dialling(attempt) = &self.state else { return };
        let (attempt, retry) = (attempt.clone(), error.retry);
        let record = self.failed_record(now, attempt, error);
        match retry {
            Retry::Later => self.try_again(now, record),
            Retry::Never => self.give_up(now, record, StopReason::CredentialsRejected),
        }
    }

    fn learned(&mut self, now: Moment, learned: Option<&Opaque>) {
        if let Some(learned) = learned {
            self.tell_extension(now, ExtensionInput::Learned(learned));
        }
    }

    /// CONNACK accepted us.
    pub(super) fn accepted(&mut self, now: Moment, connack: &Connack) {
        let State::Connected(connection) = &mut self.state else { return };
        let Stage::Opening(opening) = &connection.stage else { return };
        self.versions.connected();
        let recovered = self.recovery.connected(now);
        let record = opening.connected(now, recovered, connack);
        connection.stage = Stage::Up { since: now };
        self.record(Event::Connected(Box::new(record)));
    }

    /// CONNECT was out, and it ended so.
    pub(super) fn refused(&mut self, now: Moment, end: &End) {
        let Some(opening) = self.state.opening() else { return };
        let (attempt, error) = (opening.attempt.clone(), opening.ended(now, end));
        if let Some(fallback) = self.versions.failed(end) {
            return self.fall_back(now, &attempt, fallback);
        }
        let mut record = self.failed_record(now, attempt, error);
        if let Some(connack) = end.refusal() {
            add_refusal(&mut record, connack);
        }
        self.try_again(now, record);
    }

    /// CONNECT was out, and no answer came in time.
    pub(super) fn connack_missing(&mut self, now: Moment) {
        let Some(opening) = self.state.opening() else { return };
        let missing = Failure::ConnackMissing(now.since(opening.dialled_at));
        let (attempt, error) = (opening.attempt.clone(), opening.failed(now, Phase::Mqtt, missing));
        if let Some(fallback) = self.versions.unanswered() {
            return self.fall_back(now, &attempt, fallback);
        }
        let record = self.failed_record(now, attempt, error);
        self.try_again(now, record);
    }

    /// The attempt goes on at once in the other version. What a deep attempt forgets it has forgotten already.
    fn fall_back(&mut self, now: Moment, attempt: &Attempt, fallback: Fallback) {
        self.close_for(now, State::Dialling(attempt.in_other_version(now, fallback)));
        self.actions.push_back(Action::Dial(Depth::Quick));
    }

    fn failed_record(&self, now: Moment, attempt: Attempt, error: DialError) -> AttemptFailed {
        let over = AttemptSummary {
            number: self.recovery.attempt_number(),
            protocol: self.versions.current(),
            elapsed: now.since(attempt.since),
        };
        AttemptFailed {
            waited_seconds: Some(seconds(self.recovery.waited())),
            fallback: attempt.fallback,
            ..error.into_record(over)
        }
    }

    /// Records an attempt that failed, and waits for the next one, if there is to be one.
    fn try_again(&mut self, now: Moment, mut record: AttemptFailed) {
        match self.recovery.failed(now, self.chance.f64()) {
            Next::After(wait) => {
                record.next_attempt_seconds = Some(seconds(wait));
                self.record(Event::AttemptFailed(Box::new(record)));
                self.close_for(now, State::Waiting { until: now.plus(wait) });
            }
            Next::GiveUp => self.give_up(now, record, StopReason::AttemptsExhausted),
        }
    }

    /// Records an attempt that failed and that none follows.
    fn give_up(&mut self, now: Moment, record: AttemptFailed, reason: StopReason) {
        self.record(Event::AttemptFailed(Box::new(record)));
        self.close_for(now, State::Waiting { until: now });
        self.stop(now, reason);
    }

    /// Goes on to `next`; a connection that is open is closed.
    fn close_for(&mut self, now: Moment, next: State) {
        if matches!(self.state, State::Connected(_)) {
            self.actions.push_back(Action::Close);
        }
        self.leave_connection(now, next);
    }
}
