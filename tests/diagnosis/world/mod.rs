//! A deterministic world: a client as nwdiag behaves, a path, a broker, a host with clocks, and faults that befall them.
//!
//! It jumps from event to event and writes the records that `watch` would write. Names of errors and the
//! steps of the back-off are the program's own code; what the program does around them (when attempts come, versions,
//! pings, samples, evidence of a drop) is told again here. Long quiet stretches are passed over in one go, with
//! fewer samples than one a minute.

pub(crate) mod appliances;
mod attempt;
mod course;
mod evidence;
pub(crate) mod fault;
mod host;
mod messages;
pub(crate) mod path;
mod quiet;
mod recovery;
mod refusal;
mod scribe;
mod session;
pub(crate) mod setup;
mod traffic;
mod versions;
pub(crate) mod zone;

use nwdiag::event::{Event, FORMAT_VERSION, Moment, Observation, Sample, Start, Stop, StopReason, rounded};
use nwdiag::session::recovery::Depth;
use std::time::Duration;

use crate::chance::Chance;
use fault::{Blow, Deed, Fault, Refusal, Scene};
use path::Weather;
use recovery::Recovery;
use scribe::Scribe;
use session::Session;
use setup::Setup;
use traffic::Totals;
use versions::Versions;

/// One run of `watch`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Nobody watched before, for so long.
    pub(crate) gap: f64,
    pub(crate) lasts: f64,
    pub(crate) ends: RunEnd,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunEnd {
    Stop(StopReason),
    /// Without a word: interrupted, or still going on.
    Cut,
}

/// What the world made, and why.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) records: Vec<Observation>,
    /// Which fault each drop is due to, in the order of the drops.
    pub(crate) culprits: Vec<usize>,
    /// How often each fault made an attempt fail.
    pub(crate) refusals: Vec<usize>,
    pub(crate) setup: Setup,
}

/// Attempts fail from one time to another.
#[derive(Debug)]
struct Spell {
    from: f64,
    until: f64,
    refusals: Vec<Refusal>,
    fault: usize,
}

/// The latest delay of our own loop: when it was over, how long it was.
type Lag = (f64, f64);

pub(crate) struct World {
    setup: Setup,
    chance: Chance,
    faults: Vec<Fault>,
    upcoming: Vec<Option<Blow>>,
    spells: Vec<Spell>,
    /// And who made it.
    weather: Option<(usize, Weather)>,
    scribe: Scribe,
    now: f64,
    run_end: f64,
    recovery: Recovery,
    versions: Versions,
    totals: Totals,
    publishing: traffic::Publishing,
    kept: Vec<f64>,
    next_sample: f64,
    samples: u32,
    lag: Option<Lag>,
    local_port: u64,
    culprits: Vec<usize>,
    refusals: Vec<usize>,
    /// The session that was up when its run was over.
    left: Option<Session>,
}

impl World {
    /// A world of this user, in which these faults are at work.
    pub(crate) fn new(setup: Setup, faults: Vec<Fault>, chance: Chance) -> Self {
        let mut world = Self {
            upcoming: vec![None; faults.len()],
            refusals: vec![0; faults.len()],
            spells: Vec::new(),
            weather: None,
            scribe: Scribe::new(&setup),
            now: 0.0,
            run_end: 0.0,
            recovery: Recovery::new(setup.reconnect.clone()),
            versions: Versions::new(setup.asked),
            totals: Totals::default(),
            publishing: traffic::Publishing::default(),
            kept: Vec::new(),
            next_sample: 0.0,
            samples: 0,
            lag: None,
            local_port: 32_768,
            culprits: Vec::new(),
            left: None,
            setup,
            faults,
            chance,
        };
        for fault in 0..world.faults.len() {
            world.upcoming[fault] = world.ask_next_blow(fault);
        }
        world
    }

    /// The wall clock is wrong from the beginning, by so many seconds.
    pub(crate) fn off_by(mut self, seconds: f64) -> Self {
        self.scribe.clock_error = seconds;
        self
    }

    /// Lets all these runs happen.
    pub(crate) fn run(mut self, plans: &[Plan]) -> Story {
        for (number, plan) in plans.iter().enumerate() {
            self.rest(plan.gap);
            self.begin(number, plan);
            let end = self.watch();
            self.finish(end.unwrap_or(plan.ends));
        }
        Story {
            records: self.scribe.records,
            culprits: self.culprits,
            refusals: self.refusals,
            setup: self.setup,
        }
    }

