//! What a power cut or a kill may cost: how records are written, when records and reports are brought to the
//! disk, and in which order.

use std::path::Path;

use crate::broker::{AT_ONCE, Broker};
use crate::program::{Home, Running};
use crate::trace::{Call, Trace};

/// Records that a power cut must not take (journal format).
const URGENT: [&str; 3] = ["connected", "drop", "stop"];
/// A journal that was really recorded.
const JOURNAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/journals/demo.jsonl");
/// The longest that any other record may wait for its sync: 1 s is promised, another is for a busy machine.
const WITHIN_SECONDS: f64 = 2.0;

/// The kind of the record that the call writes to the file at `path`, if it does.
fn written(call: &Call, path: &str) -> Option<String> {
    let record = call.is("write", path).then(|| call.text.split_once(r#"\"event\":\""#))??.1;
    record.split_once('\\').map(|(event, _)| event.to_owned())
}

/// Holds the calls of the thread that writes the journal at `path` to what the format promises; returns the
/// kinds of the records.
fn assert_synced_in_time(calls: &[Call], path: &str) -> Vec<String> {
    let mut events = Vec::new();
    let mut unsynced: Vec<(String, f64)> = Vec::new();
    for call in calls {
        if let Some(event) = written(call, path) {
            events.push(event.clone());
            unsynced.push((event, call.at));
        } else if call.syncs(path) {
            let oldest = unsynced.first().map_or(call.at, |(_, at)| *at);
            assert!(call.at - oldest <= WITHIN_SECONDS, "{} s: {unsynced:?}", call.at - oldest);
            unsynced.clear();
        } else if call.waits() {
            let urgent = unsynced.iter().any(|(event, _)| URGENT.contains(&event.as_str()));
            assert!(!urgent, "the thread waits for the next record: {unsynced:?}");
        }
    }
    assert!(unsynced.is_empty(), "never synced: {unsynced:?}");
    events
}

/// Watches `broker` under `strace` until the watch ends by itself; returns the calls of the thread that writes
/// the journal, and the journal's path.
fn watch(trace: &Trace, broker: &Broker, options: &[&str]) -> (Vec<Call>, String) {
    let home = Home::in_memory();
    let path = home.journal(&broker.name()).to_str().unwrap().to_owned();
    let url = broker.url();
    trace.start(&home, &[&["watch", &url], options].concat()).ended();
    let mut threads = trace.threads();
    threads.retain(|calls| calls.iter().any(|call| call.is("write", &path)));
    assert_eq!(threads.len(), 1, "one thread writes the journal");
    (threads.remove(0), path)
}

#[test]
fn a_drop_is_on_the_disk_before_the_next_record_is_waited_for_and_any_record_within_a_second() {
    let test = "a_drop_is_on_the_disk_before_the_next_record_is_waited_for_and_any_record_within_a_second";
    let (Some(flapping), Some(refusing)) = (Trace::new(test), Trace::new(test)) else { return };
    let pauses = ["--reconnect-min", "300ms", "--reconnect-max", "300ms", "--max-events", "4"];
    let (calls, path) = watch(&flapping, &Broker::flapping(), &pauses);
    let events = assert_synced_in_time(&calls, &path);
    assert_eq!(events.iter().filter(|event| *event == "drop").count(), 2, "{events:?}");
    // Nothing here is urgent before `stop`, which comes later than a second.
    let attempts = ["--reconnect-min", "4s", "--reconnect-max", "4s", "--max-attempts", "2"];
    let (calls, path) = watch(&refusing, &Broker::refusing(), &attempts);
    let events = assert_synced_in_time(&calls, &path);
    assert_eq!(events[..3], ["start", "attempt_failed", "attempt_failed"], "{events:?}");
}

/// So a process that is killed loses no more than the record in hand, and nobody reads half of one for long.
#[test]
fn each_record_is_written_whole_by_one_write() {
    let Some(trace) = Trace::new("each_record_is_written_whole_by_one_write") else { return };
    let options = [&AT_ONCE[..], &["--max-events", "40"]].concat();
    let (calls, path) = watch(&trace, &Broker::flapping(), &options);
    let writes: Vec<&Call> = calls.iter().filter(|call| call.is("write", &path)).collect();
    assert!(writes.len() > 40, "{writes:#?}");
    for call in writes {
        let (_, rest) = call.text.split_once(r#", "{\"ts\":\""#).unwrap();
        let (line, counts) = rest.rsplit_once(r#"}\n", "#).unwrap();
        assert!(!line.contains(r"\n"), "{line}");
        let (given, taken) = counts.split_once(") = ").unwrap();
        assert_eq!(given, taken);
    }
}

/// The thread that made or replaced the file at `path`, from that call on.
fn from_the_making<'a>(threads: &'a [Vec<Call>], made: impl Fn(&Call) -> bool) -> &'a [Call] {
    let after = |calls: &'a Vec<Call>| calls.iter().position(&made).map(|at| &calls[at..]);
    threads.iter().find_map(after).unwrap()
}

fn syncs_the_folder_of(calls: &[Call], path: &Path) -> bool {
    let folder = format!("<{}>", path.parent().unwrap().display());
    calls.iter().any(|call| call.syncs(&folder))
}

#[test]
fn the_folder_of_a_journal_is_synced_when_the_file_is_made_and_when_it_is_replaced() {
    let test = "the_folder_of_a_journal_is_synced_when_the_file_is_made_and_when_it_is_replaced";
    let (Some(new), Some(replaced)) = (Trace::new(test), Trace::new(test)) else { return };
    let (home, broker) = (Home::in_memory(), Broker::serving());
    new.start(&home, &["watch", &broker.url(), "--max-events", "1"]).ended().page();
    let journal = home.journal(&broker.name());
    let threads = new.threads();
    let made = from_the_making(&threads, |call| {
        call.is("openat", journal.to_str().unwrap()) && call.is("openat", "O_CREAT")
    });
    assert!(syncs_the_folder_of(made, &journal), "{made:#?}");

    let journal = home.journal("demo");
    std::fs::write(&journal, "").unwrap();
    replaced.start(&home, &["watch", "demo", "--max-events", "1"]).ended().page();
    let threads = replaced.threads();
    let put = from_the_making(&threads, |call| call.puts_in_place(journal.to_str().unwrap()));
    assert!(syncs_the_folder_of(put, &journal), "{put:#?}");
}

/// The names of the files in `home`.
fn files(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Exports where no file may have more than a few hundred bytes, which the report needs: the write fails.
fn export_where_no_file_is_large(home: &Home) {
    let limited = "trap '' XFSZ; ulimit -f 1";
    let done = Running::start(home.command_after(limited, &["export", JOURNAL, "-o", "report"])).ended();
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""), "{}", done.err);
    assert!(done.err.contains("report"), "{}", done.err);
}

#[test]
fn a_report_is_brought_to_the_disk_before_it_takes_the_place_of_the_old_one_and_a_failed_one_leaves_nothing_behind()
 {
    let test = "a_report_is_brought_to_the_disk_before_it_takes_the_place_of_the_old_one";
    let home = Home::in_memory();
    let report = home.path().join("report");
    std::fs::write(&report, "old").unwrap();
    export_where_no_file_is_large(&home);
    assert_eq!((std::fs::read_to_string(&report).unwrap().as_str(), files(&home).len()), ("old", 1));

    let Some(trace) = Trace::new(test) else { return };
    trace.start(&home, &["export", JOURNAL, "-o", "report"]).ended().page();
    assert_eq!(files(&home), ["report"]);
    let threads = trace.threads();
    let put = |call: &Call| call.puts_in_place(report.to_str().unwrap());
    let calls = threads.iter().find(|calls| calls.iter().any(put)).unwrap();
    let (before, after) = calls.split_at(calls.iter().position(put).unwrap());
    let last_write = before.iter().rposition(|call| call.is("write", "}")).unwrap();
    let file = before[last_write].descriptor().unwrap();
    assert!(before[last_write..].iter().any(|call| call.syncs(file)), "not synced: {before:#?}");
    assert!(syncs_the_folder_of(after, &report), "the folder is not synced: {after:#?}");
}
