//! The interface that has an address.

use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};

/// The name of the interface that has the local `address`. An IPv4-mapped IPv6 address counts as the IPv4
/// address.
pub fn interface_of(address: IpAddr) -> Option<String> {
    let has_it = |interface: &InterfaceAddress| address_of(interface) == Some(address.to_canonical());
    getifaddrs().ok()?.find(has_it).map(|interface| interface.interface_name)
}

fn address_of(interface: &InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_on_the_loopback_interface_mapped_or_not_and_a_foreign_address_on_none() {
        let of = |address: &str| interface_of(address.parse().unwrap());
        let loopback = of("127.0.0.1").unwrap();
        assert!(loopback.starts_with("lo"), "{loopback}");
        assert_eq!(of("::ffff:127.0.0.1"), Some(loopback));
        for foreign in ["192.0.2.1", "2001:db8::1", "0.0.0.0", "::"] {
            assert_eq!(of(foreign), None, "{foreign}");
        }
    }
}
