//! When attempts come after a drop, and how the journal tells our own waiting from the broker's outage.

use super::*;
use crate::event::{AddressLost, FailureKind};

/// A session of this length, lost.
fn lose(rig: &mut Rig, length: Duration) {
    rig.connect();
    rig.pass_answered(length);
    rig.end(StreamEnd::Fin);
}

/// A restart of 2 s is seen as one: the first attempt finds the port closed, the next one the broker.
#[test]
fn the_first_attempt_after_a_drop_comes_at_once_however_short_the_session_was() {
    for length in [Duration::ZERO, SECOND / 10, 5 * SECOND, 29 * SECOND, 30 * SECOND, 3600 * SECOND] {
        let mut rig = Rig::new(settings());
        lose(&mut rig, length);
        let dials = rig.dials.len();
        rig.pass(Duration::ZERO);
        assert_eq!(rig.dials.len(), dials + 1, "{length:?}");
    }
}

#[test]
fn a_broker_that_accepts_and_closes_is_not_stormed() {
    let mut rig = Rig::new(settings());
    let mut dialled_at = Vec::new();
    while rig.now.since_start() < 3600 * SECOND {
        if rig.dials.len() > dialled_at.len() {
            dialled_at.push(rig.now.since_start());
            rig.connect();
            rig.end(StreamEnd::Fin);
        }
        rig.pass(SECOND / 10);
    }
    let early = |span: Duration| dialled_at.iter().filter(|at| **at <= span).count();
    assert!((6..=7).contains(&early(SECOND)), "the first of the run, and five in a row: {dialled_at:?}");
    let at_once = 5 + 3600 / 20;
    assert!(dialled_at.len() < at_once + 60, "{} connections in an hour", dialled_at.len());
    let within_a_minute =
        |from: &Duration| dialled_at.iter().filter(|at| **at >= *from && **at < *from + 60 * SECOND).count();
    let busiest = dialled_at.iter().map(within_a_minute);
    assert!(busiest.max() < Some(30), "far from a reconnect storm in any minute");
}

#[test]
fn a_broker_that_asks_for_patience_gets_it() {
    for (code, at_once) in [(0x8b, true), (0x8e, false), (0x97, false)] {
        let mut rig = Rig::new(RunSettings { protocol: ProtocolChoice::Only(Protocol::V5), ..settings() });
        rig.dialled();
        rig.bytes(&[0x20, 3, 0, 0, 0]);
        rig.pass_answered(100 * SECOND);
        rig.bytes(&[0xe0, 1, code]);
        let wait = rig.until_dial();
        assert_eq!(wait < SECOND, at_once, "{code:#x}: {wait:?}");
    }
}

#[test]
fn where_the_user_chose_the_client_id_a_short_session_is_followed_by_a_pause() {
    for (chosen, length, at_once) in [(true, 5, false), (true, 29, false), (true, 30, true), (false, 5, true)]
    {
        let mut settings = settings();
        settings.target.client_id_chosen = Some(chosen);
        let mut rig = Rig::new(settings);
        lose(&mut rig, length * SECOND);
        let wait = rig.until_dial();
        assert_eq!(wait < SECOND, at_once, "chosen: {chosen}, {length} s: {wait:?}");
    }
}

#[test]
fn outage_and_our_own_waiting_are_told_apart() {
    let mut rig = Rig::new(settings());
    lose(&mut rig, 100 * SECOND);
    rig.pass(Duration::ZERO);
    rig.pass(3 * SECOND);
    rig.refuse();
    let first = rig.failures()[0].clone();
    assert_eq!((first.attempt_number, first.waited_seconds), (Some(1), Some(0.0)));
    let wait = rig.until_dial().as_secs_f64();
    assert!((first.next_attempt_seconds.unwrap() - wait).abs() < 0.1);
    rig.pass(4 * SECOND);
    rig.refuse();
    let second = rig.failures()[1].clone();
    assert_eq!((second.attempt_number, second.waited_seconds), (Some(2), first.next_attempt_seconds));
    let waited = wait + rig.until_dial().as_secs_f64();
    rig.pass(2 * SECOND);
    rig.connect();
    let Some((_, Event::Connected(back))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert!((back.waited_seconds.unwrap() - waited).abs() < 0.1, "{waited}: {back:?}");
    let tried = back.time_to_reconnect_seconds.unwrap() - back.waited_seconds.unwrap();
    assert!((tried - 9.0).abs() < 0.1, "{tried} s of trying");
    assert_eq!(back.attempt_number, Some(3));
}

#[test]
fn a_first_connection_tells_our_waiting_since_the_run_began() {
    let mut rig = Rig::new(settings());
    rig.pass(SECOND);
    rig.refuse();
    let waited = rig.until_dial().as_secs_f64();
    rig.connect();
    let Some((_, Event::Connected(first))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!((first.time_to_reconnect_seconds, first.attempt_number), (None, Some(2)));
    assert!((first.waited_seconds.unwrap() - waited).abs() < 0.1, "{first:?}");
}

#[test]
fn a_connection_without_a_retry_waited_for_nothing() {
    let rig = Rig::connected(settings());
    let Some((_, Event::Connected(first))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!(first.waited_seconds, Some(0.0));
}

#[test]
fn the_addresses_that_an_attempt_lost_stand_in_its_record_whatever_came_of_it() {
    let lost = vec![AddressLost {
        address: "[2001:db8::1]:1883".to_owned(),
        failure: Some(FailureKind::NetworkUnreachable),
    }];
    let dialled = Dialled {
        phases: Phases::default(),
        local_address: "127.0.0.1:2".to_owned(),
        peer_address: "127.0.0.1:1".to_owned(),
        addresses_lost: lost.clone(),
        clock_offset: None,
        learned: None,
    };
    let mut rig = Rig::new(settings());
    rig.fail(DialError {
        addresses_lost: lost.clone(),
        ..DialError::new(Phase::Tcp, Failure::ConnackMissing(SECOND))
    });
    rig.until_dial();
    rig.dialled_as(dialled.clone());
    rig.end(StreamEnd::Fin);
    rig.until_dial();
    rig.dialled_as(dialled);
    rig.bytes(CONNACK);
    let told: Vec<_> = rig
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::AttemptFailed(failed) => Some(&failed.addresses_lost),
            Event::Connected(connected) => Some(&connected.addresses_lost),
            _ => None,
        })
        .collect();
    assert_eq!(told, [&lost; 3]);
}
