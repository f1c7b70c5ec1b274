//! What stands in each packet of a client behind the fixed header, version by version.

use super::{Acknowledgement, ClientPacket, Connect, PacketError, Publish};
use crate::event::Protocol;
use crate::simulator::property::{self, Property};
use crate::simulator::reader::Reader;

/// Flags of CONNECT.
const RESERVED: u8 = 0x01;
const WILL: u8 = 0x04;
const PASSWORD: u8 = 0x40;
const USERNAME: u8 = 0x80;

/// Bits of a subscription's options that mean nothing in MQTT 5.
const RESERVED_OPTIONS: u8 = 0xc0;
const QOS: u8 = 0x03;

/// Properties, in the version that knows them.
fn properties(
    body: &mut Reader<'_>,
    protocol: Protocol,
    allowed: &[u8],
) -> Result<Vec<Property>, PacketError> {
    match protocol {
        Protocol::V311 => Ok(Vec::new()),
        Protocol::V5 => body.properties(allowed),
    }
}

pub(super) fn connect(body: &mut Reader<'_>) -> Result<Connect, PacketError> {
    body.text()?;
    let mut connect = Connect { level: body.byte()?, ..Connect::default() };
    let Some(protocol) = connect.protocol() else {
        body.rest();
        return Ok(connect);
    };
    connect.flags = body.byte()?;
    if connect.flags & RESERVED != 0 {
        return Err(PacketError::Content);
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

pub(super) fn publish(body: &mut Reader<'_>, first: u8, protocol: Protocol) -> Result<Publish, PacketError> {
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

pub(super) fn acknowledgement(
    body: &mut Reader<'_>,
    protocol: Protocol,
) -> Result<Acknowledgement, PacketError> {
    let identifier = body.short()?;
    let reason_code = reason(body, protocol, property::OF_ACKNOWLEDGEMENT)?;
    Ok(Acknowledgement { identifier, reason_code })
}

pub(super) fn disconnect(body: &mut Reader<'_>, protocol: Protocol) -> Result<u8, PacketError> {
    reason(body, protocol, property::OF_DISCONNECT)
}

/// The reason code and properties at the end of a packet, both of which may be left out.
fn reason(body: &mut Reader<'_>, protocol: Protocol, allowed: &[u8]) -> Result<u8, PacketError> {
    if protocol == Protocol::V311 || body.is_empty() {
        return Ok(0);
    }
    let code = body.byte()?;
    if !body.is_empty() {
        body.properties(allowed)?;
    }
    Ok(code)
}

pub(super) fn subscribe(body: &mut Reader<'_>, protocol: Protocol) -> Result<ClientPacket, PacketError> {
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
    if options & RESERVED_OPTIONS != 0 { Err(PacketError::Content) } else { Ok((filter, options & QOS)) }
}

pub(super) fn unsubscribe(body: &mut Reader<'_>, protocol: Protocol) -> Result<ClientPacket, PacketError> {
    let identifier = body.short()?;
    properties(body, protocol, property::OF_UNSUBSCRIBE)?;
    Ok(ClientPacket::Unsubscribe(identifier, body.all(Reader::text)?))
}
