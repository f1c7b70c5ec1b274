//! Follows the records and puts each trouble together, from what led to it to the way back.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::host::{HostNear, Lately};
use super::obstacle::Obstacle;
use super::zone::Zone;
use super::{BURST_SECONDS, End, INCIDENTS_KEPT, Incident, Terms, WayBack, unnoticed_seconds};
use crate::collector::clock::{Place, in_seconds};
use crate::event::{
    AttemptFailed, Connected, ConnectionKind, Environment, EnvironmentKind, Event, LateAnswer, Protocol,
    Record, SessionDrop, Start, Subscribed,
};

/// Attempts that are remembered to find the busiest span; a storm makes more, and is one all the same.
const ATTEMPTS_REMEMBERED: usize = 1024;

/// What an attempt meets at a broker of another version.
const ABOUT_THE_VERSION: [Obstacle; 3] =
    [Obstacle::RefusedVersion, Obstacle::ClosedBeforeConnack, Obstacle::NoMqtt];

/// The fold from records to incidents.
#[derive(Debug, Clone, Default)]
pub struct Tracker {
    zone: Zone,
    terms: Terms,
    runs: u64,
    sessions: u64,
    lately: Lately,
    finished: VecDeque<Incident>,
    open: Option<Open>,
    last: Option<Place>,
    /// How far the clock has stepped in this run, or how far off it was said to be.
    clock_off_seconds: f64,
    /// How far it has stepped in all runs.
    clock_steps_seconds: f64,
    /// The latest attempts, failed and successful, across incidents.
    attempts: VecDeque<Place>,
    /// Our address in the latest session.
    local_address: Option<String>,
    /// The first filter that the broker refused in this session.
    refused_topic: Option<String>,
}

/// A trouble that is not over.
#[derive(Debug, Clone)]
struct Open {
    incident: Incident,
    began: Place,
    last_attempt: Place,
    spoken: Spoken,
    counts: Counts,
}

/// Whether an incident lies in the period that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// It does.
    Yes,
    /// It only matters for what follows.
    No,
}

/// In which versions the attempts that failed were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    /// In MQTT 5 alone.
    OnlyFive,
    /// In 3.1.1 too, or in none that is known.
    Other,
}

impl Tracker {
    /// Takes one record, in the order in which they were written.
    pub fn record(&mut self, record: &Record, place: Place, counts: Counts) {
        self.last = Some(place);
        match &record.event {
            Event::Start(start) => self.start(start),
            Event::Connected(connected) => self.connected(place, connected),
            Event::Drop(drop) => self.dropped(record.ts, place, drop, counts),
            Event::AttemptFailed(failed) => self.attempt_failed(record.ts, place, failed, counts),
            Event::LateAnswer(late) => self.late_answer(*late),
            Event::Environment(change) => self.changed(record.ts, change),
            Event::Stop(_) => self.leave(),
            Event::Subscribed(subscribed) => self.subscribed(subscribed),
            Event::Sample(_)
            | Event::Device(_)
            | Event::Finding(_)
            | Event::ProbeRefused(_)
            | Event::Pruned(_) => {}
        }
    }

    /// The incidents that count, oldest first; the one that goes on comes last.
    pub fn incidents(&self) -> Vec<Incident> {
        let open = self.open.as_ref().filter(|open| open.counts == Counts::Yes);
        let open = open.map(|open| {
            let mut incident = open.incident.clone();
            incident.way_back.lasted_seconds =
                self.last.map_or(0.0, |last| seconds_between(open.began, last));
            incident
        });
        self.finished.iter().cloned().chain(open).collect()
    }

    fn start(&mut self, start: &Start) {
        self.leave();
        let target = &start.target;
        self.zone = Zone::of(&start.time_zone);
        self.terms = Terms {
            run: self.runs,
            transport: target.transport,
            protocol: None,
            keep_alive_seconds: target.keep_alive_seconds,
            ping_interval_seconds: target.ping_interval_seconds,
        };
        self.runs += 1;
        self.attempts.clear();
        self.clock_off_seconds = 0.0;
        self.lately = Lately::default();
    }

