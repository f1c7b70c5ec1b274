//! A port on 127.0.0.1 behind which a certificate has expired: no client gets beyond the TLS handshake.
//!
//! The certificate and its key are the demo's own, for 127.0.0.1 and for January 2024; they are good for nothing else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The certificate, which signed itself: a client has to trust it to see that it has expired.
pub const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

/// Handshakes that may go on at once; a client of the demo makes one at a time.
const MOST_AT_ONCE: usize = 16;

/// A running port. Dropped, it closes.
#[derive(Debug)]
pub struct ExpiredCertificate {
    address: SocketAddr,
    task: AbortHandle,
}

impl ExpiredCertificate {
    /// Starts at a free port. Must be called within a tokio runtime.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let acceptor = TlsAcceptor::from(Arc::new(config().map_err(io::Error::other)?));
        let task = tokio::spawn(serve(TcpListener::from_std(listener)?, acceptor)).abort_handle();
        Ok(Self { address, task })
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ExpiredCertificate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config() -> Result<ServerConfig, rustls::Error> {
    let broken = |error| rustls::Error::General(format!("the demo's certificate: {error}"));
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).map_err(broken)?;
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).map_err(broken)?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
}

/// Shakes hands with whoever comes, until they turn away.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    let mut handshakes = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if handshakes.len() >= MOST_AT_ONCE {
            handshakes.join_next().await;
        }
        // A client that goes on after all finds nobody to talk to.
        handshakes.spawn(acceptor.accept(stream));
    }
}
