//! Reports on a journal that stays as it is stay as they are. `NWDIAG_BLESS=1 cargo test --test replay` writes them anew.

use serde_json::Value;

use crate::{fixture, lasting, page};

fn journal() -> String {
    fixture("demo.jsonl").to_str().unwrap().to_owned()
}

/// The times of the fixture's records.
fn times() -> Vec<String> {
    let text = std::fs::read_to_string(fixture("demo.jsonl")).unwrap();
    let time = |line: &str| serde_json::from_str::<Value>(line).unwrap()["ts"].as_str().unwrap().to_owned();
    text.lines().map(time).collect()
}

fn export(period: &[&str]) -> String {
    lasting(&page(&[&["export", &journal(), "--utc", "--pretty"], period].concat()))
}

/// Compares with the checked-in file, or writes it where that is asked for.
fn check(name: &str, text: &str) {
    let path = fixture(name);
    if std::env::var_os("NWDIAG_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    for (number, (made, expected)) in text.lines().zip(expected.lines()).enumerate() {
        assert_eq!(made, expected, "{name}:{}", number + 1);
    }
    assert_eq!(text, expected, "{name}");
}

#[test]
fn the_export_of_a_journal_is_what_it_always_was() {
    check("demo.export.json", &export(&[]));
}

#[test]
fn the_export_of_a_period_is_what_it_always_was() {
    let times = times();
    check("demo.period.json", &export(&["--since", &times[8], "--until", &times[20]]));
}

/// The page of a summary, without the time since the last record.
fn summary(format: &str) -> String {
    let page = page(&["summary", &journal(), "--utc", "--format", format]);
    let ages = page.lines().filter(|line| age(line).is_some()).count();
    assert_eq!(ages, 1, "{page}");
    let ageless = |line: &str| age(line).map_or_else(|| line.to_owned(), |age| line.replace(age, "…"));
    page.lines().map(|line| ageless(line) + "\n").collect()
}

#[test]
fn the_summary_of_a_journal_is_what_it_always_was() {
    check("demo.summary.txt", &summary("table"));
    check("demo.summary.md", &summary("markdown"));
}

/// The words between `last record` and `ago`.
fn age(line: &str) -> Option<&str> {
    Some(line.split_once("last record ")?.1.split_once(" ago")?.0)
}

#[test]
fn the_same_journal_gives_the_same_bytes() {
    let times = times();
    let periods: [&[&str]; 5] = [
        &[],
        &["--since", &times[5]],
        &["--until", &times[5]],
        &["--since", &times[8], "--until", &times[20]],
        &["--since", "2000-01-01", "--until", "2000-01-02"],
    ];
    let exports: Vec<String> = periods.iter().map(|period| export(period)).collect();
    for (period, first) in periods.iter().zip(&exports) {
        assert_eq!(&export(period), first, "{period:?}");
        assert_eq!(
            exports.iter().filter(|export| *export == first).count(),
            1,
            "{period:?} tells nothing of its own"
        );
    }
}

#[test]
fn two_periods_that_meet_share_no_drop_and_lose_none() {
    let numbers = |period: &[&str]| -> Vec<u64> {
        let export: Value = serde_json::from_str(&page(&[&["export", &journal()], period].concat())).unwrap();
        let metrics = &export["metrics"];
        let keys =
            ["total_connection_drops", "total_reconnect_attempts", "failed_attempts", "connection_recovered"];
        keys.iter().map(|key| metrics[key].as_u64().unwrap()).collect()
    };
    let all = numbers(&[]);
    assert!(all.iter().all(|number| *number > 0), "{all:?}");
    for time in times() {
        let (before, after) = (numbers(&["--until", &time]), numbers(&["--since", &time]));
        let sums: Vec<u64> = before.iter().zip(after).map(|(before, after)| before + after).collect();
        assert_eq!(sums, all, "{time}");
    }
}
