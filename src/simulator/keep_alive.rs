//! The broker's side of MQTT keep-alive: a client that is silent for too long is taken for dead.

use std::time::Duration;

use super::client_packet::Connect;
use crate::event::Moment;

/// How long the client may be silent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeepAlive {
    /// One and a half times what CONNECT said; `None` where it said 0.
    patience: Option<Duration>,
    heard: Moment,
}

impl KeepAlive {
    /// As CONNECT said `now`.
    pub(super) fn of(connect: &Connect, now: Moment) -> Self {
        let patience = Duration::from_secs(connect.keep_alive_seconds.into()) * 3 / 2;
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
