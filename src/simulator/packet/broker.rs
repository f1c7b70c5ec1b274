//! What the broker sends, encoded by hand: MQTT 3.1.1 and 5.

use super::property::{Property, write_variable, written};
use crate::event::{Protocol, Qos};

/// The largest remaining length that a fixed header can tell.
pub(in crate::simulator) const REMAINING_LENGTH_LIMIT: usize = 268_435_455;

/// The answer to PINGREQ, the same in both versions.
pub(in crate::simulator) const PINGRESP: [u8; 2] = [0xd0, 0x00];

/// CONNACK as MQTT 3.1.1 has it: flags (1 for a stored session) and return code.
pub(in crate::simulator) const fn short_connack(flags: u8, code: u8) -> [u8; 4] {
    [0x20, 0x02, flags, code]
}

/// CONNACK as MQTT 5 has it.
pub(in crate::simulator) fn long_connack(flags: u8, code: u8, properties: &[Property]) -> Vec<u8> {
    packet(0x20, &[&[flags, code], &written(properties)])
}

/// DISCONNECT. Of MQTT 5 it says no more than it must: no reason code where that is 0, no length where there are no
/// properties. MQTT 3.1.1 leaves it to clients, and some brokers send it all the same.
pub(in crate::simulator) fn disconnect(protocol: Protocol, code: u8, properties: &[Property]) -> Vec<u8> {
    match (protocol, code, properties) {
        (Protocol::V311, ..) | (Protocol::V5, 0, []) => packet(0xe0, &[]),
        (Protocol::V5, code, []) => packet(0xe0, &[&[code]]),
        (Protocol::V5, code, properties) => packet(0xe0, &[&[code], &written(properties)]),
    }
}

/// SUBACK with a code for each filter.
pub(in crate::simulator) fn suback(protocol: Protocol, identifier: u16, codes: &[u8]) -> Vec<u8> {
    packet(0x90, &[&identifier.to_be_bytes(), no_properties(protocol), codes])
}

/// UNSUBACK with a code for each filter, which MQTT 3.1.1 leaves out.
pub(in crate::simulator) fn unsuback(protocol: Protocol, identifier: u16, codes: &[u8]) -> Vec<u8> {
    let codes = match protocol {
        Protocol::V311 => &[],
        Protocol::V5 => codes,
    };
    packet(0xb0, &[&identifier.to_be_bytes(), no_properties(protocol), codes])
}

/// PUBACK. In MQTT 5 it is written out in full and says that nobody got the message.
pub(in crate::simulator) fn puback(protocol: Protocol, identifier: u16) -> Vec<u8> {
    packet(0x40, &[&identifier.to_be_bytes(), unmatched(protocol)])
}

/// PUBREC, likewise.
pub(in crate::simulator) fn pubrec(protocol: Protocol, identifier: u16) -> Vec<u8> {
    packet(0x50, &[&identifier.to_be_bytes(), unmatched(protocol)])
}

/// PUBREL, whose reserved flags are 2. Success needs no reason code in either version.
pub(in crate::simulator) fn pubrel(identifier: u16) -> Vec<u8> {
    packet(0x62, &[&identifier.to_be_bytes()])
}

/// PUBCOMP, likewise.
pub(in crate::simulator) fn pubcomp(identifier: u16) -> Vec<u8> {
    packet(0x70, &[&identifier.to_be_bytes()])
}

/// PUBLISH; the identifier is left out at QoS 0.
pub(in crate::simulator) fn publish(
    protocol: Protocol,
    qos: Qos,
    identifier: u16,
    topic: &str,
    payload: &[u8],
) -> Vec<u8> {
    let identifier = identifier.to_be_bytes();
    let identifier = if qos == Qos::AtMostOnce { &[][..] } else { &identifier[..] };
    let head = [&length_of(topic)[..], topic.as_bytes(), identifier];
    packet(0x30 | qos.level() << 1, &[head[0], head[1], head[2], no_properties(protocol), payload])
}

/// Topics are made from filters, which a client's packet bounds to two bytes of length.
fn length_of(text: &str) -> [u8; 2] {
    u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes()
}

const fn no_properties(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::V311 => &[],
        Protocol::V5 => &[0],
    }
}

/// "No matching subscribers", and no properties.
const fn unmatched(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::V311 => &[],
        Protocol::V5 => &[0x10, 0],
    }
}

fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut packet = Vec::with_capacity(length + 5);
    packet.push(first);
    write_variable(length, &mut packet);
    for part in parts {
        packet.extend_from_slice(part);
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::super::property::{REASON_STRING, Value};
    use super::Protocol::{V5, V311};
    use super::*;

    #[test]
    fn packets_of_the_old_version_have_the_bytes_of_its_standard() {
        assert_eq!(short_connack(1, 0), *b"\x20\x02\x01\x00");
        assert_eq!(suback(V311, 10, &[0, 0x80]), b"\x90\x04\0\x0a\0\x80");
        assert_eq!(unsuback(V311, 10, &[0]), b"\xb0\x02\0\x0a");
        assert_eq!(publish(V311, Qos::AtMostOnce, 0, "a/b", b"x"), b"\x30\x06\0\x03a/bx");
        assert_eq!(publish(V311, Qos::ExactlyOnce, 258, "t", b"x"), b"\x34\x06\0\x01t\x01\x02x");
        assert_eq!([puback(V311, 1), pubrec(V311, 1)], [b"\x40\x02\0\x01", b"\x50\x02\0\x01"]);
        assert_eq!([pubrel(1), pubcomp(1)], [b"\x62\x02\0\x01", b"\x70\x02\0\x01"]);
        assert_eq!(disconnect(V311, 0x8e, &[]), b"\xe0\0");
    }

    #[test]
    fn packets_of_the_new_version_have_the_bytes_of_its_standard() {
        let why = [Property::new(REASON_STRING, Value::Text("no".to_owned()))];
        assert_eq!(long_connack(1, 0, &[]), b"\x20\x03\x01\0\0");
        assert_eq!(long_connack(0, 0x87, &why), b"\x20\x08\0\x87\x05\x1f\0\x02no");
        assert_eq!(suback(V5, 10, &[0, 0x87]), b"\x90\x05\0\x0a\0\0\x87");
        assert_eq!(unsuback(V5, 10, &[0, 0x11]), b"\xb0\x05\0\x0a\0\0\x11");
        assert_eq!(publish(V5, Qos::AtMostOnce, 0, "a/b", b"x"), b"\x30\x07\0\x03a/b\0x");
        assert_eq!(publish(V5, Qos::AtLeastOnce, 258, "t", b"x"), b"\x32\x07\0\x01t\x01\x02\0x");
        assert_eq!([puback(V5, 1), pubrec(V5, 1)], [b"\x40\x04\0\x01\x10\0", b"\x50\x04\0\x01\x10\0"]);
        assert_eq!(disconnect(V5, 0, &[]), b"\xe0\0");
        assert_eq!(disconnect(V5, 0x8e, &[]), b"\xe0\x01\x8e");
        assert_eq!(disconnect(V5, 0, &why), b"\xe0\x07\0\x05\x1f\0\x02no");
    }
}
