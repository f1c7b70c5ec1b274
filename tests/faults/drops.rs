//! Sessions that end against our wish.

use std::time::Duration;

use nwdiag::event::{ClosedBy, Event, Qos, SessionDrop};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::client_packet::PacketKind;
use nwdiag::simulator::script::{
    BAD_REMAINING_LENGTH, Conduct, Cue, Deed, FOREIGN_PACKET, Message, Parting, Pings, Script, Service,
};

use crate::rig::{PING_INTERVAL, PING_TIMEOUT, drops, ending_after, events, names, session, settings};

const SUBSCRIBED: Cue = Cue::on(PacketKind::Subscribe);

struct Row {
    fault: &'static str,
    conduct: Conduct,
    closed_by: ClosedBy,
    name: (&'static str, i32),
    messages: u64,
}

/// A session that is served until it has subscribed, then treated so without a pause between.
fn row(fault: &'static str, deeds: &[Deed], closed_by: ClosedBy, name: (&'static str, i32)) -> Row {
    let mut cues = std::iter::once(SUBSCRIBED).chain(std::iter::repeat(Cue::at_once()));
    let conduct = deeds
        .iter()
        .zip(&mut cues)
        .fold(Conduct::serving(), |conduct, (deed, cue)| conduct.act(cue, deed.clone()));
    let messages = deeds.iter().filter(|deed| matches!(deed, Deed::Publish(_))).count();
    Row { fault, conduct, closed_by, name, messages: messages.try_into().unwrap() }
}

fn only_drop(fault: &str, events: &[Event]) -> SessionDrop {
    assert_eq!(names(events).first(), Some(&"connected"), "{fault}");
    let drops = drops(events);
    assert_eq!(drops.len(), 1, "{fault}: {events:?}");
    drops[0].clone()
}

async fn check(row: Row) {
    let events = events(Script::of([row.conduct]), ending_after(settings(), 2)).await;
    let drop = only_drop(row.fault, &events);
    let (name, code) = row.name;
    assert_eq!((drop.closed_by, &*drop.error_name), (Some(row.closed_by), name), "{}", row.fault);
    assert_eq!((drop.error_code, drop.reconnect_attempt), (Some(code), 0), "{}", row.fault);
    assert_eq!(drop.messages_received, row.messages, "{}", row.fault);
    assert_eq!(drop.active_subscriptions, 1, "{}", row.fault);
    assert_eq!((drop.reason_code, drop.websocket_close_code), (None, None), "{}", row.fault);
    assert!(!drop.error_message.is_empty(), "{}", row.fault);
}

const CLOSED: (&str, i32) = ("AWS_IO_SOCKET_CLOSED", 1051);
const PACKET_TYPE: (&str, i32) = ("AWS_ERROR_MQTT_INVALID_PACKET_TYPE", 5127);
const PROTOCOL: (&str, i32) = ("AWS_ERROR_MQTT_PROTOCOL_ERROR", 5130);
const LENGTH: (&str, i32) = ("AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH", 5122);
const TIMEOUT: (&str, i32) = ("AWS_ERROR_MQTT_TIMEOUT", 5129);

fn sending(bytes: &[u8]) -> Deed {
    Deed::Send(bytes.to_vec())
}

