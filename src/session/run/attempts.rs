//! Attempts to connect: begun, successful, failed, and what follows a failed one.

use std::time::Duration;

use super::{Action, Now, Run};
use crate::event::failure::Failure;
use crate::event::{AttemptFailed, Event, Moment, Phase, Protocol, StopReason};
use crate::session::attempt::{Attempt, DialError, Dialled, Opening, Retry, tell_refusal};
use crate::session::ending::End;
use crate::session::extension::ExtensionInput;
use crate::session::recovery::Next;
use crate::session::state::{Connection, Stage, State};
use crate::wire::Connack;

impl Run {
    pub(super) fn dial(&mut self, now: Moment) {
        self.state = State::Dialling { since: now };
        self.actions.push_back(Action::Dial(self.recovery.depth()));
    }

    pub(super) fn dialled(&mut self, now: &Now, dialled: Dialled) {
        let Now { moment, measured, .. } = *now;
        self.service_date(moment, dialled.clock_offset);
        if let Some(learned) = &dialled.learned {
            self.tell_extension(moment, ExtensionInput::Learned(learned));
        }
        let State::Dialling { since } = self.state else { return };
        self.host.begin_connection(measured);
        let session = self.open_session(moment);
        let protocol = session.protocol();
        let opening = Opening { since, dialled_at: moment, dialled, protocol };
        let stage = Stage::Opening(Box::new(opening));
        self.state = State::Connected(Box::new(Connection { session, stage }));
    }

    /// There is no stream; the run ends where there never will be one.
    pub(super) fn dial_failed(&mut self, now: Moment, error: DialError) {
        self.service_date(now, error.clock_offset);
        if let Some(learned) = &error.learned {
            self.tell_extension(now, ExtensionInput::Learned(learned));
        }
        let State::Dialling { since } = self.state else { return };
        let attempt = self.attempt(now, since);
        self.versions.unanswered();
        match error.retry {
            Retry::Later => self.try_again(now, |wait| error.into_record(attempt, wait)),
            Retry::Never => {
                self.give_up(now, error.into_record(attempt, None), StopReason::CredentialsRejected);
            }
        }
    }

    /// CONNACK accepted us.
    pub(super) fn accepted(&mut self, now: Moment, connack: &Connack) {
        let State::Connected(connection) = &mut self.state else { return };
        let Stage::Opening(opening) = &connection.stage else { return };
        self.versions.proven();
        let recovered = self.recovery.connected(now);
        let record = opening.connected(now, recovered, connack);
        connection.stage = Stage::Up { since: now };
        self.record(Event::Connected(Box::new(record)));
    }

    /// CONNECT was out, and it ended so.
    pub(super) fn refused(&mut self, now: Moment, end: &End) {
        let Some(opening) = self.state.opening() else { return };
        let attempt = self.attempt(now, opening.since);
        let error = opening.ended(now, end);
        self.actions.push_back(Action::Close);
        let instead = self.versions.failed(end);
        let told = |wait| {
            let mut record = error.into_record(attempt, wait);
            end.refusal().into_iter().for_each(|connack| tell_refusal(&mut record, connack));
            record
        };
        match instead {
            Some(Protocol::V311) => self.fall_back(now, told(Some(Duration::ZERO))),
            Some(Protocol::V5) | None => self.try_again(now, told),
        }
    }

    /// CONNECT was out, and no answer came in time.
    pub(super) fn connack_missing(&mut self, now: Moment) {
        let Some(opening) = self.state.opening() else { return };
        let attempt = self.attempt(now, opening.since);
        let missing = Failure::ConnackMissing(now.since(opening.dialled_at));
        let error = opening.failed(now, Phase::Mqtt, missing);
        self.actions.push_back(Action::Close);
        self.versions.unanswered();
        self.try_again(now, |wait| error.into_record(attempt, wait));
    }

    /// The attempt that began at `since` and is over.
    fn attempt(&self, now: Moment, since: Moment) -> Attempt {
        let protocol = self.versions.next();
        Attempt { number: self.recovery.attempt_number(), protocol, elapsed: now.since(since) }
    }

    /// The broker may not speak MQTT 5: says so, and asks in 3.1.1 at once.
    fn fall_back(&mut self, now: Moment, mut record: AttemptFailed) {
        record.error_message.push_str("; MQTT 3.1.1 is tried instead of 5");
        self.recovery.fell_back();
        self.record(Event::AttemptFailed(Box::new(record)));
        self.leave_connection(now, State::Waiting { until: now });
    }

    /// Records an attempt that failed, and waits for the next one, if there is to be one.
    fn try_again(&mut self, now: Moment, told: impl FnOnce(Option<Duration>) -> AttemptFailed) {
        match self.recovery.failed(self.chance.f64()) {
            Next::After(wait) => {
                self.record(Event::AttemptFailed(Box::new(told(Some(wait)))));
                self.leave_connection(now, State::Waiting { until: now.plus(wait) });
            }
            Next::GiveUp => self.give_up(now, told(None), StopReason::AttemptsExhausted),
        }
    }

    /// Records an attempt that failed and that none follows.
    fn give_up(&mut self, now: Moment, record: AttemptFailed, reason: StopReason) {
        self.record(Event::AttemptFailed(Box::new(record)));
        self.leave_connection(now, State::Waiting { until: now });
        self.stop(now, reason);
    }
}
