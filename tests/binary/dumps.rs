//! Dumps that users have already: read by name and from a pipe, and refused with what to do where they are none.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Done, Home, Running};

fn dump(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/dumps")).join(name)
}

fn run(command: &str, name: &str, options: &[&str]) -> Done {
    Home::new().run(&[&[command, dump(name).to_str().unwrap(), "--utc"], options].concat())
}

fn piped(command: &str, name: &str) -> Done {
    let home = Home::new();
    let mut started = home.command(&[command, "-", "--utc"]);
    started.stdin(Stdio::from(std::fs::File::open(dump(name)).unwrap()));
    Running::start(started).ended()
}

/// The page on one line, as a person reads over its line ends.
fn words(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

const UNTOLD: &str = "it does not tell the broker (the library's own is taken for it), how long it watched";

/// A dump, and what the page on it says.
const PAGES: [(&str, &[&str]); 9] = [
    (
        "library.json",
        &[
            "from a dump of nwp500-python made 2026-11-08 07:43:04 (UTC): connected for 1h 12m then",
            "(aws_websocket_lifetime, ",
            "6 of 6 drops at an age of 86,400 s (24h)",
            "Availability -",
            "Drops 6",
            "6 100 % AWS_ERROR_MQTT_UNEXPECTED_HANGUP",
            "1,843 published, 6 queued",
            UNTOLD,
        ],
    ),
    ("library_infinity.json", &["connected for 3h then", "no drop is told of", "Drops 0", UNTOLD]),
    (
        "library_many.json",
        &[
            "it lists 50 of 212 drops one by one",
            "Drops 212",
            "106 50 % AWS_ERROR_MQTT_TIMEOUT",
            "1 in 106 outages, 2-5 in 79 outages, 6-10 in 27 outages",
            UNTOLD,
        ],
    ),
    (
        "home_assistant.json",
        &[
            "from a Home Assistant diagnostics download made 2026-11-02 06:36:05 (UTC)",
            "(duplicate_client_id, 85 % sure)",
            "3 drops came while no session is known to have been up",
            "Failed attempts 2 (dns 2)",
            UNTOLD,
        ],
    ),
    ("home_assistant_text.json", &["(duplicate_client_id, 85 % sure)", "it tells no time zone", UNTOLD]),
    (
        "nested.json",
        &["it has 2 entries that could not be read", "it lists 2 of 3 drops", "no pattern yet in", UNTOLD],
    ),
    (
        "own.json",
        &[
            "from an export of nwdiag made 2026-11-23",
            "1 run, watched 32 s",
            "65.64 %, up 21 s of 32 s",
            "it does not tell single failed attempts",
        ],
    ),
    (
        "own_appliances.json",
        &[
            "nor when it was up and down, nor earlier silences of an appliance",
            "Verdict: our connection is fine; the appliance aa...eeff behind it does not answer (appliance_offline, 96 % sure)",
            "7 of 10 status requests unanswered, at most 7 in a row",
            "silent since 2026-11-20 00:10:20 UTC",
            "aa...eeff 3 of 10 100 ms -80 dBm silent since 2026-11-20 00:10:20",
        ],
    ),
    (
        "several.json",
        &["Drops 1", "the file holds 2 dumps beside this one, left out here: give each a file of its own"],
    ),
];

#[test]
fn a_summary_of_a_dump_says_what_it_shows_and_what_it_could_not_tell() {
    for (name, expected) in PAGES {
        let page = run("summary", name, &[]).page();
        for part in expected {
            assert!(words(&page).contains(part), "{name}: {part}\n{page}");
        }
        assert!(page.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{page}");
        assert_eq!(piped("summary", name).page(), page, "{name}");
    }
}

#[test]
fn an_export_of_a_dump_is_the_same_whenever_and_however_it_is_read() {
    for name in ["library.json", "library_many.json", "home_assistant.json", "nested.json", "own.json"] {
        let first = run("export", name, &[]).page();
        assert_eq!(run("export", name, &[]).page(), first, "{name}");
        assert_eq!(piped("export", name).page(), first, "{name}");
        assert_eq!(run("summary", name, &["--json"]).page(), first, "{name}");
    }
}

#[test]
fn what_a_dump_does_not_tell_is_null_or_zero_in_its_export() {
    let export = run("export", "library.json", &[]).json();
    let null = |value: &Value| value.is_null();
    let metrics = &export["metrics"];
    assert!(null(&metrics["availability"]) && null(&metrics["mean_time_between_drops_seconds"]), "{metrics}");
    assert!(null(&metrics["ping_rtt_ms"]["mean"]), "{metrics}");
    let observation = &export["observation"];
    assert_eq!((&observation["runs"], &observation["observed_seconds"]), (&0.into(), &0.0.into()));
    let drop = &export["recent_drops"][0];
    assert!(null(&drop["last_sent_packet"]) && null(&drop["reason_code"]), "{drop}");
    assert_eq!((&metrics["total_connection_drops"], &metrics["total_disconnects"]), (&6.into(), &0.into()));
    assert_eq!(metrics["current_session_uptime_seconds"], 4321.5);
    assert_eq!(export["target"]["transport"], "wss");
    assert_eq!(export["timestamp"], "2026-11-08T07:43:04.085Z");
}

#[test]
fn an_export_of_ours_reads_back_as_it_was() {
    for name in ["own.json", "own_appliances.json"] {
        let written: Value = serde_json::from_slice(&std::fs::read(dump(name)).unwrap()).unwrap();
        let read = run("export", name, &[]).json();
        for (key, value) in written.as_object().unwrap() {
            // Causes are named anew, from less than the journal held.
            let same = key == "findings" || is_as_written(&read[key], value);
            assert!(same, "{name}, {key}: {} for {value}", read[key]);
        }
    }
}

/// Whether what was read is what an older nwdiag wrote: keys that came later are null, or a list of nothing.
fn is_as_written(read: &Value, written: &Value) -> bool {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) if written.keys().all(|key| read.contains_key(key)) => {
            read.iter().all(|(key, read)| {
                let is_nothing = read.is_null() || read.as_array().is_some_and(Vec::is_empty);
                written.get(key).map_or(is_nothing, |written| is_as_written(read, written))
            })
        }
        (Value::Array(read), Value::Array(written)) => {
            read.len() == written.len() && read.iter().zip(written).all(|(a, b)| is_as_written(a, b))
        }
        _ => read == written,
    }
}

