//! What a session is known to have lived through, what it left unfinished, and what broke the standard.

use super::*;
use crate::event::{Malformed, Survived, UnfinishedPacket};
use crate::session::settings::ProbeSettings;

/// A message of 5 bytes.
const PUBLISH: &[u8] = &[0x30, 3, 0, 1, b't'];

/// What the session that ends now has survived.
fn survived(mut rig: Rig) -> Survived {
    rig.end(StreamEnd::Fin);
    rig.last_drop().survived.expect("a session that was up")
}

/// Longest silence both ways, of ours, of the broker.
fn silences(rig: Rig) -> [Option<f64>; 3] {
    let survived = survived(rig);
    [survived.silence_seconds, survived.sent_silence_seconds, survived.received_silence_seconds]
}

#[test]
fn a_session_that_was_never_heard_again_survived_no_silence() {
    let mut rig = Rig::connected(settings());
    rig.pass(60 * SECOND);
    assert!(rig.sent.ends_with(&[0xc0, 0]), "a ping is out");
    rig.pass(2 * SECOND);
    assert_eq!(silences(rig), [None; 3]);
}

#[test]
fn a_silence_before_a_ping_is_survived_once_the_ping_is_answered() {
    let mut rig = Rig::connected(settings());
    rig.pass(60 * SECOND);
    rig.pass(SECOND / 2);
    rig.bytes(PINGRESP);
    assert_eq!(silences(rig), [Some(60.0), Some(60.0), Some(60.5)]);
}

#[test]
fn the_silence_in_which_a_session_ended_is_not_survived() {
    let mut rig = Rig::connected(settings());
    rig.pass(10 * SECOND);
    rig.bytes(PUBLISH);
    rig.pass(40 * SECOND);
    assert_eq!(silences(rig), [Some(10.0), Some(10.0), Some(10.0)]);
}

#[test]
fn a_steady_stream_survives_our_silence_and_not_its_own() {
    let mut rig = Rig::connected(settings());
    for _ in 0..50 {
        rig.pass(SECOND);
        rig.bytes(PUBLISH);
    }
    assert_eq!(silences(rig), [Some(1.0), Some(50.0), Some(1.0)]);
}

/// A broker that says that it closes for want of a keep-alive did not let the silence pass.
#[test]
fn the_word_with_which_a_broker_ends_a_session_proves_no_survival() {
    let mut rig = Rig::connected(settings());
    rig.pass(30 * SECOND);
    rig.bytes(&[0xe0, 0]);
    let survived = rig.last_drop().survived.unwrap();
    assert_eq!([survived.silence_seconds, survived.received_silence_seconds], [None; 2]);
    assert_eq!(rig.last_drop().last_received_seconds, Some(0.0));
}

#[test]
fn the_time_until_connack_is_no_silence_of_the_session() {
    let mut rig = Rig::new(settings());
    rig.dialled();
    rig.pass(8 * SECOND);
    rig.bytes(CONNACK);
    rig.pass(SECOND);
    rig.bytes(PUBLISH);
    assert_eq!(silences(rig), [Some(1.0), Some(9.0), Some(1.0)]);
}

#[test]
fn the_largest_packet_received_whole_counts_held_or_skipped_and_one_in_part_does_not() {
    let large = |bytes: usize| {
        let mut large = vec![0x30, 0x88, 0x27, 0, 1, b't'];
        large.resize(bytes, b'x');
        large
    };
    let whole = 3 + 5000;
    for (received, expected) in [(whole, whole as u64), (whole - 1, 5)] {
        for max_packet_bytes in [1024, 1 << 20] {
            let mut settings = settings();
            std::sync::Arc::make_mut(&mut settings.session).max_packet_bytes = max_packet_bytes;
            let mut rig = Rig::connected(settings);
            rig.bytes(PUBLISH);
            rig.bytes(&large(received));
            assert_eq!(survived(rig).received_bytes, Some(expected), "{received} of {whole}");
        }
    }
}

fn probing() -> RunSettings {
    let probe = ProbeSettings { topic: "t".to_owned(), interval: 20 * SECOND };
    RunSettings { probe: Some(probe), ..settings() }
}

fn published_bytes(rig: Rig) -> Option<u64> {
    survived(rig).published_bytes
}

#[test]
fn a_publish_is_survived_once_it_is_acknowledged() {
    let mut rig = Rig::connected(probing());
    rig.pass(SECOND);
    let packet = packets(&rig.sent).into_iter().find(|(first, _)| first >> 4 == 3).expect("a probe").1;
    let payload = packet.len() - 5;
    rig.bytes(PUBLISH);
    assert_eq!(rig.run.totals().messages_published, 1);
    let id = [packet[3], packet[4]];
    rig.bytes(&[0x40, 2, id[0], id[1]]);
    assert_eq!(published_bytes(rig), Some(payload as u64));
}

#[test]
fn a_publish_that_is_not_acknowledged_is_outlived_once_a_ping_behind_it_is_answered() {
    let unanswered = || {
        let mut rig = Rig::connected(probing());
        rig.pass(59 * SECOND);
        rig.bytes(PUBLISH);
        rig
    };
    assert_eq!(published_bytes(unanswered()), None, "a message may have been under way before it");
    let mut rig = unanswered();
    while !rig.sent.ends_with(&[0xc0, 0]) {
        rig.pass(SECOND);
    }
    rig.bytes(PINGRESP);
    assert!(published_bytes(rig).is_some());
}

