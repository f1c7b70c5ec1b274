//! What happened when a session ended or an attempt to connect came to nothing: typed, so that nothing has to read a
//! sentence. A record carries the [`FailureKind`]; the sentence for people is this type's `Display`, in `report`.

mod certificate;
mod kind;
mod stream_end;

use std::time::Duration;

pub use certificate::{CertificateFlaw, HostKind, Roots, ServerIdentity};
pub use kind::FailureKind;
pub use stream_end::{StreamEnd, TlsAlert};

use super::words::{ClosedBy, Phase};
use crate::reason::Source;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A name was not resolved.
    Dns(DnsFailure),
    /// No TCP connection came about.
    Tcp(TcpFailure),
    /// The TLS handshake came to nothing.
    Tls(TlsFailure),
    /// The WebSocket upgrade came to nothing.
    Upgrade(UpgradeFailure),
    /// The stream ended at this stage.
    Ended(Stage, StreamEnd),
    /// CONNACK refused.
    Refused {
        /// Return or reason code.
        code: u8,
        /// Which version's table the code is from.
        source: Source,
    },
    /// No CONNACK came within this time.
    ConnackMissing(Duration),
    /// The broker sent DISCONNECT, with this reason code in MQTT 5.
    Disconnected(Option<u8>),
    /// The broker broke MQTT.
    Protocol(ProtocolBreach),
    /// A PINGREQ stayed unanswered for this long.
    PingUnanswered(Duration),
    /// A SUBSCRIBE stayed unanswered for this long.
    SubscribeUnanswered(Duration),
    /// A service that signs in did not let the attempt in.
    SignIn(SignInFailure),
}

/// How far an attempt or session had come when its stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the TLS handshake.
    TlsHandshake,
    /// In the WebSocket upgrade.
    Upgrade,
    /// After CONNECT, before CONNACK.
    Opening,
    /// A session was up.
    Session,
}

/// Why a name was not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsFailure {
    /// The name.
    pub name: String,
    /// What the resolver met.
    pub problem: DnsProblem,
}

/// What the resolver met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsProblem {
    /// There is no such name.
    NotFound(ResolverError),
    /// The name has no address; without an error where the answer was an empty list.
    NoAddress(Option<ResolverError>),
    /// The resolver failed.
    Failed(ResolverError),
    /// The resolver did not answer within this time.
    Silent(Duration),
    /// The thread that asked the resolver ended without an answer, for this reason.
    Broken(String),
}

/// An error of `getaddrinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverError {
    /// Its name, `EAI_AGAIN` for instance.
    pub code: String,
    /// The C library's words.
    pub text: String,
}

/// Why no TCP connection came about: what the last address tried met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpFailure {
    /// `ip:port`; `None` where none could be tried.
    pub address: Option<String>,
    /// What it met.
    pub problem: TcpProblem,
    /// How many addresses there were.
    pub addresses: usize,
    /// How many of them failed before time was up, this one included where it failed.
    pub failed: usize,
}

/// What an attempt to connect to an address met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpProblem {
    /// Nothing listens there.
    Refused,
    /// The kernel got no answer (ETIMEDOUT), in its words.
    Unanswered(String),
    /// No answer within this time, which was all there was.
    Silent(Duration),
    /// The socket returned this.
    Socket(StreamEnd),
    /// No connection could be started.
    NotStarted,
}

/// Why the TLS handshake came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFailure {
    /// It was not answered to its end within this time.
    Silent(Duration),
    /// The answer is not TLS.
    NotTls,
    /// The certificate was not accepted.
    Certificate(Box<ServerIdentity>, CertificateFlaw),
    /// Both sides have nothing in common, in the library's words.
    NoCommonParameters(String),
    /// Another error of the library, in its words.
    Other(String),
}

/// Why the WebSocket upgrade came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeFailure {
    /// The answer is another status than 101.
    Refused {
        /// HTTP status.
        status: u16,
        /// The path that was asked for, without its query.
        path: String,
        /// Where the answer points to, without its query.
        location: Option<String>,
    },
    /// The answer is 101, but not to this request.
    NotWebsocket(UpgradeFlaw),
    /// The answer is not HTTP/1, for this reason.
    NotHttp(String),
    /// There was no answer within this time.
    Silent(Duration),
}

/// What is wrong with an answer of 101.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeFlaw {
    /// `Upgrade` or `Connection` does not say so.
    NoUpgrade,
    /// `Sec-WebSocket-Accept` does not fit the key.
    WrongAccept,
    /// No subprotocol.
    NoSubprotocol,
    /// This subprotocol, which was not asked for.
    OtherSubprotocol(String),
    /// An extension that was not asked for.
    Extension,
}

/// How the broker broke MQTT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolBreach {
    /// The word for it.
    pub kind: FailureKind,
    /// Which of the breaches that a CRT client tells apart it is.
    pub crt: BreachKind,
    /// What was wrong, as the rest of a sentence that begins with "the broker sent".
    pub flaw: String,
}

/// The breaches that a CRT client tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreachKind {
    /// The remaining length cannot be read.
    RemainingLength,
    /// A packet type that a broker must not send.
    PacketType,
    /// A packet over our limit.
    TooLarge,
    /// A packet that cannot be read.
    Malformed,
    /// A packet where it does not belong.
    OutOfTurn,
}

