//! Journals of several targets, put together in one file: nothing of one counts for the other.

use serde_json::Value;

use crate::{fixture, lasting, page};

/// A recorded journal, as it is: only its `start` names target and run.
pub(crate) fn older(name: &str) -> String {
    std::fs::read_to_string(fixture(name)).unwrap()
}

/// The same, each record with the names of its target and its run.
pub(crate) fn named(name: &str) -> String {
    let text = older(name);
    let start: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let (target_name, run) = (&start["target"]["name"], &start["run"]);
    let names = |line: &str| {
        let own =
            if line.contains(r#""event":"start""#) { String::new() } else { format!(r#","run":{run}"#) };
        let record = line.strip_suffix('}').unwrap();
        format!("{record},\"target_name\":{target_name}{own}}}\n")
    };
    text.lines().map(names).collect()
}

/// A line of the one, a line of the other, and what is left of the longer.
pub(crate) fn alternating(one: &str, two: &str) -> String {
    let (mut one, mut two) = (one.lines(), two.lines());
    let mut text = String::new();
    loop {
        let pair = [one.next(), two.next()];
        if pair == [None, None] {
            return text;
        }
        pair.into_iter().flatten().for_each(|line| text.extend([line, "\n"]));
    }
}

fn of_text(command: &str, text: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("mixed.jsonl");
    std::fs::write(&path, text).unwrap();
    let format = if command == "export" { "--pretty" } else { "--utc" };
    page(&[command, path.to_str().unwrap(), format])
}

const EARLIER: &str = "demo.jsonl";
const LATER: &str = "../recorded/half_open.jsonl";

#[test]
fn a_report_on_a_file_of_two_targets_is_on_the_later_one_alone() {
    let alone = lasting(&of_text("export", &older(LATER)));
    let texts = [
        older(EARLIER) + &older(LATER),
        older(LATER) + &older(EARLIER),
        named(EARLIER) + &named(LATER),
        named(LATER) + &named(EARLIER),
        alternating(&named(EARLIER), &named(LATER)),
        alternating(&named(LATER), &named(EARLIER)),
    ];
    for text in texts {
        assert_eq!(lasting(&of_text("export", &text)), alone);
    }
}

#[test]
fn a_summary_of_a_file_of_two_targets_names_the_one_that_it_leaves_out() {
    let summary = of_text("summary", &alternating(&named(EARLIER), &named(LATER)));
    let line = summary.lines().find(|line| line.contains("other target")).unwrap_or_default();
    assert!(line.contains("1 other target") && line.contains("demo"), "{summary}");
}
