//! Changes that follow from a made-up kernel's notices: repetitions, losses and orders that a real one shows
//! rarely.

use crate::io::network::Family;
use crate::io::network::message::{Address, Link, LinkState, Notice, Usability};
use crate::io::network::route::DefaultRoute;
use crate::io::network::state::NetworkState;

const ETH: u32 = 2;
const WLAN: u32 = 3;

fn link(index: u32, name: &str, state: LinkState) -> Notice {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Notice::Link(Link { index, name, state })
}

fn eth(state: LinkState) -> Notice {
    link(ETH, "eth0", state)
}

/// An address of `eth0` with 64 bits of network.
fn address(ip: &str) -> Address {
    Address { index: ETH, ip: ip.parse().unwrap(), prefix: 64 }
}

fn usable(ip: &str) -> Notice {
    Notice::Address(address(ip), Usability::Usable)
}

fn tentative(ip: &str) -> Notice {
    Notice::Address(address(ip), Usability::Tentative)
}

fn route(gateway: &str, index: u32, metric: u32) -> DefaultRoute {
    let gateway = (!gateway.is_empty()).then(|| gateway.parse().unwrap());
    let family =
        if gateway.is_some_and(|ip: std::net::IpAddr| ip.is_ipv6()) { Family::V6 } else { Family::V4 };
    DefaultRoute { family, metric, gateway, index: Some(index) }
}

fn changes(state: &mut NetworkState) -> Vec<String> {
    std::iter::from_fn(|| state.poll())
        .map(|change| format!("{} {} {}", change.kind, change.interface.unwrap_or_default(), change.detail))
        .map(|line| line.trim().to_owned())
        .collect()
}

/// `eth0` and `wlan0` are up, `eth0` has the address `2001:db8::7`, and `route` is the only default route.
fn initial(route: Option<DefaultRoute>) -> NetworkState {
    let mut everything = vec![eth(LinkState::Up), link(WLAN, "wlan0", LinkState::Up), usable("2001:db8::7")];
    everything.extend(route.map(Notice::DefaultRoute));
    let mut state = NetworkState::new(everything);
    assert_eq!(changes(&mut state), [""; 0]);
    assert!(!state.wants_routes());
    state
}

fn follow(notices: &[Notice], expected: &[&str]) {
    let mut state = initial(None);
    notices.iter().cloned().for_each(|notice| state.apply(notice));
    assert_eq!(changes(&mut state), expected, "{notices:?}");
}

#[test]
fn each_transition_of_a_link_is_reported_once() {
    use LinkState::{Off, Up, Waiting};
    follow(&[eth(Up), link(ETH, "", Up)], &[]);
    follow(&[eth(Waiting), eth(Off), link(ETH, "", Off), eth(Waiting)], &["link_down eth0"]);
    follow(&[eth(Off), eth(Waiting), eth(Up), eth(Up)], &["link_down eth0", "link_up eth0"]);
    follow(&[link(ETH, "lan", Up), link(ETH, "", Off)], &["link_down lan"]);
    follow(&[link(9, "new", Off)], &[]);
    follow(&[link(9, "new", Waiting), link(9, "new", Up)], &["link_up new"]);
    follow(&[Notice::LinkGone { index: 9 }], &[]);
    let gone = Notice::LinkGone { index: ETH };
    let expected = ["address_removed eth0 2001:db8::7/64", "link_down eth0"];
    follow(&[gone.clone(), gone.clone()], &expected);
    follow(&[eth(Off), gone], &["link_down eth0", "address_removed eth0 2001:db8::7/64"]);
}

