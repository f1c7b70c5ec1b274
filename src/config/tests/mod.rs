//! Command line and environment to settings, as rows.

mod navien;
mod refusals;
mod report;
mod watch;

use chrono::FixedOffset;

use super::*;
use crate::cli;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn two_hours_east(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.with_timezone(&FixedOffset::east_opt(7200).unwrap())
}

/// A home and what `variables` say, which wins.
fn environment<S: AsRef<str>>(variables: &[(S, S)]) -> Environment {
    let given = variables.iter().map(|(name, value)| (name.as_ref().into(), value.as_ref().into()));
    Environment::new(std::iter::once(("HOME".into(), "/home/me".into())).chain(given))
}

fn config(arguments: Vec<String>, environment: &Environment) -> Result<Config, ConfigError> {
    let around = Surroundings {
        environment,
        now: DateTime::parse_from_rfc3339("2026-11-22T12:00:00Z").unwrap().to_utc(),
        zone: two_hours_east,
        exists: &|path| path == Path::new("saved"),
        random: 0x5f0c_2a91,
    };
    resolve(cli::parse(arguments, environment).unwrap(), around)
}

/// Splits at spaces; `_` in an argument stands for a space.
fn resolved(line: &str, variables: Variables<'_>) -> Config {
    let arguments = line.split(' ').map(|argument| argument.replace('_', " ")).collect();
    config(arguments, &environment(variables)).unwrap()
}
