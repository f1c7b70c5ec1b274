//! Names that cannot be resolved.

use nwdiag::event::Phase;

use super::super::{DAY, HOUR, at_random, by_name, ends};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// Cases ZB1 to ZB5: `EAI_AGAIN`, `EAI_NONAME`, no address, a resolver that says nothing. From the start; after one drop for
/// good; or for 20 s to 6 h after each of some drops of any plain kind.
pub(crate) fn dns_failure(setup: &mut Setup, chance: &mut Chance) -> Case {
    by_name(setup);
    let refusals = match chance.whole(0, 4) {
        0 | 1 => vec![Refusal::resolver_failed(chance.spread(0.005, 8.0).min(setup.connect_timeout * 0.9))],
        2 => vec![Refusal::no_such_name()],
        3 => vec![Refusal::no_address()],
        _ => vec![Refusal::Unanswered(Phase::Dns), Refusal::resolver_failed(3.0)],
    };
    match chance.whole(0, 9) {
        0 | 1 => {
            let fault = Fault::of_gate(move |_, chance| Some(chance.pick(&refusals)));
            Case::new(fault, chance.spread(300.0, DAY), HOUR).needing(0, 5).noise(Noise::None)
        }
        2 | 3 => {
            let lasts = chance.spread(HOUR, 3.0 * DAY);
            let from = lasts * chance.between(0.05, 0.8);
            let mut left = true;
            let fault = Fault::of_blows(move |_, _| {
                std::mem::take(&mut left).then(|| Blow::new(from, Deed::Silence(None, Unanswered::Unacked)))
            })
            .with_gate(move |scene, chance| (scene.now >= from).then(|| chance.pick(&refusals)));
            Case::new(fault, lasts, lasts).needing(1, 6).noise(Noise::None)
        }
        _ => now_and_then(refusals, chance),
    }
}

fn now_and_then(refusals: Vec<Refusal>, chance: &mut Chance) -> Case {
    let mean = chance.spread(HOUR, DAY);
    let longest = chance.spread(60.0, 6.0 * HOUR);
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance);
        let blow = match chance.whole(0, 2) {
            0 => ends(at, Look::reset()),
            1 => ends(at, Look::cut(scene.setup, chance)),
            _ => Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
        };
        Some(blow.then(chance.spread(20.0, longest), refusals.clone()))
    });
    Case::new(fault, mean * chance.whole(4, 12) as f64 * 1.3, mean).needing(2, 6)
}
