//! What older journals, and those of other programs, leave to be derived: the kind of a failure, from names and codes.
//!
//! This is the only place that reads a sentence, and of certificates alone: the CRT has one name for all their flaws.

use crate::crt::{self, Name};
use crate::event::{AttemptFailed, ClosedBy, FailureKind, Phase, SessionDrop};

/// What a session met whose record does not say so; `None` where that cannot be told.
pub fn drop_failure(drop: &SessionDrop) -> Option<FailureKind> {
    let is = |name: Name| drop.error_name == name.name;
    match drop.closed_by? {
        ClosedBy::PeerDisconnect => Some(FailureKind::PeerDisconnected),
        ClosedBy::PeerClose if is(crt::SOCKET_CLOSED) => Some(FailureKind::PeerClosed),
        ClosedBy::PeerClose if drop.websocket_close_code.is_some() => Some(FailureKind::WebsocketClosed),
        ClosedBy::PeerClose => is(crt::MQTT_UNEXPECTED_HANGUP).then_some(FailureKind::TlsClosed),
        ClosedBy::PeerReset if is(crt::TLS_ALERT_RECEIVED) => Some(FailureKind::TlsAlert),
        ClosedBy::PeerReset => Some(FailureKind::PeerReset),
        ClosedBy::Timeout if is(crt::SOCKET_TIMEOUT) => Some(FailureKind::KernelTimeout),
        ClosedBy::Timeout if is(crt::MQTT5_PING_RESPONSE_TIMEOUT) => Some(FailureKind::PingUnanswered),
        ClosedBy::Timeout if drop.unanswered_ping_seconds.is_some() => Some(FailureKind::PingUnanswered),
        ClosedBy::Timeout => {
            let asked = drop.last_sent_packet.as_deref() == Some("SUBSCRIBE");
            asked.then_some(FailureKind::SubscribeUnanswered)
        }
        ClosedBy::Network if is(crt::SOCKET_NO_ROUTE_TO_HOST) => Some(FailureKind::NetworkUnreachable),
        ClosedBy::Network if is(crt::SOCKET_NETWORK_DOWN) => Some(FailureKind::NetworkDown),
        ClosedBy::Network => Some(FailureKind::LocalError),
        ClosedBy::Protocol if is(crt::WEBSOCKET_PROTOCOL_ERROR) => Some(FailureKind::MalformedWebsocketFrame),
        ClosedBy::Protocol if is(crt::MQTT_INVALID_PACKET_TYPE) => Some(FailureKind::UnexpectedPacket),
        ClosedBy::Protocol if is(crt::MQTT_INVALID_REMAINING_LENGTH) => Some(FailureKind::MalformedPacket),
        ClosedBy::Protocol => None,
    }
}

/// What an attempt met whose record does not say so; `None` where that cannot be told.
pub fn attempt_failure(failed: &AttemptFailed) -> Option<FailureKind> {
    match failed.phase {
        Phase::Auth | Phase::Dns | Phase::Tcp => by_name(failed, &ANY_PHASE),
        Phase::Tls if failed.error_name == crt::TLS_NEGOTIATION_FAILURE.name => certificate(failed),
        Phase::Tls => by_name(failed, &TLS),
        Phase::Websocket => upgrade(failed),
        Phase::Mqtt if failed.return_code.is_some() => Some(FailureKind::ConnackRefused),
        Phase::Mqtt => by_name(failed, &MQTT).or_else(|| by_name(failed, &ANY_PHASE)),
    }
}

type Names<const COUNT: usize> = [(Name, FailureKind); COUNT];

fn by_name<const COUNT: usize>(failed: &AttemptFailed, names: &Names<COUNT>) -> Option<FailureKind> {
    names.iter().find(|(name, _)| name.name == failed.error_name).map(|(_, kind)| *kind)
}

/// By what the error is called, whichever phase it was met in.
const ANY_PHASE: Names<10> = [
    (crt::AUTH_REJECTED, FailureKind::AuthRejected),
    (crt::AUTH_UNAVAILABLE, FailureKind::AuthUnavailable),
    (crt::DNS_INVALID_NAME, FailureKind::NameNotFound),
    (crt::DNS_NO_ADDRESS, FailureKind::NameWithoutAddress),
    (crt::DNS_QUERY_FAILED, FailureKind::ResolverFailed),
    (crt::SOCKET_CONNECTION_REFUSED, FailureKind::ConnectionRefused),
    (crt::SOCKET_TIMEOUT, FailureKind::ConnectTimeout),
    (crt::SOCKET_NO_ROUTE_TO_HOST, FailureKind::NetworkUnreachable),
    (crt::SOCKET_NETWORK_DOWN, FailureKind::NetworkDown),
    (crt::TLS_ALERT_RECEIVED, FailureKind::TlsAlert),
];

