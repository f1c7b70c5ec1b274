//! Clocks that are wrong.

use chrono::TimeDelta;
use nwdiag::event::{Environment, EnvironmentKind, Transport};

use super::super::{DAY, HOUR, by_name, ends, over_tls};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal, Scene};
use crate::world::setup::Setup;

/// Table 3.1 of the contract: from here on signatures fail (AWS allows 5 min).
const SIGNATURES_FAIL: f64 = 300.0;

/// Cases ZD1 to ZD4, W-like steps: a clock that is years back when the run begins (1970, 2000, the date of the last
/// shutdown) and is set 5 s to 2 h later, or never; a clock off by 6 min to days against AWS, where signatures fail
/// (403) until it is set; steps in the middle of a run that make the next attempts fail until another step. Told by
/// `clock_step`, in a part of the journals by `clock_offset`, or by the dates alone.
pub(crate) fn clock_wrong(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.host.linux = true;
    if chance.likely(0.55) { dates_fail(setup, chance) } else { signatures_fail(setup, chance) }
}

/// Certificates are not valid yet.
fn dates_fail(setup: &mut Setup, chance: &mut Chance) -> Case {
    over_tls(setup, chance);
    let lasts = chance.spread(600.0, 3.0 * DAY);
    let behind = match chance.whole(0, 3) {
        0 => setup.begins.timestamp() as f64 - chance.between(0.0, 120.0),
        1 => setup.begins.timestamp() as f64 - 946_684_800.0,
        _ => chance.spread(40.0, 1500.0) * DAY,
    };
    let set_after =
        if chance.likely(0.85) { chance.spread(8.0, 2.0 * HOUR).min(lasts * 0.8) } else { f64::INFINITY };
    let valid_from = setup.begins - TimeDelta::days(i64::try_from(chance.whole(1, 30)).unwrap());
    let begins = setup.begins;
    let mut left = set_after.is_finite();
    let fault = Fault::of_blows(move |_, _| {
        std::mem::take(&mut left).then(|| Blow::new(set_after, Deed::Step(behind)))
    })
    .with_gate(move |scene, _| {
        let wall = begins + TimeDelta::milliseconds(whole((scene.now + scene.clock_error) * 1e3));
        let shown = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        (wall < valid_from).then(|| {
            Refusal::certificate(format!(
                "a certificate of the broker's chain is not valid before {} (this host's clock says {}: is it right?)",
                shown(valid_from),
                shown(wall)
            ))
        })
    });
    let mut case = Case::new(fault, lasts, lasts).needing(0, 2).noise(Noise::None).in_one_run();
    case.clock_error = -behind;
    case
}

/// AWS does not take a signature of another time: 403 to the upgrade, while the clock is off by more than 5 min.
fn signatures_fail(setup: &mut Setup, chance: &mut Chance) -> Case {
    by_name(setup);
    setup.place.aws = true;
    setup.place.host = format!("a{}-ats.iot.eu-west-1.amazonaws.com", chance.hex(13));
    setup.move_to(Transport::Wss);
    let lasts = chance.spread(HOUR, 20.0 * HOUR);
    let off = chance.spread(360.0, 3.0 * DAY) * chance.pick(&[1.0, -1.0]);
    let from_start = chance.likely(0.4);
    let from = if from_start { 0.0 } else { lasts * chance.between(0.1, 0.5) };
    let set =
        if chance.likely(0.8) { from + (lasts - from) * chance.between(0.1, 0.8) } else { f64::INFINITY };
    let tells_offset = from_start && set.is_infinite() || chance.likely(0.4);
    let gap = chance.spread(2.0, 60.0);
    let mut left = vec![Blow::new(set, Deed::Step(-off))];
    if !from_start {
        left.push(ends(from + gap, Look::cut(setup, chance)));
    }
    let mut step = Blow::new(from + 0.001, if from_start { Deed::Nothing } else { Deed::Step(off) });
    if tells_offset {
        step = step.tells(1.0, offset(off));
    }
    left.push(step);
    let fault =
        Fault::of_blows(move |_: &Scene<'_>, _: &mut Chance| left.pop().filter(|blow| blow.at.is_finite()))
            .with_gate(|scene, _| (scene.clock_error.abs() > SIGNATURES_FAIL).then(|| Refusal::http(403)));
    let mut case = Case::new(fault, lasts, lasts).needing(0, 3).noise(Noise::None).in_one_run();
    case.clock_error = if from_start { off } else { 0.0 };
    case
}

fn offset(seconds: f64) -> Environment {
    Environment {
        detail: "against the date of the service's answer".to_owned(),
        seconds: Some(nwdiag::event::rounded(seconds, 1e6)),
        ..Environment::new(EnvironmentKind::ClockOffset)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
fn whole(milliseconds: f64) -> i64 {
    milliseconds.round() as i64
}
