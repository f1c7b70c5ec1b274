//! The path of a connection through this host, and whether a change of the network touches it.

use std::net::IpAddr;

#[cfg(target_os = "linux")]
use super::route::goes_by_default_route;
#[cfg(not(target_os = "linux"))]
use super::unknown::goes_by_default_route;
use super::{Family, NetworkChange, interface_of};
use crate::event::EnvironmentKind;

/// The path of a connection through this host, as it was when the connection began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionPath {
    /// The interface that has the local address.
    pub interface: Option<String>,
    /// The local address; that of an IPv4-mapped IPv6 address is the IPv4 address.
    local: IpAddr,
    /// Whether packets to the peer went by the default route, and not by one to its network or to this host.
    is_by_default_route: Option<bool>,
}

impl ConnectionPath {
    /// The path of a connection from `local` to `peer` that is up now.
    pub fn between(local: IpAddr, peer: IpAddr) -> Self {
        let (local, peer) = (local.to_canonical(), peer.to_canonical());
        Self {
            interface: interface_of(local),
            local,
            is_by_default_route: goes_by_default_route(local, peer),
        }
    }

    /// Whether `change` touches the path; `None` where that is not known. An address that went touches it only as the
    /// connection's own; one that came also as one of its interface and family, since it may replace the own one.
    pub fn is_touched_by(&self, change: &NetworkChange) -> Option<bool> {
        let same_family = change.family.map(|family| family == Family::of(self.local));
        match change.kind {
            EnvironmentKind::LinkDown | EnvironmentKind::LinkUp => self.is_on_interface_of(change),
            EnvironmentKind::AddressRemoved => change.address.map(|address| address == self.local),
            EnvironmentKind::AddressAdded => match same_family {
                Some(true) => self.is_on_interface_of(change),
                Some(false) | None => same_family,
            },
            EnvironmentKind::DefaultRouteChanged => match same_family {
                Some(true) => self.is_by_default_route,
                Some(false) | None => same_family,
            },
            EnvironmentKind::Suspend | EnvironmentKind::ClockStep | EnvironmentKind::ClockOffset => None,
        }
    }

    fn is_on_interface_of(&self, change: &NetworkChange) -> Option<bool> {
        Some(self.interface.as_ref()? == change.interface.as_ref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [EnvironmentKind; 5] = [
        EnvironmentKind::LinkDown,
        EnvironmentKind::LinkUp,
        EnvironmentKind::AddressAdded,
        EnvironmentKind::AddressRemoved,
        EnvironmentKind::DefaultRouteChanged,
    ];

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn path(local: &str, is_by_default_route: Option<bool>) -> ConnectionPath {
        ConnectionPath { interface: Some("eth0".to_owned()), local: ip(local), is_by_default_route }
    }

    /// A change on `interface` of the address or of the family of `address`.
    fn change(kind: EnvironmentKind, interface: &str, address: &str) -> NetworkChange {
        let address = (!address.is_empty()).then(|| ip(address));
        NetworkChange {
            interface: Some(interface.to_owned()),
            family: address.map(Family::of),
            address: address.filter(|_| kind != EnvironmentKind::DefaultRouteChanged),
            ..NetworkChange::new(kind)
        }
    }

    #[test]
    fn a_link_touches_the_connections_of_its_interface() {
        let path = path("192.0.2.7", None);
        for kind in [EnvironmentKind::LinkDown, EnvironmentKind::LinkUp] {
            assert_eq!(path.is_touched_by(&change(kind, "eth0", "")), Some(true));
            assert_eq!(path.is_touched_by(&change(kind, "wlan0", "")), Some(false));
            assert_eq!(path.is_touched_by(&NetworkChange::new(kind)), None);
        }
    }

    #[test]
    fn an_address_touches_the_connection_that_is_made_from_it_or_may_be_made_from_it_now() {
        use EnvironmentKind::{AddressAdded, AddressRemoved};
        let rows = [
            (AddressRemoved, "eth0", "192.0.2.7", true),
            (AddressRemoved, "eth0", "192.0.2.8", false),
            (AddressRemoved, "eth0", "2001:db8::7", false),
            (AddressAdded, "eth0", "192.0.2.8", true),
            (AddressAdded, "wlan0", "192.0.2.8", false),
            (AddressAdded, "eth0", "2001:db8::7", false),
        ];
        for (kind, interface, address, expected) in rows {
            let touched = path("192.0.2.7", None).is_touched_by(&change(kind, interface, address));
            assert_eq!(touched, Some(expected), "{kind} {interface} {address}");
        }
    }

    #[test]
    fn a_default_route_touches_the_connections_of_its_family_that_go_by_it() {
        let rows = [
            ("192.0.2.7", Some(true), "192.0.2.1", Some(true)),
            ("192.0.2.7", Some(false), "192.0.2.1", Some(false)),
            ("192.0.2.7", None, "192.0.2.1", None),
            ("192.0.2.7", Some(true), "fe80::1", Some(false)),
            ("2001:db8::7", Some(true), "fe80::1", Some(true)),
            ("192.0.2.7", Some(true), "", None),
        ];
        for (local, is_by_default_route, gateway, expected) in rows {
            for interface in ["eth0", "wlan0"] {
                let change = change(EnvironmentKind::DefaultRouteChanged, interface, gateway);
                let touched = path(local, is_by_default_route).is_touched_by(&change);
                assert_eq!(touched, expected, "{local} {is_by_default_route:?} {gateway}");
            }
        }
    }

    #[test]
    fn a_connection_within_this_host_is_touched_by_no_change_of_another_interface() {
        let path = ConnectionPath::between(ip("::ffff:127.0.0.1"), ip("127.0.0.1"));
        assert_eq!(path.local, ip("127.0.0.1"));
        for kind in ALL {
            for address in ["192.0.2.7", "2001:db8::7"] {
                let touched = path.is_touched_by(&change(kind, "eth0", address));
                assert_ne!(touched, Some(true), "{kind} {address}");
                if cfg!(target_os = "linux") {
                    assert_eq!(touched, Some(false), "{kind} {address}");
                }
            }
        }
    }
}
