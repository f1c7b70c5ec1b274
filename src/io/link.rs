//! Moves bytes between a stream and the session, and classifies how the stream ended.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::clock::Clock;
use super::stream::Stream;
use crate::event::failure::StreamEnd;
use crate::session::late::{Heard, LateListener};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;

/// While more bytes than this wait to be written, nothing is read: a peer that takes none of our answers must
/// not fill our memory with them. It is room for 60,000 acknowledgements.
const UNSENT_LIMIT_BYTES: usize = 256 * 1024;

/// What happened on the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// All queued bytes were written to the socket.
    Sent,
    /// This many bytes arrived; [`Link::arrived`] returns them.
    Received(usize),
    /// The stream ended.
    Ended(StreamEnd),
}

/// An open stream and the bytes that wait to be written to it.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    unsent: BytesMut,
    /// Whether bytes are queued, or written and not flushed.
    sending: bool,
    buffer: Box<[u8]>,
}

impl Link {
    /// A link over an open stream.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            unsent: BytesMut::new(),
            sending: false,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
        }
    }

    /// Queues bytes; [`Self::exchange`] writes them.
    pub fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        self.sending = true;
    }

    /// The bytes that arrived last.
    pub fn arrived(&self, count: usize) -> &[u8] {
        self.buffer.get(..count).unwrap_or_default()
    }

    /// The TCP connection below the stream.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.tcp()
    }

    /// Writes and reads until all is written, bytes arrive or the stream ends. Cancel safe.
    pub async fn exchange(&mut self) -> Moved {
        poll_fn(|context| self.poll_exchange(context)).await
    }

    /// Reads what has arrived already, without waiting; `None` if nothing has. This reads even while too many
    /// bytes wait to be written: before a deadline is held against the peer, all that it has sent has to be
    /// read.
    pub async fn waiting(&mut self) -> Option<Moved> {
        let now_or_never = poll_fn(|context| match self.poll_read(context) {
            Poll::Ready(moved) => Poll::Ready(Some(moved)),
            Poll::Pending => Poll::Ready(None),
        });
        // Tokio's cooperative budget would report a ready stream as not ready now and then: here that would
        // be wrong.
        tokio::task::unconstrained(now_or_never).await
    }

    /// Writes the queued bytes, shuts down the stream and waits until the peer does so too, for at most
    /// `within`.
    pub async fn finish(mut self, clock: Clock, within: Duration) {
        let deadline = clock.now().plus(within);
        let closing = async {
            self.stream.write_all(&self.unsent).await?;
            self.stream.shutdown().await?;
            // A socket that is closed with unread bytes sends a reset, which can overtake our DISCONNECT.
            while self.stream.read(&mut self.buffer).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        tokio::select! {
            result = closing => if let Err(error) = result {
                tracing::debug!(%error, "the stream was not closed in order");
            },
            () = clock.sleep_until(Some(deadline)) => tracing::debug!("the peer did not close in time"),
        }
    }

    /// Reads on for the answer to a ping that timed out, and returns how long it took.
    pub async fn listen(mut self, clock: Clock, mut listener: LateListener) -> Option<Duration> {
        let deadline = listener.deadline();
        let answer = async {
            loop {
                let count = match self.exchange().await {
                    Moved::Sent => continue,
                    Moved::Received(count) => count,
                    Moved::Ended(_) => return None,
                };
                match listener.receive(clock.now(), self.arrived(count)) {
                    Heard::Nothing => {}
                    Heard::Answer(after) => return Some(after),
                    Heard::Garbage => return None,
                }
            }
        };
        tokio::select! {
            answer = answer => answer,
            () = clock.sleep_until(Some(deadline)) => None,
        }
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>) -> Poll<Moved> {
        let write_error = match self.poll_write(context) {
            Poll::Ready(Err(error)) => Some(error),
            Poll::Ready(Ok(())) if std::mem::take(&mut self.sending) => return Poll::Ready(Moved::Sent),
            Poll::Ready(Ok(())) | Poll::Pending => None,
        };
        if write_error.is_none() && self.unsent.len() > UNSENT_LIMIT_BYTES {
            return Poll::Pending;
        }
        // What the peer sent before it closed says more than our failed write: read it to its end first.
        match (self.poll_read(context), write_error) {
            (Poll::Pending, Some(error)) => Poll::Ready(Moved::Ended(self.stream.end_of(Err(error)))),
            (result, _) => result,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(written);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Moved> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
        let count = buffer.filled().len();
        Poll::Ready(match result {
            Ok(()) if count > 0 => Moved::Received(count),
            result => Moved::Ended(self.stream.end_of(result)),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Link::new(Stream::over_tcp(ours)), listener.accept().await.unwrap().0)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_has_arrived_is_read_without_waiting_for_more() {
        let (mut link, mut peer) = pair().await;
        assert_eq!(link.waiting().await, None);
        peer.write_all(&vec![7; 3 * READ_BYTES]).await.unwrap();
        peer.shutdown().await.unwrap();
        let mut received = 0;
        let end = loop {
            // Only after the first chunk, which is waited for, is it certain that bytes have arrived.
            let moved = if received == 0 { Some(link.exchange().await) } else { link.waiting().await };
            match moved {
                Some(Moved::Received(count)) => received += count,
                Some(Moved::Ended(end)) => break end,
                Some(Moved::Sent) => panic!("nothing was queued"),
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!((received, end), (3 * READ_BYTES, StreamEnd::Fin));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn queued_bytes_are_reported_as_sent_once_and_before_any_answer_to_them() {
        let (mut link, mut peer) = pair().await;
        link.send(b"ping");
        assert_eq!(link.exchange().await, Moved::Sent);
        let mut read = [0; 4];
        peer.read_exact(&mut read).await.unwrap();
        peer.write_all(b"pong").await.unwrap();
        assert_eq!(link.exchange().await, Moved::Received(4));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_peer_that_takes_nothing_is_read_from_only_for_its_last_word() {
        let (mut link, mut peer) = pair().await;
        link.send(&vec![0; 64 << 20]);
        peer.write_all(b"x").await.unwrap();
        let clock = Clock::start();
        let soon = clock.now().plus(Duration::from_millis(50));
        tokio::select! {
            moved = link.exchange() => panic!("{moved:?}"),
            () = clock.sleep_until(Some(soon)) => {}
        }
        assert!(link.unsent.len() > UNSENT_LIMIT_BYTES);
        assert_eq!(link.waiting().await, Some(Moved::Received(1)));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_peer_that_is_still_sending_reads_our_last_bytes_and_no_reset() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut link, mut theirs) = (Link::new(Stream::over_tcp(ours.unwrap())), theirs.unwrap().0);
        theirs.write_all(&[0; 1000]).await.unwrap();
        link.send(b"last");
        let peer = async {
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).await.unwrap();
            theirs.write_all(b"bye").await.unwrap();
            drop(theirs);
            read
        };
        let ((), read) = tokio::join!(link.finish(Clock::start(), Duration::from_secs(10)), peer);
        assert_eq!(read, b"last");
    }
}
