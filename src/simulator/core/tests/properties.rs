//! No order of inputs makes a machine panic or loop, and each does at the moment that it named what it named it for.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::event::Qos;
use crate::simulator::core::observed::Report;
use crate::simulator::packet::PacketKind;
use crate::simulator::script::{
    Action, ConnectReply, Copies, DisconnectReason, Message, Messages, Pings, Service, Step,
    SupportedVersions, Then, Trigger, UnsupportedVersionReply,
};

/// More outputs than any input of these tests can have: a machine that exceeds it loops.
const OUTPUT_LIMIT: usize = 10_000;

/// Spans that often meet one another.
fn spans() -> impl Strategy<Value = Duration> {
    (0_u64..40).prop_map(|steps| Duration::from_millis(steps * 500))
}

fn messages() -> impl Strategy<Value = Message> {
    let qos = prop::sample::select(vec![Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce]);
    let copies = prop::sample::select(vec![Copies::One, Copies::Two]);
    (0_usize..64, qos, copies).prop_map(|(payload_bytes, qos, copies)| Message { payload_bytes, qos, copies })
}

fn services() -> impl Strategy<Value = Service> {
    let pings = prop_oneof![Just(Pings::Prompt), spans().prop_map(Pings::Late), Just(Pings::Unanswered)];
    let published = (spans(), messages()).prop_map(|(every, message)| Messages { every, message });
    let pace = option::of((1_u64..100).prop_map(Duration::from_millis));
    (vec(Just("t".to_owned()), 0..2), option::of(published), pings, pace).prop_map(
        |(refused_filters, messages, pings, pace)| Service { refused_filters, messages, pings, pace },
    )
}

fn connect_replies() -> impl Strategy<Value = ConnectReply> {
    let refusal = prop_oneof![
        any::<u8>().prop_map(ConnectReply::Refuse),
        vec(any::<u8>(), 0..6).prop_map(ConnectReply::Bytes),
        Just(ConnectReply::Stall),
    ];
    prop_oneof![4 => Just(ConnectReply::Accept), 1 => Just(ConnectReply::Resume), 1 => refusal]
}

fn versions() -> impl Strategy<Value = SupportedVersions> {
    let replies = vec![
        UnsupportedVersionReply::Connack311,
        UnsupportedVersionReply::Connack5,
        UnsupportedVersionReply::Fin,
        UnsupportedVersionReply::Rst,
    ];
    let only_311 = prop::sample::select(replies).prop_map(SupportedVersions::Only311);
    prop_oneof![4 => Just(SupportedVersions::Both), 1 => only_311, 1 => Just(SupportedVersions::Only5)]
}

fn triggers() -> impl Strategy<Value = Trigger> {
    let kinds = vec![PacketKind::Connect, PacketKind::Subscribe, PacketKind::Pingreq];
    (prop::sample::select(kinds), 0_u32..3, spans(), option::of(spans())).prop_map(
        |(kind, count, delay, patience)| {
            let trigger = Trigger::on_nth(kind, count).later(delay);
            patience.map_or(trigger, |patience| trigger.at_the_latest_after(patience))
        },
    )
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Fin),
        Just(Action::Rst),
        any::<u8>().prop_map(|code| Action::Disconnect(DisconnectReason::code(code))),
        Just(Action::Silence),
        messages().prop_map(Action::Publish),
        vec(any::<u8>(), 0..8).prop_map(Action::Send),
    ]
}

fn behaviors() -> impl Strategy<Value = Behavior> {
    (connect_replies(), services(), versions(), vec((triggers(), actions()), 0..4)).prop_map(
        |(reply, service, versions, actions)| {
            let behavior = Behavior::replying(reply).with(service).supporting(versions);
            actions.into_iter().fold(behavior, |behavior, (trigger, action)| behavior.act(trigger, action))
        },
    )
}

/// An input that owns its bytes.
#[derive(Debug, Clone)]
enum OwnedInput {
    Received(Vec<u8>),
    Fin,
    Reset,
    Blocked,
    Writable,
    Timeout,
}

impl OwnedInput {
    fn borrowed(&self) -> ConnectionInput<'_> {
        match self {
            Self::Received(bytes) => ConnectionInput::Received(bytes),
            Self::Fin => ConnectionInput::Fin,
            Self::Reset => ConnectionInput::Reset,
            Self::Blocked => ConnectionInput::Blocked,
            Self::Writable => ConnectionInput::Writable,
            Self::Timeout => ConnectionInput::Timeout,
        }
    }
}

/// Whole packets of either version.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let packets: Vec<Vec<u8>> = vec![
        connect(4, 5),
        connect(5, 5),
        connect(6, 5),
        PINGREQ.to_vec(),
        b"\x82\x06\0\x01\0\x01t\x02".to_vec(),
        b"\x82\x07\0\x01\0\0\x01t\x02".to_vec(),
        b"\xa2\x05\0\x02\0\x01t".to_vec(),
        b"\x32\x06\0\x01t\0\x07x".to_vec(),
        b"\x34\x07\0\x01t\0\x08\0x".to_vec(),
        b"\x40\x02\0\x01".to_vec(),
        b"\x50\x02\0\x01".to_vec(),
        b"\x50\x03\0\x01\x87".to_vec(),
        b"\x62\x02\0\x08".to_vec(),
        b"\x70\x02\0\x01".to_vec(),
        b"\xe0\0".to_vec(),
    ];
    prop::sample::select(packets)
}

