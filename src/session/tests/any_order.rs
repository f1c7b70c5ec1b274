//! Inputs in any order, with bytes of any kind: no order makes a run panic, stand still or contradict itself.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::event::{Environment, EnvironmentKind, Moment, Qos, StopReason};
use crate::session::extension::{Extension, ExtensionInput, ExtensionOutput, Opaque, Request};
use crate::session::settings::{Filter, ProbeSettings};

/// An extension that wants everything: a topic, requests, wake-ups, answers of a service.
#[derive(Debug, Default)]
struct Busy {
    due: Moment,
    wants_service: bool,
}

impl Extension for Busy {
    fn filters(&self) -> Vec<Filter> {
        vec![Filter { topic: "busy/#".to_owned(), qos: Qos::AtMostOnce }]
    }

    fn topic_prefixes(&self) -> Vec<String> {
        vec!["busy/".to_owned()]
    }

    fn redact_topic<'a>(&self, _: &'a str) -> Cow<'a, str> {
        Cow::Borrowed("redacted")
    }

    fn deadline(&self) -> Option<Moment> {
        Some(self.due.plus(7 * SECOND))
    }

    fn handle(&mut self, now: Moment, input: ExtensionInput<'_>) {
        self.wants_service |= !matches!(input, ExtensionInput::Heard | ExtensionInput::Written);
        if now >= self.due.plus(7 * SECOND) {
            self.due = now;
        }
    }

    fn next_request(&mut self, now: Moment) -> Option<Request> {
        let request = || Request { topic: "busy/ask".to_owned(), payload: vec![1; 40] };
        (now.since(self.due) < SECOND).then(request)
    }

    fn poll(&mut self, _: Moment) -> Option<ExtensionOutput> {
        std::mem::take(&mut self.wants_service).then_some(ExtensionOutput::AskService)
    }
}

#[derive(Debug, Clone)]
enum Move {
    Pass(u64),
    /// Time passes, and nobody wakes the run.
    HeldUp(u64),
    Slept(u64),
    ClockSet(i64),
    Dialled,
    /// The service told the time and more.
    SignedIn(i64),
    Refused,
    RefusedForGood,
    Bytes(Vec<u8>),
    Written,
    End(StreamEnd),
    Late,
    Answer,
    Changed,
    Stop,
}

/// What brokers send, whole and in order, so that sessions get far.
const PACKETS: [&[u8]; 12] = [
    CONNACK,
    &[0x20, 3, 0, 0, 0],
    &[0x20, 2, 1, 0],
    &[0x20, 2, 0, 1],
    &[0x20, 3, 0, 0x84, 0],
    &[0x90, 4, 0, 1, 1, 1],
    &[0x90, 5, 0, 1, 0, 1, 0x80],
    PINGRESP,
    &[0x32, 5, 0, 1, b't', 0, 1],
    &[0x30, 9, 0, 6, b'b', b'u', b's', b'y', b'/', b'a', b'!'],
    &[0x40, 2, 0, 2],
    &[0xe0, 0],
];

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0_u64..100_000).prop_map(Move::Pass),
        1 => (0_u64..100_000).prop_map(Move::HeldUp),
        1 => (0_u64..10_000_000).prop_map(Move::Slept),
        1 => (-10_000_000_i64..10_000_000).prop_map(Move::ClockSet),
        6 => Just(Move::Dialled),
        2 => (-2_i64..3).prop_map(Move::SignedIn),
        2 => Just(Move::Refused),
        8 => prop::sample::select(&PACKETS[..]).prop_map(|bytes| Move::Bytes(bytes.to_vec())),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Move::Bytes),
        2 => Just(Move::Written),
        2 => prop::sample::select(vec![StreamEnd::Fin, StreamEnd::Reset, StreamEnd::TimedOut]).prop_map(Move::End),
        1 => Just(Move::Late),
        1 => Just(Move::Answer),
        1 => Just(Move::Changed),
        1 => prop::sample::select(vec![Move::Stop, Move::RefusedForGood]),
    ]
}

fn run(protocol: ProtocolChoice) -> RunSettings {
    let probe = Some(ProbeSettings { topic: "p".to_owned(), interval: 50 * SECOND });
    RunSettings { protocol, probe, ..subscribing(&["a"]) }
}

