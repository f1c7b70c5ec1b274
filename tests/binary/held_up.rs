//! A process that did not get to run: what it missed is no fault of the broker.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use nix::sys::signal::Signal;
use nwdiag::io::clock::Clock;

use crate::program::{Home, PATIENCE, Running, count, records, wait_for};

const PING_TIMEOUT: Duration = Duration::from_secs(3);
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
const PINGREQ: [u8; 2] = [0xc0, 0];
const PINGRESP: [u8; 2] = [0xd0, 0];
/// Whether the socket or the timer is looked at first is chance, in each process anew.
const PROCESSES: usize = 8;

/// A session as its broker has it.
struct Session(TcpStream);

impl Session {
    fn accept(listener: &TcpListener) -> Self {
        let mut stream = listener.accept().unwrap().0;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let connect = stream.read(&mut [0; 512]).unwrap();
        assert!(connect > 0, "no CONNECT");
        stream.write_all(&CONNACK).unwrap();
        Self(stream)
    }

    fn expect_ping(&mut self) {
        let mut packet = [0; 2];
        self.0.read_exact(&mut packet).unwrap();
        assert_eq!(packet, PINGREQ);
    }

    fn answer_ping(&mut self) {
        self.0.write_all(&PINGRESP).unwrap();
    }
}

#[test]
fn a_process_that_was_stopped_past_its_ping_deadline_reads_the_answer_that_waits_and_drops_nothing() {
    let (home, listener, clock) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap(), Clock::start());
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let pings = ["--protocol", "3.1.1", "--ping-interval", "1s", "--ping-timeout", "3s"];
    let arguments = [&["watch", &url, "--no-journal", "--json"], &pings[..]].concat();
    let start = || (home.start(&arguments), Session::accept(&listener));
    let mut all: Vec<(Running, Session)> = std::iter::repeat_with(start).take(PROCESSES).collect();
    for (watch, session) in &mut all {
        session.expect_ping();
        watch.signal(Signal::SIGSTOP);
        session.answer_ping();
    }
    let stopped = clock.now();
    let is_over = || (clock.now().since(stopped) > PING_TIMEOUT + PING_TIMEOUT / 4).then_some(());
    wait_for("the end of the time for an answer", is_over);
    for (watch, _) in &all {
        watch.signal(Signal::SIGCONT);
    }
    for (watch, session) in &mut all {
        session.expect_ping();
        watch.signal(Signal::SIGTERM);
    }
    for (watch, _) in all {
        let records = records(&watch.ended().page());
        assert_eq!((count(&records, "connected"), count(&records, "drop")), (1, 0), "{records:?}");
    }
}
