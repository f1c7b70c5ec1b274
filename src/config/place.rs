//! The journal's path, and how the program's output looks: colours, time zone, verbosity.

use std::ffi::OsStr;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Utc};

use crate::cli::DisplayArgs;
use crate::cli::environment::Environment;
use crate::cli::value::ColorChoice;
use crate::report::Zone;

/// How the program's output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    /// Resolved from the option, `NO_COLOR`, `CLICOLOR_FORCE` and `TERM`; `Auto` only depends on whether the
    /// output is a terminal.
    pub color: ColorChoice,
    /// The time zone of times.
    pub zone: ZoneChoice,
    /// How much is written to standard error.
    pub verbosity: Verbosity,
}

/// The time zone in which times are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneChoice {
    /// This host's.
    Local,
    /// UTC.
    Utc,
}

impl ZoneChoice {
    /// The time zone as a function; `local` is this host's.
    pub fn function(self, local: Zone) -> Zone {
        match self {
            Self::Local => local,
            Self::Utc => utc,
        }
    }
}

/// UTC as a [`Zone`].
pub(super) fn utc(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.fixed_offset()
}

/// How much is written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`: errors only, no status line and no progress.
    Quiet,
    /// Errors and warnings.
    Normal,
    /// `-v`.
    Info,
    /// `-vv`.
    Debug,
    /// `-vvv` and more.
    Trace,
}

/// Resolves how the program's output looks.
pub(super) fn display(args: &DisplayArgs, environment: &Environment) -> Display {
    Display {
        color: args.color.unwrap_or_else(|| color(environment)),
        zone: if args.utc { ZoneChoice::Utc } else { ZoneChoice::Local },
        verbosity: verbosity(args),
    }
}

fn verbosity(args: &DisplayArgs) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Info,
        (false, 2) => Verbosity::Debug,
        (false, _) => Verbosity::Trace,
    }
}

/// The order of <https://bixense.com/clicolors>: `NO_COLOR` comes before `CLICOLOR_FORCE`.
fn color(environment: &Environment) -> ColorChoice {
    let forced = environment.value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    if environment.value("NO_COLOR").is_some() {
        ColorChoice::Never
    } else if forced {
        ColorChoice::Always
    } else if environment.value("TERM") == Some(OsStr::new("dumb")) {
        ColorChoice::Never
    } else {
        ColorChoice::Auto
    }
}

/// The path of the journal of the target called `name`; `None` if neither `XDG_STATE_HOME` nor `HOME` is an
/// absolute path.
pub(super) fn journal(name: &str, environment: &Environment) -> Option<PathBuf> {
    let absolute =
        |variable: &str| environment.value(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("nwdiag").join(format!("{name}.jsonl")))
}
