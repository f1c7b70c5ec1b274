//! `--protocol auto`: which version is asked for next, and how the journal tells it.

use super::*;
use crate::event::{Connected, FailureKind, Fallback};

fn auto() -> RunSettings {
    RunSettings { protocol: ProtocolChoice::Auto, ..settings() }
}

/// The version byte of the CONNECT that went out last.
fn asked(rig: &mut Rig) -> u8 {
    let connect = std::mem::take(&mut rig.sent);
    assert_eq!(&connect[2..8], b"\x00\x04MQTT");
    connect[8]
}

/// Dials, and tells the version that is asked for.
fn ask(rig: &mut Rig) -> u8 {
    rig.sent.clear();
    rig.dialled();
    asked(rig)
}

fn last_connected(rig: &Rig) -> &Connected {
    let Some((_, Event::Connected(connected))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    connected
}

/// What happens to MQTT 5, and what is said of it.
type Row = (fn(&mut Rig), FailureKind, Option<u8>);

const REFUSALS: [Row; 5] = [
    (|rig| rig.bytes(&[0x20, 2, 0, 1]), FailureKind::ConnackRefused, Some(1)),
    (|rig| rig.bytes(&[0x20, 3, 0, 0x84, 0]), FailureKind::ConnackRefused, Some(0x84)),
    (|rig| rig.end(StreamEnd::Fin), FailureKind::ClosedBeforeConnack, None),
    (|rig| rig.end(StreamEnd::Reset), FailureKind::ClosedBeforeConnack, None),
    (|rig| rig.pass(10 * SECOND), FailureKind::ConnackTimeout, None),
];

#[test]
fn a_broker_without_version_5_is_asked_in_3_1_1_within_the_same_attempt_and_that_is_said() {
    for (refuse, failure, return_code) in REFUSALS {
        let mut rig = Rig::new(auto());
        assert_eq!(ask(&mut rig), 5);
        refuse(&mut rig);
        assert_eq!(rig.actions, ["close"], "{failure}");
        assert_eq!(ask(&mut rig), 4, "{failure}");
        rig.bytes(CONNACK);
        assert_eq!(rig.names(), ["start", "connected"], "{failure}");
        let connected = last_connected(&rig);
        assert_eq!((connected.protocol, connected.attempt_number), (Some(Protocol::V311), Some(0)));
        let fallback = Fallback { protocol: Some(Protocol::V5), failure: Some(failure), return_code };
        assert_eq!(connected.fallback.as_ref(), Some(&fallback));
    }
}

#[test]
fn one_attempt_in_two_versions_is_one_failure_and_counts_once() {
    for (refuse, failure, _) in REFUSALS {
        let mut settings = auto();
        settings.reconnect.max_attempts = Some(1);
        let mut rig = Rig::new(settings);
        ask(&mut rig);
        rig.pass(SECOND);
        refuse(&mut rig);
        ask(&mut rig);
        rig.bytes(&[0x20, 2, 0, 5]);
        assert_eq!(rig.names(), ["start", "attempt_failed", "sample", "stop"], "{failure}");
        let failed = rig.failures()[0];
        assert_eq!((failed.protocol, failed.attempt_number), (Some(Protocol::V311), Some(1)));
        assert_eq!((failed.return_code, failed.failure), (Some(5), Some(FailureKind::ConnackRefused)));
        assert_eq!(failed.fallback.as_ref().unwrap().failure, Some(failure));
        assert!(failed.elapsed_seconds >= Some(1.0), "the whole attempt: {failed:?}");
    }
}

#[test]
fn each_version_has_a_connect_timeout_of_its_own() {
    let mut rig = Rig::new(auto());
    ask(&mut rig);
    rig.pass(10 * SECOND);
    rig.pass(3 * SECOND);
    assert_eq!(ask(&mut rig), 4);
    rig.pass(6 * SECOND);
    assert!(rig.failures().is_empty());
    rig.pass(2 * SECOND);
    let failed = rig.failures()[0];
    assert_eq!((failed.elapsed_seconds, failed.failure), (Some(20.0), Some(FailureKind::ConnackTimeout)));
}

#[test]
fn a_fallback_forgets_no_more_than_its_attempt_did() {
    let mut settings = auto();
    settings.reconnect.deep_every = 1;
    let mut rig = Rig::new(settings);
    ask(&mut rig);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.dials, [Depth::Deep, Depth::Quick]);
    rig.dialled();
    rig.bytes(CONNACK);
    rig.pass_answered(40 * SECOND);
    rig.end(StreamEnd::Fin);
    rig.pass(SECOND);
    ask(&mut rig);
    rig.end(StreamEnd::Fin);
    rig.connect();
    assert_eq!(last_connected(&rig).kind, ConnectionKind::DeepReconnected);
}

#[test]
fn a_fallback_belongs_to_its_attempt_alone() {
    let mut rig = Rig::new(auto());
    ask(&mut rig);
    rig.bytes(&[0x20, 2, 0, 1]);
    rig.connect();
    rig.end(StreamEnd::Fin);
    rig.pass(SECOND);
    rig.refuse();
    assert_eq!(rig.failures()[0].fallback, None);
    rig.pass(5 * SECOND);
    rig.connect();
    assert_eq!(last_connected(&rig).fallback, None);
}

