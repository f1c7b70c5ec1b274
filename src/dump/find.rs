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

/// What `value` is or holds.
pub(super) fn find(value: &Value) -> Result<Found<'_>, DumpError> {
    let whole = embedded(value).map_or(Cow::Borrowed(value), Cow::Owned);
    if let Some(found) = known(whole.clone(), None, Origin::Library)? {
        return Ok(found);
    }
    let mut candidates = Vec::new();
    gather(&whole, &mut candidates);
    let Some(first) = candidates.first().map(words) else { return Err(nothing(&whole)) };
    let zone = text(&whole["home_assistant"], "timezone");
    for dump in candidates {
        if let Some(found) = known(Cow::Owned(dump), zone.map(str::to_owned), Origin::HomeAssistant)? {
            return Ok(found);
        }
    }
    Err(DumpError::NotADump(first))
}

fn known(
    value: Cow<'_, Value>,
    zone: Option<String>,
    origin: Origin,
) -> Result<Option<Found<'_>>, DumpError> {
    if let Some(schema) = value["schema"].as_str().filter(|schema| schema.starts_with("nwdiag.export/")) {
        return if schema == SCHEMA {
            Ok(Some(Found::Own(value)))
        } else {
            Err(DumpError::Version(schema.to_owned()))
        };
    }
    Ok(is_reference(&value).then_some(Found::Reference { dump: value, zone, origin }))
}

/// Keys of `metrics` that every version of the library wrote.
const METRICS: [&str; 3] = ["total_connection_drops", "total_connections", "connection_drops_by_error"];

fn is_reference(value: &Value) -> bool {
    let lists = ["recent_drops", "recent_connections"];
    METRICS.iter().any(|key| value["metrics"].get(key).is_some())
        || lists.iter().any(|key| value[key].is_array())
}

/// What every [`KEY`] holds. JSON that was read is at most 128 deep.
fn gather(value: &Value, held: &mut Vec<Value>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| match key.as_str() {
            KEY => held.push(embedded(value).unwrap_or_else(|| value.clone())),
            _ => gather(value, held),
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
