//! The journal as text: one line is one [`Observation`]. Reading is lenient, writing is strict; nothing here opens a file.

pub mod backlog;
mod lines;
pub mod older;
pub mod replay;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::event::{
    AttemptFailed, Event, FORMAT_VERSION, Observation, RunIdentity, SessionDrop, rfc3339, rounded,
};

/// The longest line, its newline included.
pub const LINE_LIMIT_BYTES: usize = 64 * 1024;

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Torn, corrupt, or of another make.
    #[error("not a record: {0}")]
    Corrupt(#[from] serde_json::Error),
    /// Written by a later nwdiag whose numbers mean something else.
    #[error(
        "written in journal format {0}, and this nwdiag reads format {FORMAT_VERSION}: install a newer nwdiag"
    )]
    Version(u32),
}

pub use crate::event::timestamp;

#[derive(Serialize)]
struct Line<'a, T> {
    ts: String,
    unix_seconds: f64,
    run_seconds: Option<f64>,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    records_lost: u64,
    #[serde(flatten)]
    body: &'a T,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The line of a record, its newline included.
pub fn encode(record: &Observation) -> Result<Vec<u8>, serde_json::Error> {
    match &record.event {
        Event::Start(body) => line(record, body),
        Event::Connected(body) => line(record, body),
        Event::Subscribed(body) => line(record, body),
        Event::Drop(body) => line(record, body),
        Event::LateAnswer(body) => line(record, body),
        Event::AttemptFailed(body) => line(record, body),
        Event::Sample(body) => line(record, body),
        Event::Environment(body) => line(record, body),
        Event::Device(body) => line(record, body),
        Event::Stop(body) => line(record, body),
        Event::Finding(body) => line(record, body),
        Event::ProbeRefused(body) => line(record, body),
        Event::Pruned(body) => line(record, body),
    }
}

fn line<T: Serialize>(record: &Observation, body: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(&Line {
        ts: timestamp(record.ts),
        unix_seconds: record.unix_seconds(),
        run_seconds: record.run_seconds,
        event: record.event.name(),
        target_name: record.target_name.as_deref(),
        run: own_run(record),
        records_lost: record.records_lost,
        body,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The key `run` of a record whose body does not hold it: that of `start` does.
fn own_run(record: &Observation) -> Option<&str> {
    record.run.as_deref().filter(|_| !matches!(record.event, Event::Start(_)))
}

/// What every record has.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(deserialize_with = "rfc3339")]
    ts: DateTime<Utc>,
    #[serde(default)]
    run_seconds: Option<f64>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    target_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    run: Option<Cow<'a, str>>,
    #[serde(default)]
    records_lost: Option<u64>,
}

/// Reads a line; `None` for an event that a later nwdiag added.
pub fn decode(line: &[u8]) -> Result<Option<Observation>, LineError> {
    Decoder::default().decode(line)
}

/// Reads lines one after the other. Most name the run of the line before: its names are kept once for all of them.
#[derive(Debug, Default)]
pub struct Decoder {
    latest: RunIdentity,
}

impl Decoder {
    /// Reads a line; `None` for an event that a later nwdiag added.
    pub fn decode(&mut self, line: &[u8]) -> Result<Option<Observation>, LineError> {
        let head: Head<'_> = serde_json::from_slice(line)?;
        let Some(event) = event(&head.event, line)? else { return Ok(None) };
        Ok(Some(Observation {
            ts: head.ts,
            run_seconds: head.run_seconds.map(|seconds| rounded(seconds, 1e6)),
            target_name: kept(&mut self.latest.target_name, head.target_name.as_deref()),
            run: kept(&mut self.latest.run, head.run.as_deref()),
            records_lost: head.records_lost.unwrap_or(0),
            event,
        }))
    }
}

/// The name, shared with the latest where that is the same; an empty one is unknown.
fn kept(latest: &mut Option<Arc<str>>, name: Option<&str>) -> Option<Arc<str>> {
    let name = name.filter(|name| !name.is_empty())?;
    if latest.as_deref() != Some(name) {
        *latest = Some(Arc::from(name));
    }
    latest.clone()
}

fn event(name: &str, line: &[u8]) -> Result<Option<Event>, LineError> {
    Ok(Some(match name {
        "start" => start(line)?,
        "connected" => Event::Connected(body(line)?),
        "subscribed" => Event::Subscribed(body(line)?),
        "drop" => Event::Drop(drop(line)?),
        "late_answer" => Event::LateAnswer(body(line)?),
        "attempt_failed" => Event::AttemptFailed(attempt_failed(line)?),
        "sample" => Event::Sample(body(line)?),
        "environment" => Event::Environment(body(line)?),
        "device" => Event::Device(body(line)?),
        "stop" => Event::Stop(body(line)?),
        "finding" => Event::Finding(body(line)?),
        "probe_refused" => Event::ProbeRefused(body(line)?),
        "pruned" => Event::Pruned(body(line)?),
        _ => return Ok(None),
    }))
}

fn body<T: DeserializeOwned>(line: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(line)
}

fn drop(line: &[u8]) -> Result<Box<SessionDrop>, serde_json::Error> {
    let mut drop: Box<SessionDrop> = body(line)?;
    drop.failure = drop.failure.or_else(|| older::drop_failure(&drop));
    Ok(drop)
}

fn attempt_failed(line: &[u8]) -> Result<Box<AttemptFailed>, serde_json::Error> {
    let mut failed: Box<AttemptFailed> = body(line)?;
    failed.failure = failed.failure.or_else(|| older::attempt_failure(&failed));
    Ok(failed)
}

/// The version is read before the rest, which may have changed with it.
fn start(line: &[u8]) -> Result<Event, LineError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    match body::<Version>(line)?.v {
        FORMAT_VERSION => Ok(Event::Start(body(line)?)),
        other => Err(LineError::Version(other)),
    }
}
