//! An appliance inside the export: `devices`.

use serde::Serialize;

use super::distribution::RoundTripMs;
use crate::collector::devices::DeviceMetrics;
use crate::journal::timestamp;

/// What is known of one appliance.
#[derive(Debug, Serialize)]
pub(super) struct DeviceEntry<'a> {
    /// Its MAC, masked: `aa...eeff`.
    device: &'a str,
    /// Status requests whose outcome is recorded.
    asked: u64,
    /// Those that it answered in time.
    answered: u64,
    /// Those whose silence may be our own connection's. What is left of `asked` it left unanswered.
    undecided: u64,
    /// How many it left unanswered in a row, up to the last one.
    unanswered_streak: u64,
    /// When the last outcome was recorded.
    last_asked_timestamp: Option<String>,
    /// When it last answered.
    last_answer_timestamp: Option<String>,
    /// From the request to the answer, through the cloud and back.
    rtt_ms: RoundTripMs,
    /// The latest signal that it reported.
    wifi_dbm: Option<i32>,
    /// The weakest in the period.
    weakest_wifi_dbm: Option<i32>,
    /// The latest error that it reported, 0 for none.
    error_code: Option<i64>,
    /// What the service's device list said with the last outcome; null where that is not known.
    cloud_connected: Option<bool>,
    /// The latest fault of it that the service named, 0 for none.
    cloud_error_code: Option<i64>,
}

impl<'a> From<&'a DeviceMetrics> for DeviceEntry<'a> {
    fn from(device: &'a DeviceMetrics) -> Self {
        Self {
            device: &device.device,
            asked: device.asked,
            answered: device.answered,
            undecided: device.undecided,
            unanswered_streak: device.unanswered_streak,
            last_asked_timestamp: device.last_asked.map(timestamp),
            last_answer_timestamp: device.last_answer.map(timestamp),
            rtt_ms: RoundTripMs::from(&device.rtt),
            wifi_dbm: device.wifi_dbm,
            weakest_wifi_dbm: device.weakest_wifi_dbm,
            error_code: device.error_code,
            cloud_connected: device.cloud_connected,
            cloud_error_code: device.cloud_error_code,
        }
    }
}
