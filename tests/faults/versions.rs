//! Which version is spoken in the end, where the user left that to us, over every transport.

use std::time::Duration;

use nwdiag::event::{Event, FailureKind, Fallback, Protocol, Transport};
use nwdiag::session::settings::{ProtocolChoice, RunSettings};
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{
    Action, Behavior, ConnectReply, Script, SupportedVersions, Then, Trigger, UnsupportedVersionReply,
};

use crate::front::{Entry, Farewell, Manners};
use crate::grid::{EVERYWHERE, FIVE, cells, start};
use crate::rig::{Rig, ending_after, settings};
use crate::table;

/// What a record told: its event, version, code of the error and of CONNACK, and what the version met that was asked
/// before in the same attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    event: &'static str,
    protocol: Protocol,
    error_code: Option<i32>,
    return_code: Option<u8>,
    fallback: Option<(FailureKind, Option<u8>)>,
}

fn told(event: &Event) -> Option<Told> {
    let name = event.name();
    match event {
        Event::AttemptFailed(failed) => Some(Told {
            event: name,
            protocol: failed.protocol?,
            error_code: failed.error_code,
            return_code: failed.return_code,
            fallback: met(failed.fallback.as_ref()),
        }),
        Event::Connected(connected) => Some(Told {
            event: name,
            protocol: connected.protocol?,
            error_code: None,
            return_code: connected.return_code,
            fallback: met(connected.fallback.as_ref()),
        }),
        _ => None,
    }
}

fn met(fallback: Option<&Fallback>) -> Option<(FailureKind, Option<u8>)> {
    let fallback = fallback?;
    assert_eq!(fallback.protocol, Some(Protocol::V5), "{fallback:?}");
    Some((fallback.failure?, fallback.return_code))
}

fn auto(events: u64) -> RunSettings {
    RunSettings { protocol: ProtocolChoice::Auto, ..ending_after(settings(), events) }
}

/// What was told, and the levels of all CONNECTs that the broker saw.
async fn run(transport: Transport, script: Script, settings: RunSettings) -> (Vec<Event>, Vec<u8>) {
    let manners = Manners { transport, entry: Entry::Admit, farewell: Farewell::Fin };
    let (rig, run) = Rig::behind(manners, script, settings);
    run.await;
    let events = rig.events.borrow().clone();
    (events, rig.simulator.observed().levels())
}

fn print(fault: &str, transport: Transport, events: &[Event]) {
    for event in events {
        if let Event::AttemptFailed(failed) = event {
            table::print_end("simulator", fault, transport.as_str(), &serde_json::to_value(failed).unwrap());
        }
    }
}

async fn check(fault: &'static str, script: Script, expected: &[Told], levels: &[u8]) {
    let settings = auto(expected.len().try_into().unwrap());
    let runs = start(cells(EVERYWHERE, FIVE), |cell| run(cell.transport, script.clone(), settings.clone()));
    for (cell, run) in runs {
        let (events, seen) = run.await.unwrap();
        print(fault, cell.transport, &events);
        let told: Vec<Told> = events.iter().filter_map(told).collect();
        assert_eq!(told, expected, "{fault}, {}", cell.transport);
        assert_eq!(seen, levels, "{fault}, {}", cell.transport);
    }
}

const NEW: Told = connected(Protocol::V5, None);

const fn connected(protocol: Protocol, fallback: Option<(FailureKind, Option<u8>)>) -> Told {
    Told { event: "connected", protocol, error_code: None, return_code: Some(0), fallback }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_knows_only_the_old_version_is_asked_in_that_within_the_same_attempt() {
    let speaking = |stranger| {
        let behavior = Behavior::serving().supporting(SupportedVersions::Only311(stranger));
        Script::of([behavior]).and_then(Then::Repeat)
    };
    let rows = [
        (
            "auto: CONNACK 1 of MQTT 3.1.1",
            UnsupportedVersionReply::Connack311,
            FailureKind::ConnackRefused,
            Some(1),
        ),
        (
            "auto: CONNACK 0x84 of MQTT 5",
            UnsupportedVersionReply::Connack5,
            FailureKind::ConnackRefused,
            Some(0x84),
        ),
        (
            "auto: FIN instead of CONNACK",
            UnsupportedVersionReply::Fin,
            FailureKind::ClosedBeforeConnack,
            None,
        ),
        (
            "auto: RST instead of CONNACK",
            UnsupportedVersionReply::Rst,
            FailureKind::ClosedBeforeConnack,
            None,
        ),
    ];
    for (fault, stranger, failure, return_code) in rows {
        let old = connected(Protocol::V311, Some((failure, return_code)));
        check(fault, speaking(stranger), &[old], &[5, 4]).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_knows_the_new_version_is_asked_in_that_alone() {
    let only_five = Script::of([Behavior::serving().supporting(SupportedVersions::Only5)]);
    check("auto: MQTT 5", only_five, &[NEW], &[5]).await;
    let refusing = Script::of([Behavior::replying(ConnectReply::Refuse(0x87))]);
    let refused = Told {
        event: "attempt_failed",
        protocol: Protocol::V5,
        error_code: Some(5150),
        return_code: Some(0x87),
        fallback: None,
    };
    check("auto: not authorized", refusing, &[refused, NEW], &[5, 5]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_closes_on_either_version_is_asked_in_both_in_one_attempt() {
    let closing = Behavior::replying(ConnectReply::Stall).act(Trigger::on(PacketKind::Connect), Action::Fin);
    let script = Script::of([closing.clone(), closing]);
    let closed = Told {
        event: "attempt_failed",
        protocol: Protocol::V311,
        error_code: Some(1051),
        return_code: None,
        fallback: Some((FailureKind::ClosedBeforeConnack, None)),
    };
    check("auto: FIN on either version", script, &[closed, NEW], &[5, 4, 5]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_never_answers_the_new_version_is_asked_in_the_old_one() {
    let stalled = Behavior::replying(ConnectReply::Stall);
    let settings = RunSettings { connect_timeout: Duration::from_secs(2), ..auto(1) };
    let (events, seen) = run(Transport::Tcp, Script::of([stalled]), settings).await;
    let told: Vec<Told> = events.iter().filter_map(told).collect();
    assert_eq!(told, [connected(Protocol::V311, Some((FailureKind::ConnackTimeout, None)))]);
    assert_eq!(seen, [5, 4]);
}
