//! A bare client that sends what it is told and says what came back. It understands no packet.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::network::Network;
use super::virtual_network::VirtualNetwork;
use crate::event::Moment;
use crate::io::clock::Clock;

pub(super) const CONNECT: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c";
pub(super) const CONNACK: &[u8] = b"\x20\x02\0\0";
/// Asks for QoS 2 of the filter `t`.
pub(super) const SUBSCRIBE: &[u8] = b"\x82\x06\0\x01\0\x01t\x02";
pub(super) const SUBACK: &[u8] = b"\x90\x03\0\x01\x02";
/// How long nothing has to come where nothing ever may.
const MOMENT: Duration = Duration::from_millis(30);
/// How long something that must come may take on a slow host.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What a read says: bytes, none at the end of the stream, or `None` if nothing came in time.
type Outcome = Option<Result<Vec<u8>, ErrorKind>>;

pub(super) struct Client {
    place: &'static str,
    stream: Stream,
}

enum Stream {
    Socket { stream: TcpStream, clock: Clock },
    Virtual { network: Rc<RefCell<VirtualNetwork>>, link: usize, begun: Moment },
}

impl Client {
    pub(super) async fn connect(network: &Network) -> Self {
        let stream = match network {
            Network::Sockets(simulator) => {
                let clock = Clock::start();
                let stream = TcpStream::connect(simulator.address()).await.expect("an open port");
                stream.set_nodelay(true).expect("an open socket");
                Stream::Socket { stream, clock }
            }
            Network::Virtual(network) => {
                let begun = network.borrow().now();
                let link = network.borrow_mut().connect(PATIENCE).expect("an open port");
                Stream::Virtual { network: Rc::clone(network), link, begun }
            }
        };
        Self { place: network.name(), stream }
    }

    /// A client whose CONNECT was accepted.
    pub(super) async fn session(network: &Network) -> Self {
        let mut client = Self::connect(network).await;
        client.send(CONNECT).await;
        client.expect(CONNACK).await;
        client
    }

    pub(super) async fn subscribed(network: &Network) -> Self {
        let mut client = Self::session(network).await;
        client.send(SUBSCRIBE).await;
        client.expect(SUBACK).await;
        client
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Socket { stream, .. } => stream.write_all(bytes).await.expect("an open socket"),
            Stream::Virtual { network, link, .. } => {
                network.borrow_mut().send(*link, bytes);
            }
        }
    }

    pub(super) async fn expect(&mut self, bytes: &[u8]) {
        let mut read = Vec::new();
        while read.len() < bytes.len() {
            match self.read(bytes.len() - read.len(), PATIENCE).await {
                Some(Ok(more)) if !more.is_empty() => read.extend(more),
                outcome => panic!("{outcome:?} behind {read:02x?} {}", self.place),
            }
        }
        assert!(read == bytes, "{read:02x?} instead of {bytes:02x?} {}", self.place);
    }

    async fn read(&mut self, room: usize, span: Duration) -> Outcome {
        match &mut self.stream {
            Stream::Socket { stream, clock } => {
                let mut read = vec![0; room];
                let outcome = tokio::select! {
                    outcome = stream.read(&mut read) => outcome.map_err(|error| error.kind()),
                    () = clock.sleep_until(Some(clock.now().plus(span))) => return None,
                };
                Some(outcome.map(|count| read[..count].to_vec()))
            }
            Stream::Virtual { network, link, .. } => network.borrow_mut().read(*link, room, span),
        }
    }

    async fn expect_outcome(&mut self, span: Duration, expected: Outcome) {
        assert_eq!(self.read(1024, span).await, expected, "{}", self.place);
    }

    pub(super) async fn expect_nothing(&mut self) {
        self.expect_outcome(MOMENT, None).await;
    }

    pub(super) fn expect_elapsed(&self, span: Duration) {
        let elapsed = match &self.stream {
            Stream::Socket { clock, .. } => clock.now().since_start(),
            Stream::Virtual { network, begun, .. } => network.borrow().now().since(*begun),
        };
        assert!(elapsed >= span, "too early: after {elapsed:?} {}", self.place);
    }

    pub(super) async fn expect_fin(&mut self) {
        self.expect_outcome(PATIENCE, Some(Ok(Vec::new()))).await;
    }

    pub(super) async fn expect_rst(&mut self) {
        self.expect_outcome(PATIENCE, Some(Err(ErrorKind::ConnectionReset))).await;
    }

    /// The same, and not before `span` after the client connected.
    pub(super) async fn expect_fin_after(&mut self, span: Duration) {
        self.expect_fin().await;
        self.expect_elapsed(span);
    }

    pub(super) async fn expect_rst_after(&mut self, span: Duration) {
        self.expect_rst().await;
        self.expect_elapsed(span);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Stream::Virtual { network, link, .. } = &self.stream {
            network.borrow_mut().close(*link);
        }
    }
}
