//! What only MQTT 5 has: properties, reason codes, short forms.

use super::*;

const V5: Protocol = Protocol::V5;

fn farewell(code: u8) -> Incoming {
    Incoming::Disconnect(Farewell { reason_code: Some(code), ..Farewell::default() })
}

fn reason(bytes: &[u8]) -> String {
    match decode(V5, bytes) {
        Err(WireError::Malformed { reason, .. }) => reason,
        other => panic!("{bytes:02x?}: {other:?}"),
    }
}

#[test]
fn every_packet_of_a_broker_is_read() {
    assert_read(
        V5,
        &[
            (&[0x20, 3, 0, 0, 0], connack(false, 0)),
            (&[0x20, 3, 1, 0, 0], connack(true, 0)),
            (&[0x20, 3, 0, 0x87, 0], connack(false, 0x87)),
            (&[0x30, 5, 0, 1, b't', 0, b'x'], publish(Qos::AtMostOnce, 0, 1)),
            (&[0x32, 6, 0, 1, b't', 0, 9, 0], publish(Qos::AtLeastOnce, 9, 0)),
            (&[0x3d, 8, 0, 1, b't', 1, 0, 2, 1, 1], publish(Qos::ExactlyOnce, 256, 0)),
            (&[0x90, 5, 0, 1, 0, 2, 0x87], Incoming::Suback(1, vec![2, 0x87])),
            (&[0xb0, 4, 0, 1, 0, 0x11], Incoming::Unsuback(1)),
            (&[0xe0, 2, 0x8b, 0], farewell(0x8b)),
        ],
    );
}

#[test]
fn short_forms_are_read() {
    assert_read(
        V5,
        &[
            (&[0xe0, 0], farewell(0)),
            (&[0xe0, 1, 0x8e], farewell(0x8e)),
            (&[0x40, 3, 0, 1, 0x10], puback(1, 0x10)),
            (&[0x40, 4, 0, 1, 0x10, 0], puback(1, 0x10)),
            (&[0x50, 3, 0, 1, 0], Incoming::Pubrec(1)),
            (&[0x62, 3, 0, 1, 0x92], Incoming::Pubrel(1)),
            (&[0x70, 4, 0, 1, 0x92, 0], Incoming::Pubcomp(1)),
        ],
    );
}

#[test]
fn codes_that_no_standard_names_are_shown_as_they_came() {
    assert_read(
        V5,
        &[
            (&[0x20, 3, 0, 0xc1, 0], connack(false, 0xc1)),
            (&[0x40, 3, 0, 1, 0xc1], puback(1, 0xc1)),
            (&[0x50, 3, 0, 1, 0xc1], Incoming::Pubrec(1)),
            (&[0x62, 3, 0, 1, 0xc1], Incoming::Pubrel(1)),
            (&[0x70, 3, 0, 1, 0xc1], Incoming::Pubcomp(1)),
            (&[0x90, 4, 0, 1, 0, 0xc1], Incoming::Suback(1, vec![0xc1])),
            (&[0xb0, 4, 0, 1, 0, 0xc1], Incoming::Unsuback(1)),
            (&[0xe0, 1, 0xc1], farewell(0xc1)),
        ],
    );
}

#[test]
fn a_refusal_in_the_form_of_an_older_version_is_read_and_a_welcome_is_not() {
    assert_read(V5, &[(&[0x20, 2, 0, 5], connack(false, 5)), (&[0x20, 2, 0, 0x84], connack(false, 0x84))]);
    assert_eq!(reason(&[0x20, 2, 0, 0]), "a CONNACK of MQTT 3.1.1");
    assert_eq!(reason(&[0x20, 2, 1, 0]), "a CONNACK of MQTT 3.1.1");
}

#[test]
fn what_a_connack_says_besides_is_read() {
    let bytes = [
        &[0x20, 36, 1, 0, 33][..],
        &[0x13, 0, 30],
        &[0x27, 0, 1, 0, 0],
        &[0x21, 0, 20],
        &[0x24, 1],
        &[0x12, 0, 1, b'i'],
        &[0x1f, 0, 2, b'o', b'k'],
        &[0x1c, 0, 1, b's'],
        &[0x26, 0, 0, 0, 0],
        &[0x25, 0],
    ]
    .concat();
    let properties = ConnackProperties {
        server_keep_alive_seconds: Some(30),
        maximum_packet_bytes: Some(65_536),
        receive_maximum: Some(20),
        maximum_qos: Some(1),
        assigned_client_id: Some("i".to_owned()),
        reason_string: Some("ok".to_owned()),
        server_reference: Some("s".to_owned()),
    };
    let connack = Connack { session_present: true, code: 0, properties };
    assert_read(V5, &[(&bytes, Incoming::Connack(connack))]);
}

#[test]
fn what_a_disconnect_says_besides_is_read() {
    let bytes = [&[0xe0, 12, 0x9c, 10][..], &[0x1f, 0, 2, b'g', b'o'], &[0x1c, 0, 2, b'x', b'y']].concat();
    let farewell = Farewell {
        reason_code: Some(0x9c),
        reason_string: Some("go".to_owned()),
        server_reference: Some("xy".to_owned()),
    };
    assert_read(V5, &[(&bytes, Incoming::Disconnect(farewell))]);
}

