//! Where a run stands: dialling, opening, up, waiting, finished. Only [`super::run`] moves it from one to the next.

use std::time::Duration;

use super::attempt::Opening;
use super::mqtt::{Kept, Session};
use super::traffic::Totals;
use crate::event::Moment;

/// What the run is doing.
#[derive(Debug)]
pub(super) enum State {
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

impl State {
    /// The session that is up, or about to be.
    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Up { session, .. } => Some(session),
            Self::Opening(opening) => Some(&opening.session),
            Self::Dialling { .. } | Self::Waiting { .. } | Self::Finished => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        match self {
            Self::Up { session, .. } => Some(session),
            Self::Opening(opening) => Some(&mut opening.session),
            Self::Dialling { .. } | Self::Waiting { .. } | Self::Finished => None,
        }
    }

    /// The session that is up, and since when.
    pub(super) fn up(&mut self) -> Option<(Moment, &mut Session)> {
        match self {
            Self::Up { since, session } => Some((*since, session)),
            Self::Dialling { .. } | Self::Opening(_) | Self::Waiting { .. } | Self::Finished => None,
        }
    }

    /// What the session has in its traffic so far.
    pub(super) fn totals(&self) -> Totals {
        self.session().map(|session| session.traffic().totals).unwrap_or_default()
    }

    /// What survives into the next session; nothing where there was none.
    pub(super) fn into_kept(self) -> Option<Kept> {
        match self {
            Self::Up { session, .. } => Some(session.into_kept()),
            Self::Opening(opening) => Some(opening.session.into_kept()),
            Self::Dialling { .. } | Self::Waiting { .. } | Self::Finished => None,
        }
    }

    /// When something of this state is due.
    pub(super) fn deadline(&self, connect_timeout: Duration) -> Option<Moment> {
        match self {
            Self::Opening(opening) => Some(opening.deadline(connect_timeout)),
            Self::Up { session, .. } => session.deadline(),
            Self::Waiting { until } => Some(*until),
            Self::Dialling { .. } | Self::Finished => None,
        }
    }

    /// How it looks from outside, `attempt` being the number of the attempt that is due or under way.
    pub(super) fn standing(&self, attempt: u32) -> Standing {
        match self {
            Self::Dialling { since } => Standing::Connecting(*since, attempt),
            Self::Opening(opening) => Standing::Connecting(opening.since, attempt),
            Self::Up { since, .. } => Standing::Up(*since),
            Self::Waiting { until } => Standing::Waiting(*until, attempt),
            Self::Finished => Standing::Finished,
        }
    }
}
