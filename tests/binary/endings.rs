//! How `watch` ends: signals, closed pipes and limits, each with its exit code and its `stop` record.

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use nwdiag::simulator::packet::PacketKind;
use serde_json::Value;

use crate::broker::{AT_ONCE, Broker};
use crate::program::{Home, Running, count, recorded, stop_reason, wait_for};

/// What the command line promises for the end of a run.
const PROMISED: Duration = Duration::from_secs(2);
/// A pipe that closes is looked for each second.
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

#[test]
fn each_signal_ends_the_demo_in_order() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let home = Home::new();
        let mut watch = home.start(&["watch", "demo"]);
        watch.says("● connected");
        watch.signal(signal);
        let done = watch.ended_within(PROMISED);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{signal}");
        assert!(done.out.lines().last().unwrap().contains("■ stopped"), "{signal}: {}", done.out);
        let records = recorded(&home.journal("demo"));
        assert_eq!(stop_reason(&records), "signal");
        assert_eq!(records[records.len() - 2]["event"], "sample", "a reading comes right before the stop");
    }
}

#[test]
fn a_signal_says_disconnect_to_the_broker() {
    let (home, broker) = (Home::new(), Broker::serving());
    let mut watch = home.start(&["watch", &broker.url()]);
    watch.says("● connected");
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.ended_within(PROMISED).code, Some(0));
    wait_for("DISCONNECT", || (broker.observed().count(PacketKind::Disconnect) == 1).then_some(()));
    let stop = recorded(&home.journal(&broker.name())).pop().unwrap();
    assert!(stop["duration_connected_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{stop}");
}

#[test]
fn a_signal_ends_an_attempt_that_is_stuck_and_a_wait_for_the_next() {
    let (stalling, refusing) = (Broker::stalling(), Broker::refusing());
    for (broker, state) in [(&stalling, "watching"), (&refusing, "↻ attempt 1")] {
        let home = Home::new();
        let mut watch =
            home.start(&["watch", &broker.url(), "--connect-timeout", "1m", "--reconnect-min", "1h"]);
        watch.says(state);
        let stuck = || broker.observed().count(PacketKind::Connect) == 1;
        wait_for("CONNECT", || (state != "watching" || stuck()).then_some(()));
        watch.signal(Signal::SIGTERM);
        let done = watch.ended_within(PROMISED);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        let records = recorded(&home.journal(&broker.name()));
        assert_eq!(stop_reason(&records), "signal");
        assert_eq!(records.last().unwrap()["duration_connected_seconds"], Value::Null);
    }
}

#[test]
fn a_hang_up_that_nohup_ignores_ends_nothing() {
    let home = Home::new();
    let mut watch = Running::start(home.command_after("trap '' HUP", &["watch", "demo"]));
    watch.says("● connected");
    watch.signal(Signal::SIGHUP);
    watch.says("✗ dropped");
    watch.says("● reconnected");
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.ended_within(PROMISED).code, Some(0));
    assert_eq!(stop_reason(&recorded(&home.journal("demo"))), "signal");
}

#[test]
fn a_reader_that_goes_away_ends_a_watch_to_which_nothing_happens() {
    let (home, broker) = (Home::new(), Broker::serving());
    for format in ["text", "json"] {
        let journal = home.path().join(format);
        let command = home.command(&[
            "watch",
            &broker.url(),
            "--format",
            format,
            "--journal",
            journal.to_str().unwrap(),
        ]);
        let done = Running::start_closing_behind(command, "connected").ended_within(A_FEW_SECONDS);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{format}");
        let records = recorded(&journal);
        assert_eq!(stop_reason(&records), "output_closed", "{format}");
        assert_eq!(count(&records, "drop"), 0);
    }
}

#[test]
fn a_reader_that_goes_away_ends_a_busy_watch_and_is_no_error() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let command = home.command(&[&["watch", &broker.url(), "--json"], &AT_ONCE[..]].concat());
    let done = Running::start_closing_behind(command, "drop").ended_within(A_FEW_SECONDS);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert_eq!(stop_reason(&recorded(&home.journal(&broker.name()))), "output_closed");
}

#[test]
fn a_reader_that_was_never_there_is_no_error_either() {
    let (home, broker) = (Home::new(), Broker::serving());
    let page = ["summary", "demo"];
    for (arguments, watched) in
        [(&["watch", &broker.url()], true), (&page, false), (&["export", "demo"], false)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = home.command(arguments);
        command.stdout(Stdio::from(writer));
        let done = Running::start(command).ended_within(A_FEW_SECONDS);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}");
        if watched {
            assert_eq!(stop_reason(&recorded(&home.journal(&broker.name()))), "output_closed");
        }
    }
}

#[test]
fn a_watch_ends_when_its_time_is_over_connected_or_not() {
    for broker in [Broker::serving(), Broker::refusing()] {
        let home = Home::new();
        home.run(&["watch", &broker.url(), "--duration", "1500ms"]).page();
        let records = recorded(&home.journal(&broker.name()));
        assert_eq!(stop_reason(&records), "duration");
        let ended = records.last().unwrap()["run_seconds"].as_f64().unwrap();
        assert!((1.5..3.5).contains(&ended), "{ended}");
    }
}

#[test]
fn a_watch_ends_after_so_many_records_some_kinds_not_counted() {
    let home = Home::new();
    let out = home.run(&["watch", "demo", "--max-events", "3", "--json"]).page();
    let records = crate::program::records(&out);
    let uncounted = ["start", "subscribed", "sample", "stop"];
    let counted = records.iter().filter(|record| !uncounted.iter().any(|kind| record["event"] == **kind));
    assert_eq!(counted.count(), 3, "{out}");
    assert_eq!(stop_reason(&records), "max_events");
    assert_eq!(count(&records, "start"), 1);
    assert!(count(&records, "subscribed") > 0 && count(&records, "sample") > 0, "{out}");
}

#[test]
fn attempts_that_all_fail_end_the_watch_with_exit_code_1() {
    let (home, broker) = (Home::new(), Broker::refusing());
    let done = home.run(&[&["watch", &broker.url(), "--max-attempts", "3"], &AT_ONCE[..]].concat());
    assert_eq!(done.code, Some(1));
    assert!(done.out.lines().last().unwrap().contains("■ stopped"), "{}", done.out);
    assert!(
        done.err.starts_with("nwdiag: gave up") && done.err.contains("refused the connection"),
        "{}",
        done.err
    );
    let records = recorded(&home.journal(&broker.name()));
    assert_eq!(stop_reason(&records), "attempts_exhausted");
    let failed: Vec<&Value> = records.iter().filter(|record| record["event"] == "attempt_failed").collect();
    let numbers: Vec<u64> = failed.iter().filter_map(|record| record["attempt_number"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    for record in &failed {
        assert_eq!(
            (&record["phase"], &record["error_code"]),
            (&Value::from("tcp"), &Value::from(1047)),
            "{record}"
        );
    }
    assert!(failed[1]["next_attempt_seconds"].is_f64() && failed[2]["next_attempt_seconds"].is_null());
}

#[test]
fn attempts_are_counted_anew_after_each_session() {
    let (home, broker) = (Home::new(), Broker::flapping());
    let limits = ["--max-attempts", "1", "--max-events", "12"];
    home.run(&[&["watch", &broker.url()], &limits[..], &AT_ONCE].concat()).page();
    assert_eq!(stop_reason(&recorded(&home.journal(&broker.name()))), "max_events");
}
