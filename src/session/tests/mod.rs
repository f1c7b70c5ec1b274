//! Sessions and runs in virtual time: hours of connection pass in milliseconds.

mod appliances;
mod auth;
mod bounds;
mod five;
mod host;
mod probes;
mod subscriptions;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use super::attempt::{DialError, Dialled, Retry};
use super::late::Heard;
use super::recovery::Depth;
use super::run::{Action, Run};
use super::settings::{Filter, Limits, ProtocolChoice, ReconnectSettings, RunSettings, SessionSettings};
use crate::event::failure::{Failure, SignInFailure, StreamEnd, TcpFailure, TcpProblem, TlsAlert};
use crate::event::{
    AttemptFailed, ClockReading, ClosedBy, ConnectionKind, Event, FORMAT_VERSION, Moment, Phase, Phases,
    Protocol, Qos, Sample, SessionDrop, Start, StopReason, TargetFacts, Transport,
};
use crate::navien::device::Device;

const SECOND: Duration = Duration::from_secs(1);
/// More time than any test lets pass.
const LONGEST_RUN: Duration = Duration::from_hours(72);
/// How often a run may be woken within a span: it has one pulse a second, and few other deadlines.
const WAKES_PER_SECOND: u64 = 20;
/// The same, however short the span is.
const WAKES: u64 = 1000;
const CONNACK: &[u8] = &[0x20, 2, 0, 0];
const PINGRESP: &[u8] = &[0xd0, 0];

fn settings() -> RunSettings {
    RunSettings {
        target: TargetFacts::default(),
        transport: Transport::Tcp,
        protocol: ProtocolChoice::Only(Protocol::V311),
        probe: None,
        appliances: None,
        session: Arc::new(SessionSettings {
            client_id: "c".to_owned(),
            username: None,
            password: None,
            keep_alive: 60 * SECOND,
            clean_session: true,
            ping_interval: 60 * SECOND,
            ping_timeout: 3 * SECOND,
            max_packet_bytes: 1024,
            filters: Vec::new(),
        }),
        reconnect: ReconnectSettings { min: SECOND, max: 120 * SECOND, deep_every: 10, max_attempts: None },
        connect_timeout: 10 * SECOND,
        limits: Limits::default(),
    }
}

fn subscribing(topics: &[&str]) -> RunSettings {
    let mut settings = settings();
    let filters = topics.iter().map(|topic| Filter { topic: (*topic).to_owned(), qos: Qos::AtLeastOnce });
    Arc::make_mut(&mut settings.session).filters = filters.collect();
    settings
}

fn start() -> Start {
    Start {
        v: FORMAT_VERSION,
        run: String::new(),
        continued: false,
        version: String::new(),
        pid: 1,
        host: String::new(),
        time_zone: "UTC".to_owned(),
        target: TargetFacts::default(),
    }
}

/// A run in a world that the test plays.
struct Rig {
    run: Run,
    now: Moment,
    /// How long the host has slept.
    slept: Duration,
    /// How far the wall clock was set.
    set: TimeDelta,
    events: Vec<(Moment, Event)>,
    sent: Vec<u8>,
    dials: Vec<Depth>,
    actions: Vec<&'static str>,
    lingering: Option<super::late::LateListener>,
    /// What the dialler learns of appliances.
    account: Vec<Device>,
}

impl Rig {
    fn new(settings: RunSettings) -> Self {
        let mut rig = Self {
            run: Run::begin(settings, start(), 7),
            now: Moment::default(),
            slept: Duration::ZERO,
            set: TimeDelta::zero(),
            events: Vec::new(),
            sent: Vec::new(),
            dials: Vec::new(),
            actions: Vec::new(),
            lingering: None,
            account: Vec::new(),
        };
        rig.drain();
        rig
    }

    fn connected(settings: RunSettings) -> Self {
        let mut rig = Self::new(settings);
        rig.connect();
        rig
    }