fn received() -> impl Strategy<Value = Vec<u8>> {
    let cut = (packets(), any::<prop::sample::Index>()).prop_map(|(mut packet, end)| {
        packet.truncate(end.index(packet.len()));
        packet
    });
    let several = vec(packets(), 2..5).prop_map(|packets| packets.concat());
    prop_oneof![8 => packets(), 2 => several, 1 => cut, 1 => vec(any::<u8>(), 0..12)]
}

fn inputs() -> impl Strategy<Value = OwnedInput> {
    prop_oneof![
        12 => received().prop_map(OwnedInput::Received),
        1 => Just(OwnedInput::Fin),
        1 => Just(OwnedInput::Reset),
        2 => Just(OwnedInput::Blocked),
        2 => Just(OwnedInput::Writable),
        4 => Just(OwnedInput::Timeout),
    ]
}

/// Mostly of a client that connects at the beginning.
fn courses() -> impl Strategy<Value = Vec<(Duration, OwnedInput)>> {
    let connects = prop::sample::select(vec![connect(4, 5), connect(5, 0), Vec::new()]);
    (connects, vec((spans(), inputs()), 0..30)).prop_map(|(connect, mut course)| {
        course.insert(0, (Duration::ZERO, OwnedInput::Received(connect)));
        course
    })
}

/// A connection, and what it may still ask for.
struct Checked {
    connection: Box<Connection>,
    now: Moment,
    deadline: Option<Moment>,
    reading: bool,
    blocked: bool,
    stage: Stage,
}

/// How far it is, as its outputs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    EndReported,
    Shut,
    Over,
}

impl Checked {
    fn new(behavior: Behavior) -> Self {
        let Incoming::Accepted(connection) = Broker::new(Script::of([behavior]), at(0)).incoming(at(0))
        else {
            panic!("the port listens")
        };
        let mut checked = Self {
            connection,
            now: at(0),
            deadline: None,
            reading: true,
            blocked: false,
            stage: Stage::Open,
        };
        checked.drain();
        checked
    }

    fn tell(&mut self, now: Moment, input: &OwnedInput) {
        self.now = self.now.max(now);
        match input {
            OwnedInput::Blocked => self.blocked = true,
            OwnedInput::Writable => self.blocked = false,
            OwnedInput::Received(_) | OwnedInput::Fin | OwnedInput::Reset | OwnedInput::Timeout => {}
        }
        self.connection.handle(now, input.borrowed());
    }

    /// Carries out everything, and returns how much that was.
    fn drain(&mut self) -> usize {
        for outputs in 0..OUTPUT_LIMIT {
            let output = self.connection.poll();
            if let ConnectionOutput::Wait(deadline) = output {
                assert!(
                    deadline.is_none_or(|deadline| deadline > self.now && self.stage < Stage::Over),
                    "{deadline:?}"
                );
                self.deadline = deadline;
                return outputs;
            }
            self.check(&output);
        }
        panic!("it asks for more and more");
    }

    fn check(&mut self, output: &ConnectionOutput) {
        assert!(self.stage < Stage::Over, "{output:?} after the end");
        match output {
            ConnectionOutput::Report(ConnectionReport(Report::Packet(_))) => {}
            ConnectionOutput::Report(ConnectionReport(Report::Ended(number))) => {
                assert!(*number == 1 && self.stage == Stage::Open, "one end is reported");
                self.stage = Stage::EndReported;
            }
            ConnectionOutput::Send(bytes) => {
                assert!(!bytes.is_empty() && self.stage == Stage::Open && !self.blocked, "{output:?}");
            }
            ConnectionOutput::StopReading => {
                assert!(self.reading, "it stops once");
                self.reading = false;
            }
            ConnectionOutput::ResumeReading => {
                assert!(!self.reading, "it resumes what it stopped");
                self.reading = true;
            }
            ConnectionOutput::Shutdown => {
                assert!(self.stage == Stage::EndReported && !self.blocked, "one FIN, behind all bytes");
                self.stage = Stage::Shut;
            }
            ConnectionOutput::Close => {
                assert!(self.stage >= Stage::EndReported, "an end is reported before it comes");
                self.stage = Stage::Over;
            }
            ConnectionOutput::Reset => {
                assert_eq!(self.stage, Stage::EndReported, "no RST behind FIN");
                self.stage = Stage::Over;
            }
            ConnectionOutput::Wait(_) => unreachable!("it is no output to carry out"),
        }
    }

