//! What this host says about the connection: the kernel's view of the socket.

use super::kernel;
use super::link::Link;
use crate::session::host_view::Measured;

/// Measures the host on demand.
#[derive(Debug, Default)]
pub struct HostWatch {}

impl HostWatch {
    /// Sees no changes of the network.
    pub const fn blind() -> Self {
        Self {}
    }

    /// What can be measured now.
    pub fn measure(&self, link: Option<&Link>) -> Measured {
        let tcp = link.and_then(|link| kernel::tcp_reading(link.tcp()));
        Measured { tcp, wifi_dbm: None }
    }
}