const TLS: Names<3> = [
    (crt::TLS_ALERT_RECEIVED, FailureKind::TlsAlert),
    (crt::TLS_NEGOTIATION_TIMEOUT, FailureKind::TlsTimeout),
    (crt::SOCKET_CLOSED, FailureKind::PeerClosed),
];

const MQTT: Names<9> = [
    (crt::MQTT_TIMEOUT, FailureKind::ConnackTimeout),
    (crt::MQTT5_CONNACK_TIMEOUT, FailureKind::ConnackTimeout),
    (crt::SOCKET_CLOSED, FailureKind::ClosedBeforeConnack),
    (crt::MQTT_UNEXPECTED_HANGUP, FailureKind::ClosedBeforeConnack),
    (crt::MQTT5_DISCONNECT_RECEIVED, FailureKind::PeerDisconnected),
    (crt::MQTT_INVALID_PACKET_TYPE, FailureKind::NotMqtt),
    (crt::MQTT_INVALID_REMAINING_LENGTH, FailureKind::NotMqtt),
    (crt::MQTT_PROTOCOL_ERROR, FailureKind::NotMqtt),
    (crt::MQTT5_DECODE_PROTOCOL_ERROR, FailureKind::NotMqtt),
];

fn upgrade(failed: &AttemptFailed) -> Option<FailureKind> {
    const SWITCHING_PROTOCOLS: u16 = 101;
    match failed.http_status {
        Some(SWITCHING_PROTOCOLS) => Some(FailureKind::NotWebsocket),
        Some(_) => Some(FailureKind::WebsocketRefused),
        None if failed.error_name == crt::HTTP_PROTOCOL_ERROR.name => Some(FailureKind::NotHttp),
        None if failed.error_name == crt::HTTP_FIRST_BYTE_TIMEOUT.name => Some(FailureKind::WebsocketTimeout),
        None if failed.error_name == crt::SOCKET_CLOSED.name => Some(FailureKind::PeerClosed),
        None => None,
    }
}

/// What is said of a certificate, in lower case: first in our own sentences, then in those of OpenSSL, Go, browsers and
/// people. Go says "has expired or is not yet valid", and then which.
const OF_CERTIFICATES: [(&[&str], FailureKind); 6] = [
    (&[" expired at "], FailureKind::CertificateExpired),
    (
        &[" is not valid before ", " is before ", "not valid yet", "notbefore", "not_yet_valid"],
        FailureKind::CertificateNotYetValid,
    ),
    (&["expired"], FailureKind::CertificateExpired),
    (&["not yet valid"], FailureKind::CertificateNotYetValid),
    (&["for another name", "hostname"], FailureKind::CertificateWrongName),
    (
        &["certificate", "self-signed", "self signed", "issuer", "unknown ca", "not trusted"],
        FailureKind::CertificateUntrusted,
    ),
];

fn certificate(failed: &AttemptFailed) -> Option<FailureKind> {
    let message = without_file_names(&failed.error_message).to_lowercase();
    let said = |(words, _): &&(&[&str], FailureKind)| words.iter().any(|words| message.contains(words));
    OF_CERTIFICATES.iter().find(said).map(|(_, kind)| *kind)
}

/// The sentence without what stands in quotes: a CA file may be called `expired-root.pem`. A quotation begins behind a
/// space, as an apostrophe does not.
fn without_file_names(sentence: &str) -> String {
    let mut parts = sentence.split(" '");
    let first = parts.next().unwrap_or_default();
    let unquoted = parts.map(|part| part.split_once('\'').map_or("", |(_, behind)| behind));
    std::iter::once(first).chain(unquoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(message: &str) -> Option<FailureKind> {
        attempt_failure(&AttemptFailed {
            error_name: crt::TLS_NEGOTIATION_FAILURE.recorded(),
            error_message: message.to_owned(),
            ..AttemptFailed::new(Phase::Tls)
        })
    }

    #[test]
    fn a_certificates_sentence_is_read_and_the_name_of_a_file_in_it_is_not() {
        let rows = [
            (
                "a certificate of the broker's chain expired at 2026-01-01 00:00:00 UTC (this host's clock says x)",
                FailureKind::CertificateExpired,
            ),
            (
                "a certificate of the broker's chain is not valid before 2027-01-01 (this host's clock says x)",
                FailureKind::CertificateNotYetValid,
            ),
            ("x509: certificate has expired or is not yet valid", FailureKind::CertificateExpired),
            (
                "the broker's certificate is for another name: it is for 'a', not for 'b'",
                FailureKind::CertificateWrongName,
            ),
            (
                "the broker's certificate is not trusted: neither it nor the chain that the broker sends is \
                 signed by a certificate in 'expired-root.pem'",
                FailureKind::CertificateUntrusted,
            ),
        ];
        for (message, kind) in rows {
            assert_eq!(failed(message), Some(kind), "{message}");
        }
        assert_eq!(failed("TLS cannot be agreed on: peer is incompatible"), None);
    }
}
