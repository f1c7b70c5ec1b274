//! Environment variables as a second source of options: an option that the command line does not give is
//! taken from its variable, `NWDIAG_` and its name.
//!
//! Each variable is turned into the argument that it stands for, so that one parser and one set of rules
//! serve both. The process's environment is an argument and not read here.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// The variables of a process. `Debug` shows their names only, as a value may be a password.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// From pairs of name and value, as `std::env::vars_os` gives them.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The options that were taken from the environment, so that messages can name the variable instead of the
/// option.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(BTreeSet<String>);

impl Origins {
    /// Whether the value of `option` (its long name) came from the environment.
    pub fn from_environment(&self, option: &str) -> bool {
        self.0.contains(option)
    }

    /// What the user has to change: `--keep-alive` or `NWDIAG_KEEP_ALIVE`.
    pub fn place(&self, option: &str) -> String {
        if self.from_environment(option) { variable_name(option) } else { format!("--{option}") }
    }
}

/// Options without a variable: they print something else, or are short for another option.
const WITHOUT_VARIABLE: [&str; 3] = ["help", "version", "json"];

/// The variable of an option; `None` for operands and for `--help`, `--version` and `--json`.
pub fn variable(option: &Arg) -> Option<String> {
    option.get_long().filter(|long| !WITHOUT_VARIABLE.contains(long)).map(variable_name)
}

fn variable_name(long: &str) -> String {
    format!("NWDIAG_{}", long.to_uppercase().replace('-', "_"))
}

/// Inserts the arguments that variables stand for before those of the command line, and returns which options
/// these are.
pub(super) fn fill_in(
    mut args: Vec<OsString>,
    environment: &Environment,
) -> Result<(Vec<OsString>, Origins), clap::Error> {
    let mut root = super::command();
    let matches = root.try_get_matches_from_mut(&args)?;
    let subcommand =
        matches.subcommand().and_then(|(name, given)| Some((root.find_subcommand(name)?, given)));
    let Some((command, given)) = subcommand else { return Ok((args, Origins::default())) };
    let mut origins = BTreeSet::new();
    let mut added = Vec::new();
    for option in command.get_arguments() {
        let Some((variable, value)) = applicable(command, given, option, environment) else { continue };
        added.extend(arguments(command, option, &variable, value)?);
        origins.extend(option.get_long().map(str::to_owned));
    }
    // The subcommand is the second argument, since no option comes before it.
    args.splice(AFTER_SUBCOMMAND..AFTER_SUBCOMMAND, added);
    Ok((args, Origins(origins)))
}

const AFTER_SUBCOMMAND: usize = 2;

/// The variable to use for an option: one that is set, known to the command, and not overruled by an
/// argument.
fn applicable<'e>(
    command: &Command,
    given: &ArgMatches,
    option: &Arg,
    environment: &'e Environment,
) -> Option<(String, &'e OsStr)> {
    let variable = variable(option)?;
    let value = environment.value(&variable)?;
    let overruled = written(given, option) || rivals(command, option).any(|rival| written(given, rival));
    (!overruled && !foreign_format(option, value)).then_some((variable, value))
}

fn written(given: &ArgMatches, option: &Arg) -> bool {
    given.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// The options that conflict with `option`, whichever of the two declares the conflict.
fn rivals<'c>(command: &'c Command, option: &'c Arg) -> impl Iterator<Item = &'c Arg> {
    let excludes = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    command.get_arguments().filter(move |other| excludes(option, other) || excludes(other, option))
}

/// Whether the value is a format that only another command has: one `NWDIAG_FORMAT` serves all of them.
fn foreign_format(option: &Arg, value: &OsStr) -> bool {
    let known = |value: &OsStr| option.get_possible_values().iter().any(|known| known.get_name() == value);
    option.get_long() == Some("format") && !known(value)
}

/// The arguments that have the same effect as the variable.
fn arguments(
    command: &Command,
    option: &Arg,
    variable: &str,
    value: &OsStr,
) -> Result<Vec<OsString>, clap::Error> {
    let flag = OsString::from(format!("--{}", option.get_long().unwrap_or_default()));
    match option.get_action() {
        ArgAction::SetTrue => {
            let on = read(TRUTHS, value).ok_or_else(|| refusal(command, variable, "1 or 0"))?;
            Ok(vec![flag; usize::from(on)])
        }
        ArgAction::Count => {
            let times = read(COUNTS, value).ok_or_else(|| refusal(command, variable, "0, 1, 2 or 3"))?;
            Ok(vec![flag; usize::from(times)])
        }
        ArgAction::Append => Ok(lines(value).iter().map(|line| with_value(&flag, line)).collect()),
        _ => Ok(vec![with_value(&flag, value)]),
    }
}

const TRUTHS: &[(&str, u8)] =
    &[("1", 1), ("true", 1), ("yes", 1), ("on", 1), ("0", 0), ("false", 0), ("no", 0), ("off", 0)];
const COUNTS: &[(&str, u8)] = &[("0", 0), ("1", 1), ("2", 2), ("3", 3)];

fn read(words: &[(&str, u8)], value: &OsStr) -> Option<u8> {
    words.iter().find(|(word, _)| value.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
}

fn refusal(command: &Command, variable: &str, instead: &str) -> clap::Error {
    command.clone().error(ErrorKind::InvalidValue, format!("invalid value in {variable}: write {instead}"))
}

/// The lines of a value that lists several; a value that is not UTF-8 stays whole and is refused by the
/// parser.
fn lines(value: &OsStr) -> Vec<OsString> {
    match value.to_str() {
        Some(text) => text.lines().filter(|line| !line.trim().is_empty()).map(Into::into).collect(),
        None => vec![value.to_owned()],
    }
}

fn with_value(flag: &OsStr, value: &OsStr) -> OsString {
    let mut argument = flag.to_owned();
    argument.push("=");
    argument.push(value);
    argument
}

/// Makes an error about an inserted argument name the variable, since the user did not type the option.
pub(super) fn name_variable(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::PriorArg] {
        if let Some(ContextValue::String(option)) = error.get(kind) {
            let renamed = ContextValue::String(variable_of(option));
            error.insert(kind, renamed);
        }
    }
    error
}

/// The variable of an option that clap names, such as `--keep-alive <DURATION>`.
fn variable_of(option: &str) -> String {
    let long = option.trim_start_matches('-').split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
    variable_name(long.unwrap_or_default())
}
