//! Drives one accepted socket as its [`Serving`] says: reads, writes, waits, ends. It decides nothing itself.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::packet::ClientPacket;
use super::packet::decode::next_packet;
use super::seen::{Seen, SeenPacket};
use super::serving::{Serving, Stance};
use super::session::MALFORMED_PACKET;
use crate::event::Protocol;
use crate::io::clock::Clock;

/// How long a client may take to leave after FIN.
const FAREWELL: Duration = Duration::from_secs(5);

/// Room for one read.
const READ_BYTES: usize = 4096;

/// One accepted socket.
pub(super) struct Connection {
    /// 1 for the first accepted.
    pub(super) number: u64,
    /// The socket.
    pub(super) stream: TcpStream,
    /// What happens on it.
    pub(super) serving: Serving,
    /// Where packets are told.
    pub(super) seen: watch::Sender<Seen>,
    /// For all waiting.
    pub(super) clock: Clock,
}

impl Connection {
    /// Goes on until the script ends the connection or the client leaves. A socket that is handed back was closed in
    /// order and waits for the client's FIN.
    pub(super) async fn run(mut self) -> Option<Farewell> {
        let outcome = self.serve().await;
        self.seen.send_modify(|seen| seen.ended += 1);
        match outcome {
            Ok(Ending::Closed) => Some(Farewell { stream: self.stream, clock: self.clock }),
            Ok(Ending::Gone) => None,
            Err(error) => {
                tracing::debug!(connection = self.number, %error, "a client of the simulator is gone");
                None
            }
        }
    }

    async fn serve(&mut self) -> io::Result<Ending> {
        self.stream.set_nodelay(true)?;
        let mut visitor = Visitor::new();
        loop {
            self.serving.advance(self.clock.now());
            if let Some(ending) = self.ending().await? {
                return Ok(ending);
            }
            self.wait().await?;
            self.write()?;
            if self.read(&mut visitor)? == Flow::Ended {
                return Ok(Ending::Gone);
            }
        }
    }

    /// Ends the connection if it is to end now.
    async fn ending(&mut self) -> io::Result<Option<Ending>> {
        match self.serving.stance() {
            Stance::Closing if self.serving.all_sent() => {
                self.stream.shutdown().await?;
                Ok(Some(Ending::Closed))
            }
            Stance::Resetting => {
                self.write()?;
                self.stream.set_zero_linger()?;
                Ok(Some(Ending::Gone))
            }
            Stance::Expecting | Stance::Serving | Stance::Mute | Stance::Silent | Stance::Closing => Ok(None),
        }
    }

    /// Waits until the socket or the clock has something to do.
    async fn wait(&self) -> io::Result<()> {
        let now = self.clock.now();
        let reads = self.serving.reads().then_some(Interest::READABLE);
        let writes = (!self.serving.ready(now).is_empty()).then_some(Interest::WRITABLE);
        tokio::select! {
            outcome = self.ready([reads, writes].into_iter().flatten().reduce(Interest::add)) => outcome,
            () = self.clock.sleep_until(self.serving.deadline(now)) => Ok(()),
        }
    }

    async fn ready(&self, interest: Option<Interest>) -> io::Result<()> {
        match interest {
            Some(interest) => self.stream.ready(interest).await.map(drop),
            None => std::future::pending().await,
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        let ready = self.serving.ready(now);
        if ready.is_empty() {
            return Ok(());
        }
        let count = unblocked(self.stream.try_write(ready))?.unwrap_or_default();
        self.serving.sent(count, now);
        Ok(())
    }

    fn read(&mut self, visitor: &mut Visitor) -> io::Result<Flow> {
        if !self.serving.reads() {
            return Ok(Flow::Open);
        }
        visitor.bytes.reserve(READ_BYTES);
        if unblocked(self.stream.try_read_buf(&mut visitor.bytes))? == Some(0) {
            return Ok(Flow::Ended);
        }
        while self.serving.reads() && self.take_packet(visitor) {}
        Ok(Flow::Open)
    }

    /// Hands over one packet, if a whole one has come.
    fn take_packet(&mut self, visitor: &mut Visitor) -> bool {
        match next_packet(&mut visitor.bytes, visitor.protocol) {
            Ok(Some(packet)) => {
                self.serving.receive(&packet, self.clock.now());
                self.tell(visitor, packet);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(connection = self.number, %error, "a client of the simulator broke the protocol");
                self.serving.offended(MALFORMED_PACKET);
                false
            }
        }
    }

    fn tell(&self, visitor: &mut Visitor, packet: ClientPacket) {
        if let ClientPacket::Connect(connect) = &packet {
            visitor.client_id.clone_from(&connect.client_id);
            visitor.protocol = connect.protocol().unwrap_or(visitor.protocol);
        }
        let packet = SeenPacket { connection: self.number, client_id: visitor.client_id.clone(), packet };
        self.seen.send_modify(|seen| seen.add(packet));
    }
}

/// What is known of the client.
#[derive(Debug)]
struct Visitor {
    bytes: BytesMut,
    client_id: String,
    protocol: Protocol,
}

impl Visitor {
    /// Nothing, before CONNECT.
    fn new() -> Self {
        Self { bytes: BytesMut::new(), client_id: String::new(), protocol: Protocol::V311 }
    }
}

/// How the script's part of a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// FIN is sent.
    Closed,
    /// The socket has only to be dropped.
    Gone,
}

/// Whether more can come from the client.
#[derive(Debug, PartialEq, Eq)]
enum Flow {
    Open,
    Ended,
}

/// A socket whose FIN is sent. Dropped with bytes of the client unread it would send RST after the FIN.
pub(super) struct Farewell {
    stream: TcpStream,
    clock: Clock,
}

impl Farewell {
    /// Reads until the client leaves, or for [`FAREWELL`].
    pub(super) async fn wait(mut self) {
        let deadline = self.clock.now().plus(FAREWELL);
        let mut sink = tokio::io::sink();
        tokio::select! {
            _ = tokio::io::copy(&mut self.stream, &mut sink) => {}
            () = self.clock.sleep_until(Some(deadline)) => {}
        }
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
