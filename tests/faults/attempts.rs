//! Attempts that never become a session.

use std::time::Duration;

use nwdiag::event::{Phase, StopReason};
use nwdiag::simulator::client_packet::PacketKind;
use nwdiag::simulator::script::{
    BAD_REMAINING_LENGTH, Conduct, Cue, Deed, FOREIGN_PACKET, Greeting, HALF_CONNACK, Parting, Script, Step,
    Then,
};

use crate::rig::{Rig, drops, events, failures, names, sessions, settings};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

struct Row {
    fault: &'static str,
    script: Script,
    phase: Phase,
    name: (&'static str, i32),
    return_code: Option<u8>,
}

fn row(fault: &'static str, script: Script, phase: Phase, name: (&'static str, i32)) -> Row {
    Row { fault, script, phase, name, return_code: None }
}

fn mqtt(fault: &'static str, conduct: Conduct, name: (&'static str, i32)) -> Row {
    row(fault, Script::of([conduct]), Phase::Mqtt, name)
}

fn bytes(bytes: &[u8]) -> Conduct {
    Conduct::greeting(Greeting::Bytes(bytes.to_vec()))
}

fn stalled() -> Conduct {
    Conduct::greeting(Greeting::Stall)
}

async fn check(row: Row) {
    let mut settings = settings();
    settings.connect_timeout = CONNECT_TIMEOUT;
    settings.reconnect.max_attempts = Some(1);
    let events = events(row.script, settings).await;
    assert_eq!(names(&events), ["attempt_failed"], "{}", row.fault);
    let failed = failures(&events)[0];
    let (name, code) = row.name;
    assert_eq!((failed.phase, &*failed.error_name), (row.phase, name), "{}", row.fault);
    assert_eq!((failed.error_code, failed.return_code), (Some(code), row.return_code), "{}", row.fault);
    assert_eq!((failed.attempt_number, failed.next_attempt_seconds), (1, None), "{}", row.fault);
    assert!(failed.peer_address.is_some() && failed.phases.tcp_ms.is_some(), "{}", row.fault);
    assert_eq!(failed.phases.mqtt_ms.is_some(), row.phase == Phase::Mqtt, "{}", row.fault);
    assert_eq!(failed.phases.dns_ms, None, "{}: an address is not resolved", row.fault);
}

const REFUSED: (&str, i32) = ("AWS_IO_SOCKET_CONNECTION_REFUSED", 1047);
const CLOSED: (&str, i32) = ("AWS_IO_SOCKET_CLOSED", 1051);
const NO_ANSWER: (&str, i32) = ("AWS_ERROR_MQTT_TIMEOUT", 5129);
const PROTOCOL: (&str, i32) = ("AWS_ERROR_MQTT_PROTOCOL_ERROR", 5130);
const PACKET_TYPE: (&str, i32) = ("AWS_ERROR_MQTT_INVALID_PACKET_TYPE", 5127);
const LENGTH: (&str, i32) = ("AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH", 5122);

#[tokio::test(flavor = "current_thread")]
async fn an_attempt_that_is_refused_says_by_whom() {
    let closed = Script { steps: Vec::new(), then: Then::Refuse };
    check(row("nobody listens", closed, Phase::Tcp, REFUSED)).await;
    for code in [1, 3, 5, 7] {
        let refused = mqtt("CONNACK", Conduct::greeting(Greeting::Refuse(code)), PROTOCOL);
        check(Row { return_code: Some(code), ..refused }).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_connection_that_ends_before_connack_is_closed() {
    let connect = Cue::on(PacketKind::Connect);
    let rows = [
        mqtt("FIN at once", stalled().act(Cue::at_once(), Deed::Fin), CLOSED),
        mqtt("RST at once", stalled().act(Cue::at_once(), Deed::Rst), CLOSED),
        mqtt("FIN after CONNECT", stalled().act(connect, Deed::Fin), CLOSED),
        mqtt("RST after CONNECT", stalled().act(connect, Deed::Rst), CLOSED),
        mqtt("FIN after half a CONNACK", bytes(&HALF_CONNACK).act(connect, Deed::Fin), CLOSED),
        mqtt("DISCONNECT", stalled().act(connect, Deed::Disconnect(Parting::default())), PACKET_TYPE),
    ];
    for row in rows {
        check(row).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_never_finishes_its_connack_is_given_up_in_time() {
    let rows = [
        mqtt("silence", stalled(), NO_ANSWER),
        mqtt("reads nothing", stalled().act(Cue::at_once(), Deed::Silence), NO_ANSWER),
        mqtt("half a CONNACK", bytes(&HALF_CONNACK), NO_ANSWER),
    ];
    for row in rows {
        check(row).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn garbage_instead_of_a_connack_is_named() {
    let rows = [
        mqtt("HTTP", bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), PROTOCOL),
        mqtt("TLS alert", bytes(&[0x15, 3, 3, 0, 2, 2, 10]), PACKET_TYPE),
        mqtt("a packet of a client", bytes(&FOREIGN_PACKET), PACKET_TYPE),
        mqtt("a bad length", bytes(&[&[0x20][..], &BAD_REMAINING_LENGTH].concat()), LENGTH),
        mqtt("PINGRESP", bytes(&[0xd0, 0]), PROTOCOL),
        mqtt("CONNACK over the limit", bytes(&[0x20, 0xff, 0x7f]), PROTOCOL),
    ];
    for row in rows {
        check(row).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn attempts_are_told_one_by_one_until_the_broker_is_back() {
    let dropping = Conduct::serving().act(Cue::on(PacketKind::Subscribe), Deed::Fin);
    let steps = vec![
        Step::Connection(dropping),
        Step::Closed(Duration::from_millis(100)),
        Step::Connection(Conduct::serving().act(Cue::on(PacketKind::Subscribe), Deed::Fin)),
    ];
    let script = Script { steps, then: Then::Refuse };
    let (rig, run) = Rig::new(script, settings());
    let mut seen = rig.events.clone();
    let watching = async {
        let twice = |events: &Vec<_>| drops(events).len() == 2;
        let events = seen.wait_for(twice).await.expect("the run goes on").clone();
        rig.stop.send(StopReason::Signal).await.expect("the run goes on");
        events
    };
    let (_, events) = tokio::join!(run, watching);
    let failed = failures(&events);
    let numbers: Vec<u32> = failed.iter().map(|failed| failed.attempt_number).collect();
    assert_eq!(numbers, (1..=u32::try_from(failed.len()).unwrap()).collect::<Vec<_>>());
    assert!(failed.iter().all(|failed| failed.phase == Phase::Tcp && failed.next_attempt_seconds.is_some()));
    let connected = sessions(&events);
    assert_eq!((connected[0].attempt_number, connected[0].time_to_reconnect_seconds), (0, None));
    assert_eq!(connected[1].attempt_number, u32::try_from(failed.len()).unwrap() + 1);
    assert!(connected[1].time_to_reconnect_seconds >= Some(0.1));
}
