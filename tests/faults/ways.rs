//! Attempts that end on the way to MQTT: at the port, in TLS, in the WebSocket upgrade.

use nwdiag::event::{Phase, Transport};

use crate::attempt_row::{Row, SHORT, below, check};
use crate::front::Entry::{InTls, InUpgrade, OtherName, Shut};
use crate::front::Hindrance::{self, Alert, Bytes, CloseNotify, Fin, Rst, Silence};
use crate::grid::{ENCRYPTED, EVERYWHERE, FRAMED};
use crate::names::{
    ALERT, CLOSED, HANGUP, HTTP_TIMEOUT, NEGOTIATION, NOT_HTTP, Names, REFUSED, TLS_TIMEOUT, UPGRADE,
};

#[tokio::test(flavor = "current_thread")]
async fn a_port_where_nobody_listens_refuses() {
    check([below("nobody listens", Shut, EVERYWHERE, Phase::Tcp, REFUSED)]).await;
}

fn tls(fault: &'static str, hindrance: Hindrance, names: Names) -> Row {
    below(fault, InTls(hindrance), ENCRYPTED, Phase::Tls, names)
}

#[tokio::test(flavor = "current_thread")]
async fn a_tls_handshake_that_fails_is_told_by_what_came() {
    check([
        below("certificate for another name", OtherName, ENCRYPTED, Phase::Tls, NEGOTIATION),
        tls("fatal alert in the TLS handshake", Bytes(b"\x15\x03\x03\0\x02\x02\x28"), ALERT),
        tls("HTTP instead of TLS", Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), TLS_TIMEOUT),
        tls("FIN in the TLS handshake", Fin, CLOSED),
        tls("RST in the TLS handshake", Rst, CLOSED),
        Row { connect_timeout: SHORT, ..tls("TLS never answered", Silence, TLS_TIMEOUT) },
    ])
    .await;
}

fn upgrade(fault: &'static str, hindrance: Hindrance, names: Names) -> Row {
    below(fault, InUpgrade(hindrance), FRAMED, Phase::Websocket, names)
}

/// An answer that is no WebSocket.
fn answered(fault: &'static str, status: u16, answer: &'static [u8]) -> Row {
    Row { http_status: Some(status), ..upgrade(fault, Bytes(answer), UPGRADE) }
}

#[tokio::test(flavor = "current_thread")]
async fn an_upgrade_that_fails_is_told_by_what_came() {
    let encrypted: &[Transport] = &[Transport::Wss];
    check([
        answered("WebSocket upgrade: 403", 403, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        answered("WebSocket upgrade: 404", 404, b"HTTP/1.1 404 Not Found\r\n\r\n"),
        answered("WebSocket upgrade: 200", 200, b"HTTP/1.1 200 OK\r\n\r\n<html>"),
        answered("WebSocket upgrade: 101 without a subprotocol", 101, b"HTTP/1.1 101 Switching\r\n\r\n"),
        upgrade("MQTT instead of HTTP", Bytes(b"\x20\x02\0\x01"), NOT_HTTP),
        upgrade("FIN in the WebSocket upgrade", Fin, CLOSED),
        upgrade("RST in the WebSocket upgrade", Rst, CLOSED),
        Row { over: encrypted, ..upgrade("TLS close_notify in the WebSocket upgrade", CloseNotify, HANGUP) },
        Row {
            over: encrypted,
            phase: Phase::Tls,
            ..upgrade("fatal TLS alert in the WebSocket upgrade", Alert, ALERT)
        },
        Row { connect_timeout: SHORT, ..upgrade("WebSocket upgrade never answered", Silence, HTTP_TIMEOUT) },
    ])
    .await;
}
