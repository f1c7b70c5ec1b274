//! From a cause and a seed to a journal: a user, the fault, unrelated noise, runs. What is not what it should be
//! (too few drops to tell anything from, too much noise) is drawn again.

use nwdiag::collector::clock::Window;
use nwdiag::collector::metrics::Metrics;
use nwdiag::collector::{Collector, Liveness, RECENT};
use nwdiag::event::{Observation, StopReason};

use crate::chance::Chance;
use crate::noise;
use crate::world::appliances::Appliances;
use crate::world::fault::Fault;
use crate::world::setup::Setup;
use crate::world::{Plan, RunEnd, Story, World};

/// What befalls a user, and for how long it is watched.
pub(crate) struct Case {
    pub(crate) faults: Vec<Fault>,
    /// Seconds.
    pub(crate) lasts: f64,
    /// Mean seconds between drops of the cause, as far as they can be foreseen; noise is measured by it.
    pub(crate) pace: f64,
    /// Drops, and failed attempts, of each fault without which nothing can be told.
    pub(crate) drops: usize,
    pub(crate) refusals: usize,
    pub(crate) noise: Noise,
    pub(crate) runs: Runs,
    /// What the wall clock is off by at first, in seconds.
    pub(crate) clock_error: f64,
    /// The endpoint belongs to the cause.
    pub(crate) at_aws: bool,
    /// Appliances behind the broker that are asked for their status.
    pub(crate) appliances: Option<Appliances>,
    /// What else has to be so.
    pub(crate) holds: Option<Box<Holds>>,
}

/// Whether a story shows what it should.
type Holds = dyn Fn(&Story) -> bool;

/// How much unrelated noise there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    None,
    /// Often none; at most one drop in three.
    Some,
    /// Certainly some: it is what shifts the phase of a cycle.
    Certain,
}

/// How many runs there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    Any,
    /// A single one.
    One,
}

impl Case {
    pub(crate) fn new(fault: Fault, lasts: f64, pace: f64) -> Self {
        Self {
            faults: vec![fault],
            lasts,
            pace,
            drops: 5,
            refusals: 0,
            noise: Noise::Some,
            runs: Runs::Any,
            clock_error: 0.0,
            at_aws: false,
            appliances: None,
            holds: None,
        }
    }

    pub(crate) const fn needing(mut self, drops: usize, refusals: usize) -> Self {
        (self.drops, self.refusals) = (drops, refusals);
        self
    }

    pub(crate) const fn noise(mut self, noise: Noise) -> Self {
        self.noise = noise;
        self
    }

    pub(crate) const fn in_one_run(mut self) -> Self {
        self.runs = Runs::One;
        self
    }

    pub(crate) fn holding(mut self, holds: impl Fn(&Story) -> bool + 'static) -> Self {
        self.holds = Some(Box::new(holds));
        self
    }
}

impl Case {
    /// Both at once, each with drops of its own: as long as the longer needs, within reason.
    fn together(mut self, mut other: Self) -> Self {
        // An appliance that is silent has no drops of its own: those of its case are noise.
        for case in [&mut self, &mut other].into_iter().filter(|case| case.appliances.is_some()) {
            case.faults.clear();
        }
        self.appliances = self.appliances.take().or(other.appliances);
        self.faults.extend(other.faults);
        self.lasts = self.lasts.max(other.lasts).min(20.0 * self.pace.max(other.pace));
        self.pace = self.pace.max(other.pace);
        (self.drops, self.refusals) = (self.drops.min(other.drops).max(3), self.refusals.min(other.refusals));
        self.noise = Noise::None;
        self.runs = if other.runs == Runs::One { Runs::One } else { self.runs };
        let (one, two) = (self.holds.take(), other.holds);
        self.holding(move |story| [&one, &two].into_iter().flatten().all(|holds| holds(story)))
    }
}

/// Makes a case of a user; what the fault needs of the user is changed.
pub(crate) type Make = fn(&mut Setup, &mut Chance) -> Case;

