//! Has every journal judged, and counts how often that was right.
//!
//! The thresholds that are asserted stand in [`DEMANDED`]; everything else is told, past the harness, so that it can be
//! read where nothing failed.

mod calibration;
mod table;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use nwdiag::collector::metrics::Metrics;

use crate::faults::{CAUSES, made_by};
use crate::noise;
use crate::scenario::{self, Make};
use calibration::Calibration;

/// What a rule said, as far as it is judged.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) cause: &'static str,
    pub(crate) confidence: f64,
}

/// The one place that asks the rules.
fn diagnose(metrics: &Metrics) -> Vec<Finding> {
    let found = nwdiag::diagnosis::diagnose(metrics);
    found
        .iter()
        .map(|finding| Finding { cause: finding.cause.as_str(), confidence: finding.confidence })
        .collect()
}

/// What must hold; see the contract on findings.
pub(crate) struct Demanded {
    /// Whether it is asserted.
    pub(crate) held: bool,
    /// Journals of each cause whose top finding must be right, of a hundred.
    pub(crate) right_of_100: f64,
    /// No finding on a healthy or unclear journal may be surer.
    pub(crate) alarm_above: f64,
    /// Healthy and unclear journals, of a hundred, that may be above that.
    pub(crate) alarms_of_100: f64,
    /// How far a tenth of confidence may lie from its hit rate.
    pub(crate) calibrated_within: f64,
}

/// What the contract asks for. Other journals than those that the rules were made with are judged where
/// `NWDIAG_FIRST_SEED` names another seed to begin with than 0.
pub(crate) const DEMANDED: Demanded =
    Demanded { held: true, right_of_100: 98.0, alarm_above: 0.5, alarms_of_100: 0.0, calibrated_within: 0.1 };

/// Causes below the bar, with what they must not fall below: what stands in the way is told in the README ("How sure it
/// is").
const BELOW_THE_BAR: [(&str, f64); 4] = [
    ("packet_loss", 96.0),
    ("idle_timeout", 95.0),
    ("regular_interval", 92.0),
    ("connection_lifetime", 96.0),
];

/// How many journals of a hundred must be right.
fn right_of_100(cause: &str) -> f64 {
    let below = BELOW_THE_BAR.iter().find(|(name, _)| *name == cause);
    below.map_or(DEMANDED.right_of_100, |(_, floor)| *floor)
}

/// Journals judged for each cause, where nothing else is wanted (`NWDIAG_JOURNALS`).
const JOURNALS: u64 = 300;
/// Healthy and unclear ones together, for each three hundred of a cause.
const SILENT: u64 = 1000;

/// A wrong verdict is told with at most so many of its seeds.
const SEEDS_TOLD: usize = 6;

/// Journals of one kind: what was said of them.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    pub(crate) journals: u64,
    /// Top findings; an empty word where there was none.
    pub(crate) top: BTreeMap<&'static str, Count>,
    /// Findings that are surer than [`Demanded::alarm_above`].
    pub(crate) sure: BTreeMap<&'static str, Count>,
    pub(crate) findings: Vec<Finding>,
    /// Journals in which all that was at work was found.
    pub(crate) complete: u64,
}

/// How often, and in which journals.
#[derive(Debug, Default, Clone)]
pub(crate) struct Count {
    pub(crate) times: u64,
    pub(crate) seeds: Vec<u64>,
}

impl Count {
    fn add(&mut self, seed: u64) {
        self.times += 1;
        if self.seeds.len() < SEEDS_TOLD {
            self.seeds.push(seed);
        }
    }
}

impl Verdicts {
    fn add(&mut self, seed: u64, expected: &[&str], findings: Vec<Finding>) {
        self.journals += 1;
        let top = findings.first().map_or("", |finding| finding.cause);
        self.top.entry(top).or_default().add(seed);
        let sure: Vec<_> =
            findings.iter().filter(|finding| finding.confidence > DEMANDED.alarm_above).collect();
        for finding in &sure {
            self.sure.entry(finding.cause).or_default().add(seed);
        }
        let all = expected.iter().all(|cause| sure.iter().any(|finding| finding.cause == *cause));
        self.complete += u64::from(all);
        self.findings.extend(findings);
    }

    /// Journals of a hundred whose top finding is this.
    pub(crate) fn right_of_100(&self, cause: &str) -> f64 {
        // A name that is not found from the first attempt on is a host that does not exist, as far as the journal tells.
        let also = if cause == "dns_failure" { "unknown_host" } else { cause };
        let times = |cause: &str| self.top.get(cause).map_or(0, |count| count.times);
        let right = times(cause) + if also == cause { 0 } else { times(also) };
        right as f64 * 100.0 / self.journals.max(1) as f64
    }
}

