//! What clients send: a small bounded reader of MQTT 3.1.1 packets.
//!
//! It is the simulator's own, so that a fault in the packets of the `wire` room cannot hide behind the same fault
//! here. It keeps no payloads and no passwords.

use bytes::{Buf, BytesMut};

/// The largest packet that is read, in bytes, its fixed header left out.
pub const PACKET_LIMIT_BYTES: usize = 1024 * 1024;

/// A packet of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPacket {
    /// CONNECT.
    Connect(Connect),
    /// PUBLISH.
    Publish(Publish),
    /// PUBACK with its packet identifier.
    Puback(u16),
    /// PUBREC with its packet identifier.
    Pubrec(u16),
    /// PUBREL with its packet identifier.
    Pubrel(u16),
    /// PUBCOMP with its packet identifier.
    Pubcomp(u16),
    /// SUBSCRIBE: packet identifier; filters, each with the QoS asked for.
    Subscribe(u16, Vec<(String, u8)>),
    /// UNSUBSCRIBE: packet identifier; filters.
    Unsubscribe(u16, Vec<String>),
    /// PINGREQ.
    Pingreq,
    /// DISCONNECT.
    Disconnect,
}

impl ClientPacket {
    /// Cuts the first whole packet from `buffer`; `None` if it needs more bytes.
    pub(super) fn cut(buffer: &mut BytesMut) -> Result<Option<Self>, PacketError> {
        let Some((header, length)) = remaining_length(buffer)? else { return Ok(None) };
        if length > PACKET_LIMIT_BYTES {
            return Err(PacketError::TooLarge(length));
        }
        if buffer.len() < header + length {
            return Ok(None);
        }
        let packet = buffer.split_to(header + length);
        Self::read(packet[0], Reader(&packet[header..])).map(Some)
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
            Self::Disconnect => PacketKind::Disconnect,
        }
    }

    fn read(first: u8, mut body: Reader<'_>) -> Result<Self, PacketError> {
        let packet = match first {
            0x10 => Self::Connect(body.connect()?),
            0x30..=0x3f => Self::Publish(body.publish(first)?),
            0x40 => Self::Puback(body.identifier()?),
            0x50 => Self::Pubrec(body.identifier()?),
            0x62 => Self::Pubrel(body.identifier()?),
            0x70 => Self::Pubcomp(body.identifier()?),
            0x82 => Self::Subscribe(body.identifier()?, body.all(Reader::asked)?),
            0xa2 => Self::Unsubscribe(body.identifier()?, body.all(Reader::text)?),
            0xc0 => Self::Pingreq,
            0xe0 => Self::Disconnect,
            other => return Err(PacketError::FirstByte(other)),
        };
        if body.0.is_empty() { Ok(packet) } else { Err(PacketError::Surplus(packet.kind())) }
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

/// What CONNECT said, without will and password. Of another protocol version than 3.1.1 only the level is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connect {
    /// 4 for MQTT 3.1.1, 5 for MQTT 5.
    pub level: u8,
    /// The connect flags.
    pub flags: u8,
    /// Seconds; 0 for none.
    pub keep_alive_seconds: u16,
    /// As the client wrote it.
    pub client_id: String,
    /// The user name.
    pub username: Option<String>,
}

/// What PUBLISH said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// 0 to 2.
    pub qos: u8,
    /// The packet identifier; 0 at QoS 0.
    pub identifier: u16,
    /// Length of the payload.
    pub payload_bytes: usize,
}

/// Why bytes of a client are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PacketError {
    /// More than four bytes.
    #[error("the remaining length is longer than four bytes")]
    RemainingLength,
    /// Above [`PACKET_LIMIT_BYTES`].
    #[error("a packet of {0} bytes is above the limit of {PACKET_LIMIT_BYTES}")]
    TooLarge(usize),
    /// Not a packet of a client, or reserved flags are set.
    #[error("no packet of a client begins with {0:#04x}")]
    FirstByte(u8),
    /// Too short, or a text that is not UTF-8.
    #[error("a packet ends too early or its text is not UTF-8")]
    Content,
    /// Bytes are left over.
    #[error("bytes are left over after {0:?}")]
    Surplus(PacketKind),
}

/// Length of the fixed header, and the remaining length that it tells; `None` if it needs more bytes.
fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, PacketError> {
    let mut length = 0;
    for (index, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((index + 2, length)));
        }
    }
    if bytes.len() < 5 { Ok(None) } else { Err(PacketError::RemainingLength) }
}

