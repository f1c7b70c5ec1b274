//! Dumps in small, and what they come to.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::collector::RECENT;
use crate::collector::clock::Window;
use crate::collector::incidents::FailureClass;
use crate::collector::metrics::Distribution;
use crate::event::ClosedBy;

/// A second of the day on which all of this happens, as the library writes it.
fn stamp(second: i64) -> String {
    at(second).format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_793_600_000 + second, 0).unwrap()
}

fn connected(second: i64, kind: &str) -> Value {
    json!({"timestamp": stamp(second), "event_type": kind, "session_present": false, "return_code": 0,
           "attempt_number": 0, "time_to_reconnect_seconds": 99.0})
}

fn dropped(second: i64, name: Option<&str>, since_connect: Option<f64>) -> Value {
    json!({"timestamp": stamp(second), "error_name": name, "error_message": "it went", "error_code": null,
           "reconnect_attempt": 0, "duration_connected_seconds": since_connect, "active_subscriptions": 3,
           "queued_commands": 1})
}

const HANGUP: Option<&str> = Some("AWS_ERROR_MQTT_UNEXPECTED_HANGUP");

fn library(metrics: &Value, drops: &[Value], connections: &[Value]) -> Dump {
    let dump = json!({"timestamp": stamp(1000), "metrics": metrics, "recent_drops": drops,
                      "recent_connections": connections});
    Dump::read(dump.to_string().as_bytes()).unwrap()
}

fn all(dump: &Dump) -> Metrics {
    dump.metrics(Window::default(), RECENT)
}

/// What a file is, or why it is nothing that can be read.
fn kind(file: &str) -> Result<Origin, String> {
    Dump::read(file.as_bytes()).map(|dump| dump.account.origin).map_err(|error| error.to_string())
}

