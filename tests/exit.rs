//! The built program ends when it is told to, whoever stands in its way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// The contract says two seconds; one more is what a person would not notice.
const LATEST: Duration = Duration::from_secs(3);

/// A pipe that takes nothing more, as a paused terminal does.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).map_err(|error| error.kind()) != Err(ErrorKind::WouldBlock) {}
    }
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

fn terminate(child: &Child) {
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
}

#[test]
fn a_paused_terminal_does_not_hold_the_exit() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_paused, terminal) = full_pipe();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nwdiag"))
        .args(["watch", &format!("mqtt://{}", broker.local_addr().unwrap()), "--no-journal"])
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _connection = broker.accept().unwrap();
    terminate(&child);
    let id = child.id();
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait()));
    let Ok(status) = end.recv_timeout(LATEST) else {
        Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
        panic!("still there after {LATEST:?}");
    };
    assert_eq!(status.unwrap().code(), Some(1), "what was not shown was lost");
}
