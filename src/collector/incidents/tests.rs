//! Journals in small, and the incidents that they hold.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::collector::clock::Window;
use crate::collector::{Collector, Liveness};
use crate::event::{AttemptFailed, ConnectionKind, Event, Observation, Protocol};
use crate::journal::older;

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A failed attempt as a journal without kinds of failure tells it.
fn attempt_failed(fields: Value) -> AttemptFailed {
    let failed: AttemptFailed = read(fields);
    AttemptFailed { failure: older::attempt_failure(&failed), ..failed }
}

fn event(name: &str, fields: Value) -> Event {
    match name {
        "start" => Event::Start(Box::new(read(json!({
            "v": 1, "time_zone": "Europe/Paris",
            "target": {"transport": "tcp", "keep_alive_seconds": 60.0, "ping_interval_seconds": 60.0},
        })))),
        "connected" => Event::Connected(Box::new(read(fields))),
        "drop" => Event::Drop(Box::new(read(fields))),
        "subscribed" => Event::Subscribed(read(fields)),
        "attempt_failed" => Event::AttemptFailed(Box::new(attempt_failed(fields))),
        "late_answer" => Event::LateAnswer(read(fields)),
        "environment" => Event::Environment(read(fields)),
        "stop" => Event::Stop(read(json!({"reason": "signal"}))),
        other => panic!("{other}"),
    }
}

