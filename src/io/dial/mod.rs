//! One attempt to reach a broker: auth, dns, tcp, tls, websocket, each timed, each failing with its own name.
//!
//! Nothing is retried here, and MQTT is not spoken. The upgrade's query may hold a signature: it is sent and never
//! shown.

mod attempt;
mod authorize;
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
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpStream;
use url::Host;

use crate::event::{AddressLost, Phase, Phases, Transport};
use crate::io::clock::Clock;
use crate::io::stream::Stream;
use crate::secret::Secret;
use crate::session::attempt::DialError;
use crate::session::extension::Opaque;
use crate::session::recovery::Depth;

use attempt::{Attempt, TimedOut};
pub use authorize::{AuthContext, AuthFacts, Authorize, Authorized, Pending};
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
    /// What lets an attempt in before MQTT begins; the path is asked for as it is where there is nothing.
    pub authorize: Option<Arc<dyn Authorize>>,
}

impl fmt::Debug for DialSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialSettings")
            .field("transport", &self.transport)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &websocket::without_query(&self.path))
            .field("tls", &self.tls)
            .field("authorize", &self.authorize)
            .finish()
    }
}

/// Certificates and their verification; the platform's roots by default.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// PEM file with the only roots to trust.
    pub cafile: Option<PathBuf>,
    /// One more root to trust, in PEM: the demo's.
    pub also_trusted: Option<&'static str>,
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
    authorize: Option<Arc<dyn Authorize>>,
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
    /// Addresses of the broker that were tried and did not connect.
    pub addresses_lost: Vec<AddressLost>,
    /// How far this host's clock is ahead of the service's, where an answer told and it matters.
    pub clock_offset: Option<TimeDelta>,
    /// What a service told while the attempt was being let in.
    pub learned: Option<Opaque>,
}

