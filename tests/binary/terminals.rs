//! `watch` on a terminal: a status line, colours, and a user who presses Ctrl-S.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::pty::openpty;
use nix::sys::signal::Signal;

use crate::broker::{AT_ONCE, Broker};
use crate::program::{Home, Running, recorded, stop_reason, wait_for};

const PAUSE: u8 = 0x13;

/// Runs the program on a terminal of its own; gives the side where a person sits.
fn on_terminal(mut command: Command) -> (Running, File) {
    let pair = openpty(None, None).unwrap();
    let side = |end: &OwnedFd| Stdio::from(end.try_clone().unwrap());
    command.stdin(side(&pair.slave)).stdout(side(&pair.slave)).stderr(side(&pair.slave));
    let (running, _) = Running::start_unread(command);
    (running, File::from(pair.master))
}

#[test]
fn a_terminal_gets_colours_and_a_status_line() {
    let (home, broker) = (Home::new(), Broker::serving());
    let mut command = home.command(&["watch", &broker.url()]);
    command.env("TERM", "xterm");
    let (mut watch, person) = on_terminal(command);
    watch.listen(person.try_clone().unwrap());
    watch.says("\x1b[");
    watch.says("connected");
    watch.signal(Signal::SIGINT);
    let page = watch.ended().out;
    assert!(page.contains("0 drops"), "{page:?}");
    assert!(page.contains("stopped"), "{page:?}");
}

/// `watch | jq`: what jq prints and the status line would stand on the same screen.
#[test]
fn a_pipe_keeps_the_status_line_off_the_terminal() {
    let (home, broker) = (Home::new(), Broker::serving());
    let pair = openpty(None, None).unwrap();
    let mut command = home.command(&["watch", &broker.url(), "--max-events", "1"]);
    command.stderr(Stdio::from(pair.slave));
    let done = Running::start(command).ended();
    assert!(done.out.contains("stopped"), "{}", done.out);
    let mut shown = Vec::new();
    // Reading a terminal that everybody left ends in an error, behind what was written on it.
    let _hung_up = File::from(pair.master).read_to_end(&mut shown);
    assert_eq!(String::from_utf8_lossy(&shown), "");
}

#[test]
fn a_terminal_that_is_paused_stops_neither_session_nor_the_end() {
    let (home, broker) = (Home::in_memory(), Broker::flapping());
    let journal = home.journal(&broker.name());
    let (watch, mut person) = on_terminal(home.command(&[&["watch", &broker.url()], &AT_ONCE[..]].concat()));
    let drops = || std::fs::read_to_string(&journal).map_or(0, |text| text.matches("\"drop\"").count());
    wait_for("a drop", || (drops() > 0).then_some(()));
    person.write_all(&[PAUSE]).unwrap();
    let so_far = drops();
    wait_for("more drops", || (drops() > so_far + 100).then_some(()));
    watch.signal(Signal::SIGTERM);
    assert_eq!(
        watch.ended_within(Duration::from_secs(4)).code,
        Some(1),
        "records that nobody saw are a loss"
    );
    assert_eq!(stop_reason(&recorded(&journal)), "signal");
}
