//! Attempts in a row, until the broker is back.

use std::time::Duration;

use nwdiag::event::{Phase, StopReason};
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{Action, Behavior, Script, Step, Then, Trigger};

use crate::rig::{Rig, drops, failures, sessions, settings};

#[tokio::test(flavor = "current_thread")]
async fn attempts_are_told_one_by_one_until_the_broker_is_back() {
    let dropping = Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Fin);
    let steps = vec![
        Step::Connection(dropping),
        Step::Closed(Duration::from_millis(100)),
        Step::Connection(Behavior::serving().act(Trigger::on(PacketKind::Subscribe), Action::Fin)),
    ];
    let script = Script { steps, then: Then::Refuse };
    let (rig, run) = Rig::new(script, settings());
    let mut seen = rig.events.clone();
    let watching = async {
        let twice = |events: &Vec<_>| drops(events).len() == 2;
        let events = seen.wait_for(twice).await.expect("the run goes on").clone();
        rig.stop.send(StopReason::Signal).await.expect("the run goes on");
        events
    };
    let (_, events) = tokio::join!(run, watching);
    let failed = failures(&events);
    let numbers: Vec<u32> = failed.iter().filter_map(|failed| failed.attempt_number).collect();
    assert_eq!(numbers, (1..=u32::try_from(failed.len()).unwrap()).collect::<Vec<_>>());
    assert!(failed.iter().all(|failed| failed.phase == Phase::Tcp && failed.next_attempt_seconds.is_some()));
    let connected = sessions(&events);
    assert_eq!((connected[0].attempt_number, connected[0].time_to_reconnect_seconds), (Some(0), None));
    assert_eq!(connected[1].attempt_number, Some(u32::try_from(failed.len()).unwrap() + 1));
    assert!(connected[1].time_to_reconnect_seconds >= Some(0.1));
}
