//! Why a certificate was not accepted, in one sentence that says which rule it breaks and how to mend it.
//!
//! Some certificates pass with OpenSSL and not here: version 1, no subjectAltName, a CA as server. They get a sentence
//! of their own, since "it works with `mosquitto_sub`" is what their owners know.

use chrono::{DateTime, Utc};

use super::Peer;
use crate::event::failure::{CertificateFlaw, HostKind, Roots, ServerIdentity};

/// Why the certificate of `peer` was not accepted for `identity`.
pub(super) fn sentence(identity: &ServerIdentity, flaw: &CertificateFlaw, peer: Peer) -> String {
    match flaw {
        CertificateFlaw::UnknownIssuer => untrusted(identity, peer),
        CertificateFlaw::WrongKey => wrong_key(identity, peer),
        CertificateFlaw::OldAlgorithm => format!(
            "a certificate of {peer}'s chain is signed in a way that is no longer taken (SHA-1, for instance): \
             issue it anew with SHA-256"
        ),
        CertificateFlaw::NotForServers => {
            format!("{peer}'s certificate is not for servers: its extendedKeyUsage lacks serverAuth")
        }
        CertificateFlaw::Expired { not_after, now } => format!(
            "a certificate of {peer}'s chain expired at {} (this host's clock says {})",
            time(*not_after),
            time(*now)
        ),
        CertificateFlaw::NotYetValid { not_before, now } => format!(
            "a certificate of {peer}'s chain is not valid before {} (this host's clock says {}: is it right?)",
            time(*not_before),
            time(*now)
        ),
        CertificateFlaw::WrongName(names) => format!(
            "{peer}'s certificate is for another name: it is for {}, not for '{}'",
            names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "),
            identity.host
        ),
        CertificateFlaw::NoSubjectAltName => format!(
            "{peer}'s certificate has no subjectAltName: a name in CN only is no longer taken, though some \
             clients still do; issue it anew for '{}': {}",
            identity.host,
            mend(identity)
        ),
        CertificateFlaw::Version1 => {
            anew(identity, peer, "is X.509 version 1: version 3 with a subjectAltName is needed")
        }
        CertificateFlaw::CaAsServer => {
            anew(identity, peer, "is a CA certificate (CA:TRUE): a server needs one of its own")
        }
        CertificateFlaw::Other(text) => format!("{peer}'s certificate is not valid: {text}"),
    }
}

fn untrusted(identity: &ServerIdentity, peer: Peer) -> String {
    let signed = format!(
        "{peer}'s certificate is not trusted: neither it nor the chain that {peer} sends is signed by"
    );
    match &identity.roots {
        Roots::File(file) => format!("{signed} a certificate in '{file}'"),
        Roots::Platform => format!(
            "{signed} a root that this host trusts (for a private CA pass its certificate as --cafile)"
        ),
    }
}

fn wrong_key(identity: &ServerIdentity, peer: Peer) -> String {
    let place = match &identity.roots {
        Roots::File(file) => format!("in '{file}'"),
        Roots::Platform => "trusted here".to_owned(),
    };
    format!(
        "{peer}'s certificate is not trusted: the CA {place} bears the name of its signer, but the signature is \
         not by that CA's key (was the CA made anew?), or a key is RSA of under 2048 bits"
    )
}

fn anew(identity: &ServerIdentity, peer: Peer, what: &str) -> String {
    format!("{peer}'s certificate {what}, though some clients take it; issue it anew: {}", mend(identity))
}

/// The command that makes a certificate which every client takes.
fn mend(identity: &ServerIdentity) -> String {
    let kind = match identity.host_kind {
        HostKind::Ip => "IP",
        HostKind::Dns => "DNS",
    };
    format!(
        "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 365 -extfile \
         <(printf 'subjectAltName={kind}:{}\\nbasicConstraints=CA:FALSE') -out server.crt",
        identity.host
    )
}

fn time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