/// A journal, and what it is of.
pub(crate) struct Journal {
    pub(crate) records: Vec<Observation>,
    pub(crate) liveness: Liveness,
    /// Which fault each drop is due to: 0, 1 the causes, more is noise.
    pub(crate) culprits: Vec<usize>,
    pub(crate) setup: Setup,
}

impl Journal {
    /// As the program sees it.
    pub(crate) fn metrics(&self) -> Metrics {
        let mut collector = Collector::new(Window::default(), RECENT);
        self.records.iter().for_each(|record| collector.record(record));
        collector.metrics(self.liveness)
    }
}

/// An AWS endpoint ends a WebSocket after a day by itself.
const AWS_WEBSOCKET_DAY: f64 = 80_000.0;
/// Draws until one is what it should be.
const TRIES: u64 = 200;

/// The journal of a seed, in which all these causes are at work. `salt` keeps the kinds apart.
pub(crate) fn journal(makes: &[Make], salt: &str, seed: u64) -> Journal {
    let salt = salt.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let seeds = (0..TRIES).map(|again: u64| salt ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (again << 56));
    let mut journals = seeds.filter_map(|seed| attempt(makes, Chance::new(seed)));
    journals.next().unwrap_or_else(|| panic!("seed {seed} makes no journal"))
}

fn attempt(makes: &[Make], mut chance: Chance) -> Option<Journal> {
    let mut setup = Setup::draw(&mut chance);
    let made: Vec<Case> = makes.iter().map(|make| make(&mut setup, &mut chance)).collect();
    let mut case = made.into_iter().reduce(Case::together)?;
    if setup.place.aws && setup.framed() && case.lasts > AWS_WEBSOCKET_DAY && !case.at_aws {
        setup.place.aws = false;
        "broker.example.net".clone_into(&mut setup.place.host);
    }
    let count = case.faults.len();
    case.faults.extend(noise::beside(case.noise, case.pace, &mut chance));
    let plans = plans(&case, &mut chance);
    let cut = plans.last().is_some_and(|plan| plan.ends == RunEnd::Cut);
    let live = cut && chance.likely(0.7);
    let (drops, refusals, holds) = (case.drops, case.refusals, case.holds);
    let appliances = case.appliances.take();
    let mut story = World::new(setup, case.faults, chance).off_by(case.clock_error).run(&plans);
    if let Some(appliances) = appliances {
        appliances.tell(&mut story.records);
    }
    let of = |fault: usize| story.culprits.iter().filter(|culprit| **culprit == fault).count();
    let enough = (0..count).all(|fault| of(fault) >= drops && story.refusals[fault] >= refusals);
    let caused: usize = (0..count).map(of).sum();
    let quiet = (story.culprits.len() - caused) * 3 <= story.culprits.len();
    if !enough || !quiet || holds.is_some_and(|holds| !holds(&story)) {
        return None;
    }
    Some(Journal {
        liveness: if live { Liveness::Live } else { Liveness::Over },
        records: story.records,
        culprits: story.culprits,
        setup: story.setup,
    })
}

/// One run, or some with time between them.
fn plans(case: &Case, chance: &mut Chance) -> Vec<Plan> {
    let count = if case.runs == Runs::One || chance.likely(0.65) { 1 } else { chance.whole(2, 4) };
    let share = |chance: &mut Chance| if count == 1 { 1.0 } else { chance.between(0.6, 1.4) };
    (0..count)
        .map(|number| Plan {
            gap: if number == 0 { 0.0 } else { chance.spread(3.0, 12.0 * 3600.0).min(case.lasts) },
            lasts: case.lasts / count as f64 * share(chance),
            ends: chance.weigh(&[
                (4.0, RunEnd::Stop(StopReason::Signal)),
                (1.0, RunEnd::Stop(StopReason::Duration)),
                (5.0, RunEnd::Cut),
            ]),
        })
        .collect()
}
