//! The records of how sessions end: `drop` and `late_answer`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::failure::FailureKind;
use super::reading::{RoundTrips, Survived, TcpReading};
use super::words::{ClosedBy, Protocol};
use super::{known, lenient};

/// An established session ended and we did not end it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionDrop {
    /// Name in the AWS CRT vocabulary.
    pub error_name: Cow<'static, str>,
    /// Its number.
    #[serde(default)]
    pub error_code: Option<i32>,
    /// One line for a person; no program reads it.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
    /// What happened, for programs.
    #[serde(default, deserialize_with = "known")]
    pub failure: Option<FailureKind>,
    /// How the end looked.
    #[serde(default, deserialize_with = "known")]
    pub closed_by: Option<ClosedBy>,
    /// What was spoken.
    #[serde(default, deserialize_with = "known")]
    pub protocol: Option<Protocol>,
    /// MQTT 5 DISCONNECT.
    #[serde(default)]
    pub reason_code: Option<u8>,
    /// MQTT 5 DISCONNECT or the WebSocket close reason.
    #[serde(default)]
    pub reason_string: Option<String>,
    /// MQTT 5: the server to use instead.
    #[serde(default)]
    pub server_reference: Option<String>,
    /// 1005 where the close frame carried none, 1006 where the stream ended without one.
    #[serde(default)]
    pub websocket_close_code: Option<u16>,
    /// Always 0: the session was up.
    #[serde(default, deserialize_with = "lenient")]
    pub reconnect_attempt: u32,
    /// CONNACK to the moment the end was known; `None` where no session is known, as in some dumps of others.
    #[serde(default)]
    pub duration_connected_seconds: Option<f64>,
    /// Accepted subscriptions.
    #[serde(default)]
    pub active_subscriptions: Option<u32>,
    /// Publishes waiting.
    #[serde(default)]
    pub queued_commands: Option<u32>,
    /// Age of the last packet received.
    #[serde(default)]
    pub last_received_seconds: Option<f64>,
    /// Age of the last packet sent.
    #[serde(default)]
    pub last_sent_seconds: Option<f64>,
    /// Name of the last packet sent.
    #[serde(default)]
    pub last_sent_packet: Option<Cow<'static, str>>,
    /// Topic of the last packet sent, if it was a SUBSCRIBE or PUBLISH.
    #[serde(default)]
    pub last_sent_topic: Option<String>,
    /// Silence, both ways, that came before the last packet sent.
    #[serde(default)]
    pub idle_before_last_sent_seconds: Option<f64>,
    /// Age of the oldest unanswered PINGREQ.
    #[serde(default)]
    pub unanswered_ping_seconds: Option<f64>,
    /// Longest time that our own loop was late in the last keep-alive period.
    #[serde(default)]
    pub loop_lag_ms: Option<f64>,
    /// PUBLISH packets received in this session.
    #[serde(default)]
    pub messages_received: Option<u64>,
    /// PUBLISH packets sent in this session.
    #[serde(default)]
    pub messages_published: Option<u64>,
    /// Bytes read from the socket in this session.
    #[serde(default)]
    pub bytes_received: Option<u64>,
    /// Bytes written to the socket in this session.
    #[serde(default)]
    pub bytes_sent: Option<u64>,
    /// PUBLISH packets, both ways, over the last 10 s.
    #[serde(default)]
    pub publish_rate_per_second: Option<f64>,
    /// Largest payload sent in the last 10 s.
    #[serde(default)]
    pub largest_publish_bytes: Option<u64>,
    /// Round trips of this session, for people.
    #[serde(default)]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// What this session is known to have lived through.
    #[serde(default)]
    pub survived: Option<Survived>,
    /// A packet of which only a part had arrived.
    #[serde(default)]
    pub unfinished_packet: Option<UnfinishedPacket>,
    /// What the peer sent that breaks the standard.
    #[serde(default)]
    pub malformed: Option<Malformed>,
    /// The kernel's last reading before the end.
    #[serde(default)]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
}

/// A packet of which only a part had arrived when the session ended.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnfinishedPacket {
    /// Bytes that had arrived, the fixed header included.
    pub received_bytes: Option<u64>,
    /// Length of the whole packet as its fixed header announced it; `None` while that had not arrived.
    pub expected_bytes: Option<u64>,
    /// Time since its first byte.
    pub seconds: Option<f64>,
}

/// A packet of the peer that breaks the standard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Malformed {
    /// Its name in the standard, `PUBLISH` for instance.
    pub packet_type: Option<Cow<'static, str>>,
    /// Its topic, where that was read.
    pub topic: Option<String>,
    /// What is wrong with it, in one line.
    pub flaw: Option<String>,
    /// Where, from the first byte of the packet.
    pub offset_bytes: Option<u64>,
}

/// The answer to a ping that we had given up on arrived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LateAnswer {
    /// After the PINGREQ.
    pub seconds: f64,
}
