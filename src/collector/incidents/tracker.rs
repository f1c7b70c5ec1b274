//! Follows the records of one run and puts its incidents together, from what led to each to how it was over.

use core::net::{IpAddr, SocketAddr};
use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::host::{HostContext, RecentHostChanges};
use super::incident::{BURST_SECONDS, End, Incident, Recovery, Terms, unnoticed_seconds};
use super::kept::KeptIncidents;
use super::open::OpenIncident;
use super::outlived::{OpenSession, OutlivedSession};
use super::zone::Zone;
use crate::collector::clock::{Position, Timestamp, in_seconds, microseconds};
use crate::event::{
    AttemptFailed, Connected, Environment, EnvironmentKind, LateAnswer, Sample, SessionDrop, Subscribed,
    TargetFacts,
};

/// Attempts that are remembered to find the busiest span; a storm makes more, and is one all the same.
const ATTEMPTS_REMEMBERED: usize = 1024;

/// The fold from the records of a run to its incidents.
#[derive(Debug, Clone, Default)]
pub(in crate::collector) struct Tracker {
    zone: Zone,
    terms: Terms,
    recent_changes: RecentHostChanges,
    open: Option<OpenIncident>,
    last: Option<Timestamp>,
    /// How far the clock has stepped in this run, or how far off it was said to be.
    clock_off_seconds: f64,
    /// The latest attempts, failed and successful, across incidents.
    attempts: VecDeque<Timestamp>,
    /// Our address in the latest session.
    local_address: Option<String>,
    /// The first filter that the broker refused in this session.
    refused_topic: Option<String>,
    /// The session that is up.
    session: Option<OpenSession>,
}

impl Tracker {
    /// Of the run of this number.
    pub(in crate::collector) fn new(run: u64) -> Self {
        Self { terms: Terms { run, ..Terms::default() }, ..Self::default() }
    }

    /// The run watches this target, from a host in this time zone.
    pub(in crate::collector) fn start(&mut self, target: &Arc<TargetFacts>, time_zone: &str) {
        self.zone = Zone::of(time_zone);
        self.terms.keep_alive_seconds = target.keep_alive_seconds;
        self.terms.ping_interval_seconds = target.ping_interval_seconds;
        self.terms.target = Some(Arc::clone(target));
    }

    /// A record of the run stands here.
    pub(in crate::collector) const fn pass(&mut self, at: Timestamp) {
        self.last = Some(at);
    }

    /// A session is up.
    pub(in crate::collector) fn connected(
        &mut self,
        at: Timestamp,
        connected: &Connected,
        kept: &mut KeptIncidents,
    ) {
        self.refused_topic = None;
        self.agree(connected);
        self.session = Some(OpenSession::new(at));
        let in_burst = self.attempt_made(at);
        let Some(mut open) = self.open.take() else { return };
        // Attempts that are not listed were made all the same: lost records, or a dump that lists none.
        let failed = &mut open.incident.recovery.failed;
        *failed = (*failed).max(connected.attempt_number.unwrap_or_default().saturating_sub(1));
        if !open.was_a_question_of_version(connected.protocol) {
            open.recovered(at, connected, in_burst);
            keep(open, kept);
        }
    }

    /// What is in force in this session: a keep-alive that the broker sets outweighs ours, and shortens our pings.
    pub(in crate::collector) fn agree(&mut self, connected: &Connected) {
        self.local_address.clone_from(&connected.local_address);
        let target = self.terms.target.as_deref();
        let set = connected.server_keep_alive_seconds.filter(|seconds| *seconds > 0).map(f64::from);
        let own_interval = target.and_then(|target| target.ping_interval_seconds);
        self.terms.protocol = connected.protocol;
        self.terms.keep_alive_seconds = set.or_else(|| target?.keep_alive_seconds);
        self.terms.ping_interval_seconds = own_interval.map(|own| set.map_or(own, |set| own.min(set)));
    }

    /// A reading of the session that is up.
    pub(in crate::collector) fn sampled(&mut self, sample: &Sample) {
        if let Some(session) = &mut self.session {
            session.sampled(sample);
        }
    }

