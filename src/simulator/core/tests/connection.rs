//! One connection: what comes of packets, of time, and of how the stream ends.

use super::*;
use crate::event::Qos;
use crate::simulator::packet::PacketKind;
use crate::simulator::script::{
    Action, ConnackProperties, DisconnectReason, Message, Messages, Pings, Service, Trigger,
};

use ConnectionInput::{Blocked, Fin, Reset, Writable};
use ConnectionOutput::{Close, ResumeReading, Shutdown, StopReading};

/// Asks for QoS 2 of the filter `t`.
const SUBSCRIBE: &[u8] = b"\x82\x06\0\x01\0\x01t\x02";
const SUBACK: ConnectionOutput = send(b"\x90\x03\0\x01\x02");
const DISCONNECT: &[u8] = b"\xe0\0";

fn after(seconds: u64) -> Trigger {
    Trigger::after(Duration::from_secs(seconds))
}

/// A message of a byte at QoS 0.
fn small() -> Message {
    Message::sized(1)
}

const SMALL: ConnectionOutput = send(b"\x30\x04\0\x01t.");

fn publishing(every_seconds: u64) -> Behavior {
    let mut service = Service::publishing(Duration::from_secs(every_seconds));
    service.messages = service.messages.map(|messages| Messages { message: small(), ..messages });
    Behavior::serving().with(service)
}

#[test]
fn a_client_that_is_silent_for_one_and_a_half_keep_alives_is_closed() {
    let mut driven = Driven::opened(Behavior::serving(), 4, 10);
    assert_eq!(driven.receive(10, PINGREQ), [PINGRESP]);
    assert_eq!(driven.deadline, Some(at(25)));
    assert_eq!(driven.wait(24), []);
    assert_eq!(driven.wait(25), [Shutdown]);
}

#[test]
fn without_a_keep_alive_a_client_may_be_silent_for_ever() {
    assert_eq!(Driven::session(Behavior::serving()).deadline, None);
}

#[test]
fn a_second_connect_ends_the_session() {
    let mut driven = Driven::session(Behavior::serving());
    assert_eq!(driven.receive(1, &connect(4, 0)), [Shutdown]);
}

#[test]
fn messages_do_not_pile_up_while_the_transport_is_full() {
    let mut driven = Driven::session(publishing(1));
    assert_eq!(driven.receive(0, SUBSCRIBE), [SUBACK]);
    assert_eq!(driven.wait(1), [SMALL]);
    assert_eq!(driven.handle(1, Blocked), []);
    (2..100).for_each(|second| assert_eq!(driven.wait(second), []));
    assert_eq!(driven.handle(99, Writable), []);
    assert_eq!(driven.deadline, Some(at(100)));
    assert_eq!(driven.wait(100), [SMALL]);
}

#[test]
fn a_message_and_an_answer_of_one_moment_are_both_sent() {
    let service = Service { pings: Pings::Late(Duration::from_secs(1)), ..publishing(2).service };
    let mut driven = Driven::session(Behavior::serving().with(service));
    driven.receive(0, SUBSCRIBE);
    assert_eq!(driven.receive(1, PINGREQ), []);
    assert_eq!(driven.wait(2), [send(b"\xd0\0\x30\x04\0\x01t.")]);
    assert_eq!(driven.receive(4, SUBSCRIBE), [send(b"\x30\x04\0\x01t.\x90\x03\0\x01\x02")]);
}

#[test]
fn silence_stops_answers_and_messages_but_not_the_acts_after_it() {
    let behavior = publishing(1)
        .act(after(3), Action::Silence)
        .act(after(1), Action::Publish(small()))
        .act(after(1), Action::Rst);
    let mut driven = Driven::opened(behavior, 4, 1);
    assert_eq!(driven.receive(1, SUBSCRIBE), [SUBACK]);
    assert_eq!(driven.receive(2, PINGREQ), [send(b"\x30\x04\0\x01t.\xd0\0")]);
    assert_eq!(driven.wait(3), [StopReading]);
    assert_eq!(driven.receive(3, PINGREQ), []);
    assert_eq!((driven.wait(4), driven.deadline), (vec![SMALL], Some(at(5))));
    assert_eq!((driven.wait(5), driven.deadline), (vec![ConnectionOutput::Reset], None));
}

