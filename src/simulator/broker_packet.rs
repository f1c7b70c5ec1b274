//! What the broker sends, encoded by hand: MQTT 3.1.1, version 5 is not spoken.

/// The largest remaining length that a fixed header can tell.
pub(super) const REMAINING_LENGTH_LIMIT: usize = 268_435_455;

/// The answer to PINGREQ.
pub(super) const PINGRESP: [u8; 2] = [0xd0, 0x00];

/// What MQTT 3.1.1 leaves to clients, and some brokers send all the same.
pub(super) const DISCONNECT: [u8; 2] = [0xe0, 0x00];

/// CONNACK: flags (1 for a stored session) and return code.
pub(super) const fn connack(flags: u8, code: u8) -> [u8; 4] {
    [0x20, 0x02, flags, code]
}

/// SUBACK with a return code for each filter.
pub(super) fn suback(identifier: u16, codes: &[u8]) -> Vec<u8> {
    packet(0x90, &[&identifier.to_be_bytes(), codes])
}

/// UNSUBACK.
pub(super) fn unsuback(identifier: u16) -> Vec<u8> {
    packet(0xb0, &[&identifier.to_be_bytes()])
}

/// PUBACK.
pub(super) fn puback(identifier: u16) -> Vec<u8> {
    packet(0x40, &[&identifier.to_be_bytes()])
}

/// PUBREC.
pub(super) fn pubrec(identifier: u16) -> Vec<u8> {
    packet(0x50, &[&identifier.to_be_bytes()])
}

/// PUBREL, whose reserved flags are 2.
pub(super) fn pubrel(identifier: u16) -> Vec<u8> {
    packet(0x62, &[&identifier.to_be_bytes()])
}

/// PUBCOMP.
pub(super) fn pubcomp(identifier: u16) -> Vec<u8> {
    packet(0x70, &[&identifier.to_be_bytes()])
}

/// PUBLISH at QoS 0.
pub(super) fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x30, &[&length_of(topic), topic.as_bytes(), payload])
}

/// PUBLISH at QoS `level` 1 or 2.
pub(super) fn publish_acknowledged(topic: &str, payload: &[u8], level: u8, identifier: u16) -> Vec<u8> {
    let body = [&length_of(topic), topic.as_bytes(), &identifier.to_be_bytes(), payload];
    packet(0x30 | level << 1, &body)
}

/// Topics are made from filters, which a client's packet bounds to two bytes of length.
fn length_of(text: &str) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut packet = Vec::with_capacity(length + 5);
    packet.push(first);
    push_remaining_length(length, &mut packet);
    for part in parts {
        packet.extend_from_slice(part);
    }
    packet
}

fn push_remaining_length(mut length: usize, packet: &mut Vec<u8>) {
    while length > 0x7f {
        packet.push(0x80 | length.to_le_bytes()[0]);
        length >>= 7;
    }
    packet.push(length.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_the_bytes_of_the_standard() {
        assert_eq!(connack(1, 0), *b"\x20\x02\x01\x00");
        assert_eq!(suback(10, &[0, 0x80]), b"\x90\x04\0\x0a\0\x80");
        assert_eq!(publish("a/b", b"x"), b"\x30\x06\0\x03a/bx");
        assert_eq!(publish_acknowledged("t", b"x", 2, 258), b"\x34\x06\0\x01t\x01\x02x");
        assert_eq!(
            [puback(1), pubrec(1), pubrel(1), pubcomp(1)].map(|packet| packet[0]),
            [0x40, 0x50, 0x62, 0x70]
        );
    }

    #[test]
    fn the_remaining_length_takes_as_many_bytes_as_it_needs() {
        let rows: [(usize, &[u8]); 5] = [
            (0, b"\x00"),
            (127, b"\x7f"),
            (128, b"\x80\x01"),
            (16_384, b"\x80\x80\x01"),
            (REMAINING_LENGTH_LIMIT, b"\xff\xff\xff\x7f"),
        ];
        for (length, bytes) in rows {
            let mut packet = Vec::new();
            push_remaining_length(length, &mut packet);
            assert_eq!(packet, bytes, "{length}");
        }
    }
}
