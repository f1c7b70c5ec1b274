//! Cuts a byte stream into MQTT frames: fixed header, remaining length, size limit.
//!
//! What no broker may send is refused at its first byte, not after waiting for a length that garbage made up. A
//! well-formed PUBLISH over the limit is skipped as it arrives: only its head is ever held.

use bytes::{Buf, BytesMut};

use super::varint::{self, Overlong};
use super::{PublishHead, WireError};
use crate::event::{Protocol, Qos};

const PUBLISH: u8 = 3;

/// One packet as it came off the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// All of its bytes, the fixed header included.
    Whole(BytesMut),
    /// A PUBLISH over the limit, all of it received and none of its payload kept.
    Skipped {
        /// What it says before its payload.
        head: PublishHead,
        /// Length of the whole packet.
        total_bytes: usize,
    },
}

impl Frame {
    /// Length of the whole packet, its fixed header included.
    pub fn total_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Skipped { total_bytes, .. } => *total_bytes,
        }
    }
}

/// A packet of which only a part has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedFrame {
    /// Bytes that have arrived, the fixed header included; at least 1.
    pub received_bytes: usize,
    /// Length of the whole packet; `None` while its fixed header has not arrived in full.
    pub expected_bytes: Option<usize>,
}

/// The state between two reads.
#[derive(Debug)]
pub struct Framer {
    protocol: Protocol,
    limit: usize,
    buffer: BytesMut,
    skipping: Option<Skip>,
}

#[derive(Debug)]
struct Skip {
    head: PublishHead,
    total_bytes: usize,
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
    pub fn new(protocol: Protocol, limit: usize) -> Self {
        Self { protocol, limit, buffer: BytesMut::new(), skipping: None }
    }

    /// Raises the limit to this.
    pub fn hold_at_least(&mut self, bytes: usize) {
        self.limit = self.limit.max(bytes);
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
        let present = header.total_bytes().min(self.buffer.len());
        let body = &self.buffer[header.own_bytes..present];
        let head = publish_head(self.protocol, header, body);
        let head = head.map_err(|error| error.published_to(topic_in(body)))?;
        let Some(head) = head else {
            let whole = present == header.total_bytes();
            return if whole { Err(ends_within_its_head(present, body)) } else { Ok(None) };
        };
        self.buffer.advance(present);
        let total_bytes = header.total_bytes();
        Ok(self.finish_skip(Skip { head, total_bytes, bytes_left: total_bytes - present }))
    }

    /// The packet of which only a part has arrived, once [`Self::next_frame`] has no whole one left.
    pub fn unfinished(&self) -> Option<UnfinishedFrame> {
        if let Some(skip) = &self.skipping {
            let received_bytes = skip.total_bytes - skip.bytes_left;
            return Some(UnfinishedFrame { received_bytes, expected_bytes: Some(skip.total_bytes) });
        }
        let header = fixed_header(&self.buffer).ok().flatten();
        (!self.buffer.is_empty()).then(|| UnfinishedFrame {
            received_bytes: self.buffer.len(),
            expected_bytes: header.map(Header::total_bytes),
        })
    }

    fn finish_skip(&mut self, skip: Skip) -> Option<Frame> {
        if skip.bytes_left == 0 {
            return Some(Frame::Skipped { head: skip.head, total_bytes: skip.total_bytes });
        }
        self.skipping = Some(skip);
        None
    }
}

/// The topic of a whole PUBLISH; `None` for another packet, and where it cannot be read.
pub(super) fn publish_topic(frame: &[u8]) -> Option<&str> {
    if frame.first()? >> 4 != PUBLISH {
        return None;
    }
    topic_in(varint::body(frame))
}

/// The topic with which the body of a PUBLISH begins.
fn topic_in(body: &[u8]) -> Option<&str> {
    let topic = body.get(2..2 + usize::from(u16_at(body, 0)?))?;
    std::str::from_utf8(topic).ok()
}

