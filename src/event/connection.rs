//! The records of reaching a broker: `connected`, `subscribed`, `attempt_failed`.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::FailureKind;
use super::words::{ClosedBy, ConnectionKind, Phase, Protocol};
use super::{is_false, known, lenient, millis};

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
    /// No phase of which a length is known.
    pub const UNKNOWN: Self =
        Self { auth_ms: None, dns_ms: None, tcp_ms: None, tls_ms: None, websocket_ms: None, mqtt_ms: None };

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

/// An address of the broker's name that was tried in an attempt and did not connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressLost {
    /// `ip:port`.
    pub address: String,
    /// What the attempt to connect to it met; `None` where that is not known.
    #[serde(default, deserialize_with = "known")]
    pub failure: Option<FailureKind>,
}

/// The MQTT version that was tried first in the same attempt, and what it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The version that was refused or not answered.
    #[serde(default, deserialize_with = "known")]
    pub protocol: Option<Protocol>,
    /// What it met.
    #[serde(default, deserialize_with = "known")]
    pub failure: Option<FailureKind>,
    /// Code of the CONNACK that refused it.
    #[serde(default)]
    pub return_code: Option<u8>,
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
    #[serde(default)]
    pub session_present: Option<bool>,
    /// CONNACK return or reason code.
    #[serde(default)]
    pub return_code: Option<u8>,
    /// Attempts that this recovery took, this one included; 0 for a first connection that needed no retry.
    #[serde(default)]
    pub attempt_number: Option<u32>,
    /// From the drop to CONNACK; `None` where nothing was dropped before.
    #[serde(default)]
    pub time_to_reconnect_seconds: Option<f64>,
    /// How much of that was our own waiting between attempts.
    #[serde(default)]
    pub waited_seconds: Option<f64>,
    /// Addresses that were tried in this attempt and did not connect.
    #[serde(default, deserialize_with = "lenient")]
    pub addresses_lost: Vec<AddressLost>,
    /// The version that was refused earlier in this attempt.
    #[serde(default)]
    pub fallback: Option<Fallback>,
    /// Whether this repeats a session that was up when the journal was opened anew.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "is_false")]
    pub continued: bool,
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

impl Connected {
    /// A session of this kind of which nothing more is known.
    pub const fn new(kind: ConnectionKind) -> Self {
        Self {
            kind,
            protocol: None,
            session_present: None,
            return_code: None,
            attempt_number: None,
            time_to_reconnect_seconds: None,
            waited_seconds: None,
            addresses_lost: Vec::new(),
            fallback: None,
            continued: false,
            phases: Phases::UNKNOWN,
            local_address: None,
            peer_address: None,
            server_keep_alive_seconds: None,
            maximum_packet_bytes: None,
            receive_maximum: None,
            assigned_client_id: None,
            reason_string: None,
        }
    }
}

/// SUBACK for one filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The filter.
    pub topic: String,
    /// QoS asked for, 0 to 2.
    #[serde(default)]
    pub qos: Option<u8>,
    /// QoS granted, `None` where refused.
    #[serde(default)]
    pub granted_qos: Option<u8>,
    /// The code in SUBACK.
    #[serde(default)]
    pub return_code: Option<u8>,
}

/// An attempt to connect did not reach CONNACK success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// 1, 2, ... since the last session.
    #[serde(default)]
    pub attempt_number: Option<u32>,
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
    /// One line for a person; no program reads it.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
    /// What happened, for programs.
    #[serde(default, deserialize_with = "known")]
    pub failure: Option<FailureKind>,
    /// Who ended the attempt, where the peer did.
    #[serde(default, deserialize_with = "known")]
    pub closed_by: Option<ClosedBy>,
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
    /// Where an HTTP answer pointed to.
    #[serde(default)]
    pub http_location: Option<String>,
    /// Number of the TLS alert (RFC 8446, section 6).
    #[serde(default)]
    pub tls_alert: Option<u8>,
    /// `EAI_...` of the resolver.
    #[serde(default)]
    pub resolver_code: Option<Cow<'static, str>>,
    /// The last address tried.
    #[serde(default)]
    pub peer_address: Option<String>,
    /// Addresses that were tried and did not connect.
    #[serde(default, deserialize_with = "lenient")]
    pub addresses_lost: Vec<AddressLost>,
    /// The version that was refused earlier in this attempt.
    #[serde(default)]
    pub fallback: Option<Fallback>,
    /// Length of the attempt.
    #[serde(default)]
    pub elapsed_seconds: Option<f64>,
    /// Our own waiting between attempts, since the drop or since the run began.
    #[serde(default)]
    pub waited_seconds: Option<f64>,
    /// Back-off before the next one; `None` where none follows.
    #[serde(default)]
    pub next_attempt_seconds: Option<f64>,
    /// How long each step took, as far as it came.
    #[serde(default, deserialize_with = "lenient")]
    pub phases: Phases,
}

impl AttemptFailed {
    /// An attempt that failed in this phase and of which nothing more is known.
    pub const fn new(phase: Phase) -> Self {
        Self {
            attempt_number: None,
            phase,
            protocol: None,
            error_name: Cow::Borrowed(""),
            error_code: None,
            error_message: String::new(),
            failure: None,
            closed_by: None,
            return_code: None,
            reason_string: None,
            server_reference: None,
            http_status: None,
            http_location: None,
            tls_alert: None,
            resolver_code: None,
            peer_address: None,
            addresses_lost: Vec::new(),
            fallback: None,
            elapsed_seconds: None,
            waited_seconds: None,
            next_attempt_seconds: None,
            phases: Phases::UNKNOWN,
        }
    }
}
