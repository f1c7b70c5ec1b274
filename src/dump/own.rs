//! An export of ours, read back: every total stands, and what it lists tells the incidents anew.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::account::{Account, Origin};
use super::entry::NO_NAME;
use super::reference::outages;
use super::value::{MOST_SECONDS, by_count, count, counts, list, number, seconds, small, text, time};
use super::{Dump, Totals, order};
use crate::collector::devices::{DeviceMetrics, Silence};
use crate::collector::metrics::{Coverage, Distribution, Metrics, SESSION_TAIL};
use crate::event::{self, Connected, Event, Observation, Phase, SessionDrop, Subscribed, TargetFacts};

/// The format of exports that this program writes and reads.
pub(super) const SCHEMA: &str = "nwdiag.export/1";

/// Reads the export.
pub(super) fn read(export: &Value) -> Dump {
    let records = [
        records(export, "recent_drops", |entry| Some(Event::Drop(Box::new(dropped(entry)?)))),
        records(export, "recent_connections", |entry| Some(Event::Connected(Box::new(connected(entry)?)))),
        records(export, "environment_events", |entry| Some(Event::Environment(fact(entry)?))),
    ];
    let listed =
        ["recent_drops", "recent_connections", "environment_events"].map(|key| list(export, key).len());
    let read = records.iter().map(Vec::len).sum::<usize>();
    let drops_listed = records[0].len() as u64;
    let told = metrics(export);
    let account = Account {
        origin: Origin::Export,
        at: time(export, "timestamp"),
        connected: told.connected,
        drops_listed,
        drops_told: told.drops,
        drops_without_session: 0,
        others: 0,
        unreadable: (listed.iter().sum::<usize>() - read) as u64,
        skipped_lines: small(&export["observation"], "skipped_lines"),
        zone_is_known: false,
    };
    let target = told.target.clone().unwrap_or_default();
    let records = order::run(target, None, records.concat());
    Dump { account, records, totals: Totals::Own(Box::new(told)) }
}

/// What the export tells, over the lists and incidents that its entries came to.
pub(super) fn over(told: &Metrics, listed: Metrics) -> Metrics {
    // An export tells no count of its outages: where each is listed, the list tells all.
    let reconnects =
        if listed.reconnects.count == told.reconnects.count { listed.reconnects } else { told.reconnects };
    Metrics {
        recent_drops: listed.recent_drops,
        recent_connections: listed.recent_connections,
        environment: listed.environment,
        incidents: listed.incidents,
        reconnects,
        ..told.clone()
    }
}

fn records(export: &Value, key: &str, event: impl Fn(Value) -> Option<Event>) -> Vec<Observation> {
    let entries = list(export, key).iter();
    entries
        .filter_map(|entry| Some(order::record(time(entry, "timestamp")?, event(bounded(entry))?)))
        .collect()
}

fn fact<T: DeserializeOwned>(entry: Value) -> Option<T> {
    serde_json::from_value(entry).ok()
}

/// An export tells no name of an error for which the CRT has none.
fn dropped(mut entry: Value) -> Option<SessionDrop> {
    if entry["error_name"].is_null() {
        entry["error_name"] = NO_NAME.into();
    }
    fact(entry)
}

/// `kind` is the name of our own for the reference's `event_type`.
fn connected(mut entry: Value) -> Option<Connected> {
    if entry["kind"].is_null() {
        entry["kind"] = entry["event_type"].clone();
    }
    fact(entry)
}

/// The entry without spans that no clock could have told: sums of them stay in bounds.
fn bounded(entry: &Value) -> Value {
    let Value::Object(entries) = entry else { return Value::Null };
    let is_span = |key: &str| key == "seconds" || (key.ends_with("_seconds") && key != "unix_seconds");
    let is_bounded = |key: &str, value: &Value| {
        let least = if key == "seconds" { -MOST_SECONDS } else { 0.0 };
        !is_span(key) || value.as_f64().is_none_or(|seconds| (least..=MOST_SECONDS).contains(&seconds))
    };
    let kept = entries.iter().filter(|(key, value)| is_bounded(key, value));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
}

/// Every total of the export.
fn metrics(export: &Value) -> Metrics {
    let told = &export["metrics"];
    let observation = observation(&export["observation"]);
    let failed = counts(told, "failed_attempts_by_phase").into_iter();
    let failed: BTreeMap<Phase, u64> =
        failed.filter_map(|(phase, failed)| Some((fact(Value::String(phase))?, failed))).collect();
    let recovered = small(told, "connection_recovered");
    let devices: Vec<DeviceMetrics> = list(export, "devices").iter().filter_map(device).collect();
    Metrics {
        target: fact(export["target"].clone()).filter(|target| *target != TargetFacts::default()),
        broker_availability: number(told, "broker_availability").filter(|share| (0.0..=1.0).contains(share)),
        connected: told["connected"].as_bool().unwrap_or_default(),
        session_seconds: session_seconds(export, &observation),
        connections: small(told, "total_connections"),
        disconnects: small(told, "total_disconnects"),
        drops: small(told, "total_connection_drops"),
        reconnect_attempts: small(told, "total_reconnect_attempts"),
        failed_attempts: small(told, "failed_attempts"),
        failed_attempts_by_phase: failed,
        recovered,
        drops_by_error: errors(told),
        outages_by_attempts: outages(told),
        sessions: sessions(export),
        recent_sessions: recent_sessions(export),
        reconnects: reconnects(told, recovered),
        ping_rtt: round_trips(&told["ping_rtt_ms"]),
        probe_rtt: round_trips(&told["probe_rtt_ms"]),
        last_drop: time(told, "last_drop_timestamp"),
        last_connect: time(told, "last_successful_connect_timestamp"),
        messages_published: small(told, "messages_published"),
        messages_queued: small(told, "messages_queued"),
        messages_received: small(told, "messages_received"),
        subscriptions: list(export, "subscriptions")
            .iter()
            .filter_map(|entry| fact::<Subscribed>(entry.clone()))
            .collect(),
        silences: devices.iter().filter_map(|device| going_on(device, &observation)).collect(),
        devices,
        observation,
        ..Metrics::default()
    }
}

