//! Outages by the clock on the wall: at a local time of day, or on a grid.

use chrono::{Datelike, NaiveTime, TimeDelta, Timelike, Weekday};
use nwdiag::event::{Phase, Transport};

use super::super::{DAY, HOUR, MINUTE, drops_of};
use crate::chance::Chance;
use crate::scenario::{Case, Noise};
use crate::world::Story;
use crate::world::fault::{Blow, Deed, Fault, Look, Refusal};
use crate::world::path::Unanswered;
use crate::world::setup::Setup;

/// What happens at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// The provider cuts the line: silence, attempts unanswered or without names for 5 to 180 s.
    Line,
    /// The broker is stopped for a backup or a new certificate: closed, refused for 5 s to 15 min.
    Broker,
    /// A router or access point starts again: silence for 40 s to 5 min.
    Router,
    /// A job of the host or proxy: closed, and back at once.
    Job,
}

/// Cases Z1 to Z5, ZA1 to ZA3, R2: local time, to the minute or within some minutes; on the hour at night, or any other;
/// daily, on working days, with days left out, or weekly; four days to six weeks; a third of the journals across a
/// change of summer time. Each outage has its own length.
pub(crate) fn scheduled_outage(setup: &mut Setup, chance: &mut Chance) -> Case {
    let what = chance.weigh(&[(3.0, What::Line), (2.5, What::Broker), (2.0, What::Router), (1.5, What::Job)]);
    let weekly = chance.likely(0.12);
    let days = if weekly { chance.between(30.0, 40.0) } else { chance.between(5.0, 21.0) };
    if chance.likely(0.35)
        && let Some(change) = setup.zone.next_change(setup.begins)
    {
        let before = chance.between(0.3, 0.7) * days * DAY;
        setup.begins = change - TimeDelta::milliseconds(whole(before * 1e3));
    }
    let time = time_of_day(chance);
    let jitter = chance.weigh(&[(3.0, 5.0), (3.0, 40.0), (2.0, 150.0), (1.0, 280.0)]);
    let skips = chance.weigh(&[(6.0, 0.0), (2.0, 0.1), (1.0, 0.25)]);
    let working = !weekly && days > 9.0 && chance.likely(0.12);
    let weekday = weekly.then(|| chance.pick(&[Weekday::Sun, Weekday::Mon, Weekday::Sat]));
    let mut next_day = setup.zone.day(setup.begins);
    let fault = Fault::of_blows(move |scene, chance| {
        for _ in 0..60 {
            let day = next_day;
            next_day = day.succ_opt()?;
            let free = working && matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            if free || weekday.is_some_and(|wanted| wanted != day.weekday()) || chance.likely(skips) {
                continue;
            }
            let due = scene.setup.zone.instant(day, time) - scene.setup.begins;
            let at = due.as_seconds_f64() + chance.normal(0.0, jitter / 2.5).clamp(-jitter, jitter);
            if at > scene.now {
                return Some(outage(what, at, scene.setup, chance));
            }
        }
        None
    });
    setup.move_to(if setup.place.aws { Transport::Tls } else { setup.place.transport });
    let pace = if weekly { 7.0 * DAY } else { DAY };
    Case::new(fault, days * DAY, pace).needing(4, 0).holding(move |story| is_no_lifetime(story, jitter))
}

fn time_of_day(chance: &mut Chance) -> NaiveTime {
    let usual = [
        (0, 0),
        (2, 0),
        (2, 30),
        (3, 0),
        (3, 3),
        (3, 31),
        (4, 0),
        (4, 30),
        (4, 55),
        (5, 0),
        (6, 0),
        (12, 0),
        (18, 30),
    ];
    let (hour, minute) =
        if chance.likely(0.6) { chance.pick(&usual) } else { (chance.whole(0, 23), chance.whole(0, 59)) };
    let time = NaiveTime::from_num_seconds_from_midnight_opt(0, 0).unwrap();
    time.with_hour(u32::try_from(hour).unwrap()).unwrap().with_minute(u32::try_from(minute).unwrap()).unwrap()
}

