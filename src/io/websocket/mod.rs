//! MQTT's byte stream over WebSocket frames. Messages are not assembled: payload bytes are passed on as they
//! arrive, since MQTT packets need not match WebSocket messages (MQTT 5, section 6).

pub mod deframer;
mod frame_writer;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use deframer::{CloseFrame, Deframer, FrameError, Step};
use frame_writer::FrameWriter;

/// Bytes read from the stream below at a time.
const READ_LIMIT_BYTES: usize = 16 * 1024;

// Close codes (RFC 6455, section 7.4.1).
const NORMAL_CLOSE: u16 = 1000;
const PROTOCOL_ERROR_CLOSE: u16 = 1002;

/// MQTT's bytes over WebSocket, after the upgrade.
///
/// Pings are answered while reading or flushing. A close frame from the broker reads as the end of the
/// stream, even if the socket stays open. Reading may write answers with the reader's waker, so both halves
/// must belong to one task.
#[derive(Debug)]
pub struct WebsocketStream<S> {
    below: S,
    /// Bytes read from below and not deframed yet.
    inbox: BytesMut,
    /// What each read from below is read into.
    arriving: Box<[u8]>,
    deframer: Deframer,
    writer: FrameWriter,
    end: Option<End>,
}

/// Why the broker's frames ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The broker sent a close frame.
    Closed(CloseFrame),
    /// The broker sent a frame that RFC 6455 forbids.
    Broken(FrameError),
}

impl<S> WebsocketStream<S> {
    /// A stream over `below`. `early` is what was read from it after the answer to the upgrade.
    pub fn new(below: S, early: BytesMut) -> Self {
        Self {
            below,
            inbox: early,
            arriving: vec![0; READ_LIMIT_BYTES].into_boxed_slice(),
            deframer: Deframer::default(),
            writer: FrameWriter::default(),
            end: None,
        }
    }

    /// The stream below.
    pub fn below(&self) -> &S {
        &self.below
    }

    /// Why the broker's frames ended; `None` while more may come, and if only the stream below ended.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }
}

/// Whether the deframer could make a step.
enum Progress {
    Made,
    NeedsBytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebsocketStream<S> {
    /// Makes one step of the deframer; payload goes to `buf`.
    fn advance(&mut self, buf: &mut ReadBuf<'_>) -> Progress {
        match self.deframer.step(&mut self.inbox, buf.remaining()) {
            Ok(Step::Hungry) => return Progress::NeedsBytes,
            Ok(Step::Payload(piece)) => buf.put_slice(&piece),
            Ok(Step::Ping(payload)) => self.writer.pong(payload),
            Ok(Step::Pong) => {}
            Ok(Step::Close(close)) => self.finish(close.code, End::Closed(close)),
            Err(error) => self.finish(PROTOCOL_ERROR_CLOSE, End::Broken(error)),
        }
        Progress::Made
    }

    fn finish(&mut self, code: u16, end: End) {
        self.writer.close(code);
        self.end = Some(end);
    }

    /// Reads from below and returns the number of bytes; 0 at its end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut arriving = ReadBuf::new(&mut self.arriving);
        ready!(Pin::new(&mut self.below).poll_read(cx, &mut arriving))?;
        self.inbox.extend_from_slice(arriving.filled());
        Poll::Ready(Ok(arriving.filled().len()))
    }

    /// Sends pongs and the close frame as far as the stream below takes them. A failure is not returned: the
    /// next read tells more exactly how the connection ended.
    fn answer(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(error)) = self.writer.poll_flush(&mut self.below, cx) {
            tracing::debug!(%error, "a WebSocket answer could not be sent");
        }
    }

    fn check_open(&self) -> io::Result<()> {
        if self.writer.is_closed() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the WebSocket is closed"));
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebsocketStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buf.filled().len();
        while buf.filled().len() == filled && buf.remaining() > 0 && this.end.is_none() {
            if matches!(this.advance(buf), Progress::Made) {
                continue;
            }
            this.answer(cx);
            if ready!(this.poll_fill(cx))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        this.answer(cx);
        match this.end {
            Some(End::Broken(error)) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error))),
            Some(End::Closed(_)) | None => Poll::Ready(Ok(())),
        }
    }
}

