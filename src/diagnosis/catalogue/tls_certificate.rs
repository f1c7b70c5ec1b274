//! The cause `tls_certificate`: its page, how it is recognised, and what is said of it.

use super::clock_wrong::is_clock_off;
use super::{Account, Candidate};
use crate::collector::incidents::FailureClass;
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// The certificate is expired, not trusted, or for another name; or the broker does not accept ours.
    ///
    /// **How it shows.** Attempts fail in TLS with that very error, from a date on; sessions that were up lived on until
    /// they dropped for another reason and then never came back.
    ///
    /// **What looks like it.** A clock that is wrong (`clock_wrong`) makes good certificates bad.
    ///
    /// **What to do.** Renew the certificate with its full chain, for the name that clients use (and let the broker load it);
    /// or give this client the right CA (`--cafile`) and client certificate (`--cert`, `--key`).
    TlsCertificate, prior -2.0, weigh
}

const AT_THE_CERTIFICATE: [(FailureClass, &str); 4] = [
    (FailureClass::CertificateExpired, "the broker's certificate has expired"),
    (FailureClass::CertificateNotYetValid, "the broker's certificate is not valid yet"),
    (FailureClass::CertificateRefused, "the broker's certificate is not trusted, or for another name"),
    (
        FailureClass::TlsAlert,
        "the broker refuses our side of TLS: a client certificate is missing or not accepted",
    ),
];

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let classes = AT_THE_CERTIFICATE.map(|(class, _)| class);
    let nats = facts.nats_of_incidents(|incident| {
        let doubt = if is_clock_off(incident) { 8.0 } else { 0.0 };
        let not_yet = if incident.recovery.met(FailureClass::CertificateNotYetValid) > 0 { 6.0 } else { 0.0 };
        (share_met(incident, &classes) >= 0.5).then_some(12.0 - doubt - not_yet)
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let met = |class: FailureClass| -> u64 {
        explains.iter().map(|index| u64::from(facts.incidents[*index].recovery.met(class))).sum()
    };
    let what = AT_THE_CERTIFICATE.iter().max_by_key(|(class, _)| met(*class)).map_or("", |(_, what)| what);
    Account::new(
        what,
        format!(
            "{} failed in the TLS handshake for that reason",
            units::count(AT_THE_CERTIFICATE.iter().map(|(class, _)| met(*class)).sum(), "attempt")
        ),
        "renew the certificate with its full chain, for the name that clients use; or give this client the right CA \
            (--cafile) and client certificate",
    )
}