/// The incidents of records at these seconds of one run.
fn incidents(records: &[(i64, &str, Value)]) -> Vec<Incident> {
    let mut collector = Collector::new(Window::default(), 0);
    for (second, name, fields) in records {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let run_seconds = Some(*second as f64);
        let ts = DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap();
        collector.record(&Observation { run_seconds, ..Observation::at(ts, event(name, fields.clone())) });
    }
    collector.metrics(Liveness::Live).incidents
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn session(kind: &str) -> Value {
    json!({"kind": kind, "protocol": "5"})
}

fn refused_port(attempt: u32) -> Value {
    json!({"attempt_number": attempt, "phase": "tcp", "protocol": "5", "error_name": "AWS_IO_SOCKET_CONNECTION_REFUSED"})
}

#[test]
fn a_drop_is_followed_to_the_next_session() {
    let found = incidents(&[
        (0, "start", json!({})),
        (1, "connected", session("connected")),
        (
            101,
            "drop",
            json!({"error_name": "X", "closed_by": "peer_close", "duration_connected_seconds": 100.0}),
        ),
        (102, "attempt_failed", refused_port(1)),
        (112, "attempt_failed", refused_port(2)),
        (115, "connected", session("deep_reconnected")),
    ]);
    assert_eq!(found.len(), 1);
    let way = &found[0].recovery;
    assert_eq!((found[0].noticed, found[0].began), (at(101), at(101)));
    assert_eq!((way.failed, way.met(FailureClass::PortClosed), way.most_in_burst), (2, 2, 4));
    assert_eq!((way.recovered, way.run_over), (Some(ConnectionKind::DeepReconnected), false));
    assert!((way.lasted_seconds - 14.0).abs() < 1e-9 && (way.longest_pause_seconds - 10.0).abs() < 1e-9);
    assert_eq!(found[0].terms.protocol, Some(Protocol::V5));
}

#[test]
fn the_delay_of_noticing_is_left_out_of_a_silent_end_only() {
    for (closed_by, began, age) in [("timeout", 38, 37.0), ("peer_close", 101, 100.0)] {
        let found = incidents(&[
            (0, "start", json!({})),
            (1, "connected", session("connected")),
            (
                101,
                "drop",
                json!({"error_name": "X", "closed_by": closed_by, "duration_connected_seconds": 100.0,
                                 "last_received_seconds": 63.0}),
            ),
        ]);
        assert_eq!(found[0].began, at(began), "{closed_by}");
        assert_eq!(found[0].age_seconds(), Some(age), "{closed_by}");
    }
}

#[test]
fn a_trouble_that_goes_on_is_told_as_far_as_it_came() {
    let found = incidents(&[
        (0, "start", json!({})),
        (1, "attempt_failed", refused_port(1)),
        (31, "attempt_failed", refused_port(2)),
    ]);
    assert!(!found[0].is_drop());
    assert_eq!((found[0].recovery.recovered, found[0].recovery.run_over), (None, false));
    assert!((found[0].recovery.lasted_seconds - 30.0).abs() < 1e-9);
}

#[test]
fn a_run_that_ends_leaves_its_trouble_without_an_end() {
    let mut records =
        vec![(0, "start", json!({})), (1, "attempt_failed", refused_port(1)), (5, "stop", json!({}))];
    assert!(incidents(&records)[0].recovery.run_over);
    records[2] = (5, "start", json!({}));
    records.push((6, "attempt_failed", refused_port(1)));
    let found = incidents(&records);
    assert_eq!(found.iter().map(|incident| incident.terms.run).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_broker_that_only_wanted_another_version_was_in_no_trouble() {
    let refused = json!({"phase": "mqtt", "protocol": "5", "error_name": "X", "return_code": 1});
    let connected = |protocol: &str| json!({"kind": "connected", "protocol": protocol});
    for (protocol, incidents_found) in [("3.1.1", 0), ("5", 1)] {
        let found = incidents(&[
            (0, "start", json!({})),
            (1, "attempt_failed", refused.clone()),
            (1, "connected", connected(protocol)),
        ]);
        assert_eq!(found.len(), incidents_found, "{protocol}");
    }
}

#[test]
fn only_what_happens_to_the_interface_in_use_and_near_the_end_belongs_to_it() {
    let change = |kind: &str, in_use: bool| json!({"kind": kind, "interface": "eth0", "in_use": in_use, "detail": "d"});
    let dropped = json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 100.0,
                         "last_received_seconds": 63.0});
    let rows = [
        (40, change("link_down", true), true),
        (40, change("link_down", false), false),
        (2, change("link_down", true), false),
        (40, change("link_up", true), false),
    ];
    for (second, change, counts) in rows {
        let found = incidents(&[
            (0, "start", json!({})),
            (1, "connected", session("connected")),
            (second, "environment", change.clone()),
            (101, "drop", dropped.clone()),
        ]);
        assert_eq!(found[0].host.link.is_some(), counts, "{second} {change}");
    }
}

#[test]
fn a_change_beside_the_path_of_the_connection_led_to_nothing_whatever_its_interface() {
    let dropped = json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 9.0});
    let rows = [
        (json!(true), json!(false), false),
        (json!(false), json!(true), true),
        (json!(true), json!(null), true),
        (json!(false), json!(null), false),
    ];
    for (in_use, on_path, counts) in rows {
        let change = json!({"kind": "default_route_changed", "in_use": in_use, "on_path": on_path});
        let found = incidents(&[
            (0, "start", json!({})),
            (1, "connected", session("connected")),
            (9, "environment", change.clone()),
            (10, "drop", dropped.clone()),
        ]);
        assert_eq!(found[0].host.route.is_some(), counts, "{change}");
    }
}

#[test]
fn a_late_answer_belongs_to_the_drop_before_it_even_after_the_recovery() {
    let found = incidents(&[
        (0, "start", json!({})),
        (1, "connected", session("connected")),
        (
            101,
            "drop",
            json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 100.0}),
        ),
        (102, "connected", session("resumed")),
        (105, "late_answer", json!({"seconds": 7.0})),
    ]);
    assert_eq!(found[0].end.as_ref().unwrap().late_answer_seconds, Some(7.0));
}