/// Nine quick attempts that nobody answers; the tenth is deep.
fn pass_nine_attempts(rig: &mut Rig, expected: u8) {
    for number in 1..10 {
        rig.pass(120 * SECOND);
        assert_eq!(ask(rig), expected, "attempt {number}");
        rig.end(StreamEnd::TimedOut);
    }
    rig.pass(120 * SECOND);
}

#[test]
fn a_version_that_was_refused_in_words_is_not_asked_again_before_a_deep_attempt() {
    let mut rig = Rig::new(auto());
    ask(&mut rig);
    rig.bytes(&[0x20, 3, 0, 0x84, 0]);
    assert_eq!(ask(&mut rig), 4);
    rig.end(StreamEnd::Fin);
    rig.pass(5 * SECOND);
    assert_eq!(ask(&mut rig), 4, "the refusal counts though nothing came of 3.1.1");
    rig.bytes(CONNACK);
    rig.end(StreamEnd::Fin);
    pass_nine_attempts(&mut rig, 4);
    assert_eq!((ask(&mut rig), rig.dials.last()), (5, Some(&Depth::Deep)));
    rig.bytes(&[0x20, 3, 0, 0x84, 0]);
    assert_eq!(ask(&mut rig), 4);
}

/// A backend that was late closes on whatever it is asked: it is no reason to speak 3.1.1 to it for the rest of the run.
#[test]
fn after_a_close_or_silence_version_5_is_asked_again_at_the_next_deep_attempt() {
    for refuse in [|rig: &mut Rig| rig.end(StreamEnd::Fin), |rig: &mut Rig| rig.pass(10 * SECOND)] {
        let mut rig = Rig::new(auto());
        ask(&mut rig);
        refuse(&mut rig);
        assert_eq!(ask(&mut rig), 4);
        rig.bytes(CONNACK);
        rig.end(StreamEnd::Fin);
        pass_nine_attempts(&mut rig, 4);
        assert_eq!(ask(&mut rig), 5);
        rig.bytes(&[0x20, 3, 0, 0, 0]);
        assert_eq!(last_connected(&rig).protocol, Some(Protocol::V5));
        rig.end(StreamEnd::Fin);
        rig.pass(SECOND);
        assert_eq!(ask(&mut rig), 5);
    }
}

/// A port that is closed for a moment says nothing about the version that its broker spoke before.
#[test]
fn a_broker_that_was_spoken_to_in_3_1_1_is_asked_in_it_again_after_a_refused_port() {
    let mut rig = Rig::new(auto());
    ask(&mut rig);
    rig.end(StreamEnd::Fin);
    rig.connect();
    rig.end(StreamEnd::Fin);
    for _ in 0..3 {
        rig.pass(10 * SECOND);
        rig.refuse();
        assert_eq!(rig.failures().last().expect("a failure").protocol, Some(Protocol::V311));
    }
    rig.pass(20 * SECOND);
    assert_eq!(ask(&mut rig), 4);
}

#[test]
fn silence_in_both_versions_doubles_no_further_attempt() {
    let mut rig = Rig::new(auto());
    for versions in [&[5, 4][..], &[5], &[5]] {
        for version in versions {
            assert_eq!(ask(&mut rig), *version);
            rig.pass(10 * SECOND);
        }
        rig.until_dial();
    }
    let lengths: Vec<_> = rig.failures().iter().map(|failed| failed.elapsed_seconds.unwrap()).collect();
    assert_eq!(lengths, [20.0, 10.0, 10.0]);
}

#[test]
fn what_was_spoken_is_spoken_again_after_a_drop() {
    let mut rig = Rig::new(auto());
    ask(&mut rig);
    rig.end(StreamEnd::Fin);
    rig.connect();
    rig.end(StreamEnd::Fin);
    for _ in 0..3 {
        rig.pass(10 * SECOND);
        assert_eq!(ask(&mut rig), 4);
        rig.end(StreamEnd::Fin);
    }
}

#[test]
fn two_versions_that_both_fail_are_both_asked_in_each_attempt_and_do_not_hammer_the_broker() {
    let mut rig = Rig::new(auto());
    for _ in 0..20 {
        assert_eq!((ask(&mut rig), rig.end(StreamEnd::Fin)), (5, ()));
        assert_eq!((ask(&mut rig), rig.end(StreamEnd::Fin)), (4, ()));
        rig.until_dial();
    }
    assert!(rig.now.since_start() > 1000 * SECOND, "{:?}", rig.now);
    let waits: Vec<_> = rig.failures().iter().map(|failed| failed.next_attempt_seconds.unwrap()).collect();
    assert_eq!(waits.len(), 20);
    assert!(waits.iter().all(|wait| *wait >= 1.0), "{waits:?}");
}

/// A broker that shuts down closes first and refuses then: it is no reason to speak 3.1.1 to it for the rest of the run.
#[test]
fn version_5_has_its_turn_again_after_3_1_1_failed_wherever_that_was() {
    let failures: [fn(&mut Rig); 3] = [
        Rig::refuse,
        |rig| {
            rig.dialled();
            rig.end(StreamEnd::TlsAlert(TlsAlert(80)));
        },
        |rig| {
            rig.dialled();
            rig.pass(10 * SECOND);
        },
    ];
    for fail in failures {
        let mut rig = Rig::new(auto());
        rig.dialled();
        rig.end(StreamEnd::Fin);
        fail(&mut rig);
        assert_eq!(rig.failures()[0].protocol, Some(Protocol::V311));
        rig.pass(5 * SECOND);
        assert_eq!(ask(&mut rig), 5);
    }
}
