//! The state of this host's network, without sockets: turns the kernel's notices into changes.
//!
//! Each change is reported once, however often the kernel repeats a notice. Link-local IPv6 addresses come
//! and go with their links and are ignored. Any other address counts from when it can be used, temporary ones
//! included, since a connection ends with the address that it was made from.
//!
//! Default routes are not updated from notices: the kernel removes the IPv4 routes of a lost link or address
//! without sending one. A notice of a route only means that all of them [have to be read
//! again](NetworkState::wants_routes).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::message::{Address, Link, LinkState, Notice, Usability};
use super::route::{self, Chosen, DefaultRoute};
use super::{Family, NetworkChange};
use crate::event::EnvironmentKind;

/// The links, usable addresses and chosen default routes of this host.
#[derive(Debug, Default)]
pub(super) struct NetworkState {
    /// By the interface's index.
    links: BTreeMap<u32, Link>,
    addresses: BTreeSet<Address>,
    /// The default route in use, of each family that has one.
    routes: BTreeMap<Family, Chosen>,
    /// Changes that [`NetworkState::poll`] has not returned yet.
    changes: VecDeque<NetworkChange>,
    routes_are_stale: bool,
}

impl NetworkState {
    /// The state that a dump of everything describes, without changes.
    pub(super) fn new(everything: Vec<Notice>) -> Self {
        let mut state = Self::default();
        state.reconcile(everything);
        state.changes.clear();
        state
    }

    /// The next change.
    pub(super) fn poll(&mut self) -> Option<NetworkChange> {
        self.changes.pop_front()
    }

    /// Whether default routes may have changed since they were last read. Asking resets it: the caller has to
    /// read them.
    pub(super) fn wants_routes(&mut self) -> bool {
        std::mem::take(&mut self.routes_are_stale)
    }

    /// Applies one notice of the kernel.
    pub(super) fn apply(&mut self, notice: Notice) {
        match notice {
            Notice::Link(link) => self.link(link),
            Notice::LinkGone { index } => self.link_gone(index),
            Notice::Address(address, usability) => self.address(address, usability),
            Notice::AddressGone(address) => self.address_gone(address),
            Notice::DefaultRoute(_) | Notice::DefaultRouteGone => self.routes_are_stale = true,
        }
    }

    /// Replaces what is known of default routes by all that there are.
    pub(super) fn set_default_routes(&mut self, routes: &[DefaultRoute]) {
        for family in Family::ALL {
            let chosen = route::best(routes, family).map(|route| self.choose(route));
            let was = self.routes.remove(&family);
            if let Some(detail) = route::change(was.as_ref(), chosen.as_ref()) {
                let shown = chosen.as_ref().or(was.as_ref());
                let interface = shown.and_then(|chosen| chosen.interface.clone());
                let gateway = shown.and_then(|chosen| chosen.route.gateway);
                let left =
                    was.and_then(|route| route.interface).filter(|left| Some(left) != interface.as_ref());
                self.changes.push_back(NetworkChange {
                    interface,
                    left,
                    family: Some(family),
                    gateway,
                    detail,
                    ..NetworkChange::new(EnvironmentKind::DefaultRouteChanged)
                });
            }
            self.routes.extend(chosen.map(|chosen| (family, chosen)));
        }
    }

    /// Replaces the state by a dump of everything, after notices were lost.
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
            self.apply(notice);
        }
        self.routes_are_stale = false;
        self.set_default_routes(&routes);
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
        // A link that is switched off after it lost its carrier is no new change, but its routes are removed
        // only now.
        self.routes_are_stale = true;
        if is == LinkState::Up {
            self.link_changed(EnvironmentKind::LinkUp, self.name(index));
        } else if state_was == LinkState::Up {
            self.link_changed(EnvironmentKind::LinkDown, self.name(index));
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
            self.link_changed(EnvironmentKind::LinkDown, name);
        }
    }

    fn address(&mut self, address: Address, usability: Usability) {
        match usability {
            Usability::Usable => {
                if counts(address.ip) && self.addresses.insert(address) {
                    self.address_changed(EnvironmentKind::AddressAdded, address);
                }
            }
            // A usable address becomes tentative again when its link returns: it stays usable.
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
        self.changes.push_back(NetworkChange {
            interface: self.name(address.index),
            family: Some(Family::of(address.ip)),
            address: Some(address.ip),
            detail: format!("{}/{}", address.ip, address.prefix),
            ..NetworkChange::new(kind)
        });
    }

    fn choose(&self, route: DefaultRoute) -> Chosen {
        Chosen { route, interface: route.index.and_then(|index| self.name(index)) }
    }

    fn name(&self, index: u32) -> Option<String> {
        self.links.get(&index)?.name.clone()
    }

    fn link_changed(&mut self, kind: EnvironmentKind, interface: Option<String>) {
        self.changes.push_back(NetworkChange { interface, ..NetworkChange::new(kind) });
    }
}

/// Whether changes of the address are reported.
fn counts(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    }
}
