//! What the kernel tells of links, addresses and routes, read from bytes (Linux, `include/uapi/linux/rtnetlink.h`).
//!
//! Only what counts is read; a message that says nothing of it, or too little, is none.

use std::net::IpAddr;

use nix::libc;

use super::netlink::{attribute, number};
use super::route::{self, DefaultRoute, Told};

/// What the kernel told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// A link is there, like this.
    Link(Link),
    /// A link is there no more.
    LinkGone {
        /// Its number.
        index: u32,
    },
    /// An address is there, like this.
    Address(Address, Usability),
    /// An address is there no more.
    AddressGone(Address),
    /// A default route of the main table is there.
    DefaultRoute(DefaultRoute),
    /// A default route of the main table is used no more.
    DefaultRouteGone,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The kernel's number for it.
    pub(super) index: u32,
    /// What it is called; a message that tells of something else leaves it out.
    pub(super) name: Option<String>,
    /// Whether it can be used.
    pub(super) state: LinkState,
}

/// Whether a link can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkState {
    /// Switched off.
    Off,
    /// Switched on, but without a carrier or not yet let in.
    Waiting,
    /// It carries packets.
    Up,
}

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// The interface's number.
    pub(super) index: u32,
    /// The local address.
    pub(super) ip: IpAddr,
    /// Bits of the network.
    pub(super) prefix: u8,
}

/// Whether an address can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usability {
    /// At once.
    Usable,
    /// Once it is known that nobody else has it.
    Tentative,
    /// Somebody else has it.
    Duplicate,
}

/// What a message of this kind says; `None` where it says nothing that counts.
pub(super) fn notice(kind: u16, payload: &[u8]) -> Option<Notice> {
    match kind {
        libc::RTM_NEWLINK => link(payload).map(Notice::Link),
        libc::RTM_DELLINK => link(payload).map(|link| Notice::LinkGone { index: link.index }),
        libc::RTM_NEWADDR => address(payload).map(|(address, usability)| Notice::Address(address, usability)),
        libc::RTM_DELADDR => address(payload).map(|(address, _)| Notice::AddressGone(address)),
        libc::RTM_NEWROUTE => route::default_route(payload).map(|told| match told {
            Told::Used(route) => Notice::DefaultRoute(route),
            Told::Dead => Notice::DefaultRouteGone,
        }),
        libc::RTM_DELROUTE => route::default_route(payload).map(|_| Notice::DefaultRouteGone),
        _ => None,
    }
}

/// `struct ifinfomsg`: family, a byte of nothing, hardware type (16 bits), index, flags and what changed (32 bits each).
pub(super) const LINK_HEADER_BYTES: usize = 16;

/// `IFF_UP`, `IFF_RUNNING` and `IFF_LOWER_UP` (`include/uapi/linux/if.h`): switched on, operational, with a carrier.
const SWITCHED_ON: u32 = 0x1;
const CARRYING: u32 = 0x40 | 0x1_0000;

fn link(payload: &[u8]) -> Option<Link> {
    let (header, attributes) = payload.split_at_checked(LINK_HEADER_BYTES)?;
    // A bridge tells of its ports in the same words, and of one that leaves it as of a link that is gone.
    if header.first().copied()? != 0 {
        return None;
    }
    let name = attribute(attributes, libc::IFLA_IFNAME).map(text);
    let flags = number(header.get(8..)?)?;
    let state = match (flags & SWITCHED_ON != 0, flags & CARRYING == CARRYING) {
        (false, _) => LinkState::Off,
        (true, false) => LinkState::Waiting,
        (true, true) => LinkState::Up,
    };
    Some(Link { index: number(header.get(4..)?)?, name, state })
}

/// Text that C ends with a zero.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(value.get(..end).unwrap_or_default()).into_owned()
}

/// `struct ifaddrmsg`: family, prefix length, flags, scope (8 bits each) and the interface's index (32 bits).
pub(super) const ADDRESS_HEADER_BYTES: usize = 8;

/// `IFA_F_*` (`include/uapi/linux/if_addr.h`).
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

/// 4 or 16 bytes as they go over the wire.
pub(super) fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).ok()
}
