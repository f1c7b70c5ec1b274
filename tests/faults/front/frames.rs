//! WebSocket frames by hand: off what a client sends, on what the broker sends.

use std::io::Cursor;

use bytes::{Buf, BytesMut};
use nwdiag::event::Transport;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// Whether MQTT travels in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Bare,
    Framed,
}

impl Dialect {
    pub(super) const fn of(transport: Transport) -> Self {
        match transport {
            Transport::Tcp | Transport::Tls => Self::Bare,
            Transport::Ws | Transport::Wss => Self::Framed,
        }
    }

    /// Takes what is whole of `arrived`; of frames only MQTT.
    pub(super) fn unwrap(self, arrived: &mut BytesMut) -> BytesMut {
        match self {
            Self::Bare => arrived.split(),
            Self::Framed => {
                let mut payload = BytesMut::new();
                while let Some(piece) = unmasked(arrived) {
                    payload.extend_from_slice(&piece);
                }
                payload
            }
        }
    }

    /// Bytes of MQTT as they go to the client.
    pub(super) fn wrap(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Bare => bytes.to_vec(),
            Self::Framed => {
                let length = u16::try_from(bytes.len()).expect("one read fits into a frame");
                let head = match u8::try_from(length) {
                    Ok(length) if length < 126 => vec![0x82, length],
                    _ => [&[0x82, 126][..], &length.to_be_bytes()].concat(),
                };
                [&head, bytes].concat()
            }
        }
    }
}

/// The payload of the first whole frame, empty where it carries no MQTT.
fn unmasked(arrived: &mut BytesMut) -> Option<BytesMut> {
    let mut cursor = Cursor::new(&arrived[..]);
    let (header, length) = FrameHeader::parse(&mut cursor).expect("a frame")?;
    let size = arrived.len() - cursor.remaining();
    let length = usize::try_from(length).expect("a length");
    if arrived.len() < size + length {
        return None;
    }
    arrived.advance(size);
    let mut payload = arrived.split_to(length);
    let mask = header.mask.expect("clients mask");
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Some(if header.opcode == OpCode::Data(Data::Binary) { payload } else { BytesMut::new() })
}
