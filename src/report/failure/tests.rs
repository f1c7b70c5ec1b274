//! Each failure with its sentence and its kind.

use std::time::Duration;

use crate::event::failure::*;
use crate::event::{FailureKind as Kind, Phase};
use crate::reason::Source;

fn resolver_error() -> ResolverError {
    ResolverError { code: "EAI_AGAIN".to_owned(), text: "Temporary failure in name resolution".to_owned() }
}

fn dns(problem: DnsProblem) -> Failure {
    Failure::Dns(DnsFailure { name: "broker.example".to_owned(), problem })
}

fn tcp(problem: TcpProblem, failed: usize, addresses: usize) -> Failure {
    Failure::Tcp(TcpFailure { address: Some("192.0.2.1:1883".to_owned()), problem, failed, addresses })
}

fn certificate(flaw: CertificateFlaw) -> Failure {
    let identity = ServerIdentity {
        host: "broker.example".to_owned(),
        host_kind: HostKind::Dns,
        roots: Roots::File("expired-root.pem".to_owned()),
    };
    Failure::Tls(TlsFailure::Certificate(Box::new(identity), flaw))
}

fn refused(status: u16) -> Failure {
    let path = "/mqtt".to_owned();
    Failure::Upgrade(UpgradeFailure::Refused { status, path, location: None })
}

fn breach() -> Failure {
    Failure::Protocol(ProtocolBreach {
        kind: Kind::MalformedPacket,
        crt: BreachKind::Malformed,
        flaw: "a malformed packet of type 3 (x)".to_owned(),
    })
}

const THREE_SECONDS: Duration = Duration::from_secs(3);

#[test]
fn what_happened_before_mqtt_has_a_kind_and_one_plain_sentence() {
    let rows = [
        (
            dns(DnsProblem::NotFound(resolver_error())),
            Kind::NameNotFound,
            "there is no host 'broker.example' (EAI_AGAIN: Temporary failure in name resolution)",
        ),
        (dns(DnsProblem::NoAddress(None)), Kind::NameWithoutAddress, "'broker.example' has no addresses"),
        (
            dns(DnsProblem::Silent(THREE_SECONDS)),
            Kind::ResolverFailed,
            "the resolver did not answer for 'broker.example' within 3 s",
        ),
        (tcp(TcpProblem::Refused, 1, 1), Kind::ConnectionRefused, "192.0.2.1:1883 refused the connection"),
        (
            tcp(TcpProblem::Silent(THREE_SECONDS), 0, 2),
            Kind::ConnectTimeout,
            "192.0.2.1:1883 did not answer within 3 s, nor did any other of 2 addresses",
        ),
        (
            tcp(TcpProblem::Socket(StreamEnd::NoRoute("No route to host".to_owned())), 1, 1),
            Kind::NetworkUnreachable,
            "192.0.2.1:1883 could not be connected to: No route to host",
        ),
        (
            Failure::Tls(TlsFailure::NotTls),
            Kind::NotTls,
            "the broker's answer to the TLS handshake is not TLS: is this its port for TLS?",
        ),
        (
            Failure::Ended(Stage::TlsHandshake, StreamEnd::TlsAlert(TlsAlert(116))),
            Kind::ClientCertificateNeeded,
            "in the TLS handshake, the broker ended TLS with a fatal alert: certificate required",
        ),
        (
            refused(404),
            Kind::WebsocketRefused,
            "no WebSocket: the answer is HTTP 404: there is no WebSocket at the path '/mqtt': check the path",
        ),
        (
            Failure::Upgrade(UpgradeFailure::NotWebsocket(UpgradeFlaw::NoSubprotocol)),
            Kind::NotWebsocket,
            "no WebSocket: the answer is HTTP 101, but without the subprotocol 'mqtt': is this an MQTT broker?",
        ),
    ];
    for (failure, kind, sentence) in rows {
        assert_eq!((failure.kind(), failure.to_string().as_str()), (kind, sentence));
    }
}

