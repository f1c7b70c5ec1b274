//! Which interface holds an address.

use std::net::IpAddr;

use nix::ifaddrs::{InterfaceAddress, getifaddrs};

/// The interface that holds the local `address`; an IPv4 address in IPv6 clothes counts as what it is.
pub fn interface_of(address: IpAddr) -> Option<String> {
    let holds = |interface: &InterfaceAddress| held(interface) == Some(address.to_canonical());
    getifaddrs().ok()?.find(holds).map(|interface| interface.interface_name)
}

fn held(interface: &InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_on_the_loopback_interface_in_whatever_clothes_and_a_foreign_address_is_nowhere() {
        let of = |address: &str| interface_of(address.parse().unwrap());
        let loopback = of("127.0.0.1").unwrap();
        assert!(loopback.starts_with("lo"), "{loopback}");
        assert_eq!(of("::ffff:127.0.0.1"), Some(loopback));
        for foreign in ["192.0.2.1", "2001:db8::1", "0.0.0.0", "::"] {
            assert_eq!(of(foreign), None, "{foreign}");
        }
    }
}
