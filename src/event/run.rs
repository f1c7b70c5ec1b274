//! The records that frame a run: `start`, `stop`, and what changes around it.

use serde::{Deserialize, Deserializer, Serialize};

use super::words::{EnvironmentKind, StopReason, Transport};
use super::{known, lenient};

/// A run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Format version of the journal.
    pub v: u32,
    /// UUID of the run.
    #[serde(default, deserialize_with = "lenient")]
    pub run: String,
    /// Version of the writer.
    #[serde(default, deserialize_with = "lenient")]
    pub version: String,
    /// Process that writes.
    #[serde(default, deserialize_with = "lenient")]
    pub pid: u32,
    /// Host that writes.
    #[serde(default, deserialize_with = "lenient")]
    pub host: String,
    /// IANA name of the local time zone, or its offset.
    #[serde(default, deserialize_with = "lenient")]
    pub time_zone: String,
    /// What is watched, and how.
    #[serde(default, deserialize_with = "lenient")]
    pub target: TargetFacts,
}

/// What a run watches, as the journal tells it: no credentials, no query.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TargetFacts {
    /// Name of the target, as in the journal's file name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// URL without credentials and query.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// What carries MQTT.
    #[serde(default, deserialize_with = "known")]
    pub transport: Option<Transport>,
    /// The protocol that was asked for: `3.1.1`, `5` or `auto`.
    #[serde(default, deserialize_with = "lenient")]
    pub protocol: String,
    /// MQTT client identifier.
    #[serde(default, deserialize_with = "lenient")]
    pub client_id: String,
    /// Keep-alive that CONNECT announced.
    #[serde(default)]
    pub keep_alive_seconds: Option<f64>,
    /// Silence after which a PINGREQ goes out.
    #[serde(default)]
    pub ping_interval_seconds: Option<f64>,
    /// Time given to the answer.
    #[serde(default)]
    pub ping_timeout_seconds: Option<f64>,
    /// Clean session flag of CONNECT.
    #[serde(default)]
    pub clean_session: Option<bool>,
    /// Filters subscribed to.
    #[serde(default, deserialize_with = "lenient")]
    pub topics: Vec<String>,
}

/// Something changed on this host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// What changed.
    pub kind: EnvironmentKind,
    /// Where.
    #[serde(default)]
    pub interface: Option<String>,
    /// Whether the connection uses that interface.
    #[serde(default)]
    pub in_use: Option<bool>,
    /// For a person.
    #[serde(default, deserialize_with = "lenient")]
    pub detail: String,
    /// Length of the suspension; size of the step or offset, signed.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// A run ended on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Why; a reason that a later nwdiag added reads as [`StopReason::Error`].
    #[serde(deserialize_with = "known_reason")]
    pub reason: StopReason,
    /// The session that was closed by it.
    #[serde(default)]
    pub duration_connected_seconds: Option<f64>,
}

/// That the run ended on purpose counts more than the word for it.
fn known_reason<'de, D: Deserializer<'de>>(d: D) -> Result<StopReason, D::Error> {
    Ok(known(d)?.unwrap_or(StopReason::Error))
}