#[test]
fn a_period_of_a_dump_counts_what_it_lists_in_it() {
    let since = ["--since", "2026-11-06", "--until", "2026-11-08"];
    let metrics = run("export", "library.json", &since).json()["metrics"].clone();
    assert_eq!((&metrics["total_connection_drops"], &metrics["messages_published"]), (&2.into(), &0.into()));
    let recent = run("export", "library.json", &["--recent", "2"]).json();
    assert_eq!(
        (recent["recent_drops"].as_array().unwrap().len(), &recent["metrics"]["total_connection_drops"]),
        (2, &6.into())
    );
}

#[test]
fn what_is_no_dump_is_refused_with_its_name_what_it_is_and_what_to_do() {
    let rows: [(&str, &[&str]); 4] = [
        ("torn.json", &["ends in the middle", "download or copy it again"]),
        ("other.json", &["5 keys", "give a journal, an export, or a diagnostics download"]),
        ("other_integration.json", &["'shelly' without 'mqtt_diagnostics'", "Navien NWP500 integration"]),
        ("not_connected.json", &["'nwp500' without 'mqtt_diagnostics'", "once it has connected"]),
    ];
    for (name, expected) in rows {
        for command in ["summary", "export"] {
            let (named, stdin) = (run(command, name, &[]), piped(command, name));
            assert!(
                named.err.contains(name) && stdin.err.contains("from standard input"),
                "{}{}",
                named.err,
                stdin.err
            );
            for done in [named, stdin] {
                assert_eq!(
                    (done.code, done.out.as_str(), done.err.lines().count()),
                    (Some(1), "", 1),
                    "{}",
                    done.err
                );
                assert!(expected.iter().all(|part| done.err.contains(part)), "{name}: {}", done.err);
            }
        }
    }
}

#[test]
fn an_empty_file_is_an_error_unless_it_is_called_a_journal() {
    let home = Home::new();
    for (name, code) in [("empty.json", 1), ("empty", 1), ("empty.jsonl", 0)] {
        std::fs::write(home.path().join(name), "").unwrap();
        let done = home.run(&["export", name]);
        assert_eq!(done.code, Some(code), "{name}: {}", done.err);
        assert!(code == 0 || done.err.contains(&format!("'{name}': it is empty")), "{}", done.err);
    }
    let done = home.run(&["export", "-"]);
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
    assert!(done.err.contains("standard input: it is empty"), "{}", done.err);
    let done = home.run(&["export", "missing.json"]);
    assert!(
        done.code == Some(1) && done.err.contains("cannot read 'missing.json': No such file"),
        "{}",
        done.err
    );
}

#[test]
fn a_byte_order_mark_before_a_journal_costs_it_nothing() {
    let home = Home::new();
    let journal = std::fs::read(dump("../journals/demo.jsonl")).unwrap();
    let marked = home.path().join("marked");
    std::fs::write(&marked, [&b"\xef\xbb\xbf"[..], &journal].concat()).unwrap();
    let read = home.run(&["export", "./marked"]).json();
    let clean = run("export", "../journals/demo.jsonl", &[]).json();
    for key in ["metrics", "observation", "findings"] {
        assert_eq!(read[key], clean[key]);
    }
}

#[test]
fn a_file_without_an_end_is_not_read_for_ever() {
    let done = Home::new().run(&["summary", "/dev/zero"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("over 64 MiB"), "{}", done.err);
}
