//! Appliances behind the broker, that are asked for their status while a session is up: told into a finished story, as
//! nothing of it depends on them.
//!
//! As the program does: nothing is asked while no session is up, a request that a drop cuts off leaves no record, and
//! none is given up while the broker itself is silent.

use nwdiag::event::{DeviceProbe, EnvironmentKind, Event, Observation, rounded};

use chrono::{SubsecRound, TimeDelta};

use crate::chance::Chance;

/// The time that an appliance has (`nwdiag::event::DEVICE_ANSWER_TIMEOUT`).
const TIMEOUT: f64 = 10.0;

/// All appliances of an account, and how often they are asked.
#[derive(Debug, Clone)]
pub(crate) struct Appliances {
    pub(crate) all: Vec<Appliance>,
    /// Seconds.
    pub(crate) interval: f64,
    /// Whether the service's list can be had.
    pub(crate) listed: bool,
    pub(crate) chance: Chance,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Appliance {
    pub(crate) name: String,
    pub(crate) rtt_ms: f64,
    pub(crate) wifi_dbm: Option<f64>,
    pub(crate) error_code: i64,
    /// Share of answers that get lost on the way, or come too late.
    pub(crate) lost: f64,
    /// When it is away, in seconds since the first record.
    pub(crate) away: Vec<Away>,
}

/// A spell in which an appliance cannot be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    pub(crate) from: f64,
    pub(crate) until: f64,
    /// How long the service takes to notice; never where it does not.
    pub(crate) noticed_after: f64,
    /// The error that it reports shortly before.
    pub(crate) warns: Option<i64>,
    /// By how much its signal fades shortly before, dB.
    pub(crate) fades: f64,
}

/// A session, as far as requests can be answered in it: times on the run's clock.
struct Up {
    from: f64,
    /// When the broker was last heard.
    heard: f64,
    until: f64,
}

impl Appliance {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        Self {
            name: format!("{}...{}", chance.pick(&["04", "2c", "70", "a8"]), chance.hex(4)),
            rtt_ms: chance.spread(150.0, 1500.0),
            wifi_dbm: chance.likely(0.9).then(|| chance.between(-74.0, -40.0)),
            error_code: chance.weigh(&[(12.0, 0), (1.0, 515), (1.0, 781), (0.5, 96)]),
            lost: if chance.likely(0.6) { 0.0 } else { chance.spread(1e-4, 4e-3) },
            away: Vec::new(),
        }
    }

    fn away(&self, at: f64) -> Option<&Away> {
        self.away.iter().find(|away| away.from <= at && at < away.until)
    }

    /// The spell that begins before it is asked three times more.
    fn soon(&self, at: f64, interval: f64) -> Option<&Away> {
        self.away.iter().find(|away| (away.from - 3.0 * interval..away.from).contains(&at))
    }

    /// What came of asking it at this time, and after how many seconds that was known.
    fn asked(&self, at: f64, interval: f64, listed: bool, chance: &mut Chance) -> (f64, DeviceProbe) {
        let away = self.away(at);
        let probe =
            DeviceProbe { device: self.name.clone(), answered: Some(false), ..DeviceProbe::default() };
        if away.is_some() || chance.likely(self.lost) {
            let word = away.is_none_or(|away| at + TIMEOUT < away.from + away.noticed_after);
            let after =
                TIMEOUT + chance.spread(0.05, 0.4) + if listed { chance.spread(0.2, 3.0) } else { 0.0 };
            let cloud_connected = listed.then_some(word);
            return (after, DeviceProbe { answered: Some(false), cloud_connected, ..probe });
        }
        let ms = rounded(self.rtt_ms * (0.3 * chance.normal(0.0, 1.0)).exp(), 1e3).min(9_000.0);
        let soon = self.soon(at, interval);
        let fading = soon.map_or(0.0, |away| away.fades);
        let answer = DeviceProbe {
            answered: Some(true),
            rtt_ms: Some(ms),
            wifi_dbm: self
                .wifi_dbm
                .map(|dbm| i32::try_from(whole(dbm - fading + chance.normal(0.0, 2.0)).min(-1)).unwrap()),
            error_code: Some(soon.and_then(|away| away.warns).unwrap_or(self.error_code)),
            cloud_connected: listed.then_some(true),
            ..probe
        };
        (ms / 1e3, answer)
    }
}

