//! Why a broker's certificate was not taken, in one sentence that says which rule it breaks and how to mend it.
//!
//! Some certificates pass with OpenSSL and not here: version 1, no subjectAltName, a CA as server. They get a sentence
//! of their own, since "it works with `mosquitto_sub`" is what their owners know.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, OtherError};

use crate::crt::{EXPIRED_AT, NOT_VALID_BEFORE};

/// What a certificate was held against.
#[derive(Debug, Clone)]
pub(super) struct Expectation {
    /// Name or address that it should be for.
    pub(super) name: ServerName<'static>,
    /// The file with the only roots; the platform's where `None`.
    pub(super) cafile: Option<PathBuf>,
}

impl Expectation {
    /// Why the certificate does not fulfil it.
    pub(super) fn unmet(&self, error: &CertificateError) -> String {
        match error {
            CertificateError::UnknownIssuer => self.untrusted(),
            CertificateError::BadSignature => self.wrong_key(),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => old_algorithm(),
            CertificateError::InvalidPurposeContext { .. } => not_for_servers(),
            CertificateError::ExpiredContext { time, not_after } => expired(*time, *not_after),
            CertificateError::NotValidYetContext { time, not_before } => not_yet(*time, *not_before),
            CertificateError::NotValidForNameContext { presented, .. } => self.other_name(presented),
            CertificateError::Other(OtherError(inner)) => match inner.downcast_ref() {
                Some(error) => self.unsupported(error),
                None => plain(error),
            },
            _ => plain(error),
        }
    }

    fn untrusted(&self) -> String {
        let signed = "the broker's certificate is not trusted: neither it nor the chain that the broker sends is signed by";
        match &self.cafile {
            Some(file) => format!("{signed} a certificate in '{}'", file.display()),
            None => format!(
                "{signed} a root that this host trusts (for a private CA pass its certificate as --cafile)"
            ),
        }
    }

    fn wrong_key(&self) -> String {
        let place = match &self.cafile {
            Some(file) => format!("in '{}'", file.display()),
            None => "trusted here".to_owned(),
        };
        format!(
            "the broker's certificate is not trusted: the CA {place} bears the name of its signer, but the \
             signature is not by that CA's key (was the CA made anew?), or a key is RSA of under 2048 bits"
        )
    }

    fn other_name(&self, presented: &[String]) -> String {
        let host = self.name.to_str();
        if presented.is_empty() {
            let mend = self.mend();
            return format!(
                "the broker's certificate has no subjectAltName: a name in CN only is no longer taken, \
                 though some clients still do; issue it anew for '{host}': {mend}"
            );
        }
        let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
        let names = names.join(", ");
        format!("the broker's certificate is for another name: it is for {names}, not for '{host}'")
    }

    fn unsupported(&self, error: &webpki::Error) -> String {
        let what = match error {
            webpki::Error::UnsupportedCertVersion => {
                "is X.509 version 1: version 3 with a subjectAltName is needed"
            }
            webpki::Error::CaUsedAsEndEntity => {
                "is a CA certificate (CA:TRUE): a server needs one of its own"
            }
            other => return format!("the broker's certificate is not valid: {other}"),
        };
        let mend = self.mend();
        format!("the broker's certificate {what}, though some clients take it; issue it anew: {mend}")
    }

    /// The command that makes a certificate which every client takes.
    fn mend(&self) -> String {
        let kind = match &self.name {
            ServerName::IpAddress(_) => "IP",
            _ => "DNS",
        };
        format!(
            "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 365 -extfile \
             <(printf 'subjectAltName={kind}:{}\\nbasicConstraints=CA:FALSE') -out server.crt",
            self.name.to_str()
        )
    }
}

fn old_algorithm() -> String {
    "a certificate of the broker's chain is signed in a way that is no longer taken (SHA-1, for instance): \
     issue it anew with SHA-256"
        .to_owned()
}

fn not_for_servers() -> String {
    "the broker's certificate is not for servers: its extendedKeyUsage lacks serverAuth".to_owned()
}

fn expired(now: UnixTime, not_after: UnixTime) -> String {
    let (end, now) = (shown(not_after), shown(now));
    format!("a certificate of the broker's chain{EXPIRED_AT}{end} (this host's clock says {now})")
}

fn not_yet(now: UnixTime, not_before: UnixTime) -> String {
    let (start, now) = (shown(not_before), shown(now));
    format!(
        "a certificate of the broker's chain{NOT_VALID_BEFORE}{start} \
         (this host's clock says {now}: is it right?)"
    )
}

fn plain(error: &CertificateError) -> String {
    format!("the broker's certificate is not valid: {error}")
}

fn shown(time: UnixTime) -> String {
    let time =
        i64::try_from(time.as_secs()).ok().and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// `DnsName("a.example")` as `'a.example'`: the library tells names the way it debugs them.
fn bare(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    format!("'{}'", inner.unwrap_or(name).trim_matches('"'))
}
