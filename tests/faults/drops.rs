//! Sessions that end against our wish: what the peer did, over every transport in both versions.

use nwdiag::event::{ClosedBy, Qos};
use nwdiag::simulator::script::{Action, BAD_REMAINING_LENGTH, DisconnectReason, FOREIGN_PACKET, Message};

use crate::drop_row::{CloseCodes, NO_FRAME, Row, check, row};
use crate::front::{After, Farewell};
use crate::grid::{ENCRYPTED, FIVE, FRAMED};
use crate::names::{
    ALERT, CLOSED, DISCONNECT, FRAME, HANGUP, LENGTH, NEGOTIATION, PACKET_TYPE, PING, PROTOCOL,
};
use crate::rig::PING_INTERVAL;

fn message() -> Action {
    Action::Publish(Message::default())
}

/// A message that the client has to acknowledge.
fn answered() -> Action {
    Action::Publish(Message::at(Qos::AtLeastOnce))
}

fn sending(bytes: &[u8]) -> Action {
    Action::Send(bytes.to_vec())
}

/// The stream ends so behind these actions, without a close frame.
fn ending(fault: &'static str, actions: &[Action], closed_by: ClosedBy) -> Row {
    Row { close_codes: NO_FRAME, ..row(fault, actions, closed_by, CLOSED) }
}

#[tokio::test(flavor = "current_thread")]
async fn the_end_of_a_socket_is_told() {
    use ClosedBy::{PeerClose, PeerReset};
    check([
        ending("FIN of a broker that still reads", &[Action::Fin], PeerClose),
        Row { farewell: Farewell::Gone, ..ending("FIN of a broker that is gone", &[Action::Fin], PeerClose) },
        ending("FIN right behind a message", &[message(), Action::Fin], PeerClose),
        ending("FIN while we answer", &[answered(), Action::Fin], PeerClose),
        ending("RST", &[Action::Rst], PeerReset),
        ending("RST right behind a message", &[message(), Action::Rst], PeerReset),
        ending("RST while we answer", &[answered(), Action::Rst], PeerReset),
    ])
    .await;
}

/// An end that TLS tells in the place of FIN.
fn tls(fault: &'static str, farewell: Farewell) -> Row {
    Row { farewell, over: ENCRYPTED, names: HANGUP, ..ending(fault, &[Action::Fin], ClosedBy::PeerClose) }
}

#[tokio::test(flavor = "current_thread")]
async fn what_tls_says_at_the_end_is_told() {
    let notify = |after| Farewell::CloseNotify(after);
    let message = vec![message(), Action::Fin];
    let messages = [message.clone(), message];
    let answers = [vec![answered(), Action::Fin], vec![answered(), Action::Fin]];
    let alert =
        Row { closed_by: ClosedBy::PeerReset, names: ALERT, ..tls("fatal TLS alert", Farewell::Alert) };
    check([
        tls("TLS close_notify", notify(After::Fin)),
        tls("TLS close_notify without FIN", notify(After::Nothing)),
        tls("TLS close_notify then RST", notify(After::Rst)),
        Row {
            actions: messages.clone(),
            ..tls("TLS close_notify right behind a message", notify(After::Fin))
        },
        Row {
            actions: answers.clone(),
            ..tls("TLS close_notify then RST while we answer", notify(After::Rst))
        },
        alert.clone(),
        Row { fault: "fatal TLS alert while we answer", actions: answers, ..alert.clone() },
        Row { fault: "fatal TLS alert right behind a message", actions: messages, ..alert },
        Row {
            closed_by: ClosedBy::Protocol,
            names: NEGOTIATION,
            ..tls("garbage in the place of TLS", Farewell::Garbage)
        },
    ])
    .await;
}