/// Reads a whole PUBLISH.
pub(super) fn whole_publish(protocol: Protocol, frame: &[u8]) -> Result<PublishHead, WireError> {
    let header = fixed_header(frame)?;
    let header = header.ok_or_else(|| WireError::malformed(PUBLISH, "it has no length", frame.len()))?;
    let body = &frame[header.own_bytes..];
    let head = publish_head(protocol, header, body).map_err(|error| error.published_to(topic_in(body)))?;
    head.ok_or_else(|| ends_within_its_head(frame.len(), body))
}

fn ends_within_its_head(total_bytes: usize, body: &[u8]) -> WireError {
    WireError::malformed(PUBLISH, "it ends within its head", total_bytes).published_to(topic_in(body))
}

fn fixed_header(bytes: &[u8]) -> Result<Option<Header>, WireError> {
    let Some(&first_byte) = bytes.first() else { return Ok(None) };
    check_first_byte(first_byte)?;
    let overlong = |Overlong| WireError::RemainingLength { kind: first_byte >> 4 };
    let length = varint::read(&bytes[1..]).map_err(overlong)?;
    Ok(length.map(|length| Header {
        first_byte,
        own_bytes: 1 + length.own_bytes,
        remaining_bytes: length.value,
    }))
}

/// MQTT 3.1.1, table 2.2: the flags are fixed for every type but PUBLISH, and a broker sends only some types.
fn check_first_byte(first_byte: u8) -> Result<(), WireError> {
    if first_byte == b'H' {
        return Err(flaw(first_byte >> 4, "it begins like an HTTP answer: is this a WebSocket port?"));
    }
    let (kind, flags) = (first_byte >> 4, first_byte & 0x0f);
    let expected_flags = match kind {
        PUBLISH if flags & 0b0110 == 0b0110 => return Err(flaw(kind, "both QoS bits are set")),
        PUBLISH => flags,
        6 => 0b0010,
        2 | 4 | 5 | 7 | 9 | 11 | 13 | 14 => 0,
        _ => return Err(WireError::PacketType(kind)),
    };
    if flags == expected_flags { Ok(()) } else { Err(flaw(kind, "reserved flags are set")) }
}

/// Reads a PUBLISH up to its payload, the properties uncounted and unread; `None` while it has not arrived that far.
fn publish_head(protocol: Protocol, header: Header, body: &[u8]) -> Result<Option<PublishHead>, WireError> {
    let malformed = |reason, at| WireError::malformed(PUBLISH, reason, header.own_bytes + at);
    let Some(topic_bytes) = u16_at(body, 0) else { return Ok(None) };
    let topic_end = 2 + usize::from(topic_bytes);
    let qos = Qos::from_level((header.first_byte >> 1) & 0b11).unwrap_or(Qos::AtMostOnce);
    let id_end = topic_end + if qos == Qos::AtMostOnce { 0 } else { 2 };
    let left = header.remaining_bytes.checked_sub(id_end);
    let left = left.ok_or_else(|| malformed("the topic is longer than the packet", 0))?;
    if body.len() < id_end {
        return Ok(None);
    }
    if let Err(error) = std::str::from_utf8(&body[2..topic_end]) {
        return Err(malformed("the topic is not UTF-8", 2 + error.valid_up_to()));
    }
    let packet_id = u16_at(&body[..id_end], topic_end).unwrap_or(0);
    if qos != Qos::AtMostOnce && packet_id == 0 {
        return Err(malformed("packet identifier 0", topic_end));
    }
    let properties = properties_bytes(protocol, &body[id_end..])
        .map_err(|Overlong| malformed("the length of the properties is malformed", id_end))?;
    let Some(properties) = properties else { return Ok(None) };
    let payload_bytes = left
        .checked_sub(properties)
        .ok_or_else(|| malformed("the properties are longer than the packet", id_end))?;
    Ok(Some(PublishHead { qos, packet_id, payload_bytes }))
}

