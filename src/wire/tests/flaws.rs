//! What is said of a packet that cannot be read, and of one of which only a part has arrived.

use super::*;

/// Bytes, and packet, topic, flaw and offset of the error that they meet.
type Row<'a> = (&'a [u8], &'a str, Option<&'a str>, &'a str, Option<usize>);

fn assert_flaws(protocol: Protocol, limit: usize, rows: &[Row<'_>]) {
    for (bytes, packet, topic, flaw, at) in rows {
        let error = decode_within(protocol, limit, [bytes]).unwrap_err();
        assert_eq!(error.packet_name(), Some(*packet), "{protocol:?} {bytes:02x?}");
        let WireError::Malformed { topic: told, reason, offset, .. } = error else { panic!("{error:?}") };
        assert_eq!((told.as_deref(), &*reason, offset), (*topic, *flaw, *at), "{protocol:?} {bytes:02x?}");
    }
}

#[test]
fn a_malformed_packet_says_its_type_its_topic_what_is_wrong_and_where() {
    assert_flaws(
        Protocol::V5,
        1024,
        &[
            (&[0x36], "PUBLISH", None, "both QoS bits are set", Some(0)),
            (&[0x41], "PUBACK", None, "reserved flags are set", Some(0)),
            (&[0x30, 3, 0, 9, b't'], "PUBLISH", None, "a field reaches beyond its end", Some(4)),
            (&[0x30, 6, 0, 3, b't', 0xff, b't', 0], "PUBLISH", None, "a text is not UTF-8", Some(5)),
            (&[0x32, 6, 0, 1, b't', 0, 0, 0], "PUBLISH", Some("t"), "packet identifier 0", Some(5)),
            (&[0x30, 5, 0, 1, b't', 1, 0x7f], "PUBLISH", Some("t"), "MQTT 5 has no property 0x7f", Some(6)),
            (
                &[0x30, 8, 0, 1, b't', 4, 1, 0, 1, 0],
                "PUBLISH",
                Some("t"),
                "two properties Payload Format Indicator, where one may be",
                Some(8),
            ),
            (&[0x20, 3, 2, 0, 0], "CONNACK", None, "reserved flags are set", Some(2)),
            (&[0x20, 6, 0, 0, 3, 0x21, 0, 0], "CONNACK", None, "0 is no Receive Maximum", None),
            (&[0x90, 3, 0, 1, 0], "SUBACK", None, "it holds no code", Some(5)),
            (&[0xd0, 1, 0], "PINGRESP", None, "bytes are left over", Some(2)),
        ],
    );
    assert_flaws(
        Protocol::V311,
        1024,
        &[
            (&[0x30, 3, 0, 9, b't'], "PUBLISH", None, "the topic is longer than the packet", Some(2)),
            (&[0x30, 6, 0, 3, b't', 0xff, b't', 0], "PUBLISH", None, "the topic is not UTF-8", Some(5)),
            (&[0x32, 6, 0, 1, b't', 0, 0, 0], "PUBLISH", Some("t"), "packet identifier 0", Some(5)),
            (&[0x30, 1, 0], "PUBLISH", None, "it ends within its head", Some(3)),
            (&[0x90, 2, 0, 1], "SUBACK", None, "no code in it", Some(4)),
            (&[0xd0, 1, 0], "PINGRESP", None, "it must be empty", Some(1)),
        ],
    );
}

/// A PUBLISH over the limit is read by other code than one that is held.
#[test]
fn a_malformed_packet_over_the_limit_says_the_same() {
    let begin = |body: &[u8]| {
        let mut bytes = [&[0x32, 0xc8, 1], body].concat();
        bytes.resize(3 + 200, b'x');
        bytes
    };
    for protocol in BOTH {
        assert_flaws(
            protocol,
            64,
            &[
                (&begin(&[0, 1, b't', 0, 0, 0]), "PUBLISH", Some("t"), "packet identifier 0", Some(6)),
                (&begin(&[0, 2, b't', 0xff, 0, 7]), "PUBLISH", None, "the topic is not UTF-8", Some(6)),
                (&begin(&[0xff, 0xff]), "PUBLISH", None, "the topic is longer than the packet", Some(3)),
            ],
        );
    }
}

#[test]
fn an_error_names_the_packet_as_the_standard_does() {
    let rows = [
        (WireError::RemainingLength { kind: 3 }, Some("PUBLISH")),
        (WireError::PacketType(8), Some("SUBSCRIBE")),
        (WireError::PacketType(0), None),
        (WireError::TooLarge { kind: 13, bytes: 9, limit: 8 }, Some("PINGRESP")),
        (WireError::OutOfTurn(Misplaced::SecondConnack), Some("CONNACK")),
        (WireError::OutOfTurn(Misplaced::OtherSuback), Some("SUBACK")),
        (WireError::OutOfTurn(Misplaced::BeforeConnack), None),
    ];
    for (error, name) in rows {
        assert_eq!(error.packet_name(), name, "{error:?}");
    }
}

/// What `bytes` leave unfinished, read as they come.
fn unfinished(limit: usize, chunks: &[&[u8]]) -> Option<(usize, Option<usize>)> {
    let mut decoder = Decoder::new(Protocol::V311, limit);
    for chunk in chunks {
        decoder.push(chunk);
        while decoder.next_packet().unwrap().is_some() {}
    }
    decoder.unfinished().map(|frame| (frame.received_bytes, frame.expected_bytes))
}

#[test]
fn of_an_unfinished_packet_it_is_known_how_much_is_there_and_how_much_is_to_come() {
    let mut publish = vec![0x30, 0xc8, 1, 0, 1, b't'];
    publish.resize(203, b'x');
    for limit in [1024, 64] {
        assert_eq!(unfinished(limit, &[]), None);
        assert_eq!(unfinished(limit, &[&publish]), None);
        assert_eq!(unfinished(limit, &[&publish[..1]]), Some((1, None)));
        assert_eq!(unfinished(limit, &[&publish[..2]]), Some((2, None)));
        assert_eq!(unfinished(limit, &[&publish[..3]]), Some((3, Some(203))));
        assert_eq!(unfinished(limit, &[&publish[..100], &publish[100..202]]), Some((202, Some(203))));
        let followed = [&publish[..], &[0xd0]].concat();
        assert_eq!(unfinished(limit, &[&followed]), Some((1, None)));
        assert_eq!(unfinished(limit, &[&followed[..150], &followed[150..], &[0]]), None);
    }
}

#[test]
fn the_largest_packet_is_the_largest_that_was_read_whole() {
    let mut decoder = Decoder::new(Protocol::V311, 64);
    let mut read = |bytes: &[u8]| {
        decoder.push(bytes);
        while let Ok(Some(_)) = decoder.next_packet() {}
        decoder.largest_packet_bytes()
    };
    assert_eq!(read(&[]), None);
    assert_eq!(read(&[0x20, 2, 0, 0]), Some(4));
    let mut skipped = vec![0x30, 0xc8, 1, 0, 1, b't'];
    skipped.resize(202, b'x');
    assert_eq!(read(&skipped), Some(4), "its last byte is missing");
    assert_eq!(read(b"x"), Some(203));
    assert_eq!(read(&[0xd0, 0]), Some(203));
    assert_eq!(read(&[0x30, 50, 0xff, 0xff]), Some(203));
}