/// A close frame with this payload, and the code and reason that it stands for.
fn close(
    fault: &'static str,
    payload: &'static [u8],
    after: After,
    code: u16,
    reason: Option<&'static str>,
) -> Row {
    Row {
        farewell: Farewell::Close(payload, after),
        over: FRAMED,
        names: HANGUP,
        reason_strings: [reason; 2],
        close_codes: [None, None, Some(code), Some(code)],
        ..ending(fault, &[Action::Fin], ClosedBy::PeerClose)
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_close_frame_is_told_with_its_code_and_reason() {
    use After::{Fin, Nothing, Rst};
    let answers = [vec![answered(), Action::Fin], vec![answered(), Action::Fin]];
    check([
        close("WebSocket close 1000", b"\x03\xe8", Fin, 1000, None),
        close("WebSocket close 1001 with a reason", b"\x03\xe9going away", Fin, 1001, Some("going away")),
        close("WebSocket close without a code", b"", Fin, 1005, None),
        close("WebSocket close 1008 with a reason", b"\x03\xf0policy", Fin, 1008, Some("policy")),
        close("WebSocket close 4000", b"\x0f\xa0", Fin, 4000, None),
        close("WebSocket close 1001 without FIN", b"\x03\xe9", Nothing, 1001, None),
        close("WebSocket close without code or FIN", b"", Nothing, 1005, None),
        close("WebSocket close 1001 then RST", b"\x03\xe9", Rst, 1001, None),
        Row {
            actions: answers,
            ..close("WebSocket close 1001 then RST while we answer", b"\x03\xe9", Rst, 1001, None)
        },
    ])
    .await;
}

/// A DISCONNECT with this code.
fn disconnect(fault: &'static str, reason: DisconnectReason) -> Row {
    let reason_codes = [None, Some(reason.reason_code)];
    let actions = [Action::Disconnect(reason)];
    Row { reason_codes, ..row(fault, &actions, ClosedBy::PeerDisconnect, DISCONNECT) }
}

#[tokio::test(flavor = "current_thread")]
async fn a_disconnect_is_told_with_what_it_says() {
    let code = DisconnectReason::code;
    check([
        disconnect("DISCONNECT, normal", DisconnectReason::default()),
        disconnect("DISCONNECT, session taken over", code(0x8e)),
        disconnect("DISCONNECT, server shutting down", code(0x8b)),
        Row {
            server_references: [None, Some("other.example")],
            ..disconnect("DISCONNECT, use another server", code(0x9c).referring_to("other.example"))
        },
        Row {
            reason_strings: [None, Some("too much")],
            ..disconnect("DISCONNECT, quota exceeded", code(0x97).because("too much"))
        },
        Row {
            actions: [vec![sending(&[0xe0, 0])], vec![sending(&[0xe0, 2, 0x8e, 0])]],
            ..disconnect("DISCONNECT, written out in full, without FIN", code(0x8e))
        },
        Row {
            farewell: Farewell::Alert,
            over: ENCRYPTED,
            ..disconnect("DISCONNECT then fatal TLS alert", code(0x8b))
        },
        Row {
            farewell: Farewell::Close(b"\x03\xe9", After::Fin),
            over: FRAMED,
            ..disconnect("DISCONNECT then WebSocket close", code(0x8b))
        },
        Row {
            actions: [vec![sending(&[0xe0, 0]), Action::Rst], vec![sending(&[0xe0, 1, 0x8e]), Action::Rst]],
            ..disconnect("DISCONNECT then RST", code(0x8e))
        },
        Row {
            actions: [
                vec![answered(), sending(&[0xe0, 0]), Action::Rst],
                vec![answered(), sending(&[0xe0, 1, 0x8e]), Action::Rst],
            ],
            ..disconnect("DISCONNECT then RST while we answer", code(0x8e))
        },
    ])
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_peer_that_breaks_mqtt_is_left() {
    let bad_length = [&[0x30][..], &BAD_REMAINING_LENGTH].concat();
    let breach = |fault, bytes: &[u8], names| row(fault, &[sending(bytes)], ClosedBy::Protocol, names);
    check([
        breach("bad remaining length", &bad_length, LENGTH),
        breach("a packet of a client", &FOREIGN_PACKET, PACKET_TYPE),
        breach("a type that is none", &[0xf0, 0], PACKET_TYPE),
        Row {
            actions: [vec![sending(b"\x20\x02\0\0")], vec![sending(b"\x20\x03\0\0\0")]],
            ..breach("a second CONNACK", &[], PROTOCOL)
        },
        breach("a topic longer than its packet", b"\x30\x03\0\x09t", PROTOCOL),
        breach("a message of QoS 3", b"\x36\x05\0\x01t\0\x01", PROTOCOL),
        breach("a SUBACK over the limit", &[0x90, 0xff, 0x7f], PROTOCOL),
    ])
    .await;
}

/// A packet of MQTT 5 that is none.
fn five(fault: &'static str, bytes: &[u8]) -> Row {
    Row { versions: FIVE, ..row(fault, &[sending(bytes)], ClosedBy::Protocol, PROTOCOL) }
}

#[tokio::test(flavor = "current_thread")]
async fn a_peer_that_breaks_what_only_mqtt_5_knows_is_left() {
    check([
        five("a property that is none", b"\x30\x06\0\x01t\x02\x7e\0"),
        five("a property twice", b"\x30\x0a\0\x01t\x06\x23\0\x01\x23\0\x01"),
        five("properties longer than their packet", b"\x30\x05\0\x01t\x09x"),
        five("a SUBACK without properties", b"\x90\x03\0\x02\x01"),
        five("DISCONNECT with a reason that is no text", b"\xe0\x06\x8b\x04\x1f\0\x01\xff"),
        five("DISCONNECT with bytes left over", b"\xe0\x03\x8e\0\0"),
    ])
    .await;
}

/// A malformed WebSocket frame.
fn frame(fault: &'static str, bytes: &'static [u8]) -> Row {
    Row {
        farewell: Farewell::Frame(bytes),
        over: FRAMED,
        ..Row { names: FRAME, ..ending(fault, &[Action::Fin], ClosedBy::Protocol) }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_peer_that_breaks_websocket_is_left() {
    check([
        frame("WebSocket frame with reserved bits", b"\xc2\x01x"),
        frame("WebSocket frame masked by the broker", b"\x82\x81\0\0\0\0x"),
        frame("WebSocket control frame over 125 bytes", b"\x89\x7e\0\x7e"),
        frame("WebSocket text frame", b"\x81\x02hi"),
        frame("WebSocket opcode without meaning", b"\x83\0"),
        frame("WebSocket close frame with half a code", b"\x88\x01\x03"),
    ])
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_connection_that_falls_silent_is_a_timeout() {
    const NOTHING: CloseCodes = [None; 4];
    check([Row {
        ping_interval: PING_INTERVAL,
        close_codes: NOTHING,
        ..row("half-open: ping unanswered", &[Action::Silence], ClosedBy::Timeout, PING)
    }])
    .await;
}
