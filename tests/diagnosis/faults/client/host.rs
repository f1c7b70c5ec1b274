//! Hosts that sleep, and hosts that do not let us run.

use nwdiag::event::EnvironmentKind::{AddressAdded, LinkDown, LinkUp};

use super::super::{DAY, HOUR, MINUTE, at_random, on_linux};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal, change};
use crate::world::setup::Setup;

/// Cases O1 to O15, P1 to P4 (throttled, but as nwdiag would show it): our loop gets no turn for 0.2 to 4 keep-alive
/// periods, minutes to hours apart; where more than 1.5 of them passed since our last packet, the broker has closed,
/// with 0x8D or without a word, and we read it when we are back. Shorter hold-ups harm nobody.
pub(crate) fn keep_alive_late(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.keep_alive =
        chance.weigh(&[(4.0, 60.0), (1.0, 5.0), (1.5, 10.0), (2.0, 15.0), (1.0, 30.0), (0.7, 120.0)]);
    setup.ping_interval = if chance.likely(0.7) {
        setup.keep_alive
    } else {
        (setup.keep_alive * chance.between(0.4, 0.9)).round()
    };
    setup.greeting.server_keep_alive = None;
    let mean = chance.spread(10.0 * MINUTE, 8.0 * HOUR);
    let longest = chance.between(1.6, 4.0) * setup.keep_alive;
    let mut over = 0.0;
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance).max(over + 1.0);
        let lasts = chance.between(0.2 * scene.setup.keep_alive, longest);
        over = at + lasts;
        Some(Blow::new(at, Deed::Stall(lasts)))
    });
    Case::new(fault, (mean * chance.whole(9, 50) as f64).min(14.0 * DAY), mean).needing(4, 0)
}

/// Cases V1 to V3: sleeps of a minute to 14 h, once to many times a day; after one of more than the broker bears the
/// first packet meets a reset, or silence, or the end arrives late; Wi-Fi is back only some seconds later, with
/// another address now and then. Short sleeps end no session.
pub(crate) fn host_suspend(setup: &mut Setup, chance: &mut Chance) -> Case {
    on_linux(setup);
    let mean = chance.spread(HOUR, DAY);
    let longest = chance.spread(10.0 * MINUTE, 14.0 * HOUR);
    let wakes_slowly = chance.likely(0.6);
    let way = chance.weigh(&[(5.0, 0), (2.0, 1), (3.0, 2)]);
    let mut woke = 0.0;
    let fault = Fault::of_blows(move |scene, chance| {
        let at = woke + chance.exponential(mean);
        let lasts = chance.spread(20.0, longest);
        woke = at + lasts;
        let dead = lasts > 1.5 * scene.setup.keep_alive || chance.likely(0.3);
        let look = match way {
            0 => Look::reset(),
            1 => Look::plain_close(scene.setup, chance),
            _ => Look::Silence,
        };
        let blow = Blow::new(at, Deed::Suspend(lasts, dead.then_some(look)));
        Some(if wakes_slowly { waking(blow, scene.setup, chance) } else { blow })
    });
    Case::new(fault, mean * chance.whole(4, 20) as f64 * 1.5, mean).needing(2, 0)
}

/// The network comes up after the host.
fn waking(blow: Blow, setup: &Setup, chance: &mut Chance) -> Blow {
    let used = setup.host.interface;
    let up = chance.spread(0.5, 15.0);
    let refusals = vec![Refusal::unreachable(), Refusal::resolver_failed(0.01)];
    let blow = blow.then(up, refusals);
    if chance.likely(0.5) {
        return blow;
    }
    let address = format!("{}/24", setup.host.address);
    blow.tells(0.0, change(LinkDown, used, used, ""))
        .tells(up * 0.7, change(LinkUp, used, used, ""))
        .tells(up, change(AddressAdded, used, used, address))
}