    fn drain(&mut self) {
        while let Some(action) = self.run.poll() {
            match action {
                Action::Dial(depth) => self.dials.push(depth),
                Action::Send(bytes) => self.sent.extend(bytes),
                Action::Record(event) => self.events.push((self.now, event)),
                Action::Close => self.actions.push("close"),
                Action::Linger(listener) => self.lingering = Some(listener),
                Action::AskDevices => self.actions.push("list"),
                Action::Finish(_) => self.actions.push("finish"),
            }
        }
    }

    fn dialled(&mut self) {
        let dialled = Dialled {
            phases: Phases::default(),
            local_address: "127.0.0.1:2".to_owned(),
            peer_address: "127.0.0.1:1".to_owned(),
            clock_offset: None,
            devices: self.account.clone(),
        };
        self.dialled_as(dialled);
    }

    fn dialled_as(&mut self, dialled: Dialled) {
        self.run.dialled(self.now, dialled);
        self.drain();
    }

    fn connect(&mut self) {
        self.dialled();
        self.bytes(CONNACK);
    }

    fn refuse(&mut self) {
        let failure = TcpFailure { address: None, problem: TcpProblem::Refused, addresses: 1, failed: 1 };
        self.fail(DialError::new(Phase::Tcp, Failure::Tcp(failure)));
    }

    fn fail(&mut self, error: DialError) {
        self.run.dial_failed(self.now, error);
        self.drain();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.run.received(self.now, bytes);
        self.drain();
    }

    fn end(&mut self, end: StreamEnd) {
        self.run.stream_ended(self.now, end);
        self.drain();
    }

    /// Lets time pass, waking the run whenever it asked to be woken.
    fn pass(&mut self, span: Duration) {
        self.pass_with(span, |_| {});
    }

    /// The same; the world does `after` behind each waking. A run that asks to be woken again and again, or for ever,
    /// fails the test instead of keeping it.
    fn pass_with(&mut self, span: Duration, after: impl Fn(&mut Self)) {
        let until = self.now.plus(span);
        assert!(until.since_start() < LONGEST_RUN, "what the test waits for never came");
        let mut left = WAKES + WAKES_PER_SECOND * span.as_secs();
        while let Some(deadline) = self.run.deadline().filter(|deadline| *deadline <= until) {
            assert!(left > 0, "woken at {:?}, the run still asks to be woken at {deadline:?}", self.now);
            left -= 1;
            self.now = self.now.max(deadline);
            self.wake();
            after(self);
        }
        self.now = until;
    }

    /// The loop comes round now.
    fn wake(&mut self) {
        let boot = self.now.since_start();
        let wall = DateTime::UNIX_EPOCH + TimeDelta::from_std(boot).unwrap() + self.set;
        self.run.woke(self.now, ClockReading { boot, monotonic: boot.saturating_sub(self.slept), wall });
        self.run.tick(self.now);
        self.drain();
    }

    /// Everything that was sent has left.
    fn written(&mut self) {
        self.run.written(self.now);
        self.drain();
    }

    /// The same, with a broker that answers every ping at once.
    fn pass_answered(&mut self, span: Duration) {
        self.pass_with(span, |rig| {
            if rig.sent.windows(2).any(|packet| packet == [0xc0, 0]) {
                rig.sent.clear();
                rig.bytes(PINGRESP);
            }
        });
    }

    fn names(&self) -> Vec<&'static str> {
        self.events.iter().map(|(_, event)| event.name()).collect()
    }

    fn drops(&self) -> Vec<&SessionDrop> {
        self.events
            .iter()
            .filter_map(|(_, event)| if let Event::Drop(drop) = event { Some(&**drop) } else { None })
            .collect()
    }

    fn last_drop(&self) -> &SessionDrop {
        self.drops().last().copied().expect("a drop")
    }

    fn failures(&self) -> Vec<&AttemptFailed> {
        self.events
            .iter()
            .filter_map(
                |(_, event)| if let Event::AttemptFailed(failed) = event { Some(&**failed) } else { None },
            )
            .collect()
    }

    fn last_sample(&self) -> &Sample {
        let mut samples = self.events.iter().rev();
        let told = samples
            .find_map(|(_, event)| if let Event::Sample(sample) = event { Some(&**sample) } else { None });
        told.expect("a sample")
    }

    fn last_failed_phase(&self) -> Option<(Phase, String, Option<u8>)> {
        self.events.iter().rev().find_map(|(_, event)| match event {
            Event::AttemptFailed(failed) => {
                Some((failed.phase, failed.error_name.to_string(), failed.return_code))
            }
            _ => None,
        })
    }
}

