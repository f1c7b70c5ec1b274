//! Tells the targets of a stream apart: each has a collector of its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::clock::Window;
use super::incidents::INCIDENTS_KEPT;
use super::metrics::Metrics;
use super::{Collector, Liveness};
use crate::event::{Event, Observation, RunIdentity, Start};

/// Targets that are told apart; what is recorded of further ones is left out. A fleet is smaller.
const TARGETS_LIMIT: usize = 1024;

/// Incidents kept of all targets together, as far as each keeps [`FEWEST_INCIDENTS`]: some 2 KB each.
const INCIDENTS_IN_ALL: usize = 32 * INCIDENTS_KEPT;

/// Incidents that are kept of each target, however many there are.
const FEWEST_INCIDENTS: usize = 16;

/// Runs whose target is remembered; beyond that, only those that may still go on are.
const RUNS_REMEMBERED: usize = 65_536;

/// Whether one target that was watched from several hosts is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hosts {
    /// It is: the stream is a journal, which has one writer at a time. Its host may have got another name, as a
    /// container does with each start.
    Together,
    /// Each host's view is one of its own: several may have watched at once.
    Apart,
}

/// The fold of a stream of records, of any targets.
#[derive(Debug)]
pub struct Fold {
    window: Window,
    recent: usize,
    hosts: Hosts,
    targets: Vec<Observed>,
    /// Place of each run's target, by the run's UUID; `None` for one that is left out.
    runs: HashMap<Arc<str>, Option<usize>>,
    /// The run of the last record that named one, and the place of its target.
    current: Option<(Arc<str>, Option<usize>)>,
    /// Place of the target of the latest `start`: records that name no run belong to it.
    latest_started: Option<usize>,
    /// Records so far.
    records: u64,
    left_out: bool,
}

/// A target as it was seen from one host.
#[derive(Debug)]
pub struct Observed {
    name: Option<Arc<str>>,
    host: Option<Arc<str>>,
    /// Place of its last record in the stream.
    touched: u64,
    collector: Collector,
}

impl Observed {
    /// Its numbers as of the last record.
    pub fn metrics(&self, liveness: Liveness) -> Metrics {
        self.collector.metrics(liveness)
    }

    /// Whether it may be the target of this name, watched from this host: what is not known may be either.
    fn may_be(&self, name: Option<&Arc<str>>, host: Option<&Arc<str>>) -> bool {
        let agrees = |known: Option<&Arc<str>>, wanted: Option<&Arc<str>>| {
            known.zip(wanted).is_none_or(|(known, wanted)| known == wanted)
        };
        agrees(self.name.as_ref(), name) && agrees(self.host.as_ref(), host)
    }
}

impl Fold {
    /// A fold over `window` that keeps the `recent` latest drops and connections of each target.
    pub fn new(window: Window, recent: usize, hosts: Hosts) -> Self {
        Self {
            window,
            recent,
            hosts,
            targets: Vec::new(),
            runs: HashMap::new(),
            current: None,
            latest_started: None,
            records: 0,
            left_out: false,
        }
    }

    /// Takes one record. Those of one run come in the order in which they were written; runs and targets may be mixed.
    pub fn record(&mut self, record: &Observation) {
        self.take(record);
    }

    /// The target of the latest record: of a live journal the last one in it, else the one of the latest time.
    pub fn latest(&self, liveness: Liveness) -> Option<&Observed> {
        match liveness {
            Liveness::Live => self.targets.iter().max_by_key(|target| target.touched),
            Liveness::Over => {
                self.targets.iter().max_by_key(|target| (target.collector.latest_wall(), target.touched))
            }
        }
    }

    /// What to call the other targets, in the order of their first records. One that was watched from several hosts is
    /// named with each of them.
    pub fn others(&self, liveness: Liveness) -> Vec<String> {
        let latest = self.latest(liveness).map(|latest| latest.touched);
        let others = self.targets.iter().filter(|target| Some(target.touched) != latest);
        let beyond = self.left_out.then(|| format!("more than {TARGETS_LIMIT} in all"));
        others.map(|target| self.label(target)).chain(beyond).collect()
    }