#[test]
fn the_keep_alive_that_was_announced_is_enforced_and_its_end_explained() {
    let properties = ConnackProperties { server_keep_alive_seconds: Some(4), ..ConnackProperties::default() };
    let behavior = Behavior::serving().announcing(properties);
    let mut driven = Driven::opened(behavior.clone(), 5, 10);
    assert_eq!(driven.deadline, Some(at(6)));
    assert_eq!(driven.wait(6), [send(b"\xe0\x01\x8d"), Shutdown]);
    assert_eq!(Driven::opened(behavior, 4, 10).deadline, Some(at(15)));
}

#[test]
fn no_qos_above_the_announced_one_is_granted_or_taken() {
    let properties = ConnackProperties { maximum_qos: Some(1), ..ConnackProperties::default() };
    let mut driven = Driven::opened(Behavior::serving().announcing(properties), 5, 0);
    assert_eq!(driven.receive(1, b"\x82\x07\0\x01\0\0\x01t\x02"), [send(b"\x90\x04\0\x01\0\x01")]);
    assert_eq!(driven.receive(1, b"\x34\x06\0\x01t\0\x01\0"), [send(b"\xe0\x01\x9b"), Shutdown]);
}

#[test]
fn what_breaks_the_protocol_is_disconnected_with_a_reason_in_the_new_version_only() {
    let rows = [(4, vec![Shutdown]), (5, vec![send(b"\xe0\x01\x81"), Shutdown])];
    for (level, outputs) in rows {
        assert_eq!(Driven::opened(Behavior::serving(), level, 0).receive(1, b"\xd0\0"), outputs);
    }
}

#[test]
fn a_packet_may_come_in_pieces_and_several_at_once() {
    let mut driven = Driven::session(Behavior::serving());
    assert_eq!(driven.receive(1, &SUBSCRIBE[..3]), []);
    assert_eq!(driven.receive(2, &[&SUBSCRIBE[3..], PINGREQ].concat()), [send(b"\x90\x03\0\x01\x02\xd0\0")]);
}

#[test]
fn after_fin_the_socket_is_closed_as_soon_as_the_client_leaves_and_after_five_seconds_at_the_latest() {
    let leaving = Behavior::serving().act(after(1), Action::Fin);
    let mut polite = Driven::session(leaving.clone());
    assert_eq!((polite.wait(1), polite.deadline), (vec![Shutdown], Some(at(6))));
    assert_eq!(polite.receive(2, PINGREQ), []);
    assert_eq!((polite.handle(3, Fin), polite.deadline), (vec![Close], None));
    let mut stubborn = Driven::session(leaving);
    assert_eq!(stubborn.wait(1), [Shutdown]);
    assert_eq!(stubborn.wait(5), []);
    assert_eq!((stubborn.wait(6), stubborn.deadline), (vec![Close], None));
    assert_eq!(stubborn.broker.observed().ended, 1);
}

#[test]
fn fin_waits_until_the_transport_has_taken_all_that_goes_before_it() {
    let disconnect = Action::Disconnect(DisconnectReason::default());
    let mut driven = Driven::session(Behavior::serving().act(after(1), disconnect));
    driven.handle(0, Blocked);
    assert_eq!(driven.wait(1), [StopReading]);
    assert_eq!(driven.broker.observed().ended, 0);
    assert_eq!(driven.handle(9, Writable), [send(b"\xe0\0"), Shutdown, ResumeReading]);
    assert_eq!(driven.broker.observed().ended, 1);
}

#[test]
fn an_rst_does_not_wait_for_a_transport_that_is_full() {
    let behavior = Behavior::serving().act(after(1), Action::Publish(small())).act(after(1), Action::Rst);
    let mut driven = Driven::session(behavior);
    driven.handle(0, Blocked);
    assert_eq!((driven.wait(1), driven.wait(2)), (vec![], vec![ConnectionOutput::Reset]));
}

