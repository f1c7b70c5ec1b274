//! The export against its contract: keys, their order, null against zero, and bytes that are safe to show.

use serde_json::{Value, json};

use super::*;
use crate::collector::devices::DeviceMetrics;
use crate::collector::metrics::Metrics;
use crate::event::{FailureKind, Phase, SessionDrop};
use crate::report::sample::{afternoon, answer, appliance, connected, dropped, link_down, nothing};

/// The example of `contract/export.md`, with the values that the sample gives.
const AFTERNOON: &str = r#"{
  "timestamp": "2026-11-22T17:41:49.000Z",
  "metrics": {
    "total_connections": 1,
    "total_disconnects": 0,
    "total_connection_drops": 2,
    "total_reconnect_attempts": 3,
    "longest_session_seconds": 1200.5,
    "shortest_session_seconds": 60.0,
    "average_session_seconds": 630.25,
    "current_session_uptime_seconds": 42.0,
    "connection_drops_by_error": {
      "AWS_IO_SOCKET_CLOSED": 2
    },
    "reconnection_attempts_distribution": {
      "1": 1,
      "2-5": 1
    },
    "last_drop_timestamp": "2026-11-22T17:41:06.000Z",
    "last_successful_connect_timestamp": "2026-11-22T17:41:07.000Z",
    "connection_recovered": 2,
    "messages_published": 0,
    "messages_queued": 0,
    "connected": true,
    "availability": 0.998008,
    "broker_availability": 0.9992,
    "failed_attempts": 1,
    "failed_attempts_by_phase": {
      "tcp": 1
    },
    "mean_time_between_drops_seconds": 651.25,
    "mean_time_to_reconnect_seconds": 1.3,
    "session_seconds": {
      "p50": 60.0,
      "p90": 1200.5,
      "p99": 1200.5
    },
    "reconnect_seconds": {
      "p50": 0.6,
      "p90": 2.0,
      "p99": 2.0,
      "max": 2.0
    },
    "ping_rtt_ms": {
      "min": 20.1,
      "mean": 22.4,
      "p50": 22.0,
      "p99": 31.0,
      "max": 31.0,
      "count": 21
    },
    "probe_rtt_ms": {
      "min": null,
      "mean": null,
      "p50": null,
      "p99": null,
      "max": null,
      "count": 0
    },
    "messages_received": 0
  },
  "recent_drops": [],
  "recent_connections": [],
  "aws_error_counts": {
    "AWS_IO_SOCKET_CLOSED": 2
  },
  "session_history_summary": {
    "total_sessions": 2,
    "sample_durations": [
      60.0,
      1200.5
    ]
  },
  "schema": "nwdiag.export/1",
  "unix_seconds": 1795369309.0,
  "target": {
    "name": "mqtts-broker.example-8883",
    "url": "mqtts://broker.example:8883",
    "transport": "tls",
    "protocol": "auto",
    "client_id": "nwdiag-5f0c2a91",
    "keep_alive_seconds": 60.0,
    "ping_interval_seconds": 60.0,
    "ping_timeout_seconds": 3.0,
    "clean_session": true,
    "topics": [
      "a/#"
    ],
    "client_id_chosen": false,
    "service": null
  },
  "observation": {
    "from": "2026-11-22T17:20:04.000Z",
    "to": "2026-11-22T17:41:49.000Z",
    "runs": 1,
    "interrupted_runs": 0,
    "observed_seconds": 1305.1,
    "connected_seconds": 1302.5,
    "suspended_seconds": 0.0,
    "skipped_lines": 0,
    "records_lost": 0
  },
  "findings": [],
  "explanations": [],
  "subscriptions": [
    {
      "topic": "a/#",
      "granted_qos": 1,
      "return_code": 1
    }
  ],
  "devices": [],
  "environment_events": []
}
"#;

