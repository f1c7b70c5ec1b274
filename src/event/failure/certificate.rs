//! What is wrong with a broker's certificate, as far as it can be told apart.

use chrono::{DateTime, Utc};

use super::FailureKind;

/// What a certificate was held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerIdentity {
    /// Name or address that it should be for.
    pub host: String,
    /// Whether that is an IP address rather than a DNS name.
    pub host_kind: HostKind,
    /// Whom this host trusts.
    pub roots: Roots,
}

/// How a certificate has to name a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// By DNS name.
    Dns,
    /// By IP address.
    Ip,
}

/// Whom this host trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The roots of the platform.
    Platform,
    /// The certificates in this file alone.
    File(String),
}

/// Which rule a certificate breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateFlaw {
    /// No certificate of the chain is signed by a trusted root.
    UnknownIssuer,
    /// A trusted root bears the signer's name, but the signature is not by its key.
    WrongKey,
    /// A signature algorithm that is not accepted, SHA-1 for instance.
    OldAlgorithm,
    /// `extendedKeyUsage` lacks `serverAuth`.
    NotForServers,
    /// It has expired.
    Expired {
        /// The end of its validity; `None` where the time cannot be told.
        not_after: Option<DateTime<Utc>>,
        /// This host's clock.
        now: Option<DateTime<Utc>>,
    },
    /// It is not valid yet.
    NotYetValid {
        /// The beginning of its validity; `None` where the time cannot be told.
        not_before: Option<DateTime<Utc>>,
        /// This host's clock.
        now: Option<DateTime<Utc>>,
    },
    /// It is for these names.
    WrongName(Vec<String>),
    /// It has no subjectAltName.
    NoSubjectAltName,
    /// X.509 version 1.
    Version1,
    /// A CA certificate used as that of a server.
    CaAsServer,
    /// Another flaw, in the library's words.
    Other(String),
}

impl CertificateFlaw {
    /// The word for it.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::UnknownIssuer | Self::WrongKey => FailureKind::CertificateUntrusted,
            Self::Expired { .. } => FailureKind::CertificateExpired,
            Self::NotYetValid { .. } => FailureKind::CertificateNotYetValid,
            Self::WrongName(_) => FailureKind::CertificateWrongName,
            Self::OldAlgorithm
            | Self::NotForServers
            | Self::NoSubjectAltName
            | Self::Version1
            | Self::CaAsServer
            | Self::Other(_) => FailureKind::CertificateUnsuitable,
        }
    }
}
