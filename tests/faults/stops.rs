//! A run that is told to stop stops soon, however it stands.

use std::time::Duration;

use nwdiag::event::{Event, StopReason};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{
    Action, Behavior, ConnectReply, Message, Messages, Script, Service, Then, Trigger,
};

use crate::rig::{Rig, settings};

const SOON: Duration = Duration::from_secs(2);

/// What was seen when the run stood as it should.
struct Stood {
    at: &'static str,
    script: Script,
    settings: RunSettings,
    /// How many packets of this kind the broker has got, or how often an event of this name was told.
    once: Once,
    was_connected: Connection,
}

enum Once {
    Seen(PacketKind),
    Told(&'static str),
}

#[derive(PartialEq)]
enum Connection {
    Up,
    Down,
}

async fn check(stood: Stood) {
    let (rig, run) = Rig::new(stood.script, stood.settings);
    let mut told = rig.events.clone();
    let (clock, stop) = (rig.clock, rig.stop.clone());
    let asking = async {
        match stood.once {
            Once::Seen(kind) => drop(rig.simulator.observed_until(|observed| observed.count(kind) > 0).await),
            Once::Told(name) => {
                let found = |events: &Vec<Event>| events.iter().any(|event| event.name() == name);
                drop(told.wait_for(found).await.expect("the run goes on"));
            }
        }
        stop.send(StopReason::Signal).await.expect("the run goes on");
        clock.now()
    };
    let ending = async {
        let reason = run.await;
        (reason, clock.now())
    };
    let (asked, (reason, ended)) = tokio::join!(asking, ending);
    assert_eq!(reason, StopReason::Signal, "{}", stood.at);
    assert!(ended.since(asked) < SOON, "{}: {:?}", stood.at, ended.since(asked));
    let events = rig.events.borrow();
    let Some(Event::Stop(stop)) = events.last() else { panic!("{}: {:?}", stood.at, events.last()) };
    let up = stood.was_connected == Connection::Up;
    assert_eq!(stop.duration_connected_seconds.is_some(), up, "{}", stood.at);
    let Some(Event::Sample(sample)) = events.iter().rev().nth(1) else { panic!("{}", stood.at) };
    assert_eq!(sample.connected, Some(up), "{}", stood.at);
}

fn stood(at: &'static str, behavior: Behavior, once: Once, was_connected: Connection) -> Stood {
    Stood { at, script: Script::of([behavior]), settings: settings(), once, was_connected }
}

#[tokio::test(flavor = "current_thread")]
async fn a_stop_is_soon_over_in_every_state() {
    let stalled = || Behavior::replying(ConnectReply::Stall);
    let silent = Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Silence);
    let flood = Behavior::serving()
        .act(Trigger::on(PacketKind::Subscribe), Action::Publish(Message::sized(50_000_000)))
        .act(Trigger::at_once(), Action::Silence);
    let mut waiting = settings();
    waiting.reconnect.min = Duration::from_mins(1);
    waiting.reconnect.max = Duration::from_mins(1);
    let refusing = Script { steps: Vec::new(), then: Then::Refuse };
    let rows = [
        stood("CONNACK is awaited", stalled(), Once::Seen(PacketKind::Connect), Connection::Down),
        stood("up", Behavior::serving(), Once::Told("subscribed"), Connection::Up),
        stood("up, and the peer reads nothing", silent, Once::Told("subscribed"), Connection::Up),
        stood("up, in a large message", flood, Once::Told("subscribed"), Connection::Up),
        Stood {
            at: "waiting",
            script: refusing,
            settings: waiting,
            once: Once::Told("attempt_failed"),
            was_connected: Connection::Down,
        },
    ];
    for row in rows {
        check(row).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_broker_hears_disconnect_when_we_stop_in_the_middle_of_its_messages() {
    let message = Message::sized(50_000);
    let mut service = Service::publishing(Duration::from_millis(1));
    service.messages = service.messages.map(|messages| Messages { message, ..messages });
    let (rig, run) = Rig::new(Script::of([Behavior::serving().with(service)]), settings());
    let mut told = rig.events.clone();
    let asking = async {
        let up = |events: &Vec<Event>| events.iter().any(|event| event.name() == "subscribed");
        drop(told.wait_for(up).await.expect("the run goes on"));
        rig.stop.send(StopReason::Signal).await.expect("the run goes on");
        rig.simulator.observed_until(|observed| observed.count(PacketKind::Disconnect) == 1).await
    };
    let (_, observed) = tokio::join!(run, asking);
    assert_eq!(observed.count(PacketKind::Disconnect), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_run_that_nobody_can_stop_sleeps_between_its_events() {
    let mut settings = settings();
    settings.limits.duration = Some(Duration::from_millis(300));
    let (rig, run) = Rig::new(Script::of([Behavior::serving()]), settings);
    let Rig { stop, rounds, simulator: _running, .. } = rig;
    drop(stop);
    assert_eq!(run.await, StopReason::Duration);
    assert!(*rounds.borrow() < 100, "{} rounds", *rounds.borrow());
}
