//! The phase tls.

use rcgen::{DistinguishedName, ExtendedKeyUsagePurpose};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_rustls::rustls::HandshakeKind;

use super::*;
use crate::crt;
use crate::event::FailureKind;

const V1_AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/v1-ca.crt");
const V1_SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/v1-server.crt");
const V1_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/v1-server.key");

fn version_1() -> Issued {
    Issued {
        chain: vec![CertificateDer::from_pem_file(V1_SERVER).unwrap()],
        key: PrivateKeyDer::from_pem_file(V1_KEY).unwrap(),
    }
}

fn in_force(names: &[&str], from_year: i32, to_year: i32) -> CertificateParams {
    let mut params = params(names);
    params.not_before = rcgen::date_time_ymd(from_year, 1, 1);
    params.not_after = rcgen::date_time_ymd(to_year, 1, 1);
    params
}

fn name_in_cn_only() -> CertificateParams {
    let mut params = params(&[]);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params
}

fn authority() -> CertificateParams {
    let mut params = params(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn for_clients() -> CertificateParams {
    let mut params = params(&["localhost"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// How a handshake with a server of this certificate fails.
async fn refused(issued: Issued, settings: impl FnOnce(u16) -> DialSettings) -> DialError {
    let port = tls_broker(acceptor(issued, &TLS13), async |_| ()).await;
    dialled(settings(port)).await.unwrap_err()
}

#[tokio::test]
async fn a_certificate_that_breaks_a_rule_is_told_with_the_rule() {
    let pki = Pki::new();
    let rows: [(CertificateParams, &[&str]); 7] = [
        (in_force(&["localhost"], 2000, 2001), &["expired at 2001-01-01 00:00:00 UTC", "clock says 20"]),
        (in_force(&["localhost"], 2900, 2901), &["not valid before 2900-01-01 00:00:00 UTC", "is it right?"]),
        (params(&["other.example", "10.0.0.1"]), &["'other.example', '10.0.0.1', not for 'localhost'"]),
        (
            name_in_cn_only(),
            &["no subjectAltName", "printf 'subjectAltName=DNS:localhost\\nbasicConstraints"],
        ),
        (authority(), &["is a CA certificate", "-extfile <(printf 'subjectAltName=DNS:localhost\\n"]),
        (for_clients(), &["lacks serverAuth"]),
        (params(&["127.0.0.1"]), &["it is for '127.0.0.1', not for 'localhost'"]),
    ];
    for (params, parts) in rows {
        let failed = refused(pki.issue(&params), |port| pki.settings(Transport::Tls, port)).await;
        for part in parts {
            assert_failed(&failed, Phase::Tls, crt::TLS_NEGOTIATION_FAILURE, part);
        }
    }
}

#[tokio::test]
async fn a_certificate_by_somebody_else_is_told_to_be_untrusted() {
    let pki = Pki::new();
    let file = format!("in '{}'", pki.cafile.path().display());
    let rows = [("another CA", "is signed by a certificate"), ("nwdiag test CA", "was the CA made anew?")];
    for (name, part) in rows {
        let issued = Pki::named(name).issue(&params(&["localhost"]));
        let failed = refused(issued, |port| pki.settings(Transport::Tls, port)).await;
        assert_failed(&failed, Phase::Tls, crt::TLS_NEGOTIATION_FAILURE, part);
        assert!(failed.to_string().contains(&file), "{failed}");
    }
}

#[tokio::test]
async fn a_version_1_certificate_is_told_to_be_one() {
    let failed = refused(version_1(), |port| {
        let tls = TlsSettings { cafile: Some(V1_AUTHORITY.into()), ..TlsSettings::default() };
        let host = Host::Ipv4([127, 0, 0, 1].into());
        DialSettings { host, tls, ..settings(Transport::Tls, port) }
    });
    let failed = failed.await;
    assert_failed(&failed, Phase::Tls, crt::TLS_NEGOTIATION_FAILURE, "is X.509 version 1");
    assert!(failed.to_string().contains("subjectAltName=IP:127.0.0.1"), "{failed}");
}

#[tokio::test]
async fn an_insecure_dialler_takes_every_certificate() {
    let pki = Pki::new();
    for version in [&TLS12, &TLS13] {
        let certificates = [
            pki.issue(&in_force(&["localhost"], 2000, 2001)),
            pki.issue(&params(&["other.example"])),
            pki.issue(&authority()),
            version_1(),
        ];
        for issued in certificates {
            let port = tls_broker(acceptor(issued, version), async |_| ()).await;
            let tls = TlsSettings { verification: Verification::Insecure, ..TlsSettings::default() };
            let dialled = dialled(DialSettings { tls, ..settings(Transport::Tls, port) }).await.unwrap();
            assert!(dialled.phases.tls_ms.is_some());
        }
    }
}

#[tokio::test]
async fn a_broker_found_by_address_needs_a_certificate_for_the_address() {
    let pki = Pki::new();
    let port = tls_broker(acceptor(pki.issue(&params(&["127.0.0.1"])), &TLS12), async |_| ()).await;
    let host = Host::Ipv4([127, 0, 0, 1].into());
    dialled(DialSettings { host, ..pki.settings(Transport::Tls, port) }).await.unwrap();
}

#[tokio::test]
async fn an_alert_of_the_broker_is_told_by_its_name() {
    let pki = Pki::new();
    let port = tls_broker(pki.demanding(&TLS12), async |_| ()).await;
    let failed = dialled(pki.settings(Transport::Tls, port)).await.unwrap_err();
    assert_failed(&failed, Phase::Tls, crt::TLS_ALERT_RECEIVED, "alert: certificate required");
}

#[tokio::test]
async fn an_alert_that_comes_after_our_side_is_done_still_fails_the_phase_tls() {
    let pki = Pki::new();
    let port = tls_broker(pki.demanding(&TLS13), async |_| ()).await;
    let failed = dialled(pki.settings(Transport::Wss, port)).await.unwrap_err();
    assert_eq!(
        (failed.phase, failed.failure.kind()),
        (Phase::Tls, FailureKind::ClientCertificateNeeded),
        "{failed}"
    );
    assert!(failed.to_string().contains("certificate required"), "{failed}");
}

#[tokio::test]
async fn our_certificate_is_shown_to_a_broker_that_wants_one() {
    let pki = Pki::new();
    let (certificate, key) = pki.client();
    let port = tls_broker(pki.demanding(&TLS12), async |_| ()).await;
    let mut settings = pki.settings(Transport::Tls, port);
    settings.tls.identity = Some((certificate.path().to_owned(), key.path().to_owned()));
    dialled(settings).await.unwrap();
}

#[tokio::test]
async fn an_application_protocol_is_offered() {
    let pki = Pki::new();
    let issued = pki.issue(&params(&["localhost"]));
    let mut config = ServerConfig::clone(acceptor(issued, &TLS13).config());
    config.alpn_protocols = vec![b"x-amzn-mqtt-ca".to_vec()];
    for (offer, taken) in [("x-amzn-mqtt-ca", true), ("mqtt", false)] {
        let port = tls_broker(TlsAcceptor::from(Arc::new(config.clone())), async |_| ()).await;
        let mut settings = pki.settings(Transport::Tls, port);
        settings.tls.alpn = vec![offer.to_owned()];
        match dialled(settings).await {
            Ok(_) => assert!(taken),
            Err(failed) => {
                assert_failed(&failed, Phase::Tls, crt::TLS_ALERT_RECEIVED, "no application protocol");
                assert!(!taken);
            }
        }
    }
}

#[tokio::test]
async fn a_broker_that_does_not_speak_tls_is_told_so() {
    let pki = Pki::new();
    let port = broker(async |mut tcp| {
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        silence(tcp).await;
    });
    let failed = dialled(pki.settings(Transport::Tls, port.await)).await.unwrap_err();
    assert_failed(&failed, Phase::Tls, crt::TLS_NEGOTIATION_TIMEOUT, "is not TLS");
}

#[tokio::test]
async fn a_silent_broker_fails_the_handshake_at_the_deadline() {
    let pki = Pki::new();
    let port = broker(silence).await;
    let dialer = Dialer::new(pki.settings(Transport::Tls, port)).unwrap();
    let clock = Clock::start();
    let failed = dialer.dial(clock, SOON, Depth::Quick).await.unwrap_err();
    let took = clock.now().since_start();
    assert!(took >= SOON && took < WITHIN, "{took:?}");
    assert_failed(&failed, Phase::Tls, crt::TLS_NEGOTIATION_TIMEOUT, "was not answered to its end within ");
    assert_eq!(failed.peer_address, Some(format!("127.0.0.1:{port}")));
}

#[tokio::test]
async fn a_connection_that_ends_in_the_handshake_is_told_as_it_ended() {
    let pki = Pki::new();
    let closing = broker(async |mut tcp| {
        tcp.shutdown().await.unwrap();
        silence(tcp).await;
    });
    let rows = [
        (closing.await, "in the TLS handshake, the broker closed the connection (FIN)"),
        (broker(reset).await, "(RST)"),
    ];
    for (port, part) in rows {
        let failed = dialled(pki.settings(Transport::Tls, port)).await.unwrap_err();
        assert_failed(&failed, Phase::Tls, crt::SOCKET_CLOSED, part);
    }
}

#[tokio::test]
async fn a_session_is_resumed_until_its_tickets_are_forgotten() {
    let pki = Pki::new();
    let (acceptor, listener) = (pki.localhost(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    let (told, mut kinds) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let mut tls = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            told.send(tls.get_ref().1.handshake_kind().unwrap()).unwrap();
            tls.write_all(b"x").await.unwrap();
            tls.flush().await.unwrap();
        }
    });
    let mut dialer = Dialer::new(pki.settings(Transport::Tls, port)).unwrap();
    for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let mut dialled = dialer.dial(Clock::start(), WITHIN, Depth::Quick).await.unwrap();
        // Tickets come behind the handshake, with the first bytes.
        dialled.stream.read_u8().await.unwrap();
        assert_eq!(kinds.recv().await, Some(expected));
    }
    dialer.forget_tickets();
    dialer.dial(Clock::start(), WITHIN, Depth::Quick).await.unwrap();
    assert_eq!(kinds.recv().await, Some(HandshakeKind::Full));
}
