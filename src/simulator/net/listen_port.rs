//! A port of 127.0.0.1 that listens, refuses or does not answer, and that nobody else can take meanwhile.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream as Filler};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::simulator::core::PortState;

/// Connections that may wait to be accepted. The kernel drops what is beyond, and a test that opens more than this at
/// once would wait for a second.
const BACKLOG: u32 = 128;

/// The shortest queue of connections to be accepted that a kernel makes: one fills it.
const SHORTEST_BACKLOG: u32 = 0;

/// How long the connection that fills the queue may take. On this host the kernel makes it within the call; the bound
/// is for a host whose own firewall drops it.
const FILLER_TIMEOUT: Duration = Duration::from_secs(1);

/// A port of 127.0.0.1.
#[derive(Debug)]
pub(super) struct ListenPort {
    address: SocketAddr,
    /// `None` once the port could not be taken again.
    socket: Option<Socket>,
}

#[derive(Debug)]
enum Socket {
    Listening(TcpListener),
    /// Bound, but not listening: a connect is refused. An unbound port could also be dealt to a connecting client as
    /// its own, which would then connect to itself.
    Reserved(TcpSocket),
    /// Listening with a full queue that nobody empties: the kernel drops every further SYN.
    Full {
        _listener: TcpListener,
        _filler: Filler,
    },
}

impl ListenPort {
    /// A port that refuses, 0 for any that is free.
    pub(super) fn reserve(port: u16) -> io::Result<Self> {
        let socket = reserve(port)?;
        Ok(Self { address: socket.local_addr()?, socket: Some(Socket::Reserved(socket)) })
    }

    /// Where it is.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it so. Connections that nobody has accepted yet are reset.
    pub(super) fn set(&mut self, state: PortState) -> io::Result<()> {
        let before = self.socket.take();
        let reserved = if let Some(Socket::Reserved(socket)) = before {
            socket
        } else {
            // A port that listens cannot be bound again.
            drop(before);
            reserve(self.address.port())?
        };
        self.socket = Some(match state {
            PortState::Listening => Socket::Listening(reserved.listen(BACKLOG)?),
            PortState::Closed => Socket::Reserved(reserved),
            PortState::Unanswering => {
                let listener = reserved.listen(SHORTEST_BACKLOG)?;
                let filler = Filler::connect_timeout(&self.address, FILLER_TIMEOUT)?;
                Socket::Full { _listener: listener, _filler: filler }
            }
        });
        Ok(())
    }

    /// The next client; for ever, if the port does not listen.
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        match &self.socket {
            Some(Socket::Listening(listener)) => listener.accept().await.map(|(stream, _)| stream),
            Some(Socket::Reserved(_) | Socket::Full { .. }) | None => std::future::pending().await,
        }
    }
}

fn reserve(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}
