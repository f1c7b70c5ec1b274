//! Values as other programs write them: any may be missing, null, masked, or of another type.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use serde_json::{Map, Value};

use crate::event::{is_rfc3339, rounded};

/// More seconds than any session or clock tells: some 130 years. What lies beyond is no span.
pub(super) const MOST_SECONDS: f64 = 4e9;

/// The text at `key`; an empty or masked one is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str().filter(|text| !text.is_empty() && !text.starts_with("**"))
}

/// The count at `key`.
pub(super) fn count(value: &Value, key: &str) -> Option<u64> {
    as_count(&value[key])
}

/// A count; also one that was written with a decimal point.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the cast saturates at a number that no count reaches"
)]
fn as_count(value: &Value) -> Option<u64> {
    let whole = |number: &f64| *number >= 0.0 && number.fract() == 0.0 && *number < u64::MAX as f64;
    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|number| number as u64))
}

/// The small number at `key`; 0 where none is told.
pub(super) fn small<T: TryFrom<u64> + Default>(value: &Value, key: &str) -> T {
    small_if_any(value, key).unwrap_or_default()
}

/// The small number at `key`, if one is there.
pub(super) fn small_if_any<T: TryFrom<u64>>(value: &Value, key: &str) -> Option<T> {
    count(value, key).and_then(|count| T::try_from(count).ok())
}

/// The span at `key`, to a microsecond; what is negative or beyond reason is none.
pub(super) fn seconds(value: &Value, key: &str) -> Option<f64> {
    let seconds = value[key].as_f64().filter(|seconds| (0.0..=MOST_SECONDS).contains(seconds))?;
    Some(rounded(seconds, 1e6))
}

/// The number at `key`.
pub(super) fn number(value: &Value, key: &str) -> Option<f64> {
    value[key].as_f64().filter(|number| number.is_finite())
}

/// The time at `key`, to a millisecond.
pub(super) fn time(value: &Value, key: &str) -> Option<DateTime<Utc>> {
    Some(moment(text(value, key)?)?.trunc_subsecs(3))
}

/// A time as Python writes it: with `Z`, with an offset, with both, or with neither, which then is UTC.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let told = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc3339(text.strip_suffix('Z').unwrap_or(text)));
    let without_zone = || {
        let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    };
    let time = told.map(|told| told.to_utc()).ok().or_else(|| Some(without_zone()?.and_utc()));
    time.filter(|time| is_rfc3339(*time))
}

/// Counts by name, those of nothing left out.
pub(super) fn counts(value: &Value, key: &str) -> Vec<(String, u64)> {
    let entries = value[key].as_object().into_iter().flatten();
    entries
        .filter_map(|(name, count)| Some((name.clone(), as_count(count).filter(|count| *count > 0)?)))
        .collect()
}

/// The same, most frequent first, then by name.
pub(super) fn by_count(mut counts: Vec<(String, u64)>) -> Vec<(String, u64)> {
    counts.sort_by(|(a_name, a), (b_name, b)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    counts
}

/// The entries of the list at `key`.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// What `value` is, in words.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(entries) => format!("a list of {}", entries.len()),
        Value::Object(entries) => keys(entries),
    }
}

/// How many keys are told, and how much of each.
const KEYS_TOLD: usize = 4;
const KEY_CHARACTERS: usize = 40;

fn keys(entries: &Map<String, Value>) -> String {
    let shown = |key: &String| {
        let key: String = key.chars().take(KEY_CHARACTERS).filter(|c| !c.is_control()).collect();
        format!("'{key}'")
    };
    let told: Vec<String> = entries.keys().take(KEYS_TOLD).map(shown).collect();
    match entries.len() {
        0 => "no keys".to_owned(),
        1..=KEYS_TOLD => format!("the keys {}", told.join(", ")),
        more => format!("{more} keys, of them {}", told.join(", ")),
    }
}
