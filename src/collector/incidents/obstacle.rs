//! What stood in the way of an attempt, as far as a cause can be told from it.

use crate::event::{AttemptFailed, FailureKind, Phase};

/// Declares the obstacles and the list of all of them, in order.
macro_rules! obstacles {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What stood in the way of an attempt.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Obstacle { $($(#[$doc])* $name,)+ }

        impl Obstacle {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
        }
    };
}

obstacles! {
    /// The sign-in refused user or password.
    SignInRejected,
    /// The sign-in did not work.
    SignInUnavailable,
    /// There is no such name, or it has no address.
    NoSuchName,
    /// The resolver did not answer.
    NoResolver,
    /// The port is closed.
    PortClosed,
    /// Nothing answered to TCP.
    NoAnswer,
    /// This host has no way there.
    NoRoute,
    /// The certificate is expired.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// The certificate is not trusted, for another name, or of a kind that is not taken.
    CertificateRefused,
    /// The broker refused with a TLS alert.
    TlsAlert,
    /// TLS came to nothing in another way.
    TlsOther,
    /// The upgrade was not allowed: HTTP 401 or 403.
    UpgradeForbidden,
    /// The upgrade was refused for haste: HTTP 429.
    UpgradeThrottled,
    /// The service behind the endpoint was not there: HTTP 5xx.
    UpgradeUnavailable,
    /// There is no MQTT over WebSocket at this path or port.
    UpgradeRefused,
    /// Nothing came of the upgrade.
    UpgradeOther,
    /// CONNACK: user, password or token are not taken, or this client may not connect.
    RefusedCredentials,
    /// CONNACK: the broker does not speak this version.
    RefusedVersion,
    /// CONNACK: the client ID is not taken.
    RefusedClientId,
    /// CONNACK: the service is not there, or busy.
    RefusedUnavailable,
    /// CONNACK: too many connections in too short a time.
    RefusedRate,
    /// CONNACK: a quota is used up.
    RefusedQuota,
    /// CONNACK: another server is to be used.
    RefusedMoved,
    /// CONNACK: any other reason.
    RefusedOther,
    /// The connection was closed before CONNACK.
    ClosedBeforeConnack,
    /// CONNACK did not come in time.
    NoConnack,
    /// What came was no CONNACK.
    NoMqtt,
    /// A name that is not known here.
    Unknown,
}

impl Obstacle {
    /// What stood in the way of the attempt.
    pub fn of(failed: &AttemptFailed) -> Self {
        match failed.phase {
            Phase::Auth => sign_in(failed.failure),
            Phase::Dns | Phase::Tcp | Phase::Tls | Phase::Websocket | Phase::Mqtt => {
                failed.failure.map_or_else(|| unknown(failed.phase), |kind| of_kind(kind, failed))
            }
        }
    }
}

/// What came of a sign-in. That the service behind it has a bad certificate says nothing of the broker's.
const fn sign_in(kind: Option<FailureKind>) -> Obstacle {
    match kind {
        Some(FailureKind::AuthRejected) => Obstacle::SignInRejected,
        Some(FailureKind::AuthUnavailable) => Obstacle::SignInUnavailable,
        Some(FailureKind::NameNotFound | FailureKind::NameWithoutAddress) => Obstacle::NoSuchName,
        Some(FailureKind::ResolverFailed) => Obstacle::NoResolver,
        Some(FailureKind::ConnectionRefused) => Obstacle::PortClosed,
        Some(FailureKind::ConnectTimeout | FailureKind::KernelTimeout) => Obstacle::NoAnswer,
        Some(FailureKind::NetworkUnreachable | FailureKind::NetworkDown) => Obstacle::NoRoute,
        Some(FailureKind::TlsAlert | FailureKind::ClientCertificateNeeded) => Obstacle::TlsAlert,
        Some(FailureKind::PeerClosed | FailureKind::PeerReset) => Obstacle::ClosedBeforeConnack,
        Some(_) | None => Obstacle::Unknown,
    }
}

const fn of_kind(kind: FailureKind, failed: &AttemptFailed) -> Obstacle {
    match kind {
        FailureKind::AuthRejected => Obstacle::SignInRejected,
        FailureKind::AuthUnavailable => Obstacle::SignInUnavailable,
        FailureKind::NameNotFound | FailureKind::NameWithoutAddress => Obstacle::NoSuchName,
        FailureKind::ResolverFailed => Obstacle::NoResolver,
        FailureKind::ConnectionRefused => Obstacle::PortClosed,
        FailureKind::ConnectTimeout | FailureKind::KernelTimeout => Obstacle::NoAnswer,
        FailureKind::NetworkUnreachable | FailureKind::NetworkDown => Obstacle::NoRoute,
        FailureKind::CertificateExpired => Obstacle::CertificateExpired,
        FailureKind::CertificateNotYetValid => Obstacle::CertificateNotYetValid,
        FailureKind::CertificateUntrusted
        | FailureKind::CertificateWrongName
        | FailureKind::CertificateUnsuitable => Obstacle::CertificateRefused,
        FailureKind::TlsAlert | FailureKind::ClientCertificateNeeded => Obstacle::TlsAlert,
        FailureKind::TlsTimeout | FailureKind::TlsNoCommonParameters | FailureKind::NotTls => {
            Obstacle::TlsOther
        }
        FailureKind::WebsocketRefused => upgrade(failed.http_status),
        FailureKind::NotHttp | FailureKind::NotWebsocket => Obstacle::UpgradeRefused,
        FailureKind::WebsocketTimeout | FailureKind::MalformedWebsocketFrame => Obstacle::UpgradeOther,
        FailureKind::ConnackRefused => match failed.return_code {
            Some(code) => refusal(code),
            None => Obstacle::RefusedOther,
        },
        FailureKind::ConnackTimeout | FailureKind::PingUnanswered | FailureKind::SubscribeUnanswered => {
            Obstacle::NoConnack
        }
        FailureKind::ClosedBeforeConnack | FailureKind::PeerDisconnected => Obstacle::ClosedBeforeConnack,
        FailureKind::NotMqtt
        | FailureKind::MalformedPacket
        | FailureKind::UnexpectedPacket
        | FailureKind::PacketTooLarge => Obstacle::NoMqtt,
        FailureKind::PeerClosed
        | FailureKind::PeerReset
        | FailureKind::TlsClosed
        | FailureKind::WebsocketClosed => closed(failed.phase),
        FailureKind::LocalError => unknown(failed.phase),
    }
}

/// A stream that the peer ended in this phase.
const fn closed(phase: Phase) -> Obstacle {
    match phase {
        Phase::Tls => Obstacle::TlsOther,
        Phase::Websocket => Obstacle::UpgradeOther,
        Phase::Auth | Phase::Dns | Phase::Tcp | Phase::Mqtt => Obstacle::ClosedBeforeConnack,
    }
}

/// A failure of which only the phase is known.
const fn unknown(phase: Phase) -> Obstacle {
    match phase {
        Phase::Tls => Obstacle::TlsOther,
        Phase::Websocket => Obstacle::UpgradeOther,
        Phase::Mqtt => Obstacle::NoMqtt,
        Phase::Auth | Phase::Dns | Phase::Tcp => Obstacle::Unknown,
    }
}

const fn upgrade(status: Option<u16>) -> Obstacle {
    match status {
        Some(401 | 403) => Obstacle::UpgradeForbidden,
        Some(429) => Obstacle::UpgradeThrottled,
        Some(500..) => Obstacle::UpgradeUnavailable,
        Some(_) => Obstacle::UpgradeRefused,
        None => Obstacle::UpgradeOther,
    }
}

/// Codes of MQTT 3.1.1 lie below 128, also where a broker of that version answers to MQTT 5.
const fn refusal(code: u8) -> Obstacle {
    match code {
        1 | 0x84 => Obstacle::RefusedVersion,
        2 | 0x85 => Obstacle::RefusedClientId,
        3 | 0x88 | 0x89 => Obstacle::RefusedUnavailable,
        4 | 5 | 0x86 | 0x87 | 0x8c => Obstacle::RefusedCredentials,
        6 | 7 | 0x8a | 0x9f => Obstacle::RefusedRate,
        0x97 => Obstacle::RefusedQuota,
        0x9c | 0x9d => Obstacle::RefusedMoved,
        _ => Obstacle::RefusedOther,
    }
}