/// Why a service that signs in did not let an attempt in. The words are the service's own extension's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInFailure {
    /// User or password were refused.
    Rejected {
        /// A sentence.
        words: String,
        /// Status of the answer.
        http_status: Option<u16>,
    },
    /// The sign-in did not work and may do so later.
    Unavailable {
        /// A sentence.
        words: String,
        /// Status of the answer, where there was one.
        http_status: Option<u16>,
    },
    /// The service was not reached.
    Unreached {
        /// Its name with the article, as it stands in a sentence: "the … service".
        service: &'static str,
        /// The step that failed.
        phase: Phase,
        /// Why.
        failure: Box<Failure>,
    },
}

impl Failure {
    /// The word for it.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Dns(failure) => failure.problem.kind(),
            Self::Tcp(failure) => failure.problem.kind(),
            Self::Tls(failure) => failure.kind(),
            Self::Upgrade(failure) => failure.kind(),
            Self::Ended(Stage::Opening, end) => end.kind_before_connack(),
            Self::Ended(Stage::TlsHandshake | Stage::Upgrade | Stage::Session, end) => end.kind(),
            Self::Refused { .. } => FailureKind::ConnackRefused,
            Self::ConnackMissing(_) => FailureKind::ConnackTimeout,
            Self::Disconnected(_) => FailureKind::PeerDisconnected,
            Self::Protocol(breach) => breach.kind,
            Self::PingUnanswered(_) => FailureKind::PingUnanswered,
            Self::SubscribeUnanswered(_) => FailureKind::SubscribeUnanswered,
            Self::SignIn(failure) => failure.kind(),
        }
    }

    /// Who ended it, where the peer did.
    pub const fn closed_by_peer(&self) -> Option<ClosedBy> {
        match self {
            Self::Ended(_, end) => match end.closed_by() {
                by @ (ClosedBy::PeerClose | ClosedBy::PeerReset) => Some(by),
                ClosedBy::PeerDisconnect | ClosedBy::Timeout | ClosedBy::Network | ClosedBy::Protocol => None,
            },
            Self::Dns(_)
            | Self::Tcp(_)
            | Self::Tls(_)
            | Self::Upgrade(_)
            | Self::Refused { .. }
            | Self::ConnackMissing(_)
            | Self::Disconnected(_)
            | Self::Protocol(_)
            | Self::PingUnanswered(_)
            | Self::SubscribeUnanswered(_)
            | Self::SignIn(_) => None,
        }
    }

    /// The status of the answer to the upgrade or to the sign-in.
    pub const fn http_status(&self) -> Option<u16> {
        match self {
            Self::Upgrade(UpgradeFailure::Refused { status, .. }) => Some(*status),
            Self::Upgrade(UpgradeFailure::NotWebsocket(_)) => Some(SWITCHING_PROTOCOLS),
            Self::SignIn(
                SignInFailure::Rejected { http_status, .. } | SignInFailure::Unavailable { http_status, .. },
            ) => *http_status,
            _ => None,
        }
    }

    /// Where an HTTP answer pointed to.
    pub fn http_location(&self) -> Option<&str> {
        if let Self::Upgrade(UpgradeFailure::Refused { location, .. }) = self {
            location.as_deref()
        } else {
            None
        }
    }

    /// The TLS alert that the peer sent.
    pub const fn tls_alert(&self) -> Option<TlsAlert> {
        if let Self::Ended(_, StreamEnd::TlsAlert(alert)) = self { Some(*alert) } else { None }
    }

    /// The error of the resolver.
    pub const fn resolver_error(&self) -> Option<&ResolverError> {
        let Self::Dns(DnsFailure { problem, .. }) = self else { return None };
        match problem {
            DnsProblem::NotFound(error) | DnsProblem::NoAddress(Some(error)) | DnsProblem::Failed(error) => {
                Some(error)
            }
            DnsProblem::NoAddress(None) | DnsProblem::Silent(_) | DnsProblem::Broken(_) => None,
        }
    }
}

/// HTTP 101.
const SWITCHING_PROTOCOLS: u16 = 101;

impl DnsProblem {
    const fn kind(&self) -> FailureKind {
        match self {
            Self::NotFound(_) => FailureKind::NameNotFound,
            Self::NoAddress(_) => FailureKind::NameWithoutAddress,
            Self::Failed(_) | Self::Silent(_) | Self::Broken(_) => FailureKind::ResolverFailed,
        }
    }
}

impl TcpProblem {
    /// The word for it.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Refused => FailureKind::ConnectionRefused,
            Self::Unanswered(_) | Self::Silent(_) => FailureKind::ConnectTimeout,
            Self::Socket(end) => end.kind(),
            Self::NotStarted => FailureKind::LocalError,
        }
    }
}

impl TlsFailure {
    const fn kind(&self) -> FailureKind {
        match self {
            Self::Silent(_) => FailureKind::TlsTimeout,
            Self::NotTls => FailureKind::NotTls,
            Self::Certificate(_, flaw) => flaw.kind(),
            Self::NoCommonParameters(_) => FailureKind::TlsNoCommonParameters,
            Self::Other(_) => FailureKind::LocalError,
        }
    }
}

impl UpgradeFailure {
    const fn kind(&self) -> FailureKind {
        match self {
            Self::Refused { .. } => FailureKind::WebsocketRefused,
            Self::NotWebsocket(_) => FailureKind::NotWebsocket,
            Self::NotHttp(_) => FailureKind::NotHttp,
            Self::Silent(_) => FailureKind::WebsocketTimeout,
        }
    }
}

impl SignInFailure {
    const fn kind(&self) -> FailureKind {
        match self {
            Self::Rejected { .. } => FailureKind::AuthRejected,
            Self::Unavailable { .. } => FailureKind::AuthUnavailable,
            Self::Unreached { failure, .. } => failure.kind(),
        }
    }
}
