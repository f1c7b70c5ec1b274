//! A broker on 127.0.0.1 that misbehaves on command: the `demo` target, and the broker of the tests.
//!
//! [`script::Script`] says what happens to each connection; [`core`] decides it without I/O, in real or virtual time;
//! the [`Simulator`] does it on real TCP sockets. It speaks MQTT 3.1.1 and 5 by hand, so that it shares no mistakes with
//! the `wire` room, which it must not import. It is no broker for real use: messages of clients are acknowledged and
//! dropped, and nobody is asked for a password.

pub mod packet;

pub mod script;

pub mod core;
pub mod demo;

pub mod expired;
mod net;

pub use self::net::{Simulator, SimulatorError};

#[cfg(test)]
mod tests;
