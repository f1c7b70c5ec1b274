//! A full disk and a reader that pauses: neither stops the session, and what they cost is told.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use nwdiag::journal::replay::replay;
use serde_json::Value;

use crate::broker::{AT_ONCE, Broker};
use crate::program::{Home, Running, records, stop_reason, wait_for};
use crate::small_disk::SmallDisk;

/// The promise of 2 seconds, and one that the last writes get.
const WITH_LAST_WRITES: Duration = Duration::from_secs(3);
/// The same, and what is said last on standard error.
const WITH_LAST_WORDS: Duration = Duration::from_secs(4);
/// More than a pipe holds.
const MORE_THAN_A_PIPE: u64 = 256 * 1024;
const PIPE: usize = 64 * 1024;

fn length(journal: &Path) -> u64 {
    std::fs::metadata(journal).map_or(0, |metadata| metadata.len())
}

fn grows_to(journal: &Path, bytes: u64) {
    wait_for("a longer journal", || (length(journal) > bytes).then_some(()));
}

fn flapping_json(url: &str) -> Vec<&str> {
    [&["watch", url, "--format", "json"], &AT_ONCE[..]].concat()
}

#[test]
fn a_reader_that_pauses_stops_neither_session_nor_journal_nor_the_end() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let journal = home.journal(&broker.name());
    let (watch, out) = Running::start_unread(home.command(&flapping_json(&broker.url())));
    grows_to(&journal, MORE_THAN_A_PIPE);
    grows_to(&journal, length(&journal) + MORE_THAN_A_PIPE / 4);
    watch.signal(Signal::SIGTERM);
    let done = watch.ended_within(WITH_LAST_WRITES);
    assert_eq!(done.code, Some(1), "records that nobody got are a loss: {}", done.err);
    assert!(done.err.contains("records were lost: the standard output did not take them"), "{}", done.err);
    let mut taken = Vec::new();
    out.unwrap().read_to_end(&mut taken).unwrap();
    let written = std::fs::read(&journal).unwrap();
    assert!(!taken.is_empty() && taken.len() <= PIPE, "{} bytes", taken.len());
    assert!(written.starts_with(&taken), "what the pipe took is what the journal holds");
    assert_eq!(stop_reason(&records(&String::from_utf8(written).unwrap())), "signal");
}

#[test]
fn a_reader_that_comes_back_gets_all_that_waited() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let journal = home.journal(&broker.name());
    let (mut watch, out) = Running::start_unread(home.command(&flapping_json(&broker.url())));
    grows_to(&journal, MORE_THAN_A_PIPE);
    watch.listen(out.unwrap());
    watch.signal(Signal::SIGTERM);
    let out = watch.ended_within(WITH_LAST_WRITES).page();
    assert_eq!(out.as_bytes(), std::fs::read(&journal).unwrap());
}

/// A pipe that takes not a byte more; it stays so while the reading end is there.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = fcntl(&writer, FcntlArg::F_GETPIPE_SZ).unwrap();
    writer.write_all(&vec![b'x'; room.try_into().unwrap()]).unwrap();
    (reader, writer)
}

#[test]
fn a_pause_of_both_streams_holds_up_the_end_of_the_watch_no_longer() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let journal = home.journal(&broker.name());
    let (_paused, full) = full_pipe();
    let mut command = home.command(&[&flapping_json(&broker.url())[..], &["-vvv"]].concat());
    command.stderr(Stdio::from(full));
    let (watch, _unread) = Running::start_unread(command);
    grows_to(&journal, MORE_THAN_A_PIPE);
    watch.signal(Signal::SIGTERM);
    assert_eq!(watch.ended_within(WITH_LAST_WORDS).code, Some(1));
    assert_eq!(stop_reason(&crate::program::recorded(&journal)), "signal");
}

/// The `run_seconds` of every record that can be read.
fn told_in(text: &[u8]) -> Vec<f64> {
    let mut times = Vec::new();
    replay(text, |record| times.extend(record.run_seconds)).unwrap();
    times
}

fn run_seconds(line: &str) -> f64 {
    serde_json::from_str::<Value>(line).unwrap()["run_seconds"].as_f64().unwrap()
}

