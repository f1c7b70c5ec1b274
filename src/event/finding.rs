//! The record of what the diagnosis said: `finding`. A fold ignores it, as findings are always made anew.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    #[serde(default)]
    pub first: Option<DateTime<Utc>>,
    /// The last incident that it explains.
    #[serde(default)]
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
    /// What to do.
    #[serde(default, deserialize_with = "lenient")]
    pub fix: String,
}
