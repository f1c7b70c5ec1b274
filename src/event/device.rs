//! The record of an appliance behind the broker that was asked for its status: `device`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lenient;

/// Time that an appliance has to answer; after it a record says that it did not. As in the command line of
/// the reference client.
pub const DEVICE_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What came of asking one appliance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DeviceProbe {
    /// Its MAC, masked: `aa...eeff`. Where two share a mask, they share a history.
    #[serde(default, deserialize_with = "lenient")]
    pub device: String,
    /// Whether it answered in time.
    #[serde(default)]
    pub answered: Option<bool>,
    /// From the write of our request to its answer, through the cloud and back; `None` where the answer was to somebody
    /// else.
    #[serde(default)]
    pub rtt_ms: Option<f64>,
    /// The signal that it reports, dBm.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
    /// The error that it reports, 0 for none.
    #[serde(default)]
    pub error_code: Option<i64>,
    /// Whether the service sees it connected; `None` where that is not known as of now.
    #[serde(default)]
    pub cloud_connected: Option<bool>,
    /// The service's last fault of it, 0 for none.
    #[serde(default)]
    pub cloud_error_code: Option<i64>,
}
