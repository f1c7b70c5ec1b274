//! The upgrade from HTTP to WebSocket with the subprotocol `mqtt`. The answer's head is read, never its body.

use std::fmt;
use std::io;

use bytes::{Buf, BytesMut};
use chrono::TimeDelta;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::uri::PathAndQuery;

use super::setup::SetupError;
use super::{DialSettings, TimedOut};
use crate::event::failure::{Failure, Stage, StreamEnd, UpgradeFailure, UpgradeFlaw};
use crate::event::{Phase, Transport};
use crate::io::clock;
use crate::io::stream::Stream;
use crate::io::websocket::WebsocketStream;
use crate::secret::Secret;
use crate::session::attempt::DialError;
use crate::session::service_clock;

const HEAD_LIMIT_BYTES: usize = 16 * 1024;
const HEADERS_LIMIT: usize = 100;
const SUBPROTOCOL: &str = "mqtt";
const SWITCHING_PROTOCOLS: u16 = 101;

/// All that the upgrade on one broker needs.
#[derive(Clone)]
pub(super) struct Upgrade {
    /// As the header `Host` names it.
    authority: String,
    /// With the query, which may hold secrets.
    path: String,
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = without_query(&self.path);
        f.debug_struct("Upgrade").field("authority", &self.authority).field("path", &path).finish()
    }
}

/// `path` as it may be shown.
pub(super) fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// The failure of an upgrade that is not answered when time is up.
pub(super) const fn timed_out(TimedOut(waited): TimedOut) -> DialError {
    error(UpgradeFailure::Silent(waited))
}

const fn error(failure: UpgradeFailure) -> DialError {
    DialError::new(Phase::Websocket, Failure::Upgrade(failure))
}

impl Upgrade {
    /// Checks the path: what HTTP does not allow in one is refused, line ends above all.
    pub(super) fn new(settings: &DialSettings) -> Result<Self, SetupError> {
        let path = &settings.path;
        let valid = path.starts_with('/') && PathAndQuery::try_from(path.as_str()).is_ok();
        if !valid {
            return Err(SetupError::Path);
        }
        Ok(Self { authority: authority(settings), path: path.clone() })
    }

    /// The header `Host`, and the path with its query.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.authority, &self.path)
    }

    /// Turns `stream` into a WebSocket; asks for `path` instead of its own, if there is one. `clock_offset` is how far
    /// our clock is ahead of that of whoever answers, where that is told.
    pub(super) async fn over(
        &self,
        mut stream: Stream,
        path: Option<&Secret>,
        clock_offset: &mut Option<TimeDelta>,
    ) -> Result<WebsocketStream<Stream>, DialError> {
        let path = path.map_or(self.path.as_str(), Secret::reveal);
        let key = generate_key();
        if let Err(error) = send(&mut stream, &self.request(path, &key)).await {
            match stream.end_of(Err(error)) {
                // An alert or an answer that was under way says more than the write that failed on it.
                StreamEnd::Reset => {}
                end => return Err(ended(end)),
            }
        }
        let mut input = BytesMut::new();
        let answer = answer(&mut stream, &mut input).await.map_err(Unanswered::error)?;
        *clock_offset =
            answer.date.as_deref().and_then(|date| service_clock::clock_offset(date, clock::wall()));
        match answer.refusal(&key, path) {
            None => Ok(WebsocketStream::new(stream, input)),
            Some(refusal) => Err(error(refusal)),
        }
    }

    fn request(&self, path: &str, key: &str) -> String {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n",
            self.authority
        )
    }
}

/// The host, with its port where that is not the scheme's own; addresses of IPv6 in brackets.
fn authority(settings: &DialSettings) -> String {
    match (settings.transport, settings.port) {
        (Transport::Ws, 80) | (Transport::Wss, 443) => settings.host.to_string(),
        (_, port) => format!("{}:{port}", settings.host),
    }
}

async fn send(stream: &mut Stream, request: &str) -> io::Result<()> {
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await
}

/// Why there is no answer.
enum Unanswered {
    Ended(StreamEnd),
    NotHttp(String),
}

impl Unanswered {
    fn error(self) -> DialError {
        match self {
            Self::Ended(end) => ended(end),
            Self::NotHttp(reason) => error(UpgradeFailure::NotHttp(reason)),
        }
    }
}

