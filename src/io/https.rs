//! One HTTPS request at a time: dialled, sent, answered and closed, within one span of time.
//!
//! Nothing is repeated, no redirect is followed, and what the answer means is for others to say. Neither what is sent
//! nor what comes back is logged.

use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use url::Host;

use super::clock::Clock;
use super::dial::{DialSettings, Dialer, SetupError, TlsSettings};
use super::stream::Stream;
use crate::event::Transport;
use crate::secret::Secret;
use crate::session::attempt::DialError;
use crate::units::span;

const AGENT: &str = concat!("nwdiag/", env!("CARGO_PKG_VERSION"));

/// A service that is asked over HTTPS.
#[derive(Debug, Clone)]
pub struct HttpsService {
    dialer: Dialer,
    endpoint: Endpoint,
    limits: Limits,
}

/// Where a service answers.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Name or address.
    pub host: Host<String>,
    /// TCP port.
    pub port: u16,
    /// Host and port as the header `Host` names them.
    pub authority: String,
    /// What stands before the path of each request; without a slash at its end.
    pub base: String,
}

/// What an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From looking up the name to the last byte of the answer.
    pub within: Duration,
    /// The largest body.
    pub body_bytes: usize,
}

/// What is posted.
#[derive(Debug, Clone, Copy)]
pub struct Post<'p> {
    /// Below the service's base, with a leading `/`.
    pub path: &'p str,
    /// The header `authorization`, if there is to be one.
    pub authorization: Option<&'p Secret>,
    /// JSON.
    pub body: &'p Secret,
}

/// An answer, whatever it says. It may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpsAnswer {
    /// The status.
    pub status: u16,
    /// The header `Date`.
    pub date: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unanswered {
    /// The service was not reached.
    #[error(transparent)]
    Unreached(Box<DialError>),
    /// It was reached; what it did then, as the rest of a sentence that begins with its name.
    #[error("the service {0}")]
    Broken(String),
}

impl HttpsService {
    /// Reads the roots to trust.
    pub fn new(endpoint: Endpoint, tls: TlsSettings, limits: Limits) -> Result<Self, SetupError> {
        let dialer = Dialer::new(DialSettings {
            transport: Transport::Tls,
            host: endpoint.host.clone(),
            port: endpoint.port,
            path: String::new(),
            tls,
            authorize: None,
        })?;
        Ok(Self { dialer, endpoint, limits })
    }

    /// Forgets the TLS sessions that could be resumed.
    pub fn forget_tickets(&mut self) {
        self.dialer.forget_tickets();
    }

    /// Posts, over a connection of its own.
    pub async fn post(&self, clock: Clock, post: Post<'_>) -> Result<HttpsAnswer, Unanswered> {
        let began = clock.now();
        let dialled = self.dialer.connect(clock, self.limits.within).await;
        let stream = dialled.map_err(|error| Unanswered::Unreached(Box::new(error)))?.stream;
        let request = self.request(post)?;
        let answer = tokio::select! {
            biased;
            answer = exchange(stream, request, self.limits.body_bytes) => answer?,
            () = clock.sleep_until(Some(began.plus(self.limits.within))) => {
                let within = span(self.limits.within.as_secs_f64());
                return Err(Unanswered::Broken(format!("did not answer within {within}")));
            }
        };
        let took = clock.now().since(began);
        tracing::debug!(path = post.path, status = answer.status, ?took, "the service answered");
        Ok(answer)
    }

    fn request(&self, post: Post<'_>) -> Result<Request<Full<Bytes>>, Unanswered> {
        let mut request = Request::post(format!("{}{}", self.endpoint.base, post.path))
            .header(HOST, self.endpoint.authority.as_str())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = post.authorization {
            let value = HeaderValue::from_str(token.reveal());
            let mut value = value.map_err(|_| unsendable())?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(Full::from(post.body.reveal().to_owned())).map_err(|_| unsendable())
    }
}

/// Not even sent: what it holds is not for a message.
fn unsendable() -> Unanswered {
    Unanswered::Broken("cannot be asked: the request does not fit into HTTP".to_owned())
}

async fn exchange(
    stream: Stream,
    request: Request<Full<Bytes>>,
    limit_bytes: usize,
) -> Result<HttpsAnswer, Unanswered> {
    let opened = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| unanswered(&error))?;
    let mut connection = pin!(connection);
    let mut answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(|error| unanswered(&error))?;
        read(response, limit_bytes).await
    });
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // What it read last is still on its way to the answer.
        _ = &mut connection => answer.await,
    }
}

async fn read(response: Response<Incoming>, limit_bytes: usize) -> Result<HttpsAnswer, Unanswered> {
    let status = response.status().as_u16();
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), limit_bytes).collect().await.map_err(|error| {
        Unanswered::Broken(if error.is::<LengthLimitError>() {
            format!("answered HTTP {status} with a body of more than {limit_bytes} bytes")
        } else {
            format!("answered HTTP {status} and broke off before the end of the body")
        })
    })?;
    Ok(HttpsAnswer { status, date, body: body.to_bytes() })
}

fn unanswered(error: &hyper::Error) -> Unanswered {
    let was_reset = io_error(error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset);
    Unanswered::Broken(if error.is_parse() {
        format!("answered with something that is not HTTP: {error}")
    } else if was_reset {
        "reset the connection instead of answering".to_owned()
    } else {
        "closed the connection instead of answering".to_owned()
    })
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}
