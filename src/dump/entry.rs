//! One entry of the reference library's lists, as a fact of ours: names and numbers as far as they were told.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::value::{seconds, small, small_if_any, text, time};
use crate::crt;
use crate::event::{ClosedBy, Connected, ConnectionKind, Phase, Protocol, SessionDrop, bounded};

/// A drop as the library listed it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DropEntry {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What was told; the length of the session is told beside it.
    pub(super) drop: SessionDrop,
    /// Time since the last session began, which need not have been up until now.
    pub(super) since_connect_seconds: Option<f64>,
    /// Whether the library had a name for the error.
    pub(super) named: bool,
}

/// What a drop is called whose error has no name.
pub(super) const NO_NAME: &str = "NWDIAG_UNKNOWN";

/// Reads a drop; `None` where even its time is not told.
pub(super) fn drop(entry: &Value) -> Option<DropEntry> {
    let message = text(entry, "error_message").unwrap_or_default();
    let name = text(entry, "error_name");
    let error_name = name.or_else(|| name_within(message)).unwrap_or(NO_NAME).to_owned();
    let drop = SessionDrop {
        closed_by: closed_by(&error_name),
        protocol: Some(if error_name.contains("_MQTT5_") { Protocol::V5 } else { Protocol::V311 }),
        error_name: Cow::Owned(bounded(error_name)),
        error_code: entry["error_code"].as_i64().and_then(|code| i32::try_from(code).ok()),
        error_message: bounded(message.to_owned()),
        reconnect_attempt: small(entry, "reconnect_attempt"),
        active_subscriptions: small_if_any(entry, "active_subscriptions"),
        queued_commands: small_if_any(entry, "queued_commands"),
        ..SessionDrop::default()
    };
    let since_connect_seconds = seconds(entry, "duration_connected_seconds");
    Some(DropEntry { at: time(entry, "timestamp")?, drop, since_connect_seconds, named: name.is_some() })
}

/// Reads a connection; `None` where even its time is not told.
pub(super) fn connection(entry: &Value) -> Option<(DateTime<Utc>, Connected)> {
    let connected = Connected {
        protocol: Some(Protocol::V311),
        session_present: entry["session_present"].as_bool(),
        return_code: small_if_any(entry, "return_code"),
        attempt_number: small_if_any(entry, "attempt_number"),
        time_to_reconnect_seconds: seconds(entry, "time_to_reconnect_seconds"),
        ..Connected::new(kind(entry))
    };
    Some((time(entry, "timestamp")?, connected))
}

/// The integration's word for its first connection, which the library then counts as a recovery.
const FIRST: &str = "initial";

/// Whether the library counted a first connection as a recovery.
pub(super) fn is_miscounted(entry: &Value) -> bool {
    text(entry, "event_type") == Some(FIRST)
}

fn kind(entry: &Value) -> ConnectionKind {
    match text(entry, "event_type") {
        Some("resumed") => ConnectionKind::Resumed,
        Some("deep_reconnected") => ConnectionKind::DeepReconnected,
        _ => ConnectionKind::Connected,
    }
}

/// The CRT's name in the text of an exception that was wrapped around its own.
fn name_within(message: &str) -> Option<&str> {
    let words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.into_iter().find(|word| word.starts_with("AWS_") && word.len() > "AWS_".len())
}

/// How the end looked, by the names that stand for one look alone. Measured with awscrt 0.36.1; `AWS_IO_SOCKET_CLOSED` is
/// FIN or RST, and tells nothing.
const ENDS: [(crt::Name, ClosedBy); 9] = [
    (crt::MQTT_UNEXPECTED_HANGUP, ClosedBy::PeerClose),
    (crt::TLS_ALERT_RECEIVED, ClosedBy::PeerReset),
    (crt::MQTT5_DISCONNECT_RECEIVED, ClosedBy::PeerDisconnect),
    (crt::MQTT_TIMEOUT, ClosedBy::Timeout),
    (crt::MQTT5_PING_RESPONSE_TIMEOUT, ClosedBy::Timeout),
    (crt::SOCKET_TIMEOUT, ClosedBy::Timeout),
    (crt::SOCKET_NO_ROUTE_TO_HOST, ClosedBy::Network),
    (crt::SOCKET_NETWORK_DOWN, ClosedBy::Network),
    (crt::WEBSOCKET_PROTOCOL_ERROR, ClosedBy::Protocol),
];

fn closed_by(name: &str) -> Option<ClosedBy> {
    ENDS.iter().find(|(known, _)| known.name == name).map(|(_, look)| *look)
}

/// Where an attempt failed, by the names that stand for one phase alone while no session is up.
const PHASES: [(crt::Name, Phase); 14] = [
    (crt::DNS_QUERY_FAILED, Phase::Dns),
    (crt::DNS_INVALID_NAME, Phase::Dns),
    (crt::DNS_NO_ADDRESS, Phase::Dns),
    (crt::SOCKET_CONNECTION_REFUSED, Phase::Tcp),
    (crt::SOCKET_TIMEOUT, Phase::Tcp),
    (crt::SOCKET_NO_ROUTE_TO_HOST, Phase::Tcp),
    (crt::SOCKET_NETWORK_DOWN, Phase::Tcp),
    (crt::TLS_NEGOTIATION_FAILURE, Phase::Tls),
    (crt::TLS_ALERT_RECEIVED, Phase::Tls),
    (crt::TLS_NEGOTIATION_TIMEOUT, Phase::Tls),
    (crt::WEBSOCKET_UPGRADE_FAILURE, Phase::Websocket),
    (crt::HTTP_FIRST_BYTE_TIMEOUT, Phase::Websocket),
    (crt::MQTT5_CONNACK_CONNECTION_REFUSED, Phase::Mqtt),
    (crt::MQTT5_CONNACK_TIMEOUT, Phase::Mqtt),
];

/// Where the attempt failed that was recorded as this drop, while no session was up.
pub(super) fn phase(drop: &SessionDrop) -> Option<Phase> {
    PHASES.iter().find(|(known, _)| known.name == drop.error_name).map(|(_, phase)| *phase)
}