const NOTHING: &str = concat!(
    r#"{"timestamp":"2026-11-22T17:20:04.000Z","metrics":{"total_connections":0,"total_disconnects":0,"#,
    r#""total_connection_drops":0,"total_reconnect_attempts":0,"longest_session_seconds":0.0,"#,
    r#""shortest_session_seconds":null,"average_session_seconds":0.0,"current_session_uptime_seconds":0.0,"#,
    r#""connection_drops_by_error":{},"reconnection_attempts_distribution":{},"last_drop_timestamp":null,"#,
    r#""last_successful_connect_timestamp":null,"connection_recovered":0,"messages_published":0,"#,
    r#""messages_queued":0,"connected":false,"availability":null,"broker_availability":null,"failed_attempts":0,"#,
    r#""failed_attempts_by_phase":{},"mean_time_between_drops_seconds":null,"#,
    r#""mean_time_to_reconnect_seconds":null,"session_seconds":{"p50":null,"p90":null,"p99":null},"#,
    r#""reconnect_seconds":{"p50":null,"p90":null,"p99":null,"max":null},"#,
    r#""ping_rtt_ms":{"min":null,"mean":null,"p50":null,"p99":null,"max":null,"count":0},"#,
    r#""probe_rtt_ms":{"min":null,"mean":null,"p50":null,"p99":null,"max":null,"count":0},"#,
    r#""messages_received":0},"recent_drops":[],"recent_connections":[],"aws_error_counts":{},"#,
    r#""session_history_summary":{"total_sessions":0,"sample_durations":[]},"schema":"nwdiag.export/1","#,
    r#""unix_seconds":1795368004.0,"target":{},"observation":{"from":null,"to":null,"runs":0,"#,
    r#""interrupted_runs":0,"observed_seconds":0.0,"connected_seconds":0.0,"suspended_seconds":0.0,"#,
    r#""skipped_lines":0,"records_lost":0},"findings":[],"explanations":[],"subscriptions":[],"devices":[],"#,
    r#""environment_events":[]}"#,
    "\n"
);

fn export(report: &Report, layout: Layout) -> String {
    let mut out = Vec::new();
    write(&mut out, report, layout).unwrap();
    String::from_utf8(out).unwrap()
}

fn value(report: &Report) -> Value {
    serde_json::from_str(&export(report, Layout::Compact)).unwrap()
}

fn with(change: impl FnOnce(&mut Metrics)) -> Report {
    let mut report = afternoon();
    change(&mut report.metrics);
    report
}

#[test]
fn the_object_has_the_keys_of_the_contract_in_its_order() {
    let report = with(|metrics| {
        metrics.recent_drops.clear();
        metrics.recent_connections.clear();
    });
    assert_eq!(export(&report, Layout::Pretty), AFTERNOON);
}

#[test]
fn an_empty_journal_gives_every_key_with_its_zero_null_or_empty_value() {
    assert_eq!(export(&nothing(), Layout::Compact), NOTHING);
}

#[test]
fn an_error_that_the_crt_has_no_name_for_is_null_and_in_no_map() {
    let nameless = SessionDrop {
        error_name: "NWDIAG_SOCKET_ERROR".into(),
        failure: Some(FailureKind::LocalError),
        ..dropped()
    };
    let report = with(|metrics| {
        metrics.recent_drops[0].fact = nameless;
        metrics.drops_by_error =
            vec![("AWS_IO_SOCKET_CLOSED".to_owned(), 1), ("NWDIAG_SOCKET_ERROR".to_owned(), 1)];
    });
    let value = value(&report);
    let named = json!({"AWS_IO_SOCKET_CLOSED": 1});
    assert_eq!(
        (&value["aws_error_counts"], &value["metrics"]["connection_drops_by_error"]),
        (&named, &named)
    );
    let [first, second] = [&value["recent_drops"][0], &value["recent_drops"][1]];
    assert_eq!((&first["error_name"], &first["failure"]), (&Value::Null, &json!("local_error")));
    assert_eq!(second["error_name"], "AWS_IO_SOCKET_CLOSED");
}

