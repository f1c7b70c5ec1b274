//! What the clients did and met, for tests: counters for all of it, and the latest packets one by one.

use std::collections::{BTreeMap, VecDeque};

use crate::simulator::packet::{ClientPacket, PacketKind, Publish};

/// How many of the latest packets are kept.
pub const PACKETS_KEPT: usize = 1024;

/// What the clients of one simulator did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Whether the port was asked to listen.
    pub listening: bool,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections over: closed by the script, or left by the client.
    pub ended: u64,
    /// The latest packets, oldest first, [`PACKETS_KEPT`] at most.
    pub packets: VecDeque<ObservedPacket>,
    counts: BTreeMap<PacketKind, u64>,
}

impl Observed {
    /// How many packets of this kind have come, over all connections.
    pub fn count(&self, kind: PacketKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// The protocol level of each CONNECT among the latest packets, oldest first.
    pub fn levels(&self) -> Vec<u8> {
        let level = |observed: &ObservedPacket| {
            if let ClientPacket::Connect(connect) = &observed.packet { Some(connect.level) } else { None }
        };
        self.packets.iter().filter_map(level).collect()
    }

    /// The messages among the latest packets, oldest first.
    pub fn publishes(&self) -> impl Iterator<Item = &Publish> {
        self.packets.iter().filter_map(|observed| {
            if let ClientPacket::Publish(publish) = &observed.packet { Some(publish) } else { None }
        })
    }

    /// Takes note of a report; returns the number of the connection whose end it reports.
    pub(super) fn add(&mut self, report: ConnectionReport) -> Option<u64> {
        match report.0 {
            Report::Packet(packet) => {
                self.add_packet(packet);
                None
            }
            Report::Ended(connection) => {
                self.ended += 1;
                Some(connection)
            }
        }
    }

    /// Adds a packet; the oldest one goes where there is no room.
    fn add_packet(&mut self, packet: ObservedPacket) {
        *self.counts.entry(packet.packet.kind()).or_default() += 1;
        if self.packets.len() == PACKETS_KEPT {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
    }
}

/// What a connection has for its broker, which alone can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionReport(pub(super) Report);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// A packet of the client.
    Packet(ObservedPacket),
    /// The connection with this number is over.
    Ended(u64),
}

/// A packet and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPacket {
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
        let mut observed = Observed::default();
        for connection in 0..2000 {
            observed.add_packet(ObservedPacket {
                connection,
                client_id: String::new(),
                packet: ClientPacket::Pingreq,
            });
        }
        assert_eq!((observed.packets.len(), observed.count(PacketKind::Pingreq)), (PACKETS_KEPT, 2000));
        assert_eq!(observed.packets.back().map(|last| last.connection), Some(1999));
    }
}