#[test]
fn what_stood_in_the_way_is_told_by_phase_name_code_and_status() {
    let failed = |phase: &str, name: &str| json!({"phase": phase, "error_name": name, "protocol": "5"});
    let with = |mut value: Value, key: &str, given: Value| {
        value[key] = given;
        value
    };
    let tls = |message: &str| {
        with(failed("tls", "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE"), "error_message", message.into())
    };
    let upgrade = |status: u16| with(failed("websocket", "X"), "http_status", status.into());
    let connack = |code: u8| with(failed("mqtt", "X"), "return_code", code.into());
    let rows = [
        (failed("auth", "NWDIAG_AUTH_REJECTED"), FailureClass::SignInRejected),
        (failed("auth", "AWS_IO_DNS_QUERY_FAILED"), FailureClass::NoResolver),
        (failed("dns", "AWS_IO_DNS_INVALID_NAME"), FailureClass::NoSuchName),
        (failed("tcp", "AWS_IO_SOCKET_TIMEOUT"), FailureClass::NoAnswer),
        (failed("tcp", "AWS_IO_SOCKET_NO_ROUTE_TO_HOST"), FailureClass::NoRoute),
        (
            tls("a certificate of the broker's chain expired at 2026-01-01 00:00:00 UTC"),
            FailureClass::CertificateExpired,
        ),
        (
            tls("a certificate of the broker's chain is not valid before 2026-01-01"),
            FailureClass::CertificateNotYetValid,
        ),
        (tls("the broker's certificate is for another name"), FailureClass::CertificateRefused),
        (tls("Certificate has expired"), FailureClass::CertificateExpired),
        (tls("certificate is not yet valid (9)"), FailureClass::CertificateNotYetValid),
        (
            tls("certificate has expired or is not yet valid: current time 1970 is before 2026"),
            FailureClass::CertificateNotYetValid,
        ),
        (tls("self-signed in chain"), FailureClass::CertificateRefused),
        (tls("TLS cannot be agreed on: no version in common"), FailureClass::TlsOther),
        (failed("tls", "AWS_IO_TLS_ERROR_ALERT_RECEIVED"), FailureClass::TlsAlert),
        (failed("tls", "AWS_IO_TLS_NEGOTIATION_TIMEOUT"), FailureClass::TlsTimeout),
        (upgrade(403), FailureClass::UpgradeForbidden),
        (upgrade(404), FailureClass::UpgradeRefused),
        (upgrade(503), FailureClass::UpgradeUnavailable),
        (connack(5), FailureClass::RefusedCredentials),
        (connack(0x84), FailureClass::RefusedVersion),
        (connack(3), FailureClass::RefusedUnavailable),
        (connack(0x9f), FailureClass::RefusedRate),
        (failed("mqtt", "AWS_IO_SOCKET_CLOSED"), FailureClass::ClosedBeforeConnack),
        (failed("mqtt", "AWS_ERROR_MQTT5_CONNACK_TIMEOUT"), FailureClass::NoConnack),
        (failed("mqtt", "AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR"), FailureClass::NoMqtt),
    ];
    for (fields, class) in rows {
        assert_eq!(FailureClass::of(&attempt_failed(fields.clone())), class, "{fields}");
    }
}

#[test]
fn a_year_of_trouble_takes_no_more_room_than_the_latest_of_it() {
    let mut collector = Collector::new(Window::default(), 0);
    for second in 0..5_000 {
        let drop = event("drop", json!({"error_name": "X", "closed_by": "peer_close"}));
        collector.record(&Observation::at(at(second), drop));
    }
    assert_eq!(collector.metrics(Liveness::Live).incidents.len(), 1024, "with the one that is not over");
}

