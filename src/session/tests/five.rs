//! Sessions in MQTT 5: what the broker may say and ask for besides.

use super::*;

fn five() -> RunSettings {
    RunSettings { protocol: ProtocolChoice::Only(Protocol::V5), ..settings() }
}

const ACCEPTED: &[u8] = &[0x20, 3, 0, 0, 0];

/// A session in MQTT 5 whose CONNACK has these properties.
fn connected(settings: RunSettings, properties: &[u8]) -> Rig {
    let mut rig = Rig::new(settings);
    rig.dialled();
    let length = u8::try_from(properties.len()).unwrap();
    rig.bytes(&[&[0x20, 3 + length, 0, 0, length], properties].concat());
    rig
}

#[test]
fn what_the_broker_asks_for_is_recorded_and_obeyed() {
    let asked = [
        &[0x13, 0, 20][..],
        &[0x27, 0, 1, 0, 0],
        &[0x21, 0, 9],
        &[0x12, 0, 2, b'i', b'd'],
        &[0x1f, 0, 2, b'h', b'i'],
    ]
    .concat();
    let mut rig = connected(five(), &asked);
    let Some((_, Event::Connected(told))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!((told.protocol, told.server_keep_alive_seconds), (Some(Protocol::V5), Some(20)));
    assert_eq!((told.maximum_packet_bytes, told.receive_maximum), (Some(65_536), Some(9)));
    assert_eq!((told.assigned_client_id.as_deref(), told.reason_string.as_deref()), (Some("id"), Some("hi")));
    rig.sent.clear();
    rig.pass(20 * SECOND);
    assert_eq!(rig.sent, [0xc0, 0], "a ping within the broker's keep-alive");
    rig.pass(3 * SECOND);
    assert_eq!(rig.last_drop().error_name, "AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT");
}

#[test]
fn a_longer_keep_alive_of_the_broker_or_none_does_not_lengthen_ours() {
    for seconds in [0_u16, 600] {
        let [high, low] = seconds.to_be_bytes();
        let mut rig = connected(five(), &[0x13, high, low]);
        rig.sent.clear();
        rig.pass(60 * SECOND);
        assert_eq!(rig.sent, [0xc0, 0], "{seconds}");
    }
}

#[test]
fn the_brokers_reason_stands_in_the_drop() {
    let properties = [&[0x1f, 0, 4][..], b"bye!", &[0x1c, 0, 2, b'b', b'2']].concat();
    let length = u8::try_from(properties.len()).unwrap();
    let rows = [
        (&[0xe0, 0][..], 0, None, None),
        (&[0xe0, 1, 0x8e], 0x8e, None, None),
        (&[0xe0, 2, 0x8b, 0], 0x8b, None, None),
        (&[&[0xe0, 2 + length, 0x9c, length][..], &properties].concat(), 0x9c, Some("bye!"), Some("b2")),
    ];
    for (bytes, code, reason, server) in rows {
        let mut rig = connected(five(), &[]);
        rig.bytes(bytes);
        let drop = rig.last_drop();
        assert_eq!((drop.error_code, drop.closed_by), (Some(5154), Some(ClosedBy::PeerDisconnect)));
        assert_eq!((drop.reason_code, drop.reason_string.as_deref()), (Some(code), reason));
        assert_eq!((drop.server_reference.as_deref(), drop.protocol), (server, Some(Protocol::V5)));
    }
}

#[test]
fn a_refusal_tells_its_code_its_words_and_where_to_go() {
    let mut rig = Rig::new(five());
    rig.dialled();
    let properties = [&[0x1f, 0, 4][..], b"busy", &[0x1c, 0, 2, b'b', b'2']].concat();
    let length = u8::try_from(properties.len()).unwrap();
    rig.bytes(&[&[0x20, 3 + length, 0, 0x9d, length], &properties[..]].concat());
    let failed = rig.failures()[0];
    assert_eq!((failed.error_code, failed.return_code), (Some(5150), Some(0x9d)));
    assert_eq!(
        (failed.reason_string.as_deref(), failed.server_reference.as_deref()),
        (Some("busy"), Some("b2"))
    );
    assert!(failed.error_message.contains("Server moved"), "{}", failed.error_message);
}

#[test]
fn each_fault_has_its_name_in_version_5() {
    let rows: [(&[u8], i32); 4] = [
        (&[0x30, 0xff, 0xff, 0xff, 0xff], 5149),
        (&[0xc0, 0], 5149),
        (ACCEPTED, 5149),
        (&[0x90, 0xff, 0x7f], 5149),
    ];
    for (bytes, code) in rows {
        let mut rig = connected(five(), &[]);
        rig.bytes(bytes);
        assert_eq!(
            (rig.last_drop().error_code, rig.last_drop().closed_by),
            (Some(code), Some(ClosedBy::Protocol))
        );
    }
    let mut rig = Rig::new(five());
    rig.dialled();
    rig.pass(10 * SECOND);
    assert_eq!(rig.failures()[0].error_code, Some(5151));
}

#[test]
fn no_more_probes_are_out_than_the_broker_takes_and_none_at_a_qos_that_it_does_not() {
    let probe = || super::super::settings::ProbeSettings { topic: "p".to_owned(), interval: SECOND };
    for (properties, published) in [(&[0x21, 0, 3][..], 3), (&[0x24, 0], 0), (&[], 16)] {
        let mut rig = connected(RunSettings { probe: Some(probe()), ..five() }, properties);
        rig.pass(50 * SECOND);
        assert_eq!(rig.run.totals().messages_published, published, "{properties:02x?}");
    }
}

/// SUBSCRIBE to `a` takes 9 bytes, a probe 9.
#[test]
fn nothing_goes_out_that_is_larger_than_the_broker_takes() {
    let probe = super::super::settings::ProbeSettings { topic: "p".to_owned(), interval: SECOND };
    for (largest, subscribed, published) in [(8, false, 0), (9, true, 1)] {
        let settings = RunSettings { protocol: five().protocol, ..subscribing(&["a"]) };
        let settings = RunSettings { probe: Some(probe.clone()), ..settings };
        let mut rig = connected(settings, &[0x27, 0, 0, 0, largest]);
        let subscribe: &[u8] = &[0x82, 7, 0, 1, 0, 0, 1, b'a', 1];
        assert_eq!(rig.sent.ends_with(subscribe), subscribed, "{largest}: {:02x?}", rig.sent);
        rig.bytes(&[0x90, 4, 0, 1, 0, 1]);
        assert_eq!(rig.run.totals().messages_published, published, "{largest}");
        rig.pass(40 * SECOND);
        assert!(rig.drops().is_empty(), "{largest}: {:?}", rig.drops());
    }
}

#[test]
fn a_broker_that_kept_the_session_but_takes_less_gets_no_more_at_once() {
    let probe = super::super::settings::ProbeSettings { topic: "p".to_owned(), interval: 20 * SECOND };
    for (properties, again) in [(&[0x21, 0, 2][..], 2), (&[0x24, 0], 0), (&[], 5)] {
        let mut rig = connected(RunSettings { probe: Some(probe.clone()), ..five() }, &[]);
        rig.pass_answered(80 * SECOND);
        rig.end(StreamEnd::Fin);
        rig.pass(SECOND);
        let before = rig.run.totals().messages_published;
        rig.dialled();
        let length = u8::try_from(properties.len()).unwrap();
        rig.bytes(&[&[0x20, 3 + length, 1, 0, length], properties].concat());
        assert_eq!((before, rig.run.totals().messages_published), (5, 5 + again), "{properties:02x?}");
    }
}

#[test]
fn no_probe_is_made_for_a_broker_that_takes_none() {
    let probe = super::super::settings::ProbeSettings { topic: "p".to_owned(), interval: 10 * SECOND };
    let mut rig = connected(RunSettings { probe: Some(probe), ..five() }, &[]);
    rig.bytes(&[0x40, 2, 0, 2]);
    rig.end(StreamEnd::Fin);
    rig.pass(5 * SECOND);
    rig.dialled();
    rig.bytes(&[0x20, 5, 0, 0, 2, 0x24, 0]);
    rig.pass(40 * SECOND);
    rig.end(StreamEnd::Fin);
    assert_eq!((rig.drops().len(), rig.last_drop().queued_commands), (2, Some(0)));
}
