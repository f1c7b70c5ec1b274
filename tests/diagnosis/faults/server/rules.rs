//! Rules for packets: what may be subscribed to and published, how large, how fast.

use nwdiag::event::Protocol;

use super::super::{hear, watched};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::fault::{Doom, Fault, Look, Packet};
use crate::world::setup::{Publisher, Setup, Traffic};

/// How a broker ends it: with a code, or without a word.
fn verdict(code: u8, share: f64, setup: &Setup, chance: &mut Chance) -> Look {
    if chance.likely(0.2) { Look::reset() } else { Look::told(code, share, setup, chance) }
}

/// Cases G1 to G10: the end follows a SUBSCRIBE or a PUBLISH by a round trip to a second, each time; 0x87 where the
/// broker tells. A SUBSCRIBE gets no SUBACK, or one that refuses. A PUBLISH is a probe, on its schedule, and a kept
/// session sends it again.
pub(crate) fn authorization_violation(setup: &mut Setup, chance: &mut Chance) -> Case {
    let subscribes = chance.likely(0.55);
    let rtt = setup.path.rtt_ms / 1e3;
    let delay = rtt + chance.spread(0.002, (1.0 - rtt).max(0.01));
    let look = verdict(0x87, 0.4, setup, chance);
    let pace = if subscribes {
        setup.publisher = None;
        if setup.topics.is_empty() {
            hear(setup, Traffic::Idle);
        }
        setup.refused_topic = chance.likely(0.2).then(|| setup.topics.len() - 1);
        setup.reconnect.max.as_secs_f64() * 0.75
    } else {
        let publisher = Publisher::probe(chance);
        let pace = publisher.interval.max(60.0);
        setup.publisher = Some(publisher);
        pace
    };
    let packet = if subscribes { Packet::Subscribe } else { Packet::Publish };
    let fault = Fault::of_dooms(move |_, chance| {
        vec![Doom::After(packet, chance.around(delay, 0.3).max(rtt), look.clone())]
    });
    Case::new(fault, watched(pace, (6, 60), chance), pace)
}

/// Cases H1 to H8: limits of 4 KiB (IBM), 8 KiB (moquette), 64 KiB (Cloudflare, browsers), 128 KiB (AWS), 256 KiB (Azure),
/// 2,000,000 B (mosquitto), odd ones; smaller messages pass. Ends with 0x95, close code 1009, a reset or no word,
/// within a round trip to 2 s. A kept session sends it again, for ever. The payloads are the user's own.
pub(crate) fn payload_too_large(setup: &mut Setup, chance: &mut Chance) -> Case {
    let known = [4096.0, 8192.0, 65_536.0, 65_536.0, 131_072.0, 262_144.0, 2_000_000.0];
    let limit: f64 = match setup.place.aws {
        true => 131_072.0,
        false if chance.likely(0.7) => chance.pick(&known),
        false => chance.spread(2000.0, 500_000.0),
    };
    let interval = chance.pick(&[5.0, 10.0, 30.0, 60.0, 120.0, 300.0]);
    let share = chance.between(0.05, 0.6);
    setup.publisher = Some(Publisher {
        topic: chance.pick(&["cam/1/image", "devices/a1/state", "plant/log"]).to_owned(),
        interval,
        burst: (1, 0.0),
        bytes: (20.0, limit * chance.between(0.02, 0.8)),
        large: Some((share, limit * 1.02, limit * chance.between(1.05, 4.0))),
    });
    if chance.likely(0.5) {
        setup.greeting.maximum_packet = Some(whole(limit));
    } else if !setup.place.aws {
        setup.greeting.maximum_packet = None;
    }
    let (code, way) = (0x95, chance.unit());
    let rtt = setup.path.rtt_ms / 1e3;
    let fault = Fault::of_dooms(move |scene, chance| {
        let look = match way {
            0.0..0.4 => Look::told(code, 0.9, scene.setup, chance),
            0.4..0.6 => Look::frame(1009, "", scene.setup, chance),
            _ => verdict(code, 0.0, scene.setup, chance),
        };
        vec![Doom::After(Packet::PublishAbove(limit), rtt + chance.spread(0.005, 1.5), look)]
    });
    let pace = (interval / share).max(60.0);
    Case::new(fault, watched(pace, (6, 40), chance), pace)
}

