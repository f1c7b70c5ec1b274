//! The broker on real sockets of 127.0.0.1: it carries out what [`super::core`] asks for, and decides nothing itself.

mod acceptor;
mod listen_port;
mod socket;

use std::io;
use std::net::SocketAddr;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::acceptor::Acceptor;
use self::listen_port::ListenPort;
use super::core::{Broker, Observed};
use super::script::Script;
use crate::io::clock::Clock;

/// A running simulator. Dropped, it ends: its port and all its sockets are closed as soon as the runtime runs on.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    broker: watch::Sender<Broker>,
    acceptor: AbortHandle,
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
        let port = ListenPort::reserve(port).map_err(failed)?;
        let address = port.address();
        let broker = watch::Sender::new(Broker::new(script, clock.now()));
        let acceptor = Acceptor::open(port, broker.clone(), clock).map_err(failed)?;
        let acceptor = tokio::spawn(acceptor.run()).abort_handle();
        Ok(Self { address, broker, acceptor })
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the clients have done so far.
    pub fn observed(&self) -> Observed {
        self.broker.borrow().observed().clone()
    }

    /// Waits until what the clients have done satisfies `enough`, without bound.
    pub async fn observed_until(&self, mut enough: impl FnMut(&Observed) -> bool) -> Observed {
        let mut changes = self.broker.subscribe();
        let satisfied = changes.wait_for(|broker| enough(broker.observed())).await;
        // The only error says that the sender is gone, which `self` holds.
        satisfied.map_or_else(|_| self.observed(), |broker| broker.observed().clone())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.acceptor.abort();
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