#[test]
fn both_layouts_hold_the_same_object_and_end_in_one_newline() {
    let report = afternoon();
    let (pretty, compact) = (export(&report, Layout::Pretty), export(&report, Layout::Compact));
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&pretty), read(&compact));
    assert!(pretty.ends_with("}\n") && compact.ends_with("}\n"));
    assert_eq!(compact.lines().count(), 1);
}

#[test]
fn a_drop_has_its_times_then_the_keys_of_the_reference_then_all_others() {
    let text = export(&afternoon(), Layout::Compact);
    let first = concat!(
        r#""recent_drops":[{"timestamp":"2026-11-22T17:21:04.000Z","unix_seconds":1795368064.0,"#,
        r#""error_name":"AWS_IO_SOCKET_CLOSED","error_message":"the broker closed the connection (FIN)","#,
        r#""error_code":1051,"reconnect_attempt":0,"duration_connected_seconds":60.0,"#,
        r#""active_subscriptions":1,"queued_commands":0,"failure":null,"closed_by":"peer_close","protocol":"5","#,
        r#""reason_code":null,"reason_string":null,"server_reference":null,"websocket_close_code":null,"#,
        r#""last_received_seconds":8.0,"last_sent_seconds":8.02,"last_sent_packet":"PINGREQ","#,
    );
    assert!(text.contains(first), "{text}");
}

#[test]
fn a_connection_has_its_event_type_then_the_keys_of_the_reference_then_all_others() {
    let text = export(&afternoon(), Layout::Compact);
    let first = concat!(
        r#""recent_connections":[{"timestamp":"2026-11-22T17:20:04.000Z","unix_seconds":1795368004.0,"#,
        r#""event_type":"connected","session_present":false,"return_code":0,"attempt_number":0,"#,
        r#""time_to_reconnect_seconds":null,"waited_seconds":null,"addresses_lost":[],"fallback":null,"#,
        r#""kind":"connected","protocol":"5","#,
        r#""phases":{"auth_ms":null,"dns_ms":3.0,"tcp_ms":21.2,"tls_ms":48.0,"websocket_ms":null,"mqtt_ms":12.0},"#,
    );
    assert!(text.contains(first), "{text}");
}

#[test]
fn entries_keep_the_values_of_their_records() {
    let entries = value(&afternoon());
    let mut drop = entries["recent_drops"][1].as_object().unwrap().clone();
    for key in ["timestamp", "unix_seconds"] {
        assert!(drop.remove(key).is_some());
    }
    let record = SessionDrop { duration_connected_seconds: Some(1200.5), ..dropped() };
    assert_eq!(Value::Object(drop), serde_json::to_value(record).unwrap());

    let mut connection = entries["recent_connections"][0].as_object().unwrap().clone();
    for key in ["timestamp", "unix_seconds", "event_type"] {
        assert!(connection.remove(key).is_some());
    }
    assert_eq!(Value::Object(connection), serde_json::to_value(connected()).unwrap());
}

#[test]
fn changes_on_the_host_and_refused_subscriptions_are_told() {
    let report = with(|metrics| {
        metrics.environment = vec![link_down()];
        metrics.subscriptions = vec![answer("secret/#", None, 135)];
    });
    let text = export(&report, Layout::Compact);
    let end = concat!(
        r#""subscriptions":[{"topic":"secret/#","granted_qos":null,"return_code":135}],"devices":[],"#,
        r#""environment_events":[{"timestamp":"2026-11-22T17:21:03.000Z","unix_seconds":1795368063.0,"#,
        r#""kind":"link_down","interface":"eth0","in_use":true,"family":null,"address":null,"#,
        r#""gateway":null,"on_path":null,"detail":"","seconds":null}]}"#,
    );
    assert!(text.trim_end().ends_with(end), "{text}");
}