    fn label(&self, target: &Observed) -> String {
        let name = target.name.as_deref().unwrap_or("a target without a name");
        let of_this_name = self.targets.iter().filter(|other| other.name == target.name).count();
        let host = target.host.as_deref().filter(|_| of_this_name > 1);
        host.map_or_else(|| name.to_owned(), |host| format!("{name} (watched from {host})"))
    }

    /// Takes one record, and tells the collector of its target.
    pub(super) fn take(&mut self, record: &Observation) -> Option<&mut Collector> {
        self.records += 1;
        let place = self.place(record)?;
        let target = self.targets.get_mut(place)?;
        target.touched = self.records;
        target.collector.record(record);
        Some(&mut target.collector)
    }

    /// The place of the record's target.
    fn place(&mut self, record: &Observation) -> Option<usize> {
        match (&record.event, &record.run) {
            (Event::Start(start), id) => self.started(start, id.as_ref()),
            (_, Some(id)) => self.of_run(id, |fold| fold.find(record.target_name.clone(), None)),
            (_, None) if self.latest_started.is_some() => self.latest_started,
            (_, None) => {
                self.latest_started = self.find(record.target_name.clone(), None);
                self.latest_started
            }
        }
    }

    fn started(&mut self, start: &Start, id: Option<&Arc<str>>) -> Option<usize> {
        let RunIdentity { target_name, .. } = RunIdentity::of(start);
        let host = match self.hosts {
            Hosts::Apart if !start.host.is_empty() => Some(Arc::from(&*start.host)),
            Hosts::Apart | Hosts::Together => None,
        };
        self.latest_started = match id {
            Some(id) => self.of_run(id, |fold| fold.find(target_name, host)),
            None => self.find(target_name, host),
        };
        self.latest_started
    }

    /// The place of a run's target, which is looked for once.
    fn of_run(&mut self, id: &Arc<str>, find: impl FnOnce(&mut Self) -> Option<usize>) -> Option<usize> {
        if let Some((_, place)) = self.current.as_ref().filter(|(current, _)| current == id) {
            return *place;
        }
        let known = self.runs.get(id).copied();
        let place = known.unwrap_or_else(|| {
            let place = find(self);
            self.remember(id, place);
            place
        });
        self.current = Some((Arc::clone(id), place));
        place
    }

    fn remember(&mut self, id: &Arc<str>, place: Option<usize>) {
        if self.runs.len() >= RUNS_REMEMBERED {
            let Self { targets, runs, .. } = self;
            let observed = |place: &mut Option<usize>| place.and_then(|place| targets.get(place));
            runs.retain(|id, place| observed(place).is_some_and(|target| target.collector.runs.knows(id)));
        }
        self.runs.insert(Arc::clone(id), place);
    }

    /// The place of the target of this name, watched from this host, which may be new: of several that it may be the
    /// latest one.
    fn find(&mut self, name: Option<Arc<str>>, host: Option<Arc<str>>) -> Option<usize> {
        let fits = |target: &Observed| target.may_be(name.as_ref(), host.as_ref());
        let known = (0..self.targets.len()).filter(|place| fits(&self.targets[*place]));
        let Some(place) = known.max_by_key(|place| self.targets[*place].touched) else {
            return self.add(name, host);
        };
        let target = &mut self.targets[place];
        target.name = target.name.take().or(name);
        target.host = target.host.take().or(host);
        Some(place)
    }

    fn add(&mut self, name: Option<Arc<str>>, host: Option<Arc<str>>) -> Option<usize> {
        if self.targets.len() == TARGETS_LIMIT {
            self.left_out = true;
            return None;
        }
        let collector = Collector::new(self.window, self.recent);
        self.targets.push(Observed { name, host, touched: self.records, collector });
        let each = (INCIDENTS_IN_ALL / self.targets.len()).clamp(FEWEST_INCIDENTS, INCIDENTS_KEPT);
        self.targets.iter_mut().for_each(|target| target.collector.limit_incidents(each));
        Some(self.targets.len() - 1)
    }
}