impl Rig {
    fn make(&mut self, step: Move) {
        let rejected = SignInFailure::Rejected { words: String::new(), http_status: None };
        let ms = Duration::from_millis;
        match step {
            Move::Pass(span) => self.pass(ms(span)),
            Move::HeldUp(span) => self.now = self.now.plus(ms(span)),
            Move::Slept(span) => (self.now, self.slept) = (self.now.plus(ms(span)), self.slept + ms(span)),
            Move::ClockSet(by) => self.set = TimeDelta::milliseconds(by),
            Move::Dialled => self.dialled(),
            Move::SignedIn(hours) => self.dialled_as(Dialled {
                phases: Phases::default(),
                local_address: String::new(),
                peer_address: String::new(),
                addresses_lost: Vec::new(),
                clock_offset: Some(TimeDelta::hours(hours)),
                learned: Some(Opaque::new(1_u8)),
            }),
            Move::Refused => self.refuse(),
            Move::RefusedForGood => self.fail(DialError {
                retry: Retry::Never,
                ..DialError::new(Phase::Auth, Failure::SignIn(rejected))
            }),
            Move::Bytes(bytes) => self.bytes(&bytes),
            Move::Written => self.written(),
            Move::End(end) => self.end(end),
            Move::Late => self.handle(Input::LateAnswer(SECOND)),
            Move::Answer => self.handle(Input::ServiceAnswered(Some(Opaque::new(1_u8)))),
            Move::Changed => {
                self.handle(Input::HostChanged(Environment::new(EnvironmentKind::LinkDown)));
            }
            Move::Stop => self.stop(),
        }
    }

    /// The records follow each other as in a journal: one start, sessions that end before the next one begins, attempts
    /// counted since the last session, and nothing after `stop`.
    fn check(&self) -> Result<(), TestCaseError> {
        let (mut is_up, mut failed, mut is_over, mut was_up) = (false, 0, false, false);
        for (number, (_, event)) in self.events.iter().enumerate() {
            prop_assert!(!is_over, "nothing follows a stop");
            prop_assert_eq!(matches!(event, Event::Start(_)), number == 0);
            match event {
                Event::Connected(connected) => {
                    prop_assert!(!is_up);
                    let expected = if was_up || failed > 0 { failed + 1 } else { 0 };
                    prop_assert_eq!(connected.attempt_number, Some(expected));
                    (is_up, was_up, failed) = (true, true, 0);
                }
                Event::Drop(_) => {
                    prop_assert!(is_up);
                    is_up = false;
                }
                Event::AttemptFailed(attempt) => {
                    prop_assert!(!is_up);
                    failed += 1;
                    prop_assert_eq!(attempt.attempt_number, Some(failed));
                }
                Event::Sample(sample) => prop_assert_eq!(sample.connected, Some(is_up)),
                Event::Subscribed(subscribed) => {
                    prop_assert!(is_up);
                    prop_assert_eq!(&*subscribed.topic, "redacted");
                }
                Event::Stop(stop) => {
                    prop_assert_eq!(stop.duration_connected_seconds.is_some(), is_up);
                    is_over = true;
                }
                _ => {}
            }
        }
        prop_assert_eq!(is_over, self.deadline == NEVER);
        prop_assert_eq!(is_over, self.actions.last() == Some(&"finish"));
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_order_of_inputs_breaks_a_run(
        protocol in prop::sample::select(vec![
            ProtocolChoice::Auto, ProtocolChoice::Only(Protocol::V311), ProtocolChoice::Only(Protocol::V5),
        ]),
        steps in prop::collection::vec(moves(), 0..80),
    ) {
        let mut rig = Rig::extended(run(protocol), Box::new(Busy::default()));
        for step in steps {
            rig.make(step);
            rig.check()?;
        }
        rig.handle(Input::Stop(StopReason::Duration));
        rig.check()?;
        prop_assert_eq!(rig.deadline, NEVER);
    }

    #[test]
    fn a_run_with_limits_ends_at_the_very_event_that_is_its_last(
        most in 1_u64..6, attempts in 1_u32..4, steps in prop::collection::vec(moves(), 0..80),
    ) {
        let mut settings = run(ProtocolChoice::Auto);
        settings.limits.max_events = Some(most);
        settings.reconnect.max_attempts = Some(attempts);
        let mut rig = Rig::extended(settings, Box::new(Busy::default()));
        for step in steps {
            rig.make(step);
        }
        rig.check()?;
        let uncounted = ["start", "subscribed", "sample", "stop"];
        let counted = rig.names().iter().filter(|name| !uncounted.contains(name)).count() as u64;
        // Credentials that are refused for good end the run behind their own record.
        prop_assert!(counted <= most, "{:?}", rig.names());
        if counted == most {
            prop_assert_eq!(rig.names().last().copied(), Some("stop"));
        }
    }
}
