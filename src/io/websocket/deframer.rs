//! Decodes WebSocket frames from the broker, without I/O. Payload of data frames is passed on as it arrives,
//! whatever the frame's length; only a control frame (at most 125 bytes) is kept until it is complete.

use std::io::Cursor;

use bytes::{Buf, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The longest payload of a control frame, in bytes (RFC 6455, section 5.5).
pub const CONTROL_LIMIT_BYTES: usize = 125;

/// The close code reported for a close frame without one (RFC 6455, section 7.1.5).
pub const NO_CLOSE_CODE: u16 = 1005;

/// A frame that RFC 6455, or MQTT over it, does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// RSV1 to RSV3 belong to extensions, and none was offered.
    #[error("reserved bits are set, and no extension was agreed on")]
    ReservedBits,
    /// An opcode that RFC 6455 does not define.
    #[error("reserved opcode {0:#x}")]
    Opcode(u8),
    /// Only clients mask (section 5.1).
    #[error("the broker masked a frame, which only clients do")]
    Masked,
    /// A 64-bit length with its most significant bit set (section 5.2).
    #[error("impossible frame length {0}")]
    Length(u64),
    /// Control frames must not be fragmented (section 5.5).
    #[error("a control frame in fragments")]
    FragmentedControl,
    /// A control frame longer than [`CONTROL_LIMIT_BYTES`].
    #[error("a control frame of {0} bytes, over 125")]
    LongControl(u64),
    /// MQTT uses binary frames only (MQTT 5, section 6).
    #[error("a text frame, where MQTT needs binary ones")]
    Text,
    /// A continuation frame outside a fragmented message (section 5.4).
    #[error("a continuation frame without a message to continue")]
    Orphan,
    /// A new message inside a fragmented one (section 5.4).
    #[error("a new message before the last fragment of the one before")]
    Interrupted,
    /// A close frame of one byte: a close code has two (section 5.5.1).
    #[error("a close frame with half a code")]
    HalfCloseCode,
}

/// What a close frame said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// The code, [`NO_CLOSE_CODE`] where the frame carried none.
    pub code: u16,
    /// The reason, empty if there is none; bytes that are not UTF-8 are replaced.
    pub reason: String,
}

/// What was decoded next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Bytes of MQTT; none for an empty frame.
    Payload(BytesMut),
    /// A ping, to be answered with the same bytes.
    Ping(BytesMut),
    /// An unsolicited pong: we send no WebSocket pings.
    Pong,
    /// The close frame, the last one of the connection.
    Close(CloseFrame),
    /// More bytes are needed.
    Hungry,
}

/// The decoder's state between two steps.
#[derive(Debug, Default)]
pub struct Deframer {
    /// Bytes of the current data frame that have not arrived yet.
    payload_left: u64,
    message: Message,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Message {
    #[default]
    Complete,
    Fragmented,
}

/// The header at the front of the input.
struct Head {
    header: FrameHeader,
    /// Bytes of the header itself.
    size: usize,
    /// Bytes of the payload.
    length: u64,
}

impl Deframer {
    /// Decodes the front of `input` and removes it, at most `room` bytes of payload (`room` must be 1 or
    /// more). Must not be called again after a close frame or an error.
    pub fn step(&mut self, input: &mut BytesMut, room: usize) -> Result<Step, FrameError> {
        if self.payload_left > 0 {
            return Ok(self.payload(input, room));
        }
        let Some(head) = Head::parse(input)? else { return Ok(Step::Hungry) };
        match head.header.opcode {
            OpCode::Control(kind) => control(kind, &head, input),
            OpCode::Data(kind) => {
                self.message = self.message_after(kind, &head)?;
                input.advance(head.size);
                self.payload_left = head.length;
                Ok(self.payload(input, room))
            }
        }
    }

