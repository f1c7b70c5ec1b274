//! What this host says about the connection: changes of its network, the kernel's view of the socket.

use std::net::IpAddr;

use super::kernel;
use super::link::Link;
use super::network::{self, NetworkChange, NetworkEvents};
use crate::event::{Environment, bounded};
use crate::session::host_view::Measured;

/// Watches the host. It knows which interface the connection uses; after a drop, which one it used.
#[derive(Debug)]
pub struct HostWatch {
    events: Option<NetworkEvents>,
    interface: Option<String>,
}

impl HostWatch {
    /// Watches this host. Must be called within a tokio runtime.
    pub fn open() -> Self {
        let events = NetworkEvents::open()
            .inspect_err(|error| tracing::warn!(%error, "changes of this host's network cannot be seen"));
        Self { events: events.ok(), ..Self::blind() }
    }

    /// Measures on demand, and sees no changes of the network.
    pub const fn blind() -> Self {
        Self { events: None, interface: None }
    }

    /// A connection was made from this address: its interface is in use from now on.
    pub fn connected(&mut self, local: IpAddr) {
        self.interface = network::interface_of(local);
    }

    /// The next change of the network. Safe to give up and call again.
    pub async fn change(&mut self) -> Environment {
        match &mut self.events {
            Some(events) => {
                let change = events.next().await;
                self.told(change)
            }
            None => std::future::pending().await,
        }
    }

    /// What can be measured now.
    pub fn measure(&self, link: Option<&Link>) -> Measured {
        let tcp = link.and_then(|link| kernel::tcp_reading(link.tcp()));
        Measured { tcp, wifi_dbm: None }
    }

    fn told(&self, change: NetworkChange) -> Environment {
        let in_use =
            self.interface.as_ref().zip(change.interface.as_ref()).map(|(used, changed)| used == changed);
        Environment {
            kind: change.kind,
            interface: change.interface,
            in_use,
            detail: bounded(change.detail),
            seconds: None,
        }
    }
}