#[test]
fn a_run_starts_dials_and_connects() {
    let rig = Rig::connected(settings());
    assert_eq!(rig.names(), ["start", "connected"]);
    assert_eq!(rig.dials, [Depth::Quick]);
    assert_eq!(rig.sent[0] >> 4, 1, "CONNECT comes first");
}

#[test]
fn a_quiet_session_is_pinged_each_interval_and_stays_up_for_a_day() {
    let mut rig = Rig::connected(settings());
    rig.pass_answered(24 * 3600 * SECOND);
    assert!(rig.drops().is_empty());
    let pings: u64 = rig
        .events
        .iter()
        .filter_map(
            |(_, event)| if let Event::Sample(sample) = event { sample.ping_rtt_ms.as_ref() } else { None },
        )
        .map(|trips| trips.count)
        .sum();
    assert!((1430..=1440).contains(&pings), "{pings} pings in a day");
}

#[test]
fn a_dead_link_is_declared_within_interval_and_timeout() {
    let mut rig = Rig::connected(settings());
    rig.pass_answered(600 * SECOND);
    let heard = rig.now;
    rig.pass(200 * SECOND);
    let (at, _) = rig.events.iter().find(|(_, event)| matches!(event, Event::Drop(_))).expect("a drop");
    assert!(at.since(heard) <= 63 * SECOND, "{:?}", at.since(heard));
    let drop = rig.last_drop();
    assert_eq!((drop.closed_by, &*drop.error_name), (Some(ClosedBy::Timeout), "AWS_ERROR_MQTT_TIMEOUT"));
    assert_eq!(
        (drop.unanswered_ping_seconds, drop.last_sent_packet.as_deref()),
        (Some(3.0), Some("PINGREQ"))
    );
}

/// QoS 1 messages make us answer: neither they nor our answers may hide that the broker gets no ping.
#[test]
fn a_busy_topic_does_not_keep_pings_from_the_broker() {
    let mut rig = Rig::connected(settings());
    rig.sent.clear();
    for _ in 0..180 {
        rig.bytes(&[0x30, 3, 0, 1, b't']);
        rig.pass(SECOND);
        if rig.sent.ends_with(&[0xc0, 0]) {
            rig.bytes(PINGRESP);
        }
    }
    let pings = rig.sent.chunks(2).filter(|packet| *packet == [0xc0, 0]).count();
    assert!(pings >= 2, "{pings} pings in three minutes");
    assert!(rig.drops().is_empty());
}

#[test]
fn only_a_pingresp_answers_a_ping() {
    let mut rig = Rig::connected(settings());
    rig.pass(60 * SECOND);
    for _ in 0..5 {
        rig.bytes(&[0x30, 3, 0, 1, b't']);
        rig.pass(SECOND / 2);
    }
    assert!(rig.drops().is_empty());
    rig.pass(SECOND / 2);
    assert_eq!(rig.last_drop().closed_by, Some(ClosedBy::Timeout));
}

#[test]
fn a_late_answer_is_heard_on_the_old_stream() {
    let mut rig = Rig::connected(settings());
    rig.pass(63 * SECOND);
    let mut listener = rig.lingering.take().expect("a listener");
    assert_eq!(listener.receive(rig.now, &[0x30, 3, 0, 1, b't', 0xd0]), Heard::Nothing);
    assert_eq!(listener.receive(rig.now.plus(2 * SECOND), &[0]), Heard::Answer(5 * SECOND));
    rig.run.late_answer(rig.now, 5 * SECOND);
    rig.drain();
    assert_eq!(rig.names().last(), Some(&"late_answer"));
}

#[test]
fn garbage_on_the_old_stream_ends_the_listening() {
    let mut rig = Rig::connected(settings());
    rig.pass(63 * SECOND);
    let mut listener = rig.lingering.take().expect("a listener");
    assert_eq!(listener.receive(rig.now, &[0xff, 0xd0, 0]), Heard::Garbage);
}

