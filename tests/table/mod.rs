//! The table of faults and what came of each, a line a fault, printed past the test harness for a person and for
//! `tests/run`, which gathers the lines of each part and has their headings.

use std::io::Write;

use serde_json::Value;

/// Prints a line of a part of the table: each cell as wide as it says, a dash where there is nothing to say.
pub(crate) fn print(part: &str, cells: &[(&str, usize)]) {
    let shown = |(text, width): &(&str, usize)| {
        let text = if text.is_empty() { "-" } else { text };
        format!("{text:<width$}")
    };
    let cells: Vec<String> = cells.iter().map(shown).collect();
    // One write a line, so that tests beside each other do not mix theirs.
    let line = format!("table: {part:<9} | {}\n", cells.join(" | "));
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Prints what a `drop` or an `attempt_failed` told of a fault.
pub(crate) fn print_end(part: &str, fault: &str, transport: &str, record: &Value) {
    let told = |keys: &[&str]| {
        let values = keys.iter().filter_map(|key| record.get(key)).find(|value| !value.is_null());
        values.map(plain).unwrap_or_default()
    };
    let error = format!("{} ({})", told(&["error_name"]), told(&["error_code"]));
    print(
        part,
        &[
            (fault, 51),
            (transport, 9),
            (&told(&["protocol"]), 7),
            (&told(&["closed_by", "phase"]), 15),
            (&error, 49),
            (&told(&["reason_code", "return_code"]), 4),
            (&told(&["websocket_close_code"]), 0),
        ],
    );
}

/// A text without its quotation marks.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
