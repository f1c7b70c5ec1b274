//! What tests need of their host. Where it is missing, a test says that it is left out, or fails if it may not be.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The only folder to look for programs in, where it is set.
const LOOK_IN: &str = "NWDIAG_TEST_PROGRAMS";
/// Where system daemons live, which is not on everybody's path.
const BESIDE_PATH: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// A program of this host.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = match std::env::var_os(LOOK_IN) {
        Some(only) => vec![PathBuf::from(only)],
        None => std::env::split_paths(&path).chain(BESIDE_PATH.map(PathBuf::from)).collect(),
    };
    folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Says why `test` is left out, past the harness, which keeps the words of a test that passes to itself. Where the
/// environment variable `required` is set, the test fails instead.
pub(crate) fn leave_out(test: &str, why: &str, required: &str) {
    assert!(std::env::var_os(required).is_none(), "{why}, and {required} is set: {test}");
    let line = format!("left out: {why}: {test}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A test, the program that it lacks first, and what makes it fail for that.
struct Row {
    test: &'static str,
    lacks: &'static str,
    required: &'static str,
}

const NEEDY: [Row; 4] = [
    Row {
        test: "mosquitto::connecting::user_and_password_open_the_door",
        lacks: "mosquitto",
        required: crate::mosquitto::server::REQUIRED,
    },
    Row {
        test: "namespaces::faults::packets_that_are_lost_both_ways_in_mqtt_5",
        lacks: "ip",
        required: crate::namespaces::REQUIRED,
    },
    Row {
        test: "durability::the_folder_of_a_journal_is_synced_when_the_file_is_made_and_when_it_is_replaced",
        lacks: "strace",
        required: crate::trace::REQUIRED,
    },
    Row {
        test: "slow_places::records_that_the_disk_never_took_are_counted_and_an_error",
        lacks: "mount",
        required: crate::small_disk::REQUIRED,
    },
];

/// Runs that test of this test program where no program can be found.
fn run(row: &Row, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", row.test]).env(LOOK_IN, "/nowhere");
    command.env_remove(row.required).envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_test_that_sends_signals_passes_where_nohup_or_a_script_made_them_ignored() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let output = command.args(["--exact", "endings::each_signal_ends_the_demo_in_order"]).output().unwrap();
    let out = text(&output.stdout);
    assert!(output.status.success() && out.contains("1 passed"), "{out}");
}

#[test]
fn a_test_without_its_programs_passes_and_says_that_it_is_left_out() {
    for row in &NEEDY {
        let output = run(row, &[]);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && out.contains("1 passed"), "{}: {out}", row.test);
        assert!(err.contains(&format!("left out: {} is not installed", row.lacks)), "{}: {err}", row.test);
    }
}

#[test]
fn a_test_without_its_programs_fails_where_they_are_required() {
    for row in &NEEDY {
        let output = run(row, &[(row.required, "1")]);
        let out = text(&output.stdout);
        assert!(!output.status.success() && out.contains("1 failed"), "{}: {out}", row.test);
    }
}
