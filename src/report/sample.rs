//! A small hand-made world for the tests of this room: one broker, one afternoon.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use super::Report;
use crate::collector::devices::DeviceMetrics;
use crate::collector::metrics::{Coverage, Dated, Distribution, Metrics};
use crate::collector::timeline::{Link, Timeline};
use crate::diagnosis::{Cause, Finding, Status};
use crate::dump::{Account, Origin};
use crate::event::{
    AttemptFailed, ClosedBy, Connected, ConnectionKind, Environment, EnvironmentKind, Event, Observation,
    Phase, Phases, Protocol, SessionDrop, Start, Subscribed, TargetFacts, Transport,
};

/// `seconds` after 18:20:04 in Paris.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_368_004 + seconds, 0).unwrap()
}

/// Winter time in Paris.
pub(super) fn paris(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.with_timezone(&FixedOffset::east_opt(3600).unwrap())
}

/// A record of `event`, `seconds` after the first.
pub(super) fn record(seconds: i64, event: Event) -> Observation {
    Observation::at(at(seconds), event)
}

pub(super) fn target() -> TargetFacts {
    TargetFacts {
        name: "mqtts-broker.example-8883".to_owned(),
        url: "mqtts://broker.example:8883".to_owned(),
        transport: Some(Transport::Tls),
        protocol: "auto".to_owned(),
        client_id: "nwdiag-5f0c2a91".to_owned(),
        keep_alive_seconds: Some(60.0),
        ping_interval_seconds: Some(60.0),
        ping_timeout_seconds: Some(3.0),
        clean_session: Some(true),
        topics: vec!["a/#".to_owned()],
        client_id_chosen: Some(false),
        service: None,
    }
}

pub(super) fn start() -> Start {
    Start {
        v: 1,
        run: "c2b3".to_owned(),
        continued: false,
        version: "0.1.0".to_owned(),
        pid: 42,
        host: "laptop".to_owned(),
        time_zone: "Europe/Paris".to_owned(),
        target: target(),
    }
}

pub(super) fn connected() -> Connected {
    Connected {
        protocol: Some(Protocol::V5),
        session_present: Some(false),
        return_code: Some(0),
        attempt_number: Some(0),
        phases: Phases {
            dns_ms: Some(3.0),
            tcp_ms: Some(21.2),
            tls_ms: Some(48.0),
            mqtt_ms: Some(12.0),
            ..Phases::default()
        },
        local_address: Some("192.0.2.7:50123".to_owned()),
        peer_address: Some("203.0.113.7:8883".to_owned()),
        ..Connected::new(ConnectionKind::Connected)
    }
}

pub(super) fn dropped() -> SessionDrop {
    SessionDrop {
        error_name: "AWS_IO_SOCKET_CLOSED".into(),
        error_code: Some(1051),
        error_message: "the broker closed the connection (FIN)".to_owned(),
        closed_by: Some(ClosedBy::PeerClose),
        protocol: Some(Protocol::V5),
        reconnect_attempt: 0,
        duration_connected_seconds: Some(1321.0),
        active_subscriptions: Some(1),
        queued_commands: Some(0),
        last_received_seconds: Some(8.0),
        last_sent_seconds: Some(8.02),
        last_sent_packet: Some("PINGREQ".into()),
        idle_before_last_sent_seconds: Some(52.0),
        loop_lag_ms: Some(0.2),
        messages_received: Some(3),
        messages_published: Some(0),
        bytes_received: Some(412),
        bytes_sent: Some(96),
        publish_rate_per_second: Some(0.0),
        ..SessionDrop::default()
    }
}

pub(super) fn attempt() -> AttemptFailed {
    AttemptFailed {
        attempt_number: Some(1),
        protocol: Some(Protocol::V5),
        error_name: "AWS_IO_SOCKET_CONNECTION_REFUSED".into(),
        error_code: Some(1047),
        error_message: "connection refused after 1 ms".to_owned(),
        peer_address: Some("203.0.113.7:8883".to_owned()),
        elapsed_seconds: Some(0.001),
        next_attempt_seconds: Some(1.4),
        ..AttemptFailed::new(Phase::Tcp)
    }
}

