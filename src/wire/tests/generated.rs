//! Packets of MQTT 5 made up at random by a writer of its own, which shares nothing with the code that reads them.

use super::*;

const V5: Protocol = Protocol::V5;

/// A packet as it goes over the stream.
#[derive(Debug, Clone)]
struct Written {
    first_byte: u8,
    body: Vec<u8>,
    meant: Incoming,
    /// To how many bytes the body can be cut so that it still is a packet.
    legal_cuts: Vec<usize>,
}

impl Written {
    fn new(first_byte: u8, body: Vec<u8>, meant: Incoming, short_forms: &[usize]) -> Self {
        let legal_cuts = short_forms.iter().copied().filter(|cut| *cut < body.len()).collect();
        Self { first_byte, body, meant, legal_cuts }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes_cut_to(self.body.len())
    }

    fn bytes_cut_to(&self, length: usize) -> Vec<u8> {
        [&[self.first_byte][..], &varint(length), &self.body[..length]].concat()
    }
}

fn varint(number: usize) -> Vec<u8> {
    let low = u8::try_from(number % 128).unwrap();
    if number < 128 { vec![low] } else { [vec![low | 0x80], varint(number / 128)].concat() }
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn property(identifier: u8, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
    value.map(|value| [vec![identifier], value].concat())
}

/// Behind their length.
fn list(properties: &[Vec<u8>]) -> Vec<u8> {
    let all = properties.concat();
    [varint(all.len()), all].concat()
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zé€🦀/]{0,9}", 1 => "[a-z]{130,200}"]
}

/// The properties that nobody asks for and that may stand in a packet once.
fn others_once() -> Vec<Vec<u8>> {
    vec![
        [&[0x01][..], &[1]].concat(),
        [&[0x02][..], &[0, 0, 1, 0]].concat(),
        [&[0x03][..], &text("text/plain")].concat(),
        [&[0x08][..], &text("answer")].concat(),
        [&[0x09][..], &[0, 3, 0xff, 0, 0x1f]].concat(),
        [&[0x11][..], &[0xff; 4]].concat(),
        [&[0x15][..], &text("method")].concat(),
        [&[0x16][..], &[0, 0]].concat(),
        [&[0x17][..], &[1]].concat(),
        [&[0x18][..], &[0, 0, 0, 0]].concat(),
        [&[0x19][..], &[0]].concat(),
        [&[0x1a][..], &text("")].concat(),
        [&[0x22][..], &[0, 10]].concat(),
        [&[0x23][..], &[0, 1]].concat(),
        [&[0x25][..], &[0]].concat(),
        [&[0x28][..], &[1]].concat(),
        [&[0x29][..], &[0]].concat(),
        [&[0x2a][..], &[1]].concat(),
    ]
}

/// Properties that nobody asks for, of every form, in any packet.
fn others() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let user = (words(), words()).prop_map(|(key, value)| [vec![0x26], text(&key), text(&value)].concat());
    let subscription = (1_usize..268_435_456).prop_map(|number| [vec![0x0b], varint(number)].concat());
    let often = prop::collection::vec(prop_oneof![user, subscription], 0..8);
    let once = prop::sample::subsequence(others_once(), 0..=18);
    (once, often).prop_map(|(once, often)| [once, often].concat())
}

fn connack_properties() -> impl Strategy<Value = ConnackProperties> {
    let numbers = (
        any::<Option<u16>>(),
        prop::option::of(1..=u32::MAX),
        prop::option::of(1..=u16::MAX),
        prop::option::of(0_u8..=1),
    );
    let texts = prop::array::uniform3(prop::option::of(words()));
    (numbers, texts).prop_map(|(numbers, [assigned_client_id, reason_string, server_reference])| {
        ConnackProperties {
            server_keep_alive_seconds: numbers.0,
            maximum_packet_bytes: numbers.1,
            receive_maximum: numbers.2,
            maximum_qos: numbers.3,
            assigned_client_id,
            reason_string,
            server_reference,
        }
    })
}