    fn payload(&mut self, input: &mut BytesMut, room: usize) -> Step {
        if self.payload_left > 0 && input.is_empty() {
            return Step::Hungry;
        }
        let left = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
        let piece = input.split_to(input.len().min(left).min(room));
        self.payload_left -= piece.len() as u64;
        Step::Payload(piece)
    }

    /// Whether the message is complete once this data frame is.
    fn message_after(&self, kind: Data, head: &Head) -> Result<Message, FrameError> {
        match (kind, self.message) {
            (Data::Text, _) => Err(FrameError::Text),
            (Data::Reserved(code), _) => Err(FrameError::Opcode(code)),
            (Data::Continue, Message::Complete) => Err(FrameError::Orphan),
            (Data::Binary, Message::Fragmented) => Err(FrameError::Interrupted),
            (Data::Continue, Message::Fragmented) | (Data::Binary, Message::Complete) => {
                Ok(if head.header.is_final { Message::Complete } else { Message::Fragmented })
            }
        }
    }
}

impl Head {
    fn parse(input: &[u8]) -> Result<Option<Self>, FrameError> {
        let mut cursor = Cursor::new(input);
        let parsed = FrameHeader::parse(&mut cursor);
        let opcode = || FrameError::Opcode(input.first().map_or(0, |first| first & 0x0f));
        let Some((header, length)) = parsed.map_err(|_| opcode())? else { return Ok(None) };
        let size = input.len() - cursor.remaining();
        Self { header, size, length }.checked().map(Some)
    }

    fn checked(self) -> Result<Self, FrameError> {
        let header = &self.header;
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(FrameError::ReservedBits);
        }
        if header.mask.is_some() {
            return Err(FrameError::Masked);
        }
        if i64::try_from(self.length).is_err() {
            return Err(FrameError::Length(self.length));
        }
        Ok(self)
    }
}

fn control(kind: Control, head: &Head, input: &mut BytesMut) -> Result<Step, FrameError> {
    if !head.header.is_final {
        return Err(FrameError::FragmentedControl);
    }
    let length = usize::try_from(head.length).unwrap_or(usize::MAX);
    if length > CONTROL_LIMIT_BYTES {
        return Err(FrameError::LongControl(head.length));
    }
    if input.len() < head.size + length {
        return Ok(Step::Hungry);
    }
    input.advance(head.size);
    let payload = input.split_to(length);
    match kind {
        Control::Ping => Ok(Step::Ping(payload)),
        Control::Pong => Ok(Step::Pong),
        Control::Close => close(&payload).map(Step::Close),
        Control::Reserved(code) => Err(FrameError::Opcode(code)),
    }
}

