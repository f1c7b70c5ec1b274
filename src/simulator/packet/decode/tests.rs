//! Packets of both versions, written by hand from the standards.

use super::*;
use crate::simulator::packet::property::{RECEIVE_MAXIMUM, Value};

fn cut(protocol: Protocol, bytes: &[u8]) -> Result<Option<ClientPacket>, PacketError> {
    next_packet(&mut BytesMut::from(bytes), protocol)
}

const OLD: [&[u8]; 9] = [
    b"\x10\x1c\0\x04MQTT\x04\xc6\0\x3c\0\x01c\0\x01w\0\x03bye\0\x02me\0\x01p",
    b"\x10\x0a\0\x04MQTT\x06\x02\0\x3c",
    b"\x32\x08\0\x01t\0\x07abc",
    b"\x30\x03\0\x01t",
    b"\x62\x02\x01\x00",
    b"\x82\x0a\0\x01\0\x01a\x02\0\x01#\0",
    b"\xa2\x05\0\x02\0\x01a",
    b"\xc0\0",
    b"\xe0\0",
];

const NEW: [&[u8]; 11] = [
    b"\x10\x21\0\x04MQTT\x05\xc6\0\x3c\x03\x21\0\x14\0\x01c\0\0\x01w\0\x03bye\0\x02me\0\x01p",
    b"\x3d\x0b\0\x01t\0\x07\x02\x01\x00abc",
    b"\x30\x04\0\x01t\0",
    b"\x40\x02\0\x07",
    b"\x50\x03\0\x07\x10",
    b"\x70\x09\0\x07\x92\x05\x1f\0\x02no",
    b"\x82\x0d\0\x01\x02\x0b\x05\0\x01a\x2e\0\x01#\0",
    b"\xa2\x06\0\x02\0\0\x01a",
    b"\xe0\0",
    b"\xe0\x01\x04",
    b"\xe0\x07\x04\x05\x11\0\0\0\0",
];

#[test]
fn every_proper_prefix_of_a_packet_needs_more_bytes_and_the_whole_is_taken_without_the_rest() {
    let old = OLD.iter().map(|whole| (Protocol::V311, whole));
    for (protocol, whole) in old.chain(NEW.iter().map(|whole| (Protocol::V5, whole))) {
        for end in 0..whole.len() {
            assert_eq!(cut(protocol, &whole[..end]), Ok(None), "{whole:02x?} up to {end}");
        }
        let mut buffer = BytesMut::from([whole, &b"rest"[..]].concat().as_slice());
        let taken = next_packet(&mut buffer, protocol);
        assert!(matches!(taken, Ok(Some(_))), "{whole:02x?}: {taken:?}");
        assert_eq!(&buffer[..], b"rest");
    }
}

#[test]
fn packets_of_the_old_version_are_read_as_they_were_meant() {
    let connect = Connect {
        level: 4,
        flags: 0xc6,
        keep_alive_seconds: 60,
        client_id: "c".to_owned(),
        username: Some("me".to_owned()),
        properties: Vec::new(),
    };
    let publish = Publish {
        topic: "t".to_owned(),
        qos: 1,
        dup: false,
        retain: false,
        identifier: 7,
        properties: Vec::new(),
        payload_bytes: 3,
    };
    let released = Acknowledgement { identifier: 0x0100, reason_code: 0 };
    let subscribe = ClientPacket::Subscribe(1, vec![("a".to_owned(), 2), ("#".to_owned(), 0)]);
    let unspoken = Connect { level: 6, ..Connect::default() };
    let rows = [
        (OLD[0], ClientPacket::Connect(connect)),
        (OLD[1], ClientPacket::Connect(unspoken)),
        (OLD[2], ClientPacket::Publish(publish)),
        (OLD[4], ClientPacket::Pubrel(released)),
        (OLD[5], subscribe),
        (OLD[8], ClientPacket::Disconnect(0)),
    ];
    for (bytes, packet) in rows {
        assert_eq!(cut(Protocol::V311, bytes), Ok(Some(packet)));
    }
}

#[test]
fn packets_of_the_new_version_are_read_as_they_were_meant() {
    let connect = Connect {
        level: 5,
        flags: 0xc6,
        keep_alive_seconds: 60,
        client_id: "c".to_owned(),
        username: Some("me".to_owned()),
        properties: vec![Property::new(RECEIVE_MAXIMUM, Value::Short(20))],
    };
    let publish = Publish {
        topic: "t".to_owned(),
        qos: 2,
        dup: true,
        retain: true,
        identifier: 7,
        properties: vec![Property::new(0x01, Value::Byte(0))],
        payload_bytes: 3,
    };
    let answer = |reason_code| Acknowledgement { identifier: 7, reason_code };
    let rows = [
        (NEW[0], ClientPacket::Connect(connect)),
        (NEW[1], ClientPacket::Publish(publish)),
        (NEW[3], ClientPacket::Puback(answer(0))),
        (NEW[4], ClientPacket::Pubrec(answer(0x10))),
        (NEW[5], ClientPacket::Pubcomp(answer(0x92))),
        (NEW[6], ClientPacket::Subscribe(1, vec![("a".to_owned(), 2), ("#".to_owned(), 0)])),
        (NEW[7], ClientPacket::Unsubscribe(2, vec!["a".to_owned()])),
        (NEW[8], ClientPacket::Disconnect(0)),
        (NEW[9], ClientPacket::Disconnect(4)),
        (NEW[10], ClientPacket::Disconnect(4)),
    ];
    for (bytes, packet) in rows {
        assert_eq!(cut(Protocol::V5, bytes), Ok(Some(packet)));
    }
}

#[test]
fn malformed_bytes_are_refused_and_never_waited_for() {
    use Protocol::{V5, V311};
    let rows: [(Protocol, &[u8], PacketError); 13] = [
        (V311, b"\xc0\xff\xff\xff\xff", PacketError::Part(ReadError::Length)),
        (V311, b"\x30\xff\xff\xff\x7f", PacketError::TooLarge(268_435_455)),
        (V311, b"\xd0\x00", PacketError::FirstByte(0xd0)),
        (V311, b"\x36\x05\0\x01t\0\x01", PacketError::FirstByte(0x36)),
        (V311, b"\x82\x02\0\x01", PacketError::Part(ReadError::Content)),
        (V311, b"\x10\x0d\0\x04MQTT\x04\x03\0\x3c\0\x01c", PacketError::ReservedBits(PacketKind::Connect)),
        (V311, b"\x40\x03\0\x01\0", PacketError::Surplus(PacketKind::Puback)),
        (V311, b"\xe0\x01\x04", PacketError::Surplus(PacketKind::Disconnect)),
        (V5, b"\x82\x07\0\x01\0\0\x01a\x40", PacketError::ReservedBits(PacketKind::Subscribe)),
        (V5, b"\x82\x06\0\x01\0\x01a\x02", PacketError::Part(ReadError::Content)),
        (V5, b"\x30\x04\0\x01t\x05", PacketError::Part(ReadError::Content)),
        (V5, b"\xe0\x06\0\x04\x1c\0\x01h", PacketError::Part(ReadError::Property(0x1c))),
        (V5, b"\x40\x05\0\x01\0\0\0", PacketError::Surplus(PacketKind::Puback)),
    ];
    for (protocol, bytes, error) in rows {
        assert_eq!(cut(protocol, bytes), Err(error), "{bytes:02x?}");
    }
}
