//! Cuts packets of clients from a stream of bytes and reads them, version by version.

#[cfg(test)]
mod tests;

use bytes::BytesMut;

use super::client::{Acknowledgement, ClientPacket, Connect, PacketKind, Publish};
use super::property::{self, Property};
use super::reader::{ReadError, Reader, variable};
use crate::event::Protocol;

/// The largest packet that is read, in bytes, its fixed header left out. What announces more is refused unread, so
/// that a client can make the simulator hold no more than this.
const PACKET_LIMIT_BYTES: usize = 1024 * 1024;

/// Why bytes of a client are not a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::simulator) enum PacketError {
    /// A part of it cannot be read.
    #[error(transparent)]
    Part(#[from] ReadError),
    /// Above [`PACKET_LIMIT_BYTES`].
    #[error("a packet of {0} bytes is above the limit of {PACKET_LIMIT_BYTES}")]
    TooLarge(usize),
    /// Not a packet of a client, or reserved flags are set.
    #[error("no packet of a client begins with {0:#04x}")]
    FirstByte(u8),
    /// Bits that the version leaves without meaning are set.
    #[error("reserved bits of {0:?} are set")]
    ReservedBits(PacketKind),
    /// Bytes are left over.
    #[error("bytes are left over after {0:?}")]
    Surplus(PacketKind),
}

/// Cuts the first whole packet from `buffer`, where the client speaks `protocol`; `None` if it needs more bytes.
/// CONNECT says itself which version it speaks.
pub(in crate::simulator) fn next_packet(
    buffer: &mut BytesMut,
    protocol: Protocol,
) -> Result<Option<ClientPacket>, PacketError> {
    let Some((bytes, length)) = variable(buffer.get(1..).unwrap_or_default())? else { return Ok(None) };
    if length > PACKET_LIMIT_BYTES {
        return Err(PacketError::TooLarge(length));
    }
    let header = bytes + 1;
    if buffer.len() < header + length {
        return Ok(None);
    }
    let packet = buffer.split_to(header + length);
    decode(packet[0], Reader::new(&packet[header..]), protocol).map(Some)
}

fn decode(first: u8, mut body: Reader<'_>, protocol: Protocol) -> Result<ClientPacket, PacketError> {
    let packet = match first {
        0x10 => ClientPacket::Connect(connect(&mut body)?),
        0x30..=0x3f => ClientPacket::Publish(publish(&mut body, first, protocol)?),
        0x40 => ClientPacket::Puback(acknowledgement(&mut body, protocol)?),
        0x50 => ClientPacket::Pubrec(acknowledgement(&mut body, protocol)?),
        0x62 => ClientPacket::Pubrel(acknowledgement(&mut body, protocol)?),
        0x70 => ClientPacket::Pubcomp(acknowledgement(&mut body, protocol)?),
        0x82 => subscribe(&mut body, protocol)?,
        0xa2 => unsubscribe(&mut body, protocol)?,
        0xc0 => ClientPacket::Pingreq,
        0xe0 => ClientPacket::Disconnect(reason(&mut body, protocol, property::OF_DISCONNECT)?),
        other => return Err(PacketError::FirstByte(other)),
    };
    if body.is_empty() { Ok(packet) } else { Err(PacketError::Surplus(packet.kind())) }
}

/// Flags of CONNECT.
const RESERVED: u8 = 0x01;
const WILL: u8 = 0x04;
const PASSWORD: u8 = 0x40;
const USERNAME: u8 = 0x80;

/// Bits of a subscription's options that mean nothing in MQTT 5.
const RESERVED_OPTIONS: u8 = 0xc0;
const QOS: u8 = 0x03;

/// Properties, in the version that knows them.
fn properties(body: &mut Reader<'_>, protocol: Protocol, allowed: &[u8]) -> Result<Vec<Property>, ReadError> {
    match protocol {
        Protocol::V311 => Ok(Vec::new()),
        Protocol::V5 => body.properties(allowed),
    }
}

fn connect(body: &mut Reader<'_>) -> Result<Connect, PacketError> {
    body.text()?;
    let mut connect = Connect { level: body.byte()?, ..Connect::default() };
    let Some(protocol) = connect.protocol() else {
        body.rest();
        return Ok(connect);
    };
    connect.flags = body.byte()?;
    if connect.flags & RESERVED != 0 {
        return Err(PacketError::ReservedBits(PacketKind::Connect));
    }
    connect.keep_alive_seconds = body.short()?;
    connect.properties = properties(body, protocol, property::OF_CONNECT)?;
    connect.client_id = body.text()?;
    if connect.flags & WILL != 0 {
        properties(body, protocol, property::OF_WILL)?;
        body.text()?;
        body.bytes()?;
    }
    if connect.flags & USERNAME != 0 {
        connect.username = Some(body.text()?);
    }
    if connect.flags & PASSWORD != 0 {
        body.bytes()?;
    }
    Ok(connect)
}

fn publish(body: &mut Reader<'_>, first: u8, protocol: Protocol) -> Result<Publish, PacketError> {
    let qos = (first >> 1) & QOS;
    if qos == 3 {
        return Err(PacketError::FirstByte(first));
    }
    Ok(Publish {
        qos,
        dup: first & 0x08 != 0,
        retain: first & 0x01 != 0,
        topic: body.text()?,
        identifier: if qos == 0 { 0 } else { body.short()? },
        properties: properties(body, protocol, property::OF_PUBLISH)?,
        payload_bytes: body.rest(),
    })
}

fn acknowledgement(body: &mut Reader<'_>, protocol: Protocol) -> Result<Acknowledgement, PacketError> {
    let identifier = body.short()?;
    let reason_code = reason(body, protocol, property::OF_ACKNOWLEDGEMENT)?;
    Ok(Acknowledgement { identifier, reason_code })
}

/// The reason code and properties at the end of a packet, both of which may be left out.
fn reason(body: &mut Reader<'_>, protocol: Protocol, allowed: &[u8]) -> Result<u8, ReadError> {
    if protocol == Protocol::V311 || body.is_empty() {
        return Ok(0);
    }
    let code = body.byte()?;
    if !body.is_empty() {
        body.properties(allowed)?;
    }
    Ok(code)
}

fn subscribe(body: &mut Reader<'_>, protocol: Protocol) -> Result<ClientPacket, PacketError> {
    let identifier = body.short()?;
    properties(body, protocol, property::OF_SUBSCRIBE)?;
    let asked = match protocol {
        Protocol::V311 => |body: &mut Reader<'_>| Ok((body.text()?, body.byte()?)),
        Protocol::V5 => with_options,
    };
    Ok(ClientPacket::Subscribe(identifier, body.all(asked)?))
}

fn with_options(body: &mut Reader<'_>) -> Result<(String, u8), PacketError> {
    let (filter, options) = (body.text()?, body.byte()?);
    if options & RESERVED_OPTIONS != 0 {
        Err(PacketError::ReservedBits(PacketKind::Subscribe))
    } else {
        Ok((filter, options & QOS))
    }
}

fn unsubscribe(body: &mut Reader<'_>, protocol: Protocol) -> Result<ClientPacket, PacketError> {
    let identifier = body.short()?;
    properties(body, protocol, property::OF_UNSUBSCRIBE)?;
    Ok(ClientPacket::Unsubscribe(identifier, body.all(Reader::text)?))
}
