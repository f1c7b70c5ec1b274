//! Attempts that fail, and what follows: another one after a pause, one in another version at once, or none.

use std::time::Duration;

use super::{Action, Run};
use crate::event::failure::Failure;
use crate::event::{AttemptFailed, Event, Moment, Phase, Protocol, StopReason};
use crate::session::attempt::{Attempt, Opening, tell_refusal};
use crate::session::ending::End;
use crate::session::recovery::Next;
use crate::session::state::State;

impl Run {
    /// CONNECT was out, and it ended so.
    pub(super) fn refused(&mut self, now: Moment, opening: Opening, end: &End) {
        let attempt = self.attempt(now, opening.since);
        let error = opening.ended(now, end);
        self.give_up_opening(opening);
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
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Finished) else { return };
        let attempt = self.attempt(now, opening.since);
        let missing = Failure::ConnackMissing(now.since(opening.dialled_at));
        let error = opening.failed(now, Phase::Mqtt, missing);
        self.give_up_opening(*opening);
        self.versions.unanswered();
        self.try_again(now, |wait| error.into_record(attempt, wait));
    }

    fn give_up_opening(&mut self, opening: Opening) {
        self.state = State::Opening(Box::new(opening));
        self.retire_session();
        self.actions.push_back(Action::Close);
    }

    /// The attempt that began at `since` and is over.
    pub(super) fn attempt(&self, now: Moment, since: Moment) -> Attempt {
        let protocol = self.versions.next();
        Attempt { number: self.recovery.attempt_number(), protocol, elapsed: now.since(since) }
    }

    /// The broker may not speak MQTT 5: says so, and asks in 3.1.1 at once.
    fn fall_back(&mut self, now: Moment, mut record: AttemptFailed) {
        record.error_message.push_str("; MQTT 3.1.1 is tried instead of 5");
        self.recovery.fell_back();
        self.record(Event::AttemptFailed(Box::new(record)));
        self.state = State::Waiting { until: now };
    }

    /// Records an attempt that failed, and waits for the next one, if there is to be one.
    pub(super) fn try_again(&mut self, now: Moment, told: impl FnOnce(Option<Duration>) -> AttemptFailed) {
        match self.recovery.failed(self.chance.f64()) {
            Next::After(wait) => {
                self.record(Event::AttemptFailed(Box::new(told(Some(wait)))));
                self.state = State::Waiting { until: now.plus(wait) };
            }
            Next::GiveUp => self.give_up(now, told(None), StopReason::AttemptsExhausted),
        }
    }

    /// Records an attempt that failed and that none follows.
    pub(super) fn give_up(&mut self, now: Moment, record: AttemptFailed, reason: StopReason) {
        self.record(Event::AttemptFailed(Box::new(record)));
        self.state = State::Waiting { until: now };
        self.stop(now, reason);
    }
}
