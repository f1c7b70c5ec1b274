//! The network of this host: what changes on it, which interface holds an address, how strong its Wi-Fi is.
//!
//! On Linux the kernel sends notices over netlink: [`events`] listens, `message` decodes them, `state` turns
//! them into changes. On other systems nothing is known. What a change means for a connection is not decided
//! here.

mod interface;
mod path;

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

use std::net::IpAddr;

use crate::event::EnvironmentKind;

#[cfg(target_os = "linux")]
pub use events::NetworkEvents;
pub use interface::interface_of;
pub use path::ConnectionPath;
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
    /// The IP version of the address or route; `None` for a link.
    pub family: Option<Family>,
    /// The address that came or went.
    pub address: Option<IpAddr>,
    /// The next hop of the default route; of one that was removed, the one that it had.
    pub gateway: Option<IpAddr>,
    /// The address or the routes as text; empty where kind and interface say everything.
    pub detail: String,
}

impl NetworkChange {
    /// A change of this kind of which nothing more is known.
    pub const fn new(kind: EnvironmentKind) -> Self {
        Self {
            kind,
            interface: None,
            left: None,
            family: None,
            address: None,
            gateway: None,
            detail: String::new(),
        }
    }
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// 4 or 6, as records hold it.
    pub const fn version(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}
