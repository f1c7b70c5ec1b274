//! Which dump a JSON value is, or where in it one lies.

use std::borrow::Cow;

use serde_json::Value;

use super::account::Origin;
use super::embedded;
use super::error::DumpError;
use super::own::SCHEMA;
use super::value::{text, words};

/// A dump, and what stands around it.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// An export of ours.
    Own(Cow<'a, Value>),
    /// The reference library's.
    Reference {
        /// The dump itself.
        dump: Cow<'a, Value>,
        /// The time zone of the host, where a download tells it.
        zone: Option<String>,
        /// Whether it lay in a download.
        origin: Origin,
    },
}

/// Under this key the Home Assistant integration keeps the dump.
const KEY: &str = "mqtt_diagnostics";

/// What `value` is or holds: the first dump in it, and how many there are beside it.
pub(super) fn find(value: &Value) -> Result<(Found<'_>, u64), DumpError> {
    let whole = embedded(value).map_or(Cow::Borrowed(value), Cow::Owned);
    if is_dump(&whole) {
        return Ok((known(whole, None, Origin::Library)?, 0));
    }
    let mut candidates = Vec::new();
    gather(&whole, &mut candidates);
    let Some(first) = candidates.first().map(|candidate| words(candidate)) else {
        return Err(nothing(&whole));
    };
    let mut dumps = candidates.into_iter().filter(|candidate| is_dump(candidate));
    let dump = dumps.next().ok_or(DumpError::NotADump(first))?;
    let others = dumps.count() as u64;
    let zone = text(&whole["home_assistant"], "timezone").map(str::to_owned);
    Ok((known(Cow::Owned(dump.into_owned()), zone, Origin::HomeAssistant)?, others))
}

fn known(value: Cow<'_, Value>, zone: Option<String>, origin: Origin) -> Result<Found<'_>, DumpError> {
    match schema(&value) {
        None => Ok(Found::Reference { dump: value, zone, origin }),
        Some(SCHEMA) => Ok(Found::Own(value)),
        Some(other) => Err(DumpError::Version(other.to_owned())),
    }
}

fn is_dump(value: &Value) -> bool {
    schema(value).is_some() || is_reference(value)
}

/// The format of an export of ours.
fn schema(value: &Value) -> Option<&str> {
    value["schema"].as_str().filter(|schema| schema.starts_with("nwdiag.export/"))
}

/// Keys of `metrics` that every version of the library wrote.
const METRICS: [&str; 3] = ["total_connection_drops", "total_connections", "connection_drops_by_error"];

fn is_reference(value: &Value) -> bool {
    let lists = ["recent_drops", "recent_connections"];
    METRICS.iter().any(|key| value["metrics"].get(key).is_some())
        || lists.iter().any(|key| value[key].is_array())
}

/// What every [`KEY`] holds, but for those inside of a dump. JSON that was read is at most 128 deep.
fn gather<'a>(value: &'a Value, held: &mut Vec<Cow<'a, Value>>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            if key == KEY {
                held.push(embedded(value).map_or(Cow::Borrowed(value), Cow::Owned));
            }
            if key != KEY || !is_dump(value) {
                gather(value, held);
            }
        }),
        Value::Array(entries) => entries.iter().for_each(|value| gather(value, held)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn nothing(whole: &Value) -> DumpError {
    if whole["home_assistant"].is_object() || whole["integration_manifest"].is_object() {
        let domain = text(&whole["integration_manifest"], "domain");
        return DumpError::NoDiagnostics(
            domain.map(|domain| format!(" of '{}'", plain(domain))).unwrap_or_default(),
        );
    }
    DumpError::Other(words(whole))
}

/// A short text without what could steer a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(40).collect()
}
