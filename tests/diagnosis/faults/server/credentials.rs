//! Credentials that run out, and the broker's own: its certificate.

use std::cell::Cell;
use std::rc::Rc;

use nwdiag::event::Protocol;
use nwdiag::event::failure::{StreamEnd, TlsAlert};

use super::super::{DAY, HOUR, MINUTE, at_random, ends, keep_busy, over_tls};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Deed, Doom, Fault, Look, Refusal};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// Cases F1 to F17: tokens of 10 min (JWT), 30 min, 1 h (SAS, Cognito, Google, BMW), 6 h, 24 h.
/// (a) The session ends with the token, up to 10 min of grace later, and reconnects are refused until a new one is
/// there (some seconds to minutes, or the deep attempt, which renews), or 0x87 says so.
/// (b) The session outlives the token; after a drop of another kind reconnects are refused until the deep attempt, or for
/// ever.
/// (c) PUBACKs stop and pings do not, until what is in flight fills the window; then as (a).
pub(crate) fn credential_expiry(setup: &mut Setup, chance: &mut Chance) -> Case {
    let life = chance.weigh(&[
        (5.0, HOUR),
        (1.0, 10.0 * MINUTE),
        (1.0, 30.0 * MINUTE),
        (1.0, 2.0 * HOUR),
        (1.0, 6.0 * HOUR),
        (0.7, DAY),
    ]);
    keep_busy(setup, life, chance);
    setup.publisher = setup.publisher.take().filter(|publisher| publisher.interval * 4.0 < life);
    match chance.weigh(&[(4.5, 'a'), (1.5, 'w'), (3.2, 'b'), (0.8, 'c')]) {
        'a' => ends_with_token(setup, life, chance),
        'w' => ends_with_a_word(setup, life, chance),
        'b' => outlives_token(setup, life, chance),
        _ => falls_mute(setup, life, chance),
    }
}

/// How an expired token is refused.
fn refusal(setup: &Setup, chance: &mut Chance) -> Refusal {
    if setup.framed() && (setup.place.aws || chance.likely(0.4)) {
        return Refusal::http(chance.pick(&[401, 403, 403]));
    }
    match (setup.protocol(), chance.likely(0.2)) {
        (Protocol::V5, true) => Refusal::connack_saying(0x87, "token expired"),
        (Protocol::V5, false) => Refusal::connack(chance.pick(&[0x86, 0x87, 0x87])),
        (Protocol::V311, _) => Refusal::connack(chance.pick(&[5, 5, 5, 4])),
    }
}

fn end_of_token(setup: &Setup, chance: &mut Chance) -> Look {
    if chance.likely(0.3) { Look::reset() } else { Look::told(0x87, 0.3, setup, chance) }
}

/// (a): the token is made with each accepted connection, and renewed by others some time after it ran out.
fn ends_with_token(setup: &mut Setup, life: f64, chance: &mut Chance) -> Case {
    let grace = chance.pick(&[0.0, 0.0, 30.0, 300.0, 600.0]);
    let jitter = chance.spread(0.1, 30.0);
    let renewal = if chance.likely(0.3) { f64::INFINITY } else { chance.spread(20.0, 600.0) };
    let refusal = refusal(setup, chance);
    let expired = Rc::new(Cell::new(f64::INFINITY));
    let (made, held) = (Rc::clone(&expired), expired);
    let look = end_of_token(setup, chance);
    let fault = Fault::of_dooms(move |scene, chance| {
        let lasts = life + grace + chance.between(0.0, jitter);
        made.set(scene.now + lasts);
        vec![Doom::AtAge(lasts, look.clone())]
    })
    .with_gate(move |scene, _| {
        let stale =
            scene.now >= held.get() && scene.now < held.get() + renewal && held.get() > scene.run_began;
        (stale && !scene.deep).then(|| refusal.clone())
    });
    Case::new(fault, life * chance.whole(4, 20) as f64 * 1.2, life + grace).needing(3, 6)
}

/// (a) with 0x87 and words about the token; the client mints another and is back at once.
fn ends_with_a_word(setup: &mut Setup, life: f64, chance: &mut Chance) -> Case {
    setup.speak_five();
    let grace = chance.pick(&[0.0, 0.0, 60.0, 300.0]);
    let words =
        chance.pick(&["token expired", "JWT expired", "authentication expired", "credentials expired"]);
    let fault = Fault::of_dooms(move |_, chance| {
        let look = Look::Farewell(0x87, Some(words.to_owned()), None);
        vec![Doom::AtAge(life + grace + chance.between(0.0, 5.0), look)]
    });
    Case::new(fault, life * chance.whole(6, 20) as f64 * 1.2, life + grace)
}