#[test]
fn every_end_of_the_stream_is_a_drop_with_its_evidence() {
    let rows = [
        (StreamEnd::Fin, ClosedBy::PeerClose, "AWS_IO_SOCKET_CLOSED"),
        (StreamEnd::Reset, ClosedBy::PeerReset, "AWS_IO_SOCKET_CLOSED"),
        (StreamEnd::TimedOut, ClosedBy::Timeout, "AWS_IO_SOCKET_TIMEOUT"),
        (StreamEnd::NetworkDown("down".to_owned()), ClosedBy::Network, "AWS_IO_SOCKET_NETWORK_DOWN"),
    ];
    for (end, closed_by, name) in rows {
        let mut rig = Rig::connected(settings());
        rig.pass(30 * SECOND);
        rig.end(end);
        let drop = rig.last_drop();
        assert_eq!((drop.closed_by, &*drop.error_name), (Some(closed_by), name));
        assert!((drop.duration_connected_seconds.unwrap() - 30.0).abs() < 1e-9);
        assert_eq!(drop.last_received_seconds, Some(30.0));
        assert_eq!(
            rig.names()[rig.names().len() - 2..],
            ["sample", "drop"],
            "a sample comes right before a drop"
        );
    }
}

#[test]
fn what_the_broker_sends_wrongly_is_a_protocol_drop() {
    let rows: [(&[u8], &str); 5] = [
        (&[0x30, 0xff, 0xff, 0xff, 0xff], "AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH"),
        (&[0x10], "AWS_ERROR_MQTT_INVALID_PACKET_TYPE"),
        (&[0x20, 2, 0, 0], "AWS_ERROR_MQTT_PROTOCOL_ERROR"),
        (&[0x90, 0xff, 0x7f], "AWS_ERROR_MQTT_PROTOCOL_ERROR"),
        (b"HTTP", "AWS_ERROR_MQTT_PROTOCOL_ERROR"),
    ];
    for (bytes, name) in rows {
        let mut rig = Rig::connected(settings());
        rig.bytes(bytes);
        assert_eq!(
            (rig.last_drop().closed_by, &*rig.last_drop().error_name),
            (Some(ClosedBy::Protocol), name)
        );
    }
}

#[test]
fn a_packet_out_of_turn_is_told_in_plain_words() {
    let mut rig = Rig::connected(settings());
    rig.bytes(CONNACK);
    assert_eq!(rig.last_drop().error_message, "the broker sent a second CONNACK");
}

#[test]
fn a_disconnect_is_the_brokers_word() {
    let mut rig = Rig::connected(settings());
    rig.bytes(&[0xe0, 0]);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.drops().len(), 1);
    assert_eq!(rig.last_drop().closed_by, Some(ClosedBy::PeerDisconnect));
    assert_eq!(rig.last_drop().error_name, "AWS_ERROR_MQTT_INVALID_PACKET_TYPE");
}

#[test]
fn a_message_over_the_limit_is_counted_and_acknowledged() {
    let mut rig = Rig::connected(settings());
    rig.sent.clear();
    let mut large = vec![0x32, 0x88, 0x27, 0, 1, b't', 0, 9];
    large.resize(3 + 5000, b'x');
    rig.bytes(&large);
    assert_eq!(rig.sent, [0x40, 2, 0, 9]);
    assert_eq!(rig.run.totals().messages_received, 1);
}

#[test]
fn a_qos_2_message_counts_once_however_often_it_comes() {
    let mut rig = Rig::connected(settings());
    rig.sent.clear();
    rig.bytes(&[0x34, 5, 0, 1, b't', 0, 9]);
    rig.bytes(&[0x3c, 5, 0, 1, b't', 0, 9]);
    rig.bytes(&[0x62, 2, 0, 9]);
    rig.bytes(&[0x34, 5, 0, 1, b't', 0, 9]);
    assert_eq!(rig.run.totals().messages_received, 2);
    assert_eq!(rig.sent, [0x50, 2, 0, 9, 0x50, 2, 0, 9, 0x70, 2, 0, 9, 0x50, 2, 0, 9]);
}

