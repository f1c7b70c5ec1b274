//! The records that frame a run: `start`, `stop`, and what changes around it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::reading::Survived;
use super::words::{EnvironmentKind, StopReason, Transport};
use super::{FORMAT_VERSION, is_false, known, lenient};

/// A run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Format version of the journal.
    pub v: u32,
    /// UUID of the run.
    #[serde(default, deserialize_with = "lenient")]
    pub run: String,
    /// Whether this repeats the run's own `start` in a journal that was opened anew.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "is_false")]
    pub continued: bool,
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

impl Start {
    /// The beginning of a run of which nothing more is known than its target.
    pub const fn new(target: TargetFacts) -> Self {
        Self {
            v: FORMAT_VERSION,
            run: String::new(),
            continued: false,
            version: String::new(),
            pid: 0,
            host: String::new(),
            time_zone: String::new(),
            target,
        }
    }
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
    /// Whether the user chose the client ID, so that another client may use it too.
    #[serde(default)]
    pub client_id_chosen: Option<bool>,
    /// The service behind the target, `aws_iot` for instance; `None` where it is none that is known.
    #[serde(default)]
    pub service: Option<String>,
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
    /// 4 or 6: the IP version of the address or route.
    #[serde(default)]
    pub family: Option<u8>,
    /// The address.
    #[serde(default)]
    pub address: Option<String>,
    /// The next hop of the route.
    #[serde(default)]
    pub gateway: Option<String>,
    /// Whether it touches the path of the connection that is up: its interface, its family, the route to its peer.
    #[serde(default)]
    pub on_path: Option<bool>,
    /// For a person.
    #[serde(default, deserialize_with = "lenient")]
    pub detail: String,
    /// Length of the suspension; size of the step or offset, signed.
    #[serde(default)]
    pub seconds: Option<f64>,
}

impl Environment {
    /// A change of this kind of which nothing more is known.
    pub const fn new(kind: EnvironmentKind) -> Self {
        Self {
            kind,
            interface: None,
            in_use: None,
            family: None,
            address: None,
            gateway: None,
            on_path: None,
            detail: String::new(),
            seconds: None,
        }
    }
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
    /// What that session is known to have lived through.
    #[serde(default)]
    pub survived: Option<Survived>,
}

impl Stop {
    /// An end for this reason of which nothing more is known.
    pub const fn new(reason: StopReason) -> Self {
        Self { reason, duration_connected_seconds: None, survived: None }
    }
}

/// The broker did not take a probe: there is no round trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRefused {
    /// Where the probe was published.
    #[serde(default)]
    pub topic: Option<String>,
    /// Reason code of the PUBACK.
    #[serde(default)]
    pub reason_code: Option<u8>,
    /// The broker's words.
    #[serde(default)]
    pub reason_string: Option<String>,
}

/// Retention took these records out of the run: a gap, neither observed nor connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The first instant of the gap.
    #[serde(deserialize_with = "super::rfc3339")]
    pub from: DateTime<Utc>,
    /// The end of the gap.
    #[serde(deserialize_with = "super::rfc3339")]
    pub to: DateTime<Utc>,
    /// How many records it held.
    #[serde(default)]
    pub records: Option<u64>,
}

/// That the run ended on purpose counts more than the word for it.
fn known_reason<'de, D: Deserializer<'de>>(d: D) -> Result<StopReason, D::Error> {
    Ok(known(d)?.unwrap_or(StopReason::Error))
}
