//! The values of options: their words, and how durations and sizes are read.

use std::time::Duration;

use bytesize::ByteSize;
use clap::ValueEnum;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal.
    #[default]
    Auto,
    /// Always, also into a pipe.
    Always,
    /// Never.
    Never,
}

/// What `watch` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum WatchFormat {
    /// One line per event, for people
    #[default]
    Text,
    /// The journal's records, one JSON object per line
    Json,
}

/// What `summary` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SummaryFormat {
    /// A table for 80 columns
    #[default]
    Table,
    /// Markdown, to paste into an issue
    Markdown,
    /// The object that 'nwdiag export' prints
    Json,
}

/// What `export` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object
    #[default]
    Json,
}

/// The MQTT version to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ProtocolChoice {
    /// MQTT 5, and 3.1.1 where the broker does not take that
    #[default]
    Auto,
    /// MQTT 3.1.1
    #[value(name = "3.1.1")]
    V311,
    /// MQTT 5
    #[value(name = "5")]
    V5,
}

/// Why a text is not a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// A number without a unit.
    #[error("the unit is missing: write {0}s, {0}m, {0}h or {0}d")]
    Unit(u64),
    /// A text that is not a duration.
    #[error("{0}; write a duration such as 500ms, 90s, 5m, 24h or 7d")]
    Duration(#[from] humantime::DurationError),
    /// A duration too long to be represented.
    #[error("too many digits")]
    Digits,
    /// A text that is not a size.
    #[error("write a number of bytes, or a size such as 64KiB or 1MiB")]
    Size,
}

/// The most digits of a number in a duration: 10^9 years still fit into the seconds of a `Duration`.
const DIGITS: usize = 9;

/// Reads `90s`, `5m`, `24h`, `7d`, `1h 30m`; a bare number is refused.
pub fn duration(text: &str) -> Result<Duration, ValueError> {
    if let Ok(number) = text.trim().parse() {
        return Err(ValueError::Unit(number));
    }
    // humantime panics on an overflow of the seconds, so that numbers with too many digits are refused
    // before.
    let number = |c: char| c.is_ascii_digit() || c.is_whitespace();
    let digits = |run: &str| run.chars().filter(char::is_ascii_digit).count();
    if text.split(|c| !number(c)).any(|run| digits(run) > DIGITS) {
        return Err(ValueError::Digits);
    }
    Ok(humantime::parse_duration(text)?)
}

/// Reads `4096`, `64KiB`, `1MiB`.
pub fn size(text: &str) -> Result<ByteSize, ValueError> {
    text.trim().parse().map_err(|_| ValueError::Size)
}
