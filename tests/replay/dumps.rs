//! An export reads back as the numbers that it was made from, and no dump can stop the program.

use std::time::Duration;

use chrono::{DateTime, Utc};
use nwdiag::collector::metrics::Metrics;
use nwdiag::collector::{Collector, Liveness, RECENT};
use nwdiag::diagnosis::diagnose;
use nwdiag::dump::{Account, Dump};
use nwdiag::journal::replay::replay;
use nwdiag::report::{Report, json};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::collector;

fn export(metrics: Metrics, live: bool, account: Option<Account>, skipped_lines: u64) -> Value {
    let made =
        account.as_ref().map_or_else(|| DateTime::from_timestamp(1_793_700_000, 0), |account| account.at);
    let findings = diagnose(&metrics);
    let other_targets = Vec::new();
    let report = Report {
        generated: made.unwrap(),
        live,
        skipped_lines,
        metrics,
        findings,
        explanations: Vec::new(),
        dump: account,
        other_targets,
    };
    let mut bytes = Vec::new();
    json::write(&mut bytes, &report, json::Layout::Compact).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn again(written: &Value) -> Value {
    let dump = Dump::read(written.to_string().as_bytes()).unwrap();
    let metrics = dump.metrics(nwdiag::collector::clock::Window::default(), RECENT);
    let live = dump.account.connected && metrics.connected;
    let skipped = dump.account.skipped_lines;
    export(metrics, live, Some(dump.account), skipped)
}

/// An event, and how many milliseconds after the one before.
type Step = (u8, u32, u32);

fn line((kind, _, number): Step, ms: u64, session_ms: u64) -> Value {
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let names = ["AWS_IO_SOCKET_CLOSED", "AWS_ERROR_MQTT_TIMEOUT", "SomeError"];
    let name = names[number as usize % 3];
    let mut record = match kind {
        0 => {
            json!({"event": "connected", "kind": if number % 7 == 0 { "connected" } else { "resumed" }, "protocol": "5",
                    "attempt_number": number % 14, "time_to_reconnect_seconds": f64::from(number % 50) / 8.0, "peer_address": "192.0.2.1:1883"})
        }
        1 => {
            json!({"event": "drop", "error_name": name, "closed_by": "timeout", "duration_connected_seconds": seconds(session_ms),
                    "last_received_seconds": 0.25, "tcp": {"rtt_ms": 3.5}})
        }
        2 => {
            json!({"event": "attempt_failed", "phase": if number % 2 == 0 { "dns" } else { "tls" }, "error_name": name, "attempt_number": number})
        }
        3 => {
            json!({"event": "sample", "messages_received": number, "messages_published": number / 2, "connected": true,
                    "ping_rtt_ms": {"last": 2.5, "min": 1.5, "mean": 2.25, "max": 4.0, "count": 3, "values": [1.5, 2.5, 4.0]}})
        }
        4 => {
            json!({"event": "environment", "kind": "suspend", "detail": "slept", "seconds": f64::from(number % 100), "in_use": null})
        }
        5 => {
            json!({"event": "subscribed", "topic": format!("t/{}", number % 3), "qos": 1, "granted_qos": 1, "return_code": 1})
        }
        6 => json!({"event": "stop", "reason": "signal", "duration_connected_seconds": 1.5}),
        7 => {
            let answered = number % 3 == 0;
            json!({"event": "device", "device": format!("aa...{:04}", number % 2), "answered": answered, "cloud_connected": answered,
                    "rtt_ms": answered.then_some(412.5), "wifi_dbm": answered.then_some(-61), "error_code": answered.then_some(596)})
        }
        _ => {
            json!({"event": "start", "v": 1, "time_zone": "Europe/Paris", "target": {"name": "t", "url": "mqtt://t.example:1883", "transport": "tcp",
                    "client_id": "me", "keep_alive_seconds": 60.0, "topics": ["t/#"]}})
        }
    };
    let ts = DateTime::from_timestamp_millis(1_793_600_000_000 + i64::try_from(ms).unwrap()).unwrap();
    record["ts"] = nwdiag::journal::timestamp(ts).into();
    record["run_seconds"] = seconds(ms).into();
    record
}

fn folded(steps: &[Step]) -> Collector {
    let (mut journal, mut ms, mut since) = (Vec::new(), 0, 0);
    for step in steps {
        ms += u64::from(step.1);
        let record = line(*step, ms, ms - since);
        since = if step.0 == 0 { ms } else { since };
        journal.extend(format!("{record}\n").into_bytes());
    }
    let mut collector = collector();
    assert_eq!(replay(&journal[..], |record| collector.record(record)).unwrap().skipped, 0);
    collector
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_export_reads_back_as_the_numbers_that_it_was_made_from(
        steps in prop::collection::vec((0_u8..9, prop_oneof![Just(0_u32), 0_u32..3_000_000], any::<u32>()), 0..160), live: bool,
    ) {
        let liveness = if live { Liveness::Live } else { Liveness::Over };
        let written = export(folded(&steps).metrics(liveness), live, None, u64::from(live) * 3);
        let read = again(&written);
        for key in written.as_object().unwrap().keys().filter(|key| *key != "findings") {
            prop_assert_eq!(&read[key], &written[key], "{}", key);
        }
    }
}

/// Values that a damaged or hostile dump may hold anywhere.
fn strange() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1e308)),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("0000-01-01T00:00:00Z")),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!([])),
        Just(json!({})),
    ]
}