fn written_properties(of: &ConnackProperties) -> Vec<Vec<u8>> {
    let text = |value: &Option<String>| value.as_deref().map(text);
    let all = [
        property(0x13, of.server_keep_alive_seconds.map(|number| number.to_be_bytes().to_vec())),
        property(0x27, of.maximum_packet_bytes.map(|number| number.to_be_bytes().to_vec())),
        property(0x21, of.receive_maximum.map(|number| number.to_be_bytes().to_vec())),
        property(0x24, of.maximum_qos.map(|number| vec![number])),
        property(0x12, text(&of.assigned_client_id)),
        property(0x1f, text(&of.reason_string)),
        property(0x1c, text(&of.server_reference)),
    ];
    all.into_iter().flatten().collect()
}

/// In any order.
fn shuffled(asked: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    others()
        .prop_map(move |others| [asked.clone(), others].concat())
        .prop_shuffle()
        .prop_map(|all| list(&all))
}

fn any_connack() -> impl Strategy<Value = Written> {
    let whole = connack_properties()
        .prop_flat_map(|properties| (shuffled(written_properties(&properties)), Just(properties)));
    (any::<bool>(), any::<u8>(), whole).prop_map(|(session_present, code, (list, properties))| {
        let body = [vec![u8::from(session_present), code], list].concat();
        let meant = Incoming::Connack(Connack { session_present, code, properties });
        Written::new(0x20, body, meant, if code == 0 { &[] } else { &[2] })
    })
}

fn any_publish() -> impl Strategy<Value = Written> {
    let qos = prop::sample::select(&[Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][..]);
    let flags = prop::sample::select(&[0x30_u8, 0x31, 0x38, 0x39][..]);
    let payload = prop_oneof![Just(0_usize), 1_usize..50, 1000_usize..3000];
    (qos, flags, words(), 1..=u16::MAX, shuffled(Vec::new()), payload).prop_map(
        |(qos, flags, topic, packet_id, list, payload_bytes)| {
            let packet_id = if qos == Qos::AtMostOnce { 0 } else { packet_id };
            let id_bytes = if packet_id == 0 { Vec::new() } else { packet_id.to_be_bytes().to_vec() };
            let head = [text(&topic), id_bytes, list].concat();
            let legal_cuts: Vec<usize> = (head.len()..head.len() + payload_bytes).collect();
            let body = [head, vec![b'x'; payload_bytes]].concat();
            let meant = Incoming::Publish(PublishHead { qos, packet_id, payload_bytes });
            Written::new(flags | (qos.level() << 1), body, meant, &legal_cuts)
        },
    )
}

fn any_ack() -> impl Strategy<Value = Written> {
    let meant: [fn(u16, u8) -> Incoming; 4] = [
        |packet_id, code| Incoming::Puback(Puback { packet_id, code }),
        |packet_id, _| Incoming::Pubrec(packet_id),
        |packet_id, _| Incoming::Pubrel(packet_id),
        |packet_id, _| Incoming::Pubcomp(packet_id),
    ];
    let kind = (0_usize..4).prop_map(move |kind| ([0x40, 0x50, 0x62, 0x70][kind], meant[kind]));
    let reason = prop::option::of(words()).prop_map(|reason| property(0x1f, reason.as_deref().map(text)));
    let list = reason.prop_flat_map(|reason| shuffled(reason.into_iter().collect()));
    (kind, any::<u16>(), any::<u8>(), list).prop_map(|((first_byte, meant), packet_id, code, list)| {
        let body = [&packet_id.to_be_bytes()[..], &[code], &list].concat();
        Written::new(first_byte, body, meant(packet_id, code), &[2, 3])
    })
}

fn any_suback() -> impl Strategy<Value = Written> {
    let codes = prop::collection::vec(any::<u8>(), 1..12);
    (any::<bool>(), any::<u16>(), shuffled(Vec::new()), codes).prop_map(
        |(subscribed, packet_id, list, codes)| {
            let head = [&packet_id.to_be_bytes()[..], &list].concat();
            let legal_cuts: Vec<usize> = (head.len() + 1..head.len() + codes.len()).collect();
            let body = [head, codes.clone()].concat();
            let (first_byte, meant) = if subscribed {
                (0x90, Incoming::Suback(packet_id, codes))
            } else {
                (0xb0, Incoming::Unsuback(packet_id))
            };
            Written::new(first_byte, body, meant, &legal_cuts)
        },
    )
}

