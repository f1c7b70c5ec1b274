//! What a session has to bear, and how it counts.

use std::time::Duration;

use nwdiag::event::{ClosedBy, Event, Protocol, Qos, SessionDrop};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{
    Action, Behavior, ConnackProperties, Copies, Message, Script, Service, Trigger,
};

use crate::grid::VERSIONS;
use crate::rig::{drops, ending_after, events, filter, session, sessions, settings, speaking};

const SUBSCRIBED: Trigger = Trigger::on(PacketKind::Subscribe);

/// Publishes after the subscription and ends with FIN once `answer` has come so often.
fn publishing(message: Message, answer: PacketKind, answers: u32) -> Behavior {
    Behavior::serving()
        .act(SUBSCRIBED, Action::Publish(message))
        .act(Trigger::on_nth(answer, answers), Action::Fin)
}

/// The one drop of a run in each version.
async fn drops_of(behavior: Behavior, settings: RunSettings) -> Vec<SessionDrop> {
    let mut found = Vec::new();
    for protocol in VERSIONS {
        let settings = speaking(*protocol, ending_after(settings.clone(), 2));
        let events = events(Script::of([behavior.clone()]), settings).await;
        let drops = drops(&events);
        assert_eq!(drops.len(), 1, "{protocol}: {events:?}");
        found.push(drops[0].clone());
    }
    found
}

/// A reset connection has no reading any more, and nothing but time passes before: no packet, no ping, no sample.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "current_thread")]
async fn the_kernel_is_asked_about_a_connection_on_which_nothing_happens() {
    let behavior = Behavior::falling_silent(SUBSCRIBED, Duration::from_millis(1600));
    for drop in drops_of(behavior, settings()).await {
        assert_eq!(drop.closed_by, Some(ClosedBy::PeerReset));
        let age_ms = drop.tcp.and_then(|tcp| tcp.last_data_received_ms);
        assert!(age_ms > Some(500.0), "the reading is from before: {age_ms:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_message_is_answered_and_counted_as_its_qos_says() {
    let at = Message::at;
    let twice = |qos| Message { copies: Copies::Two, ..at(qos) };
    let large = |qos| Message { payload_bytes: 100_000, ..at(qos) };
    let rows = [
        ("QoS 1", at(Qos::AtLeastOnce), PacketKind::Puback, 1, 1),
        ("QoS 1 twice", twice(Qos::AtLeastOnce), PacketKind::Puback, 2, 2),
        ("QoS 2", at(Qos::ExactlyOnce), PacketKind::Pubcomp, 1, 1),
        ("QoS 2 twice", twice(Qos::ExactlyOnce), PacketKind::Pubcomp, 1, 1),
        ("QoS 1 over the limit", large(Qos::AtLeastOnce), PacketKind::Puback, 1, 1),
        ("QoS 2 over the limit", large(Qos::ExactlyOnce), PacketKind::Pubcomp, 1, 1),
    ];
    for (what, message, answer, answers, counted) in rows {
        for drop in drops_of(publishing(message, answer, answers), settings()).await {
            assert_eq!(drop.messages_received, Some(counted), "{what}");
            assert_eq!(drop.closed_by, Some(ClosedBy::PeerClose), "{what}: {}", drop.error_message);
            assert!(drop.bytes_received > Some(message.payload_bytes.try_into().unwrap()), "{what}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_message_over_the_limit_is_passed_over_and_the_session_goes_on() {
    let behavior = Behavior::serving()
        .act(SUBSCRIBED, Action::Publish(Message::sized(3_000_000)))
        .act(Trigger::at_once(), Action::Publish(Message::default()))
        .act(Trigger::at_once(), Action::Fin);
    for drop in drops_of(behavior, settings()).await {
        assert_eq!((drop.messages_received, drop.closed_by), (Some(2), Some(ClosedBy::PeerClose)));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_refused_filter_is_told_and_not_active() {
    let service = Service { refused_filters: vec!["no".to_owned()], ..Service::default() };
    let behavior = Behavior::serving().with(service).act(SUBSCRIBED, Action::Fin);
    let settings = session(|session| session.filters = ["t", "no", "u"].map(filter).to_vec());
    for (protocol, refusal) in [(Protocol::V311, 0x80), (Protocol::V5, 0x87)] {
        let settings = speaking(protocol, ending_after(settings.clone(), 2));
        let events = events(Script::of([behavior.clone()]), settings).await;
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Subscribed(told) => {
                    Some((told.topic.as_str(), told.qos?, told.granted_qos, told.return_code?))
                }
                _ => None,
            })
            .collect();
        assert_eq!(told, [("t", 2, Some(2), 2), ("no", 2, None, refusal), ("u", 2, Some(2), 2)]);
        assert_eq!(drops(&events)[0].active_subscriptions, Some(2));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_connack_announces_is_told_and_obeyed() {
    let connack_properties = ConnackProperties {
        server_keep_alive_seconds: Some(1),
        maximum_packet_bytes: Some(512),
        receive_maximum: Some(3),
        maximum_qos: Some(1),
        assigned_client_id: Some("you".to_owned()),
        reason_string: Some("welcome".to_owned()),
        server_reference: None,
    };
    // A broker that hears nothing for one and a half times its keep-alive sends DISCONNECT before the second ping.
    let behavior = Behavior::serving()
        .announcing(connack_properties)
        .act(Trigger::on_nth(PacketKind::Pingreq, 2), Action::Fin);
    let settings = speaking(Protocol::V5, ending_after(settings(), 2));
    let events = events(Script::of([behavior]), settings).await;
    let connected = sessions(&events)[0];
    assert_eq!((connected.protocol, connected.server_keep_alive_seconds), (Some(Protocol::V5), Some(1)));
    assert_eq!((connected.maximum_packet_bytes, connected.receive_maximum), (Some(512), Some(3)));
    assert_eq!(connected.assigned_client_id.as_deref(), Some("you"));
    assert_eq!(connected.reason_string.as_deref(), Some("welcome"));
    let Event::Subscribed(subscribed) = &events[1] else { panic!("{events:?}") };
    assert_eq!((subscribed.qos, subscribed.granted_qos), (Some(2), Some(1)));
    let drop = drops(&events)[0];
    assert_eq!((drop.closed_by, drop.reason_code), (Some(ClosedBy::PeerClose), None), "{drop:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_whose_bytes_trickle_is_slow_and_not_gone() {
    let service = Service { pace: Some(Duration::from_millis(5)), ..Service::default() };
    let behavior = Behavior::serving()
        .with(service)
        .act(SUBSCRIBED, Action::Publish(Message::default()))
        .act(Trigger::on_nth(PacketKind::Pingreq, 3), Action::Fin);
    let settings = session(|session| session.ping_interval = Duration::from_millis(50));
    for drop in drops_of(behavior, settings).await {
        assert_eq!((drop.closed_by, drop.messages_received), (Some(ClosedBy::PeerClose), Some(1)));
        assert_eq!(drop.ping_rtt_ms.map(|trips| trips.count), Some(3));
    }
}
