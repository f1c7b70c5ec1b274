//! What is measured while a session is up: `sample`, and the readings in it.

use serde::{Deserialize, Serialize};

use super::lenient;

/// The kernel's view of a TCP connection (Linux `TCP_INFO`).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TcpReading {
    /// Smoothed round trip.
    pub rtt_ms: Option<f64>,
    /// Its variance.
    pub rtt_var_ms: Option<f64>,
    /// Retransmissions of the connection in all.
    pub retransmits: Option<u64>,
    /// Retransmissions of what is still unanswered.
    pub retransmits_pending: Option<u64>,
    /// Segments thought lost.
    pub lost: Option<u64>,
    /// Segments not yet acknowledged.
    pub unacked: Option<u64>,
    /// Bytes waiting to be sent for the first time.
    pub not_sent_bytes: Option<u64>,
    /// Exponent of the retransmission timer.
    pub backoff: Option<u64>,
    /// Age of the last data received.
    pub last_data_received_ms: Option<f64>,
    /// Age of the last acknowledgement received.
    pub last_ack_received_ms: Option<f64>,
}

/// Round trips over some period, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RoundTrips {
    /// The latest.
    #[serde(default)]
    pub last: Option<f64>,
    /// The fastest.
    #[serde(default)]
    pub min: Option<f64>,
    /// Their mean.
    #[serde(default)]
    pub mean: Option<f64>,
    /// The slowest.
    #[serde(default)]
    pub max: Option<f64>,
    /// How many.
    #[serde(default, deserialize_with = "lenient")]
    pub count: u64,
    /// Each of them, 64 at most; samples only.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
}

/// The regular reading.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Whether a session is up.
    #[serde(default, deserialize_with = "lenient")]
    pub connected: bool,
    /// Length of the session so far.
    #[serde(default, deserialize_with = "lenient")]
    pub session_seconds: f64,
    /// PUBLISH packets received in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_received: u64,
    /// PUBLISH packets sent in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_published: u64,
    /// Publishes that had to wait for a connection in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_queued: u64,
    /// Bytes read from sockets in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_received: u64,
    /// Bytes written to sockets in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_sent: u64,
    /// PINGREQ to PINGRESP since the last sample.
    #[serde(default)]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// End-to-end probes since the last sample.
    #[serde(default)]
    pub probe_rtt_ms: Option<RoundTrips>,
    /// The kernel's reading.
    #[serde(default)]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
}
