//! The listening port: open, or reserved so that it refuses connections and nobody else can take it meanwhile.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

const BACKLOG: u32 = 128;

/// A port of 127.0.0.1.
#[derive(Debug)]
pub(super) enum Door {
    /// Listens.
    Open(TcpListener),
    /// Bound, but not listening: a connect is refused. An unbound port could also be dealt to a connecting client as
    /// its own, which would then connect to itself.
    Closed(TcpSocket),
}

impl Door {
    /// A closed door at this port, 0 for any that is free.
    pub(super) fn reserve(port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(Self::Closed(socket))
    }

    /// Where it is.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Closed(socket) => socket.local_addr(),
        }
    }

    /// The same port, listening.
    pub(super) fn opened(self) -> io::Result<TcpListener> {
        match self {
            Self::Open(listener) => Ok(listener),
            Self::Closed(socket) => socket.listen(BACKLOG),
        }
    }

    /// The same port, refusing; connections that nobody has accepted yet are reset.
    pub(super) fn closed(self) -> io::Result<Self> {
        match self {
            Self::Open(listener) => {
                let port = listener.local_addr()?.port();
                drop(listener);
                Self::reserve(port)
            }
            Self::Closed(_) => Ok(self),
        }
    }
}
