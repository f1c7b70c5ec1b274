//! Journals and exports that hold what cannot be.

use std::path::{Path, PathBuf};

use crate::program::Home;

fn fault(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faults").join(name)
}

/// The years -262143 and 262142 are the first and the last that can be reckoned with: any span leads beyond.
#[test]
fn a_line_whose_year_has_more_than_four_digits_is_skipped() {
    let good = std::fs::read_to_string(fault("durations.jsonl")).unwrap();
    for name in ["panic-early-year.jsonl", "host-edge.jsonl", "late-neg.jsonl"] {
        let home = Home::new();
        let bad = std::fs::read_to_string(fault(name)).unwrap();
        let mixed = home.path().join("mixed.jsonl");
        std::fs::write(&mixed, format!("{good}{bad}")).unwrap();
        let export = home.run(&["export", mixed.to_str().unwrap()]).json();
        assert_eq!(export["metrics"]["total_connection_drops"], 1, "{name}: {export}");
        assert_eq!(export["observation"]["skipped_lines"], bad.lines().count(), "{name}");
    }
}

#[test]
fn a_number_that_cannot_be_panics_neither_a_summary_nor_an_export() {
    let names =
        ["panic-huge-silence.jsonl", "panic-unanswered.jsonl", "panic-dump.json", "own-contradicts.json"];
    for name in names {
        let (home, path) = (Home::new(), fault(name));
        for command in ["summary", "export"] {
            home.run(&[command, path.to_str().unwrap()]).page();
        }
    }
}
