//! One run of `watch` as a machine: attempts, sessions, back-off, samples, limits; events of the journal come out.
//!
//! The world does what [`Run::poll`] says, tells what came of it, and calls [`Run::tick`] once [`Run::deadline`] has
//! come. Drain `poll` after every call. A finished run asks for nothing more.

mod attempts;
mod extension;
mod output;
mod probes;

pub use output::Action;

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

use super::attempt::{DialError, Dialled, Opening, Retry};
use super::ending::End;
use super::extension::{Extension, ExtensionInput, redact_topics};
use super::host_view::{HostView, Measured};
use super::mqtt::{Kept, Output, SampleTrips, Session, Surroundings};
use super::probe::Prober;
use super::recovery::Recovery;
use super::service_clock::ServiceClock;
use super::settings::RunSettings;
use super::state::{Standing, State};
use super::traffic::Totals;
use super::version::Versions;
use crate::event::failure::StreamEnd;
use crate::event::{
    ClockReading, Environment, Event, LateAnswer, Moment, Sample, Start, Stop, StopReason, seconds,
};
use crate::wire::Connack;

/// Time between regular samples (journal format).
const SAMPLE_INTERVAL: Duration = Duration::from_mins(1);

/// The run.
#[derive(Debug)]
pub struct Run {
    settings: RunSettings,
    state: State,
    recovery: Recovery,
    versions: Versions,
    kept: Kept,
    past: Totals,
    host: HostView,
    service_clock: ServiceClock,
    prober: Option<Prober>,
    extension: Box<dyn Extension>,
    next_sample: Moment,
    events: u64,
    chance: fastrand::Rng,
    actions: VecDeque<Action>,
}