impl Appliances {
    /// One to four, all of them well.
    pub(crate) fn draw(lasts: f64, mut chance: Chance) -> Self {
        let all = (0..chance.weigh(&[(6.0, 1), (2.0, 2), (1.0, 3), (1.0, 4)]))
            .map(|_| Appliance::draw(&mut chance))
            .collect();
        let interval = chance.weigh(&[(7.0, 300.0), (1.0, 60.0), (1.0, 120.0), (1.0, 600.0)]);
        let listed = chance.likely(0.8);
        Self { all, interval: f64::max(interval, lasts / 400.0), listed, chance }
    }

    /// Tells what came of asking them into the story.
    pub(crate) fn tell(mut self, records: &mut Vec<Observation>) {
        let without = std::mem::take(records);
        let first = without.first().map_or(0.0, Observation::unix_seconds);
        for run in without.chunk_by(|_, next| !matches!(next.event, Event::Start(_))) {
            let told = self.asked_in(run, run[0].unix_seconds() - first);
            merge(run, told, records);
        }
    }

    /// What is told in a run that begins so long after the first record.
    fn asked_in(&mut self, run: &[Observation], begins: f64) -> Vec<(f64, Event)> {
        let sleeps: Vec<(f64, f64)> = run.iter().filter_map(sleep).collect();
        let mut told = Vec::new();
        let mut due = 0.0;
        for up in sessions(run) {
            due = f64::max(due, up.from + 0.3);
            while due < up.until {
                for appliance in &self.all {
                    let (after, probe) =
                        appliance.asked(begins + due, self.interval, self.listed, &mut self.chance);
                    let at = due + after;
                    let heard = if probe.answered == Some(true) { at <= up.heard } else { due < up.heard };
                    let slept = sleeps.iter().any(|(from, until)| due < *until && *from < at);
                    if heard && at < up.until && !slept {
                        told.push((rounded(at, 1e6), Event::Device(probe)));
                    }
                }
                due += self.interval;
            }
        }
        told.sort_by(|a, b| a.0.total_cmp(&b.0));
        told
    }
}

fn at(record: &Observation) -> f64 {
    record.run_seconds.unwrap()
}

fn sleep(record: &Observation) -> Option<(f64, f64)> {
    match &record.event {
        Event::Environment(told) if told.kind == EnvironmentKind::Suspend => {
            Some((at(record) - told.seconds.unwrap(), at(record)))
        }
        _ => None,
    }
}

/// The sessions of a run, from the moment at which requests go out.
fn sessions(run: &[Observation]) -> Vec<Up> {
    let mut all = Vec::new();
    let mut since = None;
    for record in run {
        let now = at(record);
        let ended = match &record.event {
            Event::Connected(_) => {
                since = Some(now);
                None
            }
            Event::Subscribed(_) => {
                since = since.map(|_| now);
                None
            }
            Event::Drop(drop) => Some(now - drop.last_received_seconds.unwrap_or_default()),
            Event::Stop(_) => Some(now),
            _ => None,
        };
        if let Some((heard, from)) = ended.zip(since) {
            all.push(Up { from, heard, until: now });
            since = None;
        }
    }
    let last = at(&run[run.len() - 1]);
    all.extend(since.map(|from| Up { from, heard: last, until: last }));
    all
}

/// Both in the order of time; the wall clock is that of the last record of the story.
fn merge(run: &[Observation], told: Vec<(f64, Event)>, into: &mut Vec<Observation>) {
    let mut told = told.into_iter().peekable();
    let mut before = &run[0];
    for record in run {
        while let Some((then, event)) = told.next_if(|(then, _)| *then < at(record)) {
            let later = TimeDelta::microseconds(whole((then - at(before)) * 1e6));
            let ts = (before.ts + later).trunc_subsecs(3);
            into.push(Observation { ts, run_seconds: Some(then), ..before.with(event) });
        }
        into.push(record.clone());
        before = record;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "dBm, and microseconds between two records")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
