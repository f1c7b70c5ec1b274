//! Coming back: counts attempts, decides how deep the next one goes and how long to wait for it.

use std::time::Duration;

use super::backoff::Backoff;
use super::settings::ReconnectSettings;
use crate::event::{ConnectionKind, Moment};

/// A session this long shows that connecting works: the back-off starts afresh. A shorter one does not, or a broker
/// that accepts and closes would make us hammer it.
const SETTLED: Duration = Duration::from_secs(30);

/// How much an attempt forgets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Name, address and signature anew.
    Quick,
    /// Also TLS tickets and credentials.
    Deep,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another one, after this wait.
    After(Duration),
    /// Nothing: the limit is reached.
    GiveUp,
}

/// What a new session says about the outage before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// First of the run, quick or deep.
    pub kind: ConnectionKind,
    /// Attempts that it took, the successful one included; 0 for a first connection that needed no retry.
    pub attempt_number: u32,
    /// Time since the drop, if there was one.
    pub outage: Option<Duration>,
}

/// The run's memory between sessions.
#[derive(Debug)]
pub struct Recovery {
    settings: ReconnectSettings,
    backoff: Backoff,
    failed: u32,
    dropped_at: Option<Moment>,
    connected_before: bool,
}

impl Recovery {
    /// The state of a run that begins.
    pub const fn new(settings: ReconnectSettings) -> Self {
        let backoff = Backoff::new(settings.min, settings.max);
        Self { settings, backoff, failed: 0, dropped_at: None, connected_before: false }
    }

    /// The number of the attempt that is due or under way, from 1.
    pub const fn attempt_number(&self) -> u32 {
        self.failed.saturating_add(1)
    }

    /// How deep that attempt goes.
    pub const fn depth(&self) -> Depth {
        if self.attempt_number().is_multiple_of(self.settings.deep_every) {
            Depth::Deep
        } else {
            Depth::Quick
        }
    }

    /// The attempt failed; `chance`, from 0 to 1, is the jitter.
    pub fn failed(&mut self, chance: f64) -> Next {
        self.failed = self.failed.saturating_add(1);
        if self.settings.max_attempts.is_some_and(|most| self.failed >= most) {
            return Next::GiveUp;
        }
        Next::After(self.backoff.next_wait(chance))
    }

    /// The attempt failed in a way that another version of MQTT may mend: that one has its turn at once, and only what
    /// comes of it counts against the limit.
    pub const fn fell_back(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// The attempt led to a session.
    pub fn connected(&mut self, now: Moment) -> Recovered {
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
    pub fn dropped(&mut self, now: Moment, session: Duration, chance: f64) -> Duration {
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

#[cfg(test)]
mod tests {
    use super::Depth::{Deep, Quick};
    use super::*;

    fn recovery(max_attempts: Option<u32>) -> Recovery {
        Recovery::new(ReconnectSettings {
            min: Duration::from_secs(1),
            max: Duration::from_mins(2),
            deep_every: 3,
            max_attempts,
        })
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_first_connection_without_a_retry_took_no_attempt() {
        let recovered = recovery(None).connected(at(1));
        assert_eq!(recovered, Recovered { kind: ConnectionKind::Connected, attempt_number: 0, outage: None });
    }

    #[test]
    fn a_difficult_first_connection_counts_its_attempts_and_is_no_recovery() {
        let mut recovery = recovery(None);
        let _ = recovery.failed(0.0);
        let recovered = recovery.connected(at(9));
        assert_eq!(recovered, Recovered { kind: ConnectionKind::Connected, attempt_number: 2, outage: None });
    }

    #[test]
    fn every_nth_attempt_is_deep_and_counting_starts_again_with_each_session() {
        let mut recovery = recovery(None);
        recovery.connected(at(0));
        recovery.dropped(at(100), at(100).since_start(), 0.0);
        let depths: Vec<Depth> = (0..6)
            .map(|_| {
                let depth = recovery.depth();
                let _ = recovery.failed(0.0);
                depth
            })
            .collect();
        assert_eq!(depths, [Quick, Quick, Deep, Quick, Quick, Deep]);
        let recovered = recovery.connected(at(130));
        assert_eq!((recovered.kind, recovered.attempt_number), (ConnectionKind::Resumed, 7));
        assert_eq!(recovered.outage, Some(Duration::from_secs(30)));
        assert_eq!(recovery.attempt_number(), 1);
    }

    #[test]
    fn only_a_settled_session_makes_the_next_attempt_immediate() {
        let mut recovery = recovery(None);
        let short = Duration::from_secs(5);
        let waits: Vec<Duration> = (0..3)
            .map(|_| {
                recovery.connected(at(0));
                recovery.dropped(at(5), short, 1.0)
            })
            .collect();
        assert_eq!(waits, [2, 4, 8].map(Duration::from_secs));
        recovery.connected(at(0));
        assert_eq!(recovery.dropped(at(60), Duration::from_secs(30), 1.0), Duration::ZERO);
    }

    #[test]
    fn an_attempt_in_another_version_is_counted_and_ends_nothing() {
        let mut recovery = recovery(Some(1));
        recovery.fell_back();
        assert_eq!(recovery.attempt_number(), 2);
        assert_eq!(recovery.failed(0.0), Next::GiveUp);
    }

    #[test]
    fn the_limit_of_attempts_ends_it() {
        let mut recovery = recovery(Some(2));
        assert!(matches!(recovery.failed(0.0), Next::After(_)));
        assert_eq!(recovery.failed(0.0), Next::GiveUp);
    }
}