fn afternoon_observation() -> Coverage {
    Coverage {
        from: Some(at(0)),
        to: Some(at(1305)),
        runs: 1,
        interrupted_runs: 0,
        observed_seconds: 1305.1,
        connected_seconds: 1302.5,
        suspended_seconds: 0.0,
        records_lost: 0,
    }
}

fn distribution(count: u64, [min, mean, p50, p99, max]: [f64; 5]) -> Distribution {
    Distribution {
        count,
        min: Some(min),
        mean: Some(mean),
        p50: Some(p50),
        p90: Some(p99),
        p99: Some(p99),
        max: Some(max),
    }
}

fn afternoon_timeline() -> Timeline {
    let mut timeline = Timeline::default();
    let spans = [(0, 60, Link::Up), (60, 62, Link::Down), (62, 1262, Link::Up), (1262, 1263, Link::Down)];
    for (from, to, link) in spans.into_iter().chain([(1263, 1305, Link::Up)]) {
        timeline.add(at(from), at(to), link);
    }
    timeline
}

fn drop_after(seconds: f64) -> SessionDrop {
    SessionDrop { duration_connected_seconds: Some(seconds), ..dropped() }
}

/// Two drops in twenty-two minutes, connected again since 42 seconds.
pub(super) fn afternoon() -> Report {
    let metrics = Metrics {
        target: Some(target()),
        observation: afternoon_observation(),
        broker_availability: Some(0.999_2),
        connected: true,
        session_seconds: 42.0,
        connections: 1,
        drops: 2,
        reconnect_attempts: 3,
        failed_attempts: 1,
        failed_attempts_by_phase: [(Phase::Tcp, 1)].into(),
        recovered: 2,
        drops_by_error: vec![("AWS_IO_SOCKET_CLOSED".to_owned(), 2)],
        outages_by_attempts: [1, 1, 0, 0],
        sessions: distribution(2, [60.0, 630.25, 60.0, 1200.5, 1200.5]),
        recent_sessions: vec![60.0, 1200.5],
        reconnects: distribution(2, [0.6, 1.3, 0.6, 2.0, 2.0]),
        ping_rtt: distribution(21, [20.1, 22.4, 22.0, 31.0, 31.0]),
        last_drop: Some(at(1262)),
        last_connect: Some(at(1263)),
        recent_drops: vec![
            Dated { at: at(60), fact: drop_after(60.0) },
            Dated { at: at(1262), fact: drop_after(1200.5) },
        ],
        recent_connections: vec![Dated { at: at(0), fact: connected() }],
        subscriptions: vec![answer("a/#", Some(1), 1)],
        timeline: afternoon_timeline(),
        ..Metrics::default()
    };
    Report {
        generated: at(1305),
        live: true,
        skipped_lines: 0,
        metrics,
        findings: Vec::new(),
        explanations: Vec::new(),
        dump: None,
        other_targets: Vec::new(),
    }
}

pub(super) fn answer(topic: &str, granted_qos: Option<u8>, return_code: u8) -> Subscribed {
    Subscribed { topic: topic.to_owned(), qos: Some(1), granted_qos, return_code: Some(return_code) }
}

/// An appliance that has fallen silent.
pub(super) fn appliance() -> DeviceMetrics {
    DeviceMetrics {
        device: "aa...eeff".to_owned(),
        asked: 12,
        answered: 9,
        undecided: 1,
        unanswered_streak: 2,
        last_asked: Some(at(1200)),
        last_answer: Some(at(600)),
        rtt: distribution(9, [310.0, 420.0, 412.0, 900.0, 900.0]),
        wifi_dbm: Some(-78),
        weakest_wifi_dbm: Some(-84),
        error_code: Some(596),
        cloud_connected: Some(false),
        cloud_error_code: Some(596),
    }
}