    fn connected(&mut self, place: Place, connected: &Connected) {
        self.sessions += 1;
        self.refused_topic = None;
        self.local_address.clone_from(&connected.local_address);
        self.terms.protocol = connected.protocol;
        if let Some(seconds @ 1..) = connected.server_keep_alive_seconds {
            self.terms.keep_alive_seconds = Some(seconds.into());
        }
        let in_burst = self.attempt_made(place);
        if let Some(open) = &mut self.open {
            let way = &mut open.incident.way_back;
            way.most_in_burst = way.most_in_burst.max(in_burst);
            // Attempts that are not listed were made all the same: lost records, or a dump that lists none.
            way.failed = way.failed.max(connected.attempt_number.unwrap_or_default().saturating_sub(1));
        }
        if let Some(open) = self.open.take_if(|open| !open.was_a_question_of_version(connected.protocol)) {
            self.finish(open.recovered(place, connected.kind));
        }
        self.open = None;
    }

    fn subscribed(&mut self, subscribed: &Subscribed) {
        if subscribed.granted_qos.is_none() {
            self.refused_topic.get_or_insert_with(|| subscribed.topic.clone());
        }
    }

    fn dropped(&mut self, at: DateTime<Utc>, place: Place, drop: &SessionDrop, counts: Counts) {
        self.leave();
        let began = at - span(unnoticed_seconds(drop));
        let heard = at - span(drop.last_received_seconds.unwrap_or_default());
        let end = End {
            drop: drop.clone(),
            session: self.sessions.saturating_sub(1),
            refused_topic: self.refused_topic.take(),
            late_answer_seconds: None,
        };
        let host = self.lately.before(heard, at);
        self.open = Some(self.begin(at, began, place, counts));
        if let Some(open) = &mut self.open {
            (open.incident.end, open.incident.host) = (Some(end), host);
        }
    }

    fn attempt_failed(&mut self, at: DateTime<Utc>, place: Place, failed: &AttemptFailed, counts: Counts) {
        if self.open.is_none() {
            let mut open = self.begin(at, at, place, counts);
            open.incident.host = self.lately.before(at, at);
            self.open = Some(open);
        }
        let in_burst = self.attempt_made(place);
        if let Some(open) = &mut self.open {
            open.attempt_failed(place, failed, in_burst);
        }
    }

    /// An attempt was over at `place`: how many there were lately.
    fn attempt_made(&mut self, place: Place) -> u32 {
        self.attempts.push_back(place);
        let is_old = |first: &Place| seconds_between(*first, place) > BURST_SECONDS;
        while self.attempts.len() > ATTEMPTS_REMEMBERED || self.attempts.front().is_some_and(is_old) {
            self.attempts.pop_front();
        }
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    fn begin(&self, noticed: DateTime<Utc>, began: DateTime<Utc>, place: Place, counts: Counts) -> Open {
        let incident = Incident {
            noticed,
            began,
            local: self.zone.local(began),
            terms: self.terms.clone(),
            end: None,
            host: HostNear::default(),
            clock_off_seconds: self.clock_off_seconds,
            clock_steps_seconds: self.clock_steps_seconds,
            way_back: WayBack::default(),
        };
        Open { incident, began: place, last_attempt: place, spoken: Spoken::OnlyFive, counts }
    }

    /// The answer belongs to the last drop, which may be over already.
    fn late_answer(&mut self, late: LateAnswer) {
        let incident = match &mut self.open {
            Some(open) => Some(&mut open.incident),
            None => self.finished.back_mut(),
        };
        if let Some(end) = incident.and_then(|incident| incident.end.as_mut()) {
            end.late_answer_seconds = Some(late.seconds);
        }
    }

    fn changed(&mut self, at: DateTime<Utc>, change: &Environment) {
        let is_far = match change.on_path {
            Some(on_path) => !on_path,
            None => change.in_use == Some(false) || self.is_of_another_family(change),
        };
        if !is_far {
            self.lately.add(at, change);
        }
        match change.kind {
            EnvironmentKind::ClockStep => {
                let step = change.seconds.unwrap_or_default();
                self.clock_off_seconds += step;
                self.clock_steps_seconds += step;
            }
            EnvironmentKind::ClockOffset => self.clock_off_seconds = change.seconds.unwrap_or_default(),
            EnvironmentKind::LinkDown
            | EnvironmentKind::LinkUp
            | EnvironmentKind::AddressAdded
            | EnvironmentKind::AddressRemoved
            | EnvironmentKind::DefaultRouteChanged
            | EnvironmentKind::Suspend => {}
        }
        if let Some(open) = self.open.as_mut().filter(|open| !is_far && open.may_come_from(change.kind, at)) {
            open.incident.host.add(at, change);
        }
    }

    /// Whether an address came that a connection of the other IP version never used: IPv6 has them change all the time.
    fn is_of_another_family(&self, change: &Environment) -> bool {
        let is_v6 = change.detail.contains(':');
        let used = self.local_address.as_ref().map(|address| address.starts_with('['));
        change.kind == EnvironmentKind::AddressAdded && used.is_some_and(|used| used != is_v6)
    }

    /// The run is over: what was going on comes to no end that is known.
    fn leave(&mut self) {
        if let Some(open) = self.open.take() {
            let last = self.last.unwrap_or(open.began);
            self.finish(open.left(last));
        }
    }

    fn finish(&mut self, (incident, counts): (Incident, Counts)) {
        if counts == Counts::No {
            return;
        }
        if self.finished.len() == INCIDENTS_KEPT {
            self.finished.pop_front();
        }
        self.finished.push_back(incident);
    }
}

impl Open {
    fn attempt_failed(&mut self, place: Place, failed: &AttemptFailed, in_burst: u32) {
        let obstacle = Obstacle::of(failed);
        self.pause(place);
        if failed.protocol != Some(Protocol::V5) {
            self.spoken = Spoken::Other;
        }
        let way = &mut self.incident.way_back;
        way.failed = way.failed.saturating_add(1);
        way.by_obstacle[obstacle as usize] = way.by_obstacle[obstacle as usize].saturating_add(1);
        way.first.get_or_insert(obstacle);
        way.last = Some(obstacle);
        way.last_code = failed.protocol.zip(failed.return_code).or(way.last_code);
        way.last_http_status = failed.http_status.or(way.last_http_status);
        way.last_words = failed.reason_string.clone().or_else(|| way.last_words.take());
        way.most_in_burst = way.most_in_burst.max(in_burst);
    }

