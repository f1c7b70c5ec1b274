//! What `watch` prints: the journal's records, and never a secret.

use std::path::Path;

use nix::sys::signal::Signal;
use nwdiag::simulator::packet::PacketKind;

use crate::broker::{AT_ONCE, Broker};
use crate::program::{Home, Running, count, records};

#[test]
fn json_lines_are_the_lines_of_the_journal_byte_for_byte() {
    let home = Home::new();
    let mut watch = home.start(&["watch", "demo", "--format", "json", "--color", "always"]);
    watch.says("\"kind\":\"resumed\"");
    watch.signal(Signal::SIGINT);
    let out = watch.ended().page();
    assert_eq!(out.as_bytes(), std::fs::read(home.journal("demo")).unwrap());
    let records = records(&out);
    assert_eq!((count(&records, "start"), count(&records, "stop")), (1, 1));
    assert!(count(&records, "drop") > 0, "{out}");
}

#[test]
fn text_tells_each_event_in_a_line_of_its_own() {
    let home = Home::new();
    let mut watch = home.start(&["watch", "demo", "--utc"]);
    watch.says("● reconnected");
    watch.signal(Signal::SIGINT);
    let out = watch.ended().page();
    let journal = std::fs::read_to_string(home.journal("demo")).unwrap();
    let told = records(&journal).iter().filter(|record| record["event"] != "sample").count();
    // The date stands above the first line, and once more above one that midnight came before.
    let dates = out.lines().filter(|line| line.starts_with("── ")).count();
    assert!((1..=2).contains(&dates), "{out}");
    assert_eq!(out.lines().count(), told + dates, "{out}");
    assert!(out.lines().nth(1).unwrap().contains("a dead link is noticed within 3 s"), "{out}");
}

const PASSWORD: &str = "correct-horse-battery";

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(std::fs::read(path).unwrap()) }
    }
    found
}

fn holds(text: &[u8], secret: &str) -> bool {
    text.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[test]
fn a_password_goes_to_the_broker_and_nowhere_else() {
    let rows = [
        (Broker::serving(), "1"),
        (Broker::flapping(), "4"),
        (Broker::refusing(), "2"),
        (Broker::stalling(), "1"),
    ];
    for (broker, events) in &rows {
        for format in ["text", "json"] {
            let home = Home::new();
            let url = broker.url();
            let limits = ["--max-events", events, "--connect-timeout", "300ms", "--username", "me", "-vvv"];
            let mut command =
                home.command(&[&["watch", &url, "--format", format], &limits[..], &AT_ONCE].concat());
            command.env("NWDIAG_PASSWORD", PASSWORD);
            let done = Running::start(command).ended();
            assert_eq!(done.code, Some(0), "{}", done.err);
            let written = files(&home.path().join("state"));
            assert!(written.len() == 1 && !done.out.is_empty(), "{} files", written.len());
            for text in [done.out.into_bytes(), done.err.into_bytes()].iter().chain(&written) {
                assert!(!holds(text, PASSWORD), "{}", String::from_utf8_lossy(text));
            }
        }
    }
    let observed = rows[0].0.observed();
    assert_eq!(observed.count(PacketKind::Connect), 2, "the broker was really reached");
}

#[test]
fn a_refusal_of_a_password_does_not_repeat_it() {
    let home = Home::new();
    let url = format!("mqtt://me:{PASSWORD}@127.0.0.1");
    let mut alone = home.command(&["watch", "mqtt://127.0.0.1", "-vvv"]);
    alone.env("NWDIAG_PASSWORD", PASSWORD);
    for command in [home.command(&["watch", &url]), home.command(&["summary", &url]), alone] {
        let done = Running::start(command).ended();
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
        assert!(done.err.contains("password") && !done.err.contains(PASSWORD), "{}", done.err);
    }
}