/// What the properties take, their own length included: nothing before MQTT 5. `None` while the length has not arrived.
fn properties_bytes(protocol: Protocol, bytes: &[u8]) -> Result<Option<usize>, Overlong> {
    match protocol {
        Protocol::V311 => Ok(Some(0)),
        Protocol::V5 => Ok(varint::read(bytes)?.map(|length| length.own_bytes + length.value)),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

/// What is wrong with the first byte.
fn flaw(kind: u8, reason: &str) -> WireError {
    WireError::malformed(kind, reason, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Protocol; 2] = [Protocol::V311, Protocol::V5];

    fn frames(protocol: Protocol, limit: usize, chunks: &[&[u8]]) -> Result<Vec<Frame>, WireError> {
        let mut framer = Framer::new(protocol, limit);
        let mut found = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame()? {
                found.push(frame);
            }
        }
        Ok(found)
    }

    fn varint(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 127 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    }

    fn packet(first_byte: u8, body: &[u8]) -> Vec<u8> {
        [&[first_byte][..], &varint(body.len()), body].concat()
    }

    /// A PUBLISH to topic `t`; in MQTT 5 with properties of 300 bytes, which need two for their length.
    fn publish(protocol: Protocol, qos: u8, packet_id: u16, payload: usize) -> Vec<u8> {
        let mut body = vec![0, 1, b't'];
        if qos > 0 {
            body.extend(packet_id.to_be_bytes());
        }
        if protocol == Protocol::V5 {
            body.extend(varint(300));
            body.resize(body.len() + 300, 0xff);
        }
        body.resize(body.len() + payload, b'x');
        packet(0x30 | (qos << 1), &body)
    }

    #[test]
    fn a_frame_waits_for_its_last_byte_and_no_longer() {
        for protocol in BOTH {
            let bytes = [publish(protocol, 0, 0, 3), vec![0xd0, 0x00]].concat();
            for cut in 0..bytes.len() {
                let found = frames(protocol, 1000, &[&bytes[..cut], &bytes[cut..]]).unwrap();
                assert_eq!(found.len(), 2, "cut at {cut}");
            }
            assert_eq!(frames(protocol, 100, &[&[0xd0]]).unwrap(), []);
        }
    }

    #[test]
    fn a_large_publish_is_skipped_and_what_follows_is_read() {
        let head = PublishHead { qos: Qos::AtLeastOnce, packet_id: 7, payload_bytes: 100_000 };
        for protocol in BOTH {
            let large = publish(protocol, 1, 7, 100_000);
            let bytes = [large, vec![0xd0, 0x00]].concat();
            for size in [1, 2, 3, 7, 1000, 200_000] {
                let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
                let found = frames(protocol, 64, &chunks).unwrap();
                let skipped = Frame::Skipped { head, total_bytes: bytes.len() - 2 };
                assert_eq!(found[0], skipped, "{protocol:?}, chunks of {size}");
                assert_eq!(found.len(), 2);
            }
        }
    }

    #[test]
    fn a_skipped_publish_without_a_payload_has_none() {
        let head = PublishHead { qos: Qos::AtMostOnce, packet_id: 0, payload_bytes: 0 };
        let bytes = publish(Protocol::V5, 0, 0, 0);
        for cut in 0..bytes.len() {
            let found = frames(Protocol::V5, 64, &[&bytes[..cut], &bytes[cut..]]);
            assert_eq!(found, Ok(vec![Frame::Skipped { head, total_bytes: bytes.len() }]), "cut at {cut}");
        }
    }

    #[test]
    fn neither_a_skipped_payload_nor_its_properties_are_ever_held() {
        let large_properties = [&[0, 1, b't'][..], &varint(900_000), &vec![0x26; 900_000], b"x"].concat();
        let rows = [
            (Protocol::V311, publish(Protocol::V311, 0, 0, 1_000_000)),
            (Protocol::V5, publish(Protocol::V5, 0, 0, 1_000_000)),
            (Protocol::V5, packet(0x30, &large_properties)),
        ];
        for (protocol, bytes) in rows {
            let mut framer = Framer::new(protocol, 64);
            for chunk in bytes.chunks(1024) {
                framer.push(chunk);
                let _ = framer.next_frame().unwrap();
                assert!(framer.buffer.len() <= 1024);
            }
        }
    }

    #[test]
    fn garbage_is_refused_as_soon_as_it_shows() {
        let rows: [(&[u8], WireError); 9] = [
            (&[0x30, 0xff, 0xff, 0xff, 0xff], WireError::RemainingLength { kind: 3 }),
            (&[0x00], WireError::PacketType(0)),
            (&[0x10], WireError::PacketType(1)),
            (&[0x82], WireError::PacketType(8)),
            (&[0xf0], WireError::PacketType(15)),
            (b"HTTP", flaw(4, "it begins like an HTTP answer: is this a WebSocket port?")),
            (&[0x41], flaw(4, "reserved flags are set")),
            (&[0x36], flaw(3, "both QoS bits are set")),
            (&[0xd0, 0x80, 0x01], WireError::TooLarge { kind: 13, bytes: 131, limit: 64 }),
        ];
        for protocol in BOTH {
            for (bytes, error) in &rows {
                assert_eq!(frames(protocol, 64, &[bytes]), Err(error.clone()), "{bytes:02x?}");
            }
        }
    }

    #[test]
    fn a_malformed_large_publish_is_an_error() {
        for protocol in BOTH {
            let mut overlong_topic = publish(protocol, 0, 0, 200);
            overlong_topic[3] = 0xff;
            let mut not_utf8 = publish(protocol, 0, 0, 200);
            not_utf8[5] = 0xff;
            for bytes in [overlong_topic, not_utf8, publish(protocol, 1, 0, 200)] {
                assert!(matches!(frames(protocol, 64, &[&bytes]), Err(WireError::Malformed { kind: 3, .. })));
            }
        }
    }

    #[test]
    fn a_large_publish_whose_properties_do_not_fit_is_an_error_and_never_waited_for() {
        let topic = [&[0, 100][..], &[b't'; 100]].concat();
        let properties = 2 + topic.len();
        let rows: [(&[u8], &str, usize); 5] = [
            (&[], "it ends within its head", properties),
            (&[0x80], "it ends within its head", properties + 1),
            (&[0x01], "the properties are longer than the packet", properties),
            (&[0xff, 0xff, 0xff, 0x7f, b'x'], "the properties are longer than the packet", properties),
            (&[0xff, 0xff, 0xff, 0xff, 0x01], "the length of the properties is malformed", properties),
        ];
        for (behind, reason, offset) in rows {
            let bytes = packet(0x30, &[&topic, behind].concat());
            let error = WireError::malformed(PUBLISH, reason, offset);
            let error = error.published_to(Some("t".repeat(100).as_str()));
            assert_eq!(frames(Protocol::V5, 64, &[&bytes]), Err(error.clone()), "{behind:02x?}");
            let followed = [&bytes[..], &[0xd0, 0x00]].concat();
            assert_eq!(frames(Protocol::V5, 64, &[&followed]), Err(error));
        }
    }

    proptest! {
        #[test]
        fn no_more_is_held_than_the_limit_or_a_head(
            payloads in prop::collection::vec(0_usize..5000, 1..6),
            chunk in 1_usize..300,
            limit in 0_usize..2000,
        ) {
            let longest_head = 5 + 3 + 2 + 2;
            for protocol in BOTH {
                let publishes = payloads.iter().map(|payload| publish(protocol, 1, 7, *payload));
                let stream = publishes.collect::<Vec<_>>().concat();
                let mut framer = Framer::new(protocol, limit);
                let mut found = 0;
                for chunk in stream.chunks(chunk) {
                    framer.push(chunk);
                    while framer.next_frame().unwrap().is_some() {
                        found += 1;
                    }
                    prop_assert!(framer.buffer.len() <= limit.max(longest_head), "{}", framer.buffer.len());
                }
                prop_assert_eq!(found, payloads.len());
            }
        }
    }
}
