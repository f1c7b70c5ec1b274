//! The network of this host: what changes on it, which interface holds an address, how strong its Wi-Fi is.
//!
//! On Linux the kernel sends notices over netlink: [`events`] listens, `message` decodes them, `state` turns
//! them into changes. On other systems nothing is known. What a change means for a connection is not decided
//! here.

mod interface;

#[cfg(target_os = "linux")]
mod events;
#[cfg(target_os = "linux")]
mod message;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod route;
#[cfg(target_os = "linux")]
mod state;
#[cfg(target_os = "linux")]
mod wifi;

#[cfg(not(target_os = "linux"))]
mod unknown;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use crate::event::EnvironmentKind;

#[cfg(target_os = "linux")]
pub use events::NetworkEvents;
pub use interface::interface_of;
#[cfg(not(target_os = "linux"))]
pub use unknown::{NetworkEvents, wifi_dbm};
#[cfg(target_os = "linux")]
pub use wifi::wifi_dbm;

/// Something changed on this host's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkChange {
    /// What changed: a link, an address or the default route.
    pub kind: EnvironmentKind,
    /// The interface; of a default route that was removed, the one that it was on.
    pub interface: Option<String>,
    /// Of a default route that moved to another interface, the one that it was on before.
    pub left: Option<String>,
    /// The address or the routes as text; empty where kind and interface say everything.
    pub detail: String,
}
