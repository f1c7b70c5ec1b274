//! Brokers that go away, for a while or for good.

use nwdiag::event::failure::StreamEnd;
use nwdiag::event::{Phase, Protocol};

use super::super::{DAY, HOUR, at_random, by_name};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// How a broker says that it goes: FIN of a stopped process, RST of a killed one, 0x8B, close code 1001 or 1012.
fn farewell(setup: &Setup, chance: &mut Chance) -> Look {
    match chance.whole(0, 9) {
        0..=3 => Look::cut(setup, chance),
        4 | 5 => Look::reset(),
        6 | 7 => Look::told(0x8b, 0.9, setup, chance),
        _ => Look::frame(chance.pick(&[1001, 1001, 1012]), "", setup, chance),
    }
}

/// What stands in for a broker that is down: nothing listens, or a proxy before it does.
fn absence(setup: &Setup, chance: &mut Chance) -> Vec<Refusal> {
    if setup.framed() && chance.likely(0.4) {
        return vec![Refusal::http(chance.pick(&[502, 503, 504]))];
    }
    if chance.likely(0.2) {
        let early = setup.encrypted() && chance.likely(0.5);
        let end = chance.pick(&[StreamEnd::Fin, StreamEnd::Reset]);
        let closed = if early { Refusal::closed_in(Phase::Tls, &end) } else { Refusal::closed(end) };
        return vec![Refusal::refused(), Refusal::refused(), closed];
    }
    vec![Refusal::refused()]
}

fn not_ready(setup: &Setup, chance: &mut Chance) -> Refusal {
    match setup.protocol() {
        Protocol::V5 => Refusal::connack(chance.pick(&[0x88, 0x88, 0x89])),
        Protocol::V311 => Refusal::connack(3),
    }
}

/// Cases X1 to X7, N1 to N5: away for 2 s to 20 min, some hours to days apart; back after refusals (TCP, 502 and 503
/// of a proxy, CONNACK 3 and 0x88 while it starts). Restarts that nobody can see (back before the first attempt) only
/// with 0x8B or a close code.
pub(crate) fn broker_restart(setup: &mut Setup, chance: &mut Chance) -> Case {
    let mean = chance.spread(HOUR, 2.0 * DAY);
    let away = (chance.spread(2.0, 60.0), chance.spread(60.0, 1200.0));
    let starts = chance.likely(0.25);
    let told = Look::told(0x8b, 1.0, setup, chance);
    let explicit = matches!(told, Look::Farewell(..)) && chance.likely(0.4);
    let quick = explicit && chance.likely(0.3);
    let refusals = absence(setup, chance);
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance);
        let look = if explicit { told.clone() } else { farewell(scene.setup, chance) };
        let blow = Blow::new(at, Deed::End(look));
        if quick {
            return Some(blow);
        }
        let blow = blow.then(chance.spread(away.0, away.1), refusals.clone());
        Some(if starts {
            blow.then(chance.spread(0.5, 20.0), vec![not_ready(scene.setup, chance)])
        } else {
            blow
        })
    });
    let case = Case::new(fault, mean * chance.whole(3, 14) as f64 * 1.3, mean);
    case.needing(3, if quick { 0 } else { 4 })
}

/// From the start, or from a drop on: refused, unanswered, no route to it, 502 and 503, CONNACK 3, 0x88 and 0x89; to the end
/// of the journal. Sessions before that are healthy.
pub(crate) fn broker_unavailable(setup: &mut Setup, chance: &mut Chance) -> Case {
    let lasts = chance.spread(900.0, 4.0 * DAY);
    let from = if chance.likely(0.5) { 0.0 } else { lasts * chance.between(0.02, 0.85) };
    let from = from.min(lasts - 720.0).max(0.0);
    let refusals = gone(setup, chance);
    let silent = matches!(refusals[0], Refusal::Unanswered(_));
    if silent {
        by_name(setup);
    }
    if chance.likely(0.15) {
        setup.reconnect.max_attempts = Some(u32::try_from(chance.whole(8, 40)).unwrap());
    }
    let mut left = from > 0.0;
    let fault = Fault::of_blows(move |scene, chance| {
        let due = std::mem::take(&mut left);
        let silence = Deed::Silence(None, Unanswered::Unacked);
        let deed = if silent { silence } else { Deed::End(farewell(scene.setup, chance)) };
        due.then(|| Blow::new(from, deed))
    })
    .with_gate(move |scene, chance| (scene.now >= from).then(|| chance.pick(&refusals)));
    Case::new(fault, lasts, lasts).needing(usize::from(from > 0.0), 6).noise(Noise::None).in_one_run()
}

fn gone(setup: &Setup, chance: &mut Chance) -> Vec<Refusal> {
    match chance.whole(0, 9) {
        0..=3 => vec![Refusal::refused()],
        4 | 5 => vec![Refusal::Unanswered(Phase::Tcp)],
        6 => vec![Refusal::no_route(), Refusal::no_route(), Refusal::Unanswered(Phase::Tcp)],
        7 if setup.framed() => vec![Refusal::http(chance.pick(&[502, 503, 504, 500]))],
        7 => vec![Refusal::NoConnack],
        _ => vec![not_ready(setup, chance)],
    }
}