    /// Nobody watches.
    fn rest(&mut self, gap: f64) {
        let end = self.now + gap;
        while let Some((fault, blow)) = self.blow_before(end) {
            self.now = blow.at;
            self.begin_spells(fault, &blow, blow.at);
            if let Deed::Step(seconds) = blow.deed {
                self.scribe.clock_error += seconds;
            }
        }
        self.now = end;
    }

    fn begin(&mut self, number: usize, plan: &Plan) {
        self.run_end = self.now + plan.lasts;
        self.recovery = Recovery::new(self.setup.reconnect.clone());
        self.versions = Versions::new(self.setup.asked);
        self.totals = Totals::default();
        self.publishing = traffic::Publishing::default();
        self.kept.clear();
        self.lag = None;
        self.scribe.run_began = self.now;
        self.next_sample = self.now + 60.0;
        self.samples = 0;
        let run = format!(
            "{}-{}-4{}-8{}-{}",
            self.chance.hex(8),
            self.chance.hex(4),
            self.chance.hex(3),
            self.chance.hex(3),
            self.chance.hex(12)
        );
        let start = Start {
            v: FORMAT_VERSION,
            run,
            continued: false,
            version: "0.1.0".to_owned(),
            pid: u32::try_from(self.chance.whole(300, 90_000) + number as u64).unwrap(),
            host: self.setup.host.name.clone(),
            time_zone: self.setup.zone.name.clone(),
            target: self.setup.facts(),
        };
        self.scribe.note(self.now, Event::Start(Box::new(start)));
    }

    /// Attempts and sessions until the run is over; a reason where it ends by itself.
    fn watch(&mut self) -> Option<RunEnd> {
        let mut due = self.now;
        while self.wait_until(due) {
            match self.attempt() {
                attempt::Tried::Failed(Some(wait)) => due = self.now + wait,
                attempt::Tried::Failed(None) => return Some(RunEnd::Stop(StopReason::AttemptsExhausted)),
                attempt::Tried::Rejected => return Some(RunEnd::Stop(StopReason::CredentialsRejected)),
                attempt::Tried::Connected(session) => due = self.now + self.live(*session)?,
            }
        }
        None
    }

    fn finish(&mut self, end: RunEnd) {
        self.scribe.catch_up(self.now);
        let mut left = self.left.take();
        if let RunEnd::Stop(reason) = end {
            self.sample(left.as_mut());
            self.stop(reason, left.map(|session| self.now - session.since));
        }
        self.scribe.forget();
    }

    fn stop(&mut self, reason: StopReason, uptime: Option<f64>) {
        let duration_connected_seconds = uptime.map(|uptime| rounded(uptime, 1e6));
        self.scribe.note(self.now, Event::Stop(Stop { duration_connected_seconds, ..Stop::new(reason) }));
    }

    /// Without a session until then; false once the run is over.
    fn wait_until(&mut self, due: f64) -> bool {
        while self.now < due {
            self.clear_up();
            let next = due.min(self.run_end).min(self.next_sample);
            if let Some((fault, blow)) = self.blow_before(next) {
                self.meanwhile(fault, blow);
            } else {
                self.now = self.now.max(next);
                if self.now >= self.run_end {
                    return false;
                }
                if self.now >= self.next_sample {
                    self.sample(None);
                }
            }
        }
        self.now < self.run_end
    }

    /// A blow while no session is up.
    fn meanwhile(&mut self, fault: usize, blow: Blow) {
        self.now = self.now.max(blow.at);
        match blow.deed {
            Deed::Suspend(seconds, _) => self.sleep(seconds),
            Deed::Step(seconds) => self.step(seconds),
            Deed::Weather(weather) => self.weather = Some((fault, weather)),
            Deed::Stall(seconds) => self.stall(seconds),
            Deed::Nothing | Deed::End(_) | Deed::Silence(..) => {}
        }
        self.befall(fault, blow);
    }

