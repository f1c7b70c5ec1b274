//! The runs of one target that may still go on: records of several may be mixed in any way.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::run::RunState;
use crate::event::{Event, Observation, RunIdentity, Subscribed, TargetFacts};

/// Runs without a `stop` that are followed at once. Beyond that, the one whose last record came longest ago counts as
/// interrupted: a journal of runs that were all killed must not make us grow.
const OPEN_RUNS_LIMIT: usize = 256;

/// Those runs.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenRuns {
    runs: Vec<RunState>,
    /// Runs so far.
    begun: u64,
    /// Records so far.
    records: u64,
    /// Place of the run of the last record.
    current: usize,
    /// Number of the run that began last: records that name no run belong to it.
    latest_started: Option<u64>,
    /// The latest run of those that are over.
    over: Option<Standing>,
}

/// What is known of a run as of its last record.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// The latest time that its wall clock showed.
    latest_wall: DateTime<Utc>,
    /// Place of its last record among those of the target.
    touched: u64,
    /// What it watches.
    pub(super) target: Option<Arc<TargetFacts>>,
    /// What became of each filter, in the order of the answers.
    pub(super) subscriptions: Vec<Subscribed>,
}

impl Standing {
    /// What decides which of two is the later one.
    pub(super) const fn order(&self) -> (DateTime<Utc>, u64) {
        (self.latest_wall, self.touched)
    }

    /// Whether it is of this run.
    pub(super) const fn is_of(&self, run: &RunState) -> bool {
        self.touched == run.touched
    }

    /// In this run.
    pub(super) fn of(run: &RunState) -> Self {
        Self {
            latest_wall: run.latest_wall,
            touched: run.touched,
            target: run.target.clone(),
            subscriptions: run.subscriptions.clone(),
        }
    }
}

impl OpenRuns {
    /// The run that the record belongs to, which may begin with it; and a run that is given up for it.
    pub(super) fn of(&mut self, record: &Observation) -> (&mut RunState, Option<RunState>) {
        self.records += 1;
        let place = self.find(record);
        let given_up = if place.is_none() { self.begin(record) } else { None };
        self.current = place.unwrap_or(self.runs.len() - 1);
        let run = &mut self.runs[self.current];
        run.touched = self.records;
        (run, given_up)
    }

    /// Takes out the run of the last record: it is over.
    pub(super) fn stop(&mut self) -> RunState {
        self.take_out(self.current)
    }

    /// All that may still go on.
    pub(super) fn iter(&self) -> impl Iterator<Item = &RunState> {
        self.runs.iter()
    }

    /// Whether a run of this UUID may still go on.
    pub(super) fn knows(&self, id: &Arc<str>) -> bool {
        self.runs.iter().any(|run| run.id.as_ref() == Some(id))
    }

    /// The run of the last record, if it has not stopped.
    pub(super) fn last(&self) -> Option<&RunState> {
        self.runs.get(self.current).filter(|run| run.touched == self.records)
    }

    /// What is known of the run whose wall clock showed the latest time.
    pub(super) fn latest(&self) -> Option<Standing> {
        self.standings().max_by_key(Standing::order)
    }

    /// The latest time that a wall clock of theirs showed.
    pub(super) fn latest_wall(&self) -> Option<DateTime<Utc>> {
        let over = self.over.as_ref().map(|over| over.latest_wall);
        self.runs.iter().map(|run| run.latest_wall).chain(over).max()
    }

    /// What that run watched; where that is not known, what the latest did of which it is.
    pub(super) fn target(&self, latest: Option<&Standing>) -> Option<TargetFacts> {
        let of_latest = latest.and_then(|latest| latest.target.clone());
        let known =
            || self.standings().filter(|one| one.target.is_some()).max_by_key(Standing::order)?.target;
        of_latest.or_else(known).map(|target| TargetFacts::clone(&target))
    }

    fn standings(&self) -> impl Iterator<Item = Standing> {
        self.runs.iter().map(Standing::of).chain(self.over.clone())
    }

    /// The place of the run that the record belongs to; `None` where one begins with it.
    fn find(&self, record: &Observation) -> Option<usize> {
        match (&record.event, &record.run) {
            (Event::Start(start), _) if !start.continued => None,
            (_, Some(id)) => self.place(|run| run.id.as_ref() == Some(id)),
            (_, None) => self.place(|run| Some(run.serial) == self.latest_started),
        }
    }

    /// Most records belong to the run of the one before.
    fn place(&self, is_meant: impl Fn(&RunState) -> bool) -> Option<usize> {
        if self.runs.get(self.current).is_some_and(&is_meant) {
            return Some(self.current);
        }
        self.runs.iter().position(is_meant)
    }

    fn begin(&mut self, record: &Observation) -> Option<RunState> {
        let id = match &record.event {
            Event::Start(start) => record.run.clone().or_else(|| RunIdentity::of(start).run),
            _ => record.run.clone(),
        };
        let given_up = self.make_room(id.as_ref());
        if matches!(record.event, Event::Start(_)) || id.is_none() {
            self.latest_started = Some(self.begun);
        }
        self.runs.push(RunState::begin(self.begun, id, record));
        self.begun += 1;
        given_up
    }

    /// Gives up the run of the same UUID, which is over, or the one that was silent longest if there are too many.
    fn make_room(&mut self, id: Option<&Arc<str>>) -> Option<RunState> {
        let same = id.and_then(|id| self.runs.iter().position(|run| run.id.as_ref() == Some(id)));
        let oldest = || (0..self.runs.len()).min_by_key(|place| self.runs[*place].touched);
        let place = same.or_else(|| oldest().filter(|_| self.runs.len() == OPEN_RUNS_LIMIT))?;
        Some(self.take_out(place))
    }

    fn take_out(&mut self, place: usize) -> RunState {
        let run = self.runs.swap_remove(place);
        let standing = Standing::of(&run);
        if self.over.as_ref().is_none_or(|over| over.order() <= standing.order()) {
            self.over = Some(standing);
        }
        run
    }
}
