//! Brokers that say why, and it is none of the other causes.

use super::super::{DAY, HOUR, at_random, ends, over_websocket};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Fault, Look};
use crate::world::setup::Setup;

/// Table 3.3: errors of client and implementation, busy, administrative action, another server, features that the
/// broker lacks. Not: 0x87, 0x8B, 0x8D, 0x8E, 0x93, 0x95 to 0x97, 0x9F, 0xA0, which have a cause of their own, nor 0x8F
/// and 0x90, which follow one particular packet.
const CODES: [(u8, Option<&str>); 19] = [
    (0x98, None),
    (0x98, Some("disconnected by administrator")),
    (0x98, Some("kicked")),
    (0x89, None),
    (0x89, Some("too busy")),
    (0x9c, None),
    (0x9c, Some("rebalancing")),
    (0x9d, None),
    (0x80, None),
    (0x81, None),
    (0x82, None),
    (0x83, None),
    (0x83, Some("internal error")),
    (0x94, None),
    (0x99, None),
    (0x9a, None),
    (0x9b, None),
    (0x9e, None),
    (0xa2, None),
];

/// Close codes of WebSocket that say something: protocol error, policy, server error, try again later.
const FRAMES: [(u16, &str); 5] = [
    (1002, ""),
    (1008, "policy violation"),
    (1011, "internal error"),
    (1011, "keepalive ping timeout"),
    (1013, "try again later"),
];

/// DISCONNECT with a code, mostly always the same, at irregular times; or a close frame with one.
pub(crate) fn server_disconnect(setup: &mut Setup, chance: &mut Chance) -> Case {
    let mean = chance.spread(900.0, 2.0 * DAY);
    let framed = chance.likely(0.25);
    if framed {
        over_websocket(setup, chance);
        setup.place.aws = false;
    } else {
        setup.speak_five();
    }
    let (code, words) = chance.pick(&CODES);
    let (close, reason) = chance.pick(&FRAMES);
    let elsewhere = matches!(code, 0x9c | 0x9d).then(|| "broker-2.example.net".to_owned());
    let fault = Fault::of_blows(move |scene, chance| {
        let look = if framed {
            Look::frame(close, reason, scene.setup, chance)
        } else {
            Look::Farewell(code, words.map(str::to_owned), elsewhere.clone())
        };
        Some(ends(at_random(mean, scene, chance), look))
    });
    Case::new(fault, (mean * chance.whole(3, 30) as f64 * 1.3).max(HOUR), mean).needing(3, 0)
}
