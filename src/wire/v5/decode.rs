//! Reads what a broker sends (MQTT 5, chapter 3). Any code is passed on as it came, named by the standard or not.

use bytes::Buf;

use super::super::{
    Connack, ConnackProperties, Farewell, Incoming, Puback, PublishHead, WireError, frame, varint,
};
use super::fields::{Flaw, end, packet_id, text};
use super::properties::{
    self, ASSIGNED_CLIENT_ID, MAXIMUM_PACKET_SIZE, MAXIMUM_QOS, Properties, REASON_STRING, RECEIVE_MAXIMUM,
    SERVER_KEEP_ALIVE, SERVER_REFERENCE,
};
use crate::event::Qos;

/// Reads one whole frame: the answer is a packet or an error, never a wish for more.
pub(in crate::wire) fn decode(bytes: &[u8]) -> Result<Incoming, WireError> {
    let first_byte = bytes.first().copied().unwrap_or(0);
    let kind = first_byte >> 4;
    let mut left = varint::body(bytes);
    let body = &mut left;
    let packet = match kind {
        2 => connack(body).map(Incoming::Connack),
        3 => publish(first_byte, body).map(Incoming::Publish),
        4 => ack(body).map(Incoming::Puback),
        5 => ack(body).map(|ack| Incoming::Pubrec(ack.packet_id)),
        6 => ack(body).map(|ack| Incoming::Pubrel(ack.packet_id)),
        7 => ack(body).map(|ack| Incoming::Pubcomp(ack.packet_id)),
        9 => codes(body).map(|(packet_id, codes)| Incoming::Suback(packet_id, codes.to_vec())),
        11 => codes(body).map(|(packet_id, _)| Incoming::Unsuback(packet_id)),
        13 => end(body).map(|()| Incoming::Pingresp),
        14 => disconnect(body).map(Incoming::Disconnect),
        _ => return Err(WireError::PacketType(kind)),
    };
    packet.map_err(|flaw| WireError::Malformed {
        kind,
        reason: flaw.to_string(),
        topic: frame::publish_topic(bytes).map(str::to_owned),
        offset: flaw.is_where_reading_stopped().then(|| bytes.len() - left.len()),
    })
}

fn connack(body: &mut &[u8]) -> Result<Connack, Flaw> {
    if body.first().is_some_and(|flags| *flags > 1) {
        return Err(Flaw::Flags);
    }
    let session_present = body.try_get_u8()? == 1;
    let code = body.try_get_u8()?;
    // With a CONNACK of its own version, which has no properties, an old broker refuses version 5.
    if body.is_empty() && code != 0 {
        return Ok(Connack { session_present, code, ..Connack::default() });
    }
    if body.is_empty() {
        return Err(Flaw::OldConnack);
    }
    let properties = connack_properties(&properties::read(body)?)?;
    end(body)?;
    Ok(Connack { session_present, code, properties })
}

fn connack_properties(properties: &Properties<'_>) -> Result<ConnackProperties, Flaw> {
    Ok(ConnackProperties {
        server_keep_alive_seconds: properties.number(SERVER_KEEP_ALIVE, ..)?,
        maximum_packet_bytes: properties.number(MAXIMUM_PACKET_SIZE, 1..)?,
        receive_maximum: properties.number(RECEIVE_MAXIMUM, 1..)?,
        maximum_qos: properties.number(MAXIMUM_QOS, ..=1)?,
        assigned_client_id: properties.text(ASSIGNED_CLIENT_ID),
        reason_string: properties.text(REASON_STRING),
        server_reference: properties.text(SERVER_REFERENCE),
    })
}

fn publish(first_byte: u8, body: &mut &[u8]) -> Result<PublishHead, Flaw> {
    let qos = Qos::from_level((first_byte >> 1) & 0b11).ok_or(Flaw::Flags)?;
    text(body)?;
    let packet_id = if qos == Qos::AtMostOnce { 0 } else { packet_id(body)? };
    properties::read(body)?;
    Ok(PublishHead { qos, packet_id, payload_bytes: body.len() })
}

/// PUBACK and its like: code and properties may both be left out, or the properties alone.
fn ack(body: &mut &[u8]) -> Result<Puback, Flaw> {
    let packet_id = body.try_get_u16()?;
    let (code, _) = code_and_properties(body)?;
    Ok(Puback { packet_id, code })
}

fn disconnect(body: &mut &[u8]) -> Result<Farewell, Flaw> {
    let (code, properties) = code_and_properties(body)?;
    Ok(Farewell {
        reason_code: Some(code),
        reason_string: properties.text(REASON_STRING),
        server_reference: properties.text(SERVER_REFERENCE),
    })
}

/// The end of a packet where both may be left out: a code that is not there is 0.
fn code_and_properties<'a>(body: &mut &'a [u8]) -> Result<(u8, Properties<'a>), Flaw> {
    if body.is_empty() {
        return Ok((0, Properties::default()));
    }
    let code = body.try_get_u8()?;
    if body.is_empty() {
        return Ok((code, Properties::default()));
    }
    let properties = properties::read(body)?;
    end(body)?;
    Ok((code, properties))
}

/// SUBACK and UNSUBACK: a packet identifier, properties, and a code for each filter.
fn codes<'a>(body: &mut &'a [u8]) -> Result<(u16, &'a [u8]), Flaw> {
    let packet_id = body.try_get_u16()?;
    properties::read(body)?;
    if body.is_empty() { Err(Flaw::NoCode) } else { Ok((packet_id, body)) }
}
