//! The command line as typed: types for clap, and the text of `--help`.
//!
//! Nothing is resolved here. An option that was not given stays `None`, and `config` decides what values mean
//! together; only a text that cannot be read as a value of its option is refused.

pub mod environment;
pub mod report;
pub mod value;
pub mod watch;

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use environment::{Environment, Origins};
use report::{ExportArgs, SummaryArgs};
use value::ColorChoice;
use watch::WatchArgs;

/// Tells why an MQTT connection keeps dropping
///
/// nwdiag watches a broker, records what happens to its connection, and names what it saw with the numbers behind it.
/// Every run of 'watch' adds to a journal, one file per target; 'summary' and 'export' report from that journal, also
/// while 'watch' is still writing it.
#[derive(Debug, Parser)]
#[command(name = "nwdiag", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which options came from the environment.
    #[arg(skip)]
    pub origins: Origins,
}

/// The three things that `nwdiag` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Connect, print one line per event, and record the journal
    #[command(long_about = watch::ABOUT, after_help = watch::EXAMPLES)]
    Watch(Box<WatchArgs>),
    /// Report what the journal knows, as a table for reading
    #[command(long_about = report::SUMMARY_ABOUT, after_help = report::SUMMARY_EXAMPLES)]
    Summary(SummaryArgs),
    /// Report what the journal knows, as JSON for programs
    #[command(long_about = report::EXPORT_ABOUT, after_help = report::EXPORT_EXAMPLES)]
    Export(ExportArgs),
}

/// How the program shows itself.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Display")]
pub struct DisplayArgs {
    /// Use colours: auto (on a terminal), always or never [default: auto]
    ///
    /// NO_COLOR and CLICOLOR_FORCE are honoured where this is not given.
    #[arg(long, value_name = "WHEN", value_enum, hide_possible_values = true)]
    pub color: Option<ColorChoice>,
    /// Show and read times in UTC instead of local time
    #[arg(long)]
    pub utc: bool,
    /// Leave out status line, progress and warnings; errors still show
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell more on standard error; -vv and -vvv tell still more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  nwdiag watch demo                     see real drops, nothing to install
  nwdiag watch mqtt://broker.local      watch a broker until Ctrl-C
  nwdiag summary mqtt://broker.local    what happened so far
  nwdiag help causes                    the causes that it can name
  nwdiag help idle_timeout              how one of them shows, and what to do

Every option can be set in the environment too: --keep-alive 30s is NWDIAG_KEEP_ALIVE=30s. The option wins.
Exit codes: 0 done, 1 could not do it, 2 wrong usage or settings.";

/// The whole command line, as help, completions and man pages show it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the arguments, of which the first is the program's name, together with the environment.
///
/// Help, version and wrong usage are returned as clap's error, which has its exit code and its stream.
pub fn parse<I>(args: I, environment: &Environment) -> Result<Cli, clap::Error>
where
    I: IntoIterator<Item: Into<OsString>>,
{
    let written: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let (complete, origins) = environment::fill_in(written, environment)?;
    let matches = command().try_get_matches_from(complete).map_err(environment::name_variable)?;
    Cli::from_arg_matches(&matches).map(|cli| Cli { origins, ..cli })
}

#[cfg(test)]
mod tests;
