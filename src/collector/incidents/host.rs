//! What happened on this host around an incident: only what concerns the interface in use, the clocks and sleep.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Environment, EnvironmentKind};

/// How long before the broker was last heard something may have happened to have led to the end.
const BEFORE: TimeDelta = TimeDelta::seconds(30);
/// How long after the end was noticed a change may be recorded that led to it: records of one moment follow each other.
const AFTER: TimeDelta = TimeDelta::seconds(5);
/// How many changes are remembered; a flapping interface makes more, and says no more by it.
const REMEMBERED: usize = 64;

/// What happened on the host around an incident.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostContext {
    /// The interface in use lost its link.
    pub link: Option<HostChange>,
    /// An address of the interface in use went.
    pub address: Option<HostChange>,
    /// An IPv4 address came in place of another one: this host is in another network, or got another lease. IPv6 has
    /// addresses change all the time.
    pub new_address: Option<HostChange>,
    /// The IPv4 address that went last, while none has come since.
    gone_address: Option<String>,
    /// The default route changed its way.
    pub route: Option<HostChange>,
    /// How long the host slept, seconds.
    pub slept_seconds: f64,
    /// The largest step or offset of the wall clock, signed, seconds.
    pub clock_seconds: f64,
}

/// A change on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostChange {
    /// When.
    pub at: DateTime<Utc>,
    /// On which interface, where that is known.
    pub interface: Option<String>,
    /// The address or route.
    pub detail: String,
}

impl HostContext {
    /// Takes in a change that belongs to the incident.
    pub(super) fn add(&mut self, at: DateTime<Utc>, change: &Environment) {
        let seconds = change.seconds.unwrap_or_default();
        let described =
            || HostChange { at, interface: change.interface.clone(), detail: change.detail.clone() };
        let first = |slot: &mut Option<HostChange>| {
            slot.get_or_insert_with(described);
        };
        let is_v4 = !change.detail.contains(':');
        match change.kind {
            EnvironmentKind::LinkDown => first(&mut self.link),
            EnvironmentKind::AddressRemoved => {
                first(&mut self.address);
                if is_v4 {
                    self.gone_address = Some(change.detail.clone());
                }
            }
            EnvironmentKind::AddressAdded => {
                if is_v4 && self.gone_address.take().is_some_and(|gone| gone != change.detail) {
                    self.new_address = Some(described());
                }
            }
            EnvironmentKind::DefaultRouteChanged => first(&mut self.route),
            EnvironmentKind::Suspend => self.slept_seconds += seconds,
            EnvironmentKind::ClockStep | EnvironmentKind::ClockOffset => {
                if seconds.abs() > self.clock_seconds.abs() {
                    self.clock_seconds = seconds;
                }
            }
            EnvironmentKind::LinkUp => {}
        }
    }
}

/// The latest changes, for the incident that may follow.
#[derive(Debug, Clone, Default)]
pub(super) struct RecentHostChanges {
    changes: VecDeque<(DateTime<Utc>, Environment)>,
}

impl RecentHostChanges {
    /// One more that concerns the interface in use.
    pub(super) fn add(&mut self, at: DateTime<Utc>, change: &Environment) {
        if self.changes.len() == REMEMBERED {
            self.changes.pop_front();
        }
        self.changes.push_back((at, change.clone()));
    }

    /// What led to an end between these two times.
    pub(super) fn before(&self, heard: DateTime<Utc>, noticed: DateTime<Utc>) -> HostContext {
        let mut near = HostContext::default();
        let led_to_it = |at: DateTime<Utc>| heard - BEFORE <= at && at <= noticed + AFTER;
        self.changes.iter().filter(|(at, _)| led_to_it(*at)).for_each(|(at, change)| near.add(*at, change));
        near
    }
}
