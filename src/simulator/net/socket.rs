//! Drives one accepted socket as its [`Connection`] asks for: reads, writes, waits, ends. It decides nothing itself.

use std::io;
use std::ops::ControlFlow;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::event::Moment;
use crate::io::clock::Clock;
use crate::simulator::core::{Broker, BrokerInput, Connection, ConnectionInput, ConnectionOutput};

/// Room for one read.
const READ_BYTES: usize = 4096;

/// One accepted socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    connection: Box<Connection>,
    broker: watch::Sender<Broker>,
    clock: Clock,
    /// What the kernel has not taken yet.
    unsent: Bytes,
    /// Whether the connection wants to hear of the client; `None` while it does not.
    reads: Option<Interest>,
    buffer: BytesMut,
}

impl Socket {
    /// The socket of a connection that was just accepted.
    pub(super) fn new(
        stream: TcpStream,
        connection: Box<Connection>,
        broker: watch::Sender<Broker>,
        clock: Clock,
    ) -> Self {
        let (unsent, buffer) = (Bytes::new(), BytesMut::new());
        Self { stream, connection, broker, clock, unsent, reads: Some(Interest::READABLE), buffer }
    }

    /// Goes on until the connection closes its socket.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.stream.set_nodelay(true) {
            self.broken(&error);
        }
        while let ControlFlow::Continue(deadline) = self.carry_out().await {
            self.wait(deadline).await;
        }
    }

    /// Does all that the connection asks for; returns the next deadline, or `Break` once the socket is to be closed.
    async fn carry_out(&mut self) -> ControlFlow<(), Option<Moment>> {
        loop {
            match self.connection.poll() {
                ConnectionOutput::Report(report) => {
                    let now = self.clock.now();
                    self.broker.send_modify(|broker| broker.handle(now, BrokerInput::Report(report)));
                }
                ConnectionOutput::Send(bytes) => self.send(bytes),
                ConnectionOutput::StopReading => self.reads = None,
                ConnectionOutput::ResumeReading => self.reads = Some(Interest::READABLE),
                ConnectionOutput::Shutdown => {
                    if let Err(error) = self.stream.shutdown().await {
                        self.broken(&error);
                    }
                }
                ConnectionOutput::Close => return ControlFlow::Break(()),
                ConnectionOutput::Reset => {
                    self.reset();
                    return ControlFlow::Break(());
                }
                ConnectionOutput::Wait(deadline) => return ControlFlow::Continue(deadline),
            }
        }
    }

    /// Waits until the socket or the clock has something to do, and tells the connection.
    async fn wait(&mut self, deadline: Option<Moment>) {
        let writes = (!self.unsent.is_empty()).then_some(Interest::WRITABLE);
        let interest = [self.reads, writes].into_iter().flatten().reduce(Interest::add);
        tokio::select! {
            outcome = ready(&self.stream, interest) => match outcome {
                Ok(()) => {
                    self.write_on();
                    self.read();
                }
                Err(error) => self.broken(&error),
            },
            () = self.clock.sleep_until(deadline) => self.handle(ConnectionInput::Timeout),
        }
    }

    fn handle(&mut self, input: ConnectionInput<'_>) {
        self.connection.handle(self.clock.now(), input);
    }

    fn broken(&mut self, error: &io::Error) {
        tracing::debug!(connection = self.connection.number(), %error, "a client of the simulator is gone");
        self.unsent.clear();
        self.handle(ConnectionInput::Reset);
    }

    fn send(&mut self, bytes: Bytes) {
        self.unsent = bytes;
        self.write();
        if !self.unsent.is_empty() {
            self.handle(ConnectionInput::Blocked);
        }
    }

    /// Goes on with what the kernel did not take at first.
    fn write_on(&mut self) {
        if self.unsent.is_empty() {
            return;
        }
        self.write();
        if self.unsent.is_empty() {
            self.handle(ConnectionInput::Writable);
        }
    }

    /// Writes what the kernel takes now.
    fn write(&mut self) {
        match unblocked(self.stream.try_write(&self.unsent)) {
            Ok(count) => self.unsent.advance(count.unwrap_or_default()),
            Err(error) => self.broken(&error),
        }
    }

    fn read(&mut self) {
        if self.reads.is_none() {
            return;
        }
        self.buffer.reserve(READ_BYTES);
        match unblocked(self.stream.try_read_buf(&mut self.buffer)) {
            Ok(Some(0)) => self.handle(ConnectionInput::Fin),
            Ok(Some(_)) => {
                let bytes = self.buffer.split();
                self.handle(ConnectionInput::Received(&bytes));
            }
            Ok(None) => {}
            Err(error) => self.broken(&error),
        }
    }

    /// Has the socket send RST when it is closed.
    fn reset(&mut self) {
        if !self.unsent.is_empty() {
            self.write();
        }
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::debug!(%error, "a socket of the simulator could not be reset");
        }
    }
}

/// For ever, where nothing is wanted of the socket.
async fn ready(stream: &TcpStream, interest: Option<Interest>) -> io::Result<()> {
    match interest {
        Some(interest) => stream.ready(interest).await.map(drop),
        None => std::future::pending().await,
    }
}

/// The outcome of a try, `None` where it would have blocked.
fn unblocked(outcome: io::Result<usize>) -> io::Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
