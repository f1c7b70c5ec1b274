//! A TCP socket that returns an error of a write to the next read, too. The kernel returns an error once:
//! after a write has got it, a read finds a plain end, and a reset or a lost route would be taken for a FIN.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The lowest layer of every stream.
#[derive(Debug)]
pub struct Socket {
    tcp: TcpStream,
    /// The error (`errno`) of the first write that failed. Reads return it in place of the end of the stream.
    failed: Option<i32>,
}

impl Socket {
    /// A socket over an open connection.
    pub const fn new(tcp: TcpStream) -> Self {
        Self { tcp, failed: None }
    }

    /// The TCP connection.
    pub const fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Remembers the error of a write. A broken pipe is not remembered: it only says that the connection has
    /// ended, and a read tells more exactly how.
    fn note<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.failed = self.failed.or(error.raw_os_error());
        }
        written
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buf.filled().len();
        ready!(Pin::new(&mut this.tcp).poll_read(cx, buf))?;
        Poll::Ready(match this.failed {
            Some(code) if buf.filled().len() == filled => Err(io::Error::from_raw_os_error(code)),
            Some(_) | None => Ok(()),
        })
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.tcp).poll_write(cx, buf));
        Poll::Ready(this.note(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.tcp).poll_write_vectored(cx, bufs));
        Poll::Ready(this.note(written))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Both ends of a connection over loopback, where a call's effect has reached the other end when it
    /// returns.
    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Socket::new(ours.unwrap()), theirs.unwrap().0)
    }

    #[tokio::test]
    async fn a_reset_that_a_write_met_first_is_still_a_reset_after_what_had_arrived() {
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"bye").await.unwrap();
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        for expected in [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe] {
            assert_eq!(ours.write(b"x").await.unwrap_err().kind(), expected);
        }
        let mut read = [0; 8];
        assert_eq!(ours.read(&mut read).await.unwrap(), 3);
        assert_eq!(ours.read(&mut read).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_fin_stays_a_fin_though_a_reset_answers_our_next_write() {
        let (mut ours, theirs) = pair().await;
        drop(theirs);
        ours.write_all(b"x").await.unwrap();
        assert_eq!(ours.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
