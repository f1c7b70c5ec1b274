//! The README's commands are commands that the program takes.

use std::ffi::OsString;
use std::path::Path;

use chrono::{DateTime, FixedOffset, Utc};
use nwdiag::cli::environment::Environment;
use nwdiag::config::{Surroundings, resolve};

const README: &str = include_str!("../README.md");

fn zone(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.fixed_offset()
}

/// Every command of the program in a block of shell: what is set for it, and its arguments up to what the shell does with
/// its output.
fn commands() -> Vec<(String, String)> {
    let shell_blocks = README.split("```").skip(1).step_by(2).filter(|block| block.starts_with("sh"));
    let lines = shell_blocks.flat_map(str::lines);
    let starts =
        |line: &str| line.split_once("nwdiag ").map(|(before, rest)| (before.to_owned(), rest.to_owned()));
    lines
        .filter_map(starts)
        .filter(|(before, _)| before.split_whitespace().all(|word| word.contains('=') || word == "|"))
        .map(|(before, rest)| {
            (before, rest.split([' ']).take_while(|word| !is_shell(word)).collect::<Vec<_>>().join(" "))
        })
        .collect()
}

fn is_shell(word: &str) -> bool {
    matches!(word, "|" | ">" | "&" | "&&" | "#" | "2>/dev/null")
}

fn words(command: &str) -> Vec<OsString> {
    let unquoted = command.split_whitespace().map(|word| word.trim_matches('\'').into());
    std::iter::once("nwdiag".into()).chain(unquoted).collect()
}

#[test]
fn every_command_of_the_readme_is_taken() {
    let commands = commands();
    assert!(commands.len() >= 8, "{commands:?}");
    for (set, command) in commands {
        let set = set.split_whitespace().filter_map(|word| word.split_once('='));
        let set = set.map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new([("HOME".into(), "/home/me".into())].into_iter().chain(set));
        let around = Surroundings {
            environment: &environment,
            now: DateTime::UNIX_EPOCH,
            zone,
            exists: &Path::is_file,
            random: 1,
        };
        let cli = nwdiag::cli::parse(words(&command), &environment)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        resolve(cli, around).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn the_readme_opens_with_the_two_commands() {
    let block = README.split("```").nth(1).expect("a block");
    let lines: Vec<&str> =
        block.lines().skip(1).map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(lines, ["cargo run --release -- watch demo", "tests/run"]);
}
