//! Frames and packets of MQTT: bytes to [`Incoming`], [`Outgoing`] to bytes. The only room that names the MQTT crate.
//!
//! The frame is ours, the packet is theirs: complete frames are cut here (see [`frame`]) and handed whole to the
//! crate's decoder, so that "needs more bytes" on a whole frame means malformed and can never wait for ever. Where the
//! crate misreads a packet it is read here, in MQTT 5 all of them. Nothing here knows time, sessions or sockets.

mod error;
mod frame;
#[cfg(test)]
mod tests;
mod v311;
mod v5;
mod varint;

use bytes::BytesMut;

pub use error::{Misplaced, WireError};
pub use frame::{Frame, Framer, UnfinishedFrame};

use crate::event::{Protocol, Qos};
use crate::secret::Secret;

/// What a broker may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// The answer to CONNECT.
    Connack(Connack),
    /// A message.
    Publish(PublishHead),
    /// A message under a topic that is listened to, see [`Decoder::listen`].
    Message(PublishHead, Box<Message>),
    /// QoS 1: our publish with this packet identifier arrived, or was refused.
    Puback(Puback),
    /// QoS 2, first step: our publish arrived.
    Pubrec(u16),
    /// QoS 2, second step: the broker will not send this message again.
    Pubrel(u16),
    /// QoS 2, last step: our publish is done.
    Pubcomp(u16),
    /// The answer to SUBSCRIBE, one code for each filter.
    Suback(u16, Vec<u8>),
    /// The answer to UNSUBSCRIBE.
    Unsuback(u16),
    /// The answer to PINGREQ.
    Pingresp,
    /// The broker ends the session.
    Disconnect(Farewell),
}

/// The answer to CONNECT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Connack {
    /// Whether the broker still holds our earlier session.
    pub session_present: bool,
    /// 0 for accepted. In MQTT 5 refusals begin at 128; a lower one there comes from a broker that only speaks an older
    /// version.
    pub code: u8,
    /// What MQTT 5 adds.
    pub properties: ConnackProperties,
}

impl Connack {
    /// Whether it answers MQTT 5 in the codes of an older version, which lie below all refusals of MQTT 5.
    pub const fn is_of_older_version(&self) -> bool {
        matches!(self.code, 1..0x80)
    }
}

/// What CONNACK may say besides in MQTT 5; `None` for what it left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnackProperties {
    /// The keep-alive to use instead of ours, in seconds; 0 for none.
    pub server_keep_alive_seconds: Option<u16>,
    /// The largest packet that the broker takes, in bytes.
    pub maximum_packet_bytes: Option<u32>,
    /// How many publishes of ours may be unacknowledged, 1 to 65,535.
    pub receive_maximum: Option<u16>,
    /// The highest QoS at which we may publish.
    pub maximum_qos: Option<u8>,
    /// The client identifier that the broker chose.
    pub assigned_client_id: Option<String>,
    /// The broker's words.
    pub reason_string: Option<String>,
    /// The server to use instead.
    pub server_reference: Option<String>,
}

/// The answer to our QoS 1 publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Puback {
    /// Of the publish.
    pub packet_id: u16,
    /// From 128 on the broker did not take it; always 0 before MQTT 5.
    pub code: u8,
}

/// What the broker says with its DISCONNECT; before MQTT 5 nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Farewell {
    /// Why.
    pub reason_code: Option<u8>,
    /// The broker's words.
    pub reason_string: Option<String>,
    /// The server to use instead.
    pub server_reference: Option<String>,
}

/// What a message that is listened to says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// At most [`MESSAGE_LIMIT_BYTES`].
    pub payload: BytesMut,
}

/// Messages up to this many bytes, head and all, are listened to; an appliance's answer has about 4,000.
pub const MESSAGE_LIMIT_BYTES: usize = 64 * 1024;

/// A message without its payload, which hardly anybody here reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishHead {
    /// How surely it is delivered.
    pub qos: Qos,
    /// Packet identifier, 1 to 65,535; 0 for QoS 0.
    pub packet_id: u16,
    /// Length of the payload.
    pub payload_bytes: usize,
}

/// What a client sends.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// Opens the session.
    Connect(Connect),
    /// Subscribes to filters under a packet identifier.
    Subscribe(u16, Vec<(String, Qos)>),
    /// Sends a message.
    Publish(Publish),
    /// Acknowledges a QoS 1 message.
    Puback(u16),
    /// Acknowledges a QoS 2 message, first step.
    Pubrec(u16),
    /// Releases a QoS 2 message of our own.
    Pubrel(u16),
    /// Acknowledges a QoS 2 message, last step.
    Pubcomp(u16),
    /// Asks for a sign of life.
    Pingreq,
    /// Ends the session in order.
    Disconnect,
}

