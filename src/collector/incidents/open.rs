//! An incident that is not over.

use chrono::{DateTime, TimeDelta, Utc};

use super::failure_class::FailureClass;
use super::incident::Incident;
use crate::collector::clock::{Period, Position, Timestamp, in_seconds};
use crate::event::{AttemptFailed, Connected, Environment, EnvironmentKind, Protocol};

/// What an attempt meets at a broker of another version.
const ABOUT_THE_VERSION: [FailureClass; 3] =
    [FailureClass::RefusedVersion, FailureClass::ClosedBeforeConnack, FailureClass::NoMqtt];

/// How long after it was noticed a suspension may be recorded that led to it: it is recorded at resume.
const SUSPEND_RECORDED_WITHIN: TimeDelta = TimeDelta::seconds(5);

/// The incident, and what is needed to go on with it.
#[derive(Debug, Clone)]
pub(super) struct OpenIncident {
    pub(super) incident: Box<Incident>,
    /// Where it was noticed.
    pub(super) noticed: Position,
    last_attempt: Timestamp,
    attempted: AttemptedVersions,
}

/// In which versions the attempts that failed were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AttemptedVersions {
    /// In MQTT 5 alone.
    OnlyFive,
    /// In 3.1.1 too, or in none that is known.
    Other,
}

impl OpenIncident {
    /// One that was noticed here.
    pub(super) const fn new(incident: Box<Incident>, noticed: Position) -> Self {
        Self { incident, noticed, last_attempt: noticed.at, attempted: AttemptedVersions::OnlyFive }
    }

    /// An attempt failed, which was the one of this number within [`super::BURST_SECONDS`].
    pub(super) fn attempt_failed(&mut self, at: Timestamp, failed: &AttemptFailed, in_burst: u32) {
        let class = FailureClass::of(failed);
        self.pause(at);
        if failed.protocol != Some(Protocol::V5) {
            self.attempted = AttemptedVersions::Other;
        }
        let recovery = &mut self.incident.recovery;
        recovery.failed = recovery.failed.saturating_add(1);
        recovery.by_class[class as usize] = recovery.by_class[class as usize].saturating_add(1);
        recovery.first.get_or_insert(class);
        recovery.last = Some(class);
        recovery.last_code = failed.protocol.zip(failed.return_code).or(recovery.last_code);
        recovery.last_http_status = failed.http_status.or(recovery.last_http_status);
        recovery.last_words = failed.reason_string.clone().or_else(|| recovery.last_words.take());
        recovery.waited_seconds = failed.waited_seconds.or(recovery.waited_seconds);
        recovery.most_in_burst = recovery.most_in_burst.max(in_burst);
    }

    /// An attempt was over at `at`: how long the pause before it was.
    fn pause(&mut self, at: Timestamp) {
        let pause = in_seconds(at.since_us(self.last_attempt));
        let longest = &mut self.incident.recovery.longest_pause_seconds;
        *longest = longest.max(pause);
        self.last_attempt = at;
    }

    /// What the host does while the connection is down may keep it down; a sleep only matters at the end.
    pub(super) fn changed(&mut self, at: DateTime<Utc>, change: &Environment) {
        let is_too_late = at - self.incident.noticed > SUSPEND_RECORDED_WITHIN;
        if change.kind != EnvironmentKind::Suspend || !is_too_late {
            self.incident.host.add(at, change);
        }
    }

    /// Whether the broker only wanted another version: one that took us in 3.1.1 after it had refused MQTT 5 was in no
    /// trouble.
    pub(super) fn was_a_question_of_version(&self, spoken: Option<Protocol>) -> bool {
        let recovery = &self.incident.recovery;
        let by_the_version = recovery.met_any(&ABOUT_THE_VERSION) == recovery.failed;
        let went_back = self.attempted == AttemptedVersions::OnlyFive && spoken == Some(Protocol::V311);
        self.incident.end.is_none() && by_the_version && went_back
    }

    /// A session is up again, with the attempt of this number within [`super::BURST_SECONDS`].
    pub(super) fn recovered(&mut self, at: Timestamp, connected: &Connected, in_burst: u32) {
        self.pause(at);
        let recovery = &mut self.incident.recovery;
        recovery.most_in_burst = recovery.most_in_burst.max(in_burst);
        recovery.recovered = Some(connected.kind);
        recovery.waited_seconds = connected.waited_seconds.or(recovery.waited_seconds);
        recovery.connack_ms = connected.phases.mqtt_ms;
        self.until(at);
    }

    /// The run ended first.
    pub(super) fn left(&mut self, last: Timestamp) {
        self.incident.recovery.run_over = true;
        self.until(last);
    }

    /// As far as it came by `last`.
    pub(super) fn until(&mut self, last: Timestamp) {
        self.incident.recovery.lasted_seconds = in_seconds(last.since_us(self.noticed.at));
    }

    /// With its place in time, if it lies in the period.
    pub(super) fn counted(self) -> Option<(DateTime<Utc>, Box<Incident>)> {
        (self.noticed.period == Period::Within).then_some((self.noticed.order, self.incident))
    }
}