fn close(payload: &[u8]) -> Result<CloseFrame, FrameError> {
    match payload {
        [] => Ok(CloseFrame { code: NO_CLOSE_CODE, reason: String::new() }),
        [_] => Err(FrameError::HalfCloseCode),
        [high, low, reason @ ..] => Ok(CloseFrame {
            code: u16::from_be_bytes([*high, *low]),
            reason: String::from_utf8_lossy(reason).into_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Feeds `bytes` in pieces of the given sizes, over and over, and gathers the payload and the other
    /// steps.
    fn deframed(bytes: &[u8], sizes: &[usize], room: usize) -> Result<(Vec<u8>, Vec<Step>), FrameError> {
        let (mut deframer, mut input) = (Deframer::default(), BytesMut::new());
        let (mut payload, mut others) = (Vec::new(), Vec::new());
        let mut rest = bytes;
        for size in sizes.iter().cycle() {
            let (now, later) = rest.split_at(rest.len().min(*size));
            input.extend_from_slice(now);
            rest = later;
            loop {
                match deframer.step(&mut input, room)? {
                    Step::Payload(piece) => payload.extend_from_slice(&piece),
                    Step::Hungry => break,
                    other => others.push(other),
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        Ok((payload, others))
    }

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length) if length < 126 => bytes.push(length.to_be_bytes()[1]),
            Ok(length) => {
                bytes.push(126);
                bytes.extend(length.to_be_bytes());
            }
            Err(_) => {
                bytes.push(127);
                bytes.extend((payload.len() as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    /// A message of these fragments, a ping between any two of them.
    fn message(fragments: &[Vec<u8>]) -> Vec<u8> {
        let last = fragments.len() - 1;
        let mut bytes = Vec::new();
        for (index, fragment) in fragments.iter().enumerate() {
            let opcode = if index == 0 { 0x02 } else { 0x00 };
            let fin = if index == last { 0x80 } else { 0x00 };
            bytes.extend(frame(opcode | fin, fragment));
            bytes.extend(frame(0x89, b"ping"));
        }
        bytes
    }

    proptest! {
        #[test]
        fn any_chunking_of_the_same_bytes_gives_the_same_payload(
            fragments in vec(vec(any::<u8>(), 0..300), 1..8),
            sizes in vec(1_usize..400, 1..10),
            room in 1_usize..200,
        ) {
            let (payload, others) = deframed(&message(&fragments), &sizes, room).unwrap();
            prop_assert_eq!(payload, fragments.concat());
            prop_assert_eq!(others.len(), fragments.len());
        }

        #[test]
        fn hostile_bytes_never_panic_and_never_give_more_than_they_hold(
            bytes in vec(any::<u8>(), 0..600),
            sizes in vec(1_usize..50, 1..5),
        ) {
            if let Ok((payload, _)) = deframed(&bytes, &sizes, 64) {
                prop_assert!(payload.len() < bytes.len().max(1));
            }
        }
    }

    #[test]
    fn frames_that_break_the_protocol_are_named() {
        let fragment_then = |next: Vec<u8>| [frame(0x02, b"a"), next].concat();
        let rows = [
            (frame(0xc2, b"x"), FrameError::ReservedBits),
            (frame(0x83, b"x"), FrameError::Opcode(3)),
            (frame(0x8b, b"x"), FrameError::Opcode(11)),
            (vec![0x82, 0x81, 1, 2, 3, 4, 5], FrameError::Masked),
            (vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], FrameError::Length(1 << 63)),
            (frame(0x09, b"x"), FrameError::FragmentedControl),
            (frame(0x89, &[0; 126]), FrameError::LongControl(126)),
            (frame(0x81, b"text"), FrameError::Text),
            (frame(0x80, b"x"), FrameError::Orphan),
            (fragment_then(frame(0x82, b"b")), FrameError::Interrupted),
            (frame(0x88, b"x"), FrameError::HalfCloseCode),
        ];
        for (bytes, error) in rows {
            assert_eq!(deframed(&bytes, &[1], 8), Err(error));
        }
    }

    #[test]
    fn a_close_frame_tells_its_code_and_reason() {
        let rows = [
            (frame(0x88, b""), 1005, ""),
            (frame(0x88, b"\x03\xe8"), 1000, ""),
            (frame(0x88, b"\x03\xe9going\xff"), 1001, "going\u{fffd}"),
        ];
        for (bytes, code, reason) in rows {
            let close = CloseFrame { code, reason: reason.to_owned() };
            assert_eq!(deframed(&bytes, &[2], 8), Ok((Vec::new(), vec![Step::Close(close)])));
        }
    }

    #[test]
    fn payload_of_an_endless_frame_passes_through_without_being_gathered() {
        let (mut deframer, mut input) = (Deframer::default(), BytesMut::new());
        input.extend_from_slice(&[0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(deframer.step(&mut input, 64), Ok(Step::Hungry));
        input.extend_from_slice(b"abc");
        assert_eq!(deframer.step(&mut input, 2), Ok(Step::Payload(BytesMut::from(&b"ab"[..]))));
        assert_eq!(deframer.step(&mut input, 2), Ok(Step::Payload(BytesMut::from(&b"c"[..]))));
        assert_eq!(deframer.step(&mut input, 2), Ok(Step::Hungry));
    }
}
