//! What an attempt has come to so far: its time, its phases, and the setback that ended it.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;

use super::tcp::Ends;
use super::{DialFailure, Dialled};
use crate::crt::Fault;
use crate::event::{Moment, Phase, Phases};
use crate::io::clock::Clock;
use crate::io::stream::Stream;
use crate::navien::device::Device;
use crate::session::attempt::Retry;

/// What is known of an attempt so far.
pub(super) struct Attempt {
    pub(super) clock: Clock,
    pub(super) deadline: Moment,
    pub(super) phases: Phases,
    pub(super) peer: Option<SocketAddr>,
    pub(super) clock_offset: Option<TimeDelta>,
    pub(super) devices: Vec<Device>,
}

/// The attempt's time was up; how long this phase had taken by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late(pub(super) Duration);

impl Attempt {
    /// Its deadline is set once it is known what to dial with.
    pub(super) fn begin(clock: Clock) -> Self {
        Self {
            clock,
            deadline: clock.now(),
            phases: Phases::default(),
            peer: None,
            clock_offset: None,
            devices: Vec::new(),
        }
    }

    pub(super) fn succeeded(self, stream: Stream, Ends { local, peer }: Ends) -> Dialled {
        let Self { phases, clock_offset, devices, .. } = self;
        Dialled { stream, phases, local, peer, clock_offset, devices }
    }

    pub(super) fn failed(self, setback: Setback) -> DialFailure {
        DialFailure {
            phase: setback.phase,
            fault: setback.fault,
            http_status: setback.http_status,
            peer: self.peer,
            phases: self.phases,
            clock_offset: self.clock_offset,
            retry: setback.retry,
        }
    }

    /// Does the work of a phase and notes how long it took.
    pub(super) async fn timed<T>(&mut self, phase: Phase, work: impl Future<Output = T>) -> Result<T, Late> {
        let started = self.clock.now();
        let outcome = tokio::select! {
            biased;
            done = work => Some(done),
            () = self.clock.sleep_until(Some(self.deadline)) => None,
        };
        let took = self.clock.now().since(started);
        self.phases.set(phase, took);
        outcome.ok_or(Late(took))
    }
}

/// `10.0 s`: a span as a sentence holds it.
impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// A phase that failed.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) phase: Phase,
    pub(super) fault: Fault,
    pub(super) http_status: Option<u16>,
    pub(super) retry: Retry,
}

impl Setback {
    pub(super) fn at(phase: Phase, fault: Fault) -> Self {
        Self { phase, fault, http_status: None, retry: Retry::Later }
    }
}
