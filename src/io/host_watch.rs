//! What this host says about the connection: changes of its network, the kernel's view of the socket, the Wi-Fi signal.

use std::net::IpAddr;
use std::time::Duration;

use super::kernel;
use super::link::Link;
use super::network::{self, NetworkChange, NetworkEvents};
use crate::event::{Environment, Moment, bounded};
use crate::session::host_view::Measured;

/// A signal is asked for anew after this long: it changes with people and doors, not faster.
const SIGNAL_AGE: Duration = Duration::from_secs(5);

/// Watches the host. It knows which interface the connection uses; after a drop, which one it used.
#[derive(Debug)]
pub struct HostWatch {
    events: Option<NetworkEvents>,
    interface: Option<String>,
    signal: Option<(Moment, Option<i32>)>,
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
        Self { events: None, interface: None, signal: None }
    }

    /// A connection was made from this address: its interface is in use from now on.
    pub fn connected(&mut self, local: IpAddr) {
        let interface = network::interface_of(local);
        if interface != self.interface {
            (self.interface, self.signal) = (interface, None);
        }
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
    pub fn measure(&mut self, now: Moment, link: Option<&Link>) -> Measured {
        Measured { wifi_dbm: self.signal(now), ..self.glance(link) }
    }

    /// The same with the signal that was measured last: a driver may take its time to tell it.
    pub fn glance(&self, link: Option<&Link>) -> Measured {
        let tcp = link.and_then(|link| kernel::tcp_reading(link.tcp()));
        Measured { tcp, wifi_dbm: self.signal.and_then(|(_, dbm)| dbm) }
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

    fn told(&self, change: NetworkChange) -> Environment {
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
        assert_eq!(watch.told(rows[0].0.clone()).in_use, None, "before the first connection");
        watch.interface = Some("eth0".to_owned());
        for (change, in_use) in rows {
            assert_eq!(watch.told(change.clone()).in_use, in_use, "{change:?}");
        }
    }
}
