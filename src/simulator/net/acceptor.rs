//! Holds the port as the broker asks for, and starts a task for each connection that is accepted.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::listen_port::ListenPort;
use super::socket::Socket;
use crate::event::Moment;
use crate::io::clock::Clock;
use crate::simulator::core::{Broker, BrokerInput, BrokerOutput, Incoming};

/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients, and holds the port meanwhile.
#[derive(Debug)]
pub(super) struct Acceptor {
    port: ListenPort,
    broker: watch::Sender<Broker>,
    clock: Clock,
    /// The next moment at which the broker has something to do.
    deadline: Option<Moment>,
    sockets: JoinSet<()>,
}

impl Acceptor {
    /// Brings the port into the state that the script begins with.
    pub(super) fn open(port: ListenPort, broker: watch::Sender<Broker>, clock: Clock) -> io::Result<Self> {
        let mut acceptor = Self { port, broker, clock, deadline: None, sockets: JoinSet::new() };
        acceptor.handle(BrokerInput::Timeout)?;
        Ok(acceptor)
    }

    /// Goes on for ever.
    pub(super) async fn run(mut self) {
        let mut reports = self.broker.subscribe();
        loop {
            tokio::select! {
                accepted = self.port.accept() => self.accepted(accepted).await,
                // It fails only where there is no sender, and this is one.
                _ = reports.changed() => {}
                () = self.clock.sleep_until(self.deadline) => {}
            }
            while self.sockets.try_join_next().is_some() {}
            if let Err(error) = self.handle(BrokerInput::Timeout) {
                tracing::error!(%error, "the simulator lost its port");
                // A port that is lost is closed; that it cannot be reserved either changes nothing.
                let _reserved = self.handle(BrokerInput::PortLost);
            }
        }
    }

    /// Hands the broker an input, and carries out what it asks for before anybody can read what it observed.
    fn handle(&mut self, input: BrokerInput) -> io::Result<()> {
        let Self { port, broker, clock, deadline, .. } = self;
        let mut outcome = Ok(());
        broker.send_if_modified(|broker| {
            broker.handle(clock.now(), input);
            let before = broker.observed().listening;
            *deadline = loop {
                match broker.poll() {
                    BrokerOutput::Port(state) => outcome = port.set(state),
                    BrokerOutput::Wait(deadline) => break deadline,
                }
            };
            broker.observed().listening != before
        });
        outcome
    }

    async fn accepted(&mut self, accepted: io::Result<TcpStream>) {
        match accepted {
            Ok(stream) => self.start(stream),
            Err(error) => {
                tracing::warn!(%error, "the simulator could not accept a connection");
                self.clock.sleep_until(Some(self.clock.now().plus(ACCEPT_PAUSE))).await;
            }
        }
    }

    fn start(&mut self, stream: TcpStream) {
        let mut incoming = Incoming::Refused;
        self.broker.send_modify(|broker| incoming = broker.incoming(self.clock.now()));
        if let Incoming::Accepted(connection) = incoming {
            self.sockets.spawn(Socket::new(stream, connection, self.broker.clone(), self.clock).run());
        }
    }
}
