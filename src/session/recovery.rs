//! Coming back: when the next attempt is made, how deep it goes, and how much of the outage was our own waiting.
//!
//! The first attempt after a drop comes at once, however short the session was: a broker that is back after 2 s is seen,
//! and our patience is not taken for its outage. An allowance bounds that, so that a broker that accepts and closes is
//! not stormed. Where it is used up, where the broker asked for patience, and where another client may use our client
//! ID, the back-off decides.

use std::time::Duration;

use super::backoff::Backoff;
use super::settings::ReconnectSettings;
use crate::event::{ConnectionKind, Moment};

/// A session of this length shows that connecting works: the back-off starts afresh, and no other client with our
/// client ID can have been waiting to push us off. Accept-then-close cannot look like success then.
const SETTLED: Duration = Duration::from_secs(30);

/// Attempts at once in a row (journal format, "When attempts come").
const AT_ONCE_IN_A_ROW: u32 = 5;

/// After this time there may be one more.
const ONE_MORE_AFTER: Duration = Duration::from_secs(20);

/// How much an attempt forgets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Name, address and signature anew.
    Quick,
    /// Also TLS tickets and credentials.
    Deep,
}

/// Who chose our client ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientIdSource {
    /// It is random: nobody else uses it.
    Random,
    /// The user chose it: another client may use it too.
    User,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another one, after this wait.
    After(Duration),
    /// Nothing: the limit is reached.
    GiveUp,
}

/// A session that was lost, as far as it decides when the next attempt comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostSession {
    /// Its length.
    pub lasted: Duration,
    /// Of the broker's DISCONNECT in MQTT 5.
    pub reason_code: Option<u8>,
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
    /// Our own waiting between attempts since the drop, or since the run began.
    pub waited: Duration,
}

/// The run's memory between sessions.
#[derive(Debug)]
pub struct Recovery {
    settings: ReconnectSettings,
    client_id: ClientIdSource,
    backoff: Backoff,
    at_once: Allowance,
    failed: u32,
    dropped_at: Option<Moment>,
    waiting_since: Option<Moment>,
    waited: Duration,
    connected_before: bool,
}

