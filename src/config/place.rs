//! Where things are and how they show: state directory, colours, zone, verbosity.

use std::ffi::OsStr;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Utc};

use crate::cli::DisplayArgs;
use crate::cli::environment::Environment;
use crate::cli::value::ColorChoice;
use crate::report::Zone;

/// How the program shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    /// Colours, with `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` heeded; `Auto` asks for a terminal only.
    pub color: ColorChoice,
    /// The zone of times.
    pub zone: ZoneChoice,
    /// How much goes to standard error.
    pub verbosity: Verbosity,
}

/// The zone in which times are shown and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneChoice {
    /// Of this host.
    Local,
    /// UTC.
    Utc,
}

impl ZoneChoice {
    /// The zone as a function; `local` is this host's.
    pub fn function(self, local: Zone) -> Zone {
        match self {
            Self::Local => local,
            Self::Utc => utc,
        }
    }
}

/// UTC, as a zone.
pub(super) fn utc(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.fixed_offset()
}

/// How much goes to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`: errors only, no status line and no progress.
    Quiet,
    /// Warnings too.
    Normal,
    /// `-v`.
    Info,
    /// `-vv`.
    Debug,
    /// `-vvv` and more.
    Trace,
}

/// Resolves how the program shows itself.
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

/// As <https://bixense.com/clicolors> orders them: a wish for no colour comes first.
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

/// The path of the journal of the target called `name`; `None` where the environment names no home.
pub(super) fn journal(name: &str, environment: &Environment) -> Option<PathBuf> {
    let absolute =
        |variable: &str| environment.value(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("nwdiag").join(format!("{name}.jsonl")))
}
