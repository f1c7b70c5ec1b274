//! A TLS stream that delivers all decrypted data before an error. The TLS library returns an error as soon as
//! it meets one, even if it has decrypted data before it, such as the broker's DISCONNECT.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::socket::Socket;

/// TLS over a socket, after the handshake.
#[derive(Debug)]
pub struct Encrypted {
    tls: TlsStream<Socket>,
    /// The error to return once all data before it is read.
    failed: Option<io::Error>,
}

impl Encrypted {
    /// A stream over `tls`, whose handshake is complete.
    pub const fn new(tls: TlsStream<Socket>) -> Self {
        Self { tls, failed: None }
    }

    /// The socket below.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().0.tcp()
    }

    /// Reads what was decrypted before `error`; returns the error if nothing is left.
    fn read_before(&mut self, error: io::Error, buf: &mut ReadBuf<'_>) -> io::Result<()> {
        let decrypted = self.tls.get_mut().1.reader().read(buf.initialize_unfilled());
        let Some(count) = decrypted.ok().filter(|count| *count > 0) else { return Err(error) };
        buf.advance(count);
        self.failed = Some(error);
        Ok(())
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(error) = this.failed.take() {
            return Poll::Ready(this.read_before(error, buf));
        }
        match ready!(Pin::new(&mut this.tls).poll_read(cx, buf)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(this.read_before(error, buf)),
        }
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tls).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tls).poll_shutdown(cx)
    }
}
