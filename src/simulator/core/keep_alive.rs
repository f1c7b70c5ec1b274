//! The broker's side of MQTT keep-alive: a client that is silent for too long is taken for dead.

use std::time::Duration;

use crate::event::Moment;

/// How long the client may be silent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeepAlive {
    /// One and a half times the keep-alive; `None` where that is 0.
    patience: Option<Duration>,
    heard: Moment,
}

impl KeepAlive {
    /// Of a session with this keep-alive that begins `now`.
    pub(super) fn of(seconds: u16, now: Moment) -> Self {
        let patience = Duration::from_secs(seconds.into()) * 3 / 2;
        Self { patience: (!patience.is_zero()).then_some(patience), heard: now }
    }

    /// A packet has come.
    pub(super) const fn heard(&mut self, now: Moment) {
        self.heard = now;
    }

    /// When the client has been silent for too long.
    pub(super) fn deadline(self) -> Option<Moment> {
        self.patience.map(|patience| self.heard.plus(patience))
    }
}