#[test]
fn an_address_is_reported_once_from_when_it_can_be_used_and_never_if_it_is_link_local() {
    let added = "address_added eth0 2001:db8::8/64";
    let removed = "address_removed eth0 2001:db8::8/64";
    let gone = |ip| Notice::AddressGone(address(ip));
    follow(&[usable("2001:db8::7"), tentative("2001:db8::7")], &[]);
    follow(&[usable("2001:db8::8"), usable("2001:db8::8")], &[added]);
    follow(&[tentative("2001:db8::8"), tentative("2001:db8::8")], &[]);
    follow(&[tentative("2001:db8::8"), usable("2001:db8::8"), gone("2001:db8::8")], &[added, removed]);
    follow(&[tentative("2001:db8::8"), gone("2001:db8::8")], &[]);
    let duplicate = Notice::Address(address("2001:db8::8"), Usability::Duplicate);
    follow(&[usable("2001:db8::8"), duplicate.clone(), duplicate], &[added, removed]);
    follow(&[usable("fe80::1"), gone("fe80::1")], &[]);
    follow(&[usable("169.254.1.1")], &["address_added eth0 169.254.1.1/64"]);
    let nameless = Address { index: 99, ..address("2001:db8::8") };
    follow(&[Notice::Address(nameless, Usability::Usable)], &["address_added  2001:db8::8/64"]);
}

#[test]
fn a_default_route_is_reported_where_packets_go_another_way() {
    let v4 = route("192.0.2.1", ETH, 100);
    let v6 = route("fe80::1", ETH, 1024);
    let rows: [(Option<DefaultRoute>, &[DefaultRoute], &[&str]); 10] = [
        (None, &[], &[]),
        (None, &[v4], &["default_route_changed eth0 via 192.0.2.1 on eth0, was none"]),
        (Some(v4), &[v4, route("192.0.2.2", WLAN, 600)], &[]),
        (
            Some(v4),
            &[route("192.0.2.2", WLAN, 100), v4],
            &["default_route_changed wlan0 via 192.0.2.2 on wlan0, was via 192.0.2.1 on eth0"],
        ),
        (Some(v4), &[route("192.0.2.1", ETH, 0)], &[]),
        (
            Some(v4),
            &[route("192.0.2.1", WLAN, 100)],
            &["default_route_changed wlan0 via 192.0.2.1 on wlan0, was via 192.0.2.1 on eth0"],
        ),
        (
            Some(v4),
            &[v6],
            &[
                "default_route_changed eth0 gone, was via 192.0.2.1 on eth0",
                "default_route_changed eth0 via fe80::1 on eth0, was none",
            ],
        ),
        (
            Some(v4),
            &[v4, route("fe80::2", WLAN, 2000), v6],
            &["default_route_changed eth0 via fe80::1 on eth0, was none"],
        ),
        (
            Some(v4),
            &[route("", WLAN, 0)],
            &["default_route_changed wlan0 on wlan0, was via 192.0.2.1 on eth0"],
        ),
        (
            None,
            &[DefaultRoute { gateway: None, ..v6 }],
            &["default_route_changed eth0 IPv6 on eth0, was none"],
        ),
    ];
    for (was, routes, expected) in rows {
        let mut state = initial(was);
        state.set_default_routes(routes);
        assert_eq!(changes(&mut state), expected, "{was:?} {routes:?}");
        state.set_default_routes(routes);
        assert_eq!(changes(&mut state), [""; 0]);
    }
}

#[test]
fn an_interface_that_is_renamed_or_made_anew_leads_the_same_way() {
    let mut state = initial(Some(route("192.0.2.1", ETH, 0)));
    state.apply(link(ETH, "lan", LinkState::Up));
    state.set_default_routes(&[route("192.0.2.1", ETH, 0)]);
    assert_eq!(changes(&mut state), [""; 0]);
    state.apply(Notice::LinkGone { index: ETH });
    state.apply(link(9, "lan", LinkState::Up));
    state.set_default_routes(&[route("192.0.2.1", 9, 0)]);
    let expected = ["address_removed lan 2001:db8::7/64", "link_down lan", "link_up lan"];
    assert_eq!(changes(&mut state), expected);
}

