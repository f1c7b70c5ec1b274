//! The one operand, TARGET or FILE: from the command line, else from `NWDIAG_TARGET`.

use std::path::{Path, PathBuf};

use super::error::{ConfigError, Refusal};
use super::report::ReportSource;
use crate::cli::environment::Environment;
use crate::target::Target;

/// What the user named, and where.
pub(super) struct Operand<'a> {
    text: &'a str,
    written: Written,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Argument,
    Variable,
}

const VARIABLE: &str = "NWDIAG_TARGET";

/// A file that holds records, or a dump, as a name.
const FILE_ENDINGS: [&str; 2] = [".jsonl", ".json"];

impl<'a> Operand<'a> {
    /// The argument, else the variable, if there is either.
    pub(super) fn find(
        argument: Option<&'a str>,
        environment: &'a Environment,
    ) -> Result<Option<Self>, ConfigError> {
        if let Some(text) = argument {
            return Ok(Some(Self { text, written: Written::Argument }));
        }
        let Some(value) = environment.value(VARIABLE) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| in_variable(Refusal::NotUtf8))?;
        Ok(Some(Self { text, written: Written::Variable }))
    }

    /// Whether it stands on the command line.
    pub(super) fn is_argument(&self) -> bool {
        self.written == Written::Argument
    }

    /// The target that it names.
    pub(super) fn target(&self) -> Result<Target, ConfigError> {
        Target::parse(self.text).map_err(|error| match self.written {
            Written::Argument => ConfigError::Target(error),
            Written::Variable => in_variable(Refusal::Target(error)),
        })
    }

    /// The journal or dump that it names, if it names one: standard input, or a file.
    pub(super) fn journal(&self, exists: &dyn Fn(&Path) -> bool) -> Option<ReportSource> {
        let path = Path::new(self.text);
        let known = self.text.contains("://") || Target::parse(self.text).is_ok();
        let like_a_file =
            self.text.contains('/') || FILE_ENDINGS.iter().any(|ending| self.text.ends_with(ending));
        match self.text {
            "-" => Some(ReportSource::Stdin),
            _ if known => None,
            _ if like_a_file || exists(path) => Some(ReportSource::File(PathBuf::from(path))),
            _ => None,
        }
    }
}

fn in_variable(refusal: Refusal) -> ConfigError {
    ConfigError::Refused { place: VARIABLE.to_owned(), refusal }
}