#[test]
fn a_qos_2_message_is_remembered_over_a_reconnect_if_the_broker_knows_the_session() {
    for (connack, counted) in [([0x20, 2, 1, 0], 1), ([0x20, 2, 0, 0], 2)] {
        let mut rig = Rig::connected(settings());
        rig.bytes(&[0x34, 5, 0, 1, b't', 0, 9]);
        rig.end(StreamEnd::Fin);
        rig.pass(10 * SECOND);
        rig.dialled();
        rig.bytes(&connack);
        rig.bytes(&[0x3c, 5, 0, 1, b't', 0, 9]);
        assert_eq!(rig.run.totals().messages_received, counted);
    }
}

#[test]
fn a_refused_filter_is_told_and_not_active() {
    let mut rig = Rig::connected(subscribing(&["a", "b"]));
    rig.bytes(&[0x90, 4, 0, 1, 1, 0x80]);
    let told: Vec<_> = rig
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Subscribed(subscribed) => {
                Some((subscribed.topic.as_str(), subscribed.granted_qos, subscribed.return_code))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [("a", Some(1), Some(1)), ("b", None, Some(0x80))]);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.last_drop().active_subscriptions, Some(1));
}

#[test]
fn a_subscribe_without_an_answer_is_a_drop_after_30_s() {
    let mut rig = Rig::connected(subscribing(&["a"]));
    rig.pass(29 * SECOND);
    assert!(rig.drops().is_empty());
    rig.pass(SECOND);
    assert_eq!(rig.last_drop().closed_by, Some(ClosedBy::Timeout));
    assert_eq!(rig.last_drop().last_sent_topic.as_deref(), Some("a"));
}

#[test]
fn what_fails_before_connack_is_a_failed_attempt() {
    let mut rig = Rig::new(settings());
    rig.dialled();
    rig.bytes(&[0x20, 2, 0, 5]);
    assert_eq!(
        rig.last_failed_phase(),
        Some((Phase::Mqtt, "AWS_ERROR_MQTT_PROTOCOL_ERROR".to_owned(), Some(5)))
    );
    rig.pass(10 * SECOND);
    rig.dialled();
    rig.end(StreamEnd::TlsAlert(TlsAlert(116)));
    assert_eq!(
        rig.last_failed_phase(),
        Some((Phase::Tls, "AWS_IO_TLS_ERROR_ALERT_RECEIVED".to_owned(), None))
    );
    rig.pass(10 * SECOND);
    rig.dialled();
    rig.pass(10 * SECOND);
    assert_eq!(rig.last_failed_phase(), Some((Phase::Mqtt, "AWS_ERROR_MQTT_TIMEOUT".to_owned(), None)));
    assert!(rig.drops().is_empty());
}

