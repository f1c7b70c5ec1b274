//! The operand, TARGET or FILE: from the command line, else from `NWDIAG_TARGET`.

use super::error::{ConfigError, Refusal};
use crate::cli::environment::Environment;
use crate::target::Target;

/// The operand and where it was given.
pub(super) struct Operand<'a> {
    text: &'a str,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Argument,
    Variable,
}

const VARIABLE: &str = "NWDIAG_TARGET";

impl<'a> Operand<'a> {
    /// The argument, else the variable, if either is given.
    pub(super) fn find(
        argument: Option<&'a str>,
        environment: &'a Environment,
    ) -> Result<Option<Self>, ConfigError> {
        if let Some(text) = argument {
            return Ok(Some(Self { text, origin: Origin::Argument }));
        }
        let Some(value) = environment.value(VARIABLE) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| in_variable(Refusal::NotUtf8))?;
        Ok(Some(Self { text, origin: Origin::Variable }))
    }

    /// Whether it was given on the command line.
    pub(super) fn is_argument(&self) -> bool {
        self.origin == Origin::Argument
    }

    /// The operand as given.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The target that it names.
    pub(super) fn target(&self) -> Result<Target, ConfigError> {
        Target::parse(self.text).map_err(|error| match self.origin {
            Origin::Argument => ConfigError::Target(error),
            Origin::Variable => in_variable(Refusal::Target(error)),
        })
    }
}

fn in_variable(refusal: Refusal) -> ConfigError {
    ConfigError::Refused { place: VARIABLE.to_owned(), refusal }
}
