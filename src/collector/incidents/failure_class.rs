//! What stood in the way of an attempt, as far as a cause can be told from it.

use crate::event::{AttemptFailed, FailureKind, Phase};

/// Declares the classes of failure and the list of all of them, in order.
macro_rules! failure_classes {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What stood in the way of an attempt.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FailureClass { $($(#[$doc])* $name,)+ }

        impl FailureClass {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
        }
    };
}

failure_classes! {
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
    /// The TLS handshake was not answered to its end.
    TlsTimeout,
    /// What answered to TLS does not speak it.
    NotTls,
    /// The two sides of TLS have no version or cipher in common.
    NoCommonTls,
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

impl FailureClass {
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
const fn sign_in(kind: Option<FailureKind>) -> FailureClass {
    match kind {
        Some(FailureKind::AuthRejected) => FailureClass::SignInRejected,
        Some(FailureKind::AuthUnavailable) => FailureClass::SignInUnavailable,
        Some(FailureKind::NameNotFound | FailureKind::NameWithoutAddress) => FailureClass::NoSuchName,
        Some(FailureKind::ResolverFailed) => FailureClass::NoResolver,
        Some(FailureKind::ConnectionRefused) => FailureClass::PortClosed,
        Some(FailureKind::ConnectTimeout | FailureKind::KernelTimeout) => FailureClass::NoAnswer,
        Some(FailureKind::NetworkUnreachable | FailureKind::NetworkDown) => FailureClass::NoRoute,
        Some(FailureKind::TlsAlert | FailureKind::ClientCertificateNeeded) => FailureClass::TlsAlert,
        Some(FailureKind::PeerClosed | FailureKind::PeerReset) => FailureClass::ClosedBeforeConnack,
        Some(_) | None => FailureClass::Unknown,
    }
}

const fn of_kind(kind: FailureKind, failed: &AttemptFailed) -> FailureClass {
    match kind {
        FailureKind::AuthRejected => FailureClass::SignInRejected,
        FailureKind::AuthUnavailable => FailureClass::SignInUnavailable,
        FailureKind::NameNotFound | FailureKind::NameWithoutAddress => FailureClass::NoSuchName,
        FailureKind::ResolverFailed => FailureClass::NoResolver,
        FailureKind::ConnectionRefused => FailureClass::PortClosed,
        FailureKind::ConnectTimeout | FailureKind::KernelTimeout => FailureClass::NoAnswer,
        FailureKind::NetworkUnreachable | FailureKind::NetworkDown => FailureClass::NoRoute,
        FailureKind::CertificateExpired => FailureClass::CertificateExpired,
        FailureKind::CertificateNotYetValid => FailureClass::CertificateNotYetValid,
        FailureKind::CertificateUntrusted
        | FailureKind::CertificateWrongName
        | FailureKind::CertificateUnsuitable => FailureClass::CertificateRefused,
        FailureKind::TlsAlert | FailureKind::ClientCertificateNeeded => FailureClass::TlsAlert,
        FailureKind::TlsTimeout => FailureClass::TlsTimeout,
        FailureKind::TlsNoCommonParameters => FailureClass::NoCommonTls,
        FailureKind::NotTls => FailureClass::NotTls,
        FailureKind::WebsocketRefused => upgrade(failed.http_status),
        FailureKind::NotHttp | FailureKind::NotWebsocket => FailureClass::UpgradeRefused,
        FailureKind::WebsocketTimeout | FailureKind::MalformedWebsocketFrame => FailureClass::UpgradeOther,
        FailureKind::ConnackRefused => match failed.return_code {
            Some(code) => refusal(code),
            None => FailureClass::RefusedOther,
        },
        FailureKind::ConnackTimeout | FailureKind::PingUnanswered | FailureKind::SubscribeUnanswered => {
            FailureClass::NoConnack
        }
        FailureKind::ClosedBeforeConnack | FailureKind::PeerDisconnected => FailureClass::ClosedBeforeConnack,
        FailureKind::NotMqtt
        | FailureKind::MalformedPacket
        | FailureKind::UnexpectedPacket
        | FailureKind::PacketTooLarge => FailureClass::NoMqtt,
        FailureKind::PeerClosed
        | FailureKind::PeerReset
        | FailureKind::TlsClosed
        | FailureKind::WebsocketClosed => closed(failed.phase),
        FailureKind::LocalError => unknown(failed.phase),
    }
}

/// A stream that the peer ended in this phase.
const fn closed(phase: Phase) -> FailureClass {
    match phase {
        Phase::Tls => FailureClass::TlsOther,
        Phase::Websocket => FailureClass::UpgradeOther,
        Phase::Auth | Phase::Dns | Phase::Tcp | Phase::Mqtt => FailureClass::ClosedBeforeConnack,
    }
}

/// A failure of which only the phase is known.
const fn unknown(phase: Phase) -> FailureClass {
    match phase {
        Phase::Tls => FailureClass::TlsOther,
        Phase::Websocket => FailureClass::UpgradeOther,
        Phase::Mqtt => FailureClass::NoMqtt,
        Phase::Auth | Phase::Dns | Phase::Tcp => FailureClass::Unknown,
    }
}

const fn upgrade(status: Option<u16>) -> FailureClass {
    match status {
        Some(401 | 403) => FailureClass::UpgradeForbidden,
        Some(429) => FailureClass::UpgradeThrottled,
        Some(500..) => FailureClass::UpgradeUnavailable,
        Some(_) => FailureClass::UpgradeRefused,
        None => FailureClass::UpgradeOther,
    }
}

/// Codes of MQTT 3.1.1 lie below 128, also where a broker of that version answers to MQTT 5.
const fn refusal(code: u8) -> FailureClass {
    match code {
        1 | 0x84 => FailureClass::RefusedVersion,
        2 | 0x85 => FailureClass::RefusedClientId,
        3 | 0x88 | 0x89 => FailureClass::RefusedUnavailable,
        4 | 5 | 0x86 | 0x87 | 0x8c => FailureClass::RefusedCredentials,
        6 | 7 | 0x8a | 0x9f => FailureClass::RefusedRate,
        0x97 => FailureClass::RefusedQuota,
        0x9c | 0x9d => FailureClass::RefusedMoved,
        _ => FailureClass::RefusedOther,
    }
}
