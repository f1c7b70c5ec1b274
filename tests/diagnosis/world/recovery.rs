//! Coming back, as the simulated client does it: counts attempts, decides how deep the next one goes and how long to
//! wait for it.

use std::time::Duration;

use nwdiag::event::{ConnectionKind, Moment};
use nwdiag::session::backoff::Backoff;
use nwdiag::session::recovery::Depth;
use nwdiag::session::settings::ReconnectSettings;

/// A session this long shows that connecting works: the back-off starts afresh. A shorter one does not, or a broker
/// that accepts and closes would make us hammer it.
const SETTLED: Duration = Duration::from_secs(30);

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one, after this wait.
    After(Duration),
    /// Nothing: the limit is reached.
    GiveUp,
}

/// What a new session says about the outage before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recovered {
    /// First of the run, quick or deep.
    pub(super) kind: ConnectionKind,
    /// Attempts that it took, the successful one included; 0 for a first connection that needed no retry.
    pub(super) attempt_number: u32,
    /// Time since the drop, if there was one.
    pub(super) outage: Option<Duration>,
}

/// The run's memory between sessions.
#[derive(Debug)]
pub(super) struct Recovery {
    settings: ReconnectSettings,
    backoff: Backoff,
    failed: u32,
    dropped_at: Option<Moment>,
    connected_before: bool,
}

impl Recovery {
    /// The state of a run that begins.
    pub(super) const fn new(settings: ReconnectSettings) -> Self {
        let backoff = Backoff::new(settings.min, settings.max);
        Self { settings, backoff, failed: 0, dropped_at: None, connected_before: false }
    }

    /// The number of the attempt that is due or under way, from 1.
    pub(super) const fn attempt_number(&self) -> u32 {
        self.failed.saturating_add(1)
    }

    /// How deep that attempt goes.
    pub(super) const fn depth(&self) -> Depth {
        if self.attempt_number().is_multiple_of(self.settings.deep_every) {
            Depth::Deep
        } else {
            Depth::Quick
        }
    }

    /// The attempt failed; `chance`, from 0 to 1, is the jitter.
    pub(super) fn failed(&mut self, chance: f64) -> Next {
        self.failed = self.failed.saturating_add(1);
        if self.settings.max_attempts.is_some_and(|most| self.failed >= most) {
            return Next::GiveUp;
        }
        Next::After(self.backoff.next_wait(chance))
    }

    /// The attempt failed in a way that another version of MQTT may mend: that one has its turn at once, and only what
    /// comes of it counts against the limit.
    pub(super) const fn fell_back(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// The attempt led to a session.
    pub(super) fn connected(&mut self, now: Moment) -> Recovered {
        let recovered = Recovered {
            kind: self.kind(),
            attempt_number: if self.connected_before || self.failed > 0 { self.attempt_number() } else { 0 },
            outage: self.dropped_at.take().map(|dropped| now.since(dropped)),
        };
        self.connected_before = true;
        self.failed = 0;
        recovered
    }

    /// A session of this length was lost: how long to wait before the first attempt. After a settled session not at
    /// all, else as if an attempt had failed.
    pub(super) fn dropped(&mut self, now: Moment, session: Duration, chance: f64) -> Duration {
        self.dropped_at = Some(now);
        if session >= SETTLED {
            self.backoff.reset();
            return Duration::ZERO;
        }
        self.backoff.next_wait(chance)
    }

    const fn kind(&self) -> ConnectionKind {
        match (self.connected_before, self.depth()) {
            (false, _) => ConnectionKind::Connected,
            (true, Depth::Quick) => ConnectionKind::Resumed,
            (true, Depth::Deep) => ConnectionKind::DeepReconnected,
        }
    }
}
