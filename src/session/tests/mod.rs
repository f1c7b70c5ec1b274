//! Sessions and runs in virtual time: hours of connection pass in milliseconds.

mod any_order;
mod auth;
mod bounds;
mod coming_back;
mod five;
mod host;
mod probes;
mod samples;
mod subscriptions;
mod survived;
mod versions;

use std::time::Duration;

use chrono::TimeDelta;

use super::attempt::{DialError, Dialled, Retry};
use super::late::Heard;
use super::recovery::Depth;
use super::rig::{CONNACK, NEVER, PINGRESP, Rig, SECOND, packets, settings, subscribing};
use super::run::Input;
use super::settings::{ProtocolChoice, RunSettings};
use crate::event::failure::{Failure, SignInFailure, StreamEnd, TlsAlert};
use crate::event::{ClosedBy, ConnectionKind, Event, Moment, Phase, Phases, Protocol, StopReason};

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
    rig.handle(Input::LateAnswer(5 * SECOND));
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
    rig.stop();
    assert_eq!(rig.sent, [0xe0, 0]);
    assert_eq!(rig.names()[rig.names().len() - 2..], ["sample", "stop"]);
    assert_eq!((rig.deadline, rig.actions.as_slice()), (NEVER, &["finish"][..]));
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
    assert_eq!(rig.deadline, NEVER);
}
