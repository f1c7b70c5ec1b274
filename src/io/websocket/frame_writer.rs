//! Encodes WebSocket frames to the broker, masked, and writes them to the stream below. Memory is bounded
//! whatever the broker does: at most one data frame, one pong and one close frame wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWrite;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::deframer::NO_CLOSE_CODE;

/// The longest payload of a data frame that we send, in bytes. A longer frame would take more memory while it
/// waits; a shorter one adds headers.
pub(super) const DATA_LIMIT_BYTES: usize = 16 * 1024;

/// Frames that the stream below has not taken yet.
#[derive(Debug, Default)]
pub(super) struct FrameWriter {
    /// Encoded frames, less what the stream below has taken of the first.
    bytes: BytesMut,
    /// The payload of the pong to send next. Only the latest ping has to be answered (RFC 6455, section
    /// 5.5.3), so that a flood of pings takes no memory.
    pong: Option<BytesMut>,
    /// Whether a close frame was encoded.
    close: CloseSent,
    below: Below,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum CloseSent {
    #[default]
    No,
    Yes,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Below {
    #[default]
    Flushed,
    Unflushed,
}

impl FrameWriter {
    /// Whether a close frame was encoded: no frame may follow it.
    pub(super) fn is_closed(&self) -> bool {
        self.close == CloseSent::Yes
    }

    /// Encodes up to [`DATA_LIMIT_BYTES`] of `payload` as one binary frame and returns how many bytes it
    /// took.
    pub(super) fn data(&mut self, payload: &[u8]) -> usize {
        let piece = payload.get(..DATA_LIMIT_BYTES).unwrap_or(payload);
        self.frame(OpCode::Data(Data::Binary), piece);
        piece.len()
    }

    /// Answers a ping; replaces a pong that is not encoded yet.
    pub(super) fn pong(&mut self, payload: BytesMut) {
        self.pong = Some(payload);
    }

    /// Encodes a close frame; only the first call does anything.
    pub(super) fn close(&mut self, code: u16) {
        if self.is_closed() {
            return;
        }
        self.close = CloseSent::Yes;
        self.pong = None;
        match code {
            NO_CLOSE_CODE => self.frame(OpCode::Control(Control::Close), &[]),
            code => self.frame(OpCode::Control(Control::Close), &code.to_be_bytes()),
        }
    }

    /// Writes all frames to the stream below; `Pending` while it takes no more.
    pub(super) fn poll_drain<W>(&mut self, below: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        while self.has_next() {
            let taken = ready!(Pin::new(&mut *below).poll_write(cx, &self.bytes))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes.advance(taken);
            self.below = Below::Unflushed;
        }
        Poll::Ready(Ok(()))
    }

    /// Like [`Self::poll_drain`], and then flushes the stream below if anything was written since the last
    /// flush.
    pub(super) fn poll_flush<W>(&mut self, below: &mut W, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin,
    {
        ready!(self.poll_drain(below, cx))?;
        if self.below == Below::Unflushed {
            ready!(Pin::new(below).poll_flush(cx))?;
            self.below = Below::Flushed;
        }
        Poll::Ready(Ok(()))
    }

    fn has_next(&mut self) -> bool {
        if self.bytes.is_empty()
            && let Some(payload) = self.pong.take()
        {
            self.frame(OpCode::Control(Control::Pong), &payload);
        }
        !self.bytes.is_empty()
    }

    fn frame(&mut self, opcode: OpCode, payload: &[u8]) {
        // RFC 6455, section 5.3: each mask has to come from a strong source of entropy. A random UUID does.
        let mask = uuid::Uuid::new_v4().as_fields().0.to_be_bytes();
        let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
        let mut head = Vec::with_capacity(header.len(payload.len() as u64));
        let written = header.format(payload.len() as u64, &mut head);
        debug_assert!(written.is_ok(), "a vector takes every byte");
        self.bytes.extend_from_slice(&head);
        self.bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::task::Waker;

    use super::*;

    /// The frames in `bytes`, unmasked.
    fn frames(bytes: &[u8]) -> Vec<(OpCode, Vec<u8>)> {
        let mut cursor = Cursor::new(bytes);
        let mut frames = Vec::new();
        while let Some((header, length)) = FrameHeader::parse(&mut cursor).unwrap() {
            let mask = header.mask.expect("a client masks");
            let payload = cursor.copy_to_bytes(usize::try_from(length).unwrap());
            let plain = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            frames.push((header.opcode, plain.collect()));
        }
        assert!(!cursor.has_remaining());
        frames
    }

    fn drained(writer: &mut FrameWriter) -> Vec<(OpCode, Vec<u8>)> {
        let mut below = Vec::new();
        let polled = writer.poll_flush(&mut below, &mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Ready(Ok(()))));
        frames(&below)
    }

    const BINARY: OpCode = OpCode::Data(Data::Binary);
    const PONG: OpCode = OpCode::Control(Control::Pong);
    const CLOSE: OpCode = OpCode::Control(Control::Close);

    #[test]
    fn data_goes_out_masked_in_frames_of_bounded_length() {
        for length in [1, 125, 126, DATA_LIMIT_BYTES, DATA_LIMIT_BYTES + 1] {
            let payload: Vec<u8> = (0..length).map(|index| index.to_le_bytes()[0]).collect();
            let mut writer = FrameWriter::default();
            let taken = writer.data(&payload);
            assert_eq!(taken, length.min(DATA_LIMIT_BYTES));
            assert_eq!(drained(&mut writer), [(BINARY, payload[..taken].to_vec())]);
        }
    }

    #[test]
    fn a_flood_of_pings_is_answered_once_and_behind_the_frame_that_is_under_way() {
        let mut writer = FrameWriter::default();
        writer.data(b"mqtt");
        for count in 0..1000_u16 {
            writer.pong(BytesMut::from(&count.to_be_bytes()[..]));
        }
        let last = 999_u16.to_be_bytes().to_vec();
        assert_eq!(drained(&mut writer), [(BINARY, b"mqtt".to_vec()), (PONG, last)]);
    }

    #[test]
    fn one_close_frame_goes_out_and_no_pong_follows_it() {
        let mut writer = FrameWriter::default();
        writer.pong(BytesMut::from(&b"x"[..]));
        writer.close(1001);
        writer.close(1000);
        assert_eq!(drained(&mut writer), [(CLOSE, 1001_u16.to_be_bytes().to_vec())]);
        let mut silent = FrameWriter::default();
        silent.close(NO_CLOSE_CODE);
        assert_eq!(drained(&mut silent), [(CLOSE, Vec::new())]);
    }
}
