//! What the clients did and met, for tests: counters for all of it, and the latest packets one by one.

use std::collections::{BTreeMap, VecDeque};

use super::packet::{ClientPacket, PacketKind, Publish};

/// How many of the latest packets are kept.
pub const PACKETS_KEPT: usize = 1024;

/// What the clients of one simulator did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Whether the port accepts connections now.
    pub listening: bool,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections over: closed by the script, or left by the client.
    pub ended: u64,
    /// The latest packets, oldest first, [`PACKETS_KEPT`] at most.
    pub packets: VecDeque<SeenPacket>,
    counts: BTreeMap<PacketKind, u64>,
}

impl Seen {
    /// How many packets of this kind have come, over all connections.
    pub fn count(&self, kind: PacketKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// The protocol level of each CONNECT among the latest packets, oldest first.
    pub fn levels(&self) -> Vec<u8> {
        let level = |seen: &SeenPacket| {
            if let ClientPacket::Connect(connect) = &seen.packet { Some(connect.level) } else { None }
        };
        self.packets.iter().filter_map(level).collect()
    }

    /// The messages among the latest packets, oldest first.
    pub fn publishes(&self) -> impl Iterator<Item = &Publish> {
        self.packets.iter().filter_map(|seen| {
            if let ClientPacket::Publish(publish) = &seen.packet { Some(publish) } else { None }
        })
    }

    /// Adds a packet; the oldest one goes where there is no room.
    pub(super) fn add(&mut self, packet: SeenPacket) {
        *self.counts.entry(packet.packet.kind()).or_default() += 1;
        if self.packets.len() == PACKETS_KEPT {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
    }
}

/// A packet and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPacket {
    /// Number of the connection, 1 for the first accepted.
    pub connection: u64,
    /// Of the connection's CONNECT; empty before it.
    pub client_id: String,
    /// The packet.
    pub packet: ClientPacket,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_go_on_where_the_list_of_packets_is_full() {
        let mut seen = Seen::default();
        for connection in 0..2000 {
            seen.add(SeenPacket { connection, client_id: String::new(), packet: ClientPacket::Pingreq });
        }
        assert_eq!((seen.packets.len(), seen.count(PacketKind::Pingreq)), (PACKETS_KEPT, 2000));
        assert_eq!(seen.packets.back().map(|last| last.connection), Some(1999));
    }
}