#[test]
fn what_happened_in_mqtt_has_a_kind_and_one_plain_sentence() {
    let rows = [
        (
            Failure::Refused { code: 5, source: Source::ConnackV311 },
            Kind::ConnackRefused,
            "the broker refused the connection: not authorized (5)",
        ),
        (Failure::ConnackMissing(THREE_SECONDS), Kind::ConnackTimeout, "no CONNACK within 3 s"),
        (
            Failure::Ended(Stage::Opening, StreamEnd::Fin),
            Kind::ClosedBeforeConnack,
            "the broker closed the connection (FIN), before CONNACK",
        ),
        (
            Failure::Ended(Stage::Session, StreamEnd::Fin),
            Kind::PeerClosed,
            "the broker closed the connection (FIN)",
        ),
        (
            Failure::Ended(Stage::Session, StreamEnd::WebsocketClose(1001, "going away".to_owned())),
            Kind::WebsocketClosed,
            "the broker closed the WebSocket (code 1001: going away)",
        ),
        (
            Failure::Disconnected(Some(0x8e)),
            Kind::PeerDisconnected,
            "the broker sent DISCONNECT: Session taken over (0x8e)",
        ),
        (breach(), Kind::MalformedPacket, "the broker sent a malformed packet of type 3 (x)"),
        (Failure::PingUnanswered(THREE_SECONDS), Kind::PingUnanswered, "no answer to a ping within 3 s"),
    ];
    for (failure, kind, beginning) in rows {
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.to_string().starts_with(beginning), "{failure}");
    }
}

/// A CA file called `expired-root.pem` turned "not trusted" into "expired" where sentences were read.
#[test]
fn the_name_of_a_file_says_nothing_of_the_certificate() {
    let failure = certificate(CertificateFlaw::UnknownIssuer);
    assert_eq!(failure.kind(), Kind::CertificateUntrusted);
    assert!(failure.to_string().contains("in 'expired-root.pem'"), "{failure}");
}

#[test]
fn each_flaw_of_a_certificate_says_which_rule_it_breaks() {
    let time = chrono::DateTime::from_timestamp(1_790_000_000, 0);
    let rows = [
        (CertificateFlaw::WrongKey, Kind::CertificateUntrusted, "bears the name of its signer"),
        (CertificateFlaw::OldAlgorithm, Kind::CertificateUnsuitable, "SHA-1"),
        (CertificateFlaw::NotForServers, Kind::CertificateUnsuitable, "lacks serverAuth"),
        (
            CertificateFlaw::Expired { not_after: time, now: None },
            Kind::CertificateExpired,
            "expired at 2026-09-21 14:13:20 UTC (this host's clock says an unknown time)",
        ),
        (
            CertificateFlaw::NotYetValid { not_before: time, now: time },
            Kind::CertificateNotYetValid,
            "is not valid before 2026-09-21 14:13:20 UTC",
        ),
        (
            CertificateFlaw::WrongName(vec!["a.example".to_owned()]),
            Kind::CertificateWrongName,
            "it is for 'a.example', not for 'broker.example'",
        ),
        (CertificateFlaw::NoSubjectAltName, Kind::CertificateUnsuitable, "subjectAltName=DNS:broker.example"),
        (CertificateFlaw::Version1, Kind::CertificateUnsuitable, "is X.509 version 1"),
        (CertificateFlaw::CaAsServer, Kind::CertificateUnsuitable, "is a CA certificate"),
    ];
    for (flaw, kind, part) in rows {
        let failure = certificate(flaw);
        assert_eq!(failure.kind(), kind, "{failure}");
        assert!(failure.to_string().contains(part), "{failure}");
    }
}

#[test]
fn a_service_that_is_not_reached_keeps_the_kind_of_what_kept_it_away_and_is_called_by_its_name() {
    let failure = Failure::SignIn(SignInFailure::Unreached {
        service: "the vendor's service",
        phase: Phase::Tls,
        failure: Box::new(Failure::Ended(Stage::TlsHandshake, StreamEnd::Fin)),
    });
    assert_eq!(failure.kind(), Kind::PeerClosed);
    let sentence = "the vendor's service cannot be reached (tls): in the TLS handshake, the service closed the \
                    connection (FIN)";
    assert_eq!(failure.to_string(), sentence);
}

#[test]
fn a_tls_alert_is_named_as_openssl_writes_it() {
    let rows = [
        (116, "certificate required"),
        (48, "unknown ca"),
        (115, "unknown psk identity"),
        (200, "alert 200"),
    ];
    for (number, words) in rows {
        let failure = Failure::Ended(Stage::Session, StreamEnd::TlsAlert(TlsAlert(number)));
        assert!(failure.to_string().ends_with(words), "{failure}");
        assert_eq!(failure.tls_alert(), Some(TlsAlert(number)));
    }
}
