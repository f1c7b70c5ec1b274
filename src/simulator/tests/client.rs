//! A bare client that sends what it is told and says what came back. It understands no packet.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::io::clock::Clock;
use crate::simulator::Simulator;

pub(super) const CONNECT: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c";
pub(super) const CONNACK: &[u8] = b"\x20\x02\0\0";
/// Asks for QoS 2 of the filter `t`.
pub(super) const SUBSCRIBE: &[u8] = b"\x82\x06\0\x01\0\x01t\x02";
pub(super) const SUBACK: &[u8] = b"\x90\x03\0\x01\x02";
/// How long nothing has to come where nothing ever may.
const MOMENT: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Client {
    stream: TcpStream,
    clock: Clock,
}

impl Client {
    pub(super) async fn connect(simulator: &Simulator) -> Self {
        let clock = Clock::start();
        let stream = TcpStream::connect(simulator.address()).await.expect("an open port");
        stream.set_nodelay(true).expect("an open socket");
        Self { stream, clock }
    }

    /// A client whose CONNECT was accepted.
    pub(super) async fn session(simulator: &Simulator) -> Self {
        let mut client = Self::connect(simulator).await;
        client.send(CONNECT).await;
        client.expect(CONNACK).await;
        client
    }

    pub(super) async fn subscribed(simulator: &Simulator) -> Self {
        let mut client = Self::session(simulator).await;
        client.send(SUBSCRIBE).await;
        client.expect(SUBACK).await;
        client
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("an open socket");
    }

    pub(super) async fn expect(&mut self, bytes: &[u8]) {
        let mut read = vec![0; bytes.len()];
        tokio::select! {
            outcome = self.stream.read_exact(&mut read) => { outcome.expect("more bytes"); }
            () = self.clock.sleep_until(Some(self.clock.now().plus(PATIENCE))) => panic!("no {bytes:02x?}"),
        }
        assert_eq!(read, bytes);
    }

    /// What one more read says within `span`; `None` if nothing comes.
    async fn next(&mut self, span: Duration) -> Option<Result<usize, ErrorKind>> {
        let mut read = [0; 1024];
        tokio::select! {
            outcome = self.stream.read(&mut read) => Some(outcome.map_err(|error| error.kind())),
            () = self.clock.sleep_until(Some(self.clock.now().plus(span))) => None,
        }
    }

    pub(super) async fn expect_nothing(&mut self) {
        assert_eq!(self.next(MOMENT).await, None);
    }

    /// No byte comes before the end, and the end not before `span` after the client connected.
    pub(super) async fn expect_end_after(&mut self, span: Duration, end: Result<usize, ErrorKind>) {
        assert_eq!(self.next(PATIENCE).await, Some(end));
        self.expect_elapsed(span);
    }

    pub(super) fn expect_elapsed(&self, span: Duration) {
        assert!(self.clock.now().since_start() >= span, "too early");
    }

    pub(super) async fn expect_fin(&mut self) {
        assert_eq!(self.next(PATIENCE).await, Some(Ok(0)));
    }

    pub(super) async fn expect_rst(&mut self) {
        assert_eq!(self.next(PATIENCE).await, Some(Err(ErrorKind::ConnectionReset)));
    }
}
