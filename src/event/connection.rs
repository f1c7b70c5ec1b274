//! The records of reaching a broker: `connected`, `subscribed`, `attempt_failed`.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{ConnectionKind, Phase, Protocol};
use super::{known, lenient, millis};

/// How long each phase of an attempt took, in milliseconds; `None` where it did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phases {
    /// Signing in.
    pub auth_ms: Option<f64>,
    /// Resolving the name.
    pub dns_ms: Option<f64>,
    /// From the first SYN to the connection that won.
    pub tcp_ms: Option<f64>,
    /// The TLS handshake.
    pub tls_ms: Option<f64>,
    /// The WebSocket upgrade.
    pub websocket_ms: Option<f64>,
    /// CONNECT to CONNACK.
    pub mqtt_ms: Option<f64>,
}

impl Phases {
    /// Notes that `phase` took `span`.
    pub fn set(&mut self, phase: Phase, span: Duration) {
        let slot = match phase {
            Phase::Auth => &mut self.auth_ms,
            Phase::Dns => &mut self.dns_ms,
            Phase::Tcp => &mut self.tcp_ms,
            Phase::Tls => &mut self.tls_ms,
            Phase::Websocket => &mut self.websocket_ms,
            Phase::Mqtt => &mut self.mqtt_ms,
        };
        *slot = Some(millis(span));
    }

    /// How long signing in took; zero where it did not happen.
    pub fn signing_in(&self) -> Duration {
        let ms = self.auth_ms.unwrap_or_default();
        Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
    }

    /// The phases that happened, in order, with their milliseconds.
    pub fn steps(&self) -> impl Iterator<Item = (Phase, f64)> {
        [
            (Phase::Auth, self.auth_ms),
            (Phase::Dns, self.dns_ms),
            (Phase::Tcp, self.tcp_ms),
            (Phase::Tls, self.tls_ms),
            (Phase::Websocket, self.websocket_ms),
            (Phase::Mqtt, self.mqtt_ms),
        ]
        .into_iter()
        .filter_map(|(phase, ms)| ms.map(|ms| (phase, ms)))
    }
}

/// A session begins: CONNACK accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connected {
    /// First of the run, quick or deep reconnect.
    pub kind: ConnectionKind,
    /// What is really spoken.
    #[serde(default, deserialize_with = "known")]
    pub protocol: Option<Protocol>,
    /// From CONNACK.
    #[serde(default, deserialize_with = "lenient")]
    pub session_present: bool,
    /// CONNACK return or reason code.
    #[serde(default, deserialize_with = "lenient")]
    pub return_code: u8,
    /// Attempts that this recovery took, this one included; 0 for a first connection that needed no retry.
    #[serde(default, deserialize_with = "lenient")]
    pub attempt_number: u32,
    /// From the drop to CONNACK; `None` where nothing was dropped before.
    #[serde(default)]
    pub time_to_reconnect_seconds: Option<f64>,
    /// How long each step took.
    #[serde(default, deserialize_with = "lenient")]
    pub phases: Phases,
    /// Our `ip:port`.
    #[serde(default)]
    pub local_address: Option<String>,
    /// The broker's `ip:port`.
    #[serde(default)]
    pub peer_address: Option<String>,
    /// MQTT 5 CONNACK property: the keep-alive that the broker wants.
    #[serde(default)]
    pub server_keep_alive_seconds: Option<u16>,
    /// MQTT 5 CONNACK property: largest packet that the broker takes.
    #[serde(default)]
    pub maximum_packet_bytes: Option<u32>,
    /// MQTT 5 CONNACK property: unacknowledged publishes that the broker takes.
    #[serde(default)]
    pub receive_maximum: Option<u16>,
    /// MQTT 5 CONNACK property: the client ID that the broker chose.
    #[serde(default)]
    pub assigned_client_id: Option<String>,
    /// MQTT 5 CONNACK property: the broker's words.
    #[serde(default)]
    pub reason_string: Option<String>,
}

/// SUBACK for one filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The filter.
    pub topic: String,
    /// QoS asked for, 0 to 2.
    #[serde(default, deserialize_with = "lenient")]
    pub qos: u8,
    /// QoS granted, `None` where refused.
    #[serde(default)]
    pub granted_qos: Option<u8>,
    /// The code in SUBACK.
    #[serde(default, deserialize_with = "lenient")]
    pub return_code: u8,
}

/// An attempt to connect did not reach CONNACK success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// 1, 2, ... since the last session.
    #[serde(default, deserialize_with = "lenient")]
    pub attempt_number: u32,
    /// The step that failed.
    pub phase: Phase,
    /// What was, or would have been, spoken.
    #[serde(default, deserialize_with = "known")]
    pub protocol: Option<Protocol>,
    /// Name in the AWS CRT vocabulary.
    pub error_name: Cow<'static, str>,
    /// Its number.
    #[serde(default)]
    pub error_code: Option<i32>,
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
    /// Of the CONNACK.
    #[serde(default)]
    pub return_code: Option<u8>,
    /// Of the CONNACK.
    #[serde(default)]
    pub reason_string: Option<String>,
    /// Of the CONNACK.
    #[serde(default)]
    pub server_reference: Option<String>,
    /// Answer to the WebSocket upgrade or to the sign-in.
    #[serde(default)]
    pub http_status: Option<u16>,
    /// The last address tried.
    #[serde(default)]
    pub peer_address: Option<String>,
    /// Length of the attempt.
    #[serde(default, deserialize_with = "lenient")]
    pub elapsed_seconds: f64,
    /// Back-off before the next one; `None` where none follows.
    #[serde(default)]
    pub next_attempt_seconds: Option<f64>,
    /// How long each step took, as far as it came.
    #[serde(default, deserialize_with = "lenient")]
    pub phases: Phases,
}
