//! Where the platform is not asked about its network: nothing is known of it.

use std::io;

use super::NetworkChange;

/// The changes of this host's network: none are known here.
#[derive(Debug)]
pub struct NetworkEvents;

impl NetworkEvents {
    /// Always at hand.
    pub fn open() -> io::Result<Self> {
        Ok(Self)
    }

    /// Never resolves.
    pub async fn next(&mut self) -> NetworkChange {
        std::future::pending().await
    }
}

/// The signal of a Wi-Fi link in dBm: not known here.
pub fn wifi_dbm(_: &str) -> Option<i32> {
    None
}
