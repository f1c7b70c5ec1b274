//! The records of how sessions end: `drop` and `late_answer`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::reading::{RoundTrips, TcpReading};
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
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
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
    /// CONNACK to the moment the end was known; 0 where no session is known, as some dumps of others tell it.
    #[serde(default, deserialize_with = "lenient")]
    pub duration_connected_seconds: f64,
    /// Accepted subscriptions.
    #[serde(default, deserialize_with = "lenient")]
    pub active_subscriptions: u32,
    /// Publishes waiting.
    #[serde(default, deserialize_with = "lenient")]
    pub queued_commands: u32,
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
    #[serde(default, deserialize_with = "lenient")]
    pub messages_received: u64,
    /// PUBLISH packets sent in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_published: u64,
    /// Bytes read from the socket in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_received: u64,
    /// Bytes written to the socket in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_sent: u64,
    /// PUBLISH packets, both ways, over the last 10 s.
    #[serde(default, deserialize_with = "lenient")]
    pub publish_rate_per_second: f64,
    /// Largest payload sent in the last 10 s.
    #[serde(default)]
    pub largest_publish_bytes: Option<u64>,
    /// Round trips of this session, for people.
    #[serde(default)]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// The kernel's last reading before the end.
    #[serde(default)]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
}

/// The answer to a ping that we had given up on arrived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LateAnswer {
    /// After the PINGREQ.
    pub seconds: f64,
}
