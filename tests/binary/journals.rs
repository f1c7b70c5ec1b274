//! The journal as a file: who may write it, who may read it when, and what a reader does with a damaged one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::signal::Signal;
use nwdiag::io::journal_file::JournalFile;
use serde_json::Value;

use crate::broker::Broker;
use crate::program::{Home, Running, count, recorded, wait_for};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_journal_is_private_whatever_the_umask() {
    let home = Home::new();
    let command = home.command_after("umask 000", &["watch", "demo", "--max-events", "1"]);
    Running::start(command).ended().page();
    let journal = home.journal("demo");
    assert_eq!((mode(&journal), mode(journal.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_second_watch_of_a_journal_is_told_who_writes_it_and_leaves_it_alone() {
    let (home, broker) = (Home::new(), Broker::flapping());
    let host = nix_host();
    let journal = home.journal("demo");
    let shared = journal.to_str().unwrap();
    let mut first = home.start(&["watch", "demo"]);
    first.says("● connected");
    wait_for("a record on the disk", || {
        std::fs::read_to_string(&journal).ok().filter(|text| text.contains("start"))
    });
    let url = broker.url();
    for second in [&["watch", "demo"][..], &["watch", &url, "--journal", shared]] {
        let done = home.run(second);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{second:?}");
        let holder = format!("process {} on {host}", first.pid());
        assert!(done.err.starts_with("nwdiag: ") && done.err.contains(&holder), "{}", done.err);
        assert!(done.err.contains(shared), "{}", done.err);
    }
    first.says("✗ dropped");
    first.signal(Signal::SIGTERM);
    first.ended().page();
    let records = recorded(&journal);
    assert_eq!((count(&records, "start"), count(&records, "stop")), (1, 1));
}

fn nix_host() -> String {
    nwdiag::io::host::name()
}

#[test]
fn the_demo_begins_a_new_journal_and_a_broker_goes_on_in_its_own() {
    let (home, broker) = (Home::new(), Broker::serving());
    for target in ["demo", &broker.url()] {
        for _ in 0..2 {
            home.run(&["watch", target, "--max-events", "1"]).page();
        }
    }
    assert_eq!(count(&recorded(&home.journal("demo")), "start"), 1);
    let kept = recorded(&home.journal(&broker.name()));
    assert_eq!((count(&kept, "start"), count(&kept, "stop")), (2, 2));
    assert_ne!(kept[0]["run"], kept.iter().rfind(|record| record["event"] == "start").unwrap()["run"]);
}

#[test]
fn without_a_journal_nothing_is_written_anywhere() {
    let home = Home::new();
    home.run(&["watch", "demo", "--no-journal", "--max-events", "1"]).page();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn reports_are_made_while_the_demo_is_being_watched() {
    let home = Home::new();
    let mut watch = home.start(&["watch", "demo"]);
    watch.says("● connected");
    for _ in 0..3 {
        let page = home.run(&["summary", "demo"]).page();
        let state = page.lines().nth(1).unwrap();
        assert!(state.starts_with("● connected for") || state.starts_with("✗ not connected"), "{page}");
        let export = home.run(&["export", "demo"]).json();
        let observation = &export["observation"];
        assert_eq!(
            (&observation["runs"], &observation["interrupted_runs"]),
            (&1.into(), &0.into()),
            "{export}"
        );
        assert_eq!(observation["skipped_lines"], 0);
        watch.says("✗ dropped");
    }
    watch.signal(Signal::SIGTERM);
    watch.ended().page();
    let page = home.run(&["summary", "demo"]).page();
    assert!(page.lines().nth(1).unwrap().starts_with("■ not being watched now"), "{page}");
}

/// The line is finished, or lost, only once nobody holds the journal.
#[test]
fn a_record_that_is_still_being_written_is_counted_as_unreadable_only_once_its_writer_is_gone() {
    let home = Home::new();
    let path = home.path().join("journal.jsonl");
    home.run(&["watch", "demo", "--journal", "journal.jsonl", "--max-events", "1"]).page();
    let mut writer = JournalFile::append_to(&path).unwrap();
    writer.append(br#"{"ts":"2026-11-22T18:20:04.000Z","event":"sta"#).unwrap();
    let observed = |key: &str| home.run(&["export", "journal.jsonl"]).json()["observation"][key].clone();
    assert_eq!((observed("skipped_lines"), observed("runs")), (0.into(), 1.into()));
    drop(writer);
    assert_eq!((observed("skipped_lines"), observed("runs")), (1.into(), 1.into()));
}

#[test]
fn the_uptime_of_a_live_session_grows_and_a_killed_one_has_none() {
    let (home, broker) = (Home::new(), Broker::serving());
    let url = broker.url();
    let uptime = || {
        let export = home.run(&["export", &url]).json();
        let metrics = &export["metrics"];
        (
            metrics["current_session_uptime_seconds"].as_f64().unwrap(),
            export["observation"]["interrupted_runs"].clone(),
        )
    };
    let mut watch = home.start(&["watch", &url]);
    watch.says("● connected");
    let first = wait_for("an uptime", || Some(uptime()).filter(|(uptime, _)| *uptime > 0.0));
    let second = wait_for("a longer uptime", || Some(uptime()).filter(|later| later.0 > first.0));
    assert_eq!((first.1, second.1), (0.into(), 0.into()));
    watch.signal(Signal::SIGKILL);
    watch.ended();
    assert_eq!(uptime(), (0.0, Value::from(1)));
    home.run(&["watch", &url, "--max-events", "1"]).page();
    assert_eq!(home.run(&["export", &url]).json()["observation"]["runs"], 2);
}

#[test]
fn a_record_torn_by_a_power_cut_costs_one_line() {
    let (home, broker) = (Home::new(), Broker::serving());
    let journal = home.journal(&broker.name());
    let watch = || home.run(&["watch", &broker.url(), "--max-events", "1"]).page();
    watch();
    let text = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &text[..text.len() - 30]).unwrap();
    watch();
    let export = home.run(&["export", &broker.url()]).json();
    let observation = &export["observation"];
    assert_eq!((&observation["skipped_lines"], &observation["runs"]), (&1.into(), &2.into()));
    assert_eq!(observation["interrupted_runs"], 1, "the stop was what got torn");
    assert_eq!(export["metrics"]["total_connections"], 2);
    let page = home.run(&["summary", &broker.url()]).page();
    assert!(page.contains("1 line of the journal could not be read"), "{page}");
}

#[test]
fn a_journal_that_is_not_there_yet_is_met_with_what_to_do() {
    let home = Home::new();
    let page = home.run(&["summary", "demo"]).page();
    assert!(page.contains("Nothing has been watched yet") && page.contains("nwdiag watch"), "{page}");
    let empty = home.path().join("empty.jsonl");
    std::fs::write(&empty, "").unwrap();
    let export = home.run(&["export", "demo"]).json();
    assert_eq!(without_time(export), without_time(home.run(&["export", "empty.jsonl"]).json()));
}

fn without_time(mut export: Value) -> Value {
    for key in ["timestamp", "unix_seconds"] {
        assert!(!export[key].take().is_null());
    }
    export
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let home = Home::new();
    for command in ["summary", "export"] {
        let done = home.run(&[command, "./missing.jsonl"]);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
        assert!(done.err.starts_with("nwdiag: ") && done.err.contains("./missing.jsonl"), "{}", done.err);
        assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    }
}

#[test]
fn what_is_no_journal_is_read_through_and_counted() {
    let home = Home::new();
    let endless = vec![b'x'; 200_000];
    let lines: [&[u8]; 7] =
        [b"hello", b"\xff\xfe\x00\x01", b"{}", b"[1,2]", b"{\"event\":\"start\"}", b"null", &endless];
    std::fs::write(home.path().join("garbage"), [&lines.join(&b'\n'), &b"\n"[..]].concat()).unwrap();
    let export = home.run(&["export", "garbage"]).json();
    assert_eq!(export["observation"]["skipped_lines"], lines.len(), "{export}");
    assert_eq!(
        (&export["observation"]["runs"], &export["target"]),
        (&0.into(), &serde_json::json!({})),
        "{export}"
    );
    home.run(&["summary", "garbage"]).page();
}

#[test]
fn a_journal_of_a_later_format_is_refused_and_not_guessed_at() {
    let home = Home::new();
    let start = r#"{"ts":"2026-11-22T18:20:04.000Z","event":"start","v":2,"run":"x"}"#;
    std::fs::write(home.path().join("later.jsonl"), format!("\n{start}\n")).unwrap();
    for command in ["summary", "export"] {
        let done = home.run(&[command, "later.jsonl"]);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
        assert!(done.err.contains("journal format 2") && done.err.contains("newer nwdiag"), "{}", done.err);
    }
}