fn any_disconnect() -> impl Strategy<Value = Written> {
    let texts = prop::array::uniform2(prop::option::of(words()));
    let whole = texts.prop_flat_map(|[reason_string, server_reference]| {
        let properties = [
            property(0x1f, reason_string.as_deref().map(text)),
            property(0x1c, server_reference.as_deref().map(text)),
        ];
        let list = shuffled(properties.into_iter().flatten().collect());
        (list, Just(reason_string), Just(server_reference))
    });
    (any::<u8>(), whole).prop_map(|(code, (list, reason_string, server_reference))| {
        let farewell = Farewell { reason_code: Some(code), reason_string, server_reference };
        Written::new(0xe0, [vec![code], list].concat(), Incoming::Disconnect(farewell), &[0, 1])
    })
}

fn any_packet() -> impl Strategy<Value = Written> {
    let pingresp = Just(Written::new(0xd0, Vec::new(), Incoming::Pingresp, &[]));
    prop_oneof![any_connack(), any_publish(), any_ack(), any_suback(), any_disconnect(), pingresp]
}

/// `bytes` in pieces of these sizes, and what is left in one.
pub(super) fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, behind) = rest.split_at(*size.min(&rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    pieces
}

#[test]
fn every_property_but_two_may_stand_in_a_packet_once() {
    let words = || Some("x".to_owned());
    let asked = ConnackProperties {
        server_keep_alive_seconds: Some(1),
        maximum_packet_bytes: Some(1),
        receive_maximum: Some(1),
        maximum_qos: Some(1),
        assigned_client_id: words(),
        reason_string: words(),
        server_reference: words(),
    };
    let all = [written_properties(&asked), others_once()].concat();
    assert_eq!(all.len(), 25);
    for property in all {
        let connack = |times: usize| {
            let body = [vec![0, 0], list(&vec![property.clone(); times])].concat();
            decode(V5, &Written::new(0x20, body, Incoming::Pingresp, &[]).bytes())
        };
        assert!(connack(1).is_ok(), "{property:02x?}");
        assert!(matches!(connack(2), Err(WireError::Malformed { .. })), "{property:02x?}");
    }
}

proptest! {
    #[test]
    fn any_packet_is_read_as_it_was_meant_wherever_it_was_cut(
        packets in prop::collection::vec(any_packet(), 1..6),
        sizes in prop::collection::vec(0_usize..80, 0..60),
    ) {
        let stream: Vec<u8> = packets.iter().flat_map(Written::bytes).collect();
        let meant: Vec<Incoming> = packets.into_iter().map(|packet| packet.meant).collect();
        prop_assert_eq!(decode_within(V5, 1 << 20, cut(&stream, &sizes)), Ok(meant));
    }

    #[test]
    fn a_publish_that_is_skipped_tells_the_same_as_one_that_is_held(
        packets in prop::collection::vec(any_publish(), 1..6),
        sizes in prop::collection::vec(0_usize..80, 0..60),
        limit in 0_usize..400,
    ) {
        let stream: Vec<u8> = packets.iter().flat_map(Written::bytes).collect();
        let meant: Vec<Incoming> = packets.into_iter().map(|packet| packet.meant).collect();
        prop_assert_eq!(decode_within(V5, limit, cut(&stream, &sizes)), Ok(meant));
    }

    #[test]
    fn a_packet_that_was_cut_off_is_a_legal_short_form_or_an_error(packet in any_packet()) {
        for length in 0..packet.body.len() {
            let read = decode_within(V5, 1 << 20, [packet.bytes_cut_to(length)]);
            if packet.legal_cuts.contains(&length) {
                prop_assert_eq!(read.map(|packets| packets.len()), Ok(1), "cut to {}", length);
            } else {
                prop_assert!(matches!(read, Err(WireError::Malformed { .. })), "cut to {}: {:?}", length, read);
            }
        }
    }
}
