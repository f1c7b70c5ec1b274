//! Appliances behind the broker that cannot be reached, while our own connection is fine.

use nwdiag::event::{Event, Observation};

use super::{DAY, HOUR};
use crate::chance::Chance;
use crate::noise;
use crate::scenario::{Case, Noise};
use crate::world::appliances::{Appliance, Appliances, Away};
use crate::world::fault::Fault;
use crate::world::setup::Setup;

/// One appliance of one to four, or all of them with the Wi-Fi of the house: gone for good, from the start, for a while,
/// now and then, or on a link so bad that answers get lost; the service notices within two minutes, late, or never, or its
/// list cannot be had. A part warns before: error 596, a fading signal. Drops, if any, are one or two plain ones.
pub(crate) fn appliance_offline(_: &mut Setup, chance: &mut Chance) -> Case {
    let lasts = chance.spread(2.0 * HOUR, 10.0 * DAY);
    let mut appliances = Appliances::draw(lasts, Chance::new(chance.whole(0, u64::MAX)));
    let interval = appliances.interval;
    let all = chance.likely(0.3);
    let bad_link = chance.likely(0.12);
    let spells = spells(lasts, interval, chance);
    let away = if all { appliances.all.len() } else { 1 };
    for appliance in &mut appliances.all[..away] {
        if bad_link {
            weaken(appliance, chance);
        } else {
            appliance.away.clone_from(&spells);
        }
    }
    let names: Vec<String> = appliances.all[..away].iter().map(|appliance| appliance.name.clone()).collect();
    let mut left = if chance.likely(0.6) { 0 } else { chance.whole(1, 2) };
    let drops = Fault::of_blows(move |scene, chance| {
        left = left.checked_sub(1)?;
        let at = scene.now + chance.between(0.02, 0.48) * lasts;
        Some(noise::unremarkable(at, scene, chance))
    });
    let mut case = Case::new(drops, lasts, lasts)
        .needing(0, 0)
        .noise(Noise::None)
        .holding(move |story| names.iter().all(|name| silent(&story.records, name) >= 3));
    case.appliances = Some(appliances);
    case
}

/// When they are away.
fn spells(lasts: f64, interval: f64, chance: &mut Chance) -> Vec<Away> {
    let noticed_after = chance.weigh(&[(5.0, 60.0), (1.0, 1800.0), (2.0, f64::INFINITY)]);
    let warns = chance.likely(0.2).then_some(596);
    let fades = if chance.likely(0.3) { chance.between(8.0, 25.0) } else { 0.0 };
    let spell = |from: f64, length: f64| Away { from, until: from + length, noticed_after, warns, fades };
    match chance.weigh(&[(3.0, 0), (1.0, 1), (3.0, 2), (2.0, 3)]) {
        0 => vec![spell(chance.between(0.05, 0.8) * lasts, f64::INFINITY)],
        1 => vec![spell(0.0, f64::INFINITY)],
        2 => {
            let length = chance.spread(4.0 * interval, (0.4 * lasts).max(5.0 * interval));
            vec![spell(chance.between(0.05, 0.6) * lasts, length)]
        }
        _ => {
            let mean = lasts / chance.whole(4, 12) as f64;
            let mut from = 0.0;
            let count = chance.whole(3, 12);
            (0..count)
                .map(|_| {
                    from += chance.exponential(mean);
                    let length = chance.spread(1.5 * interval, 6.0 * interval);
                    let away = spell(from, length);
                    from += length;
                    away
                })
                .collect()
        }
    }
}

/// A link on which a good part of the answers get lost.
fn weaken(appliance: &mut Appliance, chance: &mut Chance) {
    appliance.lost = chance.between(0.2, 0.6);
    appliance.wifi_dbm = Some(chance.between(-92.0, -76.0));
}

/// How many requests to this appliance stayed unanswered.
fn silent(records: &[Observation], name: &str) -> usize {
    let of = |record: &&Observation| matches!(&record.event, Event::Device(probe) if probe.device == name && probe.answered == Some(false));
    records.iter().filter(of).count()
}
