//! What is known of appliances behind the broker: numbers of each, and the spells in which it was silent.

use chrono::{DateTime, Utc};

use super::population::Distribution;

/// What is known of one appliance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeviceMetrics {
    /// Its MAC, masked.
    pub device: String,
    /// Status requests whose outcome is recorded.
    pub asked: u64,
    /// Those that it answered.
    pub answered: u64,
    /// Those whose silence may be our own connection's; the rest, `asked - answered - undecided`, are its own.
    pub undecided: u64,
    /// Its own silences in a row, up to the last record.
    pub unanswered_streak: u64,
    /// When the last outcome was recorded.
    pub last_asked: Option<DateTime<Utc>>,
    /// When it last answered.
    pub last_answer: Option<DateTime<Utc>>,
    /// Request to answer, milliseconds.
    pub rtt: Distribution,
    /// The latest signal that it reported, dBm.
    pub wifi_dbm: Option<i32>,
    /// The weakest.
    pub weakest_wifi_dbm: Option<i32>,
    /// The latest error that it reported, 0 for none.
    pub error_code: Option<i64>,
    /// What the service's list said of it with the last record.
    pub cloud_connected: Option<bool>,
    /// The latest fault of it that the service named, 0 for none.
    pub cloud_error_code: Option<i64>,
}

impl DeviceMetrics {
    /// Requests that it left unanswered while our own connection was fine.
    pub const fn unanswered(&self) -> u64 {
        self.asked.saturating_sub(self.answered).saturating_sub(self.undecided)
    }
}

/// A spell in which an appliance answered nothing: one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Silence {
    /// Whose.
    pub device: String,
    /// When its first request was given up.
    pub began: DateTime<Utc>,
    /// When its last one was.
    pub latest: DateTime<Utc>,
    /// How many requests.
    pub unanswered: u64,
    /// With how many of them the service listed it as not connected.
    pub cloud_gone: u64,
    /// With how many of them the service listed it as connected.
    pub cloud_there: u64,
    /// The last signal that it reported before, dBm.
    pub wifi_dbm_before: Option<i32>,
    /// The last error that it reported before.
    pub error_code_before: Option<i64>,
    /// When it answered again.
    pub ended: Option<DateTime<Utc>>,
}
