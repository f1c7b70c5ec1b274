//! Default routes: read from bytes, the best of them chosen, and told to a person.

use std::net::IpAddr;

use nix::libc;

use super::message::ip;
use super::netlink::{attribute, number};

/// Which of the two internets a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) const ALL: [Self; 2] = [Self::V4, Self::V6];
}

/// A route to everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DefaultRoute {
    pub(super) family: Family,
    /// The lowest is used.
    pub(super) metric: u32,
    /// `None` where the interface leads to one peer only.
    pub(super) gateway: Option<IpAddr>,
    /// The interface's number.
    pub(super) index: Option<u32>,
}

/// The route that is used: of those with the lowest metric the one that the kernel names first.
pub(super) fn best(routes: &[DefaultRoute], family: Family) -> Option<DefaultRoute> {
    routes.iter().filter(|route| route.family == family).min_by_key(|route| route.metric).copied()
}

/// A route that is used, with the name of its interface at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) route: DefaultRoute,
    pub(super) interface: Option<String>,
}

impl Chosen {
    /// Whether packets go the same way: to the same gateway through the same interface, renamed or made anew though it
    /// may be.
    pub(super) fn leads_like(&self, other: &Self) -> bool {
        self.route.gateway == other.route.gateway
            && (self.route.index == other.route.index || self.interface == other.interface)
    }

    /// For a person.
    pub(super) fn told(&self) -> String {
        let place = self.interface.as_ref().map(|name| format!("on {name}"));
        let way = match (self.route.gateway, self.route.family) {
            (Some(gateway), _) => Some(format!("via {gateway}")),
            (None, Family::V6) => Some("IPv6".to_owned()),
            (None, Family::V4) => None,
        };
        [way, place].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// What is said when one route follows another; `None` where packets go the same way.
pub(super) fn change(was: Option<&Chosen>, is: Option<&Chosen>) -> Option<String> {
    match (was, is) {
        (None, None) => None,
        (Some(was), None) => Some(format!("gone, was {}", was.told())),
        (None, Some(is)) => Some(format!("{}, was none", is.told())),
        (Some(was), Some(is)) => (!was.leads_like(is)).then(|| format!("{}, was {}", is.told(), was.told())),
    }
}

/// `struct rtmsg`: family, lengths of destination and source, type of service, table, protocol, scope, kind (8 bits
/// each) and flags (32 bits).
pub(super) const ROUTE_HEADER_BYTES: usize = 12;

/// `RTA_VIA`: a gateway of the other family.
const RTA_VIA: u16 = 18;

/// `RTNH_F_DEAD`.
const DEAD: u32 = 1;

/// `struct rtnexthop`: length (16 bits), flags, hops (8 bits each), the interface's index (32 bits); its attributes
/// follow.
const NEXT_HOP_HEADER_BYTES: usize = 8;

/// What a message tells of a default route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The kernel may use it.
    Used(DefaultRoute),
    /// The kernel keeps it, but does not use it.
    Dead,
}

/// The default route of the main table that a message tells of; `None` where it tells of another route.
pub(super) fn default_route(payload: &[u8]) -> Option<Told> {
    let (header, attributes) = payload.split_at_checked(ROUTE_HEADER_BYTES)?;
    let &[family, destination_bits, _, _, table, _, _, kind, ref flags @ ..] = header else { return None };
    let is_default = destination_bits == 0 && table == libc::RT_TABLE_MAIN && kind == libc::RTN_UNICAST;
    if !is_default {
        return None;
    }
    if number(flags)? & DEAD != 0 {
        return Some(Told::Dead);
    }
    let index = attribute(attributes, libc::RTA_OIF).and_then(number);
    let (gateway, index) = match first_hop(attributes) {
        Some(hop) => hop,
        None => (gateway(attributes), index),
    };
    Some(Told::Used(DefaultRoute {
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

/// The first of several ways that a route shares packets out to.
fn first_hop(attributes: &[u8]) -> Option<(Option<IpAddr>, Option<u32>)> {
    let hops = attribute(attributes, libc::RTA_MULTIPATH)?;
    let length = hops.first_chunk().map(|bytes| usize::from(u16::from_ne_bytes(*bytes)))?;
    let hop = hops.get(..length)?;
    Some((gateway(hop.get(NEXT_HOP_HEADER_BYTES..)?), number(hop.get(4..)?)))
}