impl Outgoing {
    /// The packet's name in the MQTT standard.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "CONNECT",
            Self::Subscribe(..) => "SUBSCRIBE",
            Self::Publish(_) => "PUBLISH",
            Self::Puback(_) => "PUBACK",
            Self::Pubrec(_) => "PUBREC",
            Self::Pubrel(_) => "PUBREL",
            Self::Pubcomp(_) => "PUBCOMP",
            Self::Pingreq => "PINGREQ",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// The first topic that the packet names.
    pub fn topic(&self) -> Option<&str> {
        match self {
            Self::Subscribe(_, filters) => filters.first().map(|(topic, _)| topic.as_str()),
            Self::Publish(publish) => Some(&publish.topic),
            Self::Connect(_)
            | Self::Puback(_)
            | Self::Pubrec(_)
            | Self::Pubrel(_)
            | Self::Pubcomp(_)
            | Self::Pingreq
            | Self::Disconnect => None,
        }
    }
}

/// A message of ours at QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// Packet identifier, 1 to 65,535.
    pub packet_id: u16,
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether it was sent before.
    pub delivery: Delivery,
}

/// Whether a message was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// For the first time.
    First,
    /// Again, with DUP set, because nothing acknowledged it.
    Again,
}

/// What CONNECT says.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Client identifier.
    pub client_id: String,
    /// User name.
    pub username: Option<String>,
    /// Password; only beside a user name.
    pub password: Option<Secret>,
    /// Keep-alive in seconds.
    pub keep_alive_seconds: u16,
    /// Whether the broker is to forget us between sessions. In MQTT 5: whether it starts afresh and forgets at the end,
    /// or keeps the session until it is asked for again.
    pub clean_session: bool,
}

/// Reads one MQTT connection.
#[derive(Debug)]
pub struct Decoder {
    protocol: Protocol,
    framer: Framer,
    topics_begin: Vec<String>,
    largest_packet_bytes: Option<usize>,
}

impl Decoder {
    /// A decoder that holds packets of at most `max_packet_bytes` in memory.
    pub fn new(protocol: Protocol, max_packet_bytes: usize) -> Self {
        Self {
            protocol,
            framer: Framer::new(protocol, max_packet_bytes),
            topics_begin: Vec::new(),
            largest_packet_bytes: None,
        }
    }

    /// Hands over messages of at most [`MESSAGE_LIMIT_BYTES`] whose topics begin with one of these, and holds packets of
    /// that size for it.
    pub fn listen(&mut self, topics_begin: Vec<String>) {
        if !topics_begin.is_empty() {
            self.framer.hold_at_least(MESSAGE_LIMIT_BYTES);
        }
        self.topics_begin = topics_begin;
    }

    /// Takes bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
    }

    /// The next whole packet; after an error the stream cannot be read any further.
    pub fn next_packet(&mut self) -> Result<Option<Incoming>, WireError> {
        let Some(frame) = self.framer.next_frame()? else { return Ok(None) };
        let bytes = frame.total_bytes();
        let packet = match frame {
            Frame::Whole(frame) => self.whole(frame)?,
            Frame::Skipped { head, .. } => Incoming::Publish(head),
        };
        self.largest_packet_bytes = self.largest_packet_bytes.max(Some(bytes));
        Ok(Some(packet))
    }

    /// Length of the largest packet that was read so far, its fixed header included; `None` before the first.
    pub const fn largest_packet_bytes(&self) -> Option<usize> {
        self.largest_packet_bytes
    }

    /// The packet of which only a part has arrived, once [`Self::next_packet`] has no whole one left.
    pub fn unfinished(&self) -> Option<UnfinishedFrame> {
        self.framer.unfinished()
    }
}

impl Decoder {
    fn whole(&self, frame: BytesMut) -> Result<Incoming, WireError> {
        let wanted = self.topic(&frame).map(|topic| (topic, frame.clone()));
        let packet = match self.protocol {
            Protocol::V311 => v311::decode(frame),
            Protocol::V5 => v5::decode(&frame),
        }?;
        Ok(match (packet, wanted) {
            (Incoming::Publish(head), Some((topic, mut frame))) => {
                let payload = frame.split_off(frame.len().saturating_sub(head.payload_bytes));
                Incoming::Message(head, Box::new(Message { topic, payload }))
            }
            (packet, _) => packet,
        })
    }

    /// The topic of a message that is listened to. Where nothing is, a busy stream costs no more for it.
    fn topic(&self, frame: &[u8]) -> Option<String> {
        if self.topics_begin.is_empty() || frame.len() > MESSAGE_LIMIT_BYTES {
            return None;
        }
        let topic = frame::publish_topic(frame)?;
        self.topics_begin.iter().any(|begin| topic.starts_with(begin)).then(|| topic.to_owned())
    }
}

/// The bytes of a packet.
pub fn encode(protocol: Protocol, packet: &Outgoing) -> BytesMut {
    match protocol {
        Protocol::V311 => v311::encode(packet),
        Protocol::V5 => v5::encode(packet),
    }
}