#[test]
fn an_appliance_has_what_it_answered_and_what_it_said() {
    let silent = DeviceMetrics { device: "11...5566".to_owned(), asked: 1, ..DeviceMetrics::default() };
    let report = with(|metrics| metrics.devices = vec![appliance(), silent]);
    let text = export(&report, Layout::Compact);
    let expected = concat!(
        r#""devices":[{"device":"aa...eeff","asked":12,"answered":9,"undecided":1,"unanswered_streak":2,"#,
        r#""last_asked_timestamp":"2026-11-22T17:40:04.000Z","last_answer_timestamp":"2026-11-22T17:30:04.000Z","#,
        r#""rtt_ms":{"min":310.0,"mean":420.0,"p50":412.0,"p99":900.0,"max":900.0,"count":9},"#,
        r#""wifi_dbm":-78,"weakest_wifi_dbm":-84,"error_code":596,"cloud_connected":false,"cloud_error_code":596},"#,
        r#"{"device":"11...5566","asked":1,"answered":0,"undecided":0,"unanswered_streak":0,"#,
        r#""last_asked_timestamp":null,"last_answer_timestamp":null,"#,
        r#""rtt_ms":{"min":null,"mean":null,"p50":null,"p99":null,"max":null,"count":0},"#,
        r#""wifi_dbm":null,"weakest_wifi_dbm":null,"error_code":null,"cloud_connected":null,"cloud_error_code":null}],"#,
    );
    assert!(text.contains(expected), "{text}");
}

#[test]
fn maps_are_by_count_then_by_key_and_buckets_in_their_natural_order() {
    let report = with(|metrics| {
        metrics.drops_by_error = vec![("Z".to_owned(), 3), ("A".to_owned(), 2), ("B".to_owned(), 2)];
        metrics.failed_attempts_by_phase =
            [(Phase::Dns, 2), (Phase::Tcp, 5), (Phase::Mqtt, 2), (Phase::Auth, 2)].into();
        metrics.outages_by_attempts = [0, 7, 0, 9];
    });
    let text = export(&report, Layout::Compact);
    assert!(text.contains(r#""connection_drops_by_error":{"Z":3,"A":2,"B":2}"#));
    assert!(text.contains(r#""aws_error_counts":{"Z":3,"A":2,"B":2}"#));
    assert!(text.contains(r#""failed_attempts_by_phase":{"tcp":5,"auth":2,"dns":2,"mqtt":2}"#));
    assert!(text.contains(r#""reconnection_attempts_distribution":{"2-5":7,"11+":9}"#));
}

#[test]
fn numbers_are_rounded_and_less_than_all_never_becomes_one() {
    let report = with(|metrics| {
        metrics.observation.connected_seconds = 1_305.099_999_96;
        metrics.drops = 3;
        metrics.sessions.mean = Some(1.0 / 3.0);
        metrics.ping_rtt.p99 = Some(20.0 / 3.0);
    });
    let numbers = &value(&report)["metrics"];
    assert_eq!(numbers["availability"], 0.999_999);
    assert_eq!(numbers["mean_time_between_drops_seconds"], 435.033_333);
    assert_eq!(numbers["average_session_seconds"], 0.333_333);
    assert_eq!(numbers["ping_rtt_ms"]["p99"], 6.667);
}

#[test]
fn a_journal_that_nobody_writes_is_not_connected_and_has_no_uptime() {
    let ended = Report { live: false, ..afternoon() };
    let numbers = &value(&ended)["metrics"];
    assert_eq!(numbers["connected"], false);
    assert_eq!(numbers["current_session_uptime_seconds"], 0.0);
}

#[test]
fn what_could_steer_a_terminal_is_escaped_and_reads_back_unchanged() {
    let evil = "\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{e0041}\n温度";
    let report = with(|metrics| metrics.recent_drops[0].fact.error_message = evil.to_owned());
    let text = export(&report, Layout::Pretty);
    assert!(!text.contains(|c: char| c != '\n' && is_unsafe(c)));
    assert!(text.contains(r"\u001b[2J\u007f\u009b\u202e\udb40\udc41\n温度"));
    assert_eq!(value(&report)["recent_drops"][0]["error_message"], evil);
}