#[tokio::test(flavor = "current_thread")]
async fn what_the_peer_did_to_the_connection_is_told() {
    use ClosedBy::{PeerClose, PeerDisconnect, PeerReset};
    let message = || Deed::Publish(Message::default());
    let answered = || Deed::Publish(Message::at(Qos::AtLeastOnce));
    let rows = [
        row("FIN", &[Deed::Fin], PeerClose, CLOSED),
        row("FIN right behind a message", &[message(), Deed::Fin], PeerClose, CLOSED),
        row("FIN while we answer", &[answered(), Deed::Fin], PeerClose, CLOSED),
        row("RST", &[Deed::Rst], PeerReset, CLOSED),
        row("RST right behind a message", &[message(), Deed::Rst], PeerReset, CLOSED),
        row("RST while we answer", &[answered(), Deed::Rst], PeerReset, CLOSED),
        row("DISCONNECT", &[Deed::Disconnect(Parting::default())], PeerDisconnect, PACKET_TYPE),
        row("DISCONNECT then RST", &[sending(&[0xe0, 0]), Deed::Rst], PeerDisconnect, PACKET_TYPE),
        row(
            "DISCONNECT then RST while we answer",
            &[answered(), sending(&[0xe0, 0]), Deed::Rst],
            PeerDisconnect,
            PACKET_TYPE,
        ),
    ];
    for row in rows {
        check(row).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_peer_that_breaks_the_protocol_is_left() {
    let bad_length = [&[0x30][..], &BAD_REMAINING_LENGTH].concat();
    let rows: [(&str, &[u8], _); 6] = [
        ("bad remaining length", &bad_length, LENGTH),
        ("a packet of a client", &FOREIGN_PACKET, PACKET_TYPE),
        ("a type that is none", &[0xf0, 0], PACKET_TYPE),
        ("a second CONNACK", &[0x20, 2, 0, 0], PROTOCOL),
        ("a topic longer than its packet", &[0x30, 3, 0, 9, b't'], PROTOCOL),
        ("a SUBACK over the limit", &[0x90, 0xff, 0x7f], PROTOCOL),
    ];
    for (fault, bytes, name) in rows {
        check(row(fault, &[sending(bytes)], ClosedBy::Protocol, name)).await;
    }
}

/// A run that pings soon, and ends after so many events.
fn pinging(events: u64) -> RunSettings {
    let settings = session(|session| {
        session.ping_interval = PING_INTERVAL;
        session.ping_timeout = PING_TIMEOUT;
    });
    ending_after(settings, events)
}

#[tokio::test(flavor = "current_thread")]
async fn a_half_open_connection_is_a_timeout_within_interval_and_answer_time() {
    let conduct = Conduct::serving().act(SUBSCRIBED, Deed::Silence);
    let events = events(Script::of([conduct]), pinging(2)).await;
    let drop = only_drop("half-open", &events);
    assert_eq!(drop.closed_by, Some(ClosedBy::Timeout));
    assert_eq!((&*drop.error_name, drop.error_code), (TIMEOUT.0, Some(TIMEOUT.1)));
    assert_eq!(drop.last_sent_packet.as_deref(), Some("PINGREQ"));
    assert!(drop.unanswered_ping_seconds >= Some(PING_TIMEOUT.as_secs_f64()));
    // A second more than the bound is what a person would notice.
    let bound = (PING_INTERVAL + PING_TIMEOUT).as_secs_f64() + 1.0;
    assert!(drop.last_received_seconds.unwrap() < bound, "{drop:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn other_traffic_answers_no_ping() {
    let service = Service { pings: Pings::Unanswered, ..Service::publishing(Duration::from_millis(10)) };
    let events = events(Script::of([Conduct::serving().with(service)]), pinging(2)).await;
    let drop = only_drop("messages but no PINGRESP", &events);
    assert_eq!(drop.closed_by, Some(ClosedBy::Timeout));
    assert!(drop.messages_received > 0);
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_that_comes_late_is_told_beside_the_next_session() {
    let late = PING_TIMEOUT * 2;
    let service = Service { pings: Pings::Late(late), ..Service::default() };
    let events = events(Script::of([Conduct::serving().with(service)]), pinging(4)).await;
    let counted: Vec<_> = names(&events).into_iter().filter(|name| *name != "subscribed").collect();
    assert_eq!(counted, ["connected", "drop", "connected", "late_answer"]);
    let Some(Event::LateAnswer(answer)) = events.last() else { panic!("{events:?}") };
    assert!(answer.seconds >= late.as_secs_f64());
}
