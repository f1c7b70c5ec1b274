//! Settings that do not fit: credentials, version, endpoint, waits.

use std::time::Duration;

use nwdiag::event::failure::StreamEnd;
use nwdiag::event::{Phase, Protocol};
use nwdiag::session::settings::ProtocolChoice;

use super::super::{DAY, MINUTE, over_websocket};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Doom, Fault, Look, Refusal};
use crate::world::setup::Setup;

/// Attempts are refused from the first to the last, each in this way.
fn never(refusal: Refusal, lasts: f64) -> Case {
    let fault = Fault::of_gate(move |_, _| Some(refusal.clone()));
    Case::new(fault, lasts, lasts).needing(0, 4).noise(Noise::None)
}

fn for_a_while(chance: &mut Chance) -> f64 {
    chance.spread(120.0, DAY)
}

/// Cases ZE1 to ZE4: CONNACK 4 or 5, 0x86, 0x87 or 0x8C, HTTP 401 or 403, a sign-in that is refused; never a session.
pub(crate) fn bad_credentials(setup: &mut Setup, chance: &mut Chance) -> Case {
    if chance.likely(0.1) {
        setup.reconnect.max_attempts = Some(u32::try_from(chance.whole(5, 20)).unwrap());
    }
    if chance.likely(0.06) {
        return never(Refusal::sign_in(), for_a_while(chance)).needing(0, 1).in_one_run();
    }
    let refusal = if setup.framed() && chance.likely(0.4) {
        Refusal::http(chance.pick(&[401, 403]))
    } else {
        match setup.protocol() {
            Protocol::V5 => Refusal::connack(chance.pick(&[0x86, 0x86, 0x87, 0x87, 0x8c])),
            Protocol::V311 => Refusal::connack(chance.pick(&[4, 5, 5, 5])),
        }
    };
    never(refusal, for_a_while(chance))
}

/// Cases ZF1, ZF5: the user's choice of a version that the broker does not speak: CONNACK 1, 0x84 in either framing; or a
/// broker that takes neither.
pub(crate) fn protocol_mismatch(setup: &mut Setup, chance: &mut Chance) -> Case {
    let refusal = match chance.whole(0, 9) {
        0..=5 => {
            setup.asked = ProtocolChoice::Only(Protocol::V5);
            Refusal::connack(chance.pick(&[1, 0x84, 0x84]))
        }
        6..=8 => {
            setup.asked = ProtocolChoice::Only(Protocol::V311);
            Refusal::connack(chance.pick(&[1, 1, 0x84]))
        }
        _ => {
            setup.asked = ProtocolChoice::Auto;
            let fault = Fault::of_gate(|scene, _| {
                Some(Refusal::connack(if scene.protocol == Protocol::V5 { 0x84 } else { 1 }))
            });
            let lasts = for_a_while(chance);
            return Case::new(fault, lasts, lasts).needing(0, 4).noise(Noise::None);
        }
    };
    never(refusal, for_a_while(chance))
}

/// Cases ZG1 to ZG5: 404 of another path or port, 400, 405, 426, a web page (200), a redirect, no subprotocol, another
/// one, an answer that is no HTTP, a close during the upgrade; never a session.
pub(crate) fn websocket_endpoint(setup: &mut Setup, chance: &mut Chance) -> Case {
    over_websocket(setup, chance);
    let refusal = match chance.whole(0, 9) {
        0..=3 => Refusal::http(404),
        4 | 5 => Refusal::http(chance.pick(&[400, 405, 426, 200, 301, 302])),
        6 => Refusal::no_subprotocol("without the subprotocol 'mqtt': is this an MQTT broker?"),
        7 => Refusal::no_subprotocol("with the subprotocol 'mqttv3.1', where 'mqtt' was asked for"),
        8 => Refusal::not_http(),
        _ => Refusal::closed_in(Phase::Websocket, &chance.pick(&[StreamEnd::Fin, StreamEnd::Reset])),
    };
    never(refusal, for_a_while(chance))
}

/// Cases K1 to K4, A15: waits of 1 to 900 ms that hardly grow, so that attempts come 30 to 600 times a minute for minutes
/// on end; the broker closes before CONNACK, or right after it, or refuses now and then, as an overloaded one does.
pub(crate) fn reconnect_storm(setup: &mut Setup, chance: &mut Chance) -> Case {
    let least = chance.spread(0.02, 0.5);
    setup.reconnect.min = Duration::from_secs_f64(least);
    setup.reconnect.max = Duration::from_secs_f64(least * chance.between(1.0, 2.0));
    setup.path.rtt_ms = setup.path.rtt_ms.min(100.0);
    setup.publisher = None;
    let lasts = chance.spread(5.0 * MINUTE, 14.0 * MINUTE);
    let from = lasts * chance.between(0.0, 0.3);
    let (closed, refused) = (chance.between(0.2, 1.0), chance.between(0.0, 0.5));
    let longest = chance.spread(0.05, 0.4);
    let fault = Fault::of_dooms(move |scene, chance| {
        let doomed = scene.now >= from;
        let age = if doomed { chance.spread(0.01, longest) } else { (from - scene.now).max(0.1) };
        vec![Doom::AtAge(age, Look::plain_close(scene.setup, chance))]
    })
    .with_gate(move |scene, chance| {
        let way = chance.weigh(&[(closed, 0), (refused, 1), (0.4, 2)]);
        let refusal = [Refusal::closed(StreamEnd::Fin), Refusal::refused()].get(way).cloned();
        refusal.filter(|_| scene.now >= from)
    });
    Case::new(fault, lasts, lasts).needing(0, 60).noise(Noise::None).in_one_run()
}
