//! Time up, down, asleep, and in the period.

use super::*;

#[test]
fn time_up_and_down_adds_up() {
    let metrics = all(&example(), Liveness::Live);
    let observation = &metrics.observation;
    assert_eq!((observation.observed_seconds, observation.connected_seconds), (1306.0, 60.0 + 1200.0 + 42.0));
    assert_eq!((metrics.connected, metrics.session_seconds), (true, 42.0));
    assert_eq!(observation.availability(), Some(1302.0 / 1306.0));
}

#[test]
fn the_time_between_runs_is_neither_up_nor_down() {
    let mut records = example();
    records.push(record(5000, 5000, start()));
    records.push(record(5000, 5002, connected(ConnectionKind::Connected, 0, None)));
    records.push(record(5000, 5012, stop(Some(10.0))));
    let metrics = all(&records, Liveness::Over);
    assert_eq!((metrics.observation.runs, metrics.observation.interrupted_runs), (2, 1));
    assert_eq!(metrics.observation.observed_seconds, 1306.0 + 12.0);
    assert_eq!((metrics.connections, metrics.disconnects, metrics.connected), (2, 1, false));
}

#[test]
fn a_suspension_is_neither_up_nor_observed_awake() {
    let records = [
        record(0, 0, start()),
        record(0, 0, connected(ConnectionKind::Connected, 0, None)),
        record(0, 100, suspend(60.0)),
        record(0, 110, dropped("A", 110.0)),
    ];
    let metrics = all(&records, Liveness::Live);
    let observation = &metrics.observation;
    assert_eq!(
        (observation.observed_seconds, observation.suspended_seconds, observation.connected_seconds),
        (110.0, 60.0, 50.0)
    );
    assert_eq!(observation.availability(), Some(1.0));
}

#[test]
fn a_period_counts_its_own_records_and_cuts_time() {
    let window = Window { since: Some(wall(1000)), until: Some(wall(1264)) };
    let metrics = fold(window, &example(), Liveness::Live);
    assert_eq!(
        (metrics.drops, metrics.recovered, metrics.failed_attempts, metrics.connections),
        (1, 0, 1, 0)
    );
    assert_eq!(metrics.sessions.max, Some(1200.0), "a session counts whole");
    assert_eq!(metrics.observation.observed_seconds, 264.0);
    assert_eq!(metrics.observation.connected_seconds, 262.0);
    assert!(!metrics.connected, "the reconnect lies behind the period");
    assert_eq!(metrics.messages_received, 0);
    assert_eq!(metrics.target.map(|target| target.name), Some("t".to_owned()));
}

#[test]
fn a_session_at_the_end_of_a_past_period_is_not_the_current_one() {
    let window = Window { since: None, until: Some(wall(1000)) };
    let mut records = example();
    let metrics = fold(window, &records, Liveness::Live);
    assert_eq!((metrics.connected, metrics.session_seconds), (false, 0.0));
    records.truncate(5);
    assert!(fold(window, &records, Liveness::Live).connected, "nothing lies behind the period yet");
}
