//! The machines alone, in virtual time.

mod broker;
mod connection;
mod properties;

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::event::Moment;
use crate::simulator::script::{Behavior, Script};

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

/// The client ID is `c`.
fn connect(level: u8, keep_alive_seconds: u8) -> Vec<u8> {
    let (length, properties): (u8, &[u8]) = if level == 5 { (14, &[0]) } else { (13, &[]) };
    let head = [0x10, length, 0, 4, b'M', b'Q', b'T', b'T', level, 2, 0, keep_alive_seconds];
    [&head[..], properties, b"\0\x01c"].concat()
}

const PINGREQ: &[u8] = b"\xc0\0";
const PINGRESP: ConnectionOutput = send(b"\xd0\0");

const fn send(bytes: &'static [u8]) -> ConnectionOutput {
    ConnectionOutput::Send(Bytes::from_static(bytes))
}

/// A broker with one connection.
struct Driven {
    broker: Broker,
    connection: Box<Connection>,
    deadline: Option<Moment>,
}

impl Driven {
    /// Accepted at the start.
    fn accepted(behavior: Behavior) -> (Self, Vec<ConnectionOutput>) {
        let mut broker = Broker::new(Script::of([behavior]), at(0));
        let Incoming::Accepted(connection) = broker.incoming(at(0)) else { panic!("the port listens") };
        let mut driven = Self { broker, connection, deadline: None };
        let outputs = driven.drain(at(0));
        (driven, outputs)
    }

    /// A session of this level, whose CONNACK is sent.
    fn opened(behavior: Behavior, level: u8, keep_alive_seconds: u8) -> Self {
        let (mut driven, outputs) = Self::accepted(behavior);
        assert_eq!(outputs, []);
        let outputs = driven.receive(0, &connect(level, keep_alive_seconds));
        assert!(matches!(&outputs[..], [ConnectionOutput::Send(connack)] if connack[3] == 0), "{outputs:?}");
        driven
    }

    /// A session of MQTT 3.1.1 without keep-alive.
    fn session(behavior: Behavior) -> Self {
        Self::opened(behavior, 4, 0)
    }

    /// What comes of an input so many seconds after the start, without reports.
    fn handle(&mut self, seconds: u64, input: ConnectionInput<'_>) -> Vec<ConnectionOutput> {
        self.connection.handle(at(seconds), input);
        self.drain(at(seconds))
    }

    fn receive(&mut self, seconds: u64, bytes: &[u8]) -> Vec<ConnectionOutput> {
        self.handle(seconds, ConnectionInput::Received(bytes))
    }

    fn wait(&mut self, seconds: u64) -> Vec<ConnectionOutput> {
        self.handle(seconds, ConnectionInput::Timeout)
    }

    fn drain(&mut self, now: Moment) -> Vec<ConnectionOutput> {
        let mut outputs = Vec::new();
        loop {
            match self.connection.poll() {
                ConnectionOutput::Report(report) => self.broker.handle(now, BrokerInput::Report(report)),
                ConnectionOutput::Wait(deadline) => {
                    self.deadline = deadline;
                    return outputs;
                }
                output => outputs.push(output),
            }
        }
    }
}
