//! Decodes the kernel's messages about links, addresses and routes (Linux, `include/uapi/linux/rtnetlink.h`).
//!
//! Only the fields and attributes that count are read, so that no other one, of whatever kernel, can hide a
//! change. A message without them is ignored.

use std::net::IpAddr;

use nix::libc;

use super::netlink::{attribute, ip, number};
use super::route::{self, DefaultRoute, RouteEntry};

/// What a message of the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// A link was made or changed.
    Link(Link),
    /// A link was removed.
    LinkGone {
        /// The interface's index.
        index: u32,
    },
    /// An address was added or changed.
    Address(Address, Usability),
    /// An address was removed.
    AddressGone(Address),
    /// A default route of the main table was added or changed.
    DefaultRoute(DefaultRoute),
    /// A default route of the main table was removed, or is dead.
    DefaultRouteGone,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The interface's index.
    pub(super) index: u32,
    /// `None` where the message leaves it out, as one about another property may.
    pub(super) name: Option<String>,
    pub(super) state: LinkState,
}

/// Whether a link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkState {
    /// Administratively down.
    Off,
    /// Administratively up, but without a carrier or not operational, as a Wi-Fi link before its
    /// authentication.
    Waiting,
    /// Administratively up, operational and with a carrier.
    Up,
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// The interface's index.
    pub(super) index: u32,
    /// The local address.
    pub(super) ip: IpAddr,
    /// The prefix length, in bits.
    pub(super) prefix: u8,
}

/// Whether an address can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usability {
    Usable,
    /// Not before duplicate address detection is over.
    Tentative,
    /// Duplicate address detection found the address in use by another host.
    Duplicate,
}

/// Decodes a message of this kind; `None` if it says nothing that counts.
pub(super) fn notice(kind: u16, payload: &[u8]) -> Option<Notice> {
    match kind {
        libc::RTM_NEWLINK => link(payload).map(Notice::Link),
        libc::RTM_DELLINK => link(payload).map(|link| Notice::LinkGone { index: link.index }),
        libc::RTM_NEWADDR => address(payload).map(|(address, usability)| Notice::Address(address, usability)),
        libc::RTM_DELADDR => address(payload).map(|(address, _)| Notice::AddressGone(address)),
        libc::RTM_NEWROUTE => route::default_route(payload).map(|entry| match entry {
            RouteEntry::Usable(route) => Notice::DefaultRoute(route),
            RouteEntry::Dead => Notice::DefaultRouteGone,
        }),
        libc::RTM_DELROUTE => route::default_route(payload).map(|_| Notice::DefaultRouteGone),
        _ => None,
    }
}

/// `struct ifinfomsg`: family and padding (8 bits each), hardware type (16 bits), index, flags and change
/// mask (32 bits each).
pub(super) const LINK_HEADER_BYTES: usize = 16;

/// `IFF_UP` (`include/uapi/linux/if.h`): administratively up.
const ADMIN_UP: u32 = 0x1;

/// `IFF_RUNNING`, operational, and `IFF_LOWER_UP`, with a carrier.
const CARRYING: u32 = 0x40 | 0x1_0000;

fn link(payload: &[u8]) -> Option<Link> {
    let (header, attributes) = payload.split_at_checked(LINK_HEADER_BYTES)?;
    // Other families' messages are no news of the link itself: a bridge sends RTM_DELLINK for a port that
    // only leaves it.
    if header.first().copied()? != 0 {
        return None;
    }
    let name = attribute(attributes, libc::IFLA_IFNAME).map(text);
    let flags = number(header.get(8..)?)?;
    let state = match (flags & ADMIN_UP != 0, flags & CARRYING == CARRYING) {
        (false, _) => LinkState::Off,
        (true, false) => LinkState::Waiting,
        (true, true) => LinkState::Up,
    };
    Some(Link { index: number(header.get(4..)?)?, name, state })
}

/// A string up to its terminating zero.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}

/// `struct ifaddrmsg`: family, prefix length, flags, scope (8 bits each) and the interface's index (32 bits).
pub(super) const ADDRESS_HEADER_BYTES: usize = 8;

/// `IFA_F_OPTIMISTIC`, `IFA_F_DADFAILED` and `IFA_F_TENTATIVE` (`include/uapi/linux/if_addr.h`).
const OPTIMISTIC: u8 = 0x04;
const DUPLICATE: u8 = 0x08;
const TENTATIVE: u8 = 0x40;

fn address(payload: &[u8]) -> Option<(Address, Usability)> {
    let (header, attributes) = payload.split_at_checked(ADDRESS_HEADER_BYTES)?;
    // On a point-to-point link IFA_ADDRESS is the peer's, and IFA_LOCAL ours.
    let value =
        [libc::IFA_LOCAL, libc::IFA_ADDRESS].into_iter().find_map(|kind| attribute(attributes, kind))?;
    let address =
        Address { index: number(header.get(4..)?)?, ip: ip(value)?, prefix: header.get(1).copied()? };
    Some((address, usability(header.get(2).copied()?)))
}

const fn usability(flags: u8) -> Usability {
    if flags & DUPLICATE != 0 {
        Usability::Duplicate
    } else if flags & TENTATIVE != 0 && flags & OPTIMISTIC == 0 {
        Usability::Tentative
    } else {
        Usability::Usable
    }
}
