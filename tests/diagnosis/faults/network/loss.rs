//! Paths that lose packets, and paths that break now and then.

use nwdiag::event::Phase;

use super::super::{DAY, HOUR, MINUTE, at_random, on_linux};
use crate::chance::Chance;
use crate::scenario::Case;
use crate::world::Story;
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal};
use crate::world::path::{Unanswered, Weather};
use crate::world::setup::Setup;

/// What a spell of bad weather is like.
#[derive(Debug, Clone, Copy)]
struct Climate {
    loss: (f64, f64),
    delay_ms: (f64, f64),
    beacons: u64,
    fading: (f64, f64),
    /// Packets get nowhere for so long, so often in a spell.
    gaps: Option<(f64, f64, f64)>,
}

/// Cases S1 to S5, Q1 to Q5, R4, ZI1, ZI2. A weak Wi-Fi signal (-78 to -92 dBm), a lossy line (15 to 50 % of round trips),
/// a congested one (queues of 0.3 to 4 s), a sleeping radio (delays of whole beacon intervals up to 4 s at a good
/// signal), a ping timeout that is too short for the path. Always, or in spells of minutes to hours. Sessions end by
/// an unanswered ping; answers come late; the kernel sends again; some attempts fail.
pub(crate) fn packet_loss(setup: &mut Setup, chance: &mut Chance) -> Case {
    let kind = chance.weigh(&[(3.5, 'w'), (2.5, 'l'), (1.5, 'c'), (1.5, 'p'), (1.0, 's')]);
    let climate = climate(kind, setup, chance);
    setup.ping_every(setup.ping_interval.min(chance.pick(&[10.0, 15.0, 20.0, 30.0, 60.0])));
    if setup.keep_alive > 4.0 * setup.ping_interval {
        setup.keep_alive = chance.pick(&[1.0, 2.0, 4.0]) * setup.ping_interval;
    }
    setup.ping_timeout = setup.ping_timeout.min(5.0);
    let always = chance.likely(0.4);
    let (spell, pause) = (chance.spread(10.0 * MINUTE, 6.0 * HOUR), chance.spread(10.0 * MINUTE, 8.0 * HOUR));
    let mut gone = 0.0;
    let mut until = 0.0;
    let fault = Fault::of_blows(move |scene, chance| {
        let gap = climate.gaps.map_or(f64::INFINITY, |(every, _, _)| chance.exponential(every));
        if scene.now + gap < until {
            let (_, short, long) = climate.gaps?;
            let lasts = chance.spread(short, long);
            let blow = Blow::new(scene.now + gap, Deed::Silence(Some(lasts), Unanswered::Unacked));
            return Some(blow.then(lasts, vec![Refusal::Unanswered(Phase::Tcp)]));
        }
        let from =
            if gone == 0.0 { 0.001 } else { until + if always { 0.0 } else { chance.around(pause, 0.5) } };
        gone += 1.0;
        until = from + chance.around(spell, 0.5);
        Some(Blow::new(from.max(scene.now), Deed::Weather(weather(climate, until, chance))))
    });
    let lasts = chance.spread(3.0 * HOUR, 4.0 * DAY);
    Case::new(fault, lasts, lasts / 20.0).needing(5, 0).holding(is_told)
}

fn weather(climate: Climate, until: f64, chance: &mut Chance) -> Weather {
    Weather {
        until,
        loss: chance.between(climate.loss.0, climate.loss.1),
        delay_ms: chance.between(climate.delay_ms.0, climate.delay_ms.1),
        beacons: climate.beacons,
        fading: chance.between(climate.fading.0, climate.fading.1),
    }
}

fn climate(kind: char, setup: &mut Setup, chance: &mut Chance) -> Climate {
    let gaps = chance.likely(0.6).then(|| (chance.spread(120.0, 1800.0), 2.0, chance.spread(5.0, 40.0)));
    match kind {
        'w' => {
            on_linux(setup);
            setup.host.interface = chance.pick(&["wlan0", "wlp2s0"]);
            setup.host.signal = Some(chance.between(-88.0, -76.0));
            Climate { loss: (0.15, 0.45), delay_ms: (10.0, 400.0), beacons: 0, fading: (1.0, 6.0), gaps }
        }
        'l' => Climate { loss: (0.2, 0.5), delay_ms: (0.0, 200.0), beacons: 0, fading: (0.0, 0.0), gaps },
        'c' => Climate { loss: (0.03, 0.2), delay_ms: (300.0, 1500.0), beacons: 0, fading: (0.0, 0.0), gaps },
        'p' => {
            on_linux(setup);
            setup.host.interface = "wlan0";
            setup.host.signal = Some(chance.between(-66.0, -40.0));
            setup.ping_timeout = 3.0;
            Climate {
                loss: (0.02, 0.15),
                delay_ms: (5.0, 50.0),
                beacons: chance.whole(18, 36),
                fading: (0.0, 0.0),
                gaps,
            }
        }
        _ => {
            setup.ping_timeout = chance.pick(&[0.5, 1.0, 1.0, 2.0]);
            Climate { loss: (0.1, 0.25), delay_ms: (50.0, 300.0), beacons: 0, fading: (0.0, 0.0), gaps: None }
        }
    }
}

/// The journal shows it: retransmissions or slow round trips in samples of sessions that still worked, or late answers.
fn is_told(story: &Story) -> bool {
    use nwdiag::event::Event;
    let usual = story.setup.path.rtt_ms;
    let signs = story.records.iter().filter(|record| match &record.event {
        Event::LateAnswer(_) => true,
        Event::Sample(sample) => {
            let slow = sample.ping_rtt_ms.as_ref().and_then(|trips| trips.max);
            slow.is_some_and(|ms| ms > 4.0 * usual + 150.0)
        }
        _ => false,
    });
    signs.count() >= story.culprits.len().min(8)
}

/// "Irregular silent losses and resets, no better evidence", and C1 to C3: gaps without memory, minutes to a day on
/// average, over a path that is good in between; silence for good, silence of 15 s to 3 min with unanswered attempts,
/// resets. The old connection is dead afterwards: an answer that came late would be better evidence. Pings come often
/// enough to show that silence alone ends no session. Six drops or more.
pub(crate) fn intermittent_network(setup: &mut Setup, chance: &mut Chance) -> Case {
    setup.path.loss = setup.path.loss.min(5e-4);
    setup.path.scatter = setup.path.scatter.min(0.25);
    if setup.ping_interval > 120.0 {
        setup.ping_interval = chance.pick(&[30.0, 60.0, 120.0]);
    }
    let mean = chance.spread(15.0 * MINUTE, DAY);
    let (lost, out, reset) = (chance.between(0.2, 1.0), chance.between(0.0, 1.0), chance.between(0.1, 0.8));
    let fault = Fault::of_blows(move |scene, chance| {
        let at = at_random(mean, scene, chance);
        Some(match chance.weigh(&[(lost, 0), (out, 1), (reset, 2)]) {
            0 => Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
            1 => {
                let lasts = chance.spread(15.0, 180.0);
                Blow::new(at, Deed::Silence(None, Unanswered::Unacked))
                    .then(lasts, vec![Refusal::Unanswered(Phase::Tcp)])
            }
            _ => Blow::new(at, Deed::End(Look::reset())),
        })
    });
    let lasts = mean * chance.whole(7, 40) as f64;
    Case::new(fault, lasts.min(21.0 * DAY), mean).needing(6, 0).noise(crate::scenario::Noise::None)
}