#[test]
fn a_client_that_leaves_gets_what_was_to_be_sent_and_is_then_over() {
    let mut driven = Driven::session(Behavior::serving());
    driven.connection.handle(at(1), ConnectionInput::Received(PINGREQ));
    assert_eq!(driven.handle(1, Fin), [PINGRESP, Close]);
    assert_eq!((driven.deadline, driven.broker.observed().ended), (None, 1));
    let mut polite = Driven::session(Behavior::serving());
    polite.connection.handle(at(1), ConnectionInput::Received(DISCONNECT));
    assert_eq!(polite.handle(1, Fin), [Shutdown, Close]);
    let mut rude = Driven::session(Behavior::serving());
    rude.connection.handle(at(1), ConnectionInput::Received(PINGREQ));
    assert_eq!(rude.handle(1, Reset), [Close]);
}

#[test]
fn in_silence_nobody_notices_that_the_client_has_left_until_something_is_sent_to_it() {
    let behavior = Behavior::serving()
        .act(after(1), Action::Silence)
        .act(after(10), Action::Publish(small()))
        .act(after(10), Action::Fin);
    for (end, outputs) in [(Fin, vec![send(b"\x30\x13\0\x10nwdiag/simulator.")]), (Reset, vec![Close])] {
        let mut driven = Driven::session(behavior.clone());
        assert_eq!(driven.wait(1), [StopReading]);
        assert_eq!((driven.handle(2, end), driven.deadline), (vec![], Some(at(11))));
        assert_eq!(driven.wait(11), outputs);
    }
}

#[test]
fn a_packet_is_reported_before_it_is_answered() {
    let mut driven = Driven::session(Behavior::serving());
    driven.connection.handle(at(1), ConnectionInput::Received(PINGREQ));
    assert!(matches!(driven.connection.poll(), ConnectionOutput::Report(_)));
    assert_eq!(driven.connection.poll(), PINGRESP);
}

#[test]
fn paced_bytes_leave_one_by_one_and_fin_behind_the_last() {
    let service = Service { pace: Some(Duration::from_secs(1)), ..Service::default() };
    let behavior = Behavior::serving().with(service).act(Trigger::on(PacketKind::Connect), Action::Fin);
    let (mut driven, _) = Driven::accepted(behavior);
    assert_eq!(driven.receive(0, &connect(4, 0)), [send(b"\x20"), StopReading]);
    assert_eq!((driven.wait(1), driven.wait(2)), (vec![send(b"\x02")], vec![send(b"\0")]));
    assert_eq!(driven.wait(3), [send(b"\0"), Shutdown, ResumeReading]);
}

#[test]
fn a_session_of_four_hundred_days_with_a_ping_a_minute_is_served_to_its_end() {
    const DAY: u64 = 86_400;
    const MINUTES: u64 = 400 * DAY / 60;
    let service = Service { messages: publishing(3_600).service.messages, ..Service::default() };
    let behavior = Behavior::serving().with(service).act(after(400 * DAY), Action::Fin);
    let mut driven = Driven::opened(behavior, 4, 60);
    driven.receive(0, SUBSCRIBE);
    let mut messages = 0;
    for minute in 1..MINUTES {
        assert!(driven.deadline >= Some(at(minute * 60)), "nothing is due between two pings");
        messages += u64::from(driven.receive(minute * 60, PINGREQ) != [PINGRESP]);
    }
    assert_eq!(driven.wait(400 * DAY), [Shutdown]);
    let observed = driven.broker.observed();
    assert_eq!((observed.count(PacketKind::Pingreq), observed.ended), (MINUTES - 1, 1));
    assert_eq!(messages, 400 * 24 - 1);
}

#[test]
fn a_message_at_qos_one_is_not_followed_by_more_than_the_client_takes() {
    let message = Message { payload_bytes: 1, ..Message::at(Qos::AtLeastOnce) };
    let messages = Messages { every: Duration::from_secs(1), message };
    let service = Service { messages: Some(messages), ..Service::default() };
    let mut driven = Driven::session(Behavior::serving().with(service));
    driven.receive(0, SUBSCRIBE);
    let sent: usize = (1..100).map(|second| driven.wait(second).len()).sum();
    assert_eq!(sent, 20);
    assert_eq!(driven.receive(100, b"\x40\x02\0\x01"), []);
    assert_eq!(driven.wait(101).len(), 1);
}
