//! How long the broker is known to have been away, apart from our own waiting between attempts.
//!
//! It counts as down from its last sign of life to the end of the last attempt that failed. Where the peer ended the
//! session (FIN, RST, close frame, alert, DISCONNECT), that is its last sign of life; where the session ended
//! in silence, the last packet received is. What follows the last failed attempt is our own waiting, and the attempt that
//! succeeded: neither up nor down.

use std::collections::VecDeque;

use super::clock::{Span, Timestamp, Window, microseconds};
use crate::event::{AttemptFailed, ClosedBy, SessionDrop};

/// Sleeps of a session that are remembered: in a silence before a drop there is hardly ever more than one.
const SLEEPS_KEPT: usize = 16;

/// How long the broker was known to be away, over all runs, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BrokerDownTime {
    /// While a session was still taken for up: the silence before its end was noticed.
    silent_us: i64,
    /// After the session: from its end to the end of the last attempt that failed.
    failing_us: i64,
}

impl BrokerDownTime {
    /// A session was silent for so long before its end was noticed.
    pub(super) const fn add_silent(&mut self, silent_us: i64) {
        self.silent_us = self.silent_us.saturating_add(silent_us);
    }

    /// Attempts failed for so long.
    pub(super) const fn add_failing(&mut self, failing_us: i64) {
        self.failing_us = self.failing_us.saturating_add(failing_us);
    }

    /// The share of the time known to be one or the other in which the broker was there, 0 to 1, where sessions were up
    /// for so long; `None` where neither is known.
    #[expect(clippy::cast_precision_loss, reason = "285 years of microseconds fit 53 bits")]
    pub(super) fn availability(&self, connected_us: i64) -> Option<f64> {
        let known_us = connected_us.saturating_add(self.failing_us);
        let up_us = connected_us.saturating_sub(self.silent_us).max(0);
        (known_us > 0).then(|| up_us as f64 / known_us as f64)
    }
}

/// Follows one run.
#[derive(Debug, Clone, Default)]
pub(super) struct BrokerWatch {
    /// The latest sleeps of this host: when it woke, and how long it had slept, in microseconds.
    sleeps: VecDeque<(Timestamp, i64)>,
    /// Up to where attempts that failed are counted: the end of the session, or of the last one.
    failing_since: Option<Timestamp>,
}

impl BrokerWatch {
    /// The host woke after so many microseconds of sleep.
    pub(super) fn slept(&mut self, woke: Timestamp, slept_us: i64) {
        if self.sleeps.len() == SLEEPS_KEPT {
            self.sleeps.pop_front();
        }
        self.sleeps.push_back((woke, slept_us));
    }

    /// A session is up, or nobody knows: no attempt counts until the next end.
    pub(super) fn connected(&mut self) {
        *self = Self::default();
    }

    /// A session ended at `at` that was counted as connected since `up_since`: for how much of that the broker had been
    /// silent, in microseconds.
    pub(super) fn dropped(
        &mut self,
        window: &Window,
        up_since: Option<Timestamp>,
        at: Timestamp,
        drop: &SessionDrop,
    ) -> i64 {
        self.failing_since = Some(at);
        let connected_us = up_since.map_or(0, |since| at.since_us(since));
        let silent_us = microseconds(silence_seconds(drop)).clamp(0, connected_us);
        self.awake_us(at.before(silent_us), at, window)
    }

    /// An attempt failed at `at`, in a run that is watched since `watched_since`: how much longer the broker is
    /// known to be away for, in microseconds.
    pub(super) fn attempt_failed(
        &mut self,
        window: &Window,
        watched_since: Timestamp,
        at: Timestamp,
        failed: &AttemptFailed,
    ) -> i64 {
        let elapsed_us = microseconds(failed.elapsed_seconds.unwrap_or_default());
        let attempt_us = elapsed_us.clamp(0, at.since_us(watched_since));
        let since = self.failing_since.replace(at).unwrap_or_else(|| at.before(attempt_us));
        self.awake_us(since, at, window)
    }

    /// How much of the span this host was awake for, in the period.
    fn awake_us(&self, from: Timestamp, to: Timestamp, window: &Window) -> i64 {
        let slept_us = self.sleeps.iter().map(|(woke, slept_us)| woke.since_us(from).min(*slept_us));
        let slept_us = slept_us.fold(0_i64, i64::saturating_add);
        Span::between(from, to, window).length_us.saturating_sub(slept_us).max(0)
    }
}

/// For how long the peer had given no sign of life when the session was over.
fn silence_seconds(drop: &SessionDrop) -> f64 {
    match drop.closed_by {
        Some(ClosedBy::Timeout | ClosedBy::Network) => drop.last_received_seconds.unwrap_or_default(),
        Some(ClosedBy::PeerClose | ClosedBy::PeerReset | ClosedBy::PeerDisconnect | ClosedBy::Protocol)
        | None => 0.0,
    }
}
