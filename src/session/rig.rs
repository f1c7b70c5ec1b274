//! A run in a world that a test plays, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};

use super::attempt::{DialError, Dialled};
use super::extension::{Extension, NoExtension, Opaque};
use super::host_view::Measured;
use super::late::LateListener;
use super::recovery::Depth;
use super::run::{Action, Input, Now, Output, Run};
use super::settings::{Filter, Limits, ProtocolChoice, ReconnectSettings, RunSettings, SessionSettings};
use crate::event::failure::{Failure, StreamEnd, TcpFailure, TcpProblem};
use crate::event::{
    AttemptFailed, ClockReading, Event, Moment, Phase, Phases, Protocol, Qos, Sample, SessionDrop, Start,
    StopReason, TargetFacts, Transport,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const CONNACK: &[u8] = &[0x20, 2, 0, 0];
pub(crate) const PINGRESP: &[u8] = &[0xd0, 0];

/// What a finished run waits for.
pub(crate) const NEVER: Moment = Moment::after_start(Duration::MAX);

/// Timeouts at one moment after which a deadline is taken to stand still: an end and the attempt after it are two.
const STANDSTILL: u32 = 10;

pub(crate) fn settings() -> RunSettings {
    RunSettings {
        target: TargetFacts::default(),
        transport: Transport::Tcp,
        protocol: ProtocolChoice::Only(Protocol::V311),
        probe: None,
        session: Arc::new(SessionSettings {
            client_id: "c".to_owned(),
            username: None,
            password: None,
            keep_alive: 60 * SECOND,
            clean_session: true,
            ping_interval: 60 * SECOND,
            ping_timeout: 3 * SECOND,
            max_packet_bytes: 1024,
            filters: Vec::new(),
        }),
        reconnect: ReconnectSettings { min: SECOND, max: 120 * SECOND, deep_every: 10, max_attempts: None },
        connect_timeout: 10 * SECOND,
        sample_interval: 60 * SECOND,
        limits: Limits::default(),
    }
}

pub(crate) fn subscribing(topics: &[&str]) -> RunSettings {
    let mut settings = settings();
    let filters = topics.iter().map(|topic| Filter { topic: (*topic).to_owned(), qos: Qos::AtLeastOnce });
    Arc::make_mut(&mut settings.session).filters = filters.collect();
    settings
}

pub(crate) fn start() -> Start {
    Start { time_zone: "UTC".to_owned(), ..Start::new(TargetFacts::default()) }
}

/// A run in a world that the test plays.
pub(crate) struct Rig {
    pub(crate) run: Run,
    pub(crate) now: Moment,
    /// When the run wants to be woken.
    pub(crate) deadline: Moment,
    /// What the host measures from now on.
    pub(crate) measured: Measured,
    /// How long the host has slept.
    pub(crate) slept: Duration,
    /// How far the wall clock was set.
    pub(crate) set: TimeDelta,
    pub(crate) events: Vec<(Moment, Event)>,
    pub(crate) sent: Vec<u8>,
    pub(crate) dials: Vec<Depth>,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) lingering: Option<LateListener>,
    /// What each attempt learns while it is being let in.
    pub(crate) learned: Option<Opaque>,
}

impl Rig {
    pub(crate) fn new(settings: RunSettings) -> Self {
        Self::extended(settings, Box::new(NoExtension))
    }

    pub(crate) fn extended(settings: RunSettings, extension: Box<dyn Extension>) -> Self {
        let mut rig = Self {
            run: Run::begin(settings, extension, start(), 7),
            now: Moment::default(),
            deadline: Moment::default(),
            measured: Measured::default(),
            slept: Duration::ZERO,
            set: TimeDelta::zero(),
            events: Vec::new(),
            sent: Vec::new(),
            dials: Vec::new(),
            actions: Vec::new(),
            lingering: None,
            learned: None,
        };
        rig.drain();
        rig
    }

    pub(crate) fn connected(settings: RunSettings) -> Self {
        let mut rig = Self::new(settings);
        rig.connect();
        rig
    }

    /// Something happens now, and the run has its way until it waits.
    pub(crate) fn handle(&mut self, input: Input<'_>) {
        let boot = self.now.since_start();
        let wall = DateTime::UNIX_EPOCH + TimeDelta::from_std(boot).unwrap() + self.set;
        let clocks = ClockReading { boot, monotonic: boot.saturating_sub(self.slept), wall };
        self.run.handle(Now { moment: self.now, clocks, measured: self.measured }, input);
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        self.deadline = loop {
            let action = match self.run.poll() {
                Output::Wait(deadline) => break deadline,
                Output::Act(action) => action,
            };
            match action {
                Action::Dial(depth) => self.dials.push(depth),
                Action::Send(bytes) => self.sent.extend(bytes),
                Action::Observation(event) => self.events.push((self.now, event)),
                Action::Close => self.actions.push("close"),
                Action::Linger(listener) => self.lingering = Some(listener),
                Action::AskService => self.actions.push("ask"),
                Action::Finish(_) => self.actions.push("finish"),
            }
        };
    }

