//! Whatever a journal holds: no rule panics, and no finding says what cannot be.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::Journal;
use crate::collector::Liveness;
use crate::collector::metrics::Metrics;
use crate::diagnosis::{Finding, diagnose};

/// Seconds, counts and bytes as they come, and at their edges.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..100_000.0,
        3 => select(vec![0.0, 1e-9, 0.02, 1.0, 59.98, 60.0, 300.4, 3_600.0, 7_200.0, 86_400.0]),
        1 => select(vec![1e7, 1e9, 1e15]),
    ]
}

fn maybe_amount() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(amount())
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..100, select(vec![0, 1, 5_000, u64::from(u32::MAX), u64::MAX])]
}

fn drop_shape() -> impl Strategy<Value = Value> {
    let end = select(vec!["peer_close", "peer_reset", "timeout", "network", "peer_disconnect", "protocol"]);
    let packet = prop::option::of(select(vec!["PINGREQ", "PUBLISH", "SUBSCRIBE", "PUBACK", "CONNECT"]));
    let silences = (amount(), maybe_amount(), maybe_amount(), maybe_amount(), maybe_amount());
    let numbers = (count(), count(), count(), maybe_amount(), prop::option::of(count()));
    let said = (prop::option::of(any::<u8>()), prop::option::of(1_000_u16..1_016), -100_i32..0);
    (end, packet, silences, numbers, said).prop_map(|(end, packet, silences, numbers, said)| {
        let (duration, received, sent, unanswered, idle) = silences;
        let (messages_received, messages_published, pings, rate, largest) = numbers;
        let (reason_code, close_code, dbm) = said;
        json!({"error_name": "X", "closed_by": end, "last_sent_packet": packet, "last_sent_topic": "a/b",
               "duration_connected_seconds": duration, "last_received_seconds": received, "last_sent_seconds": sent,
               "unanswered_ping_seconds": unanswered, "idle_before_last_sent_seconds": idle,
               "messages_received": messages_received, "messages_published": messages_published,
               "active_subscriptions": messages_published, "ping_rtt_ms": {"count": pings, "min": sent, "max": rate},
               "publish_rate_per_second": rate, "largest_publish_bytes": largest, "loop_lag_ms": rate, "wifi_dbm": dbm,
               "reason_code": reason_code, "websocket_close_code": close_code,
               "tcp": {"retransmits": pings, "retransmits_pending": messages_received}})
    })
}

fn attempt_shape() -> impl Strategy<Value = Value> {
    let phase = select(vec!["dns", "tcp", "tls", "websocket", "mqtt", "auth"]);
    let name = select(vec![
        "AWS_IO_DNS_QUERY_FAILED",
        "AWS_IO_DNS_INVALID_NAME",
        "AWS_IO_SOCKET_CONNECTION_REFUSED",
        "AWS_IO_SOCKET_TIMEOUT",
        "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE",
        "NWDIAG_AUTH_UNAVAILABLE",
    ]);
    let codes = (prop::option::of(any::<u8>()), prop::option::of(400_u16..504));
    (phase, name, codes, amount()).prop_map(|(phase, name, (return_code, status), elapsed)| {
        json!({"phase": phase, "protocol": "5", "error_name": name, "return_code": return_code,
               "http_status": status, "elapsed_seconds": elapsed})
    })
}

fn change_shape() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        "link_down",
        "link_up",
        "address_added",
        "address_removed",
        "default_route_changed",
        "suspend",
        "clock_step",
        "clock_offset",
    ]);
    let detail = select(vec!["192.0.2.7/24", "192.0.2.8/24", "2001:db8::7/64", ""]);
    let signed = (amount(), any::<bool>()).prop_map(|(seconds, back)| if back { -seconds } else { seconds });
    (kind, detail, signed, any::<bool>()).prop_map(|(kind, detail, seconds, in_use)| {
        json!({"kind": kind, "interface": "eth0", "in_use": in_use, "detail": detail, "seconds": seconds})
    })
}

/// What one incident consists of, each with the seconds before it.
type Steps = Vec<(f64, &'static str, Value)>;

fn step() -> impl Strategy<Value = (f64, &'static str, Value)> {
    let told = prop_oneof![
        4 => drop_shape().prop_map(|shape| ("drop", shape)),
        2 => attempt_shape().prop_map(|shape| ("attempt_failed", shape)),
        2 => change_shape().prop_map(|shape| ("environment", shape)),
        1 => amount().prop_map(|seconds| ("late_answer", json!({"seconds_after_drop": seconds}))),
        1 => any::<bool>().prop_map(|answered| ("device", json!({"device": "aa...eeff", "answered": answered}))),
    ];
    // Clocks are set back as well.
    (prop_oneof![9 => amount(), 1 => -10_000.0..0.0_f64], told)
        .prop_map(|(before, (event, fields))| (before, event, fields))
}

/// Incidents of a few kinds, each of which comes often: rules look for what repeats.
fn story() -> impl Strategy<Value = (Vec<Steps>, Vec<usize>)> {
    let kinds = prop::collection::vec(prop::collection::vec(step(), 1..5), 1..4);
    (kinds, prop::collection::vec(0_usize..4, 1..30))
}

fn played((kinds, order): &(Vec<Steps>, Vec<usize>), ping_interval: f64) -> (Metrics, usize) {
    let target = json!({"keep_alive_seconds": ping_interval, "ping_interval_seconds": ping_interval});
    let mut journal = Journal::new(&target);
    let mut told = 0;
    for kind in order {
        journal.connect();
        for (before, event, fields) in &kinds[kind % kinds.len()] {
            // Not further than dates reach.
            journal.second = (journal.second + before.min(1e8)).clamp(0.0, 1e10);
            told += usize::from(journal.tell_if_readable(event, fields.clone()));
        }
    }
    (journal.collector.metrics(Liveness::Over), told)
}

fn is_possible(finding: &Finding, metrics: &Metrics) -> bool {
    let said = [&finding.summary, &finding.fix].into_iter().chain(&finding.evidence);
    let reads_well = |text: &String| !text.is_empty() && !text.contains("NaN") && !text.contains("inf ");
    (0.0..=1.0).contains(&finding.confidence)
        && finding.drops_explained <= metrics.drops
        && finding.drops_explained <= finding.incidents_explained
        && finding.incidents_explained > 0
        && !finding.evidence.is_empty()
        && said.into_iter().all(reads_well)
}

proptest! {
    #[test]
    fn no_journal_panics_or_makes_impossible_findings(story in story(), ping_interval in amount()) {
        let (metrics, _) = played(&story, ping_interval);
        for finding in diagnose(&metrics) {
            prop_assert!(is_possible(&finding, &metrics), "{finding:?}");
        }
    }
}

#[test]
fn most_of_what_is_made_up_is_readable() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut told, mut made, mut found) = (0, 0, 0);
    for _ in 0..100 {
        let story = story().new_tree(&mut runner).unwrap().current();
        let (metrics, readable) = played(&story, 60.0);
        told += readable;
        made += story.1.iter().map(|kind| story.0[kind % story.0.len()].len()).sum::<usize>();
        found += usize::from(!diagnose(&metrics).is_empty());
    }
    assert!(5 * told > 4 * made && found > 50, "{told} of {made}, {found} with findings");
}