#[test]
fn what_a_file_is_its_content_says() {
    let dump = r#"{"metrics": {"total_connection_drops": 1}}"#;
    let quoted = serde_json::to_string(dump).unwrap();
    let rows = [
        (dump.to_owned(), Origin::Library),
        (format!("\u{feff}\n  {dump}\n"), Origin::Library),
        (quoted.clone(), Origin::Library),
        (r#"{"recent_drops": []}"#.to_owned(), Origin::Library),
        (
            r#"{"metrics": {"total_connections": NaN, "shortest_session_seconds": -Infinity}}"#.to_owned(),
            Origin::Library,
        ),
        (r#"{"schema": "nwdiag.export/1"}"#.to_owned(), Origin::Export),
        (format!(r#"{{"data": {{"mqtt_diagnostics": {dump}}}}}"#), Origin::HomeAssistant),
        (format!(r#"{{"data": {{"mqtt_diagnostics": {quoted}}}}}"#), Origin::HomeAssistant),
        (format!(r#"[1, [{{"a": {{"b": [{{"mqtt_diagnostics": {dump}}}]}}}}]]"#), Origin::HomeAssistant),
        (
            format!(r#"{{"a": {{"mqtt_diagnostics": null}}, "b": {{"mqtt_diagnostics": {dump}}}}}"#),
            Origin::HomeAssistant,
        ),
        (r#"{"mqtt_diagnostics": {"schema": "nwdiag.export/1"}}"#.to_owned(), Origin::Export),
        (
            format!(r#"{{"mqtt_diagnostics": {{"available": true, "mqtt_diagnostics": {dump}}}}}"#),
            Origin::HomeAssistant,
        ),
    ];
    for (file, origin) in rows {
        assert_eq!(kind(&file), Ok(origin), "{file}");
    }
}

#[test]
fn what_is_no_dump_is_told_with_what_it_is() {
    let rows = [
        ("", "it is empty"),
        (" \n\u{feff}", "neither a journal nor JSON"),
        ("\u{feff} \n", "it is empty"),
        ("hello", "neither a journal nor JSON"),
        ("{\"metrics\": {\"total", "ends in the middle, at line 1"),
        ("{\n\n\"metrics\": Infinity, \"a\": [\n", "ends in the middle, at line 4"),
        ("{\"metrics\": Infinite}", "neither a journal nor JSON"),
        ("{\"a\": 1} {\"a\": 2}", "neither a journal nor JSON"),
        ("{}", "JSON with no keys, and no dump"),
        ("[1, 2]", "JSON with a list of 2, and no dump"),
        ("\"Infinity\"", "JSON with a text, and no dump"),
        (r#"{"metrics": 7}"#, "the keys 'metrics', and no dump"),
        (r#"{"a":1,"b":1,"c":1,"d":1,"e\u001b[31m":1}"#, "5 keys, of them 'a', 'b', 'c', 'd', and no dump"),
        (
            r#"{"home_assistant": {}, "integration_manifest": {"domain": "shelly"}}"#,
            "download of 'shelly' without 'mqtt_diagnostics'",
        ),
        (r#"{"data": {"mqtt_diagnostics": {}}}"#, "its 'mqtt_diagnostics' holds no keys"),
        (
            r#"{"schema": "nwdiag.export/2"}"#,
            "in format nwdiag.export/2, and this nwdiag reads nwdiag.export/1",
        ),
    ];
    for (file, words) in rows {
        let said = kind(file).unwrap_err();
        assert!(said.contains(words), "{file}: {said}");
        assert!(!said.contains(char::is_control), "{said:?}");
    }
}

#[test]
fn what_is_compressed_is_called_so() {
    let said = Dump::read(b"\x1f\x8b\x08\0\0\0\0\0").unwrap_err().to_string();
    assert!(said.contains("compressed with gzip") && said.contains("zcat"), "{said}");
}

#[test]
fn dumps_beside_the_first_are_counted_and_what_stands_inside_of_one_is_none() {
    let dump = |drops: u64| {
        format!(
            r#"{{"metrics": {{"total_connection_drops": {drops}}}, "mqtt_diagnostics": {{"metrics": {{"total_connections": 1}}}}}}"#
        )
    };
    let (one, two) = (dump(1), dump(2));
    let rows = [
        (one.clone(), 0),
        (format!(r#"{{"mqtt_diagnostics": {one}}}"#), 0),
        (
            format!(
                r#"[{{"mqtt_diagnostics": {one}}}, {{"mqtt_diagnostics": {two}}}, {{"mqtt_diagnostics": {{}}}}]"#
            ),
            1,
        ),
    ];
    for (file, others) in rows {
        let dump = Dump::read(file.as_bytes()).unwrap();
        assert_eq!((dump.account.drops_told, dump.account.others), (1, others), "{file}");
    }
}

#[test]
fn appliances_of_an_export_read_back() {
    let export = json!({"schema": "nwdiag.export/1", "devices": [
        {"device": "aa...eeff", "asked": 10, "answered": 3, "undecided": 1, "unanswered_streak": 6, "wifi_dbm": -80,
         "rtt_ms": {"p50": 412.5, "count": 3}, "cloud_connected": false, "last_answer_timestamp": stamp(60)},
        {"device": null}, 7,
    ]});
    let metrics = all(&Dump::read(export.to_string().as_bytes()).unwrap());
    let [device] = &metrics.devices[..] else { panic!("{:?}", metrics.devices) };
    assert_eq!((device.unanswered(), device.unanswered_streak, device.wifi_dbm), (6, 6, Some(-80)));
    assert_eq!(
        (device.rtt.p50, device.cloud_connected, device.last_answer),
        (Some(412.5), Some(false), Some(at(60)))
    );
}

#[test]
fn no_depth_of_nesting_is_too_much() {
    for opening in ["[", "{\"mqtt_diagnostics\":", "{\"mqtt_diagnostics\":\"{"] {
        let said = kind(&opening.repeat(300_000)).unwrap_err();
        assert!(said.contains("nested too deeply") || said.contains("neither"), "{said}");
    }
}

#[test]
fn one_line_with_an_event_makes_a_journal() {
    let rows = [
        ("{\"ts\":\"2026-11-22T18:20:04Z\",\"event\":\"start\"}\n", true),
        ("torn\n{\"event\":\"telepathy\"}\n", true),
        ("{\"ts\":\"2026", true),
        ("{\n  \"timestamp\": \"2026\"", false),
        ("{\"timestamp\":\"2026\",\"data\":{\"event\":\"start\"}}\n", false),
        ("{\"event\":7}\n", false),
        ("", false),
    ];
    for (text, is_journal) in rows {
        assert_eq!(looks_like_a_journal(text.as_bytes()), is_journal, "{text}");
    }
}

#[test]
fn a_time_reads_in_every_form_that_python_writes() {
    let noon = Some(DateTime::from_timestamp(1_793_620_800, 0).unwrap());
    let rows = [
        ("2026-11-02T12:00:00Z", noon),
        ("2026-11-02T12:00:00", noon),
        ("2026-11-02T12:00:00.000499", noon),
        ("2026-11-02T12:00:00+00:00", noon),
        ("2026-11-02T12:00:00.000001+00:00Z", noon),
        ("2026-11-02T06:00:00-06:00", noon),
        ("2026-11-02 12:00:00", noon),
        ("**REDACTED**", None),
        ("", None),
        ("yesterday", None),
    ];
    for (text, expected) in rows {
        assert_eq!(value::time(&json!({"timestamp": text}), "timestamp"), expected, "{text}");
    }
}

/// The lengths of the sessions that ended, and how many drops ended none.
fn sessions(drops: &[Value], connections: &[Value]) -> (Vec<f64>, u64) {
    let dump = library(&json!({}), drops, connections);
    (all(&dump).recent_sessions, dump.account.drops_without_session)
}

/// Drops, connections, and the sessions that they come to.
type SessionRow<'a> = (&'a [Value], &'a [Value], (Vec<f64>, u64));

#[test]
fn a_drop_ends_a_session_only_where_the_list_bears_it_out() {
    let first = connected(0, "connected");
    let rows: [SessionRow<'_>; 7] = [
        (&[dropped(60, HANGUP, Some(60.0))], std::slice::from_ref(&first), (vec![60.0], 0)),
        (&[dropped(60, HANGUP, Some(60.4))], &[], (vec![60.4], 0)),
        // Down already: the library measures from the connect all the same.
        (
            &[dropped(60, HANGUP, Some(60.0)), dropped(90, None, Some(90.0))],
            std::slice::from_ref(&first),
            (vec![60.0], 1),
        ),
        // Between these two a connect was not recorded, and the length tells of it.
        (
            &[dropped(60, HANGUP, Some(60.0)), dropped(90, HANGUP, Some(25.0))],
            std::slice::from_ref(&first),
            (vec![60.0, 25.0], 0),
        ),
        (&[dropped(60, HANGUP, None)], std::slice::from_ref(&first), (vec![60.0], 0)),
        (&[dropped(60, None, None)], &[], (vec![], 1)),
        (&[dropped(60, HANGUP, Some(-5.0)), dropped(70, HANGUP, Some(1e300))], &[], (vec![], 2)),
    ];
    for (drops, connections, expected) in rows {
        assert_eq!(sessions(drops, connections), expected, "{drops:?}");
    }
}

#[test]
fn a_reconnect_is_measured_from_the_end_of_the_session() {
    let told = |drops: &[Value], connections: &[Value]| -> Vec<Option<f64>> {
        let metrics = all(&library(&json!({}), drops, connections));
        metrics.recent_connections.iter().map(|connected| connected.fact.time_to_reconnect_seconds).collect()
    };
    let ended = dropped(60, HANGUP, Some(60.0));
    let (first, back) = (connected(0, "initial"), connected(159, "resumed"));
    assert_eq!(told(std::slice::from_ref(&ended), &[first.clone(), back.clone()]), [None, Some(99.0)]);
    let again = dropped(80, None, Some(80.0));
    assert_eq!(told(&[ended.clone(), again], &[first.clone(), back.clone()]), [None, Some(99.0)]);
    // A second connect without a drop before it has nothing to measure from.
    assert_eq!(told(&[ended], &[first, back.clone(), connected(300, "resumed")]), [None, Some(99.0), None]);
    assert_eq!(told(&[], &[back]), [Some(99.0)]);
}

#[test]
fn a_name_tells_how_the_end_looked_only_where_it_means_one_thing() {
    let rows = [
        ("AWS_ERROR_MQTT_UNEXPECTED_HANGUP", Some(ClosedBy::PeerClose)),
        ("AWS_ERROR_MQTT_TIMEOUT", Some(ClosedBy::Timeout)),
        ("AWS_IO_SOCKET_NETWORK_DOWN", Some(ClosedBy::Network)),
        ("AWS_IO_SOCKET_CLOSED", None),
        ("AWS_ERROR_MQTT_INVALID_PACKET_TYPE", None),
        ("ConnectionResetError", None),
    ];
    for (name, expected) in rows {
        let metrics = all(&library(&json!({}), &[dropped(60, Some(name), Some(60.0))], &[]));
        let drop = &metrics.recent_drops[0].fact;
        assert_eq!((drop.closed_by, &*drop.error_name), (expected, name));
    }
}

#[test]
fn a_drop_without_a_name_is_called_by_the_one_in_its_message() {
    let rows = [
        ("Failed to connect: AWS_IO_DNS_QUERY_FAILED: no answer", "AWS_IO_DNS_QUERY_FAILED"),
        ("Connection failed", "NWDIAG_UNKNOWN"),
        ("AWS_ is no name", "NWDIAG_UNKNOWN"),
    ];
    for (message, name) in rows {
        let mut drop = dropped(60, None, Some(60.0));
        drop["error_message"] = message.into();
        let metrics = all(&library(&json!({"total_connection_drops": 3}), &[drop], &[]));
        assert_eq!(&*metrics.recent_drops[0].fact.error_name, name);
        let sum: u64 = metrics.drops_by_error.iter().map(|(_, drops)| drops).sum();
        assert_eq!(sum, 3, "{:?}", metrics.drops_by_error);
    }
}

#[test]
fn an_attempt_that_was_recorded_as_a_drop_is_an_attempt_where_its_name_says_so() {
    let drops = [
        dropped(60, HANGUP, Some(60.0)),
        dropped(70, Some("AWS_IO_DNS_QUERY_FAILED"), Some(70.0)),
        dropped(80, None, Some(80.0)),
    ];
    let metrics = all(&library(
        &json!({"total_connection_drops": 3}),
        &drops,
        &[connected(0, "connected"), connected(90, "resumed")],
    ));
    assert_eq!((metrics.drops, metrics.failed_attempts, metrics.recent_drops.len()), (3, 1, 3));
    let [incident] = &metrics.incidents[..] else { panic!("{:?}", metrics.incidents) };
    assert_eq!((incident.recovery.met(FailureClass::NoResolver), incident.recovery.failed), (1, 1));
    assert_eq!(metrics.reconnects.max, Some(30.0));
}

#[test]
fn totals_stand_where_the_list_lacks_drops_and_percentiles_are_not_made_up() {
    let told = json!({"total_connections": 1, "connection_recovered": 211, "total_connection_drops": 212,
        "longest_session_seconds": 9000.0, "shortest_session_seconds": 12.5, "average_session_seconds": 700.25,
        "connection_drops_by_error": {"A": 12, "AWS_ERROR_MQTT_UNEXPECTED_HANGUP": 200},
        "reconnection_attempts_distribution": {"11+": 2, "1": 210}, "messages_published": 5.0, "messages_queued": "**REDACTED**"});
    let drops = [dropped(60, HANGUP, Some(60.0))];
    let metrics = all(&library(&told, &drops, &[connected(90, "resumed")]));
    assert_eq!(
        (metrics.drops, metrics.connections, metrics.recovered, metrics.reconnect_attempts),
        (212, 1, 211, 211)
    );
    let sessions = metrics.sessions;
    assert_eq!(
        (sessions.count, sessions.min, sessions.mean, sessions.max),
        (212, Some(12.5), Some(700.25), Some(9000.0))
    );
    assert_eq!((sessions.p50, metrics.reconnects.mean), (None, None));
    assert_eq!(metrics.outages_by_attempts, [210, 0, 0, 2]);
    assert_eq!((metrics.messages_published, metrics.messages_queued), (5, 0));
    assert_eq!(metrics.drops_by_error[0], ("AWS_ERROR_MQTT_UNEXPECTED_HANGUP".to_owned(), 200));
    assert_eq!(metrics.observation.availability(), None);
}

#[test]
fn sessions_of_which_no_length_is_told_are_not_counted_among_the_lengths() {
    let told = json!({"total_connection_drops": 3});
    let metrics = all(&library(&told, &[dropped(60, HANGUP, None)], &[]));
    assert_eq!((metrics.drops, metrics.sessions), (3, Distribution::default()));
}

#[test]
fn the_first_connection_of_the_integration_is_no_recovery() {
    let rows = [
        (
            json!({"total_connections": 0, "connection_recovered": 3}),
            vec!["initial", "resumed", "resumed"],
            (1, 2),
        ),
        (json!({"total_connections": 0, "connection_recovered": 300}), vec!["resumed"], (1, 299)),
        (
            json!({"total_connections": 2, "connection_recovered": 1}),
            vec!["connected", "resumed", "connected"],
            (2, 1),
        ),
        (json!({}), vec![], (0, 0)),
    ];
    for (told, kinds, expected) in rows {
        let connections: Vec<Value> =
            kinds.iter().zip(0..).map(|(kind, second)| connected(second, kind)).collect();
        let metrics = all(&library(&told, &[], &connections));
        assert_eq!((metrics.connections, metrics.recovered), expected, "{kinds:?}");
    }
}

#[test]
fn a_period_counts_what_is_listed_in_it_and_nothing_else() {
    let drops = [dropped(60, HANGUP, Some(60.0)), dropped(200, HANGUP, Some(100.0))];
    let connections = [connected(0, "connected"), connected(100, "resumed"), connected(210, "resumed")];
    let dump = library(&json!({"total_connection_drops": 90, "messages_published": 7}), &drops, &connections);
    let metrics = dump.metrics(Window { since: Some(at(150)), until: Some(at(250)) }, RECENT);
    assert_eq!((metrics.drops, metrics.recovered, metrics.messages_published), (1, 1, 0));
    assert_eq!(metrics.recent_sessions, [100.0]);
    assert!(!metrics.connected);
}

#[test]
fn fewer_of_the_latest_are_listed_where_fewer_are_wanted() {
    let drops = [dropped(60, HANGUP, Some(60.0)), dropped(90, None, None), dropped(200, HANGUP, Some(100.0))];
    let dump = library(&json!({}), &drops, &[]);
    for recent in 0..5 {
        let metrics = dump.metrics(Window::default(), recent);
        assert_eq!(metrics.recent_drops.len(), recent.min(3));
        assert!(metrics.recent_drops.last().is_none_or(|drop| drop.at == at(200)));
    }
}