fn outage(what: What, at: f64, setup: &Setup, chance: &mut Chance) -> Blow {
    match what {
        What::Line => {
            let lasts = chance.spread(5.0, 180.0);
            let refusals = vec![Refusal::Unanswered(Phase::Tcp), Refusal::resolver_failed(1.0)];
            Blow::new(at, Deed::Silence(None, Unanswered::Unacked)).then(lasts, refusals)
        }
        What::Broker => {
            let look = if chance.likely(0.3) { Look::reset() } else { Look::cut(setup, chance) };
            Blow::new(at, Deed::End(look)).then(chance.spread(5.0, 900.0), vec![Refusal::refused()])
        }
        What::Router => {
            let lasts = chance.between(40.0, 300.0);
            let refusals = vec![Refusal::Unanswered(Phase::Tcp), Refusal::resolver_failed(4.0)];
            Blow::new(at, Deed::Silence(None, Unanswered::Unacked)).then(lasts, refusals)
        }
        What::Job => Blow::new(at, Deed::End(Look::plain_close(setup, chance))),
    }
}

/// Sessions do not all last a day: the time of day is told from an age.
fn is_no_lifetime(story: &Story, jitter: f64) -> bool {
    let ages: Vec<f64> = drops_of(story, 0).iter().map(|(_, age)| *age).collect();
    let off = ages.iter().filter(|age| (**age - DAY).abs() > 30.0).count();
    off >= 2 || (jitter > 20.0 && ages.len() >= 4)
}

/// Cases E3 (4 h to the minute), N1 (every 4 min while a proxy is loaded anew), Z-like jobs more than once a day: a grid
/// of 4 min to 6 h from any offset, to a second or within 2 %, some points left out; sessions that began between two
/// points are cut short at the next. Not 8 and 12 h: those are times of day.
pub(crate) fn regular_interval(setup: &mut Setup, chance: &mut Chance) -> Case {
    let known = [
        4.0 * MINUTE,
        5.0 * MINUTE,
        10.0 * MINUTE,
        15.0 * MINUTE,
        20.0 * MINUTE,
        30.0 * MINUTE,
        45.0 * MINUTE,
        HOUR,
        HOUR,
        100.0 * MINUTE,
        2.0 * HOUR,
        3.0 * HOUR,
        4.0 * HOUR,
        6.0 * HOUR,
    ];
    let grid =
        if chance.likely(0.8) { chance.pick(&known) } else { (chance.spread(5.0, 300.0)).round() * MINUTE };
    let offset = if chance.likely(0.5) { 0.0 } else { chance.between(0.0, grid) };
    let jitter = chance.spread(0.2, (grid * 0.02).clamp(0.5, 60.0));
    let skips = chance.weigh(&[(6.0, 0.0), (3.0, 0.1), (1.0, 0.2)]);
    let deed = chance.whole(0, 3);
    let away = if chance.likely(0.4) { chance.spread(3.0, (grid * 0.2).min(120.0)) } else { 0.0 };
    setup.ping_every(setup.ping_interval.min(grid / 3.0).max(5.0));
    setup.keep_alive = setup.keep_alive.min((grid / 2.0).floor()).max(setup.ping_interval.ceil());
    setup.ping_interval = setup.ping_interval.min(setup.keep_alive);
    setup.place.aws &= !setup.framed();
    let begins = setup.begins.timestamp_millis() as f64 / 1e3;
    let mut point = ((begins - offset) / grid).floor();
    let fault = Fault::of_blows(move |scene, chance| {
        loop {
            point += 1.0;
            let at = point * grid + offset - begins + chance.normal(0.0, jitter / 2.5).clamp(-jitter, jitter);
            if at <= scene.now || chance.likely(skips) {
                continue;
            }
            let blow = match deed {
                0 | 1 => Blow::new(at, Deed::End(Look::plain_close(scene.setup, chance))),
                2 => Blow::new(at, Deed::End(Look::reset())),
                _ => Blow::new(at, Deed::Silence(None, Unanswered::Unacked)),
            };
            let refusals = vec![Refusal::Unanswered(Phase::Tcp)];
            return Some(if away > 0.0 { blow.then(chance.around(away, 0.5), refusals) } else { blow });
        }
    });
    let lasts = grid * chance.whole(12, 48) as f64;
    Case::new(fault, lasts.clamp(HOUR, 14.0 * DAY), grid)
        .needing(8, 0)
        .noise(Noise::Certain)
        .holding(move |story| is_no_age(story, grid, jitter))
}

/// Sessions of other ages end on the grid too.
fn is_no_age(story: &Story, grid: f64, jitter: f64) -> bool {
    let far = (4.0 * jitter).max(0.05 * grid);
    let off = drops_of(story, 0)
        .into_iter()
        .filter(|(_, age)| (age - (age / grid).round().max(1.0) * grid).abs() > far);
    off.count() >= 2
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of a few weeks")]
fn whole(milliseconds: f64) -> i64 {
    milliseconds.round() as i64
}
