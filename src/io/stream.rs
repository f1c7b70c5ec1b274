//! An open connection as one stream of MQTT bytes, whatever its layers, and how it ended.
//!
//! The end is classified by what the layers report ([`StreamEnd`]); what that means for a session is not
//! decided here.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;

use crate::event::failure::{StreamEnd, TlsAlert};
use crate::io::encrypted::Encrypted;
use crate::io::socket::Socket;
use crate::io::websocket::{End, WebsocketStream};

/// A layer of a connection, with the layers below it.
trait Layer: AsyncRead + AsyncWrite + Unpin + Send {
    /// The TCP connection.
    fn tcp(&self) -> &TcpStream;

    /// The end that reading 0 bytes stands for.
    fn orderly_end(&self) -> StreamEnd;

    /// The end that the peer announced, such as a close frame. It says more than any later error.
    fn announced_end(&self) -> Option<StreamEnd>;
}

/// A connection to a broker: TCP, TLS, WebSocket or WebSocket over TLS.
///
/// Bytes are written to the socket for certain only after a flush. Both halves must belong to one task.
pub struct Stream(Box<dyn Layer>);

impl Stream {
    /// Plain TCP.
    pub fn over_tcp(tcp: TcpStream) -> Self {
        Self(Box::new(Socket::new(tcp)))
    }

    /// TLS.
    pub fn over_tls(tls: TlsStream<Socket>) -> Self {
        Self(Box::new(Encrypted::new(tls)))
    }

    /// WebSocket over another stream.
    pub fn over_websocket(websocket: WebsocketStream<Self>) -> Self {
        Self(Box::new(websocket))
    }

    /// The TCP connection, for the kernel's counters.
    pub fn tcp(&self) -> &TcpStream {
        self.0.tcp()
    }

    /// How the stream ended, after a read of 0 bytes (`Ok`) or a failed read or write.
    ///
    /// After a failed write, read to the end before asking: what the peer sent before says more.
    pub fn end_of(&self, result: io::Result<()>) -> StreamEnd {
        if let Some(end) = self.0.announced_end() {
            return end;
        }
        match result {
            Ok(()) => self.0.orderly_end(),
            Err(error) => end_by(&error),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(self.tcp()).finish()
    }
}

impl Layer for Socket {
    fn tcp(&self) -> &TcpStream {
        self.tcp()
    }

    fn orderly_end(&self) -> StreamEnd {
        StreamEnd::Fin
    }

    fn announced_end(&self) -> Option<StreamEnd> {
        None
    }
}

impl Layer for Encrypted {
    fn tcp(&self) -> &TcpStream {
        self.tcp()
    }

    fn orderly_end(&self) -> StreamEnd {
        StreamEnd::CloseNotify
    }

    fn announced_end(&self) -> Option<StreamEnd> {
        None
    }
}

impl Layer for WebsocketStream<Stream> {
    fn tcp(&self) -> &TcpStream {
        self.below().tcp()
    }

    fn orderly_end(&self) -> StreamEnd {
        self.below().0.orderly_end()
    }

    fn announced_end(&self) -> Option<StreamEnd> {
        self.end().map(|end| match end {
            End::Closed(close) => StreamEnd::WebsocketClose(close.code, close.reason.clone()),
            End::Broken(error) => StreamEnd::WebsocketProtocol(error.to_string()),
        })
    }
}

/// How a stream ended that failed with `error`, by the error alone.
pub fn end_by(error: &io::Error) -> StreamEnd {
    match tls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) => StreamEnd::TlsAlert(TlsAlert(u8::from(*alert))),
        Some(other) => StreamEnd::TlsProtocol(other.to_string()),
        None => socket_end(error),
    }
}

/// The TLS library's own error in `error`.
pub fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn socket_end(error: &io::Error) -> StreamEnd {
    match error.kind() {
        // The TLS library's error for a FIN without close_notify.
        io::ErrorKind::UnexpectedEof => StreamEnd::Fin,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            StreamEnd::Reset
        }
        io::ErrorKind::TimedOut => StreamEnd::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            StreamEnd::NoRoute(error.to_string())
        }
        io::ErrorKind::NetworkDown => StreamEnd::NetworkDown(error.to_string()),
        _ => StreamEnd::Other(error.to_string()),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_socket_says_how_the_stream_ended() {
        use nix::errno::Errno;
        let text = |errno: Errno| io::Error::from(errno).to_string();
        let rows = [
            (Errno::ECONNRESET, StreamEnd::Reset),
            (Errno::EPIPE, StreamEnd::Reset),
            (Errno::ECONNABORTED, StreamEnd::Reset),
            (Errno::ETIMEDOUT, StreamEnd::TimedOut),
            (Errno::EHOSTUNREACH, StreamEnd::NoRoute(text(Errno::EHOSTUNREACH))),
            (Errno::ENETUNREACH, StreamEnd::NoRoute(text(Errno::ENETUNREACH))),
            (Errno::ENETDOWN, StreamEnd::NetworkDown(text(Errno::ENETDOWN))),
            (Errno::ENOBUFS, StreamEnd::Other(text(Errno::ENOBUFS))),
        ];
        for (errno, end) in rows {
            assert_eq!(end_by(&errno.into()), end);
        }
        assert_eq!(end_by(&io::ErrorKind::UnexpectedEof.into()), StreamEnd::Fin);
    }

    #[test]
    fn an_error_of_tls_is_told_apart_from_one_of_the_socket() {
        let tls = |error: rustls::Error| end_by(&io::Error::new(io::ErrorKind::InvalidData, error));
        for number in [40, 48, 116, 200] {
            let alert = rustls::AlertDescription::from(number);
            assert_eq!(tls(rustls::Error::AlertReceived(alert)), StreamEnd::TlsAlert(TlsAlert(number)));
        }
        assert!(matches!(tls(rustls::Error::DecryptError), StreamEnd::TlsProtocol(_)));
    }
}