    /// The broker answered to a filter.
    pub(in crate::collector) fn subscribed(&mut self, subscribed: &Subscribed) {
        if subscribed.granted_qos.is_none() {
            self.refused_topic.get_or_insert_with(|| subscribed.topic.clone());
        }
    }

    /// The session ended.
    pub(in crate::collector) fn dropped(
        &mut self,
        position: &Position,
        drop: &Arc<SessionDrop>,
        kept: &mut KeptIncidents,
    ) {
        self.session = None;
        self.leave(kept);
        let noticed = position.at.wall;
        let began = noticed - span(unnoticed_seconds(drop));
        let heard = noticed - span(drop.last_received_seconds.unwrap_or_default());
        let mut incident = self.begin(position, began);
        incident.host = self.recent_changes.before(heard, noticed);
        incident.end = Some(End {
            drop: Arc::clone(drop),
            refused_topic: self.refused_topic.take(),
            late_answer_seconds: None,
        });
        self.open = Some(OpenIncident::new(incident, *position));
    }

    /// An attempt failed.
    pub(in crate::collector) fn attempt_failed(&mut self, position: &Position, failed: &AttemptFailed) {
        let in_burst = self.attempt_made(position.at);
        if self.open.is_none() {
            let noticed = position.at.wall;
            let mut incident = self.begin(position, noticed);
            incident.host = self.recent_changes.before(noticed, noticed);
            self.open = Some(OpenIncident::new(incident, *position));
        }
        if let Some(open) = &mut self.open {
            open.attempt_failed(position.at, failed, in_burst);
        }
    }

