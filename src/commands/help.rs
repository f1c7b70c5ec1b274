//! `nwdiag help CAUSE` and `nwdiag help causes`: the pages of the catalogue. Everything else about help is clap's.

use std::ffi::OsString;

use super::{CommandError, Outcome};
use crate::diagnosis::Cause;
use crate::io::report_output;
use crate::report::cause;

/// What these arguments, the program's own name first, ask of the catalogue; `None` where they ask for something else.
pub(super) fn asked(arguments: &[OsString]) -> Option<String> {
    let [_, help, what] = arguments else { return None };
    if help != "help" {
        return None;
    }
    match what.to_str()? {
        "causes" => Some(cause::list()),
        word => Cause::from_word(word).map(cause::help),
    }
}

/// Prints it.
pub(super) fn print(page: &str) -> Result<Outcome, CommandError> {
    report_output::to_standard_output(page.as_bytes()).map_err(anyhow::Error::from)?;
    Ok(Outcome::Done)
}