/// Watches for as long as it takes to try the disk three times more.
fn watch_on(watch: &mut Running) {
    let from = run_seconds(&watch.says("drop"));
    while run_seconds(&watch.says("drop")) < from + 3.5 {}
}

/// A watch whose journal is on a disk that is full since the first record.
fn on_a_full_disk(home: &Home, broker: &Broker, disk: &SmallDisk) -> Running {
    let journal = disk.path("journal.jsonl");
    let url = broker.url();
    // Slow enough that no record is lost for want of memory.
    let arguments =
        ["watch", &url, "--json", "--journal", journal.to_str().unwrap(), "--reconnect-min", "50ms"];
    let mut watch = home.start(&[&arguments[..], &["--reconnect-max", "50ms"]].concat());
    wait_for("the first record", || (length(&journal) > 0).then_some(()));
    disk.fill();
    watch.warns("the journal cannot be written");
    watch_on(&mut watch);
    watch
}

#[test]
fn records_wait_while_the_disk_is_full_and_are_written_when_there_is_space() {
    let test = "records_wait_while_the_disk_is_full_and_are_written_when_there_is_space";
    let Some(disk) = SmallDisk::mount(test) else { return };
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let mut watch = on_a_full_disk(&home, &broker, &disk);
    disk.clear();
    watch.warns("the journal can be written again");
    watch.signal(Signal::SIGTERM);
    let done = watch.ended_within(WITH_LAST_WRITES);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.err.lines().count(), 2, "each is said once: {}", done.err);
    let journal = std::fs::read(disk.path("journal.jsonl")).unwrap();
    assert_eq!(told_in(&journal), told_in(done.out.as_bytes()));
    assert!(
        !done.out.contains("records_lost") && !String::from_utf8_lossy(&journal).contains("records_lost")
    );
    assert_eq!(stop_reason(&records(&done.out)), "signal");
}

#[test]
fn records_that_the_disk_never_took_are_counted_and_an_error() {
    let test = "records_that_the_disk_never_took_are_counted_and_an_error";
    let Some(disk) = SmallDisk::mount(test) else { return };
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let watch = on_a_full_disk(&home, &broker, &disk);
    watch.signal(Signal::SIGTERM);
    let done = watch.ended_within(WITH_LAST_WRITES);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert_eq!(done.err.matches("the journal cannot be written").count(), 1, "it is said once: {}", done.err);
    let kept = told_in(&std::fs::read(disk.path("journal.jsonl")).unwrap());
    let told = told_in(done.out.as_bytes());
    assert!(!kept.is_empty() && told.starts_with(&kept), "{kept:?}\n{told:?}");
    let lost = format!("nwdiag: {} records were lost: the journal", told.len() - kept.len());
    assert!(done.err.lines().last().unwrap().starts_with(&lost), "{lost}: {}", done.err);
    let export = home.run(&["export", disk.path("journal.jsonl").to_str().unwrap()]).json();
    assert_eq!(export["observation"]["interrupted_runs"], 1);
}

/// `ulimit -f`: without a handler, the kernel ends a process that writes beyond it, and nobody learns why.
#[test]
fn a_limit_on_the_size_of_files_is_told_as_a_full_disk_is_and_does_not_end_the_watch() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let journal = home.path().join("journal.jsonl");
    let url = broker.url();
    let arguments =
        ["watch", &url, "--json", "--journal", journal.to_str().unwrap(), "--reconnect-min", "50ms"];
    let arguments = [&arguments[..], &["--reconnect-max", "50ms"]].concat();
    let mut watch = Running::start(home.command_after("ulimit -f 16", &arguments));
    watch.warns("the journal cannot be written");
    watch_on(&mut watch);
    watch.signal(Signal::SIGTERM);
    let done = watch.ended_within(WITH_LAST_WRITES);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert_eq!(done.err.matches("the journal cannot be written").count(), 1, "it is said once: {}", done.err);
    let (kept, told) = (told_in(&std::fs::read(&journal).unwrap()), told_in(done.out.as_bytes()));
    assert!(!kept.is_empty() && told.starts_with(&kept), "{kept:?}\n{told:?}");
    let lost = format!("nwdiag: {} records were lost: the journal", told.len() - kept.len());
    assert!(done.err.lines().last().unwrap().starts_with(&lost), "{lost}: {}", done.err);
}
