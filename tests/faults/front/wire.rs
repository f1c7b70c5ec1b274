//! The layers below WebSocket, one on top of the other, each within reach.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConnection;
use tokio_rustls::server::TlsStream;

/// TCP, or TLS over it.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket at the bottom.
    fn tcp(&mut self) -> &mut TcpStream;

    /// TLS, where it is spoken.
    fn tls(&mut self) -> Option<&mut ServerConnection>;
}

impl Wire for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }

    fn tls(&mut self) -> Option<&mut ServerConnection> {
        None
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }

    fn tls(&mut self) -> Option<&mut ServerConnection> {
        Some(self.get_mut().1)
    }
}

/// A client on its wire.
pub(super) type Client = Box<dyn Wire>;

/// Resets the connection; what was written before goes first, as far as the socket took it.
pub(super) fn reset(mut client: Client) {
    client.tcp().set_zero_linger().expect("an open socket");
}

/// Reads whatever comes, unread by any layer, until the client has left.
pub(super) async fn see_off(mut client: Client) {
    let mut read = [0; 1024];
    while client.tcp().read(&mut read).await.is_ok_and(|count| count > 0) {}
}