    /// Lets time pass as a good driver does: from deadline to deadline, at each of which the machine goes on.
    fn pass_to(&mut self, until: Moment) {
        for _ in 0..OUTPUT_LIMIT {
            let Some(deadline) = self.deadline.filter(|deadline| *deadline <= until) else {
                return self.nothing_happens_until(until);
            };
            let just_before = deadline.since_start().saturating_sub(Duration::from_nanos(1));
            self.nothing_happens_until(Moment::after_start(just_before));
            self.tell(deadline, &OwnedInput::Timeout);
            self.drain();
        }
        panic!("it wants to be called again and again");
    }

    fn nothing_happens_until(&mut self, until: Moment) {
        let named = self.deadline;
        self.tell(until, &OwnedInput::Timeout);
        assert_eq!((self.drain(), self.deadline), (0, named), "before {named:?}");
    }
}

#[derive(Debug, Clone)]
enum AtThePort {
    Incoming,
    /// One of the connections ends.
    End(prop::sample::Index),
    Timeout,
    Lost,
}

fn at_the_port() -> impl Strategy<Value = AtThePort> {
    prop_oneof![
        8 => Just(AtThePort::Incoming),
        8 => any::<prop::sample::Index>().prop_map(AtThePort::End),
        4 => Just(AtThePort::Timeout),
        1 => Just(AtThePort::Lost),
    ]
}

fn scripts() -> impl Strategy<Value = Script> {
    let step = prop_oneof![
        behaviors().prop_map(Step::Connection),
        spans().prop_map(Step::Closed),
        spans().prop_map(Step::Unanswering),
    ];
    let then = prop::sample::select(vec![Then::Repeat, Then::Serve, Then::Refuse]);
    (vec(step, 0..5), then).prop_map(|(steps, then)| Script { steps, then })
}

/// A broker, and what it must have observed.
struct CheckedBroker {
    broker: Broker,
    now: Moment,
    port: Option<PortState>,
    open: Vec<u64>,
    ended: u64,
}

impl CheckedBroker {
    fn drain(&mut self) {
        for _ in 0..OUTPUT_LIMIT {
            match self.broker.poll() {
                BrokerOutput::Port(port) => {
                    assert_ne!(self.port.replace(port), Some(port), "a port changes");
                }
                BrokerOutput::Wait(deadline) => {
                    assert!(deadline.is_none_or(|deadline| deadline > self.now), "{deadline:?}");
                    return;
                }
            }
        }
        panic!("it asks for more and more");
    }

    fn meet(&mut self, what: &AtThePort) {
        let now = self.now;
        match what {
            AtThePort::Incoming => self.incoming(),
            AtThePort::End(index) if !self.open.is_empty() => {
                let number = self.open.swap_remove(index.index(self.open.len()));
                self.ended += 1;
                let report = ConnectionReport(Report::Ended(number));
                self.broker.handle(now, BrokerInput::Report(report));
            }
            AtThePort::End(_) | AtThePort::Timeout => self.broker.handle(now, BrokerInput::Timeout),
            AtThePort::Lost => self.broker.handle(now, BrokerInput::PortLost),
        }
    }

    fn incoming(&mut self) {
        self.broker.handle(self.now, BrokerInput::Timeout);
        let port = self.broker.port();
        match (port, self.broker.incoming(self.now)) {
            (PortState::Listening, Incoming::Accepted(connection)) => self.open.push(connection.number()),
            (PortState::Closed, Incoming::Refused) | (PortState::Unanswering, Incoming::Dropped) => {}
            (_, incoming) => panic!("{incoming:?} at a port that is {port:?}"),
        }
    }
}

proptest! {
    #[test]
    fn a_connection_does_what_is_due_at_the_moment_that_it_named_and_nothing_before(
        behavior in behaviors(),
        course in courses(),
    ) {
        let mut checked = Checked::new(behavior);
        for (span, input) in course {
            checked.pass_to(checked.now.plus(span));
            checked.tell(checked.now, &input);
            checked.drain();
        }
        checked.pass_to(checked.now.plus(Duration::from_mins(1)));
    }

    #[test]
    fn no_order_of_inputs_with_time_going_back_and_nobody_asking_for_outputs_breaks_a_connection(
        behavior in behaviors(),
        course in vec((spans(), inputs(), any::<bool>()), 0..40),
    ) {
        let mut checked = Checked::new(behavior);
        for (since_start, input, drains) in course {
            checked.tell(Moment::after_start(since_start), &input);
            if drains {
                checked.drain();
            }
        }
        checked.drain();
    }

    #[test]
    fn no_order_of_inputs_breaks_a_broker(
        script in scripts(),
        course in vec((spans(), at_the_port()), 0..40),
    ) {
        let broker = Broker::new(script, at(0));
        let mut checked = CheckedBroker { broker, now: at(0), port: None, open: Vec::new(), ended: 0 };
        checked.drain();
        for (span, what) in course {
            checked.now = checked.now.plus(span);
            checked.meet(&what);
            checked.drain();
            let observed = checked.broker.observed();
            prop_assert_eq!(observed.ended, checked.ended);
            prop_assert_eq!(observed.accepted, checked.ended + checked.open.len() as u64);
            prop_assert_eq!(observed.listening, checked.port == Some(PortState::Listening));
        }
    }
}
