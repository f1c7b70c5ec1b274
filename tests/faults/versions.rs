//! Which version is spoken in the end, where the user left that to us, over every transport.

use nwdiag::event::{Event, Protocol, Transport};
use nwdiag::session::settings::{ProtocolChoice, RunSettings};
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{
    Action, Behavior, ConnectReply, Script, SupportedVersions, Then, Trigger, UnsupportedVersionReply,
};

use crate::front::{Entry, Farewell, Manners};
use crate::grid::{EVERYWHERE, FIVE, cells, start};
use crate::rig::{Rig, ending_after, settings};
use crate::table;

/// What a record told: its event, version, code of the error and of CONNACK.
type Told = (&'static str, Protocol, Option<i32>, Option<u8>);

fn told(event: &Event) -> Option<Told> {
    match event {
        Event::AttemptFailed(failed) => {
            Some(("attempt_failed", failed.protocol?, failed.error_code, failed.return_code))
        }
        Event::Connected(connected) => Some(("connected", connected.protocol?, None, connected.return_code)),
        _ => None,
    }
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
            table::print_end("simulator", fault, transport.word(), &serde_json::to_value(failed).unwrap());
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

const OLD: Told = ("connected", Protocol::V311, None, Some(0));
const NEW: Told = ("connected", Protocol::V5, None, Some(0));

fn failed(protocol: Protocol, error_code: i32, return_code: Option<u8>) -> Told {
    ("attempt_failed", protocol, Some(error_code), return_code)
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_knows_only_the_old_version_is_asked_in_that_at_once() {
    let supporting = |reply| {
        let behavior = Behavior::serving().supporting(SupportedVersions::Only311(reply));
        Script::of([behavior]).and_then(Then::Repeat)
    };
    let five = |error_code, return_code| failed(Protocol::V5, error_code, return_code);
    let rows = [
        ("auto: CONNACK 1 of MQTT 3.1.1", UnsupportedVersionReply::Connack311, five(5150, Some(1))),
        ("auto: CONNACK 0x84 of MQTT 5", UnsupportedVersionReply::Connack5, five(5150, Some(0x84))),
        ("auto: FIN instead of CONNACK", UnsupportedVersionReply::Fin, five(1051, None)),
        ("auto: RST instead of CONNACK", UnsupportedVersionReply::Rst, five(1051, None)),
    ];
    for (fault, reply, first) in rows {
        check(fault, supporting(reply), &[first, OLD], &[5, 4]).await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_knows_the_new_version_is_asked_in_that_alone() {
    let only_five = Script::of([Behavior::serving().supporting(SupportedVersions::Only5)]);
    check("auto: MQTT 5", only_five, &[NEW], &[5]).await;
    let refusing = Script::of([Behavior::replying(ConnectReply::Refuse(0x87))]);
    let refused = failed(Protocol::V5, 5150, Some(0x87));
    check("auto: not authorized", refusing, &[refused, NEW], &[5, 5]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_broker_that_closes_on_either_version_is_asked_in_both_in_turn() {
    let closing = Behavior::replying(ConnectReply::Stall).act(Trigger::on(PacketKind::Connect), Action::Fin);
    let script = Script::of([closing.clone(), closing]);
    let closed = |protocol| failed(protocol, 1051, None);
    let expected = [closed(Protocol::V5), closed(Protocol::V311), NEW];
    check("auto: FIN on either version", script, &expected, &[5, 4, 5]).await;
}
