//! Where the platform does not tell what changes on its network: nothing does.

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
