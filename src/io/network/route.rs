//! Default routes: decoded from netlink messages, the one in use chosen, and changes put into words.

use std::fmt;
use std::net::IpAddr;

use nix::libc;
use nix::sys::socket::SockProtocol;

use super::Family;
use super::netlink::{self, attribute, ip, number};

/// A route for all destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DefaultRoute {
    pub(super) family: Family,
    /// The route with the lowest metric is used.
    pub(super) metric: u32,
    /// `None` on an interface that needs none, such as a point-to-point link.
    pub(super) gateway: Option<IpAddr>,
    /// The interface's index.
    pub(super) index: Option<u32>,
}

/// The route in use: of those with the lowest metric the first in the kernel's order.
pub(super) fn best(routes: &[DefaultRoute], family: Family) -> Option<DefaultRoute> {
    routes.iter().filter(|route| route.family == family).min_by_key(|route| route.metric).copied()
}

/// A route in use, with the name that its interface had when it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) route: DefaultRoute,
    pub(super) interface: Option<String>,
}

impl Chosen {
    /// Whether packets take the same path: the same gateway on the same interface, by its index (it may have
    /// been renamed) or by its name (it may have been made anew).
    fn is_same_path(&self, other: &Self) -> bool {
        self.route.gateway == other.route.gateway
            && (self.route.index == other.route.index || self.interface == other.interface)
    }
}

/// `via 192.0.2.1 on eth0`; without a gateway `on eth0`, and for IPv6 `IPv6 on eth0`.
impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gateway = match (self.route.gateway, self.route.family) {
            (Some(gateway), _) => Some(format!("via {gateway}")),
            (None, Family::V6) => Some("IPv6".to_owned()),
            (None, Family::V4) => None,
        };
        let interface = self.interface.as_ref().map(|name| format!("on {name}"));
        let parts: Vec<String> = gateway.into_iter().chain(interface).collect();
        f.write_str(&parts.join(" "))
    }
}

/// Describes the change from one route to another; `None` if packets take the same path.
pub(super) fn change(was: Option<&Chosen>, is: Option<&Chosen>) -> Option<String> {
    match (was, is) {
        (None, None) => None,
        (Some(was), None) => Some(format!("gone, was {was}")),
        (None, Some(is)) => Some(format!("{is}, was none")),
        (Some(was), Some(is)) => (!was.is_same_path(is)).then(|| format!("{is}, was {was}")),
    }
}

/// `struct rtmsg`: family, prefix lengths of destination and source, type of service, table, protocol, scope,
/// type (8 bits each) and flags (32 bits).
pub(super) const ROUTE_HEADER_BYTES: usize = 12;

/// A gateway of the other family: its family (16 bits) and its address.
const RTA_VIA: u16 = 18;

/// `RTNH_F_DEAD`: the kernel keeps the route, but does not use it.
const DEAD: u32 = 1;

/// `struct rtnexthop`: length with attributes (16 bits), flags and weight (8 bits each), the interface's
/// index (32 bits). Its attributes follow.
const NEXT_HOP_HEADER_BYTES: usize = 8;

/// A default route in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteEntry {
    /// The kernel may use it.
    Usable(DefaultRoute),
    /// The kernel keeps it, but does not use it: its interface is down.
    Dead,
}

/// Decodes a message about a default route of the main table; `None` if it is about another route.
pub(super) fn default_route(payload: &[u8]) -> Option<RouteEntry> {
    let (header, attributes) = payload.split_at_checked(ROUTE_HEADER_BYTES)?;
    let &[family, destination_bits, _, _, table, _, _, kind, ref flags @ ..] = header else { return None };
    let is_default = destination_bits == 0 && table == libc::RT_TABLE_MAIN && kind == libc::RTN_UNICAST;
    if !is_default {
        return None;
    }
    if number(flags)? & DEAD != 0 {
        return Some(RouteEntry::Dead);
    }
    let index = attribute(attributes, libc::RTA_OIF).and_then(number);
    let (gateway, index) = match first_hop(attributes) {
        Some(hop) => hop,
        None => (gateway(attributes), index),
    };
    Some(RouteEntry::Usable(DefaultRoute {
        family: family_of(family)?,
        metric: attribute(attributes, libc::RTA_PRIORITY).and_then(number).unwrap_or_default(),
        gateway,
        index,
    }))
}

fn family_of(number: u8) -> Option<Family> {
    let families = [(libc::AF_INET, Family::V4), (libc::AF_INET6, Family::V6)];
    families.into_iter().find_map(|(known, family)| (i32::from(number) == known).then_some(family))
}

fn gateway(attributes: &[u8]) -> Option<IpAddr> {
    let own = attribute(attributes, libc::RTA_GATEWAY).and_then(ip);
    own.or_else(|| attribute(attributes, RTA_VIA).and_then(|via| ip(via.get(2..)?)))
}

/// Gateway and interface of the first next hop of a multipath route.
fn first_hop(attributes: &[u8]) -> Option<(Option<IpAddr>, Option<u32>)> {
    let hops = attribute(attributes, libc::RTA_MULTIPATH)?;
    let length = hops.first_chunk().map(|bytes| usize::from(u16::from_ne_bytes(*bytes)))?;
    let hop = hops.get(..length)?;
    Some((gateway(hop.get(NEXT_HOP_HEADER_BYTES..)?), number(hop.get(4..)?)))
}

/// `RTM_F_FIB_MATCH`: answer with the route that matches, and not with one made for the destination.
const MATCHING_ROUTE: u32 = 0x2000;

/// `RTM_F_CLONED`: the answer is a route made for the destination, as kernels before 4.13 give it.
const CLONED: u32 = 0x200;

/// Whether packets from `local` to `peer` go by the default route of the main table; `None` where the kernel knows no
/// route, or none that it can name.
pub(super) fn goes_by_default_route(local: IpAddr, peer: IpAddr) -> Option<bool> {
    let request = route_request(local, peer);
    let answer = netlink::ask(SockProtocol::NetlinkRoute, libc::RTM_GETROUTE, &request);
    answer.ok().filter(|(kind, _)| *kind == libc::RTM_NEWROUTE).and_then(|(_, route)| is_default(&route))
}

/// A request for the route from `local` to `peer`.
pub(super) fn route_request(local: IpAddr, peer: IpAddr) -> Vec<u8> {
    let ends = [(libc::RTA_DST, octets(peer)), (libc::RTA_SRC, octets(local))];
    let bits = |octets: &[u8]| u8::try_from(octets.len() * 8).unwrap_or(u8::MAX);
    let family = match Family::of(peer) {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let family = u8::try_from(family).unwrap_or_default();
    let mut request = vec![family, bits(&ends[0].1), bits(&ends[1].1), 0, 0, 0, 0, 0];
    request.extend(MATCHING_ROUTE.to_ne_bytes());
    for (kind, octets) in &ends {
        request.extend(netlink::attribute_bytes(*kind, octets));
    }
    request
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// Whether the route in an answer is the default route of the main table.
pub(super) fn is_default(payload: &[u8]) -> Option<bool> {
    let flags = payload.get(8..ROUTE_HEADER_BYTES).and_then(number)?;
    (flags & CLONED == 0).then(|| default_route(payload).is_some())
}
