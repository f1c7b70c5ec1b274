//! Fields of the service's JSON, read with patience: a whole number may come as a text or with a point, null is absence.

use std::time::Duration;

use serde_json::{Map, Value};

/// An object of the service's JSON.
pub(super) type Fields = Map<String, Value>;

/// The largest number that JSON tells apart from its neighbours whatever wrote it, 2^53.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A field that should hold a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an unreadable {0}")]
pub(super) struct NotWhole(&'static str);

/// The field, unless it is absent or null.
pub(super) fn present<'f>(fields: &'f Fields, key: &str) -> Option<&'f Value> {
    fields.get(key).filter(|value| !value.is_null())
}

/// A text that is not empty.
pub(super) fn text<'f>(fields: &'f Fields, key: &str) -> Option<&'f str> {
    fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A whole number: `3600`, `3600.0` or `"3600"`.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| exact(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| exact(text.trim().parse().ok()?)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
fn exact(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= LARGEST_EXACT).then_some(number as i64)
}

/// A span in whole seconds; one below zero is over at once.
pub(super) fn span(fields: &Fields, key: &'static str) -> Result<Option<Duration>, NotWhole> {
    let Some(value) = present(fields, key) else { return Ok(None) };
    let seconds = whole(value).ok_or(NotWhole(key))?;
    Ok(Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_number_may_be_a_text_or_have_a_point_but_no_fraction() {
        let rows = [
            (json!(3600), Some(3600)),
            (json!(3600.0), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600.0 "), Some(3600)),
            (json!(-1), Some(-1)),
            (json!(3600.5), None),
            (json!("1e400"), None),
            (json!("NaN"), None),
            (json!(u64::MAX), None),
            (json!(true), None),
            (json!("soon"), None),
            (json!([3600]), None),
        ];
        for (value, number) in rows {
            assert_eq!(whole(&value), number, "{value}");
        }
    }

    #[test]
    fn a_span_may_be_absent_and_never_runs_backwards() {
        let read = |value: Value| span(json!({ "s": value }).as_object().unwrap(), "s");
        assert_eq!(read(Value::Null), Ok(None));
        assert_eq!(span(&Fields::new(), "s"), Ok(None));
        assert_eq!(read(json!("60")), Ok(Some(Duration::from_mins(1))));
        assert_eq!(read(json!(-60)), Ok(Some(Duration::ZERO)));
        assert_eq!(read(json!("x")), Err(NotWhole("s")));
    }
}
