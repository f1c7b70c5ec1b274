//! Without mosquitto: this test program runs one of its own tests, and is told that there is no broker.

use std::process::{Command, Output};

use super::server::{LOOK_IN, REQUIRED};

/// A test that needs the broker.
const NEEDY: &str = "mosquitto::connecting::user_and_password_open_the_door";

/// Runs that test where no broker can be found.
fn run(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", NEEDY])
        .env_remove(REQUIRED)
        .env(LOOK_IN, "/nowhere")
        .envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_test_without_its_broker_passes_and_says_that_it_is_left_out() {
    let output = run(&[]);
    assert!(output.status.success() && text(&output.stdout).contains("1 passed"), "{}", text(&output.stdout));
    assert!(
        text(&output.stderr).contains("left out: mosquitto is not installed"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_test_without_its_broker_fails_where_the_broker_is_required() {
    let output = run(&[(REQUIRED, "1")]);
    assert!(
        !output.status.success() && text(&output.stdout).contains("1 failed"),
        "{}",
        text(&output.stdout)
    );
}