#[test]
fn attempts_are_counted_one_by_one_and_every_tenth_is_deep() {
    let mut rig = Rig::connected(settings());
    rig.pass_answered(60 * SECOND);
    rig.end(StreamEnd::Fin);
    for _ in 0..10 {
        rig.pass(120 * SECOND);
        rig.refuse();
    }
    rig.pass(120 * SECOND);
    assert_eq!(rig.dials.iter().filter(|depth| **depth == Depth::Deep).count(), 1);
    assert_eq!(rig.dials[10], Depth::Deep);
    rig.connect();
    let Some((_, Event::Connected(connected))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!((connected.kind, connected.attempt_number), (ConnectionKind::Resumed, Some(11)));
}

#[test]
fn a_broker_that_accepts_and_closes_is_not_hammered() {
    let mut rig = Rig::new(settings());
    let mut connections = 0;
    while rig.now.since_start() < 3600 * SECOND {
        if rig.dials.len() > connections {
            connections = rig.dials.len();
            rig.connect();
            rig.end(StreamEnd::Fin);
        }
        rig.pass(SECOND);
    }
    assert!(connections < 60, "{connections} connections in an hour");
}

#[test]
fn samples_come_every_minute_up_or_down() {
    let mut rig = Rig::new(settings());
    rig.refuse();
    rig.pass(3600 * SECOND);
    let samples = rig.names().iter().filter(|name| **name == "sample").count();
    assert_eq!(samples, 60);
}

#[test]
fn stopping_says_disconnect_samples_and_asks_for_nothing_more() {
    let mut rig = Rig::connected(settings());
    rig.pass_answered(100 * SECOND);
    rig.sent.clear();
    rig.run.stop(rig.now, StopReason::Signal);
    rig.drain();
    assert_eq!(rig.sent, [0xe0, 0]);
    assert_eq!(rig.names()[rig.names().len() - 2..], ["sample", "stop"]);
    assert_eq!((rig.run.deadline(), rig.actions.as_slice()), (None, &["finish"][..]));
    rig.end(StreamEnd::Fin);
    rig.pass(3600 * SECOND);
    assert_eq!(rig.names().last(), Some(&"stop"));
}

#[test]
fn each_limit_ends_the_run_with_its_reason() {
    let with = |change: fn(&mut RunSettings)| {
        let mut settings = settings();
        change(&mut settings);
        let mut rig = Rig::new(settings);
        for _ in 0..5 {
            rig.refuse();
            rig.pass(300 * SECOND);
        }
        match rig.events.last() {
            Some((_, Event::Stop(stop))) => Some(stop.reason),
            _ => None,
        }
    };
    assert_eq!(with(|_| {}), None);
    assert_eq!(with(|s| s.limits.duration = Some(100 * SECOND)), Some(StopReason::Duration));
    assert_eq!(with(|s| s.limits.max_events = Some(2)), Some(StopReason::MaxEvents));
    assert_eq!(with(|s| s.reconnect.max_attempts = Some(3)), Some(StopReason::AttemptsExhausted));
}

#[test]
fn a_run_ends_at_the_very_event_that_is_its_last() {
    let mut settings = subscribing(&["a"]);
    settings.limits.max_events = Some(1);
    let mut rig = Rig::new(settings);
    rig.dialled();
    rig.bytes(&[CONNACK, &[0x90, 3, 0, 1, 1, 0xe0, 0]].concat());
    assert_eq!(rig.names(), ["start", "connected", "sample", "stop"]);
    let Some((_, Event::Stop(stop))) = rig.events.last() else { panic!("{:?}", rig.events) };
    assert_eq!(stop.duration_connected_seconds, Some(0.0));
    assert_eq!(rig.run.deadline(), None);
}

#[derive(Debug, Clone)]
enum Move {
    Pass(u64),
    Dialled,
    Refuse,
    Bytes(Vec<u8>),
    End,
    Late,
    Stop,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0_u64..100_000).prop_map(Move::Pass),
        Just(Move::Dialled),
        Just(Move::Refuse),
        prop::sample::select(vec![
            CONNACK,
            PINGRESP,
            &[0xe0, 0],
            &[0x32, 5, 0, 1, b't', 0, 1],
            &[0x90, 3, 0, 1, 0]
        ])
        .prop_map(|bytes| Move::Bytes(bytes.to_vec())),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Move::Bytes),
        Just(Move::End),
        Just(Move::Late),
        Just(Move::Stop),
    ]
}

proptest! {
    #[test]
    fn no_order_of_happenings_breaks_a_run(moves in prop::collection::vec(moves(), 0..60)) {
        let mut rig = Rig::new(subscribing(&["a"]));
        for step in moves {
            match step {
                Move::Pass(ms) => rig.pass(Duration::from_millis(ms)),
                Move::Dialled => rig.dialled(),
                Move::Refuse => rig.refuse(),
                Move::Bytes(bytes) => rig.bytes(&bytes),
                Move::End => rig.end(StreamEnd::Fin),
                Move::Late => { rig.run.late_answer(rig.now, SECOND); rig.drain(); }
                Move::Stop => { rig.run.stop(rig.now, StopReason::Signal); rig.drain(); }
            }
        }
        let stops = rig.names().iter().filter(|name| **name == "stop").count();
        prop_assert!(stops <= 1);
        if stops == 1 {
            prop_assert_eq!(rig.names().last().copied(), Some("stop"));
            prop_assert_eq!(rig.run.deadline(), None);
        }
        let ups = rig.names().iter().filter(|name| **name == "connected").count();
        prop_assert!(rig.drops().len() <= ups);
    }
}