#[test]
fn the_interface_of_a_route_that_is_gone_with_it_keeps_its_name() {
    let mut state = initial(Some(route("192.0.2.1", WLAN, 0)));
    state.apply(Notice::LinkGone { index: WLAN });
    state.set_default_routes(&[]);
    let expected = ["link_down wlan0", "default_route_changed wlan0 gone, was via 192.0.2.1 on wlan0"];
    assert_eq!(changes(&mut state), expected);
}

#[test]
fn routes_are_read_again_after_all_that_may_have_changed_them_and_nothing_else() {
    let default = Notice::DefaultRoute(route("192.0.2.1", ETH, 0));
    let rows = [
        (eth(LinkState::Up), false),
        (eth(LinkState::Waiting), true),
        (eth(LinkState::Off), true),
        (Notice::LinkGone { index: WLAN }, true),
        (Notice::LinkGone { index: 99 }, false),
        (usable("2001:db8::7"), false),
        (usable("2001:db8::8"), true),
        (Notice::AddressGone(address("2001:db8::7")), true),
        (Notice::AddressGone(address("fe80::1")), false),
        (default, true),
        (Notice::DefaultRouteGone, true),
    ];
    for (notice, expected) in rows {
        let mut state = initial(None);
        state.apply(notice.clone());
        assert_eq!((state.wants_routes(), state.wants_routes()), (expected, false), "{notice:?}");
    }
}

#[test]
fn a_link_that_is_switched_off_after_its_carrier_was_lost_has_its_routes_read_again() {
    let mut state = initial(None);
    state.apply(eth(LinkState::Waiting));
    assert!(state.wants_routes());
    state.apply(eth(LinkState::Off));
    assert!(state.wants_routes());
    assert_eq!(changes(&mut state), ["link_down eth0"]);
}

#[test]
fn after_lost_notices_the_differences_are_reported() {
    let mut state = initial(Some(route("192.0.2.1", ETH, 0)));
    state.reconcile(vec![
        link(WLAN, "wlan0", LinkState::Waiting),
        link(9, "new", LinkState::Up),
        Notice::Address(Address { index: 9, ..address("2001:db8::9") }, Usability::Usable),
        Notice::DefaultRoute(route("192.0.2.9", 9, 0)),
    ]);
    let expected = [
        "address_removed eth0 2001:db8::7/64",
        "link_down eth0",
        "link_down wlan0",
        "link_up new",
        "address_added new 2001:db8::9/64",
        "default_route_changed new via 192.0.2.9 on new, was via 192.0.2.1 on eth0",
    ];
    assert_eq!(changes(&mut state), expected);
    assert!(!state.wants_routes());
}

#[test]
fn a_change_carries_its_family_address_and_next_hop_beside_the_text() {
    let facts = |state: &mut NetworkState| {
        let change = state.poll().unwrap();
        (change.family, change.address, change.gateway)
    };
    let ip = |text: &str| Some(text.parse::<std::net::IpAddr>().unwrap());
    let mut state = initial(Some(route("192.0.2.1", ETH, 0)));
    state.apply(usable("2001:db8::8"));
    assert_eq!(facts(&mut state), (Some(Family::V6), ip("2001:db8::8"), None));
    state.apply(Notice::AddressGone(address("2001:db8::7")));
    assert_eq!(facts(&mut state), (Some(Family::V6), ip("2001:db8::7"), None));
    state.set_default_routes(&[route("192.0.2.9", WLAN, 0)]);
    assert_eq!(facts(&mut state), (Some(Family::V4), None, ip("192.0.2.9")));
    state.set_default_routes(&[route("fe80::1", ETH, 0)]);
    assert_eq!(facts(&mut state), (Some(Family::V4), None, ip("192.0.2.9")), "the route that is gone");
    assert_eq!(facts(&mut state), (Some(Family::V6), None, ip("fe80::1")));
    state.apply(eth(LinkState::Off));
    assert_eq!(facts(&mut state), (None, None, None));
}