/// TLS 1.3 refuses our certificate only now: that is still a failed TLS phase.
fn ended(end: StreamEnd) -> DialError {
    match end.failed_phase() {
        Phase::Tls => DialError::new(Phase::Tls, Failure::Ended(Stage::Session, end)),
        _ => DialError::new(Phase::Websocket, Failure::Ended(Stage::Upgrade, end)),
    }
}

/// Reads the head of the final answer; what came behind it stays in `input`. Interim answers (1xx other than 101,
/// RFC 9110, section 15.2) are passed over.
async fn answer(stream: &mut Stream, input: &mut BytesMut) -> Result<Answer, Unanswered> {
    let mut limited = stream.take(HEAD_LIMIT_BYTES as u64);
    loop {
        match limited.read_buf(input).await {
            Ok(0) if limited.limit() == 0 => {
                return Err(Unanswered::NotHttp(format!("its head is over {HEAD_LIMIT_BYTES} bytes")));
            }
            Ok(0) => return Err(Unanswered::Ended(limited.get_ref().end_of(Ok(())))),
            Err(error) => return Err(Unanswered::Ended(limited.get_ref().end_of(Err(error)))),
            Ok(_) => {}
        }
        while let Some((size, answer)) = Answer::parse(input)? {
            input.advance(size);
            if !answer.is_interim() {
                return Ok(answer);
            }
        }
    }
}

/// What counts in the head of an answer.
#[derive(Debug, Default)]
struct Answer {
    status: u16,
    upgrade: Option<String>,
    connection: Vec<String>,
    accept: Option<String>,
    subprotocol: Option<String>,
    extensions: Option<String>,
    location: Option<String>,
    date: Option<String>,
}

impl Answer {
    /// The head at the front of `input` and its size; `None` while it is not there in full.
    fn parse(input: &[u8]) -> Result<Option<(usize, Self)>, Unanswered> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
        let mut head = httparse::Response::new(&mut headers);
        let parsed = head.parse(input).map_err(|error| Unanswered::NotHttp(error.to_string()))?;
        let httparse::Status::Complete(size) = parsed else { return Ok(None) };
        let mut answer = Self { status: head.code.unwrap_or_default(), ..Self::default() };
        for header in head.headers {
            answer.note(header.name, &String::from_utf8_lossy(header.value));
        }
        Ok(Some((size, answer)))
    }

    const fn is_interim(&self) -> bool {
        matches!(self.status, 100..=199) && self.status != SWITCHING_PROTOCOLS
    }

    fn note(&mut self, name: &str, value: &str) {
        let slot = match name.to_ascii_lowercase().as_str() {
            "upgrade" => &mut self.upgrade,
            "sec-websocket-accept" => &mut self.accept,
            "sec-websocket-protocol" => &mut self.subprotocol,
            "sec-websocket-extensions" => &mut self.extensions,
            "location" => &mut self.location,
            "date" => &mut self.date,
            "connection" => {
                self.connection.extend(value.split(',').map(|token| token.trim().to_ascii_lowercase()));
                return;
            }
            _ => return,
        };
        *slot = Some(value.trim().to_owned());
    }

    /// Why this is not the WebSocket that was asked for; `None` if it is.
    fn refusal(&self, key: &str, path: &str) -> Option<UpgradeFailure> {
        if self.status == SWITCHING_PROTOCOLS {
            return self.flaw(key).map(UpgradeFailure::NotWebsocket);
        }
        Some(UpgradeFailure::Refused {
            status: self.status,
            path: without_query(path).to_owned(),
            location: self.location.as_deref().map(|place| without_query(place).to_owned()),
        })
    }

    /// What is wrong with an answer of 101.
    fn flaw(&self, key: &str) -> Option<UpgradeFlaw> {
        let upgrade = self.upgrade.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
        let connection = self.connection.iter().any(|token| token == "upgrade");
        let accepted = self.accept.as_deref() == Some(derive_accept_key(key.as_bytes()).as_str());
        match self.subprotocol.as_deref() {
            _ if !(upgrade && connection) => Some(UpgradeFlaw::NoUpgrade),
            _ if !accepted => Some(UpgradeFlaw::WrongAccept),
            None => Some(UpgradeFlaw::NoSubprotocol),
            Some(other) if other != SUBPROTOCOL => Some(UpgradeFlaw::OtherSubprotocol(other.to_owned())),
            Some(_) => self.extensions.is_some().then_some(UpgradeFlaw::Extension),
        }
    }
}