/// (b): drops of other kinds; an attempt with an old token is refused, the deep one has a new one.
fn outlives_token(setup: &mut Setup, life: f64, chance: &mut Chance) -> Case {
    let mean = life * chance.between(0.8, 3.0);
    let refusal = refusal(setup, chance);
    let renews = chance.likely(0.75);
    let issued = Rc::new(Cell::new((f64::NEG_INFINITY, f64::NEG_INFINITY)));
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance);
        Some(match chance.whole(0, 3) {
            0 => ends(at, Look::reset()),
            1 => ends(at, Look::plain_close(scene.setup, chance)),
            _ => crate::world::fault::Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
        })
    })
    .with_gate(move |scene, _| {
        let (run, made) = issued.get();
        if run < scene.run_began || (renews && scene.deep) {
            issued.set((scene.run_began, scene.now));
            return None;
        }
        (scene.now - made > life).then(|| refusal.clone())
    });
    Case::new(fault, mean * chance.whole(4, 14) as f64, mean).needing(2, 7).noise(Noise::None)
}

/// (c): F15.
fn falls_mute(setup: &mut Setup, life: f64, chance: &mut Chance) -> Case {
    let mut publisher = crate::world::setup::Publisher::probe(chance);
    publisher.interval = chance.pick(&[10.0, 30.0, 60.0]);
    let filled = 16.0 * publisher.interval;
    setup.publisher = Some(publisher);
    let expired = Rc::new(Cell::new(f64::INFINITY));
    let (made, held) = (Rc::clone(&expired), expired);
    let refusal = refusal(setup, chance);
    let renewal = chance.spread(30.0, 400.0);
    let fault = Fault::of_dooms(move |scene, chance| {
        made.set(scene.now + life + filled);
        vec![Doom::Muted(life), Doom::InFlight(16, Look::plain_close(scene.setup, chance))]
    })
    .with_gate(move |scene, _| {
        let stale = scene.now >= held.get() - 60.0
            && scene.now < held.get() + renewal
            && held.get() > scene.run_began;
        (stale && !scene.deep).then(|| refusal.clone())
    });
    Case::new(fault, (life + filled) * chance.whole(5, 14) as f64 * 1.2, life + filled).needing(3, 4)
}

/// The same by number (RFC 8446, section 6).
const ALERT_NUMBERS: [u8; 5] = [116, 48, 42, 45, 46];
const ALERTS: [&str; 5] =
    ["certificate required", "unknown ca", "bad certificate", "certificate expired", "certificate unknown"];

/// Cases ZC1 to ZC7: not trusted (private CA, old root, short chain, CA made anew), expired, for another name, without
/// subjectAltName, of a kind that rustls refuses; alerts about ours. From the start, or from the first reconnect after
/// a date, for good or until it was renewed; few drops before. Not "not yet valid": that is a clock.
pub(crate) fn tls_certificate(setup: &mut Setup, chance: &mut Chance) -> Case {
    over_tls(setup, chance);
    let lasts = chance.spread(600.0, 6.0 * DAY);
    let from_start = chance.likely(0.5);
    let from = if from_start { 0.0 } else { lasts * chance.between(0.1, 0.6) };
    let until =
        if chance.likely(0.25) { from + (lasts - from) * chance.between(0.3, 0.8) } else { f64::INFINITY };
    let refusal = bad_certificate(setup, from, chance);
    let mean = lasts * chance.between(0.2, 0.6);
    let fault = if from_start { Fault::default() } else { plain_drops(mean) };
    let fault = fault.with_gate(move |scene, _| (from..until).contains(&scene.now).then(|| refusal.clone()));
    Case::new(fault, lasts, mean).needing(0, 4).noise(Noise::None)
}

fn plain_drops(mean: f64) -> Fault {
    Fault::of_blows(move |scene, chance| {
        let look = if chance.likely(0.5) { Look::reset() } else { Look::plain_close(scene.setup, chance) };
        Some(ends(at_random(mean, scene, chance), look))
    })
}

fn bad_certificate(setup: &Setup, from: f64, chance: &mut Chance) -> Refusal {
    let host = &setup.place.host;
    let expired =
        setup.begins + chrono::TimeDelta::seconds(whole(from) - if from == 0.0 { 90_000 } else { 30 });
    let shown = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let signed = "the broker's certificate is not trusted: neither it nor the chain that the broker sends is signed by";
    match chance.whole(0, 7) {
        0 | 1 => Refusal::certificate(format!(
            "a certificate of the broker's chain expired at {} (this host's clock says {})",
            shown(expired),
            shown(expired + chrono::TimeDelta::seconds(60))
        )),
        2 | 3 => Refusal::certificate(format!(
            "{signed} a root that this host trusts (for a private CA pass its certificate as --cafile)"
        )),
        4 => Refusal::certificate(format!(
            "the broker's certificate is for another name: it is for 'broker.internal', not for '{host}'"
        )),
        5 => Refusal::certificate(format!(
            "the broker's certificate has no subjectAltName: a name in CN only is no longer taken, though some \
             clients still do; issue it anew for '{host}'"
        )),
        6 => Refusal::alert(chance.pick(&ALERTS)),
        // TLS 1.3 refuses our certificate only after CONNECT went out.
        _ => Refusal::closed(StreamEnd::TlsAlert(TlsAlert(chance.pick(&ALERT_NUMBERS)))),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a few weeks")]
fn whole(seconds: f64) -> i64 {
    seconds.round() as i64
}
