//! What clients send, as typed values without payloads and passwords.

use super::property::Property;
use crate::event::Protocol;

/// A packet of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPacket {
    /// CONNECT.
    Connect(Connect),
    /// PUBLISH.
    Publish(Publish),
    /// PUBACK.
    Puback(Acknowledgement),
    /// PUBREC.
    Pubrec(Acknowledgement),
    /// PUBREL.
    Pubrel(Acknowledgement),
    /// PUBCOMP.
    Pubcomp(Acknowledgement),
    /// SUBSCRIBE: packet identifier; filters, each with the QoS asked for.
    Subscribe(u16, Vec<(String, u8)>),
    /// UNSUBSCRIBE: packet identifier; filters.
    Unsubscribe(u16, Vec<String>),
    /// PINGREQ.
    Pingreq,
    /// DISCONNECT with its reason code, 0 where it carries none.
    Disconnect(u8),
}

impl ClientPacket {
    /// Its kind.
    pub const fn kind(&self) -> PacketKind {
        match self {
            Self::Connect(_) => PacketKind::Connect,
            Self::Publish(_) => PacketKind::Publish,
            Self::Puback(_) => PacketKind::Puback,
            Self::Pubrec(_) => PacketKind::Pubrec,
            Self::Pubrel(_) => PacketKind::Pubrel,
            Self::Pubcomp(_) => PacketKind::Pubcomp,
            Self::Subscribe(..) => PacketKind::Subscribe,
            Self::Unsubscribe(..) => PacketKind::Unsubscribe,
            Self::Pingreq => PacketKind::Pingreq,
            Self::Disconnect(_) => PacketKind::Disconnect,
        }
    }
}

/// The kinds of packets that a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PacketKind {
    /// CONNECT.
    Connect,
    /// PUBLISH.
    Publish,
    /// PUBACK.
    Puback,
    /// PUBREC.
    Pubrec,
    /// PUBREL.
    Pubrel,
    /// PUBCOMP.
    Pubcomp,
    /// SUBSCRIBE.
    Subscribe,
    /// UNSUBSCRIBE.
    Unsubscribe,
    /// PINGREQ.
    Pingreq,
    /// DISCONNECT.
    Disconnect,
}

/// What CONNECT said, without will and password. Of a protocol version that nobody here speaks only the level is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connect {
    /// 4 for MQTT 3.1.1, 5 for MQTT 5.
    pub level: u8,
    /// The connect flags.
    pub flags: u8,
    /// Seconds; 0 for none.
    pub keep_alive_seconds: u16,
    /// Of MQTT 5, without the will's.
    pub properties: Vec<Property>,
    /// As the client wrote it.
    pub client_id: String,
    /// The user name.
    pub username: Option<String>,
}

impl Connect {
    /// The version that the client speaks; `None` where it is neither of the two.
    pub const fn protocol(&self) -> Option<Protocol> {
        match self.level {
            4 => Some(Protocol::V311),
            5 => Some(Protocol::V5),
            _ => None,
        }
    }
}

/// What PUBLISH said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The topic; empty where an alias stands for it.
    pub topic: String,
    /// 0 to 2.
    pub qos: u8,
    /// Whether it was sent before.
    pub dup: bool,
    /// Whether the broker is to keep it.
    pub retain: bool,
    /// The packet identifier; 0 at QoS 0.
    pub identifier: u16,
    /// Of MQTT 5.
    pub properties: Vec<Property>,
    /// Length of the payload.
    pub payload_bytes: usize,
}

/// What PUBACK, PUBREC, PUBREL or PUBCOMP said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The packet identifier.
    pub identifier: u16,
    /// Of MQTT 5; 0, success, where it carries none.
    pub reason_code: u8,
}
