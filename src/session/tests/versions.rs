//! `--protocol auto`: which version is asked for next, and how the journal tells it.

use super::*;

fn auto() -> RunSettings {
    RunSettings { protocol: ProtocolChoice::Auto, ..settings() }
}

/// The version byte of the CONNECT that went out last.
fn asked(rig: &mut Rig) -> u8 {
    let connect = std::mem::take(&mut rig.sent);
    assert_eq!(&connect[2..8], b"\x00\x04MQTT");
    connect[8]
}

#[test]
fn a_broker_that_refuses_version_5_is_asked_in_3_1_1_at_once_and_that_is_said() {
    let mut rig = Rig::new(auto());
    rig.dialled();
    assert_eq!(asked(&mut rig), 5);
    rig.bytes(&[0x20, 2, 0, 1]);
    rig.pass(Duration::from_millis(1));
    rig.dialled();
    assert_eq!(asked(&mut rig), 4);
    rig.bytes(CONNACK);
    assert_eq!(rig.names(), ["start", "attempt_failed", "connected"]);
    let refused = rig.failures()[0];
    assert_eq!((refused.protocol, refused.return_code), (Some(Protocol::V5), Some(1)));
    assert_eq!((refused.attempt_number, refused.next_attempt_seconds), (Some(1), Some(0.0)));
    assert!(
        refused.error_message.ends_with("; MQTT 3.1.1 is tried instead of 5"),
        "{}",
        refused.error_message
    );
    let Some((_, Event::Connected(connected))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!((connected.protocol, connected.attempt_number), (Some(Protocol::V311), Some(2)));
}

#[test]
fn what_was_spoken_is_spoken_again_after_a_drop() {
    let mut rig = Rig::new(auto());
    rig.dialled();
    rig.end(StreamEnd::Fin);
    rig.pass(Duration::from_millis(1));
    rig.dialled();
    rig.bytes(CONNACK);
    rig.end(StreamEnd::Fin);
    for _ in 0..3 {
        rig.pass(10 * SECOND);
        rig.sent.clear();
        rig.dialled();
        assert_eq!(asked(&mut rig), 4);
        rig.end(StreamEnd::Fin);
    }
}

/// A port that is closed for a moment says nothing about the version that its broker spoke before.
#[test]
fn a_broker_that_was_spoken_to_in_3_1_1_is_asked_in_it_again_after_a_refused_port() {
    let mut rig = Rig::new(auto());
    rig.dialled();
    rig.bytes(&[0x20, 2, 0, 1]);
    rig.pass(Duration::from_millis(1));
    rig.dialled();
    rig.bytes(CONNACK);
    rig.pass_answered(60 * SECOND);
    rig.end(StreamEnd::Fin);
    for _ in 0..3 {
        rig.pass(120 * SECOND);
        rig.refuse();
        assert_eq!(rig.failures().last().expect("a failure").protocol, Some(Protocol::V311));
    }
    rig.pass(120 * SECOND);
    rig.sent.clear();
    rig.dialled();
    assert_eq!(asked(&mut rig), 4);
}

#[test]
fn two_versions_that_both_fail_take_turns_and_do_not_hammer_the_broker() {
    let mut rig = Rig::new(auto());
    let mut versions = Vec::new();
    while versions.len() < 40 {
        rig.sent.clear();
        rig.dialled();
        versions.push(asked(&mut rig));
        rig.end(StreamEnd::Fin);
        let waiting = rig.dials.len();
        while rig.dials.len() == waiting {
            rig.pass(Duration::from_millis(100));
        }
    }
    assert_eq!(versions[..4], [5, 4, 5, 4]);
    assert!(rig.now.since_start() > 1000 * SECOND, "{:?}", rig.now);
    let waits: Vec<_> = rig.failures().iter().map(|failed| failed.next_attempt_seconds.unwrap()).collect();
    assert!(waits.chunks(2).all(|pair| pair[0] == 0.0 && pair[1] >= 1.0), "{waits:?}");
}

#[test]
fn one_attempt_is_one_answer_to_the_user_in_either_version() {
    let mut settings = auto();
    settings.reconnect.max_attempts = Some(1);
    let mut rig = Rig::new(settings);
    rig.dialled();
    rig.bytes(&[0x20, 2, 0, 1]);
    rig.pass(SECOND);
    rig.dialled();
    rig.bytes(&[0x20, 2, 0, 5]);
    assert_eq!(rig.names(), ["start", "attempt_failed", "attempt_failed", "sample", "stop"]);
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
        rig.pass(Duration::from_millis(1));
        fail(&mut rig);
        assert_eq!(rig.failures()[1].protocol, Some(Protocol::V311));
        rig.pass(5 * SECOND);
        rig.sent.clear();
        rig.dialled();
        assert_eq!(asked(&mut rig), 5);
    }
}