#[test]
fn properties_of_a_publish_do_not_count_as_payload_however_many_there_are() {
    let rows: [&[u8]; 6] = [
        &[0x0b, 1, 0x0b, 2, 0x0b, 3, 0x0b, 0x80, 1],
        &[0x26, 0, 1, b'k', 0, 1, b'v', 0x26, 0, 1, b'k', 0, 1, b'v'],
        &[0x23, 0, 1, 0x0b, 7, 0x01, 0],
        &[0x02, 0, 0, 0, 9, 0x03, 0, 1, b'm', 0x08, 0, 1, b'r', 0x09, 0, 2, 0xff, 0xfe],
        // Properties that do not belong into a PUBLISH.
        &[0x12, 0, 1, b'i', 0x24, 9, 0x21, 0, 0],
        &[],
    ];
    for properties in rows {
        let length = u8::try_from(properties.len()).unwrap();
        let body = [&[0, 1, b't', 0, 9, length][..], properties, b"xyz"].concat();
        let bytes = [&[0x32, u8::try_from(body.len()).unwrap()][..], &body].concat();
        assert_read(V5, &[(&bytes, publish(Qos::AtLeastOnce, 9, 3))]);
    }
}

#[test]
fn a_flaw_is_told() {
    let rows: [(&[u8], &str); 20] = [
        (&[0x20, 1, 0], "a field reaches beyond its end"),
        (&[0x20, 3, 2, 0, 0], "reserved flags are set"),
        (&[0x20, 4, 0, 0, 0, 0], "bytes are left over"),
        (&[0x20, 6, 0, 0, 3, 0x21, 0, 0], "0 is no Receive Maximum"),
        (&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0], "0 is no Maximum Packet Size"),
        (&[0x20, 5, 0, 0, 2, 0x24, 2], "2 is no Maximum QoS"),
        (&[0x20, 9, 0, 0, 6, 0x13, 0, 1, 0x13, 0, 1], "two properties Server Keep Alive, where one may be"),
        (&[0x20, 7, 0, 0, 4, 0x1f, 0, 1, 0xff], "a text is not UTF-8"),
        (&[0x20, 7, 0, 0, 4, 0x1f, 0, 2, b'x'], "a field reaches beyond its end"),
        (&[0x20, 5, 0, 0, 2, 0x00, 0], "MQTT 5 has no property 0x00"),
        (&[0x20, 5, 0, 0, 2, 0x2b, 0], "MQTT 5 has no property 0x2b"),
        (&[0x20, 6, 0, 0, 4, 0x21, 0, 9], "a field reaches beyond its end"),
        (&[0x20, 7, 0, 0, 0x80, 0x80, 0x80, 0x80, 0], "a length of more than four bytes"),
        (&[0x30, 6, 0, 1, b't', 1, 0x01, 0], "a field reaches beyond its end"),
        (&[0x32, 6, 0, 1, b't', 0, 0, 0], "packet identifier 0"),
        (&[0x40, 5, 0, 1, 0, 0, 0], "bytes are left over"),
        (&[0x90, 3, 0, 1, 0], "it holds no code"),
        (&[0xb0, 3, 0, 1, 0], "it holds no code"),
        (&[0xd0, 1, 0], "bytes are left over"),
        (&[0xe0, 2, 0x8e, 1], "a field reaches beyond its end"),
    ];
    for (bytes, told) in rows {
        assert_eq!(reason(bytes), told, "{bytes:02x?}");
    }
}

#[test]
fn an_authentication_that_nobody_asked_for_has_no_place() {
    assert_eq!(decode(V5, &[0xf0, 0]), Err(WireError::PacketType(15)));
}

#[test]
fn packets_of_a_client_are_written_as_the_standard_says() {
    let begin = |length, flags| [&[0x10, length, 0, 4][..], b"MQTT", &[5, flags, 0, 60]].concat();
    let end = [0, 1, b'c', 0, 1, b'u', 0, 1, b'p'];
    let clean = [&begin(20, 0xc2)[..], &[0], &end].concat();
    let lasting = [&begin(25, 0xc0)[..], &[5, 0x11, 0xff, 0xff, 0xff, 0xff], &end].concat();
    let nobody = Connect { username: None, password: None, ..connect(true) };
    let token = Connect { username: None, ..connect(true) };
    assert_written(
        V5,
        &[
            (Outgoing::Connect(connect(true)), clean),
            (Outgoing::Connect(connect(false)), lasting),
            (Outgoing::Connect(nobody), [&begin(14, 0x02)[..], &[0, 0, 1, b'c']].concat()),
            (Outgoing::Connect(token), [&begin(17, 0x42)[..], &[0, 0, 1, b'c', 0, 1, b'p']].concat()),
            (two_filters(), vec![0x82, 13, 0, 1, 0, 0, 1, b'a', 1, 0, 3, b'b', b'/', b'#', 2]),
            (hello(Delivery::First), vec![0x32, 8, 0, 1, b't', 1, 2, 0, b'h', b'i']),
            (hello(Delivery::Again), vec![0x3a, 8, 0, 1, b't', 1, 2, 0, b'h', b'i']),
        ],
    );
}

#[test]
fn lengths_above_127_are_written_in_more_bytes() {
    let publish = |payload: usize| {
        let payload = vec![b'x'; payload];
        Publish { packet_id: 1, topic: "t".to_owned(), payload, delivery: Delivery::First }
    };
    let rows: [(usize, &[u8]); 4] = [
        (121, &[0x32, 0x7f]),
        (122, &[0x32, 0x80, 0x01]),
        (16_377, &[0x32, 0xff, 0x7f]),
        (16_378, &[0x32, 0x80, 0x80, 0x01]),
    ];
    for (payload, begin) in rows {
        let bytes = encode(V5, &Outgoing::Publish(publish(payload)));
        assert_eq!(&bytes[..begin.len()], begin);
        assert_eq!(bytes.len(), begin.len() + 6 + payload);
    }
}
