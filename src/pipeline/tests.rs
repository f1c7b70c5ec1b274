//! When a run is diagnosed, what is said, and that it is said in one order to all.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::event::{
    AttemptFailed, ClosedBy, Connected, ConnectionKind, Phase, Sample, SessionDrop, Stamp, Stop,
};
use crate::event::{Protocol, StopReason};

fn wall() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

/// A pipeline in virtual time, in which a diagnosis takes no time.
struct Rig {
    pipeline: Pipeline,
    now: Moment,
    out: Vec<Observation>,
}

impl Rig {
    fn new() -> Self {
        Self { pipeline: Pipeline::new(0), now: Moment::default(), out: Vec::new() }
    }

    fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self
    }

    fn record(&self, event: Event) -> Observation {
        let since_start = TimeDelta::from_std(self.now.since_start()).unwrap();
        Observation::new(Stamp { wall: wall() + since_start, moment: self.now }, event)
    }

    fn tell(&mut self, event: Event) -> &mut Self {
        let (record, now) = (self.record(event), self.now);
        let observed = self.pipeline.observe(record, || now);
        self.out.extend(observed);
        let findings = self.pipeline.diagnose_if_due(|| now);
        self.out.extend(findings);
        self
    }

    fn connect(&mut self) -> &mut Self {
        let connected = Connected { protocol: Some(Protocol::V5), ..Connected::new(ConnectionKind::Resumed) };
        self.tell(Event::Connected(Box::new(connected)))
    }

    /// The broker says that another client took the session over.
    fn taken_over(&mut self) -> &mut Self {
        self.tell(Event::Drop(Box::new(SessionDrop {
            closed_by: Some(ClosedBy::PeerDisconnect),
            protocol: Some(Protocol::V5),
            reason_code: Some(0x8e),
            duration_connected_seconds: Some(4.0),
            ..SessionDrop::default()
        })))
    }

    /// A proxy closes after 30 s of silence.
    fn closed(&mut self) -> &mut Self {
        self.tell(Event::Drop(Box::new(SessionDrop {
            closed_by: Some(ClosedBy::PeerClose),
            protocol: Some(Protocol::V5),
            duration_connected_seconds: Some(40.0),
            last_received_seconds: Some(30.01),
            last_sent_seconds: Some(30.0),
            last_sent_packet: Some("PINGREQ".into()),
            ..SessionDrop::default()
        })))
    }

    fn sample(&mut self) -> &mut Self {
        self.tell(Event::Sample(Box::default()))
    }

    /// The causes said so far.
    fn said(&self) -> Vec<&str> {
        fn cause(record: &Observation) -> Option<&str> {
            if let Event::Finding(finding) = &record.event { Some(&finding.cause) } else { None }
        }
        self.out.iter().filter_map(cause).collect()
    }
}

#[test]
fn a_cause_that_the_broker_names_is_said_as_soon_as_the_connection_is_back() {
    let mut rig = Rig::new();
    rig.connect().pass(4).taken_over();
    assert!(rig.said().is_empty(), "the incident goes on");
    rig.pass(1).connect();
    assert_eq!(rig.said(), ["duplicate_client_id"]);
    let names: Vec<&str> = rig.out.iter().map(|record| record.event.name()).collect();
    assert_eq!(names, ["connected", "drop", "connected", "finding"]);
    let [.., connected, finding] = &rig.out[..] else { panic!() };
    assert_eq!((finding.ts, finding.run_seconds), (connected.ts, connected.run_seconds));
}

#[test]
fn a_cause_is_said_once_however_often_it_strikes() {
    let mut rig = Rig::new();
    for _ in 0..20 {
        rig.connect().pass(30).taken_over().pass(1);
    }
    assert_eq!(rig.said().len(), 1);
}

#[test]
fn a_healthy_run_is_never_diagnosed() {
    let mut rig = Rig::new();
    rig.connect();
    for _ in 0..100 {
        rig.pass(60).sample();
    }
    assert_eq!(rig.pipeline.next_diagnosis, Moment::default());
}

#[test]
fn ten_seconds_lie_between_two_diagnoses_and_the_end_of_a_run_waits_for_none() {
    let mut rig = Rig::new();
    rig.connect();
    let mut diagnosed = Vec::new();
    for _ in 0..30 {
        let before = rig.pipeline.next_diagnosis;
        rig.taken_over().pass(1).connect();
        if rig.pipeline.next_diagnosis != before {
            diagnosed.push(rig.now.since_start().as_secs());
        }
    }
    assert_eq!(diagnosed, [1, 11, 21]);
    rig.taken_over().tell(Event::Stop(Stop::new(StopReason::Signal)));
    assert_eq!(rig.pipeline.next_diagnosis, rig.now.plus(LEAST_PAUSE));
}

