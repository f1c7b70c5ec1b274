//! Messages as the kernel lays them out, and what is decoded from them.

use std::net::IpAddr;

use nix::libc;

use crate::io::network::Family;
use crate::io::network::message::{Address, Link, LinkState, Notice, Usability, notice};
use crate::io::network::netlink;
use crate::io::network::route::{DefaultRoute, is_default, route_request};

/// An attribute, padded.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn number(value: u32) -> [u8; 4] {
    value.to_ne_bytes()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn octets(text: &str) -> Vec<u8> {
    match ip(text) {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn link_message(family: u8, flags: u32, attributes: &[u8]) -> Vec<u8> {
    [&[family, 0, 1, 0], &number(7), &number(flags), &number(0), attributes].concat()
}

fn link(name: Option<&str>, state: LinkState) -> Notice {
    Notice::Link(Link { index: 7, name: name.map(str::to_owned), state })
}

#[test]
fn a_link_is_up_where_it_is_on_operational_and_has_a_carrier() {
    let name = attribute(libc::IFLA_IFNAME, b"eth0\0");
    let rows = [
        (0x1_1043, LinkState::Up),
        (0x1003, LinkState::Waiting),
        (0x1_1003, LinkState::Waiting),
        (0x1043, LinkState::Waiting),
        (0x1_0042, LinkState::Off),
    ];
    for (flags, state) in rows {
        let message = link_message(0, flags, &name);
        assert_eq!(notice(libc::RTM_NEWLINK, &message), Some(link(Some("eth0"), state)), "{flags:x}");
    }
}

#[test]
fn a_link_message_may_lack_the_name_hold_what_nobody_knows_and_be_a_bridges() {
    let unknown = [attribute(0x3fff, &[1, 2, 3]), attribute(libc::IFLA_IFNAME | 0x8000, b"w\0")].concat();
    assert_eq!(
        notice(libc::RTM_NEWLINK, &link_message(0, 0, &unknown)),
        Some(link(Some("w"), LinkState::Off))
    );
    assert_eq!(notice(libc::RTM_NEWLINK, &link_message(0, 0, &[])), Some(link(None, LinkState::Off)));
    assert_eq!(notice(libc::RTM_DELLINK, &link_message(0, 0, &[])), Some(Notice::LinkGone { index: 7 }));
    let of_a_bridge = u8::try_from(libc::AF_BRIDGE).unwrap();
    assert_eq!(notice(libc::RTM_DELLINK, &link_message(of_a_bridge, 0, &[])), None);
}

fn address_message(flags: u8, attributes: &[u8]) -> Vec<u8> {
    [&[2, 24, flags, 0], &number(7), attributes].concat()
}

#[test]
fn an_address_is_ours_and_not_the_peers_and_says_whether_it_can_be_used() {
    let peer = attribute(libc::IFA_ADDRESS, &octets("192.0.2.1"));
    let both = [peer.clone(), attribute(libc::IFA_LOCAL, &octets("192.0.2.7"))].concat();
    let v6 = attribute(libc::IFA_ADDRESS, &octets("2001:db8::7"));
    let rows = [
        (0x80, &both, "192.0.2.7", Usability::Usable),
        (0x80, &peer, "192.0.2.1", Usability::Usable),
        (0x80, &v6, "2001:db8::7", Usability::Usable),
        (0x40, &v6, "2001:db8::7", Usability::Tentative),
        (0x44, &v6, "2001:db8::7", Usability::Usable),
        (0x48, &v6, "2001:db8::7", Usability::Duplicate),
    ];
    for (flags, attributes, text, usability) in rows {
        let address = Address { index: 7, ip: ip(text), prefix: 24 };
        let message = address_message(flags, attributes);
        let expected = Notice::Address(address, usability);
        assert_eq!(notice(libc::RTM_NEWADDR, &message), Some(expected), "{text} {flags:x}");
        assert_eq!(notice(libc::RTM_DELADDR, &message), Some(Notice::AddressGone(address)));
    }
    let strange = attribute(libc::IFA_LOCAL, &[1, 2, 3]);
    assert_eq!(notice(libc::RTM_NEWADDR, &address_message(0, &strange)), None);
}

/// A route with a family, bits of its destination, a table, a kind and flags.
fn route_message([family, bits, table, kind, flags]: [u8; 5], attributes: &[u8]) -> Vec<u8> {
    [&[family, bits, 0, 0, table, 0, 0, kind], &number(flags.into())[..], attributes].concat()
}

const MAIN: u8 = 254;

#[test]
fn a_default_route_has_a_gateway_a_metric_and_an_interface_where_it_says_so() {
    let oif = attribute(libc::RTA_OIF, &number(7));
    let gateway = attribute(libc::RTA_GATEWAY, &octets("192.0.2.1"));
    let metric = attribute(libc::RTA_PRIORITY, &number(100));
    let via = attribute(18, &[&[10, 0], &octets("fe80::1")[..]].concat());
    let hop = |index: u32, gateway: &[u8]| {
        let length = u16::try_from(8 + gateway.len()).unwrap().to_ne_bytes();
        [&length[..], &[0, 0], &number(index), gateway].concat()
    };
    let other = attribute(libc::RTA_GATEWAY, &octets("192.0.2.9"));
    let shared = attribute(libc::RTA_MULTIPATH, &[hop(8, &gateway), hop(9, &other)].concat());
    let row = |attributes: &[&[u8]], metric: u32, gateway: Option<&str>, index: Option<u32>| {
        let route = DefaultRoute { family: Family::V4, metric, gateway: gateway.map(ip), index };
        let message = route_message([2, 0, MAIN, 1, 0], &attributes.concat());
        assert_eq!(notice(libc::RTM_NEWROUTE, &message), Some(Notice::DefaultRoute(route)));
        assert_eq!(notice(libc::RTM_DELROUTE, &message), Some(Notice::DefaultRouteGone));
    };
    row(&[&metric, &gateway, &oif], 100, Some("192.0.2.1"), Some(7));
    row(&[&oif], 0, None, Some(7));
    row(&[&via, &oif], 0, Some("fe80::1"), Some(7));
    row(&[&shared], 0, Some("192.0.2.1"), Some(8));
    row(&[], 0, None, None);
}

#[test]
fn other_routes_are_passed_over() {
    let rows = [
        ("of a network", [2, 24, MAIN, 1, 0]),
        ("of another table", [2, 0, 252, 1, 0]),
        ("to nowhere", [10, 0, MAIN, 7, 0]),
        ("of another family", [28, 0, MAIN, 1, 0]),
    ];
    for (name, header) in rows {
        assert_eq!(notice(libc::RTM_NEWROUTE, &route_message(header, &[])), None, "{name}");
    }
    assert!(notice(libc::RTM_NEWROUTE, &route_message([10, 0, MAIN, 1, 0], &[])).is_some());
    let dead = route_message([2, 0, MAIN, 1, 1], &[]);
    assert_eq!(notice(libc::RTM_NEWROUTE, &dead), Some(Notice::DefaultRouteGone));
}

#[test]
fn a_message_that_is_cut_off_anywhere_harms_nobody() {
    let gateway = attribute(libc::RTA_GATEWAY, &octets("192.0.2.1"));
    let hop = [&[16, 0, 0, 0], &number(7)[..], &gateway].concat();
    let shared = attribute(libc::RTA_MULTIPATH, &hop);
    let messages = [
        (libc::RTM_NEWLINK, link_message(0, 0, &attribute(libc::IFLA_IFNAME, b"eth0\0"))),
        (libc::RTM_NEWADDR, address_message(0, &attribute(libc::IFA_LOCAL, &octets("192.0.2.7")))),
        (libc::RTM_NEWROUTE, route_message([2, 0, MAIN, 1, 0], &shared)),
    ];
    for (kind, message) in messages {
        assert!(notice(kind, &message).is_some());
        for length in 0..message.len() {
            let _ = notice(kind, &message[..length]);
        }
        assert_eq!(notice(kind, &[]), None);
        assert_eq!(notice(0, &message), None);
    }
}

#[test]
fn a_datagram_holds_messages_up_to_the_first_that_is_cut_off() {
    let frame = |kind: u16, length: u32, payload: &[u8]| {
        [&number(length), &kind.to_ne_bytes()[..], &[0, 0], &number(1), &number(0), payload].concat()
    };
    let datagram = [frame(16, 18, &[1, 2, 0, 0]), frame(17, 20, &[3, 4, 5, 6]), frame(18, 24, &[7])].concat();
    let read: Vec<_> = netlink::messages(&datagram).map(|message| (message.kind, message.payload)).collect();
    assert_eq!(read, [(16, &[1, 2][..]), (17, &[3, 4, 5, 6])]);
    assert_eq!(netlink::messages(&frame(16, 0, &[])).count(), 0);
}

#[test]
fn the_route_of_a_connection_is_asked_for_by_both_its_ends() {
    let rows = [
        ("192.0.2.7", "198.51.100.9", [2, 32, 32], 28),
        ("2001:db8::7", "2001:db8:1::9", [10, 128, 128], 52),
    ];
    for (local, peer, begin, length) in rows {
        let request = route_request(ip(local), ip(peer));
        let ends =
            [attribute(libc::RTA_DST, &octets(peer)), attribute(libc::RTA_SRC, &octets(local))].concat();
        let expected = [&begin[..], &[0; 5], &number(0x2000), &ends].concat();
        assert_eq!(request, expected, "{local} {peer}");
        assert_eq!(request.len(), length);
    }
}

#[test]
fn a_route_is_the_default_one_of_the_main_table_or_another_and_one_made_for_its_destination_tells_nothing() {
    let route = |bits, table, flags: u32| {
        [&[2, bits, 0, 0, table, 0, 0, 1], &number(flags)[..], &attribute(libc::RTA_OIF, &number(7))].concat()
    };
    let rows = [
        (route(0, MAIN, 0), Some(true)),
        (route(24, MAIN, 0), Some(false)),
        (route(0, 51, 0), Some(false)),
        (route(32, MAIN, 0x200), None),
    ];
    for (message, expected) in rows {
        assert_eq!(is_default(&message), expected, "{message:?}");
        for length in 0..12 {
            assert_eq!(is_default(&message[..length]), None);
        }
    }
}