#[test]
fn a_refused_filter_belongs_to_its_session_alone() {
    let granted = json!({"topic": "a/#", "qos": 1, "granted_qos": 1, "return_code": 1});
    let refused = json!({"topic": "secret/#", "qos": 1, "granted_qos": null, "return_code": 135});
    let drop = json!({"error_name": "X", "duration_connected_seconds": 1.0});
    let found = incidents(&[
        (0, "start", json!({})),
        (1, "connected", session("connected")),
        (1, "subscribed", granted),
        (1, "subscribed", refused),
        (2, "drop", drop.clone()),
        (3, "connected", session("resumed")),
        (4, "drop", drop),
    ]);
    let topics: Vec<_> =
        found.iter().map(|incident| incident.end.as_ref().unwrap().refused_topic.as_deref()).collect();
    assert_eq!(topics, [Some("secret/#"), None]);
}

#[test]
fn only_the_address_that_the_connection_uses_is_a_change_of_ours_when_it_goes() {
    let drop = json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 9.0});
    let came = |detail: &str| json!({"kind": "address_removed", "interface": "eth0", "in_use": true, "detail": detail});
    let told = |local: &str, detail: &str| {
        let connected = json!({"kind": "connected", "protocol": "5", "local_address": local});
        let records = [
            (0, "start", json!({})),
            (1, "connected", connected),
            (9, "environment", came(detail)),
            (10, "drop", drop.clone()),
        ];
        incidents(&records)[0].host.address.is_some()
    };
    let rows = [
        ("192.0.2.7:40000", "2001:db8::5/64", false),
        ("192.0.2.7:40000", "192.0.2.9/24", false),
        ("192.0.2.7:40000", "192.0.2.7/24", true),
        ("[2001:db8::1]:40000", "2001:db8::5/64", false),
        ("[2001:db8::1]:40000", "2001:db8::1/64", true),
        ("[2001:db8::1]:40000", "192.0.2.9/24", false),
    ];
    for (local, detail, concerns) in rows {
        assert_eq!(told(local, detail), concerns, "{local} {detail}");
    }
}

#[test]
fn attempts_that_nothing_lists_are_known_from_the_recovery() {
    let back = |attempts: u32| json!({"kind": "resumed", "protocol": "5", "attempt_number": attempts});
    for (attempts, listed, failed) in [(0, 0, 0), (1, 0, 0), (4, 0, 3), (4, 3, 3), (2, 3, 3)] {
        let mut records = vec![
            (0, "start", json!({})),
            (1, "connected", session("connected")),
            (9, "drop", json!({"error_name": "N"})),
        ];
        records.extend((0..listed).map(|attempt| (10, "attempt_failed", refused_port(attempt + 1))));
        records.push((20, "connected", back(attempts)));
        assert_eq!(incidents(&records)[0].recovery.failed, failed, "{attempts} with {listed} listed");
    }
}

#[test]
fn an_end_that_was_met_may_have_come_at_any_time_since_the_broker_was_last_heard() {
    let range = |fields: Value| {
        let mut drop =
            json!({"error_name": "X", "duration_connected_seconds": 100.0, "last_received_seconds": 60.0});
        drop.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let found = incidents(&[
            (0, "start", json!({})),
            (1, "connected", session("connected")),
            (101, "drop", drop),
        ]);
        found[0].unnoticed_range().unwrap()
    };
    assert_eq!(range(json!({"closed_by": "timeout", "unanswered_ping_seconds": 3.0})), (60.0, 3.0));
    assert_eq!(range(json!({"closed_by": "peer_reset", "last_sent_seconds": 0.1})), (60.0, 0.0));
    assert_eq!(range(json!({"closed_by": "peer_reset", "last_sent_seconds": 61.0})), (0.0, 0.0));
    assert_eq!(range(json!({"closed_by": "peer_close", "last_sent_seconds": 0.1})), (0.0, 0.0));
}

#[test]
fn a_span_that_no_clock_can_tell_moves_no_time_out_of_its_bounds() {
    for seconds in [1e300, -1e300, 4e9] {
        let drop = json!({"error_name": "N", "closed_by": "timeout", "last_received_seconds": seconds});
        assert_eq!(incidents(&[(0, "start", json!({})), (9, "drop", drop)]).len(), 1);
    }
}
