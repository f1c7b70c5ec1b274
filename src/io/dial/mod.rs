//! One attempt to reach a broker: dns, tcp, tls, websocket, each timed, each failing with its own name.
//!
//! Nothing is retried here, and MQTT is not spoken. The upgrade's query may hold a signature: it is sent and never
//! shown.

mod certificate;
mod dns;
mod setup;
mod tcp;
mod tls;
mod websocket;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;
use url::Host;

use crate::crt::Fault;
use crate::event::{Moment, Phase, Phases, Transport};
use crate::io::clock::Clock;
use crate::io::stream::Stream;
use crate::session::ending::StreamEnd;

pub use setup::SetupError;
use tcp::{Ends, Race};
use tls::Tls;
use websocket::Upgrade;

/// Where a broker listens and how to speak to it.
#[derive(Clone)]
pub struct DialSettings {
    /// What carries MQTT.
    pub transport: Transport,
    /// Name or address.
    pub host: Host<String>,
    /// TCP port.
    pub port: u16,
    /// Path and query of the WebSocket upgrade; may hold secrets.
    pub path: String,
    /// Certificates and their verification.
    pub tls: TlsSettings,
}

impl fmt::Debug for DialSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialSettings")
            .field("transport", &self.transport)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &websocket::without_query(&self.path))
            .field("tls", &self.tls)
            .finish()
    }
}

/// Certificates and their verification; the platform's roots by default.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// PEM file with the only roots to trust.
    pub cafile: Option<PathBuf>,
    /// PEM files with our certificate chain and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Application protocols to offer; none by default.
    pub alpn: Vec<String>,
    /// Whether the broker has to prove who it is.
    pub verification: Verification,
}

/// Whether the broker has to prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// By a certificate that is trusted, in force and for its name.
    #[default]
    Verify,
    /// Any certificate will do.
    Insecure,
}

/// Dials one broker, as often as it is asked to.
#[derive(Debug, Clone)]
pub struct Dialer {
    host: Host<String>,
    port: u16,
    tls: Option<Tls>,
    upgrade: Option<Upgrade>,
}

/// A connection that is ready for MQTT.
#[derive(Debug)]
pub struct Dialled {
    /// The connection.
    pub stream: Stream,
    /// How long each phase took.
    pub phases: Phases,
    /// Our end.
    pub local: SocketAddr,
    /// The broker's end.
    pub peer: SocketAddr,
}

/// Why a broker was not reached.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{phase}: {fault}")]
pub struct DialFailure {
    /// The step that failed.
    pub phase: Phase,
    /// Its name and sentence.
    pub fault: Fault,
    /// Status of the answer to the upgrade.
    pub http_status: Option<u16>,
    /// The last address tried.
    pub peer: Option<SocketAddr>,
    /// How long each phase took, the failed one included.
    pub phases: Phases,
}

impl Dialer {
    /// Reads the PEM files, and the platform's roots where TLS needs them.
    pub fn new(settings: DialSettings) -> Result<Self, SetupError> {
        let (encrypted, framed) = match settings.transport {
            Transport::Tcp => (false, false),
            Transport::Tls => (true, false),
            Transport::Ws => (false, true),
            Transport::Wss => (true, true),
        };
        let tls = encrypted.then(|| Tls::new(settings.tls.clone(), &settings.host)).transpose()?;
        let upgrade = framed.then(|| Upgrade::new(&settings)).transpose()?;
        Ok(Self { host: settings.host, port: settings.port, tls, upgrade })
    }

    /// Takes another path and query for the upgrades to come: a signature in it is good for a while only.
    /// Without effect where there is no upgrade.
    pub fn set_path(&mut self, path: &str) -> Result<(), SetupError> {
        match &mut self.upgrade {
            Some(upgrade) => upgrade.set_path(path),
            None => Ok(()),
        }
    }