#[test]
fn a_rate_is_survived_once_the_broker_is_heard_after_it() {
    let flood = |messages: u32| {
        let mut rig = Rig::connected(settings());
        rig.pass(20 * SECOND);
        for _ in 0..messages {
            rig.bytes(PUBLISH);
            rig.pass(SECOND / 20);
        }
        rig
    };
    assert_eq!(survived(flood(0)).publish_rate_per_second, None);
    assert_eq!(survived(flood(1)).publish_rate_per_second, None);
    assert_eq!(survived(flood(101)).publish_rate_per_second, Some(10.0));
    let mut rig = flood(1000);
    rig.pass(20 * SECOND);
    rig.bytes(PINGRESP);
    let rate = survived(rig).publish_rate_per_second.unwrap();
    assert!((rate - 20.0).abs() < 0.3, "{rate}");
}

#[test]
fn a_session_that_is_closed_on_purpose_says_what_it_survived_and_a_run_without_one_does_not() {
    let stopped = |mut rig: Rig| {
        rig.stop();
        match rig.events.pop() {
            Some((_, Event::Stop(stop))) => stop.survived,
            other => panic!("{other:?}"),
        }
    };
    let mut rig = Rig::connected(settings());
    rig.pass(5 * SECOND);
    rig.bytes(PUBLISH);
    assert_eq!(stopped(rig).and_then(|survived| survived.silence_seconds), Some(5.0));
    assert_eq!(stopped(Rig::new(settings())), None);
}

#[test]
fn each_session_survives_for_itself() {
    let mut rig = Rig::connected(settings());
    rig.pass(50 * SECOND);
    rig.bytes(PUBLISH);
    rig.end(StreamEnd::Fin);
    rig.until_dial();
    rig.connect();
    rig.pass(2 * SECOND);
    rig.bytes(PUBLISH);
    assert_eq!(silences(rig), [Some(2.0); 3]);
}

#[test]
fn a_packet_that_a_drop_cut_off_says_how_much_was_there_and_for_how_long() {
    let mut large = vec![0x30, 0x88, 0x27, 0, 1, b't'];
    large.resize(3000, b'x');
    for max_packet_bytes in [1024, 1 << 20] {
        let mut settings = settings();
        std::sync::Arc::make_mut(&mut settings.session).max_packet_bytes = max_packet_bytes;
        let mut rig = Rig::connected(settings);
        rig.bytes(&[PUBLISH, &large[..1]].concat());
        rig.pass(4 * SECOND);
        rig.bytes(&large[1..2000]);
        rig.pass(3 * SECOND);
        rig.bytes(&large[2000..]);
        rig.end(StreamEnd::Reset);
        let unfinished =
            UnfinishedPacket { received_bytes: Some(3000), expected_bytes: Some(5003), seconds: Some(7.0) };
        assert_eq!(rig.last_drop().unfinished_packet, Some(unfinished));
    }
}

#[test]
fn the_time_of_an_unfinished_packet_begins_with_its_own_first_byte() {
    let mut rig = Rig::connected(settings());
    rig.bytes(&PUBLISH[..2]);
    rig.pass(5 * SECOND);
    rig.bytes(&[&PUBLISH[2..], &[0x30]].concat());
    rig.pass(3 * SECOND);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.last_drop().unfinished_packet.and_then(|packet| packet.seconds), Some(3.0));
}

#[test]
fn a_packet_that_arrived_in_full_or_cannot_be_read_is_not_unfinished() {
    let rows: [[&[u8]; 2]; 4] =
        [[PUBLISH, &[]], [&[0xd0, 1], &[0]], [&[0xe0, 0, 0x30], &[]], [&[0x30, 3], &[0, 9, b't', 0x30]]];
    for bytes in rows {
        let mut rig = Rig::connected(settings());
        rig.bytes(bytes[0]);
        rig.bytes(bytes[1]);
        rig.end(StreamEnd::Fin);
        assert_eq!(rig.last_drop().unfinished_packet, None, "{bytes:02x?}");
    }
}

#[test]
fn a_broken_packet_is_told_with_its_type_its_topic_what_is_wrong_and_where() {
    let malformed = |packet: &'static str, topic: Option<&str>, flaw: &str, offset_bytes| Malformed {
        packet_type: Some(packet.into()),
        topic: topic.map(str::to_owned),
        flaw: Some(flaw.to_owned()),
        offset_bytes,
    };
    let rows: [(&[u8], Option<Malformed>); 6] = [
        (&[0x32, 5, 0, 1, b't', 0, 0], Some(malformed("PUBLISH", Some("t"), "packet identifier 0", Some(5)))),
        (
            &[0x30, 0xff, 0xff, 0xff, 0xff],
            Some(malformed("PUBLISH", None, "its length runs over four bytes", Some(1))),
        ),
        (&[0x10], Some(malformed("CONNECT", None, "a broker must not send it", Some(0)))),
        (CONNACK, Some(malformed("CONNACK", None, "a second CONNACK", None))),
        (&[0xd0, 0xff, 0x7f], None),
        (&[0xe0, 0], None),
    ];
    for (bytes, expected) in rows {
        let mut rig = Rig::connected(settings());
        rig.bytes(bytes);
        assert_eq!(rig.last_drop().malformed, expected, "{bytes:02x?}");
    }
}
