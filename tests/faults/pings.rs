//! Pings: how a silent broker is noticed, and what counts as its answer.

use std::time::Duration;

use nwdiag::event::{ClosedBy, Event, Protocol, SessionDrop};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{Action, Behavior, Pings, Script, Service, Trigger};

use crate::grid::VERSIONS;
use crate::rig::{PING_INTERVAL, PING_TIMEOUT, drops, ending_after, events, names, session, speaking};

const SUBSCRIBED: Trigger = Trigger::on(PacketKind::Subscribe);

fn only_drop(fault: &str, events: &[Event]) -> SessionDrop {
    assert_eq!(names(events).first(), Some(&"connected"), "{fault}");
    let drops = drops(events);
    assert_eq!(drops.len(), 1, "{fault}: {events:?}");
    drops[0].clone()
}

/// A run that pings soon, and ends after so many events.
fn pinging(protocol: Protocol, events: u64) -> RunSettings {
    let settings = session(|session| {
        session.ping_interval = PING_INTERVAL;
        session.ping_timeout = PING_TIMEOUT;
    });
    speaking(protocol, ending_after(settings, events))
}

#[tokio::test(flavor = "current_thread")]
async fn a_half_open_connection_is_noticed_within_interval_and_answer_time() {
    let behavior = Behavior::serving().act(SUBSCRIBED, Action::Silence);
    let events = events(Script::of([behavior]), pinging(Protocol::V5, 2)).await;
    let drop = only_drop("half-open", &events);
    assert_eq!(drop.closed_by, Some(ClosedBy::Timeout));
    assert_eq!(drop.last_sent_packet.as_deref(), Some("PINGREQ"));
    assert!(drop.unanswered_ping_seconds >= Some(PING_TIMEOUT.as_secs_f64()));
    // A second more than the bound is what a person would notice.
    let bound = (PING_INTERVAL + PING_TIMEOUT).as_secs_f64() + 1.0;
    assert!(drop.last_received_seconds.unwrap() < bound, "{drop:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn other_traffic_answers_no_ping() {
    let service = Service { pings: Pings::Unanswered, ..Service::publishing(Duration::from_millis(10)) };
    let events = events(Script::of([Behavior::serving().with(service)]), pinging(Protocol::V311, 2)).await;
    let drop = only_drop("messages but no PINGRESP", &events);
    assert_eq!(drop.closed_by, Some(ClosedBy::Timeout));
    assert!(drop.messages_received > Some(0));
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_that_comes_late_is_told_beside_the_next_session() {
    let late = PING_TIMEOUT * 2;
    let service = Service { pings: Pings::Late(late), ..Service::default() };
    for protocol in VERSIONS {
        let script = Script::of([Behavior::serving().with(service.clone())]);
        let events = events(script, pinging(*protocol, 4)).await;
        let counted: Vec<_> = names(&events).into_iter().filter(|name| *name != "subscribed").collect();
        assert_eq!(counted, ["connected", "drop", "connected", "late_answer"], "{protocol}");
        let Some(Event::LateAnswer(answer)) = events.last() else { panic!("{events:?}") };
        assert!(answer.seconds >= late.as_secs_f64());
    }
}