    /// What a blow does beside the session.
    fn befall(&mut self, fault: usize, blow: Blow) {
        self.begin_spells(fault, &blow, self.now);
        if let Some(address) = blow.address {
            self.setup.host.address = address;
        }
        if self.setup.host.linux {
            self.scribe.plan_changes(self.now, blow.told);
        }
    }

    fn begin_spells(&mut self, fault: usize, blow: &Blow, mut from: f64) {
        for spell in &blow.spells {
            let until = from + spell.lasts;
            self.spells.push(Spell { from, until, refusals: spell.refusals.clone(), fault });
            from = until;
        }
    }

    /// The next blow, if it comes before `until`; the fault is asked for another.
    fn blow_before(&mut self, until: f64) -> Option<(usize, Blow)> {
        let due = |blow: &Option<Blow>| blow.as_ref().map_or(f64::INFINITY, |blow| blow.at);
        let fault = (0..self.upcoming.len())
            .min_by(|a, b| due(&self.upcoming[*a]).total_cmp(&due(&self.upcoming[*b])))?;
        if due(&self.upcoming[fault]) >= until {
            return None;
        }
        let blow = self.upcoming[fault].take()?;
        let now = std::mem::replace(&mut self.now, blow.at);
        self.upcoming[fault] = self.ask_next_blow(fault);
        self.now = now;
        Some((fault, blow))
    }

    /// When the next blow comes.
    fn next_blow(&self) -> f64 {
        self.upcoming.iter().flatten().map(|blow| blow.at).fold(f64::INFINITY, f64::min)
    }

    fn ask_next_blow(&mut self, fault: usize) -> Option<Blow> {
        self.ask(fault, |fault, scene, chance| fault.next_blow.as_mut().and_then(|next| next(scene, chance)))
    }

    fn ask<T>(&mut self, fault: usize, question: impl FnOnce(&mut Fault, &Scene<'_>, &mut Chance) -> T) -> T {
        let scene = Scene {
            now: self.now,
            setup: &self.setup,
            failures: self.recovery.attempt_number() - 1,
            deep: self.recovery.depth() == Depth::Deep,
            run_began: self.scribe.run_began,
            protocol: self.versions.next(),
            clock_error: self.scribe.clock_error,
        };
        question(&mut self.faults[fault], &scene, &mut self.chance)
    }

    /// Now, on the run's clock.
    fn moment(&self) -> Moment {
        Moment::after_start(Duration::from_secs_f64(self.now - self.scribe.run_began))
    }

    /// A sample is due, or wanted; in long quiet stretches the next one is put off.
    fn sample(&mut self, session: Option<&mut Session>) {
        self.samples += 1;
        let stride = match (self.samples, &self.weather) {
            (_, Some(_)) | (0..30, _) => 60.0,
            (30..120, _) => 600.0,
            (_, None) => 3600.0,
        };
        self.next_sample = if self.now >= self.next_sample { self.now + stride } else { self.next_sample };
        let wifi_dbm = self.signal();
        let mut sample = Sample {
            connected: Some(false),
            session_seconds: Some(0.0),
            messages_queued: Some(self.totals.queued),
            wifi_dbm,
            ..Sample::default()
        };
        let mut totals = self.totals;
        if let Some(session) = session {
            totals = totals.plus(session.totals);
            sample.connected = Some(true);
            sample.session_seconds = Some(rounded(self.now - session.since, 1e6));
            sample.ping_rtt_ms = std::mem::take(&mut session.sampled_pings).in_full();
            sample.probe_rtt_ms = std::mem::take(&mut session.sampled_probes).in_full();
            sample.tcp = self.tcp(session);
        }
        sample.messages_received = Some(totals.received);
        sample.messages_published = Some(totals.published);
        sample.bytes_received = Some(totals.bytes_received);
        sample.bytes_sent = Some(totals.bytes_sent);
        self.scribe.note(self.now, Event::Sample(Box::new(sample)));
    }

    fn tcp(&self, session: &Session) -> Option<nwdiag::event::TcpReading> {
        self.setup.host.linux.then(|| session.reading(self.now, self.setup.path.rto()))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a signal in dBm")]
    fn signal(&mut self) -> Option<i32> {
        let fading = self.weather.map_or(0.0, |(_, weather)| weather.fading);
        let usual = self.setup.host.signal?;
        Some((usual - fading + self.chance.normal(0.0, 1.5)).round() as i32)
    }
}
