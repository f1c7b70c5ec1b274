//! What stands before the simulator, which speaks plain TCP: a front that takes TLS and WebSocket off what comes in and
//! puts them on what goes out, carries ends through as they are, and misbehaves in its own layers as it is told.
//!
//! Its cue is the simulator's FIN: in its place comes what [`Farewell`] says. So a script tells when, and nothing here
//! waits for time to pass.

mod carrying;
mod entry;
mod farewell;
mod frames;
mod pki;
mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use nwdiag::event::Transport;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub(crate) use farewell::{After, Farewell};

/// How a client gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// As it should.
    Admit,
    /// Nobody listens.
    Shut,
    /// TLS with a certificate for another name.
    OtherName,
    /// In the place of TLS, or before it.
    InTls(Hindrance),
    /// In the place of the answer to the WebSocket upgrade.
    InUpgrade(Hindrance),
}

/// What comes instead of a layer's opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// Nothing, for ever.
    Silence,
    /// These bytes, then nothing.
    Bytes(&'static [u8]),
    /// FIN.
    Fin,
    /// TLS `close_notify`, then FIN.
    CloseNotify,
    /// RST.
    Rst,
    /// A fatal TLS alert.
    Alert,
}

/// How a front behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) transport: Transport,
    pub(crate) entry: Entry,
    pub(crate) farewell: Farewell,
}

/// A front that is there as long as this.
pub(crate) struct Front {
    address: SocketAddr,
    folder: TempDir,
    porter: AbortHandle,
}

impl Front {
    /// Starts one before `broker`; must be called within a tokio runtime.
    pub(crate) fn start(broker: SocketAddr, manners: Manners) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tls = pki::acceptor(manners.entry, &ca_of(folder.path()));
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        let porter = match manners.entry {
            // Bound and not listening: it refuses, and nobody else can take the port.
            Entry::Shut => tokio::spawn(hold(socket)),
            Entry::Admit | Entry::OtherName | Entry::InTls(_) | Entry::InUpgrade(_) => {
                let listener = socket.listen(16).expect("a free port");
                tokio::spawn(Acceptor { listener, broker, manners, tls }.receive())
            }
        };
        Self { address, folder, porter: porter.abort_handle() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that signed the front's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        ca_of(self.folder.path())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.porter.abort();
    }
}

fn ca_of(folder: &Path) -> PathBuf {
    folder.join("ca.pem")
}

async fn hold(socket: TcpSocket) {
    let _held = socket;
    std::future::pending::<()>().await;
}

struct Acceptor {
    listener: TcpListener,
    broker: SocketAddr,
    manners: Manners,
    tls: TlsAcceptor,
}

impl Acceptor {
    async fn receive(self) {
        let mut visits = JoinSet::new();
        loop {
            let (client, _) = self.listener.accept().await.expect("a connection");
            visits.spawn(visit(client, self.broker, self.manners, self.tls.clone()));
        }
    }
}

/// One connection from accept to end.
async fn visit(client: TcpStream, broker: SocketAddr, manners: Manners, tls: TlsAcceptor) {
    client.set_nodelay(true).expect("an open socket");
    let Some(client) = entry::admit(client, manners, &tls).await else { return };
    let broker = TcpStream::connect(broker).await.expect("the simulator listens");
    broker.set_nodelay(true).expect("an open socket");
    carrying::carry(client, broker, manners).await;
}
