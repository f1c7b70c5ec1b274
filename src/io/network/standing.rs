//! How this host's network stands, as a machine without sockets: folds what the kernel tells into what changed.
//!
//! Each change is told once, however often the kernel repeats itself. Link-local IPv6 addresses come and go with their
//! links and are passed over; any other address counts from when it can be used, temporary ones included, since a
//! connection ends with the address that it was made from.
//!
//! Default routes are not folded: the kernel removes IPv4 routes of a lost link or address without a word. So what is
//! told of them only says that they are to be [looked at](Standing::wants_routes) as a whole.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::NetworkChange;
use super::message::{Address, Link, LinkState, Notice, Usability};
use super::route::{self, Chosen, DefaultRoute, Family};
use crate::event::EnvironmentKind;

/// How this host's network stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    links: BTreeMap<u32, Link>,
    addresses: BTreeSet<Address>,
    routes: BTreeMap<Family, Chosen>,
    changes: VecDeque<NetworkChange>,
    routes_are_stale: bool,
}

impl Standing {
    /// The standing that `everything` tells of; nothing has changed yet.
    pub(super) fn new(everything: Vec<Notice>) -> Self {
        let mut standing = Self::default();
        standing.reconcile(everything);
        standing.changes.clear();
        standing
    }

    /// The next change that was not told yet.
    pub(super) fn poll(&mut self) -> Option<NetworkChange> {
        self.changes.pop_front()
    }

    /// Whether default routes may have changed since they were last looked at; asking is promising to look.
    pub(super) fn wants_routes(&mut self) -> bool {
        std::mem::take(&mut self.routes_are_stale)
    }

    /// Takes in what the kernel told.
    pub(super) fn fold(&mut self, notice: Notice) {
        match notice {
            Notice::Link(link) => self.link(link),
            Notice::LinkGone { index } => self.link_gone(index),
            Notice::Address(address, usability) => self.address(address, usability),
            Notice::AddressGone(address) => self.address_gone(address),
            Notice::DefaultRoute(_) | Notice::DefaultRouteGone => self.routes_are_stale = true,
        }
    }

    /// Takes in all default routes that there are.
    pub(super) fn settle(&mut self, routes: &[DefaultRoute]) {
        for family in Family::ALL {
            let chosen = route::best(routes, family).map(|route| self.choose(route));
            let was = self.routes.remove(&family);
            if let Some(detail) = route::change(was.as_ref(), chosen.as_ref()) {
                let interface = chosen.as_ref().or(was.as_ref()).and_then(|route| route.interface.clone());
                let left =
                    was.and_then(|route| route.interface).filter(|left| Some(left) != interface.as_ref());
                let kind = EnvironmentKind::DefaultRouteChanged;
                self.changes.push_back(NetworkChange { kind, interface, left, detail });
            }
            self.routes.extend(chosen.map(|chosen| (family, chosen)));
        }
    }

    /// Takes in all that there is, after some of what the kernel told was lost.
    pub(super) fn reconcile(&mut self, everything: Vec<Notice>) {
        let (mut links, mut addresses, mut routes) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for notice in &everything {
            match notice {
                Notice::Link(link) => drop(links.insert(link.index)),
                Notice::Address(address, _) => drop(addresses.insert(*address)),
                Notice::DefaultRoute(route) => routes.push(*route),
                Notice::LinkGone { .. } | Notice::AddressGone(_) | Notice::DefaultRouteGone => {}
            }
        }
        for address in self.addresses.difference(&addresses).copied().collect::<Vec<_>>() {
            self.address_gone(address);
        }
        for index in self.links.keys().copied().filter(|index| !links.contains(index)).collect::<Vec<_>>() {
            self.link_gone(index);
        }
        for notice in everything {
            self.fold(notice);
        }
        self.routes_are_stale = false;
        self.settle(&routes);
    }

    fn link(&mut self, mut link: Link) {
        let was = self.links.get(&link.index);
        let state_was = was.map_or(LinkState::Off, |was| was.state);
        link.name = link.name.or_else(|| was.and_then(|was| was.name.clone()));
        let (is, index) = (link.state, link.index);
        self.links.insert(index, link);
        if is == state_was {
            return;
        }
        // A link that is switched off after it lost its carrier is not told of again, but its routes go only now.
        self.routes_are_stale = true;
        if is == LinkState::Up {
            self.tell(EnvironmentKind::LinkUp, self.name(index), String::new());
        } else if state_was == LinkState::Up {
            self.tell(EnvironmentKind::LinkDown, self.name(index), String::new());
        }
    }

    fn link_gone(&mut self, index: u32) {
        let left: Vec<Address> = self.addresses.iter().filter(|held| held.index == index).copied().collect();
        for address in left {
            self.address_gone(address);
        }
        let name = self.name(index);
        let Some(link) = self.links.remove(&index) else { return };
        self.routes_are_stale = true;
        if link.state == LinkState::Up {
            self.tell(EnvironmentKind::LinkDown, name, String::new());
        }
    }

    fn address(&mut self, address: Address, usability: Usability) {
        match usability {
            Usability::Usable => {
                if counts(address.ip) && self.addresses.insert(address) {
                    self.address_changed(EnvironmentKind::AddressAdded, address);
                }
            }
            // One that was usable is looked for again when its link returns, and stays.
            Usability::Tentative => {}
            Usability::Duplicate => self.address_gone(address),
        }
    }

    fn address_gone(&mut self, address: Address) {
        if self.addresses.remove(&address) {
            self.address_changed(EnvironmentKind::AddressRemoved, address);
        }
    }

    fn address_changed(&mut self, kind: EnvironmentKind, address: Address) {
        self.routes_are_stale = true;
        self.tell(kind, self.name(address.index), format!("{}/{}", address.ip, address.prefix));
    }

    fn choose(&self, route: DefaultRoute) -> Chosen {
        Chosen { route, interface: route.index.and_then(|index| self.name(index)) }
    }

    fn name(&self, index: u32) -> Option<String> {
        self.links.get(&index)?.name.clone()
    }

    fn tell(&mut self, kind: EnvironmentKind, interface: Option<String>, detail: String) {
        self.changes.push_back(NetworkChange { kind, interface, left: None, detail });
    }
}

fn counts(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    }
}
