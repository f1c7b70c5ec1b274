//! Messages, both ways: counts, and when the next ones are due.

use super::setup::{Publisher, Traffic};
use crate::chance::Chance;

/// Counts that samples and drops tell.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) received: u64,
    pub(crate) published: u64,
    pub(crate) queued: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
}

impl Totals {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            published: self.published + other.published,
            queued: self.queued + other.queued,
            bytes_received: self.bytes_received + other.bytes_received,
            bytes_sent: self.bytes_sent + other.bytes_sent,
        }
    }
}

/// The schedule of our own messages, over all sessions of a run.
#[derive(Debug, Default)]
pub(crate) struct Publishing {
    /// When the next is due; none before the first session.
    pub(crate) next: Option<f64>,
    /// Messages left of a group.
    left: u64,
    /// Since when messages wait for a session.
    pub(crate) waiting: Vec<f64>,
}

/// The session takes as many at once (nwdiag's own bound).
pub(crate) const IN_FLIGHT: usize = 16;
/// A message that has waited for longer is given up.
const OLDEST: f64 = 300.0;

impl Publishing {
    /// A session takes messages: the schedule begins, if it has not.
    pub(crate) fn begin(&mut self, now: f64) {
        self.next.get_or_insert(now);
    }

    /// One is due now: sets the time of the next.
    pub(crate) fn advance(&mut self, now: f64, publisher: &Publisher) {
        if self.left > 1 {
            self.left -= 1;
            self.next = Some(now + publisher.burst.1);
        } else {
            self.left = publisher.burst.0;
            self.next = Some(now + publisher.interval);
        }
    }

    /// The time without a session is over: what was due meanwhile waited. Returns how many had to.
    pub(crate) fn catch_up(&mut self, now: f64, publisher: &Publisher) -> u64 {
        let mut had_to_wait = 0;
        while let Some(due) = self.next.filter(|due| *due < now) {
            self.waiting.push(due);
            had_to_wait += 1;
            self.next = Some(due + publisher.interval);
            if had_to_wait > 300 {
                self.next = Some(now + publisher.interval);
            }
        }
        self.waiting.retain(|since| now - since <= OLDEST);
        had_to_wait
    }
}

impl Traffic {
    /// Seconds from one message to the next; `nth` counts messages.
    pub(crate) fn gap(self, nth: u64, chance: &mut Chance) -> f64 {
        match self {
            Self::Idle => f64::INFINITY,
            Self::Regular(every) => chance.around(every, 0.01),
            Self::Random(mean) => chance.exponential(mean),
            Self::Bursts(every, size, _) if nth.is_multiple_of(size) => chance.exponential(every),
            Self::Bursts(_, _, spacing) => spacing,
        }
    }

    /// Seconds to the first message of a session, which begins at any point.
    pub(crate) fn first(self, chance: &mut Chance) -> f64 {
        match self {
            Self::Regular(every) => chance.between(0.0, every),
            Self::Idle | Self::Random(_) | Self::Bursts(..) => self.gap(0, chance),
        }
    }

    /// Messages a second, in the long run.
    pub(crate) fn rate(self) -> f64 {
        match self {
            Self::Idle => 0.0,
            Self::Regular(every) | Self::Random(every) => 1.0 / every,
            Self::Bursts(every, size, spacing) => size as f64 / (every + size as f64 * spacing),
        }
    }
}
