//! The table of faults and what came of each, a line a fault, printed past the test harness for a person and for
//! `tests/run`, which gathers the lines.

use std::io::Write;

/// What came of one fault. Where there was none of a thing, its text is empty.
pub(crate) struct Line<'a> {
    pub(crate) fault: &'a str,
    pub(crate) closed_by: &'a str,
    pub(crate) error_name: &'a str,
    /// Phases and errors of the attempts that failed after it.
    pub(crate) attempts: &'a str,
    /// What was noticed on this host.
    pub(crate) environment: &'a str,
    /// From the fault to its `drop`.
    pub(crate) noticed_after_seconds: Option<f64>,
}

/// Prints a line of the table; `part` names its part.
pub(crate) fn print(part: &str, line: &Line<'_>) {
    let or_dash = |text: &'_ str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let [closed_by, error_name, attempts, environment] =
        [line.closed_by, line.error_name, line.attempts, line.environment].map(or_dash);
    let noticed = line.noticed_after_seconds.map_or_else(|| or_dash(""), |after| format!("{after:.2} s"));
    let row = format!(
        "table: {part:<10} | {:<36} | {closed_by:<15} | {error_name:<37} | {noticed:<7} | {attempts:<57} | {environment}\n",
        line.fault
    );
    std::io::stderr().write_all(row.as_bytes()).unwrap();
}
