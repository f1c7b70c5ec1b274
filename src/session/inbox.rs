//! QoS 2 messages that are received and not yet released, so that one that comes again is not counted twice.

use std::collections::BTreeSet;

/// Packet identifiers of messages that the broker may send again. It holds at most 65,535 of them, and survives a
/// reconnect when the broker still knows the session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inbox {
    unreleased: BTreeSet<u16>,
}

impl Inbox {
    /// Takes the identifier of a message that arrived; returns whether it is new.
    pub fn received(&mut self, packet_id: u16) -> bool {
        self.unreleased.insert(packet_id)
    }

    /// The broker will not send this message again.
    pub fn released(&mut self, packet_id: u16) {
        self.unreleased.remove(&packet_id);
    }
}
