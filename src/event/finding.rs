//! The record of what the diagnosis said: `finding`. A fold ignores it, as findings are always made anew.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::lenient;

/// A finding with all the keys that it has in the export.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Public id of the cause, `idle_timeout` for instance.
    pub cause: String,
    /// `network`, `server`, `client` or `device`.
    #[serde(default, deserialize_with = "lenient")]
    pub category: String,
    /// `active`, `over` or `unsure`.
    #[serde(default)]
    pub status: Option<String>,
    /// Probability that this cause is at work, 0 to 1.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// Drops of which it is the likeliest explanation.
    #[serde(default)]
    pub drops_explained: Option<u64>,
    /// Incidents of which it is the likeliest explanation.
    #[serde(default)]
    pub incidents_explained: Option<u64>,
    /// The first incident that it explains.
    #[serde(default, serialize_with = "timestamp")]
    pub first: Option<DateTime<Utc>>,
    /// The last incident that it explains.
    #[serde(default, serialize_with = "timestamp")]
    pub last: Option<DateTime<Utc>>,
    /// How many more would have come since, at its rate and exposure.
    #[serde(default)]
    pub expected_since: Option<f64>,
    /// One line.
    #[serde(default, deserialize_with = "lenient")]
    pub summary: String,
    /// The figures that speak for it, a line each.
    #[serde(default, deserialize_with = "lenient")]
    pub evidence: Vec<String>,
    /// The numbers of the evidence, with units in their keys.
    #[serde(default, deserialize_with = "lenient")]
    pub figures: BTreeMap<String, f64>,
    /// What the finding names: `packet`, `topic`, `url`, `version`, `reason`, `address`, `idle_kind`.
    #[serde(default, deserialize_with = "lenient")]
    pub named: BTreeMap<String, String>,
    /// What to do.
    #[serde(default, deserialize_with = "lenient")]
    pub fix: String,
    /// What to try where causes cannot be told apart.
    #[serde(default)]
    pub next_test: Option<NextTest>,
}

/// A command that tells causes apart which the evidence does not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NextTest {
    /// The command.
    pub command: String,
    /// The causes that it tells apart.
    pub separates: Vec<String>,
    /// What each answer would mean, in one line.
    pub expect: String,
}

/// A time as all records and exports write it.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn timestamp<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(super::timestamp).serialize(serializer)
}
