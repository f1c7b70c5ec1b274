//! The table of faults, printed row by row past the test harness, which keeps the words of tests that pass to itself.

use std::io::Write;
use std::sync::Once;

use serde_json::Value;

const HEADING: &str =
    "fault | transport | version | closed_by or phase | error_name (code) | reason_code | close code";

static HEADED: Once = Once::new();

/// Prints the row of a `drop` or `attempt_failed` record.
pub(crate) fn print(fault: &str, transport: &str, record: &Value) {
    HEADED.call_once(|| write(HEADING));
    let told = |key: &str| record.get(key).filter(|value| !value.is_null());
    let word = |key: &str, other: &str| told(key).or_else(|| told(other)).map_or("-".to_owned(), plain);
    let name = match told("error_code") {
        Some(code) => format!("{} ({code})", word("error_name", "")),
        None => word("error_name", ""),
    };
    let cells = [
        fault.to_owned(),
        transport.to_owned(),
        word("protocol", ""),
        word("closed_by", "phase"),
        name,
        word("reason_code", "return_code"),
        word("websocket_close_code", ""),
    ];
    write(&cells.join(" | "));
}

/// A text without its quotation marks.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One write a line, so that tests beside each other do not mix theirs. What nobody reads is no reason to fail.
fn write(line: &str) {
    let _ = std::io::stderr().write_all(format!("table: {line}\n").as_bytes());
}
