//! One run of `watch` as a machine: attempts, sessions, back-off, samples, limits; events of the journal come out.
//!
//! The world does what [`Run::poll`] says, tells what came of it, and calls [`Run::tick`] once [`Run::deadline`] has
//! come. Drain `poll` after every call. A finished run asks for nothing more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

use super::attempt::{DialFault, Dialled, Opening};
use super::ending::{End, StreamEnd};
use super::inbox::Inbox;
use super::late::LateListener;
use super::mqtt::{Output, Session};
use super::recovery::{Depth, Next, Recovery};
use super::settings::RunSettings;
use super::traffic::Totals;
use crate::crt;
use crate::event::{Environment, Event, LateAnswer, Moment, Phase, Sample, Start, Stop, StopReason, seconds};
use crate::wire::Connack;

/// Time between regular samples (journal format).
const SAMPLE_INTERVAL: Duration = Duration::from_mins(1);

/// What the world is to do.
#[derive(Debug)]
pub enum Action {
    /// Dial the broker; answer with [`Run::dialled`] or [`Run::dial_failed`].
    Dial(Depth),
    /// Write this to the stream.
    Send(BytesMut),
    /// Close the stream, or stop dialling.
    Close,
    /// Close the stream only once this listener has heard enough, or its time is over.
    Linger(LateListener),
    /// Record this.
    Record(Event),
    /// Write what is left to write, close, and end.
    Finish(StopReason),
}

#[derive(Debug)]
enum State {
    /// An attempt is at work below MQTT.
    Dialling { since: Moment },
    /// CONNECT is out.
    Opening(Box<Opening>),
    /// A session is up.
    Up { since: Moment, session: Box<Session> },
    /// The next attempt is due at this moment.
    Waiting { until: Moment },
    /// The run is over.
    Finished,
}

/// How the run stands, for a status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Connecting since this moment, with the attempt of this number.
    Connecting(Moment, u32),
    /// Up since this moment.
    Up(Moment),
    /// The attempt of this number is due at this moment.
    Waiting(Moment, u32),
    /// Over.
    Finished,
}

/// The run.
#[derive(Debug)]
pub struct Run {
    settings: RunSettings,
    state: State,
    recovery: Recovery,
    inbox: Inbox,
    past: Totals,
    next_sample: Moment,
    events: u64,
    chance: fastrand::Rng,
    actions: VecDeque<Action>,
}

