//! Packets, both ways and in both versions, and bytes that are not packets.

mod flaws;
mod generated;
mod listening;
mod v5;

use proptest::prelude::*;

use super::*;

const BOTH: [Protocol; 2] = [Protocol::V311, Protocol::V5];

/// Everything that a decoder finds in `bytes` when it may hold `limit` of them.
fn decode_within(
    protocol: Protocol,
    limit: usize,
    chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<Vec<Incoming>, WireError> {
    let mut decoder = Decoder::new(protocol, limit);
    let mut packets = Vec::new();
    for chunk in chunks {
        decoder.push(chunk.as_ref());
        while let Some(packet) = decoder.next_packet()? {
            packets.push(packet);
        }
    }
    Ok(packets)
}

fn decode(protocol: Protocol, bytes: &[u8]) -> Result<Vec<Incoming>, WireError> {
    decode_within(protocol, 1024, [bytes])
}

fn connack(session_present: bool, code: u8) -> Incoming {
    Incoming::Connack(Connack { session_present, code, properties: ConnackProperties::default() })
}

fn publish(qos: Qos, packet_id: u16, payload_bytes: usize) -> Incoming {
    Incoming::Publish(PublishHead { qos, packet_id, payload_bytes })
}

fn puback(packet_id: u16, code: u8) -> Incoming {
    Incoming::Puback(Puback { packet_id, code })
}

fn assert_read(protocol: Protocol, rows: &[(&[u8], Incoming)]) {
    for (bytes, packet) in rows {
        assert_eq!(decode(protocol, bytes), Ok(vec![packet.clone()]), "{protocol:?} {bytes:02x?}");
        assert_no_truncation_waits(protocol, bytes);
    }
}

/// With a remaining length that fits, a packet that was cut off is another packet or an error.
fn assert_no_truncation_waits(protocol: Protocol, bytes: &[u8]) {
    for length in 0..bytes.len() - 2 {
        let cut = [&[bytes[0], u8::try_from(length).unwrap()], &bytes[2..2 + length]].concat();
        match decode(protocol, &cut) {
            Ok(packets) => assert_eq!(packets.len(), 1, "{protocol:?} {cut:02x?}"),
            Err(error) => assert!(matches!(error, WireError::Malformed { .. }), "{protocol:?} {cut:02x?}"),
        }
    }
}

fn assert_malformed(protocol: Protocol, rows: &[&[u8]]) {
    for bytes in rows {
        let read = decode(protocol, bytes);
        assert!(matches!(read, Err(WireError::Malformed { .. })), "{protocol:?} {bytes:02x?}: {read:?}");
    }
}

fn assert_written(protocol: Protocol, rows: &[(Outgoing, Vec<u8>)]) {
    for (packet, bytes) in rows {
        assert_eq!(encode(protocol, packet), bytes, "{protocol:?} {}", packet.name());
    }
}

fn connect(clean_session: bool) -> Connect {
    Connect {
        client_id: "c".to_owned(),
        username: Some("u".to_owned()),
        password: Some(Secret::new("p")),
        keep_alive_seconds: 60,
        clean_session,
    }
}

fn hello(delivery: Delivery) -> Outgoing {
    Outgoing::Publish(Publish { packet_id: 258, topic: "t".to_owned(), payload: b"hi".to_vec(), delivery })
}

fn two_filters() -> Outgoing {
    let filters = vec![("a".to_owned(), Qos::AtLeastOnce), ("b/#".to_owned(), Qos::ExactlyOnce)];
    Outgoing::Subscribe(1, filters)
}

#[test]
fn packets_that_are_the_same_in_both_versions_are_read() {
    for protocol in BOTH {
        assert_read(
            protocol,
            &[
                (&[0x20, 2, 0, 1], connack(false, 1)),
                (&[0x20, 2, 0, 7], connack(false, 7)),
                (&[0x40, 2, 0, 1], puback(1, 0)),
                (&[0x50, 2, 0, 1], Incoming::Pubrec(1)),
                (&[0x62, 2, 0, 1], Incoming::Pubrel(1)),
                (&[0x70, 2, 1, 2], Incoming::Pubcomp(258)),
                (&[0xd0, 0], Incoming::Pingresp),
            ],
        );
    }
}

#[test]
fn every_packet_of_an_older_broker_is_read() {
    assert_read(
        Protocol::V311,
        &[
            (&[0x20, 2, 0, 0], connack(false, 0)),
            (&[0x20, 2, 1, 0], connack(true, 0)),
            (&[0x30, 4, 0, 1, b't', b'x'], publish(Qos::AtMostOnce, 0, 1)),
            (&[0x32, 5, 0, 1, b't', 0, 9], publish(Qos::AtLeastOnce, 9, 0)),
            (&[0x3d, 5, 0, 1, b't', 1, 0], publish(Qos::ExactlyOnce, 256, 0)),
            (&[0x90, 5, 0, 1, 1, 0x80, 0x87], Incoming::Suback(1, vec![1, 0x80, 0x87])),
            (&[0xb0, 2, 0, 1], Incoming::Unsuback(1)),
            (&[0xe0, 0], Incoming::Disconnect(Farewell::default())),
        ],
    );
}

#[test]
fn a_whole_packet_that_cannot_be_read_is_malformed_and_never_waited_for() {
    for protocol in BOTH {
        assert_malformed(
            protocol,
            &[
                &[0x20, 0],
                &[0x20, 2, 2, 5],
                &[0x20, 3, 0, 5, 1],
                &[0x30, 1, 0],
                &[0x30, 3, 0, 9, b't'],
                &[0x30, 4, 0, 1, 0xff, 0],
                &[0x32, 6, 0, 1, b't', 0, 0, 0],
                &[0x40, 1, 0],
                &[0x90, 2, 0, 1],
                &[0xd0, 1, 0],
            ],
        );
    }
    assert_malformed(Protocol::V311, &[&[0xe0, 1, 0]]);
}

#[test]
fn packets_of_a_client_are_written_as_both_standards_say() {
    for protocol in BOTH {
        assert_written(
            protocol,
            &[
                (Outgoing::Puback(258), vec![0x40, 2, 1, 2]),
                (Outgoing::Pubrec(1), vec![0x50, 2, 0, 1]),
                (Outgoing::Pubrel(1), vec![0x62, 2, 0, 1]),
                (Outgoing::Pubcomp(1), vec![0x70, 2, 0, 1]),
                (Outgoing::Pingreq, vec![0xc0, 0]),
                (Outgoing::Disconnect, vec![0xe0, 0]),
            ],
        );
    }
}

#[test]
fn packets_of_a_client_are_written_as_the_older_standard_says() {
    let connect_bytes =
        [&[0x10, 19, 0, 4][..], b"MQTT", &[4, 0xc2, 0, 60, 0, 1, b'c', 0, 1, b'u', 0, 1, b'p']].concat();
    assert_written(
        Protocol::V311,
        &[
            (Outgoing::Connect(connect(true)), connect_bytes),
            (two_filters(), vec![0x82, 12, 0, 1, 0, 1, b'a', 1, 0, 3, b'b', b'/', b'#', 2]),
            (hello(Delivery::First), vec![0x32, 7, 0, 1, b't', 1, 2, b'h', b'i']),
            (hello(Delivery::Again), vec![0x3a, 7, 0, 1, b't', 1, 2, b'h', b'i']),
        ],
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..64),
    ) {
        for protocol in BOTH {
            let _ = decode_within(protocol, 256, &chunks);
        }
    }

    /// Random bytes rarely make a frame, so here every body gets a header that fits.
    #[test]
    fn any_body_of_any_packet_is_a_packet_or_an_error(
        first_byte in prop::sample::select(&[
            0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0_u8,
        ][..]),
        body in prop::collection::vec(prop_oneof![0_u8..8, any::<u8>()], 0..100),
    ) {
        let length = u8::try_from(body.len()).unwrap();
        let bytes = [&[first_byte, length][..], &body].concat();
        for protocol in BOTH {
            if let Ok(packets) = decode(protocol, &bytes) {
                prop_assert_eq!(packets.len(), 1);
            }
        }
    }

    #[test]
    fn how_the_stream_was_cut_makes_no_difference(cuts in prop::collection::vec(1_usize..9, 1..40)) {
        let stream = [
            &[0x20, 2, 0, 0][..],
            &[0x90, 3, 0, 1, 1],
            &[0x32, 6, 0, 1, b't', 0, 9, b'x'],
            &[0xd0, 0],
            &[0x62, 2, 0, 1],
        ]
        .concat();
        let whole = decode(Protocol::V311, &stream).unwrap();
        prop_assert_eq!(decode_within(Protocol::V311, 1024, generated::cut(&stream, &cuts)), Ok(whole));
    }
}
