//! What clients send: a small bounded reader of the packets of MQTT 3.1.1 and 5.
//!
//! It is the simulator's own, so that a fault in the packets of the `wire` room cannot hide behind the same fault
//! here. It keeps no payloads and no passwords.

mod content;
#[cfg(test)]
mod tests;

use bytes::BytesMut;

use super::property::Property;
use super::reader::{Reader, variable};
use crate::event::Protocol;

/// The largest packet that is read, in bytes, its fixed header left out.
pub const PACKET_LIMIT_BYTES: usize = 1024 * 1024;

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
    /// Cuts the first whole packet from `buffer`, where the client speaks `protocol`; `None` if it needs more bytes.
    /// CONNECT says itself what it speaks.
    pub(super) fn cut(buffer: &mut BytesMut, protocol: Protocol) -> Result<Option<Self>, PacketError> {
        let Some((bytes, length)) = variable(buffer.get(1..).unwrap_or_default())? else { return Ok(None) };
        if length > PACKET_LIMIT_BYTES {
            return Err(PacketError::TooLarge(length));
        }
        let header = bytes + 1;
        if buffer.len() < header + length {
            return Ok(None);
        }
        let packet = buffer.split_to(header + length);
        Self::read(packet[0], Reader::new(&packet[header..]), protocol).map(Some)
    }

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

    fn read(first: u8, mut body: Reader<'_>, protocol: Protocol) -> Result<Self, PacketError> {
        let packet = match first {
            0x10 => Self::Connect(content::connect(&mut body)?),
            0x30..=0x3f => Self::Publish(content::publish(&mut body, first, protocol)?),
            0x40 => Self::Puback(content::acknowledgement(&mut body, protocol)?),
            0x50 => Self::Pubrec(content::acknowledgement(&mut body, protocol)?),
            0x62 => Self::Pubrel(content::acknowledgement(&mut body, protocol)?),
            0x70 => Self::Pubcomp(content::acknowledgement(&mut body, protocol)?),
            0x82 => content::subscribe(&mut body, protocol)?,
            0xa2 => content::unsubscribe(&mut body, protocol)?,
            0xc0 => Self::Pingreq,
            0xe0 => Self::Disconnect(content::disconnect(&mut body, protocol)?),
            other => return Err(PacketError::FirstByte(other)),
        };
        if body.is_empty() { Ok(packet) } else { Err(PacketError::Surplus(packet.kind())) }
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

/// Why bytes of a client are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PacketError {
    /// More than four bytes.
    #[error("a length is longer than four bytes")]
    Length,
    /// Above [`PACKET_LIMIT_BYTES`].
    #[error("a packet of {0} bytes is above the limit of {PACKET_LIMIT_BYTES}")]
    TooLarge(usize),
    /// Not a packet of a client, or reserved flags are set.
    #[error("no packet of a client begins with {0:#04x}")]
    FirstByte(u8),
    /// Too short, a text that is not UTF-8, or reserved bits are set.
    #[error("a packet ends too early, its text is not UTF-8 or its reserved bits are set")]
    Content,
    /// Unknown, in the wrong packet, or twice.
    #[error("a property {0:#04x} where it does not belong")]
    Property(u8),
    /// Bytes are left over.
    #[error("bytes are left over after {0:?}")]
    Surplus(PacketKind),
}
