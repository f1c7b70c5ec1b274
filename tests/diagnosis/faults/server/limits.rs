//! Limits on connecting.

use std::cell::Cell;
use std::rc::Rc;

use nwdiag::event::failure::StreamEnd;
use nwdiag::event::{Phase, Protocol};

use super::super::at_random;
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// Cases J1 to J6, Y1 to Y5: after a drop, attempts are refused as long as the last one was less than 5 to 100 s ago
/// ("the retry loop itself keeps the limiter armed"), or until so much time has passed since the limit was hit.
/// 0x9F, 0x97, CONNACK 6 and 7 (Adafruit), HTTP 429; in a few journals a close instead of CONNACK, each time when
/// attempts came soon after each other, and never after a pause.
pub(crate) fn connect_rate_limit(setup: &mut Setup, chance: &mut Chance) -> Case {
    let told = chance.likely(0.95);
    let quiet = chance.spread(5.0, 55.0).min(setup.reconnect.max.as_secs_f64() * 0.45);
    let mean = chance.spread(600.0, 14_400.0);
    let refusals = refusals(setup, told, chance);
    let tried = Rc::new(Cell::new((f64::NEG_INFINITY, false)));
    let dropped = Rc::clone(&tried);
    let kick = Look::told(if told { 0x9f } else { 0x97 }, if told { 0.4 } else { 0.0 }, setup, chance);
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance);
        let deed = match if told { chance.whole(0, 3) } else { 3 } {
            0 => Deed::End(Look::reset()),
            1 => Deed::Silence(None, Unanswered::Unacked),
            _ => Deed::End(kick.clone()),
        };
        Some(Blow::new(at, deed))
    })
    .with_dooms(move |_, _| {
        dropped.set((f64::NEG_INFINITY, true));
        Vec::new()
    })
    .with_gate(move |scene, chance| {
        let (last, armed) = tried.get();
        let first = armed && scene.failures == 0;
        tried.set((scene.now, armed));
        (first || (armed && scene.now - last < quiet)).then(|| chance.pick(&refusals))
    });
    let episodes = if told { chance.whole(3, 12) } else { chance.whole(8, 20) };
    Case::new(fault, mean * episodes as f64 * 1.3, mean)
        .needing(if told { 3 } else { 6 }, if told { 6 } else { 14 })
        .noise(Noise::None)
}

fn refusals(setup: &Setup, told: bool, chance: &mut Chance) -> Vec<Refusal> {
    if !told {
        let end = chance.pick(&[StreamEnd::Fin, StreamEnd::Reset]);
        let early = setup.encrypted() && chance.likely(0.3);
        return vec![if early { Refusal::closed_in(Phase::Tls, &end) } else { Refusal::closed(end) }];
    }
    if setup.framed() && chance.likely(0.4) {
        return vec![Refusal::http(429)];
    }
    match setup.protocol() {
        Protocol::V5 => vec![Refusal::connack(chance.pick(&[0x9f, 0x9f, 0x97]))],
        Protocol::V311 => vec![Refusal::connack(chance.pick(&[6, 6, 7]))],
    }
}
