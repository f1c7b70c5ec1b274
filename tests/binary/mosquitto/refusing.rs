//! Attempts that mosquitto refuses, or that knock at the wrong door.

use serde_json::Value;

use super::Watch;
use super::server::{Mosquitto, PASSWORD, USER};
use crate::program::{Home, Running};

/// The record of the one attempt.
fn failed_attempt(url: &str, options: &[&str]) -> Value {
    Watch::start(&Home::new(), url, &[options, &["--max-attempts", "1"]].concat()).tells("attempt_failed")
}

fn check(url: &str, options: &[&str], phase: &str, name: &str, words: &str) {
    let failed = failed_attempt(url, options);
    assert_eq!((&failed["phase"], &failed["error_name"]), (&phase.into(), &name.into()), "{url}: {failed}");
    let message = failed["error_message"].as_str().unwrap();
    assert!(message.contains(words), "{url}: {message}");
    assert_eq!(failed["next_attempt_seconds"], Value::Null);
}

#[test]
fn a_wrong_password_is_refused_with_its_code_and_ends_in_failure() {
    let Some(broker) = Mosquitto::start("a wrong password is refused") else { return };
    let home = Home::new();
    let url = format!("mqtt://{USER}@127.0.0.1:{}", broker.ports.password);
    let mut command = home.command(&["watch", &url, "--format", "json", "--max-attempts", "1", "-vvv"]);
    let wrong = format!("{PASSWORD}-wrong");
    command.env("NWDIAG_PASSWORD", &wrong);
    let done = Running::start(command).ended();
    assert_eq!(done.code, Some(1));
    let records = crate::program::records(&done.out);
    let failed = records.iter().find(|record| record["event"] == "attempt_failed").unwrap();
    assert_eq!((&failed["phase"], &failed["return_code"]), (&"mqtt".into(), &0x87.into()));
    assert_eq!(failed["error_name"], "AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED");
    assert_eq!(crate::program::stop_reason(&records), "attempts_exhausted");
    for text in [done.out, done.err] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[test]
fn certificates_are_refused_at_once_and_by_what_is_wrong() {
    let Some(broker) = Mosquitto::start("certificates are refused by what is wrong") else { return };
    let ports = broker.ports;
    let ca = broker.certificates.ca.display().to_string();
    let other_ca = broker.certificates.other_ca.display().to_string();
    let untrusted = "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE";
    let alert = "AWS_IO_TLS_ERROR_ALERT_RECEIVED";
    let at = |port: u16| format!("mqtts://localhost:{port}");
    check(&at(ports.tls), &["--cafile", &other_ca], "tls", untrusted, "not trusted");
    check(&at(ports.tls), &[], "tls", untrusted, "not trusted");
    check(&at(ports.expired), &["--cafile", &ca], "tls", untrusted, "expired");
    check(&format!("mqtts://127.0.0.1:{}", ports.tls), &["--cafile", &ca], "tls", untrusted, "localhost");
    check(&at(ports.client_certificate), &["--cafile", &ca], "tls", alert, "alert");
    check(
        &format!("wss://localhost:{}", ports.websocket_tls),
        &["--cafile", &other_ca],
        "tls",
        untrusted,
        "not trusted",
    );
}

#[test]
fn the_wrong_door_is_told_by_the_phase_that_fails() {
    let Some(broker) = Mosquitto::start("the wrong door is told") else { return };
    let ports = broker.ports;
    let ca = broker.certificates.ca.display().to_string();
    let closed = "AWS_IO_SOCKET_CLOSED";
    let plain = |scheme: &str| format!("{scheme}://127.0.0.1:{}", ports.plain);
    check(&plain("ws"), &[], "websocket", closed, "in the WebSocket upgrade");
    check(&plain("mqtts"), &["--cafile", &ca], "tls", closed, "in the TLS handshake");
    let http = format!("mqtt://127.0.0.1:{}", ports.websocket);
    check(&http, &[], "mqtt", "AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR", "is this a WebSocket port?");
    // mosquitto closes at once, or OpenSSL's alert gets through before: either way MQTT had begun.
    let encrypted = format!("mqtt://127.0.0.1:{}", ports.tls);
    assert_eq!(failed_attempt(&encrypted, &[])["phase"], "mqtt");
}