/// Cases I1 to I6 and 1.10: more than 1 to 100 messages a second, both ways (0x96), too many unacknowledged (0x93), or a
/// number of messages used up (0x97); a minority of ends without a word, and then above 10 a second.
pub(crate) fn publish_rate_limit(setup: &mut Setup, chance: &mut Chance) -> Case {
    let told = chance.likely(0.7);
    if told {
        setup.speak_five();
    }
    match chance.weigh(&[(5.0, 'r'), (1.5, 'f'), (2.0, 'q')]) {
        'r' => too_fast(setup, told, chance),
        'f' => too_many_at_once(setup, chance),
        _ => used_up(setup, told, chance),
    }
}

/// Groups of messages, ours or the broker's, of which many are too fast.
fn too_fast(setup: &mut Setup, told: bool, chance: &mut Chance) -> Case {
    let limits: &[f64] = if told { &[2.0, 5.0, 10.0, 10.0, 20.0, 50.0] } else { &[10.0, 20.0, 50.0] };
    let limit = chance.pick(limits);
    let span = chance.pick(&[1.0, 2.0, 5.0]);
    let every = chance.spread(120.0, 1800.0);
    let spacing = 1.0 / (limit * chance.between(1.3, 4.0));
    let size = whole(chance.between(1.5, 5.0) * span / spacing).max(4);
    if chance.likely(0.5) {
        setup.publisher = Some(Publisher {
            topic: "plant/line-3/data".to_owned(),
            interval: every,
            burst: (size.into(), spacing),
            bytes: (30.0, 400.0),
            large: None,
        });
        setup.path.rtt_ms = setup.path.rtt_ms.min(spacing * 6e3);
    } else {
        hear(setup, Traffic::Bursts(every, size.into(), spacing));
        setup.publisher = None;
    }
    let code = chance.pick(&[0x96, 0x96, 0x96, 0x97]);
    let fault = Fault::of_dooms(move |scene, chance| {
        let look = if told { Look::code(code) } else { Look::plain_close(scene.setup, chance) };
        vec![Doom::OverRate(limit, span, chance.spread(0.01, 0.5), look)]
    });
    Case::new(fault, watched(every, (6, 40), chance), every)
}

/// Receive Maximum, which a client that does not keep it runs into.
fn too_many_at_once(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.speak_five();
    let most = chance.whole(4, 15);
    setup.greeting.receive_maximum = Some(u16::try_from(most).unwrap());
    let every = chance.spread(60.0, 1200.0);
    let spacing = setup.path.rtt_ms / 1e3 / (most as f64 * 2.0);
    setup.publisher = Some(Publisher {
        topic: "plant/line-3/data".to_owned(),
        interval: every,
        burst: (most + chance.whole(2, 10), spacing),
        bytes: (30.0, 400.0),
        large: None,
    });
    let fault = Fault::of_dooms(move |_, _| vec![Doom::InFlight(most, Look::code(0x93))]);
    Case::new(fault, watched(every, (6, 40), chance), every)
}

/// So many messages a session.
fn used_up(setup: &mut Setup, told: bool, chance: &mut Chance) -> Case {
    setup.publisher = None;
    let messages = chance.pick(&[50, 100, 100, 200, 500]);
    let mean = chance.spread(0.5, 20.0);
    hear(setup, Traffic::Random(mean));
    let five = setup.protocol() == Protocol::V5;
    let fault = Fault::of_dooms(move |scene, chance| {
        let look = if told && five { Look::code(0x97) } else { Look::plain_close(scene.setup, chance) };
        vec![Doom::AfterMessages(messages, look)]
    });
    let pace = messages as f64 * mean;
    Case::new(fault, watched(pace, (6, 15), chance), pace)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number below four thousand million"
)]
fn whole(value: f64) -> u32 {
    value.round() as u32
}
