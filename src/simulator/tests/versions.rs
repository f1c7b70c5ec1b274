//! MQTT 5 as a client sees it on the socket, and brokers that know only one of the versions.

use super::*;
use crate::simulator::script::{
    ConnackProperties, DisconnectReason, SupportedVersions, UnsupportedVersionReply,
};

/// CONNECT of MQTT 5 with a receive maximum of 20.
const CONNECT_5: &[u8] = b"\x10\x11\0\x04MQTT\x05\x02\0\x3c\x03\x21\0\x14\0\x01c";
const CONNACK_5: &[u8] = b"\x20\x03\0\0\0";

async fn answered(network: &Network, connect: &[u8], connack: &[u8]) -> Client {
    let mut client = Client::connect(network).await;
    client.send(connect).await;
    client.expect(connack).await;
    client
}

async fn session(network: &Network) -> Client {
    answered(network, CONNECT_5, CONNACK_5).await
}

#[tokio::test(flavor = "current_thread")]
async fn a_good_broker_answers_in_the_version_that_it_was_asked_in() {
    let service = Service { refused_filters: vec!["no".to_owned()], ..Service::default() };
    over_both(Script::of([Behavior::serving().with(service)]), async |network| {
        let mut client = session(network).await;
        client.send(b"\x82\x0c\0\x01\0\0\x01t\x02\0\x02no\x01").await;
        client.expect(b"\x90\x05\0\x01\0\x02\x87").await;
        client.send(b"\x30\x05\0\x01t\0x\x32\x07\0\x01t\0\x07\0x\x34\x07\0\x01t\0\x08\0x").await;
        client.expect(b"\x40\x04\0\x07\x10\0\x50\x04\0\x08\x10\0").await;
        client.send(b"\x62\x03\0\x08\0\xa2\x0a\0\x09\0\0\x01t\0\x02no").await;
        client.expect(b"\x70\x02\0\x08\xb0\x05\0\x09\0\0\x11").await;
        client.send(PINGREQ).await;
        client.expect(PINGRESP).await;
        client.send(b"\xe0\0").await;
        client.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_published_can_be_read_version_by_version() {
    over_both(Script::of([]), async |network| {
        let mut new = session(network).await;
        new.send(b"\x3a\x0a\0\x01t\0\x07\x03\x23\0\x01x").await;
        new.expect(b"\x40\x04\0\x07\x10\0").await;
        let mut old = Client::session(network).await;
        old.send(b"\x32\x06\0\x01u\0\x07x").await;
        old.expect(b"\x40\x02\0\x07").await;
        let observed = network.observed();
        assert_eq!(observed.levels(), [5, 4]);
        let published: Vec<_> = observed
            .publishes()
            .map(|publish| (&*publish.topic, publish.dup, publish.payload_bytes))
            .collect();
        assert_eq!(published, [("t", true, 1), ("u", false, 1)]);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn connack_says_what_the_script_announces_to_those_who_understand_it() {
    let properties = ConnackProperties {
        server_keep_alive_seconds: Some(5),
        maximum_packet_bytes: Some(256),
        receive_maximum: Some(2),
        maximum_qos: Some(1),
        assigned_client_id: Some("you".to_owned()),
        reason_string: Some("hi".to_owned()),
        server_reference: None,
    };
    let behavior = || Behavior::serving().announcing(properties.clone());
    over_both(Script::of([behavior(), behavior()]), async |network| {
        let said = b"\x20\x1b\0\0\x18\x13\0\x05\x27\0\0\x01\0\x21\0\x02\x24\x01\x12\0\x03you\x1f\0\x02hi";
        answered(network, CONNECT_5, said).await.expect_nothing().await;
        answered(network, CONNECT, CONNACK).await.expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_refusal_has_the_code_of_the_version_and_what_else_it_says() {
    let refusing = |code| Behavior::replying(ConnectReply::Refuse(code));
    let moved = || refusing(0x9d).announcing(ConnackProperties::referring_to("b"));
    let busy = || refusing(0x9f).announcing(ConnackProperties::because("no"));
    let rows: [(Behavior, &[u8], &[u8]); 5] = [
        (refusing(5), CONNECT, b"\x20\x02\0\x05"),
        (refusing(5), CONNECT_5, b"\x20\x03\0\x87\0"),
        (refusing(3), CONNECT_5, b"\x20\x03\0\x88\0"),
        (moved(), CONNECT_5, b"\x20\x07\0\x9d\x04\x1c\0\x01b"),
        (busy(), CONNECT_5, b"\x20\x08\0\x9f\x05\x1f\0\x02no"),
    ];
    over_both(Script::of(rows.clone().map(|(behavior, ..)| behavior)), async |network| {
        for (_, connect, connack) in &rows {
            answered(network, connect, connack).await.expect_fin().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_disconnect_says_why_to_those_who_understand_it() {
    let rows: [(DisconnectReason, &[u8]); 4] = [
        (DisconnectReason::default(), b"\xe0\0"),
        (DisconnectReason::code(0x8e), b"\xe0\x01\x8e"),
        (DisconnectReason::code(0x97).because("no"), b"\xe0\x07\x97\x05\x1f\0\x02no"),
        (DisconnectReason::code(0x9c).referring_to("b"), b"\xe0\x06\x9c\x04\x1c\0\x01b"),
    ];
    let leaving = |reason: &DisconnectReason| {
        Behavior::serving().act(Trigger::on(PacketKind::Pingreq), Action::Disconnect(reason.clone()))
    };
    over_both(Script::of(rows.iter().map(|(reason, _)| leaving(reason))), async |network| {
        for (_, bytes) in &rows {
            let mut client = session(network).await;
            client.send(PINGREQ).await;
            client.expect(&[PINGRESP, bytes].concat()).await;
            client.expect_fin().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn messages_have_a_place_for_properties_and_end_where_the_client_refuses_them() {
    let action = Action::Publish(Message { payload_bytes: 1, ..Message::at(Qos::ExactlyOnce) });
    let behavior = Behavior::serving()
        .act(Trigger::on(PacketKind::Subscribe), action.clone())
        .act(Trigger::on(PacketKind::Pubrec), action);
    over_both(Script::of([behavior]), async |network| {
        let mut client = session(network).await;
        client.send(b"\x82\x07\0\x01\0\0\x01t\x02").await;
        client.expect(b"\x90\x04\0\x01\0\x02\x34\x07\0\x01t\0\x01\0.").await;
        client.send(b"\x50\x03\0\x01\x87").await;
        client.expect(b"\x34\x07\0\x01t\0\x02\0.").await;
        client.send(b"\x50\x02\0\x02").await;
        client.expect(b"\x62\x02\0\x02").await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_breaks_the_protocol_is_told_why_it_must_go() {
    over_both(Script::of([]), async |network| {
        let rows: [(&[u8], u8); 3] =
            [(b"\xd0\0", 0x81), (b"\x82\x06\0\x01\0\x01t\x02", 0x81), (CONNECT_5, 0x82)];
        for (bytes, reason_code) in rows {
            let mut client = session(network).await;
            client.send(bytes).await;
            client.expect(&[0xe0, 1, reason_code]).await;
            client.expect_fin().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_of_the_old_version_sends_the_new_one_away_as_its_script_says() {
    let supporting = |reply| Behavior::serving().supporting(SupportedVersions::Only311(reply));
    let answers = [
        UnsupportedVersionReply::Connack311,
        UnsupportedVersionReply::Connack5,
        UnsupportedVersionReply::Fin,
        UnsupportedVersionReply::Rst,
    ];
    let behaviors = answers.map(supporting).into_iter().chain([supporting(UnsupportedVersionReply::Rst)]);
    over_both(Script::of(behaviors), async |network| {
        answered(network, CONNECT_5, b"\x20\x02\0\x01").await.expect_fin().await;
        answered(network, CONNECT_5, b"\x20\x03\0\x84\0").await.expect_fin().await;
        answered(network, CONNECT_5, b"").await.expect_fin().await;
        answered(network, CONNECT_5, b"").await.expect_rst().await;
        answered(network, CONNECT, CONNACK).await.expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_of_the_new_version_sends_the_old_one_away_with_its_code() {
    let behavior = || Behavior::serving().supporting(SupportedVersions::Only5);
    over_both(Script::of([behavior(), behavior()]), async |network| {
        answered(network, CONNECT, b"\x20\x02\0\x01").await.expect_fin().await;
        answered(network, CONNECT_5, CONNACK_5).await.expect_nothing().await;
    })
    .await;
}
