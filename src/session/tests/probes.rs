//! End-to-end probes: sent, timed, queued, sent again.

use super::*;
use crate::event::Sample;
use crate::session::settings::ProbeSettings;

fn probing(topics: &[&str]) -> RunSettings {
    let probe = ProbeSettings { topic: "p".to_owned(), interval: 50 * SECOND };
    RunSettings { probe: Some(probe), ..subscribing(topics) }
}

fn publish(packet_id: u8, flags: u8, number: &[u8]) -> Vec<u8> {
    let length = u8::try_from(5 + number.len()).unwrap();
    [&[0x32 | flags, length, 0, 1, b'p', 0, packet_id], number].concat()
}

/// What the run has to say at its end.
fn last_sample(rig: &mut Rig) -> Sample {
    rig.stop();
    rig.last_sample().clone()
}

#[test]
fn a_probe_follows_the_subscriptions_and_its_answer_is_timed_from_the_write() {
    let mut rig = Rig::connected(probing(&["a"]));
    rig.sent.clear();
    rig.pass(2 * SECOND);
    assert!(rig.sent.is_empty(), "not before SUBACK");
    rig.bytes(&[0x90, 3, 0, 1, 0]);
    assert_eq!(rig.sent, publish(2, 0, b"1"));
    rig.pass(Duration::from_millis(300));
    rig.written();
    rig.pass(Duration::from_millis(70));
    rig.bytes(&[0x40, 2, 0, 2]);
    let sample = last_sample(&mut rig);
    let trips = sample.probe_rtt_ms.expect("a round trip");
    assert_eq!((trips.count, trips.values, trips.last), (1, vec![70.0], Some(70.0)));
    assert_eq!((sample.messages_published, sample.messages_queued), (Some(1), Some(0)));
}

#[test]
fn probes_come_at_their_interval_and_count_up() {
    let mut rig = Rig::connected(probing(&[]));
    for (packet_id, number) in [(2, b"1"), (3, b"2"), (4, b"3"), (5, b"4")] {
        assert!(rig.sent.ends_with(&publish(packet_id, 0, number)), "{number:?}");
        rig.bytes(&[0x40, 2, 0, packet_id]);
        rig.pass(50 * SECOND);
    }
}

#[test]
fn what_is_due_while_the_connection_is_down_waits_and_is_counted() {
    let mut rig = Rig::connected(probing(&[]));
    rig.bytes(&[0x40, 2, 0, 2]);
    rig.pass(40 * SECOND);
    rig.end(StreamEnd::Fin);
    rig.pass(80 * SECOND);
    rig.sent.clear();
    rig.connect();
    let sent = rig.sent.len();
    assert!(rig.sent.ends_with(&[publish(2, 0, b"2"), publish(3, 0, b"3")].concat()), "{sent} bytes");
    assert_eq!(last_sample(&mut rig).messages_queued, Some(2));
}

#[test]
fn a_drop_tells_the_probe_that_came_before_it_and_what_was_left_unanswered() {
    let mut rig = Rig::connected(probing(&[]));
    rig.pass(SECOND);
    rig.end(StreamEnd::Fin);
    let drop = rig.last_drop();
    assert_eq!(
        (drop.last_sent_packet.as_deref(), drop.last_sent_topic.as_deref()),
        (Some("PUBLISH"), Some("p"))
    );
    assert_eq!(
        (drop.largest_publish_bytes, drop.queued_commands, drop.messages_published),
        (Some(1), Some(1), Some(1))
    );
}

#[test]
fn an_unacknowledged_probe_goes_out_again_only_to_a_broker_that_kept_the_session() {
    let again = publish(2, 0x08, b"1");
    for (connack, expected) in [([0x20, 2, 1, 0], true), ([0x20, 2, 0, 0], false)] {
        let mut rig = Rig::connected(probing(&[]));
        rig.end(StreamEnd::Fin);
        rig.pass(5 * SECOND);
        rig.dialled();
        rig.sent.clear();
        rig.bytes(&connack);
        assert_eq!(rig.sent, if expected { again.clone() } else { Vec::new() });
    }
}

#[test]
fn a_broker_that_acknowledges_nothing_is_not_flooded() {
    let mut rig = Rig::connected(probing(&[]));
    rig.pass_answered(24 * 3600 * SECOND);
    assert_eq!(rig.run.totals().messages_published, 16);
}

/// Three probes wait, and the broker takes one at a time.
#[test]
fn an_acknowledged_probe_makes_room_for_the_next_that_waits_at_once() {
    let mut rig = Rig::new(RunSettings { protocol: ProtocolChoice::Only(Protocol::V5), ..probing(&[]) });
    rig.dialled();
    rig.bytes(&[0x20, 6, 0, 0, 3, 0x21, 0, 1]);
    rig.bytes(&[0x40, 2, 0, 2]);
    rig.end(StreamEnd::Fin);
    rig.pass(150 * SECOND);
    rig.dialled();
    rig.bytes(&[0x20, 6, 0, 0, 3, 0x21, 0, 1]);
    for published in [2, 3, 4] {
        assert_eq!(rig.run.totals().messages_published, published);
        let packet_id = u8::try_from(published).unwrap();
        rig.bytes(&[0x40, 2, 0, packet_id]);
    }
}