impl Run {
    /// Begins a run at the origin of its clock: the first event is `start`, and the first attempt is due at once.
    /// `seed` feeds the jitter of the back-off.
    pub fn begin(settings: RunSettings, start: Start, seed: u64) -> Self {
        let now = Moment::default();
        let mut run = Self {
            state: State::Waiting { until: now },
            recovery: Recovery::new(settings.reconnect.clone()),
            inbox: Inbox::default(),
            past: Totals::default(),
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
        let own = match &self.state {
            State::Dialling { .. } => None,
            State::Opening(opening) => Some(opening.since.plus(self.settings.connect_timeout)),
            State::Up { session, .. } => session.deadline(),
            State::Waiting { until } => Some(*until),
            State::Finished => return None,
        };
        own.into_iter().chain([self.next_sample]).chain(self.end_of_run()).min()
    }

    /// How the run stands.
    pub fn standing(&self) -> Standing {
        let attempt = self.recovery.attempt_number();
        match &self.state {
            State::Dialling { since } => Standing::Connecting(*since, attempt),
            State::Opening(opening) => Standing::Connecting(opening.since, attempt),
            State::Up { since, .. } => Standing::Up(*since),
            State::Waiting { until } => Standing::Waiting(*until, attempt),
            State::Finished => Standing::Finished,
        }
    }

    /// The latest round trip of the session that is up.
    pub fn last_round_trip(&self) -> Option<Duration> {
        match &self.state {
            State::Up { session, .. } => session.traffic().round_trips.last(),
            State::Dialling { .. } | State::Opening(_) | State::Waiting { .. } | State::Finished => None,
        }
    }

    /// What went over all connections of the run.
    pub fn totals(&self) -> Totals {
        match &self.state {
            State::Up { session, .. } => self.past.plus(session.traffic().totals),
            State::Opening(opening) => self.past.plus(opening.session.traffic().totals),
            State::Dialling { .. } | State::Waiting { .. } | State::Finished => self.past,
        }
    }

    /// The stream is ready.
    pub fn dialled(&mut self, now: Moment, dialled: Dialled) {
        let State::Dialling { since } = self.state else { return };
        let session = Session::open(Arc::clone(&self.settings.session), std::mem::take(&mut self.inbox), now);
        self.state = State::Opening(Box::new(Opening { since, dialled_at: now, dialled, session }));
        self.settle(now);
    }

    /// There is no stream.
    pub fn dial_failed(&mut self, now: Moment, fault: DialFault) {
        let State::Dialling { since } = self.state else { return };
        self.attempt_failed(now, since, fault, None);
        self.settle(now);
    }

    /// Bytes arrived on the stream.
    pub fn received(&mut self, now: Moment, bytes: &[u8]) {
        if let Some(session) = self.session() {
            session.receive(now, bytes);
            self.settle(now);
        }
    }

    /// The stream ended.
    pub fn stream_ended(&mut self, now: Moment, end: StreamEnd) {
        if let Some(session) = self.session() {
            session.stream_ended(end);
            self.settle(now);
        }
    }

    /// The answer to a ping that was given up came after all, this long after it.
    pub fn late_answer(&mut self, now: Moment, after: Duration) {
        if !matches!(self.state, State::Finished) {
            self.record(Event::LateAnswer(LateAnswer { seconds: seconds(after) }));
            self.settle(now);
        }
    }

    /// Something changed on this host.
    pub fn environment(&mut self, now: Moment, environment: Environment) {
        if !matches!(self.state, State::Finished) {
            self.record(Event::Environment(environment));
            self.settle(now);
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Moment) {
        if self.end_of_run().is_some_and(|end| now >= end) {
            return self.stop(now, StopReason::Duration);
        }
        if now >= self.next_sample && !matches!(self.state, State::Finished) {
            self.next_sample = now.plus(SAMPLE_INTERVAL);
            self.sample(now);
        }
        match &mut self.state {
            State::Up { session, .. } => session.timeout(now),
            State::Waiting { until } if now >= *until => self.dial(now),
            State::Opening(opening) if now >= opening.since.plus(self.settings.connect_timeout) => {
                self.connack_missing(now);
            }
            State::Dialling { .. } | State::Opening(_) | State::Waiting { .. } | State::Finished => {}
        }
        self.settle(now);
    }

    /// The run is to end: DISCONNECT if a session is up, a last sample, `stop`.
    pub fn stop(&mut self, now: Moment, reason: StopReason) {
        if matches!(self.state, State::Finished) {
            return;
        }
        self.sample(now);
        let mut uptime = None;
        if let State::Up { since, session } = &mut self.state {
            uptime = Some(now.since(*since));
            session.close(now);
            while let Some(output) = session.poll() {
                if let Output::Send(bytes) = output {
                    self.actions.push_back(Action::Send(bytes));
                }
            }
        }
        self.record(Event::Stop(Stop { reason, duration_connected_seconds: uptime.map(seconds) }));
        self.state = State::Finished;
        self.actions.push_back(Action::Finish(reason));
    }

    fn session(&mut self) -> Option<&mut Session> {
        match &mut self.state {
            State::Up { session, .. } => Some(session),
            State::Opening(opening) => Some(&mut opening.session),
            State::Dialling { .. } | State::Waiting { .. } | State::Finished => None,
        }
    }

    fn end_of_run(&self) -> Option<Moment> {
        self.settings.limits.duration.map(Moment::after_start)
    }

    fn dial(&mut self, now: Moment) {
        self.state = State::Dialling { since: now };
        self.actions.push_back(Action::Dial(self.recovery.depth()));
    }

    /// Carries out what the session wants, then looks whether the run has seen enough.
    fn settle(&mut self, now: Moment) {
        while !self.has_seen_enough() {
            let Some(output) = self.session().and_then(Session::poll) else { return };
            match output {
                Output::Send(bytes) => self.actions.push_back(Action::Send(bytes)),
                Output::Accepted(connack) => self.accepted(now, connack),
                Output::Subscribed(subscribed) => self.record(Event::Subscribed(subscribed)),
                Output::Ended(end) => self.ended(now, &end),
            }
        }
        self.stop(now, StopReason::MaxEvents);
    }

    fn has_seen_enough(&self) -> bool {
        self.settings.limits.max_events.is_some_and(|most| self.events >= most)
    }

    fn accepted(&mut self, now: Moment, connack: Connack) {
        let State::Opening(opening) = std::mem::replace(&mut self.state, State::Finished) else { return };
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
        let record = session.drop_record(now, uptime, end, self.settings.transport);
        let listener = matches!(end, End::PingUnanswered(_)).then(|| session.late_listener()).flatten();
        self.state = State::Up { since, session: Box::new(session) };
        self.sample(now);
        self.retire_session();
        self.record(Event::Drop(Box::new(record)));
        self.actions.push_back(listener.map_or(Action::Close, Action::Linger));
        let wait = self.recovery.dropped(now, uptime, self.chance.f64());
        self.state = State::Waiting { until: now.plus(wait) };
    }

    /// Adds what went over the session to the run's totals, and keeps what the next session needs.
    fn retire_session(&mut self) {
        self.past = self.totals();
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Up { session, .. } => self.inbox = session.into_inbox(),
            State::Opening(opening) => self.inbox = opening.session.into_inbox(),
            State::Dialling { .. } | State::Waiting { .. } | State::Finished => {}
        }
    }

    fn refused(&mut self, now: Moment, opening: Opening, end: &End) {
        let since = opening.since;
        let fault = opening.fault(now, end.failed_phase(), end.fault_before_connack());
        self.state = State::Opening(Box::new(opening));
        self.retire_session();
        self.actions.push_back(Action::Close);
        self.attempt_failed(now, since, fault, end.return_code());
    }

    fn connack_missing(&mut self, now: Moment) {
        let State::Opening(opening) = &self.state else { return };
        let since = opening.since;
        let waited = now.since(opening.dialled_at).as_secs_f64();
        let fault = crt::MQTT_TIMEOUT.told(format!("no CONNACK within {waited:.1} s"));
        let fault = opening.fault(now, Phase::Mqtt, fault);
        self.retire_session();
        self.actions.push_back(Action::Close);
        self.attempt_failed(now, since, fault, None);
    }

    fn attempt_failed(&mut self, now: Moment, since: Moment, fault: DialFault, return_code: Option<u8>) {
        let attempt_number = self.recovery.attempt_number();
        let next = self.recovery.failed(self.chance.f64());
        let wait = match next {
            Next::After(wait) => Some(wait),
            Next::GiveUp => None,
        };
        let mut record = fault.into_record(attempt_number, now.since(since), wait);
        record.protocol = Some(self.settings.session.protocol);
        record.return_code = return_code;
        self.record(Event::AttemptFailed(Box::new(record)));
        self.state = State::Waiting { until: now.plus(wait.unwrap_or_default()) };
        if next == Next::GiveUp {
            self.stop(now, StopReason::AttemptsExhausted);
        }
    }

    fn sample(&mut self, now: Moment) {
        let (uptime, trips) = match &mut self.state {
            State::Up { since, session } => (Some(now.since(*since)), session.take_trips().in_full()),
            State::Dialling { .. } | State::Opening(_) | State::Waiting { .. } | State::Finished => {
                (None, None)
            }
        };
        let totals = self.totals();
        self.record(Event::Sample(Box::new(Sample {
            connected: uptime.is_some(),
            session_seconds: uptime.map_or(0.0, seconds),
            messages_received: totals.messages_received,
            messages_published: totals.messages_published,
            messages_queued: 0,
            bytes_received: totals.bytes_received,
            bytes_sent: totals.bytes_sent,
            ping_rtt_ms: trips,
            probe_rtt_ms: None,
            tcp: None,
            wifi_dbm: None,
        })));
    }

    fn record(&mut self, event: Event) {
        match event {
            Event::Start(_) | Event::Subscribed(_) | Event::Sample(_) | Event::Stop(_) => {}
            Event::Connected(_)
            | Event::Drop(_)
            | Event::LateAnswer(_)
            | Event::AttemptFailed(_)
            | Event::Environment(_) => self.events += 1,
        }
        self.actions.push_back(Action::Record(event));
    }
}
