//! Two clients, one name.

use super::super::{HOUR, MINUTE, at_random, ends, watched};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Doom, Fault, Look};
use crate::world::setup::Setup;

/// Cases A1 to A16: the twin is back after its own delay (1 to 60 s, or at once: as long as its handshake takes), always
/// the same or within a third, or growing up to a bound while its sessions are short; we come back after ours, each
/// time at once accepted. 0x8E where MQTT 5 is spoken and the broker tells (EMQX and mosquitto did not always), else a
/// close without a word. In some journals the twin works only now and then (A10): then 0x8E is the only sign.
pub(crate) fn duplicate_client_id(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.name_client(chance);
    if chance.likely(0.12) {
        return visits(setup, chance);
    }
    let handshake = (4.0 * setup.path.rtt_ms / 1e3 + 0.01).max(0.05);
    let delay = match chance.whole(0, 9) {
        0..=2 => chance.spread(0.02, 1.0),
        3..=7 => chance.pick(&[1.0, 2.0, 3.0, 5.0, 5.0, 10.0]),
        _ => chance.pick(&[15.0, 20.0, 30.0, 60.0]),
    };
    let scatter = chance.weigh(&[(5.0, 0.03), (3.0, 0.12), (2.0, 0.33)]);
    let grows = chance.likely(0.15);
    let told = chance.likely(0.6);
    let mut wait = delay;
    let mut last = f64::NEG_INFINITY;
    let fault = Fault::of_dooms(move |scene, chance| {
        let stable = scene.now - last > 30.0;
        wait = if grows && !stable { (wait * 2.0).min(60.0) } else { delay };
        last = scene.now;
        let look = Look::told(0x8e, if told { 1.0 } else { 0.0 }, scene.setup, chance);
        vec![Doom::AtAge(handshake + chance.around(wait, scatter), look)]
    });
    let gap = if delay < 29.0 { setup.reconnect.max.as_secs_f64() * 0.75 } else { 0.5 };
    let pace = delay + gap;
    Case::new(fault, watched(pace, (10, 80), chance).max(20.0 * MINUTE), pace).needing(6, 0)
}

/// The twin comes at odd times and stays away after it was pushed off.
fn visits(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.speak_five();
    let mean = chance.spread(HOUR, 24.0 * HOUR);
    let fault =
        Fault::of_blows(move |scene, chance| Some(ends(at_random(mean, scene, chance), Look::code(0x8e))));
    Case::new(fault, mean * chance.whole(4, 15) as f64 * 1.3, mean).needing(3, 0)
}
