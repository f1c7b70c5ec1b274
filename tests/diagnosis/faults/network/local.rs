//! This host's own network: links, routes, addresses.

use nwdiag::event::EnvironmentKind::{AddressAdded, AddressRemoved, DefaultRouteChanged, LinkDown, LinkUp};

use super::super::{DAY, HOUR, MINUTE, at_random, on_linux};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Blow, Deed, Fault, Refusal, change};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// How a link or route is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The Wi-Fi link goes, with address and route; it is told up to some seconds late.
    Wifi,
    /// Roaming with a link event: back in seconds.
    Roam,
    /// The cable: the kernel keeps address and route.
    Cable,
    /// Switched off, or a stick pulled out.
    Interface,
    /// The default route alone.
    Route,
}

/// Cases R1 to R4 with a link event, cables, sticks, routes: away for a second to two hours, minutes to days apart. A
/// lost link shows as silence: a session ends if a ping falls into it, and lives on if it was short.
pub(crate) fn local_network_down(setup: &mut Setup, chance: &mut Chance) -> Case {
    on_linux(setup);
    let way = if setup.host.signal.is_some() {
        chance.weigh(&[(5.0, Way::Wifi), (2.0, Way::Roam), (1.0, Way::Interface), (0.7, Way::Route)])
    } else {
        chance.weigh(&[(4.0, Way::Cable), (2.0, Way::Interface), (1.0, Way::Route)])
    };
    let mean = chance.spread(20.0 * MINUTE, DAY);
    let away = match way {
        Way::Roam => (1.0, 30.0),
        Way::Wifi | Way::Cable | Way::Interface | Way::Route => {
            (chance.spread(3.0, 30.0), chance.spread(60.0, 2.0 * HOUR))
        }
    };
    if way == Way::Roam || chance.likely(0.6) {
        setup.ping_every(setup.ping_interval.min(chance.pick(&[10.0, 15.0, 30.0, 60.0])));
    }
    let fault = Fault::of_blows(move |scene, chance| {
        Some(lost(way, at_random(mean, scene, chance), chance.spread(away.0, away.1), scene.setup, chance))
    });
    Case::new(fault, mean * chance.whole(5, 40) as f64, mean).needing(2, 0)
}

fn lost(way: Way, at: f64, away: f64, setup: &Setup, chance: &mut Chance) -> Blow {
    let used = setup.host.interface;
    let of = |kind, detail: &str| change(kind, used, used, detail);
    let gone = of(DefaultRouteChanged, &format!("gone, was via 192.168.1.1 on {used}"));
    let back = of(DefaultRouteChanged, &format!("via 192.168.1.1 on {used}, was none"));
    let address = format!("{}/24", setup.host.address);
    let waiting =
        if matches!(way, Way::Cable | Way::Roam) { Unanswered::Unacked } else { Unanswered::NotSent };
    let dns = Refusal::resolver_failed(0.01);
    let refusals = match way {
        Way::Cable => vec![Refusal::no_route(), Refusal::resolver_failed(5.0)],
        Way::Wifi | Way::Roam | Way::Interface => vec![dns, Refusal::unreachable(), Refusal::network_down()],
        Way::Route => vec![dns, Refusal::unreachable()],
    };
    let blow = Blow::new(at, Deed::Silence(Some(away), waiting)).then(away, refusals);
    let late =
        if matches!(way, Way::Wifi | Way::Roam) { chance.between(0.0, away.min(6.0) * 0.9) } else { 0.0 };
    match way {
        Way::Cable => blow.tells(late, of(LinkDown, "")).tells(away, of(LinkUp, "")),
        Way::Roam => blow.tells(late, of(LinkDown, "")).tells(away * 0.95, of(LinkUp, "")),
        Way::Route => blow.tells(late, gone).tells(away, back),
        Way::Wifi | Way::Interface => blow
            .tells(late, of(LinkDown, ""))
            .tells(late + 0.01, of(AddressRemoved, &address))
            .tells(late + 0.02, gone)
            .tells((away - 1.0).max(late + 0.03), of(LinkUp, ""))
            .tells(away, of(AddressAdded, &address))
            .tells(away, back),
    }
}

/// Cases T1, T2, and ISP reconnects that give this host another address: no link event, but one of addresses; the old
/// address is dead. Leases of 1 to 24 h and their halves, VPNs and new networks at any time; a renewal that takes the
/// same address away and gives it back breaks some sessions.
pub(crate) fn address_change(setup: &mut Setup, chance: &mut Chance) -> Case {
    on_linux(setup);
    let leased = chance.likely(0.5);
    let mean = if leased {
        chance.pick(&[30.0 * MINUTE, HOUR, 2.0 * HOUR, 6.0 * HOUR, 12.0 * HOUR, DAY])
    } else {
        chance.spread(30.0 * MINUTE, DAY)
    };
    let same = leased && chance.likely(0.25);
    let six = !same && chance.likely(0.15);
    let routed = chance.likely(0.4);
    let mut address = setup.host.address.clone();
    let fault = Fault::of_blows(move |scene, chance| {
        let at = if leased { scene.now + chance.around(mean, 0.01) } else { at_random(mean, scene, chance) };
        let old = std::mem::take(&mut address);
        let blow = moved(at, (same, six, routed), (&old, scene.setup.host.interface), chance);
        address = blow.address.clone().unwrap_or(old);
        Some(blow)
    });
    Case::new(fault, (mean * chance.whole(5, 20) as f64).min(20.0 * DAY), mean).needing(2, 0)
}

fn moved(
    at: f64,
    (same, six, routed): (bool, bool, bool),
    (old, used): (&str, &str),
    chance: &mut Chance,
) -> Blow {
    let new = match (same, six) {
        (true, _) => old.to_owned(),
        (_, true) => format!("[2001:db8:{}::{}]", chance.hex(4), chance.hex(4)),
        _ => format!("{}.{}", chance.pick(&["192.168.7", "10.0.3", "172.20.4"]), chance.whole(2, 250)),
    };
    let away = chance.spread(0.05, 20.0);
    let told = |kind, address: &str| {
        let prefix = if address.starts_with('[') { 64 } else { 24 };
        change(kind, used, used, format!("{}/{prefix}", address.trim_matches(['[', ']'])))
    };
    let waiting = if chance.likely(0.7) { Unanswered::NotSent } else { Unanswered::Unacked };
    let heals = (same && chance.likely(0.3)).then_some(away);
    let mut blow = Blow::new(at, Deed::Silence(heals, waiting))
        .tells(0.0, told(AddressRemoved, old))
        .tells(away, told(AddressAdded, &new));
    if away > 1.0 {
        blow = blow.then(away, vec![Refusal::unreachable(), Refusal::resolver_failed(0.01)]);
    }
    if routed {
        let gone = format!("gone, was via 192.168.1.1 on {used}");
        let back = format!("via 192.168.1.1 on {used}, was none");
        blow = blow
            .tells(0.01, change(DefaultRouteChanged, used, used, gone))
            .tells(away + 0.02, change(DefaultRouteChanged, used, used, back));
    }
    blow.told.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    blow.address = Some(new);
    blow
}