/// Each write becomes one frame of at most 16 KiB. Only a flush makes sure that it was written to the stream
/// below.
impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebsocketStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check_open()?;
        ready!(this.writer.poll_drain(&mut this.below, cx))?;
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let taken = this.writer.data(buf);
        match this.writer.poll_drain(&mut this.below, cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.writer.poll_flush(&mut this.below, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.writer.close(NORMAL_CLOSE);
        ready!(this.writer.poll_flush(&mut this.below, cx))?;
        Pin::new(&mut this.below).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// A client's stream and the broker's end of it.
    fn pair(capacity: usize) -> (WebsocketStream<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(capacity);
        (WebsocketStream::new(ours, BytesMut::new()), theirs)
    }

    /// What a client frame with at most 125 bytes carries: its first byte and its payload.
    async fn short_frame(from: &mut DuplexStream) -> (u8, Vec<u8>) {
        let mut head = [0; 6];
        from.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[1] & 0x7f)];
        from.read_exact(&mut payload).await.unwrap();
        let plain = payload.iter().zip(head[2..].iter().cycle()).map(|(byte, mask)| byte ^ mask);
        (head[0], plain.collect())
    }

    #[tokio::test]
    async fn bytes_read_behind_the_upgrade_come_first() {
        let (ours, mut theirs) = duplex(64);
        let mut stream = WebsocketStream::new(ours, BytesMut::from(&b"\x82\x04ea"[..]));
        theirs.write_all(b"rl\x82\x01y").await.unwrap();
        let mut read = [0; 5];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"early");
    }

    #[tokio::test]
    async fn a_ping_between_fragments_is_answered_and_the_payload_goes_on() {
        let (mut stream, mut theirs) = pair(64);
        theirs.write_all(b"\x02\x01a\x89\x02hi\x80\x01b").await.unwrap();
        let mut read = [0; 2];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"ab");
        assert_eq!(short_frame(&mut theirs).await, (0x8a, b"hi".to_vec()));
    }

    #[tokio::test]
    async fn a_close_frame_ends_reading_though_the_socket_stays_open() {
        let (mut stream, mut theirs) = pair(64);
        theirs.write_all(b"\x82\x01a\x88\x05\x03\xe9bye").await.unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"a");
        let close = CloseFrame { code: 1001, reason: "bye".to_owned() };
        assert_eq!(stream.end(), Some(&End::Closed(close)));
        assert_eq!(short_frame(&mut theirs).await, (0x88, 1001_u16.to_be_bytes().to_vec()));
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_malformed_frame_fails_every_read_and_closes_with_1002() {
        let (mut stream, mut theirs) = pair(64);
        theirs.write_all(b"\x81\x02hi").await.unwrap();
        for _ in 0..2 {
            let error = stream.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.get_ref().unwrap().to_string(), FrameError::Text.to_string());
        }
        assert_eq!(short_frame(&mut theirs).await, (0x88, 1002_u16.to_be_bytes().to_vec()));
    }

    #[tokio::test]
    async fn a_socket_that_ends_without_a_close_frame_ends_reading_too() {
        let (mut stream, mut theirs) = pair(64);
        theirs.write_all(b"\x82\x05ab").await.unwrap();
        drop(theirs);
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        assert_eq!((read.as_slice(), stream.end()), (&b"ab"[..], None));
    }

    #[tokio::test]
    async fn long_writes_pass_through_a_narrow_stream_whole() {
        let (mut stream, mut theirs) = pair(7);
        let payload: Vec<u8> = (0..40_000_u32).map(|index| index.to_le_bytes()[1]).collect();
        let writing = async {
            stream.write_all(&payload).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let mut arrived = Vec::new();
        let ((), read) = tokio::join!(writing, theirs.read_to_end(&mut arrived));
        read.unwrap();
        let (payloads, close) = unmasked(&arrived);
        assert_eq!(payloads, payload);
        assert_eq!(close, NORMAL_CLOSE.to_be_bytes());
    }

    /// The payload of all data frames, and that of the close frame.
    fn unmasked(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (mut data, mut close) = (Vec::new(), Vec::new());
        while let [first, second, rest @ ..] = bytes {
            let (length, rest) = match (second & 0x7f, rest) {
                (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
                (short, rest) => (usize::from(short), rest),
            };
            let (mask, rest) = rest.split_at(4);
            let (payload, rest) = rest.split_at(length);
            let target = if *first == 0x88 { &mut close } else { &mut data };
            target.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            bytes = rest;
        }
        (data, close)
    }
}