impl Recovery {
    /// The state of a run that begins.
    pub const fn new(settings: ReconnectSettings, client_id: ClientIdSource) -> Self {
        let backoff = Backoff::new(settings.min, settings.max);
        Self {
            settings,
            client_id,
            backoff,
            at_once: Allowance::FULL,
            failed: 0,
            dropped_at: None,
            waiting_since: None,
            waited: Duration::ZERO,
            connected_before: false,
        }
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

    /// Our own waiting between attempts since the drop, or since the run began.
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// An attempt begins: the wait for it is over.
    pub fn begins(&mut self, now: Moment) {
        if let Some(since) = self.waiting_since.take() {
            self.waited = self.waited.saturating_add(now.since(since));
        }
    }

    /// The attempt failed, in whatever versions it was made; `chance`, from 0 to 1, is the jitter.
    pub fn failed(&mut self, now: Moment, chance: f64) -> Next {
        self.failed = self.failed.saturating_add(1);
        if self.settings.max_attempts.is_some_and(|most| self.failed >= most) {
            return Next::GiveUp;
        }
        self.waiting_since = Some(now);
        Next::After(self.backoff.next_wait(chance))
    }

    /// The attempt led to a session.
    pub fn connected(&mut self, now: Moment) -> Recovered {
        let recovered = Recovered {
            kind: self.kind(),
            attempt_number: if self.connected_before || self.failed > 0 { self.attempt_number() } else { 0 },
            outage: self.dropped_at.take().map(|dropped| now.since(dropped)),
            waited: std::mem::take(&mut self.waited),
        };
        self.connected_before = true;
        self.failed = 0;
        recovered
    }

    /// A session was lost: how long to wait before the first attempt.
    pub fn dropped(&mut self, now: Moment, session: LostSession, chance: f64) -> Duration {
        self.dropped_at = Some(now);
        self.waiting_since = Some(now);
        let is_settled = session.lasted >= SETTLED;
        if is_settled {
            self.backoff.reset();
        }
        let has_twin = self.client_id == ClientIdSource::User && !is_settled;
        let is_held_back = has_twin || session.reason_code.is_some_and(asks_for_patience);
        if !is_held_back && self.at_once.take(now) {
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

/// Whether a broker that disconnects with this reason code (MQTT 5, section 3.14.2.1) does not want us back at once.
const fn asks_for_patience(reason_code: u8) -> bool {
    const SERVER_BUSY: u8 = 0x89;
    const BANNED: u8 = 0x8a;
    const SESSION_TAKEN_OVER: u8 = 0x8e;
    const QUOTA_EXCEEDED: u8 = 0x97;
    const USE_ANOTHER_SERVER: u8 = 0x9c;
    const SERVER_MOVED: u8 = 0x9d;
    const CONNECTION_RATE_EXCEEDED: u8 = 0x9f;
    matches!(
        reason_code,
        SERVER_BUSY
            | BANNED
            | SESSION_TAKEN_OVER
            | QUOTA_EXCEEDED
            | USE_ANOTHER_SERVER
            | SERVER_MOVED
            | CONNECTION_RATE_EXCEEDED
    )
}

/// A token bucket of attempts at once: full with [`AT_ONCE_IN_A_ROW`], one more for each [`ONE_MORE_AFTER`].
#[derive(Debug)]
struct Allowance {
    /// When it will be full again.
    full_at: Moment,
}

impl Allowance {
    const FULL: Self = Self { full_at: Moment::after_start(Duration::ZERO) };

    /// Takes one, if one is left.
    fn take(&mut self, now: Moment) -> bool {
        let full_at = self.full_at.max(now).plus(ONE_MORE_AFTER);
        let is_left = full_at.since(now) <= ONE_MORE_AFTER.saturating_mul(AT_ONCE_IN_A_ROW);
        if is_left {
            self.full_at = full_at;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::Depth::{Deep, Quick};
    use super::*;

    fn recovery(max_attempts: Option<u32>) -> Recovery {
        with_client_id(ClientIdSource::Random, max_attempts)
    }

    fn with_client_id(client_id: ClientIdSource, max_attempts: Option<u32>) -> Recovery {
        let (min, max) = (Duration::from_secs(1), Duration::from_mins(2));
        Recovery::new(ReconnectSettings { min, max, deep_every: 3, max_attempts }, client_id)
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    fn lost(seconds: u64, reason_code: Option<u8>) -> LostSession {
        LostSession { lasted: Duration::from_secs(seconds), reason_code }
    }

    /// The waits, in seconds, after sessions of this length that were lost at these seconds.
    fn waits(recovery: &mut Recovery, length: u64, drops: impl IntoIterator<Item = u64>) -> Vec<u64> {
        drops.into_iter().map(|now| recovery.dropped(at(now), lost(length, None), 1.0).as_secs()).collect()
    }

    #[test]
    fn a_first_connection_without_a_retry_took_no_attempt() {
        let recovered = recovery(None).connected(at(1));
        let expected = Recovered {
            kind: ConnectionKind::Connected,
            attempt_number: 0,
            outage: None,
            waited: Duration::ZERO,
        };
        assert_eq!(recovered, expected);
    }

    #[test]
    fn a_difficult_first_connection_counts_its_attempts_and_is_no_recovery() {
        let mut recovery = recovery(None);
        let _ = recovery.failed(at(3), 0.0);
        recovery.begins(at(4));
        let recovered = recovery.connected(at(9));
        assert_eq!((recovered.kind, recovered.attempt_number), (ConnectionKind::Connected, 2));
        assert_eq!((recovered.outage, recovered.waited), (None, Duration::from_secs(1)));
    }

    #[test]
    fn every_nth_attempt_is_deep_and_counting_starts_again_with_each_session() {
        let mut recovery = recovery(None);
        recovery.connected(at(0));
        recovery.dropped(at(100), lost(100, None), 0.0);
        let depths: Vec<Depth> = (0..6)
            .map(|_| {
                let depth = recovery.depth();
                let _ = recovery.failed(at(110), 0.0);
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
    fn five_attempts_in_a_row_come_at_once_and_one_more_for_each_20_s() {
        let mut row = recovery(None);
        assert_eq!(waits(&mut row, 1, [0; 7]), [0, 0, 0, 0, 0, 2, 4], "however short the sessions are");
        assert_eq!(waits(&mut row, 1, [19, 20, 20]), [8, 0, 16]);
        assert_eq!(waits(&mut row, 1, [60; 3]), [0, 0, 32]);
        let mut long_after = recovery(None);
        assert_eq!(waits(&mut long_after, 1, [0; 5]), [0; 5]);
        assert_eq!(waits(&mut long_after, 1, [10_000; 6]), [0, 0, 0, 0, 0, 2], "five are the most");
    }

    #[test]
    fn a_session_of_30_s_starts_the_back_off_afresh_and_a_shorter_one_does_not() {
        for (length, wait) in [(29, 8), (30, 2), (3600, 2)] {
            let mut recovery = recovery(None);
            assert_eq!(waits(&mut recovery, 1, [0; 7])[5..], [2, 4]);
            assert_eq!(waits(&mut recovery, length, [0]), [wait], "{length} s");
        }
    }

    #[test]
    fn a_broker_that_asks_for_patience_is_not_asked_at_once() {
        for code in 0..=u8::MAX {
            let wait = recovery(None).dropped(at(100), lost(100, Some(code)), 1.0);
            let asks = [0x89, 0x8a, 0x8e, 0x97, 0x9c, 0x9d, 0x9f].contains(&code);
            assert_eq!(wait, Duration::from_secs(if asks { 2 } else { 0 }), "{code:#x}");
        }
    }

    #[test]
    fn a_twin_with_our_client_id_is_not_pushed_off_again_and_again() {
        let mut recovery = with_client_id(ClientIdSource::User, None);
        assert_eq!(waits(&mut recovery, 5, [0, 10, 20]), [2, 4, 8]);
        assert_eq!(waits(&mut recovery, 29, [60]), [16]);
        assert_eq!(waits(&mut recovery, 30, [100]), [0], "a session of 30 s was left in peace");
    }

    #[test]
    fn waiting_is_told_apart_from_trying() {
        let mut recovery = recovery(None);
        recovery.connected(at(0));
        assert_eq!(recovery.dropped(at(100), lost(100, None), 0.0), Duration::ZERO);
        recovery.begins(at(100));
        let _ = recovery.failed(at(103), 0.0);
        assert_eq!(recovery.waited(), Duration::ZERO);
        recovery.begins(at(104));
        let _ = recovery.failed(at(110), 0.0);
        recovery.begins(at(112));
        assert_eq!(recovery.waited(), Duration::from_secs(3));
        let recovered = recovery.connected(at(120));
        assert_eq!(
            (recovered.outage, recovered.waited),
            (Some(Duration::from_secs(20)), Duration::from_secs(3))
        );
        assert_eq!(recovery.waited(), Duration::ZERO);
    }

    #[test]
    fn the_limit_of_attempts_ends_it() {
        let mut recovery = recovery(Some(2));
        assert!(matches!(recovery.failed(at(0), 0.0), Next::After(_)));
        assert_eq!(recovery.failed(at(2), 0.0), Next::GiveUp);
    }
}
