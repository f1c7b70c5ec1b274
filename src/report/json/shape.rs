//! The shape of the export, key by key in the order of `contract/export.md`.
//!
//! Nothing is counted here: numbers are rounded, and a ratio or mean of nothing stays null.

use std::cmp::Reverse;

use serde::{Serialize, Serializer};

use super::device::DeviceEntry;
use super::distribution::{MICROS, Percentiles, Quantities, ReconnectSeconds, RoundTripMs};
use super::entry::{ConnectionEntry, DropEntry, EnvironmentEntry, ExplanationEntry};
use crate::collector::metrics::{ATTEMPT_BUCKETS, Metrics};
use crate::crt;
use crate::event::{FindingRecord, Subscribed, TargetFacts, rounded, unix_seconds};
use crate::journal::timestamp;
use crate::report::Report;

/// The whole object.
#[derive(Debug, Serialize)]
pub(super) struct Export<'a> {
    timestamp: String,
    metrics: Numbers<'a>,
    recent_drops: Vec<DropEntry<'a>>,
    recent_connections: Vec<ConnectionEntry<'a>>,
    #[serde(serialize_with = "in_order")]
    aws_error_counts: Vec<(&'a str, u64)>,
    session_history_summary: History<'a>,
    schema: &'static str,
    unix_seconds: f64,
    target: Target<'a>,
    observation: Period,
    findings: Vec<FindingRecord>,
    explanations: Vec<ExplanationEntry<'a>>,
    subscriptions: Vec<Subscription<'a>>,
    devices: Vec<DeviceEntry<'a>>,
    environment_events: Vec<EnvironmentEntry<'a>>,
}

impl<'a> Export<'a> {
    /// Everything that the report knows.
    pub(super) fn of(report: &'a Report) -> Self {
        let metrics = &report.metrics;
        Self {
            timestamp: timestamp(report.generated),
            metrics: Numbers::of(report),
            recent_drops: metrics.recent_drops.iter().map(DropEntry::from).collect(),
            recent_connections: metrics.recent_connections.iter().map(ConnectionEntry::from).collect(),
            aws_error_counts: errors(metrics),
            session_history_summary: History::of(metrics),
            schema: "nwdiag.export/1",
            unix_seconds: unix_seconds(report.generated),
            target: Target { facts: metrics.target.as_ref() },
            observation: Period::of(report),
            findings: report.findings.iter().cloned().map(FindingRecord::from).collect(),
            explanations: report.explanations.iter().map(ExplanationEntry::from).collect(),
            subscriptions: metrics.subscriptions.iter().map(Subscription::from).collect(),
            devices: metrics.devices.iter().map(DeviceEntry::from).collect(),
            environment_events: metrics.environment.iter().map(EnvironmentEntry::from).collect(),
        }
    }
}

/// `metrics`: the reference's keys first, then ours.
#[derive(Debug, Serialize)]
struct Numbers<'a> {
    #[serde(flatten)]
    reference: Reference<'a>,
    #[serde(flatten)]
    ours: Ours,
}

impl<'a> Numbers<'a> {
    fn of(report: &'a Report) -> Self {
        Self { reference: Reference::of(report), ours: Ours::of(report) }
    }
}

