//! For systems other than Linux, where nothing is known of the host's network.

use std::io;
use std::net::IpAddr;

use super::NetworkChange;

/// The changes of this host's network: none is ever seen.
#[derive(Debug)]
pub struct NetworkEvents;

impl NetworkEvents {
    /// Never fails.
    pub fn open() -> io::Result<Self> {
        Ok(Self)
    }

    /// Never resolves.
    pub async fn next(&mut self) -> NetworkChange {
        std::future::pending().await
    }
}

/// Whether packets go by the default route: always unknown.
pub(super) const fn goes_by_default_route(_: IpAddr, _: IpAddr) -> Option<bool> {
    None
}

/// The signal of a Wi-Fi link in dBm: always unknown.
pub fn wifi_dbm(_: &str) -> Option<i32> {
    None
}
