//! MQTT 3.1.1: packets by rumqttc's codec, except those that it misreads.
//!
//! rumqttc 0.25 refuses codes that the standard does not name, in CONNACK and in SUBACK, which brokers do send; and a
//! 3.1.1 DISCONNECT from the broker deserves a check of its length: these are read here. So is PUBLISH: of a malformed one
//! the crate says neither the topic nor where the flaw is.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;

use super::{
    Connack, ConnackProperties, Connect, Delivery, Farewell, Incoming, Outgoing, Puback, Publish, WireError,
    frame, varint,
};
use crate::event::{Protocol, Qos};

/// Reads one whole frame.
pub(super) fn decode(mut bytes: BytesMut) -> Result<Incoming, WireError> {
    let kind = bytes.first().map_or(0, |byte| byte >> 4);
    let malformed = |reason: &str, offset| WireError::malformed(kind, reason, offset);
    match (kind, &bytes[..]) {
        (2, [_, 2, flags @ 0..=1, code]) => {
            let properties = ConnackProperties::default();
            return Ok(Incoming::Connack(Connack { session_present: *flags == 1, code: *code, properties }));
        }
        (2, _) => return Err(malformed("not a CONNACK of MQTT 3.1.1", 1)),
        (3, _) => return frame::whole_publish(Protocol::V311, &bytes).map(Incoming::Publish),
        (9, _) => {
            return suback(varint::body(&bytes)).ok_or_else(|| malformed("no code in it", bytes.len()));
        }
        (13, [_, 0]) => return Ok(Incoming::Pingresp),
        (14, [_, 0]) => return Ok(Incoming::Disconnect(Farewell::default())),
        (13 | 14, _) => return Err(malformed("it must be empty", 1)),
        _ => {}
    }
    let packet = v4::Packet::read(&mut bytes, usize::MAX).map_err(|error| WireError::Malformed {
        kind,
        reason: error.to_string(),
        topic: None,
        offset: None,
    })?;
    incoming(packet).ok_or(WireError::PacketType(kind))
}

fn incoming(packet: v4::Packet) -> Option<Incoming> {
    match packet {
        v4::Packet::PubAck(ack) => Some(Incoming::Puback(Puback { packet_id: ack.pkid, code: 0 })),
        v4::Packet::PubRec(ack) => Some(Incoming::Pubrec(ack.pkid)),
        v4::Packet::PubRel(ack) => Some(Incoming::Pubrel(ack.pkid)),
        v4::Packet::PubComp(ack) => Some(Incoming::Pubcomp(ack.pkid)),
        v4::Packet::UnsubAck(ack) => Some(Incoming::Unsuback(ack.pkid)),
        v4::Packet::PingResp => Some(Incoming::Pingresp),
        v4::Packet::Disconnect => Some(Incoming::Disconnect(Farewell::default())),
        v4::Packet::Connect(_)
        | v4::Packet::ConnAck(_)
        | v4::Packet::Publish(_)
        | v4::Packet::SubAck(_)
        | v4::Packet::Subscribe(_)
        | v4::Packet::Unsubscribe(_)
        | v4::Packet::PingReq => None,
    }
}

fn suback(body: &[u8]) -> Option<Incoming> {
    let (packet_id, codes) = body.split_first_chunk()?;
    (!codes.is_empty()).then(|| Incoming::Suback(u16::from_be_bytes(*packet_id), codes.to_vec()))
}

/// Writes one packet.
pub(super) fn encode(packet: &Outgoing) -> BytesMut {
    let mut bytes = BytesMut::new();
    // The one thing that the encoder can refuse is a packet of over 256 MiB, and settings bound every part of ours.
    if let Err(error) = outgoing(packet).write(&mut bytes, usize::MAX) {
        tracing::error!(%error, packet = packet.name(), "a packet could not be encoded");
    }
    bytes
}

fn outgoing(packet: &Outgoing) -> v4::Packet {
    match packet {
        Outgoing::Connect(connect) => v4::Packet::Connect(connect_packet(connect)),
        Outgoing::Subscribe(packet_id, filters) => {
            v4::Packet::Subscribe(subscribe_packet(*packet_id, filters))
        }
        Outgoing::Publish(publish) => v4::Packet::Publish(publish_packet(publish)),
        Outgoing::Puback(packet_id) => v4::Packet::PubAck(v4::PubAck::new(*packet_id)),
        Outgoing::Pubrec(packet_id) => v4::Packet::PubRec(v4::PubRec::new(*packet_id)),
        Outgoing::Pubrel(packet_id) => v4::Packet::PubRel(v4::PubRel::new(*packet_id)),
        Outgoing::Pubcomp(packet_id) => v4::Packet::PubComp(v4::PubComp::new(*packet_id)),
        Outgoing::Pingreq => v4::Packet::PingReq,
        Outgoing::Disconnect => v4::Packet::Disconnect,
    }
}

fn connect_packet(connect: &Connect) -> v4::Connect {
    let mut packet = v4::Connect::new(connect.client_id.clone());
    packet.keep_alive = connect.keep_alive_seconds;
    packet.clean_session = connect.clean_session;
    if let Some(username) = &connect.username {
        packet
            .set_login(username.clone(), connect.password.as_ref().map_or("", |password| password.reveal()));
    }
    packet
}

fn subscribe_packet(packet_id: u16, filters: &[(String, Qos)]) -> v4::Subscribe {
    let filters = filters.iter().map(|(topic, qos)| v4::SubscribeFilter::new(topic.clone(), crate_qos(*qos)));
    let mut packet = v4::Subscribe::new_many(filters);
    packet.pkid = packet_id;
    packet
}

fn publish_packet(publish: &Publish) -> v4::Publish {
    let mut packet = v4::Publish::new(&publish.topic, rumqttc::QoS::AtLeastOnce, publish.payload.clone());
    packet.pkid = publish.packet_id;
    packet.dup = publish.delivery == Delivery::Again;
    packet
}

const fn crate_qos(qos: Qos) -> rumqttc::QoS {
    match qos {
        Qos::AtMostOnce => rumqttc::QoS::AtMostOnce,
        Qos::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
        Qos::ExactlyOnce => rumqttc::QoS::ExactlyOnce,
    }
}
