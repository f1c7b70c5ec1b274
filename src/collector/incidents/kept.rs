//! The latest incidents that are over, in bounded memory.

use chrono::{DateTime, Utc};

use super::incident::Incident;
use super::outlived::OutlivedSession;
use crate::collector::recent::Recent;
use crate::event::EnvironmentKind;

/// How many incidents are kept of one target: more than any cause needs to show.
pub const INCIDENTS_KEPT: usize = 1024;

/// How often this host changed in a way that concerned the connection, whether or not it did harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HostChangeCounts {
    /// The interface in use lost its link, or the default route changed.
    pub links_and_routes: u64,
    /// An address of the interface in use came or went.
    pub addresses: u64,
    /// This host slept.
    pub suspensions: u64,
    /// The wall clock stepped.
    pub clock_steps: u64,
}

/// Those incidents, of all runs, by when they were noticed; and the sessions that came to no incident.
#[derive(Debug, Clone)]
pub(in crate::collector) struct KeptIncidents {
    incidents: Recent<Box<Incident>>,
    sessions: Recent<Box<OutlivedSession>>,
    changes: HostChangeCounts,
}

impl Default for KeptIncidents {
    fn default() -> Self {
        Self {
            incidents: Recent::new(INCIDENTS_KEPT),
            sessions: Recent::new(INCIDENTS_KEPT),
            changes: HostChangeCounts::default(),
        }
    }
}

impl KeptIncidents {
    /// Keeps no more than this many from now on.
    pub(in crate::collector) fn limit(&mut self, limit: usize) {
        self.incidents.limit(limit);
        self.sessions.limit(limit);
    }

    /// Adds one that is over, noticed at this time.
    pub(super) fn push(&mut self, order: DateTime<Utc>, incident: Box<Incident>) {
        self.incidents.push(order, incident);
    }

    /// Adds a session that no drop ended.
    pub(super) fn keep_session(&mut self, session: OutlivedSession) {
        self.sessions.push(session.began, Box::new(session));
    }

    /// One more change of this kind on the host.
    pub(super) const fn count_change(&mut self, kind: EnvironmentKind) {
        let count = match kind {
            EnvironmentKind::LinkDown | EnvironmentKind::DefaultRouteChanged => {
                &mut self.changes.links_and_routes
            }
            EnvironmentKind::AddressAdded | EnvironmentKind::AddressRemoved => &mut self.changes.addresses,
            EnvironmentKind::Suspend => &mut self.changes.suspensions,
            EnvironmentKind::ClockStep | EnvironmentKind::ClockOffset => &mut self.changes.clock_steps,
            EnvironmentKind::LinkUp => return,
        };
        *count = count.saturating_add(1);
    }

    /// How often the host changed.
    pub(in crate::collector) const fn changes(&self) -> HostChangeCounts {
        self.changes
    }

    /// The sessions that no drop ended, oldest first, with those that are up.
    pub(in crate::collector) fn outlived(
        &self,
        up: impl Iterator<Item = OutlivedSession>,
    ) -> Vec<OutlivedSession> {
        let mut all: Vec<OutlivedSession> =
            self.sessions.iter().map(|session| OutlivedSession::clone(session)).chain(up).collect();
        all.sort_by_key(|session| session.began);
        all
    }

    /// The latest of a run.
    pub(super) fn last_of(&mut self, run: u64) -> Option<&mut Incident> {
        self.incidents.iter_mut().rev().map(Box::as_mut).find(|incident| incident.terms.run == run)
    }

    /// The wall clock stepped in a run: all that was noticed in it before was noticed so far from the new time.
    pub(super) fn clock_stepped(&mut self, run: u64, seconds: f64) {
        let of_the_run = self.incidents.iter_mut().filter(|incident| incident.terms.run == run);
        of_the_run.for_each(|incident| incident.later_clock_steps_seconds += seconds);
    }

    /// The latest, oldest first, with those that are not over yet in their places.
    pub(in crate::collector) fn with(
        &self,
        open: impl Iterator<Item = (DateTime<Utc>, Box<Incident>)>,
    ) -> Vec<Incident> {
        let mut all: Vec<_> = self.incidents.dated().cloned().chain(open).collect();
        all.sort_by_key(|(order, _)| *order);
        let too_many = all.len().saturating_sub(self.incidents.capacity());
        all.into_iter().skip(too_many).map(|(_, incident)| *incident).collect()
    }
}
