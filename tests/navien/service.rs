//! The double of the REST service, on a port of 127.0.0.1, as long as it is held.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::authority::Authority;
use super::exchange::Call;
use super::state::{BASE, State};

/// The double.
pub(crate) struct Service {
    authority: Arc<Authority>,
    port: u16,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    acceptor: TlsAcceptor,
    state: Mutex<State>,
    /// How far its clock is ahead.
    ahead: chrono::TimeDelta,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::with_clock_ahead(chrono::TimeDelta::zero())
    }

    /// One whose `Date` is so far ahead.
    pub(crate) fn with_clock_ahead(ahead: chrono::TimeDelta) -> Self {
        let authority = Arc::new(Authority::new());
        let state = Mutex::new(State::new());
        let shared = Arc::new(Shared { acceptor: authority.acceptor(), state, ahead });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, serving) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { authority, port, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}{BASE}", self.port)
    }

    /// What a client has to trust.
    pub(crate) fn cafile(&self) -> PathBuf {
        self.authority.file()
    }

    /// What it knows and has seen.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
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
        let reply = self.state.lock().unwrap().answer(call);
        let date = (nwdiag::io::clock::wall() + self.ahead).format("%a, %d %b %Y %H:%M:%S GMT");
        let Some(bytes) = reply.bytes(&date.to_string()) else {
            return std::future::pending().await;
        };
        stream.write_all(bytes.as_bytes()).await?;
        stream.shutdown().await
    }
}