/// Drops by error: those that the export names, and the rest, for which the CRT has no name.
fn errors(told: &Value) -> Vec<(String, u64)> {
    let mut errors = counts(told, "connection_drops_by_error");
    let named = errors.iter().fold(0_u64, |sum, (_, drops)| sum.saturating_add(*drops));
    let drops: u64 = small(told, "total_connection_drops");
    let nameless = drops.saturating_sub(named);
    errors.extend((nameless > 0).then(|| (NO_NAME.to_owned(), nameless)));
    by_count(errors)
}

fn observation(told: &Value) -> Coverage {
    let span = |key| seconds(told, key).unwrap_or_default();
    Coverage {
        from: time(told, "from"),
        to: time(told, "to"),
        runs: small(told, "runs"),
        interrupted_runs: small(told, "interrupted_runs"),
        observed_seconds: span("observed_seconds"),
        connected_seconds: span("connected_seconds"),
        suspended_seconds: span("suspended_seconds"),
        records_lost: small(told, "records_lost"),
    }
}

/// The length of the session at the last record: the uptime goes on from there to the moment of the export.
fn session_seconds(export: &Value, observation: &Coverage) -> f64 {
    let since_last = |at: DateTime<Utc>| observation.to.map_or(0.0, |to| order::seconds_between(to, at));
    let uptime = seconds(&export["metrics"], "current_session_uptime_seconds").unwrap_or_default();
    uptime - time(export, "timestamp").map_or(0.0, since_last)
}

fn sessions(export: &Value) -> Distribution {
    let (told, shares) = (&export["metrics"], &export["metrics"]["session_seconds"]);
    let count = small(&export["session_history_summary"], "total_sessions");
    if count == 0 {
        return Distribution::default();
    }
    Distribution {
        count,
        min: number(told, "shortest_session_seconds"),
        mean: number(told, "average_session_seconds"),
        p50: number(shares, "p50"),
        p90: number(shares, "p90"),
        p99: number(shares, "p99"),
        max: number(told, "longest_session_seconds"),
    }
}

fn recent_sessions(export: &Value) -> Vec<f64> {
    let told = list(&export["session_history_summary"], "sample_durations");
    told.iter().skip(told.len().saturating_sub(SESSION_TAIL)).filter_map(Value::as_f64).collect()
}

/// Each recovery ended an outage; neither their number nor the shortest is told.
fn reconnects(told: &Value, recovered: u64) -> Distribution {
    let shares = &told["reconnect_seconds"];
    let mean = number(told, "mean_time_to_reconnect_seconds");
    Distribution {
        count: mean.map_or(0, |_| recovered),
        min: None,
        mean,
        p50: number(shares, "p50"),
        p90: number(shares, "p90"),
        p99: number(shares, "p99"),
        max: number(shares, "max"),
    }
}

/// An appliance; `None` where not even its name is told.
fn device(told: &Value) -> Option<DeviceMetrics> {
    let whole = |key: &str| told[key].as_i64();
    let dbm = |key| whole(key).and_then(|dbm| i32::try_from(dbm).ok());
    Some(DeviceMetrics {
        device: event::bounded(text(told, "device")?.to_owned()),
        asked: small(told, "asked"),
        answered: small(told, "answered"),
        undecided: small(told, "undecided"),
        unanswered_streak: small(told, "unanswered_streak"),
        last_asked: time(told, "last_asked_timestamp"),
        last_answer: time(told, "last_answer_timestamp"),
        rtt: round_trips(&told["rtt_ms"]),
        wifi_dbm: dbm("wifi_dbm"),
        weakest_wifi_dbm: dbm("weakest_wifi_dbm"),
        error_code: whole("error_code"),
        cloud_connected: told["cloud_connected"].as_bool(),
        cloud_error_code: whole("cloud_error_code"),
    })
}

/// The silence that an appliance was in, since its last answer. Neither those that were over are told, nor how often the
/// service said the same.
fn going_on(device: &DeviceMetrics, observation: &Coverage) -> Option<Silence> {
    let latest = device.last_asked?;
    let began = device.last_answer.or(observation.from).unwrap_or(latest);
    (device.unanswered_streak > 0).then(|| Silence {
        device: device.device.clone(),
        began,
        latest,
        unanswered: device.unanswered_streak,
        cloud_gone: 0,
        cloud_there: 0,
        wifi_dbm_before: device.wifi_dbm,
        error_code_before: device.error_code,
        ended: None,
    })
}

fn round_trips(told: &Value) -> Distribution {
    Distribution {
        count: count(told, "count").unwrap_or_default(),
        min: number(told, "min"),
        mean: number(told, "mean"),
        p50: number(told, "p50"),
        p90: None,
        p99: number(told, "p99"),
        max: number(told, "max"),
    }
}
