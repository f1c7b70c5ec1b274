//! The broker without I/O: who is accepted and what happens on each connection, as state machines in the manner of
//! quinn-proto. Time, bytes and the ends of streams are arguments; what is to be done comes out. The same machines stand
//! behind the sockets of [`super::Simulator`] and behind a simulated network in virtual time.
//!
//! A [`Broker`] follows the script. It says whether its port answers, and makes one [`Connection`] of each client that
//! it accepts. Both are driven alike: `handle` what happened, `poll` until `Wait`, and come back with `Timeout` at the
//! moment that `Wait` names. Each report of a connection is handed to its broker.
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use nwdiag::event::Moment;
//! use nwdiag::simulator::core::{
//!     Broker, BrokerInput, Connection, ConnectionInput, ConnectionOutput, Incoming,
//! };
//! use nwdiag::simulator::packet::PacketKind;
//! use nwdiag::simulator::script::{Behavior, Trigger, Action, Script};
//!
//! /// Carries out what the connection asks for: what it sent, and when it wants to be called again.
//! fn drain(broker: &mut Broker, connection: &mut Connection, now: Moment) -> (Vec<Bytes>, Option<Moment>) {
//!     let mut sent = Vec::new();
//!     loop {
//!         match connection.poll() {
//!             ConnectionOutput::Send(bytes) => sent.push(bytes),
//!             ConnectionOutput::Report(report) => broker.handle(now, BrokerInput::Report(report)),
//!             ConnectionOutput::Shutdown => sent.push(Bytes::from_static(b"FIN")),
//!             ConnectionOutput::Reset => sent.push(Bytes::from_static(b"RST")),
//!             ConnectionOutput::Close
//!             | ConnectionOutput::StopReading
//!             | ConnectionOutput::ResumeReading => {}
//!             ConnectionOutput::Wait(deadline) => return (sent, deadline),
//!         }
//!     }
//! }
//!
//! // One session that is reset a day after CONNECT, then well-behaved ones.
//! let day = Duration::from_secs(86_400);
//! let script = Script::of([Behavior::serving().act(Trigger::on(PacketKind::Connect).later(day), Action::Rst)]);
//! let start = Moment::default();
//! let mut broker = Broker::new(script, start);
//!
//! let Incoming::Accepted(mut connection) = broker.incoming(start) else { panic!("the port listens") };
//! // CONNECT of MQTT 3.1.1 without keep-alive, and the CONNACK that answers it.
//! connection.handle(start, ConnectionInput::Received(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c"));
//! let (sent, deadline) = drain(&mut broker, &mut connection, start);
//! assert_eq!(sent, [&b"\x20\x02\0\0"[..]]);
//!
//! // A simulated network goes straight to the next deadline of all its machines.
//! let then = deadline.expect("the session is to end");
//! assert_eq!(then.since(start), day);
//! connection.handle(then, ConnectionInput::Timeout);
//! assert_eq!(drain(&mut broker, &mut connection, then), (vec![Bytes::from_static(b"RST")], None));
//! assert_eq!(broker.observed().ended, 1);
//! ```

mod action_queue;
mod broker;
mod connack;
mod connection;
mod deliveries;
mod keep_alive;
mod observed;
mod paced_writer;
mod server;
mod session;

pub use self::broker::{Broker, BrokerInput, BrokerOutput, Incoming, PortState};
pub use self::connection::{Connection, ConnectionInput, ConnectionOutput};
pub use self::observed::{ConnectionReport, Observed, ObservedPacket, PACKETS_KEPT};

#[cfg(test)]
mod tests;
