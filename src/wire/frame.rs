//! Cuts a byte stream into MQTT frames: fixed header, remaining length, size limit.
//!
//! What no broker may send is refused at its first byte, not after waiting for a length that garbage made up. A
//! well-formed PUBLISH over the limit is skipped as it arrives: only its head is ever held.

use bytes::{Buf, BytesMut};

use super::{PublishHead, WireError};
use crate::event::Qos;

const PUBLISH: u8 = 3;

/// One packet as it came off the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// All of its bytes, the fixed header included.
    Whole(BytesMut),
    /// A PUBLISH over the limit, all of it received and none of its payload kept.
    Skipped(PublishHead),
}

/// The state between two reads.
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    buffer: BytesMut,
    skipping: Option<Skip>,
}

#[derive(Debug)]
struct Skip {
    head: PublishHead,
    bytes_left: usize,
}

/// The fixed header of a packet.
#[derive(Debug, Clone, Copy)]
struct Header {
    first_byte: u8,
    own_bytes: usize,
    remaining_bytes: usize,
}

impl Header {
    const fn kind(self) -> u8 {
        self.first_byte >> 4
    }

    const fn total_bytes(self) -> usize {
        self.own_bytes + self.remaining_bytes
    }
}

impl Framer {
    /// A framer that holds frames of at most `limit` bytes, and heads of larger PUBLISH packets.
    pub fn new(limit: usize) -> Self {
        Self { limit, buffer: BytesMut::new(), skipping: None }
    }

    /// Takes bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let Some(skip) = &mut self.skipping {
            let skipped = skip.bytes_left.min(bytes.len());
            skip.bytes_left -= skipped;
            bytes.advance(skipped);
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame that has arrived in full.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, WireError> {
        if let Some(skip) = self.skipping.take() {
            return Ok(self.finish_skip(skip));
        }
        let Some(header) = fixed_header(&self.buffer)? else { return Ok(None) };
        if header.total_bytes() > self.limit {
            return self.start_skip(header);
        }
        if self.buffer.len() < header.total_bytes() {
            return Ok(None);
        }
        Ok(Some(Frame::Whole(self.buffer.split_to(header.total_bytes()))))
    }

    fn start_skip(&mut self, header: Header) -> Result<Option<Frame>, WireError> {
        let kind = header.kind();
        if kind != PUBLISH {
            return Err(WireError::TooLarge { kind, bytes: header.total_bytes(), limit: self.limit });
        }
        let body = &self.buffer[header.own_bytes..];
        let Some(head) = publish_head(header, body)? else { return Ok(None) };
        let present = header.total_bytes().min(self.buffer.len());
        self.buffer.advance(present);
        Ok(self.finish_skip(Skip { head, bytes_left: header.total_bytes() - present }))
    }

    fn finish_skip(&mut self, skip: Skip) -> Option<Frame> {
        if skip.bytes_left == 0 {
            return Some(Frame::Skipped(skip.head));
        }
        self.skipping = Some(skip);
        None
    }
}

fn fixed_header(bytes: &[u8]) -> Result<Option<Header>, WireError> {
    let Some(&first_byte) = bytes.first() else { return Ok(None) };
    check_first_byte(first_byte)?;
    let mut remaining_bytes = 0;
    for (index, &byte) in bytes.iter().skip(1).take(4).enumerate() {
        remaining_bytes |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some(Header { first_byte, own_bytes: index + 2, remaining_bytes }));
        }
    }
    if bytes.len() > 4 { Err(WireError::RemainingLength) } else { Ok(None) }
}

/// MQTT 3.1.1, table 2.2: the flags are fixed for every type but PUBLISH, and a broker sends only some types.
fn check_first_byte(first_byte: u8) -> Result<(), WireError> {
    if first_byte == b'H' {
        return Err(malformed(first_byte >> 4, "it begins like an HTTP answer: is this a WebSocket port?"));
    }
    let (kind, flags) = (first_byte >> 4, first_byte & 0x0f);
    let expected_flags = match kind {
        PUBLISH if flags & 0b0110 == 0b0110 => return Err(malformed(kind, "both QoS bits are set")),
        PUBLISH => flags,
        6 => 0b0010,
        2 | 4 | 5 | 7 | 9 | 11 | 13 | 14 => 0,
        _ => return Err(WireError::PacketType(kind)),
    };
    if flags == expected_flags { Ok(()) } else { Err(malformed(kind, "reserved flags are set")) }
}

