//! The gateway: TLS, then the upgrade for who has signed it, then a real mosquitto. What it knows and how it treats its
//! clients can be changed while it runs.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tungstenite::handshake::derive_accept_key;

pub(crate) use super::quirk::{Packet, Quirk};
use super::request::Request;
pub(crate) use super::session::Farewell;
use super::session::carry;
use super::tls::{self, Clients};
pub(crate) use super::verifier::Key;
use super::verifier::Verifier;
use crate::mosquitto::server::Mosquitto;

/// The region that the gateway stands in.
pub(crate) const REGION: &str = "us-east-1";

/// A request for a WebSocket, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    /// What it was answered with.
    pub(crate) status: u16,
    /// When it says that it was signed.
    pub(crate) signed: String,
    /// What was wrong with it; empty where it was let in.
    pub(crate) refusal: String,
}

/// What the gateway goes by.
struct Rules {
    keys: Vec<Key>,
    /// How far its clock is ahead.
    ahead: TimeDelta,
    /// What everybody is answered.
    refusal: Option<u16>,
    quirk: Quirk,
}

struct Shared {
    rules: Mutex<Rules>,
    visits: Mutex<Vec<Visit>>,
    farewells: broadcast::Sender<Farewell>,
}

/// A gateway that is there as long as this.
pub(crate) struct Gateway {
    port: u16,
    shared: Arc<Shared>,
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Stands before `broker` and lets in who has one of `keys`.
    pub(crate) fn start(broker: &Mosquitto, keys: &[Key]) -> Self {
        let rules =
            Rules { keys: keys.to_vec(), ahead: TimeDelta::zero(), refusal: None, quirk: Quirk::None };
        let farewells = broadcast::Sender::new(4);
        let shared = Arc::new(Shared { rules: Mutex::new(rules), visits: Mutex::default(), farewells });
        let tls = tls::acceptor(&broker.certificates, Clients::Anybody, &["http/1.1"]);
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (close, closed) = oneshot::channel();
        let porter = Acceptor { shared: Arc::clone(&shared), tls, broker: broker.ports.plain };
        let thread = std::thread::spawn(move || run(porter.receive(listener), closed));
        Self { port, shared, close: Some(close), thread: Some(thread) }
    }

    /// What a client asks for.
    pub(crate) fn url(&self) -> String {
        format!("wss://localhost:{}/mqtt", self.port)
    }

    /// Sets the gateway's clock ahead of this host's, or behind.
    pub(crate) fn set_ahead(&self, ahead: TimeDelta) {
        self.shared.rules.lock().unwrap().ahead = ahead;
    }

    /// Answers all that come with this status; `None` ends that.
    pub(crate) fn refuse(&self, status: Option<u16>) {
        self.shared.rules.lock().unwrap().refusal = status;
    }

    /// Treats packets like this from now on, those of sessions that are up too.
    pub(crate) fn treat(&self, quirk: Quirk) {
        self.shared.rules.lock().unwrap().quirk = quirk;
    }

    /// Takes the key called `id` no longer.
    pub(crate) fn expire(&self, id: &str) {
        self.shared.rules.lock().unwrap().keys.retain(|key| key.id != id);
    }

    /// Takes another key from now on.
    pub(crate) fn trust(&self, key: Key) {
        self.shared.rules.lock().unwrap().keys.push(key);
    }

    /// Ends all sessions.
    pub(crate) fn end_sessions(&self, farewell: Farewell) {
        self.shared.farewells.send(farewell).unwrap();
    }

    /// All requests so far.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.shared.visits.lock().unwrap().clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Who is gone already needs no word.
        let _ = self.close.take().map(|close| close.send(()));
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.transpose().unwrap();
        }
    }
}

/// Works in a thread of its own until it is closed.
pub(super) fn run(work: impl Future<Output = ()>, closed: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::select! {
            () = work => {}
            _ = closed => {}
        }
    });
}

struct Acceptor {
    shared: Arc<Shared>,
    tls: TlsAcceptor,
    broker: u16,
}

impl Acceptor {
    async fn receive(self, listener: std::net::TcpListener) {
        let listener = TcpListener::from_std(listener).unwrap();
        let mut sessions = JoinSet::new();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (shared, tls) = (Arc::clone(&self.shared), self.tls.clone());
            sessions.spawn(visit(shared, tls, client, self.broker));
            while sessions.try_join_next().is_some_and(|ended| ended.is_ok()) {}
        }
    }
}

/// One connection from accept to end.
async fn visit(shared: Arc<Shared>, tls: TlsAcceptor, client: TcpStream, broker: u16) {
    client.set_nodelay(true).unwrap();
    let Ok(mut client) = tls.accept(client).await else { return };
    let Some(request) = request(&mut client).await else { return };
    let (visit, answer) = shared.judge(&request);
    let farewells = shared.farewells.subscribe();
    shared.visits.lock().unwrap().push(visit.clone());
    if client.write_all(answer.as_bytes()).await.and(client.flush().await).is_err() {
        return;
    }
    match visit.status {
        101 => carry(client, broker, farewells, || shared.rules.lock().unwrap().quirk).await,
        // Whether the client waits for the end of the answer or not: what it does then is its own affair.
        _ => drop(client.shutdown().await),
    }
}

/// The head of a request; `None` where the client left in it.
async fn request(client: &mut TlsStream<TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    Some(Request::parse(&String::from_utf8(head).ok()?))
}

impl Shared {
    fn judge(&self, request: &Request) -> (Visit, String) {
        let rules = self.rules.lock().unwrap();
        let now = wall() + rules.ahead;
        let verifier = Verifier { region: REGION.to_owned(), keys: rules.keys.clone(), now };
        let (status, refusal) = match (rules.refusal, verifier.verify(request)) {
            (Some(status), _) => (status, "everybody is refused".to_owned()),
            (None, Err(refusal)) => (403, refusal),
            (None, Ok(())) => (101, String::new()),
        };
        let signed = request.parameter("X-Amz-Date").unwrap_or_default().to_owned();
        (Visit { status, signed, refusal }, answer(request, status, now))
    }
}

fn answer(request: &Request, status: u16, now: DateTime<Utc>) -> String {
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT");
    match status {
        101 => {
            let accept =
                derive_accept_key(request.header("sec-websocket-key").unwrap_or_default().as_bytes());
            format!(
                "HTTP/1.1 101 Switching Protocols\r\ndate: {date}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-accept: {accept}\r\nsec-websocket-protocol: mqtt\r\n\r\n"
            )
        }
        status => {
            let body = "{\"message\":\"Forbidden\"}";
            format!(
                "HTTP/1.1 {status} Refused\r\ndate: {date}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a service has a clock of its own")]
pub(super) fn wall() -> DateTime<Utc> {
    Utc::now()
}
