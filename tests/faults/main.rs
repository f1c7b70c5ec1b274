//! Every fault that the simulator can play, on real sockets, and what the journal says of it.
#![expect(clippy::expect_used, reason = "a test whose surroundings fail has to stop there")]

mod rig;

use std::time::Duration;

use nwdiag::event::{ClosedBy, Event, Phase, Qos, Sample, SessionDrop, StopReason};
use nwdiag::simulator::client_packet::PacketKind;
use nwdiag::simulator::script::{
    BAD_REMAINING_LENGTH, Conduct, Copies, Cue, Deed, FOREIGN_PACKET, Greeting, HALF_CONNACK, Message, Pings,
    Script, Service, Step, Then,
};

use rig::{MS, play, settings, times};

/// How an established session is said to have ended.
fn drop_after(conduct: Conduct) -> SessionDrop {
    let played = play(Script::of([conduct]), settings(), |events| times(events, "drop", 1));
    let dropped = played.events.iter().find_map(|event| match event {
        Event::Drop(drop) => Some((**drop).clone()),
        _ => None,
    });
    dropped.expect("a drop")
}

fn last_sample(events: &[Event]) -> &Sample {
    let samples = events.iter().rev().find_map(|event| match event {
        Event::Sample(sample) => Some(&**sample),
        _ => None,
    });
    samples.expect("a sample")
}

/// A session that is ended by `deed` right after its SUBSCRIBE was answered.
fn ending(deed: Deed) -> Conduct {
    Conduct::serving().act(Cue::on(PacketKind::Subscribe), deed)
}

fn check(fault: &str, conduct: Conduct, closed_by: ClosedBy, name: &str, code: i32) {
    let drop = drop_after(conduct);
    let told = (drop.closed_by, &*drop.error_name, drop.error_code);
    assert_eq!(told, (Some(closed_by), name, Some(code)), "{fault}: {}", drop.error_message);
}

#[test]
fn an_end_by_the_broker_is_told_as_it_was() {
    let closed = "AWS_IO_SOCKET_CLOSED";
    let disconnect = "AWS_ERROR_MQTT_INVALID_PACKET_TYPE";
    let at_ping = Conduct::serving().act(Cue::on(PacketKind::Pingreq), Deed::Rst);
    let disconnect_and_rst = ending(Deed::Send(vec![0xe0, 0])).act(Cue::at_once(), Deed::Rst);
    check("FIN", ending(Deed::Fin), ClosedBy::PeerClose, closed, 1051);
    check("RST", ending(Deed::Rst), ClosedBy::PeerReset, closed, 1051);
    check("RST at a ping", at_ping, ClosedBy::PeerReset, closed, 1051);
    check("DISCONNECT", ending(Deed::Disconnect), ClosedBy::PeerDisconnect, disconnect, 5127);
    check("DISCONNECT, then RST", disconnect_and_rst, ClosedBy::PeerDisconnect, disconnect, 5127);
}

#[test]
fn an_end_that_we_declare_is_told_by_its_reason() {
    let bad_length = ending(Deed::Send([&[0x30][..], &BAD_REMAINING_LENGTH].concat()));
    let foreign = ending(Deed::Send(FOREIGN_PACKET.to_vec()));
    let malformed = ending(Deed::Send(vec![0x20, 0]));
    let silence = Conduct::falling_silent(Cue::on(PacketKind::Subscribe), Duration::from_secs(5));
    check("bad length", bad_length, ClosedBy::Protocol, "AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH", 5122);
    check("foreign packet", foreign, ClosedBy::Protocol, "AWS_ERROR_MQTT_INVALID_PACKET_TYPE", 5127);
    check("malformed packet", malformed, ClosedBy::Protocol, "AWS_ERROR_MQTT_PROTOCOL_ERROR", 5130);
    check("silence", silence, ClosedBy::Timeout, "AWS_ERROR_MQTT_TIMEOUT", 5129);
}

