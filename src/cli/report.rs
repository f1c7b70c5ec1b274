//! The options of `nwdiag summary` and `nwdiag export`.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::DisplayArgs;
use super::value::{ExportFormat, SummaryFormat};

/// The long description of `summary`.
pub(super) const SUMMARY_ABOUT: &str = "\
Report what the journal knows, as a table for reading

Connections, drops by error, session times, availability, round trips, and the last drops. It reads the journal that \
'nwdiag watch' records, also while it is being written; or a dump: an export of ours, export_json of nwp500-python, or a \
Home Assistant diagnostics download of the Navien NWP500 integration.";

/// The long description of `export`.
pub(super) const EXPORT_ABOUT: &str = "\
Report what the journal knows, as JSON for programs

The same numbers as 'nwdiag summary', every key always there; what a dump does not tell is null or 0. It reads the \
journal that 'nwdiag watch' records, also while it is being written, or a dump as 'nwdiag summary' does.";

/// What stands below the options of `summary`.
pub(super) const SUMMARY_EXAMPLES: &str = "\
Examples:
  nwdiag summary mqtt://broker.local
  nwdiag summary mqtt://broker.local --since yesterday --until '1h ago'
  nwdiag summary ./saved.jsonl --since '2026-11-22 08:00'
  nwdiag summary ./home-assistant-diagnostics.json
  nwdiag summary --format markdown mqtt://broker.local -o report.md
  nwdiag summary --json mqtt://broker.local | jq .metrics.total_connection_drops

Every option can be set in the environment too: --since 24h is NWDIAG_SINCE=24h. The option wins.
Exit codes: 0 done, 1 could not do it, 2 wrong usage or settings.";

/// What stands below the options of `export`.
pub(super) const EXPORT_EXAMPLES: &str = "\
Examples:
  nwdiag export mqtt://broker.local | jq .metrics.total_connection_drops
  nwdiag export mqtt://broker.local --since 7d -o week.json
  ssh pi cat .local/state/nwdiag/demo.jsonl | nwdiag export -

Every option can be set in the environment too: --since 24h is NWDIAG_SINCE=24h. The option wins.
Exit codes: 0 done, 1 could not do it, 2 wrong usage or settings.";

/// `nwdiag summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// What to report.
    #[command(flatten)]
    pub source: SourceArgs,
    /// What to print [default: table]
    #[arg(long, value_enum, conflicts_with = "json")]
    pub format: Option<SummaryFormat>,
    /// Short for --format json
    #[arg(long)]
    pub json: bool,
    /// Colours, times, verbosity.
    #[command(flatten)]
    pub display: DisplayArgs,
}

/// `nwdiag export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What to report.
    #[command(flatten)]
    pub source: SourceArgs,
    /// What to print [default: json]
    #[arg(long, value_enum, conflicts_with = "json")]
    pub format: Option<ExportFormat>,
    /// Short for --format json
    #[arg(long)]
    pub json: bool,
    /// Indent the JSON, also into a pipe or file
    #[arg(long, conflicts_with = "compact")]
    pub pretty: bool,
    /// Print the JSON on one line, also on a terminal
    #[arg(long)]
    pub compact: bool,
    /// How many of the recent drops and connections to list, 0 to 10000 [default: 50]
    #[arg(long, value_name = "N")]
    pub recent: Option<u32>,
    /// Colours, times, verbosity.
    #[command(flatten)]
    pub display: DisplayArgs,
}

/// Which journal, which period, and where the report goes.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// What was watched (a URL, 'demo' or 'navien'), or a file: a journal or a dump; - is standard input
    ///
    /// A text with a slash, one that ends in .jsonl or .json, or the name of a file that is there is taken as a file, and
    /// what is in it says what it is. Totals of a dump belong to no period: with --since or --until only what it lists one
    /// by one counts. Without TARGET or FILE, NWDIAG_TARGET is used.
    #[arg(value_name = "TARGET|FILE", value_hint = ValueHint::AnyPath)]
    pub target: Option<String>,
    /// Leave out what happened before TIME
    ///
    /// TIME is 2026-11-22, '2026-11-22 08:00', 08:00, RFC 3339 such as 2026-11-22T08:00:00Z, now, today, yesterday,
    /// tomorrow, '1h ago', -1h, or an age such as 24h or 7d. Times are local unless --utc is given.
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Leave out what happened after TIME, written as for --since
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Write to FILE, which is replaced once the report is complete [default: standard output]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Read the target's journal from FILE [default: $XDG_STATE_HOME/nwdiag/TARGET.jsonl]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub journal: Option<PathBuf>,
}