    pub(crate) fn dialled(&mut self) {
        let dialled = Dialled {
            phases: Phases::default(),
            local_address: "127.0.0.1:2".to_owned(),
            peer_address: "127.0.0.1:1".to_owned(),
            addresses_lost: Vec::new(),
            clock_offset: None,
            learned: self.learned.clone(),
        };
        self.dialled_as(dialled);
    }

    pub(crate) fn dialled_as(&mut self, dialled: Dialled) {
        self.handle(Input::Dialled(dialled));
    }

    pub(crate) fn connect(&mut self) {
        self.dialled();
        self.bytes(CONNACK);
    }

    pub(crate) fn refuse(&mut self) {
        let failure = TcpFailure { address: None, problem: TcpProblem::Refused, addresses: 1, failed: 1 };
        self.fail(DialError::new(Phase::Tcp, Failure::Tcp(failure)));
    }

    pub(crate) fn fail(&mut self, error: DialError) {
        self.handle(Input::DialFailed(error));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.handle(Input::Received(bytes));
    }

    pub(crate) fn end(&mut self, end: StreamEnd) {
        self.handle(Input::StreamEnded(end));
    }

    /// Lets time pass, waking the run whenever it asked to be woken.
    pub(crate) fn pass(&mut self, span: Duration) {
        let until = self.now.plus(span);
        let mut at_once = 0;
        while self.deadline <= until {
            at_once = if self.deadline > self.now { 0 } else { at_once + 1 };
            assert!(at_once < STANDSTILL, "the deadline stands still at {:?}", self.deadline);
            self.now = self.now.max(self.deadline);
            self.wake();
        }
        self.now = until;
    }

    /// Lets time pass until the next attempt begins, and tells how long that took, to 10 ms.
    pub(crate) fn until_dial(&mut self) -> Duration {
        let (since, dials) = (self.now, self.dials.len());
        while self.dials.len() == dials {
            self.pass(SECOND / 100);
            assert!(self.now.since(since) < 3600 * SECOND, "no attempt follows");
        }
        self.now.since(since)
    }

    /// The loop comes round now.
    pub(crate) fn wake(&mut self) {
        self.handle(Input::Timeout);
    }

    /// Everything that was sent has left.
    pub(crate) fn written(&mut self) {
        self.handle(Input::Written);
    }

    pub(crate) fn stop(&mut self) {
        self.handle(Input::Stop(StopReason::Signal));
    }

    /// The same, with a broker that answers every ping at once.
    pub(crate) fn pass_answered(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while self.deadline <= until {
            self.pass(self.deadline.since(self.now));
            if self.sent.windows(2).any(|packet| packet == [0xc0, 0]) {
                self.sent.clear();
                self.bytes(PINGRESP);
            }
        }
        self.now = until;
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.events.iter().map(|(_, event)| event.name()).collect()
    }

    pub(crate) fn drops(&self) -> Vec<&SessionDrop> {
        self.events
            .iter()
            .filter_map(|(_, event)| if let Event::Drop(drop) = event { Some(&**drop) } else { None })
            .collect()
    }

    pub(crate) fn last_drop(&self) -> &SessionDrop {
        self.drops().last().copied().expect("a drop")
    }

    pub(crate) fn failures(&self) -> Vec<&AttemptFailed> {
        self.events
            .iter()
            .filter_map(
                |(_, event)| if let Event::AttemptFailed(failed) = event { Some(&**failed) } else { None },
            )
            .collect()
    }

    pub(crate) fn last_sample(&self) -> &Sample {
        let mut samples = self.events.iter().rev();
        let told = samples
            .find_map(|(_, event)| if let Event::Sample(sample) = event { Some(&**sample) } else { None });
        told.expect("a sample")
    }

    pub(crate) fn last_failed_phase(&self) -> Option<(Phase, String, Option<u8>)> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            Event::AttemptFailed(failed) => {
                Some((failed.phase, failed.error_name.to_string(), failed.return_code))
            }
            _ => None,
        })
    }
}

/// A packet that we sent: its first byte and what follows the length.
pub(crate) fn packets(sent: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut left = sent;
    while let [first, behind @ ..] = left {
        let own = behind.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let length = behind[..own].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
        packets.push((*first, behind[own..own + length].to_vec()));
        left = &behind[own + length..];
    }
    packets
}
