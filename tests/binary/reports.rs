//! `summary` and `export` as they are printed, laid out and filed.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Home, Running};

/// A journal that was really recorded.
const JOURNAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/journals/demo.jsonl");

/// An export, less what tells when it was made.
fn lasting(text: &str) -> Value {
    let mut export: Value = serde_json::from_str(text).unwrap();
    for key in ["timestamp", "unix_seconds"] {
        assert!(!export[key].take().is_null(), "{key}");
    }
    export
}

#[test]
fn an_export_is_one_line_in_a_pipe_and_indented_where_asked_for() {
    let home = Home::new();
    let piped = home.run(&["export", JOURNAL]).page();
    assert!(piped.ends_with("}\n") && piped.lines().count() == 1, "{piped}");
    let compact = home.run(&["export", JOURNAL, "--compact"]).page();
    let pretty = home.run(&["export", JOURNAL, "--pretty"]).page();
    assert!(pretty.starts_with("{\n  \"timestamp\": ") && pretty.ends_with("\n}\n"), "{pretty}");
    let summary = home.run(&["summary", JOURNAL, "--json"]).page();
    assert!(lasting(&piped)["metrics"]["total_connection_drops"].as_u64().unwrap() > 0);
    for other in [compact, pretty, summary] {
        assert_eq!(lasting(&other), lasting(&piped));
    }
}

#[test]
fn a_journal_on_standard_input_reads_like_the_file() {
    let home = Home::new();
    let mut command = home.command(&["export", "-"]);
    command.stdin(Stdio::from(std::fs::File::open(JOURNAL).unwrap()));
    let read = Running::start(command).ended().page();
    assert_eq!(lasting(&read), lasting(&home.run(&["export", JOURNAL]).page()));
}

#[test]
fn a_report_takes_the_place_of_the_old_file_as_a_whole() {
    let home = Home::new();
    let file = home.path().join("report");
    for command in ["export", "summary"] {
        std::fs::write(&file, "old ".repeat(100_000)).unwrap();
        let before = std::fs::metadata(&file).unwrap().ino();
        let held = std::fs::File::open(&file).unwrap();
        assert_eq!(home.run(&[command, JOURNAL, "-o", "report"]).page(), "");
        let written = std::fs::read_to_string(&file).unwrap();
        assert!(written.ends_with('\n') && !written.contains("old "), "{written}");
        assert_ne!(std::fs::metadata(&file).unwrap().ino(), before, "a reader of the old one keeps it");
        assert_eq!(held.metadata().unwrap().len(), 400_000);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn a_report_that_fails_leaves_the_old_file() {
    let home = Home::new();
    let file = home.path().join("report");
    std::fs::write(&file, "old").unwrap();
    for arguments in
        [["export", "./missing.jsonl", "-o", "report"], ["export", JOURNAL, "-o", "missing/report"]]
    {
        let done = home.run(&arguments);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(done.err.contains("missing"), "{}", done.err);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_report_that_standard_output_does_not_take_is_an_error() {
    let home = Home::new();
    for command in ["summary", "export"] {
        let mut started = home.command(&[command, JOURNAL]);
        started.stdout(Stdio::from(std::fs::File::create("/dev/full").unwrap()));
        let done = Running::start(started).ended();
        assert_eq!(done.code, Some(1));
        assert!(
            done.err.starts_with("nwdiag: cannot write to standard output: No space left"),
            "{}",
            done.err
        );
    }
}

#[test]
fn a_table_fits_80_columns_and_its_colours_only_repeat_its_words() {
    let home = Home::new();
    let strip = |command: &str| {
        let plain = home.run(&[command, JOURNAL, "--utc"]).page();
        let coloured = home.run(&[command, JOURNAL, "--utc", "--color", "always"]).page();
        (ageless(&plain), ageless(&coloured))
    };
    let (plain, coloured) = strip("summary");
    assert!(!plain.contains('\x1b') && coloured.contains("\x1b["), "{coloured}");
    assert_eq!(without_colour(&coloured), plain);
    for line in plain.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
    let (plain, coloured) = strip("export");
    assert!(!plain.contains('\x1b') && !coloured.contains('\x1b'));
}

/// The page without the line that tells how long ago the last record was.
fn ageless(page: &str) -> String {
    page.split_inclusive('\n').filter(|line| !line.contains("last record ")).collect()
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

/// Options, variables, and whether there are colours.
type ColourRow = (&'static [&'static str], &'static [(&'static str, &'static str)], bool);

#[test]
fn colour_follows_the_option_then_no_color_then_clicolor_force() {
    let home = Home::new();
    let rows: [ColourRow; 7] = [
        (&[], &[], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&[], &[("NWDIAG_COLOR", "always")], true),
        (&["--color", "auto"], &[("CLICOLOR_FORCE", "1")], false),
    ];
    for (options, variables, coloured) in rows {
        for command in [&["summary", JOURNAL][..], &["watch", "demo", "--no-journal", "--max-events", "1"]] {
            let mut started = home.command(&[command, options].concat());
            started.envs(variables.iter().copied());
            let page = Running::start(started).ended().page();
            assert_eq!(page.contains("\x1b["), coloured, "{command:?} {options:?} {variables:?}: {page}");
        }
    }
}
