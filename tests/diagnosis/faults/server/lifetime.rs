//! Sessions that end at a fixed age.

use nwdiag::event::Transport;

use super::super::{DAY, HOUR, MINUTE, drops_of, keep_busy, over_websocket, watched};
use crate::chance::Chance;
use crate::scenario::{Case, Noise, Runs};
use crate::world::Story;
use crate::world::fault::{Doom, Fault, Look};
use crate::world::setup::Setup;

/// Cases D1 to D5, table 3.1: 86,400 s after connect, in a few journals up to a keep-alive later ("older text"); the
/// time of day creeps by the gap. An end without a word, as AWS closes. Four days to three weeks.
pub(crate) fn aws_websocket_lifetime(setup: &mut Setup, chance: &mut Chance) -> Case {
    if !setup.place.aws {
        setup.place.aws = true;
        setup.place.literal = false;
        setup.place.host =
            format!("a{}-ats.iot.{}.amazonaws.com", chance.hex(13), chance.pick(&["us-east-1", "eu-west-1"]));
        setup.place.peers = vec!["203.0.113.80".to_owned(), "203.0.113.81".to_owned()];
    }
    setup.move_to(Transport::Wss);
    setup.keep_alive = setup.keep_alive.max(30.0);
    setup.ping_interval = setup.ping_interval.max(10.0).min(setup.keep_alive);
    let slack = if chance.likely(0.2) { setup.keep_alive } else { chance.spread(0.05, 4.0) };
    let fault = Fault::of_dooms(move |scene, chance| {
        vec![Doom::AtAge(DAY + chance.between(0.0, slack), Look::plain_close(scene.setup, chance))]
    });
    let mut case = Case::new(fault, chance.between(5.2, 21.0) * DAY, DAY).needing(4, 0);
    case.at_aws = true;
    case.runs = if chance.likely(0.6) { Runs::One } else { Runs::Any };
    case
}

/// Cases E1 to E5, ZG6, N1: 2 min of an operator's SIM, 5 min of a WebSocket that nobody pings back, 300 s to 24 h of an
/// authorizer, 4, 12 and 14 h of mobile networks, or any other age; exact or within a percent; closed in order, reset,
/// silent, or with 0xA0 ("maximum connect time"). Pings and messages go on until the end. Ages near an hour only with
/// 0xA0: without a word they are a token's.
pub(crate) fn connection_lifetime(setup: &mut Setup, chance: &mut Chance) -> Case {
    if setup.place.aws {
        setup.move_to(Transport::Tls);
    }
    let told = chance.likely(0.3);
    let age = age(told, chance);
    if told {
        setup.speak_five();
    }
    if (age - 310.0).abs() < 1.0 {
        over_websocket(setup, chance);
        setup.place.aws = false;
    }
    keep_busy(setup, age, chance);
    let slack = if chance.likely(0.6) { chance.spread(0.02, 1.5) } else { age * chance.between(0.001, 0.01) };
    let way = chance.weigh(&[(6.0, 0), (2.0, 1), (1.0, 2), (1.0, 3)]);
    let fault = Fault::of_dooms(move |scene, chance| {
        let look = match way {
            _ if told => Look::code(0xa0),
            0 => Look::plain_close(scene.setup, chance),
            1 => Look::reset(),
            2 => Look::frame(1000, "", scene.setup, chance),
            _ => Look::Silence,
        };
        vec![Doom::AtAge(age + chance.between(0.0, slack), look)]
    });
    let case = Case::new(fault, watched(age, (6, 30), chance), age);
    let case = if told { case } else { case.noise(Noise::Certain) };
    case.holding(move |story| told || is_no_grid(story, age, slack))
}

fn age(told: bool, chance: &mut Chance) -> f64 {
    let known = [
        2.0 * MINUTE,
        300.0,
        300.0,
        310.0,
        10.0 * MINUTE,
        15.0 * MINUTE,
        20.0 * MINUTE,
        30.0 * MINUTE,
        2.0 * HOUR,
        4.0 * HOUR,
        6.0 * HOUR,
        8.0 * HOUR,
        12.0 * HOUR,
        14.0 * HOUR,
        DAY,
    ];
    loop {
        let age =
            if chance.likely(0.6) { chance.pick(&known) } else { chance.spread(120.0, 16.0 * HOUR).round() };
        if told || !(2900.0..4700.0).contains(&age) {
            return age;
        }
    }
}

/// The cycle starts afresh with each session: sessions of this age ended at different phases of the wall clock.
fn is_no_grid(story: &Story, age: f64, slack: f64) -> bool {
    let phases: Vec<f64> = drops_of(story, 0).iter().map(|(at, _)| at.rem_euclid(age)).collect();
    let apart = |a: f64, b: f64| (a - b).abs().min(age - (a - b).abs());
    let far = (5.0 * slack).max(0.04 * age);
    let strangers = phases.iter().filter(|phase| apart(**phase, phases[0]) > far).count();
    strangers >= 2
}