    /// An attempt was over at `at`: how many there were within [`BURST_SECONDS`].
    fn attempt_made(&mut self, at: Timestamp) -> u32 {
        self.attempts.push_back(at);
        let is_old = |first: &Timestamp| in_seconds(at.since_us(*first)) > BURST_SECONDS;
        while self.attempts.len() > ATTEMPTS_REMEMBERED || self.attempts.front().is_some_and(is_old) {
            self.attempts.pop_front();
        }
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    fn begin(&self, position: &Position, began: DateTime<Utc>) -> Box<Incident> {
        Box::new(Incident {
            noticed: position.at.wall,
            began,
            local: self.zone.local(began),
            terms: self.terms.clone(),
            end: None,
            host: HostContext::default(),
            clock_off_seconds: self.clock_off_seconds,
            later_clock_steps_seconds: 0.0,
            recovery: Recovery::default(),
        })
    }

    /// The answer belongs to the last drop, which may be over already.
    pub(in crate::collector) fn late_answer(&mut self, late: LateAnswer, kept: &mut KeptIncidents) {
        let incident = match &mut self.open {
            Some(open) => Some(open.incident.as_mut()),
            None => kept.last_of(self.terms.run),
        };
        if let Some(end) = incident.and_then(|incident| incident.end.as_mut()) {
            end.late_answer_seconds = Some(late.seconds);
        }
    }

    /// Something changed on the host.
    pub(in crate::collector) fn changed(
        &mut self,
        at: DateTime<Utc>,
        change: &Environment,
        kept: &mut KeptIncidents,
    ) {
        self.set_clock(change, kept);
        let is_far = match change.on_path {
            Some(on_path) => !on_path,
            None => {
                is_of_unknown_interface(change)
                    || self.is_of_another_family(change)
                    || self.is_of_another_address(change)
            }
        };
        if is_far {
            return;
        }
        kept.count_change(change.kind);
        self.recent_changes.add(at, change);
        if let Some(open) = &mut self.open {
            open.changed(at, change);
        }
    }

    fn set_clock(&mut self, change: &Environment, kept: &mut KeptIncidents) {
        let seconds = change.seconds.unwrap_or_default();
        match change.kind {
            EnvironmentKind::ClockStep => {
                self.clock_off_seconds += seconds;
                kept.clock_stepped(self.terms.run, seconds);
                if let Some(open) = &mut self.open {
                    open.incident.later_clock_steps_seconds += seconds;
                }
            }
            EnvironmentKind::ClockOffset => self.clock_off_seconds = seconds,
            EnvironmentKind::LinkDown
            | EnvironmentKind::LinkUp
            | EnvironmentKind::AddressAdded
            | EnvironmentKind::AddressRemoved
            | EnvironmentKind::DefaultRouteChanged
            | EnvironmentKind::Suspend => {}
        }
    }

    /// Whether an address or route is of the IP version that the connection does not use. Journals without `on_path`
    /// tell the version by `family`, older ones by the address in `detail`.
    fn is_of_another_family(&self, change: &Environment) -> bool {
        let has_a_family = matches!(
            change.kind,
            EnvironmentKind::AddressAdded
                | EnvironmentKind::AddressRemoved
                | EnvironmentKind::DefaultRouteChanged
        );
        let is_v6 = change.family.map_or_else(|| change.detail.contains(':'), |family| family == 6);
        let used = self.local_address.as_ref().map(|address| address.starts_with('['));
        has_a_family && used.is_some_and(|used| used != is_v6)
    }

    /// Whether an address went away that is not the connection's own.
    fn is_of_another_address(&self, change: &Environment) -> bool {
        let own = self.local_address.as_deref().and_then(ip_of);
        let text = change.address.as_deref().unwrap_or(&change.detail);
        let gone = text.split(['/', ' ']).next().and_then(|text| text.parse::<IpAddr>().ok());
        change.kind == EnvironmentKind::AddressRemoved && own.zip(gone).is_some_and(|(own, gone)| own != gone)
    }

    /// The run is over: what was going on comes to no end that is known.
    pub(in crate::collector) fn leave(&mut self, kept: &mut KeptIncidents) {
        if let Some(session) = self.session.take() {
            let last = self.last.unwrap_or(session.began);
            kept.keep_session(session.left(last, &self.terms));
        }
        if let Some(mut open) = self.open.take() {
            open.left(self.last.unwrap_or(open.noticed.at));
            keep(open, kept);
        }
    }

    /// The incident that goes on at the last record, with its place in time, if it lies in the period.
    pub(in crate::collector) fn going_on(&self) -> Option<(DateTime<Utc>, Box<Incident>)> {
        let mut open = self.open.clone()?;
        open.until(self.last.unwrap_or(open.noticed.at));
        open.counted()
    }

    /// The session that is up at the last record.
    pub(in crate::collector) fn session_up(&self) -> Option<OutlivedSession> {
        let session = self.session.clone()?;
        let last = self.last.unwrap_or(session.began);
        Some(session.left(last, &self.terms))
    }

    /// The same, where the run is known to be over.
    pub(in crate::collector) fn left_open(&self) -> Option<(DateTime<Utc>, Box<Incident>)> {
        let mut open = self.open.clone()?;
        open.left(self.last.unwrap_or(open.noticed.at));
        open.counted()
    }
}

/// Whether a change of an interface may concern another one than the connection uses: then it proves nothing.
fn is_of_unknown_interface(change: &Environment) -> bool {
    match change.kind {
        EnvironmentKind::LinkDown
        | EnvironmentKind::LinkUp
        | EnvironmentKind::AddressAdded
        | EnvironmentKind::AddressRemoved
        | EnvironmentKind::DefaultRouteChanged => change.in_use != Some(true),
        EnvironmentKind::Suspend | EnvironmentKind::ClockStep | EnvironmentKind::ClockOffset => {
            change.in_use == Some(false)
        }
    }
}

/// The address of an `ip:port`.
fn ip_of(text: &str) -> Option<IpAddr> {
    text.parse::<SocketAddr>().ok().map(|address| address.ip())
}

fn keep(open: OpenIncident, kept: &mut KeptIncidents) {
    if let Some((order, incident)) = open.counted() {
        kept.push(order, incident);
    }
}

/// More than any span in a journal, and less than a time can be moved by: some 130 years.
const LONGEST_SECONDS: f64 = 4e9;

fn span(seconds: f64) -> TimeDelta {
    TimeDelta::microseconds(microseconds(seconds.clamp(-LONGEST_SECONDS, LONGEST_SECONDS)))
}
