//! Packets, both ways, and bytes that are not packets.

use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8]) -> Result<Vec<Incoming>, WireError> {
    let mut decoder = Decoder::new(1024);
    decoder.push(bytes);
    let mut packets = Vec::new();
    while let Some(packet) = decoder.next_packet()? {
        packets.push(packet);
    }
    Ok(packets)
}

#[test]
fn every_packet_of_a_broker_is_read() {
    let connack = |session_present, code| Incoming::Connack(Connack { session_present, code });
    let publish =
        |qos, packet_id, payload_bytes| Incoming::Publish(PublishHead { qos, packet_id, payload_bytes });
    let rows: [(&[u8], Incoming); 14] = [
        (&[0x20, 2, 0, 0], connack(false, 0)),
        (&[0x20, 2, 1, 0], connack(true, 0)),
        (&[0x20, 2, 0, 7], connack(false, 7)),
        (&[0x30, 4, 0, 1, b't', b'x'], publish(Qos::AtMostOnce, 0, 1)),
        (&[0x32, 5, 0, 1, b't', 0, 9], publish(Qos::AtLeastOnce, 9, 0)),
        (&[0x3d, 5, 0, 1, b't', 1, 0], publish(Qos::ExactlyOnce, 256, 0)),
        (&[0x40, 2, 0, 1], Incoming::Puback(1)),
        (&[0x50, 2, 0, 1], Incoming::Pubrec(1)),
        (&[0x62, 2, 0, 1], Incoming::Pubrel(1)),
        (&[0x70, 2, 0, 1], Incoming::Pubcomp(1)),
        (&[0x90, 4, 0, 1, 1, 0x80], Incoming::Suback(1, vec![1, 0x80])),
        (&[0xb0, 2, 0, 1], Incoming::Unsuback(1)),
        (&[0xd0, 0], Incoming::Pingresp),
        (&[0xe0, 0], Incoming::Disconnect),
    ];
    for (bytes, packet) in rows {
        assert_eq!(decode(bytes), Ok(vec![packet]), "{bytes:02x?}");
    }
}

#[test]
fn a_whole_packet_that_cannot_be_read_is_malformed_and_never_waited_for() {
    let rows: [&[u8]; 7] = [
        &[0x20, 0],
        &[0x20, 3, 0, 5, 0],
        &[0x30, 1, 0],
        &[0x30, 3, 0, 9, b't'],
        &[0x40, 1, 0],
        &[0x90, 2, 0, 1],
        &[0xd0, 1, 0],
    ];
    for bytes in rows {
        assert!(matches!(decode(bytes), Err(WireError::Malformed { .. })), "{bytes:02x?}");
    }
}

#[test]
fn packets_of_a_client_are_written_as_the_standard_says() {
    let connect = Connect {
        client_id: "c".to_owned(),
        username: Some("u".to_owned()),
        password: Some(Secret::new("p")),
        keep_alive_seconds: 60,
        clean_session: true,
    };
    let connect_bytes =
        [&[0x10, 19, 0, 4][..], b"MQTT", &[4, 0xc2, 0, 60, 0, 1, b'c', 0, 1, b'u', 0, 1, b'p']].concat();
    let filters = vec![("a".to_owned(), Qos::AtLeastOnce), ("b/#".to_owned(), Qos::ExactlyOnce)];
    let subscribe_bytes = vec![0x82, 12, 0, 1, 0, 1, b'a', 1, 0, 3, b'b', b'/', b'#', 2];
    let rows = [
        (Outgoing::Connect(connect), connect_bytes),
        (Outgoing::Subscribe(1, filters), subscribe_bytes),
        (Outgoing::Puback(258), vec![0x40, 2, 1, 2]),
        (Outgoing::Pubrec(1), vec![0x50, 2, 0, 1]),
        (Outgoing::Pubrel(1), vec![0x62, 2, 0, 1]),
        (Outgoing::Pubcomp(1), vec![0x70, 2, 0, 1]),
        (Outgoing::Pingreq, vec![0xc0, 0]),
        (Outgoing::Disconnect, vec![0xe0, 0]),
    ];
    for (packet, bytes) in rows {
        assert_eq!(encode(&packet), bytes, "{}", packet.name());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic_or_hold_more_than_its_limit(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..64),
    ) {
        let mut decoder = Decoder::new(256);
        for chunk in chunks {
            decoder.push(&chunk);
            while let Ok(Some(_)) = decoder.next_packet() {}
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
        let mut decoder = Decoder::new(1024);
        let mut packets = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().copied().chain(std::iter::repeat(1)) {
            if rest.is_empty() {
                break;
            }
            let (chunk, behind) = rest.split_at(cut.min(rest.len()));
            decoder.push(chunk);
            while let Some(packet) = decoder.next_packet().unwrap() {
                packets.push(packet);
            }
            rest = behind;
        }
        prop_assert_eq!(packets, decode(&stream).unwrap());
    }
}