/// What is left of a packet's body.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, PacketError> {
        self.0.try_get_u8().map_err(|_| PacketError::Content)
    }

    fn identifier(&mut self) -> Result<u16, PacketError> {
        self.0.try_get_u16().map_err(|_| PacketError::Content)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, PacketError> {
        let length = usize::from(self.identifier()?);
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(PacketError::Content)?;
        self.0 = rest;
        Ok(bytes.to_vec())
    }

    fn text(&mut self) -> Result<String, PacketError> {
        String::from_utf8(self.bytes()?).map_err(|_| PacketError::Content)
    }

    fn asked(&mut self) -> Result<(String, u8), PacketError> {
        Ok((self.text()?, self.byte()?))
    }

    /// At least one of what `read` reads, up to the end.
    fn all<T>(&mut self, read: fn(&mut Self) -> Result<T, PacketError>) -> Result<Vec<T>, PacketError> {
        let mut all = vec![read(self)?];
        while !self.0.is_empty() {
            all.push(read(self)?);
        }
        Ok(all)
    }

    fn connect(&mut self) -> Result<Connect, PacketError> {
        self.text()?;
        let level = self.byte()?;
        if level != 4 {
            self.0 = &[];
            return Ok(Connect { level, ..Connect::default() });
        }
        let flags = self.byte()?;
        let keep_alive_seconds = self.identifier()?;
        let client_id = self.text()?;
        for _ in 0..if flags & 0x04 == 0 { 0 } else { 2 } {
            self.bytes()?;
        }
        let username = if flags & 0x80 == 0 { None } else { Some(self.text()?) };
        if flags & 0x40 != 0 {
            self.bytes()?;
        }
        Ok(Connect { level, flags, keep_alive_seconds, client_id, username })
    }

    fn publish(&mut self, first: u8) -> Result<Publish, PacketError> {
        let qos = (first >> 1) & 0x03;
        if qos == 3 {
            return Err(PacketError::FirstByte(first));
        }
        let topic = self.text()?;
        let identifier = if qos == 0 { 0 } else { self.identifier()? };
        let payload_bytes = self.0.len();
        self.0 = &[];
        Ok(Publish { topic, qos, identifier, payload_bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(bytes: &[u8]) -> Result<Option<ClientPacket>, PacketError> {
        ClientPacket::cut(&mut BytesMut::from(bytes))
    }

    const WHOLE: [&[u8]; 9] = [
        b"\x10\x1c\0\x04MQTT\x04\xc6\0\x3c\0\x01c\0\x01w\0\x03bye\0\x02me\0\x01p",
        b"\x10\x0a\0\x04MQTT\x05\x02\0\x3c",
        b"\x32\x08\0\x01t\0\x07abc",
        b"\x30\x03\0\x01t",
        b"\x62\x02\x01\x00",
        b"\x82\x0a\0\x01\0\x01a\x02\0\x01#\0",
        b"\xa2\x05\0\x02\0\x01a",
        b"\xc0\0",
        b"\xe0\0",
    ];

    #[test]
    fn every_proper_prefix_of_a_packet_needs_more_bytes_and_the_whole_is_taken_without_the_rest() {
        for whole in WHOLE {
            for end in 0..whole.len() {
                assert_eq!(cut(&whole[..end]), Ok(None), "{whole:02x?} up to {end}");
            }
            let mut buffer = BytesMut::from([whole, b"rest"].concat().as_slice());
            assert!(matches!(ClientPacket::cut(&mut buffer), Ok(Some(_))), "{whole:02x?}");
            assert_eq!(&buffer[..], b"rest");
        }
    }

    #[test]
    fn packets_are_read_as_they_were_meant() {
        let connect = Connect {
            level: 4,
            flags: 0xc6,
            keep_alive_seconds: 60,
            client_id: "c".to_owned(),
            username: Some("me".to_owned()),
        };
        let publish = Publish { topic: "t".to_owned(), qos: 1, identifier: 7, payload_bytes: 3 };
        let subscribe = ClientPacket::Subscribe(1, vec![("a".to_owned(), 2), ("#".to_owned(), 0)]);
        assert_eq!(cut(WHOLE[0]), Ok(Some(ClientPacket::Connect(connect))));
        assert_eq!(cut(WHOLE[2]), Ok(Some(ClientPacket::Publish(publish))));
        assert_eq!(cut(WHOLE[4]), Ok(Some(ClientPacket::Pubrel(0x0100))));
        assert_eq!(cut(WHOLE[5]), Ok(Some(subscribe)));
    }

    #[test]
    fn malformed_bytes_are_refused_and_never_waited_for() {
        let rows: [(&[u8], PacketError); 6] = [
            (b"\xc0\xff\xff\xff\xff", PacketError::RemainingLength),
            (b"\x30\xff\xff\xff\x7f", PacketError::TooLarge(268_435_455)),
            (b"\xd0\x00", PacketError::FirstByte(0xd0)),
            (b"\x36\x05\0\x01t\0\x01", PacketError::FirstByte(0x36)),
            (b"\x82\x02\0\x01", PacketError::Content),
            (b"\x40\x03\0\x01\0", PacketError::Surplus(PacketKind::Puback)),
        ];
        for (bytes, error) in rows {
            assert_eq!(cut(bytes), Err(error), "{bytes:02x?}");
        }
    }
}
