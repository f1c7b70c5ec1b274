//! Each fault as a client sees it, over real sockets and in virtual time: a bare client that writes its packets by hand.

mod client;
mod network;
mod versions;
mod virtual_network;

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;

use self::client::{CONNACK, CONNECT, Client, SUBACK, SUBSCRIBE};
use self::network::{Network, over_both};
use super::Simulator;
use super::packet::{ClientPacket, Connect, PacketKind};
use super::script::{
    Action, BAD_REMAINING_LENGTH, Behavior, ConnectReply, Copies, DisconnectReason, FOREIGN_PACKET,
    HALF_CONNACK, Message, Pings, Script, Service, Step, Then, Trigger,
};
use crate::event::Qos;
use crate::io::clock::Clock;

const PINGREQ: &[u8] = b"\xc0\0";
const PINGRESP: &[u8] = b"\xd0\0";
/// A span of a script that a test measures from below, so that no slow host can spoil it.
const SPAN: Duration = Duration::from_millis(50);
/// A span within which a client connects twice, also on a slow host.
const CLOSED: Duration = Duration::from_millis(250);

fn refusing_then_open(span: Duration) -> Script {
    Script { steps: vec![Step::Closed(span)], then: Then::Serve }
}

#[tokio::test(flavor = "current_thread")]
async fn a_good_broker_answers_connect_subscribe_ping_and_publishes_of_every_qos() {
    let service = Service { refused_filters: vec!["no".to_owned()], ..Service::default() };
    over_both(Script::of([Behavior::serving().with(service)]), async |network| {
        let mut client = Client::session(network).await;
        client.send(b"\x82\x0f\0\x01\0\x01t\x02\0\x02no\0\0\x01u\x00").await;
        client.expect(b"\x90\x05\0\x01\x02\x80\x00").await;
        client.send(b"\x30\x04\0\x01tx\x32\x06\0\x01t\0\x07x\x34\x06\0\x01t\0\x08x").await;
        client.expect(b"\x40\x02\0\x07\x50\x02\0\x08").await;
        client.send(b"\x62\x02\0\x08\xa2\x05\0\x09\0\x01t").await;
        client.expect(b"\x70\x02\0\x08\xb0\x02\0\x09").await;
        client.send(PINGREQ).await;
        client.expect(PINGRESP).await;
        client.send(b"\xe0\0").await;
        client.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn what_clients_did_can_be_waited_for_and_read() {
    over_both(Script::of([Behavior::serving()]), async |network| {
        let mut client = Client::session(network).await;
        client.send(PINGREQ).await;
        drop(client);
        let observed = network.observed_until(|observed| observed.ended == 1).await;
        assert_eq!(
            (observed.accepted, observed.count(PacketKind::Pingreq), observed.count(PacketKind::Publish)),
            (1, 1, 0)
        );
        let told: Vec<_> = observed
            .packets
            .iter()
            .map(|observed| (observed.connection, &*observed.client_id, &observed.packet))
            .collect();
        let connect = Connect {
            level: 4,
            flags: 2,
            keep_alive_seconds: 60,
            client_id: "c".to_owned(),
            ..Connect::default()
        };
        assert_eq!(told, [(1, "c", &ClientPacket::Connect(connect)), (1, "c", &ClientPacket::Pingreq)]);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn messages_come_at_their_interval_on_the_subscribed_topic() {
    let script = Script::of([Behavior::serving().with(Service::publishing(Duration::from_millis(5)))]);
    over_both(script, async |network| {
        let mut client = Client::subscribed(network).await;
        let message = [b"\x30\x23\0\x01t".as_slice(), &[b'.'; 32]].concat();
        client.expect(&message.repeat(3)).await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_session_ends_by_fin_after_a_span_and_by_rst_after_a_packet() {
    let script = Script::of([
        Behavior::serving().act(Trigger::on(PacketKind::Connect).later(SPAN), Action::Fin),
        Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Rst),
        Behavior::serving().act(Trigger::on_nth(PacketKind::Pingreq, 2), Action::Fin),
    ]);
    over_both(script, async |network| {
        Client::session(network).await.expect_fin_after(SPAN).await;
        Client::subscribed(network).await.expect_rst().await;
        let mut pinging = Client::session(network).await;
        pinging.send(PINGREQ).await;
        pinging.expect(PINGRESP).await;
        pinging.expect_nothing().await;
        pinging.send(PINGREQ).await;
        pinging.expect(PINGRESP).await;
        pinging.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn fin_stays_fin_though_the_client_has_sent_what_nobody_read() {
    let silent = Behavior::serving().act(Trigger::on(PacketKind::Connect), Action::Silence);
    over_both(Script::of([silent.act(Trigger::after(SPAN), Action::Fin)]), async |network| {
        let mut client = Client::session(network).await;
        client.send(PINGREQ).await;
        client.expect_fin().await;
        client.send(PINGREQ).await;
        client.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_half_open_connection_answers_nothing_and_is_reset_in_the_end() {
    let script = Script::of([Behavior::falling_silent(Trigger::on(PacketKind::Subscribe), SPAN)]);
    over_both(script, async |network| {
        let mut client = Client::subscribed(network).await;
        client.send(PINGREQ).await;
        client.expect_rst_after(SPAN).await;
        assert_eq!(network.observed().count(PacketKind::Pingreq), 0);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_late_ping_is_answered_after_its_span_while_the_rest_goes_on() {
    let service = Service { pings: Pings::Late(SPAN), ..Service::default() };
    over_both(Script::of([Behavior::serving().with(service)]), async |network| {
        let mut client = Client::session(network).await;
        client.send(&[PINGREQ, SUBSCRIBE].concat()).await;
        client.expect(SUBACK).await;
        client.expect(PINGRESP).await;
        client.expect_elapsed(SPAN);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn bytes_sent_by_an_act_arrive_as_they_are_and_the_session_goes_on() {
    let fault = |bytes: &[u8]| {
        Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Send(bytes.to_vec()))
    };
    over_both(Script::of([fault(&BAD_REMAINING_LENGTH), fault(&FOREIGN_PACKET)]), async |network| {
        for bytes in [BAD_REMAINING_LENGTH.as_slice(), &FOREIGN_PACKET] {
            let mut client = Client::subscribed(network).await;
            client.expect(bytes).await;
            client.send(PINGREQ).await;
            client.expect(PINGRESP).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_disconnect_is_its_two_bytes_then_fin() {
    let script = Script::of([Behavior::serving()
        .act(Trigger::on(PacketKind::Pingreq), Action::Disconnect(DisconnectReason::code(0x8b)))]);
    over_both(script, async |network| {
        let mut client = Client::session(network).await;
        client.send(PINGREQ).await;
        client.expect(b"\xd0\0\xe0\0").await;
        client.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn an_oversized_publish_is_well_formed_and_the_session_goes_on_after_it() {
    /// More than the kernel takes before the client reads.
    const SIZE: usize = 16_000_000;
    let action = Action::Publish(Message::sized(SIZE));
    let script = Script::of([Behavior::serving().act(Trigger::on(PacketKind::Subscribe), action)]);
    over_both(script, async |network| {
        let mut client = Client::subscribed(network).await;
        // 16,000,003 bytes follow the fixed header.
        client.expect(b"\x30\x83\xc8\xd0\x07\0\x01t").await;
        client.expect(&vec![b'.'; SIZE]).await;
        client.send(PINGREQ).await;
        client.expect(PINGRESP).await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn an_act_comes_in_time_though_the_client_does_not_read() {
    let behavior = Behavior::serving()
        .act(Trigger::on(PacketKind::Subscribe), Action::Publish(Message::sized(50_000_000)))
        .act(Trigger::after(SPAN), Action::Rst);
    over_both(Script::of([behavior]), async |network| {
        let client = Client::subscribed(network).await;
        let observed = network.observed_until(|observed| observed.ended == 1).await;
        assert_eq!(observed.count(PacketKind::Subscribe), 1);
        drop(client);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn slow_answers_trickle_byte_by_byte() {
    let service = Service { pace: Some(SPAN), ..Service::default() };
    over_both(Script::of([Behavior::serving().with(service)]), async |network| {
        let mut client = Client::connect(network).await;
        client.send(CONNECT).await;
        for (index, byte) in (0..).zip(CONNACK) {
            client.expect(&[*byte]).await;
            client.expect_elapsed(SPAN * index);
        }
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn before_connack_a_connection_is_closed_stalled_refused_or_given_garbage() {
    let script = Script::of([
        Behavior::serving().act(Trigger::at_once(), Action::Fin),
        Behavior::serving().act(Trigger::at_once(), Action::Rst),
        Behavior::replying(ConnectReply::Stall)
            .act(Trigger::on(PacketKind::Connect).later(SPAN), Action::Fin),
        Behavior::replying(ConnectReply::Refuse(5)),
        Behavior::replying(ConnectReply::Bytes(BAD_REMAINING_LENGTH.to_vec())),
        Behavior::replying(ConnectReply::Bytes(HALF_CONNACK.to_vec())),
    ]);
    over_both(script, async |network| {
        Client::connect(network).await.expect_fin().await;
        Client::connect(network).await.expect_rst().await;
        let mut stalled = Client::connect(network).await;
        stalled.send(CONNECT).await;
        stalled.expect_fin_after(SPAN).await;
        let endings: [&[u8]; 3] = [b"\x20\x02\0\x05", &BAD_REMAINING_LENGTH, &HALF_CONNACK];
        let mut clients = Vec::new();
        for ending in endings {
            let mut client = Client::connect(network).await;
            client.send(CONNECT).await;
            client.expect(ending).await;
            clients.push(client);
        }
        clients[0].expect_fin().await;
        clients[1].expect_nothing().await;
        clients[2].send(PINGREQ).await;
        clients[2].expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_version_that_is_none_is_refused_with_code_one_and_garbage_of_a_client_with_fin() {
    over_both(Script::of([]), async |network| {
        let mut six = Client::connect(network).await;
        six.send(b"\x10\x0e\0\x04MQTT\x06\x02\0\x3c\0\0\x01c").await;
        six.expect(b"\x20\x02\0\x01").await;
        six.expect_fin().await;
        let mut hasty = Client::connect(network).await;
        hasty.send(PINGREQ).await;
        hasty.expect_fin().await;
        let mut broken = Client::session(network).await;
        broken.send(&BAD_REMAINING_LENGTH).await;
        broken.expect_fin().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_closed_port_refuses_and_the_same_port_accepts_again() {
    over_both(refusing_then_open(CLOSED), async |network| {
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
        network.observed_until(|observed| observed.listening).await;
        Client::session(network).await.expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn the_port_is_closed_while_the_connection_before_lasts_and_for_the_span_after_it() {
    let steps = vec![
        Step::Connection(Behavior::serving().act(Trigger::on(PacketKind::Pingreq), Action::Fin)),
        Step::Closed(CLOSED),
        Step::Connection(Behavior::serving().act(Trigger::on(PacketKind::Connect), Action::Rst)),
    ];
    over_both(Script { steps, then: Then::Repeat }, async |network| {
        let mut client = Client::session(network).await;
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
        client.send(PINGREQ).await;
        client.expect(PINGRESP).await;
        client.expect_fin().await;
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
        network.observed_until(|observed| observed.listening).await;
        Client::session(network).await.expect_rst().await;
        let _again = Client::session(network).await;
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn after_the_last_step_a_script_serves_or_refuses_as_it_says() {
    let once = Script::of([Behavior::serving()]);
    over_both(once.clone(), async |network| {
        let _first = Client::session(network).await;
        let _second = Client::session(network).await;
    })
    .await;
    over_both(once.and_then(Then::Refuse), async |network| {
        let mut last = Client::session(network).await;
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
        last.send(PINGREQ).await;
        last.expect(PINGRESP).await;
    })
    .await;
    over_both(Script { then: Then::Repeat, ..refusing_then_open(Duration::ZERO) }, async |network| {
        assert_eq!(network.refusal().await, Some(ErrorKind::ConnectionRefused));
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_qos_one_message_is_sent_once_and_acknowledged() {
    let action = Action::Publish(Message { payload_bytes: 1, ..Message::at(Qos::AtLeastOnce) });
    let script = Script::of([Behavior::serving().act(Trigger::on(PacketKind::Subscribe), action)]);
    over_both(script, async |network| {
        let mut client = Client::subscribed(network).await;
        client.expect(b"\x32\x06\0\x01t\0\x01.").await;
        client.send(b"\x40\x02\0\x01").await;
        let observed = network.observed_until(|observed| observed.count(PacketKind::Puback) == 1).await;
        assert_eq!(observed.count(PacketKind::Subscribe), 1);
        client.expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_qos_two_message_comes_twice_with_dup_and_is_handed_over_once() {
    let message = Message { payload_bytes: 1, copies: Copies::Two, ..Message::at(Qos::ExactlyOnce) };
    let script =
        Script::of([Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Publish(message))]);
    over_both(script, async |network| {
        let mut client = Client::subscribed(network).await;
        client.expect(b"\x34\x06\0\x01t\0\x01.\x3c\x06\0\x01t\0\x01.").await;
        client.send(b"\x50\x02\0\x01\x50\x02\0\x01").await;
        client.expect(b"\x62\x02\0\x01\x62\x02\0\x01").await;
        client.send(b"\x70\x02\0\x01").await;
        let observed = network.observed_until(|observed| observed.count(PacketKind::Pubcomp) == 1).await;
        assert_eq!(observed.count(PacketKind::Pubrec), 2);
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_port_that_does_not_answer_lets_a_connection_request_wait_and_answers_it_later() {
    let script = Script { steps: vec![Step::Unanswering(CLOSED)], then: Then::Serve };
    over_both(script, async |network| {
        let mut client = Client::session(network).await;
        client.expect_elapsed(CLOSED);
        client.expect_nothing().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_the_simulator_closes_the_port_and_every_socket() {
    let silent = Behavior::serving().act(Trigger::on(PacketKind::Connect), Action::Silence);
    let simulator = Simulator::start(Script::of([silent, Behavior::serving()]), Clock::start());
    let simulator = simulator.expect("a free port");
    let address = simulator.address();
    let network = Network::Sockets(simulator);
    let mut half_open = Client::session(&network).await;
    let mut served = Client::session(&network).await;
    drop(network);
    half_open.expect_fin().await;
    served.expect_fin().await;
    let refused = TcpStream::connect(address).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test(flavor = "current_thread")]
async fn a_taken_port_is_an_error_that_names_it() {
    let simulator = Simulator::start(Script::of([]), Clock::start()).expect("a free port");
    let port = simulator.address().port();
    let error = Simulator::start_at(port, Script::of([]), Clock::start()).expect_err("the port is taken");
    assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{port}"));
}
