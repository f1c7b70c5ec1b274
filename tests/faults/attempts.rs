//! Attempts that reach the broker and never become a session, over every transport in both versions.

use nwdiag::event::Phase;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{
    Action, BAD_REMAINING_LENGTH, Behavior, ConnackProperties, ConnectReply, DisconnectReason,
    FOREIGN_PACKET, HALF_CONNACK, SupportedVersions, Trigger, UnsupportedVersionReply,
};

use crate::attempt_row::{Row, SHORT, check, mqtt};
use crate::front::{After, Farewell};
use crate::grid::{ENCRYPTED, FIVE, FRAMED};
use crate::names::{
    ALERT, CLOSED, CONNACK, DISCONNECT, FRAME, HANGUP, LENGTH, PACKET_TYPE, PROTOCOL, REFUSAL,
};

fn bytes(bytes: &[u8]) -> Behavior {
    Behavior::replying(ConnectReply::Bytes(bytes.to_vec()))
}

fn stalled() -> Behavior {
    Behavior::replying(ConnectReply::Stall)
}

/// Sent behind CONNECT.
fn connect_then(action: Action) -> Behavior {
    stalled().act(Trigger::on(PacketKind::Connect), action)
}

/// A refusal with the code of each version.
fn refused(fault: &'static str, codes: [u8; 2]) -> Row {
    let refusing = codes.map(|code| Behavior::replying(ConnectReply::Refuse(code)));
    let return_codes = codes.map(Some);
    Row { behaviors: refusing, return_codes, ..mqtt(fault, stalled(), REFUSAL) }
}

/// The same where a CONNACK of MQTT 5 says more.
fn explained(fault: &'static str, codes: [u8; 2], properties: &ConnackProperties) -> Row {
    let row = refused(fault, codes);
    let behaviors = row.behaviors.map(|behavior| behavior.announcing(properties.clone()));
    Row { behaviors, ..row }
}

#[tokio::test(flavor = "current_thread")]
async fn a_refusal_is_told_with_its_code_and_what_else_it_says() {
    check([
        refused("CONNACK, unacceptable version or unspecified error", [1, 0x80]),
        refused("CONNACK, client ID rejected", [2, 0x85]),
        refused("CONNACK, server unavailable", [3, 0x88]),
        refused("CONNACK, bad user name or password", [4, 0x86]),
        refused("CONNACK, not authorized", [5, 0x87]),
        refused("CONNACK with a code of nobody's", [7, 0xf0]),
        Row {
            reason_strings: [None, Some("slow down")],
            ..explained(
                "CONNACK, connection rate exceeded",
                [3, 0x9f],
                &ConnackProperties::because("slow down"),
            )
        },
        Row {
            server_references: [None, Some("other.example")],
            ..explained("CONNACK, server moved", [3, 0x9d], &ConnackProperties::referring_to("other.example"))
        },
    ])
    .await;
}

/// A broker that knows only the other version.
fn foreign(fault: &'static str, reply: UnsupportedVersionReply, codes: [u8; 2]) -> Row {
    let behaviors = [SupportedVersions::Only5, SupportedVersions::Only311(reply)]
        .map(|versions| Behavior::serving().supporting(versions));
    Row { behaviors, ..refused(fault, codes) }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_of_the_other_version_is_told_by_its_code() {
    check([
        foreign("unknown version, CONNACK of 3.1.1", UnsupportedVersionReply::Connack311, [1, 1]),
        foreign("unknown version, CONNACK of its own", UnsupportedVersionReply::Connack5, [1, 0x84]),
    ])
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_socket_that_ends_before_connack_is_closed() {
    let half = bytes(&HALF_CONNACK).act(Trigger::on(PacketKind::Connect), Action::Fin);
    check([
        mqtt("FIN at once", stalled().act(Trigger::at_once(), Action::Fin), CLOSED),
        mqtt("RST at once", stalled().act(Trigger::at_once(), Action::Rst), CLOSED),
        mqtt("FIN after CONNECT", connect_then(Action::Fin), CLOSED),
        mqtt("RST after CONNECT", connect_then(Action::Rst), CLOSED),
        mqtt("FIN after half a CONNACK", half, CLOSED),
        mqtt(
            "DISCONNECT before CONNACK",
            connect_then(Action::Disconnect(DisconnectReason::code(0x8b))),
            DISCONNECT,
        ),
    ])
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_layer_that_ends_before_connack_is_told_by_its_word() {
    let ending = |fault, farewell, over, names| Row {
        farewell,
        over,
        ..mqtt(fault, connect_then(Action::Fin), names)
    };
    let close = Farewell::Close(b"\x03\xf0policy", After::Fin);
    check([
        ending("TLS close_notify before CONNACK", Farewell::CloseNotify(After::Fin), ENCRYPTED, HANGUP),
        Row {
            phase: Phase::Tls,
            ..ending("fatal TLS alert before CONNACK", Farewell::Alert, ENCRYPTED, ALERT)
        },
        ending("WebSocket close before CONNACK", close, FRAMED, HANGUP),
        ending("malformed WebSocket frame before CONNACK", Farewell::Frame(b"\x81\x02hi"), FRAMED, FRAME),
    ])
    .await;
}

/// Nothing that ends the attempt comes.
fn silent(fault: &'static str, behavior: Behavior) -> Row {
    Row { connect_timeout: SHORT, ..mqtt(fault, behavior, CONNACK) }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_does_not_answer_to_connect_is_given_up_in_time() {
    check([silent("no CONNACK", stalled())]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_reads_nothing_is_given_up_in_time() {
    check([silent("nothing read", stalled().act(Trigger::at_once(), Action::Silence))]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_stops_in_its_connack_is_given_up_in_time() {
    check([silent("half a CONNACK", bytes(&HALF_CONNACK))]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn garbage_instead_of_a_connack_is_named() {
    let http = bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    check([
        mqtt("HTTP instead of CONNACK", http, PROTOCOL),
        mqtt("a bare TLS alert instead of CONNACK", bytes(&[0x15, 3, 3, 0, 2, 2, 10]), PACKET_TYPE),
        mqtt("a packet of a client instead of CONNACK", bytes(&FOREIGN_PACKET), PACKET_TYPE),
        mqtt(
            "bad remaining length of CONNACK",
            bytes(&[&[0x20][..], &BAD_REMAINING_LENGTH].concat()),
            LENGTH,
        ),
        mqtt("PINGRESP instead of CONNACK", bytes(&[0xd0, 0]), PROTOCOL),
        Row {
            behaviors: [bytes(b"\x20\x02\x02\0"), bytes(b"\x20\x03\x02\0\0")],
            ..mqtt("CONNACK with reserved flags", stalled(), PROTOCOL)
        },
        Row { versions: FIVE, ..mqtt("CONNACK of 3.1.1 that accepts", bytes(b"\x20\x02\0\0"), PROTOCOL) },
        Row {
            versions: FIVE,
            ..mqtt("CONNACK that takes no message", bytes(b"\x20\x06\0\0\x03\x21\0\0"), PROTOCOL)
        },
        mqtt("CONNACK over the limit", bytes(&[0x20, 0xff, 0x7f]), PROTOCOL),
    ])
    .await;
}
