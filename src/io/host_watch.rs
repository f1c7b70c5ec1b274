//! What this host knows of the connection: changes of its network, the kernel's counters of the socket, the
//! Wi-Fi signal.

use std::net::IpAddr;
use std::time::Duration;

use super::kernel;
use super::link::Link;
use super::network::{self, NetworkChange, NetworkEvents};
use crate::event::{Environment, Moment, bounded};
use crate::session::host_view::Measured;

/// How long a measured signal is used before it is measured again. It changes as people and doors move; a
/// driver may take a while to report it.
const SIGNAL_AGE: Duration = Duration::from_secs(5);

/// Watches the host for one connection.
#[derive(Debug)]
pub struct HostWatch {
    events: Option<NetworkEvents>,
    /// The interface that the connection uses; after a drop, the one that it used.
    interface: Option<String>,
    /// The latest signal in dBm, and when it was measured.
    signal: Option<(Moment, Option<i32>)>,
}

impl HostWatch {
    /// Watches changes of the network, too. Needs a tokio runtime.
    pub fn open() -> Self {
        let events = NetworkEvents::open()
            .inspect_err(|error| tracing::warn!(%error, "changes of this host's network cannot be seen"));
        Self { events: events.ok(), ..Self::blind() }
    }

    /// Only measures: changes of the network are not watched.
    pub const fn blind() -> Self {
        Self { events: None, interface: None, signal: None }
    }

    /// Sets the interface in use: that of the connection's local address.
    pub fn connected(&mut self, local: IpAddr) {
        let interface = network::interface_of(local);
        if interface != self.interface {
            (self.interface, self.signal) = (interface, None);
        }
    }

    /// Waits for the next change of the network. Cancel safe.
    pub async fn change(&mut self) -> Environment {
        match &mut self.events {
            Some(events) => {
                let change = events.next().await;
                self.environment(change)
            }
            None => std::future::pending().await,
        }
    }

    /// Measures the connection, and the signal if the latest is older than [`SIGNAL_AGE`].
    pub fn measure(&mut self, now: Moment, link: Option<&Link>) -> Measured {
        let tcp = link.and_then(|link| kernel::tcp_reading(link.tcp()));
        Measured { tcp, wifi_dbm: self.signal(now) }
    }

    fn signal(&mut self, now: Moment) -> Option<i32> {
        let interface = self.interface.as_deref()?;
        match self.signal {
            Some((at, dbm)) if now.since(at) < SIGNAL_AGE => dbm,
            Some(_) | None => {
                let dbm = network::wifi_dbm(interface);
                self.signal = Some((now, dbm));
                dbm
            }
        }
    }

    fn environment(&self, change: NetworkChange) -> Environment {
        let concerns =
            |used: &String| [&change.interface, &change.left].into_iter().flatten().any(|one| one == used);
        let in_use = self.interface.as_ref().filter(|_| change.interface.is_some()).map(concerns);
        Environment {
            interface: change.interface,
            in_use,
            detail: bounded(change.detail),
            ..Environment::new(change.kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EnvironmentKind;

    #[test]
    fn a_change_concerns_the_connection_where_it_touches_its_interface() {
        let change = |interface: Option<&str>, left: Option<&str>| NetworkChange {
            kind: EnvironmentKind::DefaultRouteChanged,
            interface: interface.map(str::to_owned),
            left: left.map(str::to_owned),
            detail: String::new(),
        };
        let rows = [
            (change(Some("eth0"), None), Some(true)),
            (change(Some("wlan0"), None), Some(false)),
            (change(Some("wlan0"), Some("eth0")), Some(true)),
            (change(None, None), None),
        ];
        let mut watch = HostWatch::blind();
        assert_eq!(watch.environment(rows[0].0.clone()).in_use, None, "before the first connection");
        watch.interface = Some("eth0".to_owned());
        for (change, in_use) in rows {
            assert_eq!(watch.environment(change.clone()).in_use, in_use, "{change:?}");
        }
    }
}