    /// An attempt was over at `place`: how long the pause before it was.
    fn pause(&mut self, place: Place) {
        let pause = seconds_between(self.last_attempt, place);
        let longest = &mut self.incident.way_back.longest_pause_seconds;
        *longest = longest.max(pause);
        self.last_attempt = place;
    }

    /// What the host does while the connection is down may keep it down; a sleep only matters at the end.
    fn may_come_from(&self, kind: EnvironmentKind, at: DateTime<Utc>) -> bool {
        match kind {
            EnvironmentKind::Suspend => at - self.incident.noticed <= TimeDelta::seconds(5),
            EnvironmentKind::ClockStep
            | EnvironmentKind::LinkDown
            | EnvironmentKind::LinkUp
            | EnvironmentKind::AddressAdded
            | EnvironmentKind::AddressRemoved
            | EnvironmentKind::DefaultRouteChanged
            | EnvironmentKind::ClockOffset => true,
        }
    }

    /// A broker that took us in 3.1.1 after it had refused MQTT 5 was in no trouble.
    fn was_a_question_of_version(&self, spoken: Option<Protocol>) -> bool {
        let way = &self.incident.way_back;
        let by_the_version = way.met_any(&ABOUT_THE_VERSION) == way.failed;
        let went_back = self.spoken == Spoken::OnlyFive && spoken == Some(Protocol::V311);
        self.incident.end.is_none() && by_the_version && went_back
    }

    fn recovered(mut self, place: Place, kind: ConnectionKind) -> (Incident, Counts) {
        self.pause(place);
        self.incident.way_back.recovered = Some(kind);
        self.incident.way_back.lasted_seconds = seconds_between(self.began, place);
        (self.incident, self.counts)
    }

    fn left(mut self, last: Place) -> (Incident, Counts) {
        self.incident.way_back.run_over = true;
        self.incident.way_back.lasted_seconds = seconds_between(self.began, last);
        (self.incident, self.counts)
    }
}

fn seconds_between(earlier: Place, later: Place) -> f64 {
    in_seconds(later.since_us(earlier))
}

/// More than any span in a journal, and less than a time can be moved by: some 130 years.
const LONGEST_SECONDS: f64 = 4e9;

fn span(seconds: f64) -> TimeDelta {
    let seconds = seconds.clamp(-LONGEST_SECONDS, LONGEST_SECONDS);
    TimeDelta::microseconds(crate::collector::clock::microseconds(seconds))
}
