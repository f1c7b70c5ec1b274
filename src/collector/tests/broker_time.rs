//! How long the broker was there, apart from our own waiting between attempts.

use super::*;
use crate::event::ClosedBy;

fn ended(closed_by: ClosedBy, duration: f64, last_received: f64) -> Event {
    let Event::Drop(drop) = dropped("A", duration) else { unreachable!("a drop was made") };
    let (closed_by, last_received_seconds) = (Some(closed_by), Some(last_received));
    Event::Drop(Box::new(SessionDrop { closed_by, last_received_seconds, ..*drop }))
}

fn failed_after(elapsed: f64) -> Event {
    let Event::AttemptFailed(failed) = failed(1) else { unreachable!("a failed attempt was made") };
    Event::AttemptFailed(Box::new(AttemptFailed { elapsed_seconds: Some(elapsed), ..*failed }))
}

fn first() -> Event {
    connected(ConnectionKind::Connected, 0, None)
}

fn again() -> Event {
    connected(ConnectionKind::Resumed, 1, None)
}

/// The share in a run with these events at these seconds.
fn share(events: Vec<(i64, Event)>) -> Option<f64> {
    let records: Vec<Observation> = events.into_iter().map(|(at, event)| record(0, at, event)).collect();
    all(&records, Liveness::Live).broker_availability
}

#[test]
fn a_broker_that_lets_us_in_at_the_first_attempt_was_there_all_the_time() {
    let signs = [ClosedBy::PeerClose, ClosedBy::PeerReset, ClosedBy::PeerDisconnect, ClosedBy::Protocol];
    for closed_by in signs {
        let events = vec![
            (0, start()),
            (0, first()),
            (100, ended(closed_by, 100.0, 60.0)),
            (130, again()),
            (200, sample(0)),
        ];
        assert_eq!(share(events), Some(1.0), "{closed_by}: 30 s of waiting are ours");
    }
}

#[test]
fn it_is_down_from_its_last_sign_of_life_to_the_end_of_the_last_attempt_that_failed() {
    let events = |end: Event| {
        vec![
            (0, start()),
            (0, first()),
            (100, end),
            (102, failed_after(1.0)),
            (112, failed_after(1.0)),
            (200, again()),
            (300, sample(0)),
        ]
    };
    let told = ended(ClosedBy::PeerClose, 100.0, 60.0);
    assert_eq!(share(events(told)), Some(200.0 / 212.0), "88 s of waiting are neither");
    for silent in [ClosedBy::Timeout, ClosedBy::Network] {
        let silent = ended(silent, 100.0, 60.0);
        assert_eq!(share(events(silent)), Some(140.0 / 212.0), "60 s were silent");
    }
}

#[test]
fn a_silence_that_no_attempt_confirmed_is_down_to_its_end_only() {
    let events = vec![
        (0, start()),
        (0, first()),
        (100, ended(ClosedBy::Timeout, 100.0, 63.0)),
        (100, again()),
        (200, sample(0)),
    ];
    assert_eq!(share(events), Some(137.0 / 200.0));
}

#[test]
fn before_the_first_session_it_is_down_from_the_beginning_of_the_first_attempt() {
    let attempts = [(0, start()), (5, failed_after(4.0)), (20, failed_after(2.0))];
    assert_eq!(share(attempts.to_vec()), Some(0.0));
    let mut events = attempts.to_vec();
    events.extend([(50, first()), (69, sample(0))]);
    assert_eq!(share(events), Some(19.0 / (19.0 + 19.0)));
}

#[test]
fn a_sleep_of_this_host_is_no_silence_of_the_broker() {
    let events = vec![
        (0, start()),
        (0, first()),
        (100, suspend(50.0)),
        (103, ended(ClosedBy::Timeout, 103.0, 60.0)),
        (103, again()),
        (150, sample(0)),
    ];
    assert_eq!(share(events), Some(90.0 / 100.0));
    let asleep_between_attempts = vec![
        (0, start()),
        (0, first()),
        (10, ended(ClosedBy::PeerClose, 10.0, 1.0)),
        (70, suspend(58.0)),
        (70, failed_after(1.0)),
        (75, again()),
        (85, sample(0)),
    ];
    assert_eq!(share(asleep_between_attempts), Some(20.0 / 22.0));
}

#[test]
fn what_is_not_known_is_null() {
    assert_eq!(share(Vec::new()), None);
    assert_eq!(share(vec![(0, start())]), None);
    assert_eq!(share(vec![(0, start()), (9, sample(0))]), None, "no session, and no attempt");
}

#[test]
fn a_period_cuts_it() {
    let records: Vec<Observation> = [
        (0, start()),
        (0, first()),
        (100, ended(ClosedBy::Timeout, 100.0, 60.0)),
        (120, failed_after(1.0)),
        (130, again()),
    ]
    .into_iter()
    .map(|(at, event)| record(0, at, event))
    .collect();
    let window = Window { since: Some(wall(50)), until: Some(wall(110)) };
    assert_eq!(fold(window, &records, Liveness::Over).broker_availability, Some(0.0));
    let window = Window { since: Some(wall(20)), until: Some(wall(110)) };
    assert_eq!(fold(window, &records, Liveness::Over).broker_availability, Some(20.0 / 90.0));
}