/// What is judged: its name, the causes at work, how journals of it are made, how many.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) expected: Vec<&'static str>,
    makes: Vec<Make>,
    journals: u64,
}

/// All kinds, so many journals for each cause.
fn kinds(journals: u64) -> Vec<Kind> {
    let silent = (journals * SILENT).div_ceil(JOURNALS * 2);
    let of = |name: &str, make: Make, expected: Vec<&'static str>, journals| Kind {
        name: name.to_owned(),
        expected,
        makes: vec![make],
        journals,
    };
    let causes = CAUSES.iter().map(|(word, make)| of(word, *make, vec![*word], journals));
    let pairs = crate::faults::PAIRS.iter().map(|pair| Kind {
        name: pair.join(" + "),
        expected: pair.to_vec(),
        makes: pair.iter().map(|word| made_by(word)).collect(),
        journals: journals.div_ceil(10),
    });
    let quiet =
        [of("healthy", noise::healthy, vec![], silent), of("unclear", noise::unclear, vec![], silent)];
    causes.chain(pairs).chain(quiet).collect()
}

fn judged(kind: &Kind) -> Verdicts {
    let mut verdicts = Verdicts::default();
    let first = number_in("NWDIAG_FIRST_SEED").unwrap_or(0);
    for seed in first..first + kind.journals {
        let journal = scenario::journal(&kind.makes, &kind.name, seed);
        verdicts.add(seed, &kind.expected, diagnose(&journal.metrics()));
    }
    verdicts
}

/// Kinds are shared out among as many threads as there are processors.
fn all_judged(kinds: &[Kind]) -> Vec<Verdicts> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Verdicts>> = kinds.iter().map(|_| Mutex::default()).collect();
    let work = || {
        while let Some((kind, place)) = kinds.iter().zip(&done).nth(next.fetch_add(1, Ordering::Relaxed)) {
            *place.lock().unwrap() = judged(kind);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    done.into_iter().map(|place| place.into_inner().unwrap()).collect()
}

/// Journals for each cause: `NWDIAG_JOURNALS`, or as many as the contract asks for.
fn journals_for_each_cause() -> u64 {
    number_in("NWDIAG_JOURNALS").unwrap_or(JOURNALS)
}

fn number_in(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn causes_are_found_and_nothing_is_found_where_nothing_is() {
    let kinds = kinds(journals_for_each_cause());
    let verdicts = all_judged(&kinds);
    let calibration = Calibration::of(&kinds, &verdicts);
    table::tell(&kinds, &verdicts, &calibration);
    if DEMANDED.held {
        hold(&kinds, &verdicts, &calibration);
    }
}

/// All that is demanded.
fn hold(kinds: &[Kind], verdicts: &[Verdicts], calibration: &Calibration) {
    let mut missed = Vec::new();
    for (kind, verdicts) in kinds.iter().zip(verdicts) {
        match kind.expected[..] {
            [cause] if verdicts.right_of_100(cause) < right_of_100(cause) => missed.push(kind.name.clone()),
            [] if table::alarms_of_100(verdicts) > DEMANDED.alarms_of_100 => missed.push(kind.name.clone()),
            _ => {}
        }
    }
    missed.extend(calibration.off_by_more_than(DEMANDED.calibrated_within));
    assert!(missed.is_empty(), "{missed:?}");
}

/// For whoever asks why a journal was judged wrong: prints the one that `NWDIAG_JOURNAL` names, as it was judged.
#[test]
#[expect(clippy::print_stdout, reason = "the harness shows it where it is asked for")]
fn a_journal_is_shown_as_it_was_judged() {
    let name = std::env::var("NWDIAG_JOURNAL").unwrap_or_else(|_| "idle_timeout 21".to_owned());
    let (name, seed) = name.rsplit_once(' ').unwrap();
    let kinds = kinds(1);
    let kind = kinds.iter().find(|kind| kind.name == name).unwrap();
    let journal = scenario::journal(&kind.makes, name, seed.parse().unwrap());
    for record in &journal.records {
        let line = nwdiag::journal::encode(record).unwrap();
        assert_eq!(nwdiag::journal::decode(&line).unwrap().as_ref(), Some(record));
        print!("{}", String::from_utf8(line).unwrap());
    }
    for finding in diagnose(&journal.metrics()) {
        println!("{finding:?}");
    }
    println!("drops by fault: {:?}", journal.culprits);
}
