//! The double of the REST service, on a port of 127.0.0.1, as long as it is held.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::exchange::Call;
use super::state::{BASE, State};
use crate::cloud::gateway::{run, wall};
use crate::cloud::tls::{self, Clients};
use crate::mosquitto::certificates::Certificates;

/// The double.
pub(super) struct Service {
    port: u16,
    shared: Arc<Shared>,
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    acceptor: TlsAcceptor,
    state: Mutex<State>,
}

impl Service {
    /// One that shows the server's certificate.
    pub(super) fn start(certificates: &Certificates) -> Self {
        let acceptor = tls::acceptor(certificates, Clients::Anybody, &["http/1.1"]);
        let shared = Arc::new(Shared { acceptor, state: Mutex::new(State::new()) });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (close, closed) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || run(serve(listener, serving), closed));
        Self { port, shared, close: Some(close), thread: Some(thread) }
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}{BASE}", self.port)
    }

    /// What it knows and has seen.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Who is gone already needs no word.
        let _ = self.close.take().map(|close| close.send(()));
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.transpose().unwrap();
        }
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        // A client that goes early is none of the double's business.
        tokio::spawn(async move { shared.talk(tcp).await.ok() });
    }
}

impl Shared {
    async fn talk(&self, tcp: TcpStream) -> io::Result<()> {
        let mut stream = self.acceptor.accept(tcp).await?;
        let call = Call::read(&mut stream).await?;
        let (reply, ahead) = {
            let mut state = self.state.lock().unwrap();
            (state.answer(call), state.ahead)
        };
        let date = (wall() + ahead).format("%a, %d %b %Y %H:%M:%S GMT");
        let Some(bytes) = reply.bytes(&date.to_string()) else {
            return std::future::pending().await;
        };
        stream.write_all(bytes.as_bytes()).await?;
        stream.shutdown().await
    }
}