    /// Forgets the TLS sessions that could be resumed, so that the next handshake is a full one.
    pub fn forget_tickets(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.forget_tickets();
        }
    }

    /// Makes one attempt; it is over when `within` has passed, in whatever phase it is then.
    pub async fn dial(&self, clock: Clock, within: Duration) -> Result<Dialled, DialFailure> {
        let deadline = clock.now().plus(within);
        let mut attempt = Attempt { clock, deadline, phases: Phases::default(), peer: None };
        match self.reach(&mut attempt).await {
            Ok((stream, Ends { local, peer })) => Ok(Dialled { stream, phases: attempt.phases, local, peer }),
            Err(Setback { phase, fault, http_status }) => {
                Err(DialFailure { phase, fault, http_status, peer: attempt.peer, phases: attempt.phases })
            }
        }
    }

    async fn reach(&self, attempt: &mut Attempt) -> Result<(Stream, Ends), Setback> {
        let addresses = self.resolve(attempt).await?;
        let (tcp, ends) = connect(attempt, addresses).await?;
        let stream = self.encrypt(attempt, tcp).await?;
        let stream = self.frame(attempt, stream).await?;
        Ok((stream, ends))
    }

    async fn resolve(&self, attempt: &mut Attempt) -> Result<Vec<SocketAddr>, Setback> {
        let name = match &self.host {
            Host::Domain(name) => name,
            Host::Ipv4(address) => return Ok(vec![SocketAddr::from((*address, self.port))]),
            Host::Ipv6(address) => return Ok(vec![SocketAddr::from((*address, self.port))]),
        };
        let found = attempt.timed(Phase::Dns, dns::addresses(name, self.port)).await;
        let found = found.unwrap_or_else(|late| Err(dns::silent(name, late)));
        found.map_err(|fault| Setback::at(Phase::Dns, fault))
    }

    async fn encrypt(&self, attempt: &mut Attempt, tcp: TcpStream) -> Result<Stream, Setback> {
        let Some(tls) = &self.tls else { return Ok(Stream::over_tcp(tcp)) };
        let agreed = attempt.timed(Phase::Tls, tls.handshake(tcp)).await;
        let agreed = agreed.unwrap_or_else(|late| Err(tls::silent(late)));
        agreed.map(Stream::over_tls).map_err(|fault| Setback::at(Phase::Tls, fault))
    }

    async fn frame(&self, attempt: &mut Attempt, stream: Stream) -> Result<Stream, Setback> {
        let Some(upgrade) = &self.upgrade else { return Ok(stream) };
        let upgraded = attempt.timed(Phase::Websocket, upgrade.over(stream)).await;
        let upgraded = upgraded.unwrap_or_else(|late| Err(websocket::silent(late)));
        upgraded.map(Stream::over_websocket)
    }
}

async fn connect(attempt: &mut Attempt, addresses: Vec<SocketAddr>) -> Result<(TcpStream, Ends), Setback> {
    let mut race = Race::between(addresses);
    let won = attempt.timed(Phase::Tcp, race.run(attempt.clock)).await;
    attempt.peer = race.last_tried();
    let won = won.unwrap_or_else(|late| Err(race.silent(late)));
    won.map_err(|fault| Setback::at(Phase::Tcp, fault))
}

/// What is known of an attempt so far.
struct Attempt {
    clock: Clock,
    deadline: Moment,
    phases: Phases,
    peer: Option<SocketAddr>,
}

/// The attempt's time was up; how long this phase had taken by then.
#[derive(Debug, Clone, Copy)]
struct Late(Duration);

impl Attempt {
    /// Does the work of a phase and notes how long it took.
    async fn timed<T>(&mut self, phase: Phase, work: impl Future<Output = T>) -> Result<T, Late> {
        let started = self.clock.now();
        let outcome = tokio::select! {
            biased;
            done = work => Some(done),
            () = self.clock.sleep_until(Some(self.deadline)) => None,
        };
        let took = self.clock.now().since(started);
        self.phases.set(phase, took);
        outcome.ok_or(Late(took))
    }
}

/// `10.0 s`: a span as a sentence holds it.
impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// A phase that failed.
#[derive(Debug)]
struct Setback {
    phase: Phase,
    fault: Fault,
    http_status: Option<u16>,
}

impl Setback {
    fn at(phase: Phase, fault: Fault) -> Self {
        Self { phase, fault, http_status: None }
    }
}

/// The fault of a stream that ended while `what` was going on.
fn ended_during(what: &str, end: &StreamEnd) -> Fault {
    let fault = end.fault();
    fault.name.told(format!("in the {what}, {}", fault.message))
}