pub(super) fn link_down() -> Dated<Environment> {
    let fact = Environment {
        interface: Some("eth0".to_owned()),
        in_use: Some(true),
        ..Environment::new(EnvironmentKind::LinkDown)
    };
    Dated { at: at(59), fact }
}

/// A report on which every section has something to say, some of it in the words of others.
pub(super) fn full() -> Report {
    let mut report = later(afternoon(), 86_409);
    let metrics = &mut report.metrics;
    metrics.drops_by_error =
        (1..=10).rev().map(|drops| (format!("AWS_ERROR_{drops}"), 100 * drops)).collect();
    metrics.drops = 5501;
    metrics.recent_drops[1].fact.duration_connected_seconds = None;
    metrics.recent_drops[0].fact.error_message = "*closed* by @example | see #1".to_owned();
    metrics.subscriptions = vec![answer("home/+/`state`", None, 135), answer("$SYS/#", None, 0x80)];
    metrics.devices = vec![appliance()];
    metrics.probe_rtt = distribution(9, [0.041, 0.084, 0.08, 0.2, 0.2]);
    metrics.observation = Coverage {
        interrupted_runs: 1,
        observed_seconds: 87_714.1,
        connected_seconds: 86_409.0,
        suspended_seconds: 600.0,
        ..afternoon_observation()
    };
    report.skipped_lines = 1234;
    report.findings = vec![duplicate_client_id(), silent_appliance()];
    report
}

fn duplicate_client_id() -> Finding {
    Finding {
        cause: Cause::DuplicateClientId,
        confidence: 0.99,
        drops_explained: 5000,
        incidents_explained: 5000,
        summary: "another client uses this client ID: the two push each other off".to_owned(),
        evidence: vec![
            "10 of 10 incidents closed by the broker and let in again at once".to_owned(),
            "the broker's words: <b>taken_over_by</b> [you](http://example.com)".to_owned(),
        ],
        fix: "give every client an ID of its own (serial number, MAC, UUID); a second copy of the program, a test \
            tool or a browser tab may be the twin"
            .to_owned(),
        status: Status::Active,
        first: Some(at(60)),
        last: Some(at(1200)),
        expected_since: Some(0.0),
        figures: BTreeMap::new(),
        named: BTreeMap::new(),
        next_test: None,
    }
}

fn silent_appliance() -> Finding {
    Finding {
        cause: Cause::ApplianceOffline,
        confidence: 0.75,
        drops_explained: 0,
        incidents_explained: 1,
        summary: "the appliance aa...eeff behind it does not answer".to_owned(),
        evidence: vec!["aa...eeff: 3 of 12 status requests unanswered".to_owned()],
        fix: "look at its power and its Wi-Fi".to_owned(),
        status: Status::Active,
        first: None,
        last: None,
        expected_since: None,
        figures: BTreeMap::new(),
        named: BTreeMap::new(),
        next_test: None,
    }
}

/// A report on a dump of the reference library.
pub(super) fn of_a_dump() -> Report {
    let mut report = afternoon();
    report.metrics.observation.runs = 0;
    report.metrics.observation.observed_seconds = 0.0;
    report.metrics.ping_rtt = Distribution::default();
    report.dump = Some(Account {
        origin: Origin::Library,
        at: Some(at(1305)),
        connected: true,
        drops_listed: 50,
        drops_told: 1234,
        drops_without_session: 2,
        others: 1,
        unreadable: 3,
        skipped_lines: 0,
        zone_is_known: false,
    });
    report
}

/// A report of nothing.
pub(super) fn nothing() -> Report {
    Report {
        generated: at(0),
        live: false,
        skipped_lines: 0,
        metrics: Metrics::default(),
        findings: Vec::new(),
        explanations: Vec::new(),
        dump: None,
        other_targets: Vec::new(),
    }
}

/// The same report a while later.
pub(super) fn later(mut report: Report, seconds: i64) -> Report {
    report.generated += TimeDelta::seconds(seconds);
    report
}