/// Puts `value` where `path` leads, as far as it leads anywhere.
fn put(place: &mut Value, path: &[u16], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        *place = value;
        return;
    };
    let step = usize::from(*step);
    match place {
        Value::Array(entries) if !entries.is_empty() => {
            let at = step % entries.len();
            put(&mut entries[at], rest, value);
        }
        Value::Object(entries) if !entries.is_empty() => {
            let at = step % entries.len();
            put(entries.values_mut().nth(at).unwrap(), rest, value);
        }
        _ => *place = value,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_in_a_dump_stops_the_program(
        own: bool, changes in prop::collection::vec((prop::collection::vec(any::<u16>(), 1..4), strange()), 1..8),
    ) {
        let name = if own { "own.json" } else { "home_assistant.json" };
        let file = crate::fixture("../dumps").join(name);
        let mut dump: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        if !own {
            dump = dump["data"]["mqtt_diagnostics"].take();
        }
        for (path, value) in changes {
            put(&mut dump, &path, value);
        }
        if let Ok(dump) = Dump::read(dump.to_string().as_bytes()) {
            let metrics = dump.metrics(nwdiag::collector::clock::Window::default(), RECENT);
            let account = Account { at: Some(dump.account.at.unwrap_or_default()), ..dump.account };
            export(metrics, account.connected, Some(account), 0);
        }
    }
}

/// The library's dump of sessions of these lengths that ended like this, each back after six seconds.
fn sessions(name: &str, lengths: &[f64]) -> Value {
    let mut at = DateTime::from_timestamp(1_793_600_000, 0).unwrap();
    let stamp = |at: DateTime<Utc>| at.to_rfc3339();
    let mut connections = vec![json!({"timestamp": stamp(at), "event_type": "connected"})];
    let mut drops = Vec::new();
    for length in lengths {
        at += Duration::from_secs_f64(*length);
        drops.push(json!({"timestamp": stamp(at), "error_name": name, "duration_connected_seconds": length}));
        at += Duration::from_secs(6);
        connections
            .push(json!({"timestamp": stamp(at), "event_type": "resumed", "time_to_reconnect_seconds": 6.0}));
    }
    json!({"timestamp": stamp(at), "metrics": {}, "recent_drops": drops, "recent_connections": connections})
}

const HANGUP: &str = "AWS_ERROR_MQTT_UNEXPECTED_HANGUP";
const CLOSED: &str = "AWS_IO_SOCKET_CLOSED";

#[test]
fn a_dump_names_the_causes_that_lengths_show_and_is_silent_on_others() {
    let irregular = [4_100.0, 90.0, 26_000.0, 700.0, 11_500.0, 2_050.0, 52_000.0, 330.0, 7_777.0, 18_200.0];
    let about = |length: f64| -> Vec<f64> { (0..7).map(|n| length + f64::from(n * n % 5)).collect() };
    let rows: [(&str, &[f64], Option<&str>); 9] = [
        (HANGUP, &[], None),
        (HANGUP, &[4_100.0, 90.0], None),
        (HANGUP, &irregular, None),
        (CLOSED, &irregular, None),
        (CLOSED, &[20.0, 33.0, 25.0, 41.0, 19.0, 28.0], None),
        (HANGUP, &[20.0, 33.0, 25.0, 41.0, 19.0, 28.0], Some("duplicate_client_id")),
        (CLOSED, &about(86_400.0), Some("aws_websocket_lifetime")),
        (HANGUP, &about(86_950.0), Some("aws_websocket_lifetime")),
        (CLOSED, &about(7_200.0), Some("connection_lifetime")),
    ];
    for (name, lengths, cause) in rows {
        let findings = again(&sessions(name, lengths))["findings"].take();
        let likely: Vec<&str> = findings
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["confidence"].as_f64() >= Some(0.5))
            .map(|finding| finding["cause"].as_str().unwrap())
            .collect();
        assert_eq!(likely.first().copied(), cause, "{name} {lengths:?}: {likely:?}");
    }
}
