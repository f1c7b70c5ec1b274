//! What a run is doing: dialling, connected, waiting, finished. Only [`super::run`] moves it from one to the next.

use std::time::Duration;

use super::attempt::{Attempt, Opening};
use super::mqtt::Session;
use super::traffic::TrafficTotals;
use crate::event::Moment;

/// What the run is doing.
#[derive(Debug)]
pub(super) enum State {
    /// An attempt is at work below MQTT.
    Dialling(Attempt),
    /// A stream is open, and MQTT is spoken over it.
    Connected(Box<Connection>),
    /// The next attempt is due at this moment.
    Waiting {
        /// When.
        until: Moment,
    },
    /// The run is over.
    Finished,
}

/// A stream that is open.
#[derive(Debug)]
pub(super) struct Connection {
    /// MQTT over it.
    pub(super) session: Session,
    /// How far it has come.
    pub(super) stage: Stage,
}

/// How far a connection has come.
#[derive(Debug)]
pub(super) enum Stage {
    /// CONNECT is out.
    Opening(Box<Opening>),
    /// A session is up.
    Up {
        /// Since CONNACK.
        since: Moment,
    },
}

/// What a run is doing, for a status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
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
        if let Self::Connected(connection) = self { Some(&connection.session) } else { None }
    }

    /// The same, to be changed.
    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        if let Self::Connected(connection) = self { Some(&mut connection.session) } else { None }
    }

    /// The session that is up, and since when.
    pub(super) fn up(&mut self) -> Option<(Moment, &mut Session)> {
        let Self::Connected(connection) = self else { return None };
        match connection.stage {
            Stage::Up { since } => Some((since, &mut connection.session)),
            Stage::Opening(_) => None,
        }
    }

    /// The attempt whose CONNECT is out.
    pub(super) fn opening(&self) -> Option<&Opening> {
        let Self::Connected(connection) = self else { return None };
        match &connection.stage {
            Stage::Opening(opening) => Some(opening),
            Stage::Up { .. } => None,
        }
    }

    /// What the session has in its traffic so far.
    pub(super) fn totals(&self) -> TrafficTotals {
        self.session().map(|session| session.traffic().totals).unwrap_or_default()
    }

    /// When something of this state is due.
    pub(super) fn deadline(&self, connect_timeout: Duration) -> Option<Moment> {
        match self {
            Self::Connected(connection) => match &connection.stage {
                Stage::Opening(opening) => Some(opening.deadline(connect_timeout)),
                Stage::Up { .. } => connection.session.deadline(),
            },
            Self::Waiting { until } => Some(*until),
            Self::Dialling(_) | Self::Finished => None,
        }
    }

    /// How it looks from outside, `attempt` being the number of the attempt that is due or under way.
    pub(super) fn status(&self, attempt: u32) -> RunStatus {
        match self {
            Self::Dialling(begun) => RunStatus::Connecting(begun.since, attempt),
            Self::Connected(connection) => match &connection.stage {
                Stage::Opening(opening) => RunStatus::Connecting(opening.attempt.since, attempt),
                Stage::Up { since } => RunStatus::Up(*since),
            },
            Self::Waiting { until } => RunStatus::Waiting(*until, attempt),
            Self::Finished => RunStatus::Finished,
        }
    }
}
