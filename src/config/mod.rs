//! Resolves arguments and environment into settings that leave nothing open. Every refusal is in here.
//!
//! Pure: the time, the time zone, a random number and the question whether a file exists are arguments. No
//! file is read here; paths are passed on to whoever opens them.

mod aws;
mod error;
mod navien;
mod operand;
mod period;
mod place;
mod probe;
mod report;
mod security;
mod session;
mod topic;
mod watch;

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::cli::environment::Environment;
use crate::cli::{Cli, Command};
use crate::report::Zone;

pub use crate::cli::value::{ColorChoice, SummaryFormat, WatchFormat};
pub use aws::AwsSigning;
pub use error::{ConfigError, Refusal};
pub use navien::NavienOptions;
pub use period::{PeriodError, moment};
pub use place::{Display, Verbosity, ZoneChoice};
pub use report::{ExportConfig, Layout, ReportConfig, ReportSource, SummaryConfig};
pub use security::{CertificateCheck, ClientCertificate, TlsOptions};
pub use topic::TopicError;
pub use watch::{JournalChoice, WatchConfig};

/// What one command is to do.
#[derive(Debug, Clone)]
pub enum Config {
    /// `nwdiag watch`.
    Watch(Box<WatchConfig>),
    /// `nwdiag summary`.
    Summary(SummaryConfig),
    /// `nwdiag export`.
    Export(ExportConfig),
}

/// What settings depend on besides the command line.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The variables of this process.
    pub environment: &'a Environment,
    /// The wall clock's time.
    pub now: DateTime<Utc>,
    /// The local time zone.
    pub zone: Zone,
    /// Whether there is a file at a path.
    pub exists: &'a dyn Fn(&Path) -> bool,
    /// For the default client ID, so that it differs from those of other runs.
    pub random: u32,
}

/// Resolves what the user typed; an error says what is wrong, where, and what to write instead.
pub fn resolve(cli: Cli, around: Surroundings<'_>) -> Result<Config, ConfigError> {
    match cli.command {
        Command::Watch(args) => watch::resolve(&args, &cli.origins, around).map(Box::new).map(Config::Watch),
        Command::Summary(args) => report::summary(args, &cli.origins, around).map(Config::Summary),
        Command::Export(args) => report::export(args, &cli.origins, around).map(Config::Export),
    }
}

#[cfg(test)]
mod tests;
