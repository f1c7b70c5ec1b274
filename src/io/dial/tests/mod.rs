//! Attempts against brokers of our own making, on real sockets of loopback.

mod auth;
mod ends;
mod tcp;
mod tls;
mod websocket;

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, SupportedProtocolVersion};

use super::*;
use crate::crt::Name;
use crate::event::Protocol;
use crate::event::failure::StreamEnd;

const WITHIN: Duration = Duration::from_secs(5);
/// Long enough for a handshake on a busy host, short enough to wait for.
const SOON: Duration = Duration::from_millis(300);

fn settings(transport: Transport, port: u16) -> DialSettings {
    DialSettings {
        transport,
        host: Host::Domain("localhost".to_owned()),
        port,
        path: "/mqtt?token=secret".to_owned(),
        tls: TlsSettings::default(),
        authorize: None,
    }
}

async fn dialled(settings: DialSettings) -> Result<Dialled, DialError> {
    Dialer::new(settings).unwrap().dial(Clock::start(), WITHIN, Depth::Quick).await
}

/// A broker that does `script` with its first connection.
async fn broker<F, S>(script: F) -> u16
where
    F: FnOnce(TcpStream) -> S + Send + 'static,
    S: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { script(listener.accept().await.unwrap().0).await });
    port
}

/// Keeps the connection open and says nothing.
async fn silence(tcp: TcpStream) {
    let _held = tcp;
    std::future::pending::<()>().await;
}

/// A closed connection whose unread bytes make it a reset.
async fn reset(tcp: TcpStream) {
    tcp.peek(&mut [0]).await.unwrap();
}

#[track_caller]
fn assert_failed(failed: &DialError, phase: Phase, name: Name, part: &str) {
    let called = Name::of(&failed.failure, Protocol::V5);
    assert_eq!((failed.phase, called), (phase, name), "{failed}");
    assert!(failed.to_string().contains(part), "{failed}");
    assert!(!failed.to_string().contains("secret"), "{failed}");
    let last = failed.phases.steps().last().map(|(phase, _)| phase);
    assert_eq!(last, Some(failed.phase), "the failed phase is timed");
}

/// A certificate authority and a server's certificate by it, with files where settings want them.
struct Pki {
    issuer: Issuer<'static, KeyPair>,
    cafile: NamedTempFile,
}

struct Issued {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

impl Pki {
    fn new() -> Self {
        Self::named("nwdiag test CA")
    }

    fn named(name: &str) -> Self {
        let mut authority = params(&[]);
        authority.distinguished_name.push(DnType::CommonName, name);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let cafile = file(&authority.self_signed(&key).unwrap().pem());
        Self { issuer: Issuer::new(authority, key), cafile }
    }

    fn issue(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        Issued { chain: vec![certificate.der().clone()], key }
    }

    /// PEM files of a client's certificate and key.
    fn client(&self) -> (NamedTempFile, NamedTempFile) {
        let key = KeyPair::generate().unwrap();
        let certificate = params(&["client"]).signed_by(&key, &self.issuer).unwrap();
        (file(&certificate.pem()), file(&key.serialize_pem()))
    }

    fn localhost(&self) -> TlsAcceptor {
        acceptor(self.issue(&params(&["localhost"])), &TLS13)
    }

    /// An acceptor that wants a certificate by this authority.
    fn demanding(&self, version: &'static SupportedProtocolVersion) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.cafile.path()).unwrap()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let issued = self.issue(&params(&["localhost"]));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(issued.chain, issued.key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Settings that trust this authority alone.
    fn settings(&self, transport: Transport, port: u16) -> DialSettings {
        let tls = TlsSettings { cafile: Some(self.cafile.path().to_owned()), ..TlsSettings::default() };
        DialSettings { tls, ..settings(transport, port) }
    }
}

/// Takes certificates that rustls itself would not serve.
fn acceptor(issued: Issued, version: &'static SupportedProtocolVersion) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let key = provider.key_provider.load_private_key(issued.key).unwrap();
    let pair = SingleCertAndKey::from(CertifiedKey::new(issued.chain, key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(pair));
    TlsAcceptor::from(Arc::new(config))
}

/// A broker that agrees on TLS and does `script` then.
async fn tls_broker<F, S>(acceptor: TlsAcceptor, script: F) -> u16
where
    F: FnOnce(tokio_rustls::server::TlsStream<TcpStream>) -> S + Send + 'static,
    S: Future<Output = ()> + Send,
{
    broker(async move |tcp| {
        if let Ok(tls) = acceptor.accept(tcp).await {
            script(tls).await;
        }
    })
    .await
}

/// The head of a request.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// What a broker answers that takes the request, with `more` headers.
fn accepted(request: &str, more: &str) -> String {
    let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// Takes the request for a WebSocket.
async fn upgraded(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    use tokio::io::AsyncWriteExt;
    let answer = accepted(&request(stream).await, "Sec-WebSocket-Protocol: mqtt\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}
