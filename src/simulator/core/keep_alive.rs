//! The broker's side of MQTT keep-alive: a client that is silent for too long is taken for dead.

use std::time::Duration;

use crate::event::Moment;

/// Until when the client may be silent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeepAlive {
    /// One and a half times the keep-alive (MQTT 3.1.1, section 3.1.2.10); `None` where that is 0.
    limit: Option<Duration>,
    heard: Moment,
}

impl KeepAlive {
    /// Of a session with this keep-alive that begins `now`.
    pub(super) fn new(seconds: u16, now: Moment) -> Self {
        let limit = Duration::from_secs(seconds.into()) * 3 / 2;
        Self { limit: (!limit.is_zero()).then_some(limit), heard: now }
    }

    /// A packet has come.
    pub(super) const fn heard(&mut self, now: Moment) {
        self.heard = now;
    }

    /// When the client has been silent for too long.
    pub(super) fn deadline(self) -> Option<Moment> {
        self.limit.map(|limit| self.heard.plus(limit))
    }
}
