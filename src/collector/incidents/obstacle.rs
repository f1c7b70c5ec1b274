//! What stood in the way of an attempt, as far as a cause can be told from it.

use crate::crt;
use crate::event::{AttemptFailed, Phase};

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
            Phase::Auth => sign_in(failed).unwrap_or_else(|| network(failed)),
            Phase::Dns | Phase::Tcp => network(failed),
            Phase::Tls => tls(failed),
            Phase::Websocket => upgrade(failed),
            Phase::Mqtt => mqtt(failed),
        }
    }
}

/// Names without a number, of our own.
const AUTH_REJECTED: &str = "NWDIAG_AUTH_REJECTED";
const AUTH_UNAVAILABLE: &str = "NWDIAG_AUTH_UNAVAILABLE";

fn sign_in(failed: &AttemptFailed) -> Option<Obstacle> {
    match &*failed.error_name {
        AUTH_REJECTED => Some(Obstacle::SignInRejected),
        AUTH_UNAVAILABLE => Some(Obstacle::SignInUnavailable),
        _ => None,
    }
}

/// By what the error is called, whichever phase it was met in.
const BY_NAME: [(crt::Name, Obstacle); 9] = [
    (crt::DNS_INVALID_NAME, Obstacle::NoSuchName),
    (crt::DNS_NO_ADDRESS, Obstacle::NoSuchName),
    (crt::DNS_QUERY_FAILED, Obstacle::NoResolver),
    (crt::SOCKET_CONNECTION_REFUSED, Obstacle::PortClosed),
    (crt::SOCKET_TIMEOUT, Obstacle::NoAnswer),
    (crt::SOCKET_NO_ROUTE_TO_HOST, Obstacle::NoRoute),
    (crt::SOCKET_NETWORK_DOWN, Obstacle::NoRoute),
    (crt::SOCKET_CLOSED, Obstacle::ClosedBeforeConnack),
    (crt::TLS_ALERT_RECEIVED, Obstacle::TlsAlert),
];

fn network(failed: &AttemptFailed) -> Obstacle {
    let known = BY_NAME.iter().find(|(name, _)| name.name == failed.error_name);
    known.map_or(Obstacle::Unknown, |(_, obstacle)| *obstacle)
}

/// What is said of a certificate, in lower case: first our own words, then those of OpenSSL, Go, browsers and people, as
/// others may write journals too. Go says "has expired or is not yet valid", and then which.
const OF_CERTIFICATES: [(&[&str], Obstacle); 5] = [
    (&[crt::EXPIRED_AT], Obstacle::CertificateExpired),
    (
        &[crt::NOT_VALID_BEFORE, " is before ", "not valid yet", "notbefore", "not_yet_valid"],
        Obstacle::CertificateNotYetValid,
    ),
    (&["expired"], Obstacle::CertificateExpired),
    (&["not yet valid"], Obstacle::CertificateNotYetValid),
    (
        &["certificate", "self-signed", "self signed", "issuer", "unknown ca", "not trusted", "hostname"],
        Obstacle::CertificateRefused,
    ),
];

fn tls(failed: &AttemptFailed) -> Obstacle {
    if failed.error_name == crt::TLS_ALERT_RECEIVED.name {
        return Obstacle::TlsAlert;
    }
    if failed.error_name != crt::TLS_NEGOTIATION_FAILURE.name {
        return Obstacle::TlsOther;
    }
    let message = failed.error_message.to_lowercase();
    let said = |(words, _): &&(&[&str], Obstacle)| words.iter().any(|words| message.contains(words));
    OF_CERTIFICATES.iter().find(said).map_or(Obstacle::TlsOther, |(_, obstacle)| *obstacle)
}

fn upgrade(failed: &AttemptFailed) -> Obstacle {
    match failed.http_status {
        Some(401 | 403) => Obstacle::UpgradeForbidden,
        Some(429) => Obstacle::UpgradeThrottled,
        Some(500..) => Obstacle::UpgradeUnavailable,
        Some(_) => Obstacle::UpgradeRefused,
        None if failed.error_name == crt::HTTP_PROTOCOL_ERROR.name => Obstacle::UpgradeRefused,
        None => Obstacle::UpgradeOther,
    }
}

fn mqtt(failed: &AttemptFailed) -> Obstacle {
    if let Some(code) = failed.return_code {
        return refusal(code);
    }
    let met = [
        (crt::MQTT_TIMEOUT, Obstacle::NoConnack),
        (crt::MQTT5_CONNACK_TIMEOUT, Obstacle::NoConnack),
        (crt::SOCKET_CLOSED, Obstacle::ClosedBeforeConnack),
        (crt::MQTT_UNEXPECTED_HANGUP, Obstacle::ClosedBeforeConnack),
        (crt::MQTT5_DISCONNECT_RECEIVED, Obstacle::ClosedBeforeConnack),
    ];
    let known = met.iter().find(|(name, _)| name.name == failed.error_name);
    known.map_or_else(
        || match network(failed) {
            Obstacle::Unknown => Obstacle::NoMqtt,
            other => other,
        },
        |(_, obstacle)| *obstacle,
    )
}

/// Codes of MQTT 3.1.1 lie below 128, also where a broker of that version answers to MQTT 5.
fn refusal(code: u8) -> Obstacle {
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