impl Run {
    /// Begins a run at the origin of its clock: the first event is `start`, and the first attempt is due at once.
    /// `seed` feeds the jitter of the back-off.
    pub fn begin(settings: RunSettings, extension: Box<dyn Extension>, start: Start, seed: u64) -> Self {
        let now = Moment::default();
        let mut run = Self {
            state: State::Waiting { until: now },
            recovery: Recovery::new(settings.reconnect.clone()),
            versions: Versions::new(settings.protocol),
            kept: Kept::default(),
            past: Totals::default(),
            host: HostView::new(settings.session.keep_alive),
            service_clock: ServiceClock::default(),
            prober: settings.probe.clone().map(Prober::new),
            extension,
            next_sample: now.plus(SAMPLE_INTERVAL),
            events: 0,
            chance: fastrand::Rng::with_seed(seed),
            actions: VecDeque::new(),
            settings,
        };
        run.record(Event::Start(Box::new(start)));
        run.dial(now);
        run
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::tick`] wants to be called.
    pub fn deadline(&self) -> Option<Moment> {
        if self.is_finished() {
            return None;
        }
        let own = self.state.deadline(self.settings.connect_timeout);
        let probe = self.prober.as_ref().and_then(Prober::deadline);
        let always = [self.next_sample, self.host.deadline()];
        let all = always.into_iter().chain(own).chain(probe).chain(self.extension.deadline());
        all.chain(self.end_of_run()).min()
    }

    /// How the run stands.
    pub fn standing(&self) -> Standing {
        self.state.standing(self.recovery.attempt_number())
    }

    /// The latest round trip of the session that is up.
    pub fn last_round_trip(&self) -> Option<Duration> {
        self.state.session().and_then(|session| session.traffic().round_trips.last())
    }

    /// What went over all connections of the run.
    pub fn totals(&self) -> Totals {
        self.past.plus(self.state.totals())
    }

    /// The loop came round: this is what the clocks say. To be called before anything else is told, so that a sleep of
    /// the host stands before what it led to.
    pub fn woke(&mut self, now: Moment, reading: ClockReading) {
        let due = self.deadline();
        for environment in self.host.woke(now, due, reading) {
            self.environment(now, environment);
        }
    }

    /// Whether the host is to be measured, once a second: after the end of a connection the kernel may say nothing.
    /// To be asked before [`Self::woke`], which takes it as done.
    pub fn wants_measurement(&self, now: Moment) -> bool {
        now >= self.host.deadline()
    }

    /// What this host measured just now.
    pub fn measured(&mut self, measured: Measured) {
        self.host.measured(measured);
    }

    /// The stream is ready.
    pub fn dialled(&mut self, now: Moment, dialled: Dialled) {
        self.service_date(now, dialled.clock_offset);
        let State::Dialling { since } = self.state else { return };
        if let Some(learned) = &dialled.learned {
            self.tell_extension(now, ExtensionInput::Learned(learned));
        }
        let session = self.open_session(now);
        self.host.begin_connection();
        self.state = State::Opening(Box::new(Opening { since, dialled_at: now, dialled, session }));
        self.drain_session(now);
    }

    /// There is no stream; the run ends where there never will be one.
    pub fn dial_failed(&mut self, now: Moment, error: DialError) {
        self.service_date(now, error.clock_offset);
        let State::Dialling { since } = self.state else { return };
        let attempt = self.attempt(now, since);
        self.versions.unanswered();
        match error.retry {
            Retry::Later => self.try_again(now, |wait| error.into_record(attempt, wait)),
            Retry::Never => {
                self.give_up(now, error.into_record(attempt, None), StopReason::CredentialsRejected);
            }
        }
        self.drain_session(now);
    }

    /// A service told the time: before what came of the attempt, to which it may have led.
    fn service_date(&mut self, now: Moment, offset: Option<TimeDelta>) {
        if let Some(told) = offset.and_then(|offset| self.service_clock.read(offset)) {
            self.environment(now, told);
        }
    }

    /// Bytes arrived on the stream.
    pub fn received(&mut self, now: Moment, bytes: &[u8]) {
        if let Some(session) = self.state.session_mut() {
            session.receive(now, bytes);
            self.tell_extension(now, ExtensionInput::Heard);
            self.drain_session(now);
        }
    }

    /// All that was to be sent has left for the socket.
    pub fn written(&mut self, now: Moment) {
        if let Some(session) = self.state.session_mut() {
            session.written(now);
            self.tell_extension(now, ExtensionInput::Written);
        }
    }

    /// The stream ended.
    pub fn stream_ended(&mut self, now: Moment, end: StreamEnd) {
        if let Some(session) = self.state.session_mut() {
            session.stream_ended(end);
            self.drain_session(now);
        }
    }

    /// The answer to a ping that was given up came after all, this long after it.
    pub fn late_answer(&mut self, now: Moment, after: Duration) {
        if !self.is_finished() {
            self.record(Event::LateAnswer(LateAnswer { seconds: seconds(after) }));
            self.drain_session(now);
        }
    }

    /// Something changed on this host.
    pub fn environment(&mut self, now: Moment, environment: Environment) {
        if !self.is_finished() {
            self.record(Event::Environment(environment));
            self.drain_session(now);
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Moment) {
        if self.end_of_run().is_some_and(|end| now >= end) {
            return self.stop(now, StopReason::Duration);
        }
        if now >= self.next_sample && !self.is_finished() {
            self.next_sample = now.plus(SAMPLE_INTERVAL);
            self.sample(now);
        }
        match &mut self.state {
            State::Up { session, .. } => session.timeout(now),
            State::Waiting { until } if now >= *until => self.dial(now),
            State::Opening(opening) if now >= opening.deadline(self.settings.connect_timeout) => {
                self.connack_missing(now);
            }
            State::Dialling { .. } | State::Opening(_) | State::Waiting { .. } | State::Finished => {}
        }
        self.probe(now);
        self.tell_extension(now, ExtensionInput::Timeout);
        self.drain_session(now);
    }

    /// The run is to end: DISCONNECT if a session is up, a last sample, `stop`.
    pub fn stop(&mut self, now: Moment, reason: StopReason) {
        if self.is_finished() {
            return;
        }
        self.sample(now);
        let mut uptime = None;
        if let Some((since, session)) = self.state.up() {
            uptime = Some(now.since(since));
            session.close(now);
            while let Some(output) = session.poll() {
                if let Output::Send(bytes) = output {
                    self.actions.push_back(Action::Send(bytes));
                }
            }
        }
        self.record(Event::Stop(Stop {
            duration_connected_seconds: uptime.map(seconds),
            ..Stop::new(reason)
        }));
        self.state = State::Finished;
        self.actions.push_back(Action::Finish(reason));
    }

    fn end_of_run(&self) -> Option<Moment> {
        self.settings.limits.duration.map(Moment::after_start)
    }

    fn dial(&mut self, now: Moment) {
        self.state = State::Dialling { since: now };
        self.actions.push_back(Action::Dial(self.recovery.depth()));
    }

    /// Carries out what the session wants, then looks whether the run has seen enough.
    fn drain_session(&mut self, now: Moment) {
        while !self.has_seen_enough() {
            let Some(output) = self.state.session_mut().and_then(Session::poll) else { return };
            match output {
                Output::Send(bytes) => self.actions.push_back(Action::Send(bytes)),
                Output::Accepted(connack) => self.accepted(now, &connack),
                Output::Subscribed(subscribed) => self.subscribed(now, subscribed),
                Output::Ready => self.ready(now),
                Output::Message(message) => self.tell_extension(now, ExtensionInput::Message(&message)),
                Output::NotTaken => self.tell_extension(now, ExtensionInput::RequestLost),
                Output::Ended(end) => self.ended(now, &end),
            }
        }
        self.stop(now, StopReason::MaxEvents);
    }

    const fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    fn has_seen_enough(&self) -> bool {
        self.settings.limits.max_events.is_some_and(|most| self.events >= most)
    }

    fn accepted(&mut self, now: Moment, connack: &Connack) {
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Finished) else { return };
        self.versions.proven();
        let recovered = self.recovery.connected(now);
        let record = opening.connected(now, recovered, connack);
        self.state = State::Up { since: now, session: Box::new(opening.session) };
        self.record(Event::Connected(Box::new(record)));
    }

    fn ended(&mut self, now: Moment, end: &End) {
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Up { since, session } => self.dropped(now, since, *session, end),
            State::Opening(opening) => self.refused(now, *opening, end),
            other @ (State::Dialling { .. } | State::Waiting { .. } | State::Finished) => self.state = other,
        }
    }

    fn dropped(&mut self, now: Moment, since: Moment, mut session: Session, end: &End) {
        let uptime = now.since(since);
        let record = session.drop_record(now, end, self.surroundings(now, uptime));
        let listener = matches!(end, End::PingUnanswered(_)).then(|| session.late_listener(now)).flatten();
        self.state = State::Up { since, session: Box::new(session) };
        self.sample(now);
        self.retire_session();
        self.tell_extension(now, ExtensionInput::Down);
        self.record(Event::Drop(Box::new(record)));
        self.actions.push_back(listener.map_or(Action::Close, Action::Linger));
        let wait = self.recovery.dropped(now, uptime, self.chance.f64());
        self.state = State::Waiting { until: now.plus(wait) };
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

    /// Adds what went over the session to the run's totals, and keeps what the next session needs.
    fn retire_session(&mut self) {
        self.past = self.totals();
        if let Some(kept) = std::mem::replace(&mut self.state, State::Finished).into_kept() {
            self.kept = kept;
        }
    }

    fn sample(&mut self, now: Moment) {
        let up = self.state.up().map(|(since, session)| (now.since(since), session.take_trips()));
        let (uptime, SampleTrips { pings, publishes }) =
            up.map_or_else(Default::default, |(uptime, trips)| (Some(uptime), trips));
        let Measured { tcp, wifi_dbm } = self.host.latest();
        let totals = self.totals();
        self.record(Event::Sample(Box::new(Sample {
            connected: Some(uptime.is_some()),
            session_seconds: Some(uptime.map_or(0.0, seconds)),
            messages_received: Some(totals.messages_received),
            messages_published: Some(totals.messages_published),
            messages_queued: Some(self.prober.as_ref().map_or(0, Prober::had_to_wait)),
            bytes_received: Some(totals.bytes_received),
            bytes_sent: Some(totals.bytes_sent),
            ping_rtt_ms: pings.in_full(),
            probe_rtt_ms: publishes.in_full(),
            survived: None,
            tcp: tcp.filter(|_| uptime.is_some()),
            wifi_dbm,
        })));
    }

    fn record(&mut self, mut event: Event) {
        redact_topics(&*self.extension, &mut event);
        match event {
            Event::Start(_)
            | Event::Subscribed(_)
            | Event::Sample(_)
            | Event::Stop(_)
            | Event::Finding(_)
            | Event::Pruned(_) => {}
            Event::Connected(_)
            | Event::Drop(_)
            | Event::LateAnswer(_)
            | Event::AttemptFailed(_)
            | Event::Environment(_)
            | Event::Device(_)
            | Event::ProbeRefused(_) => self.events += 1,
        }
        self.actions.push_back(Action::Record(event));
    }
}
