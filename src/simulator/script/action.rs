//! What interrupts a connection, and when.

use std::time::Duration;

use super::replies::DisconnectReason;
use super::service::Message;
use crate::simulator::packet::PacketKind;

/// Something that happens once during a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedAction {
    /// When it happens.
    pub trigger: Trigger,
    /// What happens.
    pub action: Action,
}

/// When an action happens: after packets of a kind, then after a span. Both are counted from the action before, or from
/// accept. An action that follows a packet comes after the answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    kind: PacketKind,
    count: u32,
    delay: Duration,
    patience: Option<Duration>,
}

impl Trigger {
    /// With the action before, or on accept.
    pub const fn at_once() -> Self {
        Self::after(Duration::ZERO)
    }

    /// After this span.
    pub const fn after(delay: Duration) -> Self {
        Self { kind: PacketKind::Connect, count: 0, delay, patience: None }
    }

    /// At the next packet of this kind.
    pub const fn on(kind: PacketKind) -> Self {
        Self::on_nth(kind, 1)
    }

    /// At the packet of this kind that is number `count`, 1 being the next.
    pub const fn on_nth(kind: PacketKind, count: u32) -> Self {
        Self { kind, count, delay: Duration::ZERO, patience: None }
    }

    /// The same, so much later.
    #[must_use]
    pub const fn later(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same, but after this span at the latest, whatever has come by then.
    #[must_use]
    pub const fn at_the_latest_after(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// The kind of packet waited for.
    pub(in crate::simulator) const fn kind(self) -> PacketKind {
        self.kind
    }

    /// How many of them, 0 for a trigger of time alone.
    pub(in crate::simulator) const fn count(self) -> u32 {
        self.count
    }

    /// The span waited after them.
    pub(in crate::simulator) const fn delay(self) -> Duration {
        self.delay
    }

    /// The span after which it happens though no packet has come; counted as in a trigger of time alone.
    pub(in crate::simulator) const fn patience(self) -> Option<Duration> {
        if self.count == 0 { Some(self.delay) } else { self.patience }
    }
}

/// What a scripted action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Closes in order, after all that is still to be sent.
    Fin,
    /// Resets the connection; of what is still to be sent goes only what the socket takes at once.
    Rst,
    /// Sends DISCONNECT (which MQTT 3.1.1 does not give to a broker), then closes in order.
    Disconnect(DisconnectReason),
    /// Leaves the socket open, but reads and answers nothing more; what was answered before still goes out. Actions
    /// that wait for time still follow. Without one that ends the connection the socket stays so until the simulator is
    /// dropped, as nothing shows that the client has left.
    Silence,
    /// Sends a message, subscribed or not, and goes on.
    Publish(Message),
    /// Sends these bytes, such as [`super::BAD_REMAINING_LENGTH`], and goes on.
    Send(Vec<u8>),
}
