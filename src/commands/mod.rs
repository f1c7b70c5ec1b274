//! The three commands: composition of the rooms below, and nothing else.

mod help;
mod report;
mod start;
mod watch;

use std::process::ExitCode;

use crate::cli;
use crate::cli::environment::Environment;
use crate::config::{Config, Surroundings, resolve};
use crate::io::{clock, journal_file, terminal};

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done: exit code 0.
    Done,
    /// It could not be done, and the reason was said: exit code 1.
    Failed,
}

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Wrong settings: exit code 2.
    #[error(transparent)]
    Settings(anyhow::Error),
    /// Anything else: exit code 1.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

/// Runs the program with these arguments, the program's own name first, and tells its exit code.
pub fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>, environment: &Environment) -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = arguments.into_iter().collect();
    if let Some(page) = help::asked(&arguments) {
        return exit_code(help::print(&page));
    }
    let cli = match cli::parse(arguments, environment) {
        Ok(cli) => cli,
        Err(shown) => {
            // Help that nobody reads any more is no error.
            let _ = shown.print();
            return ExitCode::from(u8::try_from(shown.exit_code()).unwrap_or(WRONG_USAGE));
        }
    };
    let around = Surroundings {
        environment,
        now: clock::wall(),
        zone: clock::local,
        exists: &journal_file::is_there,
        random: fastrand::u32(..),
    };
    let outcome =
        resolve(cli, around).map_err(|error| CommandError::Settings(error.into())).and_then(command);
    exit_code(outcome)
}

fn command(config: Config) -> Result<Outcome, CommandError> {
    match config {
        Config::Watch(config) => watch::run(*config),
        Config::Summary(config) => report::summary(&config),
        Config::Export(config) => report::export(&config),
    }
}

fn exit_code(outcome: Result<Outcome, CommandError>) -> ExitCode {
    let (error, code) = match outcome {
        Ok(Outcome::Done) => return ExitCode::SUCCESS,
        Ok(Outcome::Failed) => return ExitCode::from(FAILED),
        Err(CommandError::Settings(error)) => (error, WRONG_USAGE),
        Err(CommandError::Failed(error)) => (error, FAILED),
    };
    terminal::say(&format!("{error:#}"));
    ExitCode::from(code)
}
