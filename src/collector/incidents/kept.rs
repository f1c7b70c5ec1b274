//! The latest incidents that are over, in bounded memory.

use chrono::{DateTime, Utc};

use super::incident::Incident;
use crate::collector::recent::Recent;

/// How many incidents are kept of one target: more than any cause needs to show.
pub const INCIDENTS_KEPT: usize = 1024;

/// Those incidents, of all runs, by when they were noticed.
#[derive(Debug, Clone)]
pub(in crate::collector) struct KeptIncidents(Recent<Box<Incident>>);

impl Default for KeptIncidents {
    fn default() -> Self {
        Self(Recent::new(INCIDENTS_KEPT))
    }
}

impl KeptIncidents {
    /// Keeps no more than this many from now on.
    pub(in crate::collector) fn limit(&mut self, limit: usize) {
        self.0.limit(limit);
    }

    /// Adds one that is over, noticed at this time.
    pub(super) fn push(&mut self, order: DateTime<Utc>, incident: Box<Incident>) {
        self.0.push(order, incident);
    }

    /// The latest of a run.
    pub(super) fn last_of(&mut self, run: u64) -> Option<&mut Incident> {
        self.0.iter_mut().rev().map(Box::as_mut).find(|incident| incident.terms.run == run)
    }

    /// The wall clock stepped in a run: all that was noticed in it before was noticed so far from the new time.
    pub(super) fn clock_stepped(&mut self, run: u64, seconds: f64) {
        let of_the_run = self.0.iter_mut().filter(|incident| incident.terms.run == run);
        of_the_run.for_each(|incident| incident.later_clock_steps_seconds += seconds);
    }

    /// The latest, oldest first, with those that are not over yet in their places.
    pub(in crate::collector) fn with(
        &self,
        open: impl Iterator<Item = (DateTime<Utc>, Box<Incident>)>,
    ) -> Vec<Incident> {
        let mut all: Vec<_> = self.0.dated().cloned().chain(open).collect();
        all.sort_by_key(|(order, _)| *order);
        let too_many = all.len().saturating_sub(self.0.capacity());
        all.into_iter().skip(too_many).map(|(_, incident)| *incident).collect()
    }
}
