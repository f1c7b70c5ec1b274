//! Drops that have nothing to do with the cause, and journals without one: healthy and unclear.

use nwdiag::event::EnvironmentKind;

use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::appliances::{Appliances, Away};
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal, Scene, change};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// Plain drops beside those of a cause.
pub(crate) fn beside(noise: Noise, pace: f64, chance: &mut Chance) -> Vec<Fault> {
    let without = match noise {
        Noise::None => 1.0,
        Noise::Some => 0.5,
        Noise::Certain => 0.0,
    };
    let mut faults = vec![unrelated_changes(chance)];
    if !chance.likely(without) {
        let mean = pace / chance.between(0.08, 0.35);
        faults.push(Fault::of_blows(move |scene, chance| {
            let at = scene.now + chance.exponential(mean);
            Some(plain(at, scene, chance))
        }));
    }
    faults
}

/// One drop of a plain kind: a reset, a close, silence for ever or for a while, a lost link.
fn plain(at: f64, scene: &Scene<'_>, chance: &mut Chance) -> Blow {
    let setup = scene.setup;
    match chance.whole(0, 9) {
        0..=2 => Blow::new(at, Deed::End(Look::reset())),
        3 | 4 => Blow::new(at, Deed::End(Look::plain_close(setup, chance))),
        5..=7 => Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
        8 => {
            let lasts = chance.spread(5.0, 90.0);
            Blow::new(at, Deed::Silence(Some(lasts), Unanswered::Unacked))
                .then(lasts, vec![Refusal::Unanswered(nwdiag::event::Phase::Tcp)])
        }
        _ => lost_link(at, setup, chance),
    }
}

/// The interface in use loses its link for a while.
fn lost_link(at: f64, setup: &Setup, chance: &mut Chance) -> Blow {
    let lasts = chance.spread(4.0, 60.0);
    let used = setup.host.interface;
    Blow::new(at, Deed::Silence(Some(lasts), Unanswered::Unacked))
        .then(lasts, vec![Refusal::unreachable()])
        .tells(0.0, change(EnvironmentKind::LinkDown, used, used, ""))
        .tells(lasts, change(EnvironmentKind::LinkUp, used, used, ""))
}

/// What happens on a host without any harm: other interfaces come and go, the clock is set a little.
fn unrelated_changes(chance: &mut Chance) -> Fault {
    let mean = if chance.likely(0.4) { chance.spread(3600.0, 86_400.0) } else { f64::INFINITY };
    Fault::of_blows(move |scene, chance| {
        let at = scene.now + chance.exponential(mean);
        at.is_finite().then(|| harmless(at, scene, chance))
    })
}

fn harmless(at: f64, scene: &Scene<'_>, chance: &mut Chance) -> Blow {
    let setup = scene.setup;
    let used = setup.host.interface;
    match (setup.host.spare, chance.whole(0, 9)) {
        (_, 0) => {
            let error = scene.clock_error;
            let away = chance.spread(1.0, 20.0) * chance.pick(&[1.0, -1.0]);
            Blow::new(at, Deed::Step(if (1.0..30.0).contains(&error.abs()) { -error } else { away }))
        }
        (_, 1) => {
            let detail = format!("2001:db8::{}:{}/64", chance.hex(4), chance.hex(4));
            Blow::new(at, Deed::Nothing).tells(0.0, change(EnvironmentKind::AddressAdded, used, used, detail))
        }
        (Some(spare), _) => Blow::new(at, Deed::Nothing)
            .tells(0.0, change(EnvironmentKind::LinkUp, spare, used, ""))
            .tells(chance.spread(1.0, 3600.0), change(EnvironmentKind::LinkDown, spare, used, "")),
        (None, _) => Blow::new(at, Deed::Nothing),
    }
}

/// No drops, or long sessions with one in many days; short sleeps that a session survives.
pub(crate) fn healthy(setup: &mut Setup, chance: &mut Chance) -> Case {
    let lasts = chance.spread(600.0, 14.0 * 86_400.0);
    let naps = setup.host.linux && chance.likely(0.15);
    let refuses = setup.topics.len() > 1 && chance.likely(0.1);
    setup.refused_topic = refuses.then_some(1);
    let nap = chance.between(2.0, setup.keep_alive * 0.9);
    let fault = Fault::of_blows(move |scene, chance| {
        let at = scene.now + chance.exponential(86_400.0);
        naps.then(|| Blow::new(at, Deed::Suspend(nap, None)))
    });
    let mut case = Case::new(fault, lasts, f64::INFINITY)
        .needing(0, 0)
        .noise(Noise::None)
        .holding(|story| story.culprits.is_empty());
    case.appliances = appliances_that_are_well(lasts, chance);
    case
}

/// One or two plain drops, without a word, a status or an event.
pub(crate) fn unclear(setup: &mut Setup, chance: &mut Chance) -> Case {
    let lasts = chance.spread(900.0, 7.0 * 86_400.0);
    setup.path.loss = setup.path.loss.min(1e-3);
    let mut left = chance.whole(1, 2);
    let fault = Fault::of_blows(move |scene, chance| {
        left = left.checked_sub(1)?;
        let at = scene.now + chance.between(0.02, 0.48) * lasts;
        Some(unremarkable(at, scene, chance))
    });
    let mut case = Case::new(fault, lasts, f64::INFINITY)
        .needing(1, 0)
        .noise(Noise::None)
        .holding(|story| story.culprits.len() <= 2);
    case.appliances = appliances_that_are_well(lasts, chance);
    case
}

/// In some journals appliances are asked: they answer, but for an answer lost now and then, or a restart.
fn appliances_that_are_well(lasts: f64, chance: &Chance) -> Option<Appliances> {
    let mut chance = chance.clone();
    if chance.likely(0.5) {
        return None;
    }
    let mut appliances = Appliances::draw(lasts, chance.clone());
    let interval = appliances.interval;
    for appliance in &mut appliances.all {
        if chance.likely(0.2) {
            let from = chance.unit() * lasts;
            let until = from + chance.between(0.1, 0.9) * interval;
            let noticed_after = chance.spread(5.0, 600.0);
            appliance.away.push(Away { from, until, noticed_after, warns: None, fades: 0.0 });
        }
    }
    Some(appliances)
}

pub(crate) fn unremarkable(at: f64, scene: &Scene<'_>, chance: &mut Chance) -> Blow {
    let setup = scene.setup;
    match chance.whole(0, 5) {
        0 | 1 => Blow::new(at, Deed::End(Look::reset())),
        2 | 3 => Blow::new(at, Deed::End(Look::cut(setup, chance))),
        4 => Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
        _ => {
            let lasts = chance.spread(5.0, 90.0);
            Blow::new(at, Deed::Silence(Some(lasts), Unanswered::Unacked))
                .then(lasts, vec![Refusal::Unanswered(nwdiag::event::Phase::Tcp)])
        }
    }
}