#[test]
fn every_failed_attempt_names_its_phase() {
    let greeting = |bytes: &[u8]| Conduct::greeting(Greeting::Bytes(bytes.to_vec()));
    let refused = |code| Conduct::greeting(Greeting::Refuse(code));
    let closing = |deed| Conduct::greeting(Greeting::Stall).act(Cue::on(PacketKind::Connect), deed);
    let protocol_error = "AWS_ERROR_MQTT_PROTOCOL_ERROR";
    let rows = [
        ("CONNACK 3", refused(3), protocol_error, Some(3)),
        ("CONNACK 5", refused(5), protocol_error, Some(5)),
        ("CONNACK 7", refused(7), protocol_error, Some(7)),
        ("FIN", closing(Deed::Fin), "AWS_IO_SOCKET_CLOSED", None),
        ("RST", closing(Deed::Rst), "AWS_IO_SOCKET_CLOSED", None),
        ("stall", Conduct::greeting(Greeting::Stall), "AWS_ERROR_MQTT_TIMEOUT", None),
        ("half a CONNACK", greeting(&HALF_CONNACK), "AWS_ERROR_MQTT_TIMEOUT", None),
        ("garbage", greeting(b"SSH-2.0-server\r\n"), protocol_error, None),
        ("HTTP", greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"), protocol_error, None),
    ];
    for (fault, conduct, name, return_code) in rows {
        let played = play(Script::of([conduct]), settings(), |events| times(events, "attempt_failed", 1));
        let failed = played.events.iter().find_map(|event| match event {
            Event::AttemptFailed(failed) => Some(failed),
            _ => None,
        });
        let failed = failed.expect("a failed attempt");
        let told = (failed.phase, &*failed.error_name, failed.return_code);
        assert_eq!(told, (Phase::Mqtt, name, return_code), "{fault}: {}", failed.error_message);
        assert!(failed.next_attempt_seconds.is_some() && failed.peer_address.is_some(), "{fault}");
    }
}

#[test]
fn a_port_that_is_closed_for_a_while_is_refused_attempts_and_then_a_recovery() {
    let first = Conduct::serving().act(Cue::on(PacketKind::Subscribe), Deed::Fin);
    let script = Script { steps: vec![Step::Connection(first), Step::Closed(150 * MS)], then: Then::Serve };
    let played = play(script, settings(), |events| times(events, "connected", 2));
    let names: Vec<&str> =
        played.events.iter().map(Event::name).filter(|name| *name != "subscribed").collect();
    assert_eq!(names[..4], ["start", "connected", "sample", "drop"]);
    let refused = played.events.iter().filter(|event| {
        matches!(event, Event::AttemptFailed(failed) if failed.phase == Phase::Tcp && failed.error_code == Some(1047))
    });
    let Some(Event::Connected(again)) = played.events.iter().rfind(|event| event.name() == "connected")
    else {
        panic!()
    };
    assert_eq!(again.attempt_number as usize, refused.count() + 1);
    assert!(again.attempt_number > 1 && again.time_to_reconnect_seconds.is_some());
}

#[test]
fn an_answer_that_comes_after_the_timeout_is_recorded() {
    let late = Service { pings: Pings::Late(600 * MS), ..Service::default() };
    let script = Script::of([Conduct::serving().with(late)]).and_then(Then::Serve);
    let played = play(script, settings(), |events| times(events, "late_answer", 1));
    let Some(Event::LateAnswer(answer)) = played.events.iter().find(|event| event.name() == "late_answer")
    else {
        panic!()
    };
    assert!((0.6..10.0).contains(&answer.seconds), "{answer:?}");
    assert!(times(&played.events, "drop", 1));
}

#[test]
fn a_slow_broker_is_waited_for() {
    let slow = Service { pace: Some(20 * MS), ..Service::default() };
    let script = Script::of([Conduct::serving().with(slow)]);
    let mut settings = settings();
    settings.limits.duration = Some(Duration::from_secs(1));
    let played = play(script, settings, |_| false);
    assert_eq!(played.reason, StopReason::Duration);
    assert!(times(&played.events, "subscribed", 1) && !times(&played.events, "drop", 1));
}

#[test]
fn messages_are_counted_once_however_they_come() {
    let twice = Message { copies: Copies::Two, ..Message::at(Qos::ExactlyOnce) };
    let rows = [
        ("QoS 0", Message::at(Qos::AtMostOnce), 1, None),
        ("QoS 1", Message::at(Qos::AtLeastOnce), 1, Some(PacketKind::Puback)),
        ("QoS 2, twice", twice, 1, Some(PacketKind::Pubcomp)),
        ("over the limit", Message::sized(100_000), 1, None),
    ];
    for (what, message, count, answer) in rows {
        let conduct = Conduct::serving().act(Cue::on(PacketKind::Subscribe), Deed::Publish(message));
        // The session goes on until the broker has its answer; a message without one is followed by the end.
        let conduct = conduct.act(answer.map_or(Cue::after(200 * MS), Cue::on), Deed::Fin);
        let drop = drop_after(conduct);
        assert_eq!((drop.messages_received, drop.closed_by), (count, Some(ClosedBy::PeerClose)), "{what}");
    }
}

#[test]
fn a_message_right_before_the_end_counts() {
    let message = Message::at(Qos::AtMostOnce);
    let conduct = Conduct::serving()
        .act(Cue::on(PacketKind::Subscribe), Deed::Publish(message))
        .act(Cue::at_once(), Deed::Fin);
    assert_eq!(drop_after(conduct).messages_received, 1);
}

#[test]
fn a_refused_filter_is_not_active() {
    let refusing = Service { refused_filters: vec!["a/#".to_owned()], ..Service::default() };
    let drop = drop_after(Conduct::serving().with(refusing).act(Cue::on(PacketKind::Subscribe), Deed::Fin));
    assert_eq!(drop.active_subscriptions, 0);
}

#[test]
fn a_run_stops_from_every_state_and_says_so_last() {
    let stalled = Conduct::greeting(Greeting::Stall);
    let mute = Conduct::falling_silent(Cue::on(PacketKind::Subscribe), Duration::from_secs(30));
    let rows: [(&str, Script, &str); 4] = [
        ("waiting for CONNACK", Script::of([stalled]), "start"),
        ("between attempts", Script::of([]).and_then(Then::Refuse), "attempt_failed"),
        ("up", Script::of([]), "subscribed"),
        ("up, with a peer that reads nothing", Script::of([mute]), "subscribed"),
    ];
    for (state, script, enough) in rows {
        let mut settings = settings();
        settings.connect_timeout = Duration::from_secs(30);
        let played = play(script, settings, |events| times(events, enough, 1));
        assert_eq!(played.reason, StopReason::Signal, "{state}");
        assert!(played.stopping < Duration::from_secs(2), "{state}: {:?}", played.stopping);
        let names: Vec<&str> = played.events.iter().map(Event::name).collect();
        assert_eq!(names[names.len() - 2..], ["sample", "stop"], "{state}");
        assert_eq!(last_sample(&played.events).connected, state.starts_with("up"), "{state}");
    }
}
