//! A broker on 127.0.0.1 that misbehaves on command: the `demo` target, and the broker of the tests.
//!
//! [`script::Script`] says what happens to each connection; the [`Simulator`] does it on real TCP sockets. It speaks
//! MQTT 3.1.1 and 5 by hand, so that it shares no mistakes with the `wire` room, which it must not import. It is no broker
//! for real use: messages of clients are acknowledged and dropped, and nobody is asked for a password.

mod connection;
mod deliveries;
pub mod demo;
mod door;
pub mod expired;
mod keep_alive;
mod outbox;
pub mod packet;
mod porter;
pub mod script;
pub mod seen;
mod sequence;
mod serving;
mod session;

use std::io;
use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::door::Door;
use self::porter::Porter;
use self::script::Script;
use self::seen::Seen;
use crate::io::clock::Clock;

/// A running simulator. Dropped, it ends: its port and all its sockets are closed as soon as the runtime runs on.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    seen: watch::Sender<Seen>,
    porter: AbortHandle,
}

impl Simulator {
    /// Starts at a free port. Must be called within a tokio runtime; on return the port is as the first step of the
    /// script asks for.
    pub fn start(script: Script, clock: Clock) -> Result<Self, SimulatorError> {
        Self::start_at(0, script, clock)
    }

    /// The same at this port, 0 for any that is free.
    pub fn start_at(port: u16, script: Script, clock: Clock) -> Result<Self, SimulatorError> {
        let failed = |source| SimulatorError { port, source };
        let door = Door::reserve(port).map_err(failed)?;
        let address = door.address().map_err(failed)?;
        let seen = watch::Sender::new(Seen::default());
        let mut porter = Porter::new(script, seen.clone(), clock);
        let turn = porter.next_turn(door).map_err(failed)?;
        let porter = tokio::spawn(porter.run(turn)).abort_handle();
        Ok(Self { address, seen, porter })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the clients have done so far.
    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until what the clients have done satisfies `enough`, without bound.
    pub async fn seen_until(&self, enough: impl FnMut(&Seen) -> bool) -> Seen {
        // The only error says that the sender is gone, which `self` holds.
        self.seen.subscribe().wait_for(enough).await.map_or_else(|_| self.seen(), |seen| seen.clone())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.porter.abort();
    }
}

/// Why there is no simulator.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on 127.0.0.1:{port}")]
pub struct SimulatorError {
    /// As asked for, 0 for any.
    port: u16,
    /// The system's word.
    source: io::Error,
}

#[cfg(test)]
mod tests;
