//! An appliance of the account, as the service's device list tells of it.

/// One appliance: what its topics and requests are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its MAC, as the service writes it: twelve hexadecimal digits.
    pub mac: String,
    /// Its kind; 52 is the Wi-Fi module of the NWP500.
    pub device_type: u32,
    /// What every request to it has to repeat.
    pub additional_value: String,
    /// Whether the service sees it connected; `None` where it says neither yes nor no.
    pub cloud_connected: Option<bool>,
}
