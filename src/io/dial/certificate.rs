//! Which rule a broker's certificate breaks, as the TLS library tells it.

use chrono::{DateTime, Utc};
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, OtherError};

use crate::event::failure::{CertificateFlaw, HostKind, Roots, ServerIdentity};

/// What a certificate of `name` is held against.
pub(super) fn identity(name: &ServerName<'_>, roots: Roots) -> ServerIdentity {
    let host_kind = match name {
        ServerName::IpAddress(_) => HostKind::Ip,
        // A later kind of name is one of letters, too.
        _ => HostKind::Dns,
    };
    ServerIdentity { host: name.to_str().into_owned(), host_kind, roots }
}

/// The flaw that the library's error stands for.
pub(super) fn flaw(error: &CertificateError) -> CertificateFlaw {
    match error {
        CertificateError::UnknownIssuer => CertificateFlaw::UnknownIssuer,
        CertificateError::BadSignature => CertificateFlaw::WrongKey,
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            CertificateFlaw::OldAlgorithm
        }
        CertificateError::InvalidPurposeContext { .. } => CertificateFlaw::NotForServers,
        CertificateError::ExpiredContext { time: now, not_after } => {
            CertificateFlaw::Expired { not_after: time(*not_after), now: time(*now) }
        }
        CertificateError::NotValidYetContext { time: now, not_before } => {
            CertificateFlaw::NotYetValid { not_before: time(*not_before), now: time(*now) }
        }
        CertificateError::NotValidForNameContext { presented, .. } => match presented.as_slice() {
            [] => CertificateFlaw::NoSubjectAltName,
            names => CertificateFlaw::WrongName(names.iter().map(|name| bare(name)).collect()),
        },
        CertificateError::Other(OtherError(inner)) => match inner.downcast_ref() {
            Some(webpki::Error::UnsupportedCertVersion) => CertificateFlaw::Version1,
            Some(webpki::Error::CaUsedAsEndEntity) => CertificateFlaw::CaAsServer,
            Some(other) => CertificateFlaw::Other(other.to_string()),
            None => CertificateFlaw::Other(error.to_string()),
        },
        _ => CertificateFlaw::Other(error.to_string()),
    }
}

fn time(time: UnixTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0)
}

/// `DnsName("a.example")` as `a.example`: the library tells names the way it debugs them.
fn bare(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"').to_owned()
}
