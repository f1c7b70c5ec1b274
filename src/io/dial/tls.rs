//! The TLS handshake. Certificates are judged at once; see [`super::certificate`].

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{ClientConfig, Resumption, WantsClientCert};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{
    CertificateError, ConfigBuilder, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use url::Host;

use super::certificate;
use super::setup::{self, SetupError};
use super::{TimedOut, TlsSettings, Verification};
use crate::event::failure::{Failure, Roots, ServerIdentity, Stage, TlsFailure};
use crate::io::socket::Socket;
use crate::io::stream::{end_by, tls_error};

/// All that handshakes with one broker need.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    identity: ServerIdentity,
}

impl Tls {
    /// Reads certificates and keys.
    pub(super) fn new(settings: TlsSettings, host: &Host<String>) -> Result<Self, SetupError> {
        let provider = Arc::new(ring::default_provider());
        let verified = verification(&settings, &provider)?;
        let mut config = identified(verified, settings.identity.as_ref(), &provider)?;
        config.alpn_protocols = settings.alpn.into_iter().map(String::into_bytes).collect();
        let name = server_name(host)?;
        let roots = settings.cafile.map_or(Roots::Platform, |file| Roots::File(file.display().to_string()));
        let identity = certificate::identity(&name, roots);
        Ok(Self { config: Arc::new(config), name, identity })
    }

    /// Starts a new store of sessions to resume.
    pub(super) fn forget_tickets(&mut self) {
        Arc::make_mut(&mut self.config).resumption = Resumption::default();
    }

    /// Agrees on TLS over `tcp`.
    pub(super) async fn handshake(&self, tcp: TcpStream) -> Result<TlsStream<Socket>, Failure> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let agreed = connector.connect(self.name.clone(), Socket::new(tcp)).await;
        agreed.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> Failure {
        Failure::Tls(match tls_error(error) {
            None | Some(Error::AlertReceived(_)) => {
                return Failure::Ended(Stage::TlsHandshake, end_by(error));
            }
            Some(Error::InvalidCertificate(error)) => {
                TlsFailure::Certificate(Box::new(self.identity.clone()), certificate::flaw(error))
            }
            Some(Error::InvalidMessage(_)) => TlsFailure::NotTls,
            Some(error @ (Error::PeerIncompatible(_) | Error::NoApplicationProtocol)) => {
                TlsFailure::NoCommonParameters(error.to_string())
            }
            Some(other) => TlsFailure::Other(other.to_string()),
        })
    }
}

/// The failure of a handshake that is not done when time is up.
pub(super) const fn timed_out(TimedOut(waited): TimedOut) -> Failure {
    Failure::Tls(TlsFailure::Silent(waited))
}

type Verified = ConfigBuilder<ClientConfig, WantsClientCert>;

fn verification(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Verified, SetupError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?;
    match settings.verification {
        Verification::Verify => {
            let roots = setup::roots(settings.cafile.as_deref(), settings.also_trusted)?;
            Ok(builder.with_root_certificates(roots))
        }
        Verification::Insecure => {
            let anybody = Anybody { algorithms: provider.signature_verification_algorithms };
            Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(anybody)))
        }
    }
}

fn identified(
    builder: Verified,
    identity: Option<&(PathBuf, PathBuf)>,
    provider: &CryptoProvider,
) -> Result<ClientConfig, SetupError> {
    let Some((certificate, key)) = identity else { return Ok(builder.with_no_client_auth()) };
    let pair = setup::identity(certificate, key, provider)?;
    Ok(builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair))))
}

fn server_name(host: &Host<String>) -> Result<ServerName<'static>, SetupError> {
    match host {
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| SetupError::Host(name.clone())),
        Host::Ipv4(address) => Ok(ServerName::from(*address)),
        Host::Ipv6(address) => Ok(ServerName::from(*address)),
    }
}

/// Takes any certificate, as `--insecure` asks for. What the handshake signs is still checked: a broker that cannot
/// sign has a fault worth telling.
#[derive(Debug)]
struct Anybody {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        lenient(verify_tls12_signature(message, certificate, signed, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        lenient(verify_tls13_signature(message, certificate, signed, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The library cannot take the key out of a version 1 certificate. Nothing is lost: who takes any certificate takes
/// that of an impostor as well.
fn lenient(checked: Result<HandshakeSignatureValid, Error>) -> Result<HandshakeSignatureValid, Error> {
    match checked {
        Err(Error::InvalidCertificate(CertificateError::Other(OtherError(inner))))
            if matches!(inner.downcast_ref(), Some(webpki::Error::UnsupportedCertVersion)) =>
        {
            Ok(HandshakeSignatureValid::assertion())
        }
        checked => checked,
    }
}