#[test]
fn what_is_said_at_the_end_of_a_run_stands_before_its_stop() {
    let mut rig = Rig::new();
    rig.connect().pass(4).taken_over().tell(Event::Stop(Stop::new(StopReason::Duration)));
    let names: Vec<&str> = rig.out.iter().map(|record| record.event.name()).collect();
    assert_eq!(names, ["connected", "drop", "finding", "stop"]);
}

#[test]
fn a_diagnosis_takes_at_most_one_percent_of_the_time() {
    let mut pipeline = Pipeline::new(0);
    let failed = Event::AttemptFailed(Box::new(AttemptFailed::new(Phase::Tcp)));
    let stamp = Stamp { wall: wall(), moment: Moment::default() };
    pipeline.observe(Observation::new(stamp, failed), Moment::default);
    let (reads, cost) = (std::cell::Cell::new(0), Duration::from_secs(2));
    let now = || {
        reads.set(reads.get() + 1);
        Moment::after_start(if reads.get() < 2 { Duration::ZERO } else { cost })
    };
    pipeline.observe(Observation::new(stamp, Event::Sample(Box::<Sample>::default())), Moment::default);
    pipeline.diagnose_if_due(now);
    assert_eq!(pipeline.next_diagnosis, Moment::after_start(cost + 100 * cost));
}

#[test]
fn findings_change_nothing_in_the_fold() {
    let mut rig = Rig::new();
    for _ in 0..5 {
        rig.connect().pass(30).taken_over().pass(1);
    }
    rig.connect();
    let mut replayed = Collector::new(Window::default(), 0);
    rig.out.iter().for_each(|record| replayed.record(record));
    assert_eq!(replayed.metrics(Liveness::Live), rig.pipeline.metrics());
    assert_eq!(diagnose(&replayed.metrics(Liveness::Live)), diagnose(&rig.pipeline.metrics()));
    assert!(!rig.said().is_empty());
}

#[test]
fn an_outage_that_was_diagnosed_while_it_lasted_is_diagnosed_anew_when_it_ends() {
    let mut rig = Rig::new();
    rig.connect().pass(4).taken_over().pass(60).sample();
    assert_eq!(rig.pipeline.trouble, Trouble::Known);
    let next = rig.pipeline.next_diagnosis;
    rig.pass(30).connect();
    assert!(rig.pipeline.next_diagnosis > next, "the reconnect is diagnosed");
    // What comes too soon for another diagnosis is left for the next moment, and not forgotten.
    rig.pass(1).connect();
    assert_eq!(rig.pipeline.trouble, Trouble::New);
}

#[test]
fn no_record_waits_for_a_diagnosis_but_the_stop() {
    let mut rig = Rig::new();
    rig.connect().pass(4).taken_over().pass(1);
    let (record, now) =
        (rig.record(Event::Connected(Box::new(Connected::new(ConnectionKind::Resumed)))), rig.now);
    let given_on = rig.pipeline.observe(record.clone(), || now);
    assert_eq!(given_on, [record], "the record goes on before anything is concluded from it");
    assert_eq!(rig.pipeline.last_diagnosis, Moment::default());
    assert_eq!(rig.pipeline.diagnose_if_due(|| now).len(), 1);
    assert!(rig.pipeline.diagnose_if_due(|| now).is_empty(), "once");
}

#[test]
fn a_quiet_run_after_trouble_is_not_diagnosed_at_every_sample() {
    let mut rig = Rig::new();
    rig.connect().pass(4).taken_over().pass(1).connect();
    let mut diagnoses = 0;
    for _ in 0..600 {
        let before = rig.pipeline.last_diagnosis;
        rig.pass(60).sample();
        diagnoses += u32::from(rig.pipeline.last_diagnosis != before);
    }
    assert!(diagnoses <= 10, "{diagnoses} in ten hours");
}

#[test]
fn watch_says_a_finding_when_it_first_passes_0_8_and_not_before() {
    let mut rig = Rig::new();
    let mut sure = Vec::new();
    for _ in 0..12 {
        rig.connect().pass(40).closed().pass(11);
        let findings = diagnose(&rig.pipeline.metrics());
        sure.push(findings.iter().any(|finding| finding.confidence >= 0.8));
        rig.connect();
        assert_eq!(rig.said().is_empty(), !sure.contains(&true), "{sure:?}: {findings:?}");
    }
    assert!(!sure[0] && sure[11], "{sure:?}");
}
