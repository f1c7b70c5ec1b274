//! Silence that something on the path does not bear.

use super::super::{HOUR, MINUTE, hear, watched};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Doom, Fault, Look, Way};
use crate::world::setup::{Publisher, Setup, Traffic};

/// Tables 3.7, cases L1 to L14: nginx, ALB, `HAProxy`, Cloudflare, Gateway, stream proxies, brokers.
const PROXIES: [f64; 14] =
    [30.0, 50.0, 55.0, 60.0, 60.0, 60.0, 90.0, 100.0, 120.0, 180.0, 270.0, 600.0, 1200.0, HOUR];
/// Cases M1 to M8: balancers, NAT gateways, mobile networks, home routers, firewalls.
const TABLES: [f64; 16] = [
    60.0, 120.0, 180.0, 240.0, 240.0, 270.0, 300.0, 300.0, 350.0, 350.0, 350.0, 600.0, 900.0, 1200.0, 1800.0,
    HOUR,
];
const INTERVALS: [f64; 14] =
    [45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 400.0, 600.0, 900.0, 1200.0, 1800.0, HOUR, 2.0 * HOUR];

/// What looks after the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Closes at the moment, going by the way given.
    Proxy(Way),
    /// Answers the next packet with a reset.
    Resets,
    /// Says nothing: the next packet is lost.
    Forgets,
}

/// Pings come more rarely than the limit T, from these tables or any between 20 s and an hour. Traffic is none, random
/// about T, in groups, or regular with longer gaps, so that sessions have many lengths or always the same. A proxy
/// closes at T after the last packet (of ours alone, in a few journals: the client side of `HAProxy`; probes then start sessions over), to the second or
/// a little later; a NAT shows at the next packet.
pub(crate) fn idle_timeout(setup: &mut Setup, chance: &mut Chance) -> Case {
    let one_way = if chance.likely(0.12) { Way::Out } else { Way::Both };
    let kind = chance.weigh(&[(5.0, Kind::Proxy(one_way)), (2.2, Kind::Resets), (2.8, Kind::Forgets)]);
    let limit = limit(kind, chance);
    let longer: Vec<f64> = INTERVALS.into_iter().filter(|interval| *interval > limit * 1.08 + 1.0).collect();
    let interval = longer[usize::try_from(chance.whole(0, (longer.len() as u64 - 1).min(4))).unwrap()];
    setup.keep_alive = interval;
    setup.ping_interval = interval;
    setup.greeting.server_keep_alive = None;
    setup.publisher = None;
    setup.path.loss = setup.path.loss.min(2e-3);
    let pace = traffic(setup, kind, limit, chance).max(limit);
    let slack = chance.spread(0.01, (limit * 0.02).clamp(0.05, 5.0));
    let fault = Fault::of_dooms(move |scene, chance| {
        let limit = limit + chance.between(0.0, slack);
        vec![match kind {
            Kind::Proxy(way) => Doom::Closed(way, limit, Look::cut(scene.setup, chance)),
            Kind::Resets => Doom::Forgotten(limit, Look::reset()),
            Kind::Forgets => Doom::Forgotten(limit, Look::Silence),
        }]
    });
    Case::new(fault, watched(pace, (6, 40), chance), pace)
}

fn limit(kind: Kind, chance: &mut Chance) -> f64 {
    let known = chance.likely(0.75);
    match kind {
        Kind::Proxy(_) if known => chance.pick(&PROXIES),
        Kind::Resets | Kind::Forgets if known => chance.pick(&TABLES),
        Kind::Proxy(_) | Kind::Resets | Kind::Forgets => chance.spread(20.0, 60.0 * MINUTE).round(),
    }
}

/// What arrives; the mean time to a gap above the limit.
fn traffic(setup: &mut Setup, kind: Kind, limit: f64, chance: &mut Chance) -> f64 {
    if kind == Kind::Proxy(Way::Out) {
        hear(setup, Traffic::Regular((limit * chance.between(0.05, 0.4)).max(1.0)));
        setup.topics.iter_mut().for_each(|topic| topic.1 = 0);
        let interval = limit * chance.between(1.2, 3.0);
        setup.publisher = Some(Publisher { interval, ..Publisher::probe(chance) });
        return limit;
    }
    match chance.weigh(&[(3.0, 'i'), (4.0, 'r'), (2.0, 'b'), (1.5, 'g')]) {
        'i' => {
            setup.traffic = Traffic::Idle;
            if kind == Kind::Proxy(Way::Both) { limit } else { setup.ping_interval }
        }
        'r' => {
            let mean = limit * chance.between(0.3, 1.5);
            hear(setup, Traffic::Random(mean));
            mean * (limit / mean).exp()
        }
        'b' => {
            let every = limit * chance.between(0.8, 4.0);
            hear(setup, Traffic::Bursts(every, chance.whole(3, 20), chance.spread(0.1, 2.0)));
            every.max(limit)
        }
        _ => {
            let every = limit * chance.between(1.1, 4.0);
            hear(setup, Traffic::Regular(every));
            limit
        }
    }
}