impl Dialled {
    /// The stream, and what the run is told of it.
    pub fn into_parts(self) -> (Stream, crate::session::attempt::Dialled) {
        let Self { stream, phases, local, peer, addresses_lost, clock_offset, learned } = self;
        let facts = crate::session::attempt::Dialled {
            phases,
            local_address: local.to_string(),
            peer_address: peer.to_string(),
            addresses_lost,
            clock_offset,
            learned,
        };
        (stream, facts)
    }
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
        Ok(Self { host: settings.host, port: settings.port, tls, upgrade, authorize: settings.authorize })
    }

    /// Forgets the TLS sessions that could be resumed, so that the next handshake is a full one.
    pub fn forget_tickets(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.forget_tickets();
        }
    }

    /// Makes one attempt; it is over when `within` has passed since we were let in, in whatever phase it is then.
    pub async fn dial(&self, clock: Clock, within: Duration, depth: Depth) -> Result<Dialled, DialError> {
        let mut attempt = Attempt::begin(clock);
        let path = match self.authorize(&mut attempt, depth).await {
            Ok(path) => path,
            Err(error) => return Err(attempt.failed(error)),
        };
        self.go_on(attempt, within, path).await
    }

    /// Makes one attempt with what the settings hold, without asking to be let in first.
    pub async fn connect(&self, clock: Clock, within: Duration) -> Result<Dialled, DialError> {
        self.go_on(Attempt::begin(clock), within, None).await
    }

    /// What the service that lets us in told at sign-in, asked for anew; `None` where there is none, or no answer.
    pub async fn ask_service(&self, clock: Clock) -> Option<Opaque> {
        self.authorize.as_ref()?.ask_service(clock).await
    }

    async fn go_on(
        &self,
        mut attempt: Attempt,
        within: Duration,
        path: Option<Secret>,
    ) -> Result<Dialled, DialError> {
        attempt.deadline = attempt.clock.now().plus(within);
        match self.reach(&mut attempt, path).await {
            Ok((stream, ends)) => Ok(attempt.succeeded(stream, ends)),
            Err(error) => Err(attempt.failed(error)),
        }
    }

    /// Gets what there has to be before the broker is dialled: the path to ask for, if another than that of the
    /// settings.
    async fn authorize(&self, attempt: &mut Attempt, depth: Depth) -> Result<Option<Secret>, DialError> {
        let Some(authorize) = &self.authorize else { return Ok(None) };
        let (host_header, path) = self.upgrade.as_ref().map_or(("", ""), Upgrade::place);
        let context = AuthContext { clock: attempt.clock, depth, host_header, path };
        let (started, mut facts) = (attempt.clock.now(), AuthFacts::default());
        let outcome = authorize.authorize(context, &mut facts).await;
        attempt.clock_offset = facts.clock_offset;
        if facts.requests > 0 {
            attempt.phases.set(Phase::Auth, attempt.clock.now().since(started));
        }
        let authorized = outcome?;
        attempt.learned = authorized.learned;
        Ok(authorized.path)
    }

    async fn reach(&self, attempt: &mut Attempt, path: Option<Secret>) -> Result<(Stream, Ends), DialError> {
        let addresses = self.resolve(attempt).await?;
        let (tcp, ends) = connect(attempt, addresses).await?;
        let stream = self.encrypt(attempt, tcp).await?;
        let stream = self.frame(attempt, stream, path).await?;
        Ok((stream, ends))
    }

    async fn resolve(&self, attempt: &mut Attempt) -> Result<Vec<SocketAddr>, DialError> {
        let name = match &self.host {
            Host::Domain(name) => name,
            Host::Ipv4(address) => return Ok(vec![SocketAddr::from((*address, self.port))]),
            Host::Ipv6(address) => return Ok(vec![SocketAddr::from((*address, self.port))]),
        };
        let found = attempt.timed(Phase::Dns, dns::addresses(name, self.port)).await;
        let found = found.unwrap_or_else(|timed_out| Err(dns::silent(name, timed_out)));
        found.map_err(|failure| DialError::new(Phase::Dns, failure))
    }

    async fn encrypt(&self, attempt: &mut Attempt, tcp: TcpStream) -> Result<Stream, DialError> {
        let Some(tls) = &self.tls else { return Ok(Stream::over_tcp(tcp)) };
        let agreed = attempt.timed(Phase::Tls, tls.handshake(tcp)).await;
        let agreed = agreed.unwrap_or_else(|timed_out| Err(tls::timed_out(timed_out)));
        agreed.map(Stream::over_tls).map_err(|failure| DialError::new(Phase::Tls, failure))
    }

    async fn frame(
        &self,
        attempt: &mut Attempt,
        stream: Stream,
        path: Option<Secret>,
    ) -> Result<Stream, DialError> {
        let Some(upgrade) = &self.upgrade else { return Ok(stream) };
        let mut clock_offset = None;
        let work = upgrade.over(stream, path.as_ref(), &mut clock_offset);
        let upgraded = match attempt.timed(Phase::Websocket, work).await {
            Ok(upgraded) => upgraded,
            Err(timed_out) => Err(websocket::timed_out(timed_out)),
        };
        if let Some(authorize) = &self.authorize {
            // What is signed is good for a few minutes only, by the broker's clock.
            attempt.clock_offset = clock_offset.or(attempt.clock_offset);
            let status = upgraded.as_ref().err().and_then(|error| error.failure.http_status());
            if let Some(401 | 403) = status {
                authorize.refused(attempt.clock).await;
            }
        }
        upgraded.map(Stream::over_websocket)
    }
}

async fn connect(attempt: &mut Attempt, addresses: Vec<SocketAddr>) -> Result<(TcpStream, Ends), DialError> {
    let mut race = Race::between(addresses);
    let won = attempt.timed(Phase::Tcp, race.run(attempt.clock)).await;
    attempt.peer = race.last_tried();
    let winner = won.as_ref().ok().and_then(|won| won.as_ref().ok()).map(|(_, ends)| ends.peer);
    attempt.addresses_lost = race.lost_addresses(winner, attempt.clock.now());
    let won = won.unwrap_or_else(|timed_out| Err(race.timed_out(timed_out)));
    won.map_err(|failure| DialError::new(Phase::Tcp, failure))
}
