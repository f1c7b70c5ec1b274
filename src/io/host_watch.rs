//! What this host knows of the connection: changes of its network, the kernel's counters of the socket, the
//! Wi-Fi signal.

use std::net::IpAddr;
use std::time::Duration;

use super::kernel;
use super::link::Link;
use super::network::{self, ConnectionPath, Family, NetworkChange, NetworkEvents};
use crate::event::{Environment, Moment, bounded};
use crate::session::host_view::Measured;

/// How long a measured signal is used before it is measured again. It changes as people and doors move; a
/// driver may take a while to report it.
const SIGNAL_AGE: Duration = Duration::from_secs(5);

/// Watches the host for one connection.
#[derive(Debug)]
pub struct HostWatch {
    events: Option<NetworkEvents>,
    /// The path of the connection; after a drop, the one that it had.
    path: Option<ConnectionPath>,
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
        Self { events: None, path: None, signal: None }
    }

    /// Sets the path in use: that of a connection between these addresses.
    pub fn connected(&mut self, local: IpAddr, peer: IpAddr) {
        let path = ConnectionPath::between(local, peer);
        if self.interface() != path.interface.as_deref() {
            self.signal = None;
        }
        self.path = Some(path);
    }

    /// The interface in use.
    fn interface(&self) -> Option<&str> {
        self.path.as_ref()?.interface.as_deref()
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
        let interface = self.interface()?;
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
            |used: &str| [&change.interface, &change.left].into_iter().flatten().any(|one| one == used);
        let in_use = self.interface().filter(|_| change.interface.is_some()).map(concerns);
        let on_path = self.path.as_ref().and_then(|path| path.is_touched_by(&change));
        Environment {
            interface: change.interface,
            in_use,
            family: change.family.map(Family::version),
            address: change.address.map(|address| address.to_string()),
            gateway: change.gateway.map(|gateway| gateway.to_string()),
            on_path,
            detail: bounded(change.detail),
            ..Environment::new(change.kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EnvironmentKind;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn change(kind: EnvironmentKind, interface: Option<&str>) -> NetworkChange {
        NetworkChange { interface: interface.map(str::to_owned), ..NetworkChange::new(kind) }
    }

    #[test]
    fn a_change_concerns_the_connection_where_it_touches_its_interface() {
        let mut watch = HostWatch::blind();
        watch.connected(LOOPBACK, LOOPBACK);
        let loopback = watch.interface().expect("an interface with 127.0.0.1").to_owned();
        let change = |interface| change(EnvironmentKind::DefaultRouteChanged, interface);
        let moved = NetworkChange { left: Some(loopback.clone()), ..change(Some("wlan0")) };
        let rows = [
            (change(Some(&loopback)), Some(true)),
            (change(Some("wlan0")), Some(false)),
            (moved, Some(true)),
            (change(None), None),
        ];
        for (change, in_use) in rows {
            assert_eq!(watch.environment(change.clone()).in_use, in_use, "{change:?}");
        }
    }

    #[test]
    fn before_the_first_connection_nobody_knows_what_a_change_touches() {
        let watch = HostWatch::blind();
        for kind in [EnvironmentKind::LinkDown, EnvironmentKind::DefaultRouteChanged] {
            let environment = watch.environment(change(kind, Some("eth0")));
            assert_eq!((environment.in_use, environment.on_path), (None, None), "{kind}");
        }
    }

    #[test]
    fn a_change_is_recorded_with_its_family_its_address_and_its_next_hop() {
        let mut watch = HostWatch::blind();
        watch.connected(LOOPBACK, LOOPBACK);
        let address = Some(IpAddr::from([192, 0, 2, 7]));
        let gone = change(EnvironmentKind::AddressRemoved, Some("eth0"));
        let gone = watch.environment(NetworkChange { family: Some(Family::V4), address, ..gone });
        assert_eq!((gone.family, gone.address.as_deref(), gone.gateway), (Some(4), Some("192.0.2.7"), None));
        assert_eq!(gone.on_path, Some(false));
        let route = change(EnvironmentKind::DefaultRouteChanged, Some("eth0"));
        let gateway = Some("fe80::1".parse().unwrap());
        let route = watch.environment(NetworkChange { family: Some(Family::V6), gateway, ..route });
        assert_eq!((route.family, route.address, route.gateway.as_deref()), (Some(6), None, Some("fe80::1")));
        assert_eq!(route.on_path, Some(false));
    }
}
