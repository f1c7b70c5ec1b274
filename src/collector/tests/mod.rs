//! The numbers of the export, on small journals.
#![expect(clippy::float_cmp, reason = "sums of whole microseconds are exact")]

mod any;
mod broker_time;
mod counts;
mod gaps;
mod parts;
mod runs;
mod targets;
mod time;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::clock::Window;
use super::devices::DeviceMetrics;
use super::metrics::Metrics;
use super::*;
use crate::event::{
    AttemptFailed, Connected, ConnectionKind, DeviceProbe, Environment, EnvironmentKind, Event, Phase,
    RoundTrips, Sample, SessionDrop, Start, Stop, StopReason, TargetFacts,
};

const EPOCH: i64 = 1_790_000_000;

fn wall(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(EPOCH + seconds, 0).unwrap()
}

/// A record at `seconds` of the wall clock in a run that began at `start`.
fn record(start: i64, seconds: i64, event: Event) -> Observation {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let run_seconds = Some((seconds - start) as f64);
    Observation { run_seconds, ..Observation::at(wall(seconds), event) }
}

/// The same record, as it names its target and run.
fn named(target_name: &str, run: &str, record: Observation) -> Observation {
    Observation { target_name: Some(Arc::from(target_name)), run: Some(Arc::from(run)), ..record }
}

/// The beginning of a run of a target, watched from a host.
fn start_of(target_name: &str, host: &str, run: &str) -> Start {
    let target = TargetFacts { name: target_name.to_owned(), ..TargetFacts::default() };
    Start { run: run.to_owned(), host: host.to_owned(), ..Start::new(target) }
}

fn start() -> Event {
    Event::Start(Box::new(start_of("t", "", "")))
}

fn connected(kind: ConnectionKind, attempt_number: u32, outage: Option<f64>) -> Event {
    Event::Connected(Box::new(Connected {
        attempt_number: Some(attempt_number),
        time_to_reconnect_seconds: outage,
        ..Connected::new(kind)
    }))
}

fn dropped(name: &'static str, duration: f64) -> Event {
    let text = format!(r#"{{"error_name":"{name}","duration_connected_seconds":{duration}}}"#);
    Event::Drop(Box::new(serde_json::from_str::<SessionDrop>(&text).unwrap()))
}

fn failed(attempt: u32) -> Event {
    let text = format!(r#"{{"attempt_number":{attempt},"phase":"tcp","error_name":"REFUSED"}}"#);
    Event::AttemptFailed(Box::new(serde_json::from_str::<AttemptFailed>(&text).unwrap()))
}

fn sample(received: u64) -> Event {
    let trips = RoundTrips {
        last: Some(2.0),
        min: Some(1.0),
        mean: Some(1.5),
        max: Some(2.0),
        count: 2,
        values: vec![1.0, 2.0],
    };
    Event::Sample(Box::new(Sample {
        messages_received: Some(received),
        ping_rtt_ms: Some(trips),
        ..Sample::default()
    }))
}

fn stop(duration: Option<f64>) -> Event {
    Event::Stop(Stop { duration_connected_seconds: duration, ..Stop::new(StopReason::Signal) })
}

/// The appliance of this number was asked.
fn asked(number: u8, answered: bool, cloud_connected: Option<bool>) -> Event {
    let device = format!("aa...ee{number:02}");
    let rtt_ms = answered.then_some(400.0);
    let answered = Some(answered);
    Event::Device(DeviceProbe { device, answered, rtt_ms, cloud_connected, ..DeviceProbe::default() })
}

fn suspend(seconds: f64) -> Event {
    Event::Environment(Environment { seconds: Some(seconds), ..Environment::new(EnvironmentKind::Suspend) })
}

/// Two drops: one healed by the first attempt, one after a failed attempt. The example of export.md.
fn example() -> Vec<Observation> {
    use ConnectionKind::{Connected, Resumed};
    vec![
        record(0, 0, start()),
        record(0, 1, connected(Connected, 0, None)),
        record(0, 61, sample(5)),
        record(0, 61, dropped("A", 60.0)),
        record(0, 62, connected(Resumed, 1, Some(1.0))),
        record(0, 1262, dropped("B", 1200.0)),
        record(0, 1263, failed(1)),
        record(0, 1264, connected(Resumed, 2, Some(2.0))),
        record(0, 1306, sample(9)),
    ]
}

fn fold(window: Window, records: &[Observation], liveness: Liveness) -> Metrics {
    let mut collector = Collector::new(window, RECENT);
    for record in records {
        collector.record(record);
    }
    collector.metrics(liveness)
}

fn all(records: &[Observation], liveness: Liveness) -> Metrics {
    fold(Window::default(), records, liveness)
}
