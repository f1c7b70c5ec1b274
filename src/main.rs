//! Parse, run, exit code.

use std::process::ExitCode;

use nwdiag::cli::environment::Environment;

fn main() -> ExitCode {
    nwdiag::commands::run(std::env::args_os(), &Environment::new(std::env::vars_os()))
}
