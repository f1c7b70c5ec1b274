//! Writes what we send, by rumqttc's codec.

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::{QoS, v5};

use super::super::{Connect, Delivery, Outgoing, Publish};
use crate::event::Qos;
use crate::secret::Secret;

/// A session that never expires: with it and without a clean start the broker keeps us as MQTT 3.1.1 does without a
/// clean session (MQTT 5, section 3.1.2.11.2).
const NEVER: u32 = u32::MAX;

/// Writes one packet.
pub(in crate::wire) fn encode(packet: &Outgoing) -> BytesMut {
    let mut bytes = BytesMut::new();
    // The one thing that the encoder can refuse is a packet of over 256 MiB, and settings bound every part of ours.
    if let Err(error) = outgoing(packet).write(&mut bytes, None) {
        tracing::error!(%error, packet = packet.name(), "a packet could not be encoded");
    }
    bytes
}

fn outgoing(packet: &Outgoing) -> v5::Packet {
    match packet {
        Outgoing::Connect(connect) => connect_packet(connect),
        Outgoing::Subscribe(packet_id, filters) => subscribe_packet(*packet_id, filters),
        Outgoing::Publish(publish) => publish_packet(publish),
        Outgoing::Puback(packet_id) => v5::Packet::PubAck(v5::PubAck::new(*packet_id, None)),
        Outgoing::Pubrec(packet_id) => v5::Packet::PubRec(v5::PubRec::new(*packet_id, None)),
        Outgoing::Pubrel(packet_id) => v5::Packet::PubRel(v5::PubRel::new(*packet_id, None)),
        Outgoing::Pubcomp(packet_id) => v5::Packet::PubComp(v5::PubComp::new(*packet_id, None)),
        Outgoing::Pingreq => v5::Packet::PingReq(v5::PingReq),
        Outgoing::Disconnect => {
            v5::Packet::Disconnect(v5::Disconnect::new(v5::DisconnectReasonCode::NormalDisconnection))
        }
    }
}

fn connect_packet(connect: &Connect) -> v5::Packet {
    let mut properties = v5::ConnectProperties::new();
    properties.session_expiry_interval = (!connect.clean_session).then_some(NEVER);
    let packet = v5::Connect {
        keep_alive: connect.keep_alive_seconds,
        client_id: connect.client_id.clone(),
        clean_start: connect.clean_session,
        properties: Some(properties),
    };
    v5::Packet::Connect(packet, None, login(connect))
}

/// The crate leaves out an empty text, flag and all; settings have none.
fn login(connect: &Connect) -> Option<v5::Login> {
    let username = connect.username.as_deref();
    let password = connect.password.as_ref().map(Secret::reveal);
    let some = username.is_some() || password.is_some();
    some.then(|| v5::Login::new(username.unwrap_or_default(), password.unwrap_or_default()))
}

fn subscribe_packet(packet_id: u16, filters: &[(String, Qos)]) -> v5::Packet {
    let filters = filters.iter().map(|(topic, qos)| v5::Filter::new(topic.clone(), crate_qos(*qos)));
    let mut packet = v5::Subscribe::new_many(filters, None);
    packet.pkid = packet_id;
    v5::Packet::Subscribe(packet)
}

fn publish_packet(publish: &Publish) -> v5::Packet {
    let mut packet = v5::Publish::new(&publish.topic, QoS::AtLeastOnce, publish.payload.clone(), None);
    packet.pkid = publish.packet_id;
    packet.dup = publish.delivery == Delivery::Again;
    v5::Packet::Publish(packet)
}

const fn crate_qos(qos: Qos) -> QoS {
    match qos {
        Qos::AtMostOnce => QoS::AtMostOnce,
        Qos::AtLeastOnce => QoS::AtLeastOnce,
        Qos::ExactlyOnce => QoS::ExactlyOnce,
    }
}
