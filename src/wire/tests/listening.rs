//! Messages under topics that are listened to come with what they say, all others without.

use super::*;

/// A PUBLISH at QoS 1 with this payload; in MQTT 5 with an expiry among its properties.
fn message(protocol: Protocol, topic: &str, payload: &[u8]) -> Vec<u8> {
    let properties: &[u8] = match protocol {
        Protocol::V311 => &[],
        Protocol::V5 => &[5, 2, 0, 0, 0, 9],
    };
    let topic_bytes = u16::try_from(topic.len()).unwrap().to_be_bytes();
    let body = [&topic_bytes[..], topic.as_bytes(), &[0, 7], properties, payload].concat();
    let length = [(body.len() & 0x7f) | 0x80, (body.len() >> 7 & 0x7f) | 0x80, body.len() >> 14];
    [vec![0x32], length.map(|byte| u8::try_from(byte).unwrap()).to_vec(), body].concat()
}

fn heard(topic: &str, payload: &[u8]) -> Incoming {
    let head = PublishHead { qos: Qos::AtLeastOnce, packet_id: 7, payload_bytes: payload.len() };
    let payload = BytesMut::from(payload);
    Incoming::Message(head, Box::new(Message { topic: topic.to_owned(), payload }))
}

#[test]
fn a_message_under_a_topic_that_is_listened_to_comes_with_its_payload() {
    for protocol in BOTH {
        let mut decoder = Decoder::new(protocol, 64);
        decoder.listen(vec!["x/".to_owned(), "a/b/".to_owned()]);
        let long = vec![b'l'; 60_000];
        let too_long = vec![b't'; MESSAGE_LIMIT_BYTES];
        let rows = [
            ("a/b/c", &b"hello"[..], true),
            ("a/b/", &[], true),
            ("a/b", b"short", false),
            ("b/a/b/c", b"elsewhere", false),
            ("x/y", &long, true),
            ("a/b/c", &too_long, false),
            ("z", &long, false),
        ];
        for (topic, payload, is_heard) in rows {
            for chunk in message(protocol, topic, payload).chunks(1000) {
                assert_eq!(decoder.next_packet(), Ok(None));
                decoder.push(chunk);
            }
            let expected =
                if is_heard { heard(topic, payload) } else { publish(Qos::AtLeastOnce, 7, payload.len()) };
            assert_eq!(decoder.next_packet(), Ok(Some(expected)), "{protocol:?} {topic}");
        }
    }
}

#[test]
fn nothing_is_listened_to_unless_asked_for() {
    for protocol in BOTH {
        let bytes = message(protocol, "a/b/c", b"hello");
        assert_eq!(decode(protocol, &bytes), Ok(vec![publish(Qos::AtLeastOnce, 7, 5)]));
    }
}

#[test]
fn listening_makes_no_malformed_message_readable() {
    for protocol in BOTH {
        let mut bytes = message(protocol, "a/b/c", b"hello");
        let topic_begins = 6;
        bytes[topic_begins] = 0xff;
        let mut decoder = Decoder::new(protocol, 64);
        decoder.listen(vec![String::new()]);
        decoder.push(&bytes);
        assert!(matches!(decoder.next_packet(), Err(WireError::Malformed { .. })), "{protocol:?}");
    }
}