/// The numbers that the reference collector has.
#[derive(Debug, Serialize)]
struct Reference<'a> {
    total_connections: u64,
    total_disconnects: u64,
    total_connection_drops: u64,
    total_reconnect_attempts: u64,
    longest_session_seconds: f64,
    shortest_session_seconds: Option<f64>,
    average_session_seconds: f64,
    current_session_uptime_seconds: f64,
    #[serde(serialize_with = "in_order")]
    connection_drops_by_error: Vec<(&'a str, u64)>,
    #[serde(serialize_with = "in_order")]
    reconnection_attempts_distribution: Vec<(&'static str, u64)>,
    last_drop_timestamp: Option<String>,
    last_successful_connect_timestamp: Option<String>,
    connection_recovered: u64,
    messages_published: u64,
    messages_queued: u64,
}

impl<'a> Reference<'a> {
    fn of(report: &'a Report) -> Self {
        let metrics = &report.metrics;
        let sessions = Quantities::of(&metrics.sessions, MICROS);
        Self {
            total_connections: metrics.connections,
            total_disconnects: metrics.disconnects,
            total_connection_drops: metrics.drops,
            total_reconnect_attempts: metrics.reconnect_attempts,
            longest_session_seconds: sessions.max.unwrap_or(0.0),
            shortest_session_seconds: sessions.min,
            average_session_seconds: sessions.mean.unwrap_or(0.0),
            current_session_uptime_seconds: report.current_uptime_seconds(),
            connection_drops_by_error: errors(metrics),
            reconnection_attempts_distribution: outages(metrics),
            last_drop_timestamp: metrics.last_drop.map(timestamp),
            last_successful_connect_timestamp: metrics.last_connect.map(timestamp),
            connection_recovered: metrics.recovered,
            messages_published: metrics.messages_published,
            messages_queued: metrics.messages_queued,
        }
    }
}

/// The numbers that we add.
#[derive(Debug, Serialize)]
struct Ours {
    connected: bool,
    availability: Option<f64>,
    broker_availability: Option<f64>,
    failed_attempts: u64,
    #[serde(serialize_with = "in_order")]
    failed_attempts_by_phase: Vec<(&'static str, u64)>,
    mean_time_between_drops_seconds: Option<f64>,
    mean_time_to_reconnect_seconds: Option<f64>,
    session_seconds: Percentiles,
    reconnect_seconds: ReconnectSeconds,
    ping_rtt_ms: RoundTripMs,
    probe_rtt_ms: RoundTripMs,
    messages_received: u64,
}

impl Ours {
    fn of(report: &Report) -> Self {
        let metrics = &report.metrics;
        let reconnects = Quantities::of(&metrics.reconnects, MICROS);
        Self {
            connected: report.live && metrics.connected,
            availability: metrics.observation.availability().map(ratio),
            broker_availability: metrics.broker_availability.map(ratio),
            failed_attempts: metrics.failed_attempts,
            failed_attempts_by_phase: phases(metrics),
            mean_time_between_drops_seconds: report
                .mean_time_between_drops_seconds()
                .map(|seconds| rounded(seconds, MICROS)),
            mean_time_to_reconnect_seconds: reconnects.mean,
            session_seconds: Quantities::of(&metrics.sessions, MICROS).percentiles(),
            reconnect_seconds: reconnects.into(),
            ping_rtt_ms: RoundTripMs::from(&metrics.ping_rtt),
            probe_rtt_ms: RoundTripMs::from(&metrics.probe_rtt),
            messages_received: metrics.messages_received,
        }
    }
}

/// To six decimals; less than all never becomes 1.
fn ratio(value: f64) -> f64 {
    if value < 1.0 { rounded(value, MICROS).min(0.999_999) } else { 1.0 }
}

#[derive(Debug, Serialize)]
struct History<'a> {
    total_sessions: u64,
    sample_durations: &'a [f64],
}

impl<'a> History<'a> {
    fn of(metrics: &'a Metrics) -> Self {
        Self { total_sessions: metrics.sessions.count, sample_durations: &metrics.recent_sessions }
    }
}

/// The start record's target; `{}` where nothing was watched yet.
#[derive(Debug, Serialize)]
struct Target<'a> {
    #[serde(flatten)]
    facts: Option<&'a TargetFacts>,
}

#[derive(Debug, Serialize)]
struct Period {
    from: Option<String>,
    to: Option<String>,
    runs: u64,
    interrupted_runs: u64,
    observed_seconds: f64,
    connected_seconds: f64,
    suspended_seconds: f64,
    skipped_lines: u64,
    records_lost: u64,
}

impl Period {
    fn of(report: &Report) -> Self {
        let observation = &report.metrics.observation;
        Self {
            from: observation.from.map(timestamp),
            to: observation.to.map(timestamp),
            runs: observation.runs,
            interrupted_runs: observation.interrupted_runs,
            observed_seconds: rounded(observation.observed_seconds, MICROS),
            connected_seconds: rounded(observation.connected_seconds, MICROS),
            suspended_seconds: rounded(observation.suspended_seconds, MICROS),
            skipped_lines: report.skipped_lines,
            records_lost: observation.records_lost,
        }
    }
}

#[derive(Debug, Serialize)]
struct Subscription<'a> {
    topic: &'a str,
    granted_qos: Option<u8>,
    return_code: Option<u8>,
}

impl<'a> From<&'a Subscribed> for Subscription<'a> {
    fn from(answer: &'a Subscribed) -> Self {
        Self { topic: &answer.topic, granted_qos: answer.granted_qos, return_code: answer.return_code }
    }
}

/// As in the reference, without those for which the CRT has no name.
fn errors(metrics: &Metrics) -> Vec<(&str, u64)> {
    let named = metrics.drops_by_error.iter().filter(|(name, _)| crt::is_known_to_the_crt(name));
    named.map(|(name, drops)| (name.as_str(), *drops)).collect()
}

fn outages(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    ATTEMPT_BUCKETS.into_iter().zip(metrics.outages_by_attempts).filter(|(_, outages)| *outages > 0).collect()
}

fn phases(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    let mut phases: Vec<_> =
        metrics.failed_attempts_by_phase.iter().map(|(phase, failed)| (phase.as_str(), *failed)).collect();
    phases.sort_by_key(|(phase, failed)| (Reverse(*failed), *phase));
    phases
}

/// A map whose entries keep their order.
fn in_order<S: Serializer>(entries: &[(&str, u64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().copied())
}