/// Reads a PUBLISH up to its payload; `None` while it has not arrived that far.
fn publish_head(header: Header, body: &[u8]) -> Result<Option<PublishHead>, WireError> {
    let Some(topic_bytes) = u16_at(body, 0) else { return Ok(None) };
    let topic_end = 2 + usize::from(topic_bytes);
    let qos = Qos::from_level((header.first_byte >> 1) & 0b11).unwrap_or(Qos::AtMostOnce);
    let head_bytes = topic_end + if qos == Qos::AtMostOnce { 0 } else { 2 };
    let payload_bytes = header.remaining_bytes.checked_sub(head_bytes);
    let payload_bytes =
        payload_bytes.ok_or_else(|| malformed(PUBLISH, "the topic is longer than the packet"))?;
    if body.len() < head_bytes {
        return Ok(None);
    }
    if std::str::from_utf8(&body[2..topic_end]).is_err() {
        return Err(malformed(PUBLISH, "the topic is not UTF-8"));
    }
    let packet_id = u16_at(body, topic_end).filter(|_| qos != Qos::AtMostOnce);
    match (qos, packet_id) {
        (Qos::AtLeastOnce | Qos::ExactlyOnce, None | Some(0)) => {
            Err(malformed(PUBLISH, "packet identifier 0"))
        }
        _ => Ok(Some(PublishHead { qos, packet_id: packet_id.unwrap_or(0), payload_bytes })),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn malformed(kind: u8, reason: &str) -> WireError {
    WireError::Malformed { kind, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(limit: usize, chunks: &[&[u8]]) -> Result<Vec<Frame>, WireError> {
        let mut framer = Framer::new(limit);
        let mut found = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame()? {
                found.push(frame);
            }
        }
        Ok(found)
    }

    fn publish(qos: u8, packet_id: u16, payload: usize) -> Vec<u8> {
        let mut body = vec![0, 1, b't'];
        if qos > 0 {
            body.extend(packet_id.to_be_bytes());
        }
        body.resize(body.len() + payload, b'x');
        let mut length = body.len();
        let mut packet = vec![0x30 | (qos << 1)];
        while length > 127 {
            packet.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        packet.push(u8::try_from(length).unwrap());
        packet.extend(body);
        packet
    }

    #[test]
    fn a_frame_waits_for_its_last_byte_and_no_longer() {
        let bytes = [publish(0, 0, 3), vec![0xd0, 0x00]].concat();
        for cut in 0..bytes.len() {
            let found = frames(100, &[&bytes[..cut], &bytes[cut..]]).unwrap();
            assert_eq!(found.len(), 2, "cut at {cut}");
        }
        assert_eq!(frames(100, &[&[0xd0]]).unwrap(), []);
    }

    #[test]
    fn a_large_publish_is_skipped_and_what_follows_is_read() {
        let large = publish(1, 7, 100_000);
        let bytes = [large, vec![0xd0, 0x00]].concat();
        for size in [1, 3, 1000, 200_000] {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            let found = frames(64, &chunks).unwrap();
            let head = PublishHead { qos: Qos::AtLeastOnce, packet_id: 7, payload_bytes: 100_000 };
            assert_eq!(found[0], Frame::Skipped(head), "chunks of {size}");
            assert_eq!(found.len(), 2);
        }
    }

    #[test]
    fn a_skipped_payload_is_never_held() {
        let mut framer = Framer::new(64);
        let large = publish(0, 0, 1_000_000);
        for chunk in large.chunks(1024) {
            framer.push(chunk);
            let _ = framer.next_frame().unwrap();
            assert!(framer.buffer.len() <= 1024);
        }
    }

    #[test]
    fn garbage_is_refused_as_soon_as_it_shows() {
        let rows: [(&[u8], WireError); 8] = [
            (&[0x30, 0xff, 0xff, 0xff, 0xff], WireError::RemainingLength),
            (&[0x00], WireError::PacketType(0)),
            (&[0x10], WireError::PacketType(1)),
            (&[0x82], WireError::PacketType(8)),
            (b"HTTP", malformed(4, "it begins like an HTTP answer: is this a WebSocket port?")),
            (&[0x41], malformed(4, "reserved flags are set")),
            (&[0x36], malformed(3, "both QoS bits are set")),
            (&[0xd0, 0x80, 0x01], WireError::TooLarge { kind: 13, bytes: 131, limit: 64 }),
        ];
        for (bytes, error) in rows {
            assert_eq!(frames(64, &[bytes]), Err(error), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_malformed_large_publish_is_an_error() {
        let mut overlong_topic = publish(0, 0, 200);
        overlong_topic[3] = 0xff;
        let mut not_utf8 = publish(0, 0, 200);
        not_utf8[5] = 0xff;
        for bytes in [overlong_topic, not_utf8, publish(1, 0, 200)] {
            assert!(matches!(frames(64, &[&bytes]), Err(WireError::Malformed { kind: 3, .. })));
        }
    }
}
