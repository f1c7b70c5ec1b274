//! One run of `watch` as a machine: attempts, sessions, back-off, samples, limits; events of the journal come out.
//!
//! [`Run::handle`] takes what happened, with the clocks as they stand; [`Run::poll`] gives what to do about it, one thing
//! at a time, and in the end the moment until which to wait. A finished run asks for nothing more.

mod attempts;
mod extension;
mod input;
mod output;
mod probes;
mod records;
mod sessions;

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

pub use self::input::{Input, Now};
pub use self::output::{Action, Output};
use self::records::Sampled;
use super::extension::{Extension, ExtensionInput};
use super::host_view::HostView;
use super::mqtt::Kept;
use super::probe::Prober;
use super::recovery::{ClientIdSource, Recovery};
use super::service_clock::ServiceClock;
use super::settings::RunSettings;
use super::state::{RunStatus, State};
use super::traffic::TrafficTotals;
use super::version::Versions;
use crate::event::{Environment, Event, LateAnswer, Moment, Start, StopReason, TargetFacts, seconds};

/// What a finished run waits for.
const NEVER: Moment = Moment::after_start(Duration::MAX);

/// The run.
#[derive(Debug)]
pub struct Run {
    settings: RunSettings,
    state: State,
    recovery: Recovery,
    versions: Versions,
    kept: Kept,
    past: TrafficTotals,
    host: HostView,
    service_clock: ServiceClock,
    prober: Option<Prober>,
    extension: Box<dyn Extension>,
    next_sample: Moment,
    sampled: Sampled,
    events: u64,
    chance: fastrand::Rng,
    actions: VecDeque<Action>,
}

impl Run {
    /// Begins a run at the origin of its clock: the first event is `start`, and the first attempt is due at once.
    /// `extension` is what the target's service adds; `seed` feeds the jitter of the back-off.
    pub fn begin(settings: RunSettings, extension: Box<dyn Extension>, start: Start, seed: u64) -> Self {
        let now = Moment::default();
        let mut run = Self {
            state: State::Waiting { until: now },
            recovery: Recovery::new(settings.reconnect.clone(), client_id_source(&settings.target)),
            versions: Versions::new(settings.protocol),
            kept: Kept::default(),
            past: TrafficTotals::default(),
            host: HostView::new(settings.session.keep_alive),
            service_clock: ServiceClock::default(),
            prober: settings.probe.clone().map(Prober::new),
            extension,
            next_sample: now.plus(settings.sample_interval),
            sampled: Sampled::default(),
            events: 0,
            chance: fastrand::Rng::with_seed(seed),
            actions: VecDeque::new(),
            settings,
        };
        run.record(Event::Start(Box::new(start)));
        run.begin_attempt(now);
        run
    }

    /// Takes what happened. A run that is finished takes nothing.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        self.look_at_host(&now);
        if self.is_finished() {
            return;
        }
        let moment = now.moment;
        match input {
            Input::Dialled(dialled) => self.dialled(&now, dialled),
            Input::DialFailed(error) => self.dial_failed(moment, error),
            Input::Received(bytes) => self.received(moment, bytes),
            Input::Written => self.written(moment),
            Input::StreamEnded(end) => self.stream_ended(end),
            Input::LateAnswer(after) => {
                self.record(Event::LateAnswer(LateAnswer { seconds: seconds(after) }));
            }
            Input::ServiceAnswered(answer) => {
                self.tell_extension(moment, ExtensionInput::ServiceAnswered(answer.as_ref()));
            }
            Input::HostChanged(environment) => self.record(Event::Environment(environment)),
            Input::Stop(reason) => self.stop(moment, reason),
            Input::Timeout => self.timeout(moment),
        }
        self.drain_session(moment);
    }

    /// The next thing to do; once there is none, until when to wait.
    pub fn poll(&mut self) -> Output {
        match self.actions.pop_front() {
            Some(action) => Output::Act(action),
            None => Output::Wait(self.deadline()),
        }
    }

    /// What the run is doing.
    pub fn status(&self) -> RunStatus {
        self.state.status(self.recovery.attempt_number())
    }

    /// The latest round trip of the session that is up.
    pub fn last_round_trip(&self) -> Option<Duration> {
        self.state.session().and_then(|session| session.traffic().round_trips.last())
    }

    /// What went over all connections of the run.
    pub fn totals(&self) -> TrafficTotals {
        self.past.plus(self.state.totals())
    }

    /// When the next [`Input::Timeout`] is wanted.
    fn deadline(&self) -> Moment {
        if self.is_finished() {
            return NEVER;
        }
        let own = self.state.deadline(self.settings.connect_timeout);
        let probe = self.prober.as_ref().and_then(Prober::deadline);
        let sometimes = [own, probe, self.extension.deadline(), self.end_of_run()];
        sometimes.into_iter().flatten().fold(self.next_sample.min(self.host.deadline()), Moment::min)
    }

    fn end_of_run(&self) -> Option<Moment> {
        self.settings.limits.duration.map(Moment::after_start)
    }

    const fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    fn has_seen_enough(&self) -> bool {
        self.settings.limits.max_events.is_some_and(|most| self.events >= most)
    }

    /// What the clocks tell of this host comes first: a sleep stands in the journal before what it led to.
    fn look_at_host(&mut self, now: &Now) {
        let due = self.deadline();
        for environment in self.host.look(now, due) {
            self.host_changed(now.moment, environment);
        }
    }

    /// A service told the time: before what came of the attempt, to which a wrong clock may have led.
    fn service_date(&mut self, now: Moment, offset: Option<TimeDelta>) {
        if let Some(environment) = offset.and_then(|offset| self.service_clock.read(offset)) {
            self.host_changed(now, environment);
        }
    }

    fn host_changed(&mut self, now: Moment, environment: Environment) {
        if !self.is_finished() {
            self.record(Event::Environment(environment));
            self.stop_if_enough(now);
        }
    }

    fn timeout(&mut self, now: Moment) {
        if self.end_of_run().is_some_and(|end| now >= end) {
            return self.stop(now, StopReason::Duration);
        }
        if now >= self.next_sample {
            self.next_sample = now.plus(self.settings.sample_interval);
            self.sample(now);
        }
        match &mut self.state {
            State::Connected(_) => self.connection_timeout(now),
            State::Waiting { until } if now >= *until => self.begin_attempt(now),
            State::Dialling(_) | State::Waiting { .. } | State::Finished => {}
        }
        self.probe(now);
        self.tell_extension(now, ExtensionInput::Timeout);
    }
}

fn client_id_source(target: &TargetFacts) -> ClientIdSource {
    match target.client_id_chosen {
        Some(true) => ClientIdSource::User,
        Some(false) | None => ClientIdSource::Random,
    }
}
