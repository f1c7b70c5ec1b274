//! What an attempt has come to so far: its time, its phases, and what is known whatever comes of it.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;

use super::Dialled;
use super::tcp::Ends;
use crate::event::{AddressLost, Moment, Phase, Phases};
use crate::io::clock::Clock;
use crate::io::stream::Stream;
use crate::session::attempt::DialError;
use crate::session::extension::Opaque;

/// What is known of an attempt so far.
pub(super) struct Attempt {
    pub(super) clock: Clock,
    pub(super) deadline: Moment,
    pub(super) phases: Phases,
    pub(super) peer: Option<SocketAddr>,
    pub(super) addresses_lost: Vec<AddressLost>,
    pub(super) clock_offset: Option<TimeDelta>,
    pub(super) learned: Option<Opaque>,
}

/// The attempt's time was up: how long this phase had taken by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimedOut(pub(super) Duration);

impl Attempt {
    /// Its deadline is set once it is known what to dial with.
    pub(super) fn begin(clock: Clock) -> Self {
        Self {
            clock,
            deadline: clock.now(),
            phases: Phases::default(),
            peer: None,
            addresses_lost: Vec::new(),
            clock_offset: None,
            learned: None,
        }
    }

    pub(super) fn succeeded(self, stream: Stream, Ends { local, peer }: Ends) -> Dialled {
        let Self { phases, addresses_lost, clock_offset, learned, .. } = self;
        Dialled { stream, phases, local, peer, addresses_lost, clock_offset, learned }
    }

    /// `error` with all that is known of the attempt.
    pub(super) fn failed(self, error: DialError) -> DialError {
        DialError {
            peer_address: self.peer.map(|peer| peer.to_string()),
            addresses_lost: self.addresses_lost,
            phases: self.phases,
            clock_offset: self.clock_offset,
            learned: self.learned,
            ..error
        }
    }

    /// Does the work of a phase and notes how long it took.
    pub(super) async fn timed<T>(
        &mut self,
        phase: Phase,
        work: impl Future<Output = T>,
    ) -> Result<T, TimedOut> {
        let started = self.clock.now();
        let outcome = tokio::select! {
            biased;
            done = work => Some(done),
            () = self.clock.sleep_until(Some(self.deadline)) => None,
        };
        let took = self.clock.now().since(started);
        self.phases.set(phase, took);
        outcome.ok_or(TimedOut(took))
    }
}
