//! What is missing: beginnings, and what retention took out.

use super::*;
use crate::event::Protocol;

fn up_for(session_seconds: f64, received: u64) -> Event {
    let Event::Sample(sample) = sample(received) else { unreachable!("a sample was made") };
    let (connected, session_seconds) = (Some(true), Some(session_seconds));
    Event::Sample(Box::new(Sample { connected, session_seconds, ..*sample }))
}

fn not_up() -> Event {
    Event::Sample(Box::new(Sample { connected: Some(false), ..Sample::default() }))
}

fn first() -> Event {
    connected(ConnectionKind::Connected, 0, None)
}

#[test]
fn a_pruned_span_is_neither_observed_nor_connected() {
    let pruned = |stamp: i64| {
        vec![
            record(0, 0, start()),
            record(0, 1, first()),
            record(0, 11, up_for(10.0, 5)),
            record(0, stamp, any::pruned(20, 100)),
            record(0, 160, up_for(159.0, 50)),
            record(0, 170, up_for(169.0, 60)),
        ]
    };
    for stamp in [11, 20, 100] {
        let metrics = all(&pruned(stamp), Liveness::Live);
        let observation = &metrics.observation;
        assert_eq!((observation.observed_seconds, observation.connected_seconds), (90.0, 89.0), "{stamp}");
        assert_eq!((metrics.connected, metrics.session_seconds), (true, 169.0));
        assert_eq!(metrics.messages_received, 15, "those of the gap are not known");
        assert_eq!((metrics.connections, observation.interrupted_runs), (1, 0));
        let watched: i64 = metrics.timeline.columns(1).iter().map(|slot| slot.observed_ms).sum();
        assert_eq!(watched, 90_000);
    }
}

#[test]
fn what_was_going_on_before_a_gap_comes_to_no_known_end() {
    let records = [
        record(0, 0, start()),
        record(0, 1, first()),
        record(0, 10, dropped("A", 9.0)),
        record(0, 12, failed(1)),
        record(0, 20, any::pruned(20, 1000)),
        record(0, 1001, not_up()),
        record(0, 1002, failed(9)),
        record(0, 1003, connected(ConnectionKind::Resumed, 10, Some(993.0))),
    ];
    let metrics = all(&records, Liveness::Live);
    assert_eq!(metrics.outages_by_attempts, [1, 0, 0, 0]);
    let [before, after] = &metrics.incidents[..] else { panic!("{:?}", metrics.incidents) };
    assert_eq!((before.recovery.run_over, before.recovery.recovered), (true, None));
    assert_eq!((after.is_drop(), after.recovery.lasted_seconds), (false, 1.0));
    assert_eq!(metrics.observation.observed_seconds, 20.0 + 3.0);
}

#[test]
fn a_journal_without_its_beginning_is_up_as_its_first_sample_says() {
    let up = [record(0, 1000, up_for(900.0, 5000)), record(0, 1060, up_for(960.0, 5001))];
    let metrics = all(&up, Liveness::Live);
    assert_eq!((metrics.connected, metrics.session_seconds), (true, 960.0));
    assert_eq!((metrics.observation.observed_seconds, metrics.observation.connected_seconds), (60.0, 60.0));
    assert_eq!((metrics.connections, metrics.messages_received), (0, 1));
    let down = [record(0, 1000, not_up()), record(0, 1060, not_up())];
    let metrics = all(&down, Liveness::Live);
    assert_eq!((metrics.connected, metrics.observation.connected_seconds), (false, 0.0));
    assert_eq!(metrics.observation.observed_seconds, 60.0);
}

#[test]
fn the_time_before_the_first_word_on_the_session_is_what_that_word_says() {
    let suspended = |told: Event| {
        let records = [record(0, 0, suspend(1.0)), record(0, 50, suspend(10.0)), record(0, 100, told)];
        let observation = all(&records, Liveness::Live).observation;
        (observation.observed_seconds, observation.connected_seconds, observation.suspended_seconds)
    };
    assert_eq!(suspended(up_for(500.0, 0)), (100.0, 89.0, 11.0));
    assert_eq!(suspended(dropped("A", 500.0)), (100.0, 89.0, 11.0));
    assert_eq!(suspended(stop(Some(500.0))), (100.0, 89.0, 11.0));
    assert_eq!(suspended(failed(1)), (100.0, 0.0, 11.0));
    assert_eq!(suspended(first()), (100.0, 0.0, 11.0));
    assert_eq!(suspended(suspend(1.0)), (0.0, 0.0, 0.0), "nothing tells yet");
}

/// What a run writes to a journal that was opened anew.
fn goes_on(at: i64) -> Vec<Observation> {
    let start = Start { continued: true, ..start_of("t", "h", "r") };
    let Event::Connected(session) = first() else { unreachable!("a session was made") };
    let protocol = Some(Protocol::V5);
    let session = Event::Connected(Box::new(Connected { continued: true, protocol, ..*session }));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let length = (at - 1) as f64;
    vec![
        record(0, at, Event::Start(Box::new(start))),
        record(0, at, up_for(length, 7)),
        record(0, at, session),
        record(0, at + 60, up_for(length + 60.0, 9)),
    ]
}

#[test]
fn a_run_that_goes_on_in_a_new_journal_is_one_run_with_one_session() {
    let name = |records: Vec<Observation>| -> Vec<Observation> {
        records.into_iter().map(|record| named("t", "r", record)).collect()
    };
    let begun = Event::Start(Box::new(start_of("t", "h", "r")));
    let old = name(vec![record(0, 0, begun), record(0, 1, first()), record(0, 61, up_for(60.0, 5))]);
    let new = name(goes_on(101));
    let both = all(&[old, new.clone()].concat(), Liveness::Live);
    assert_eq!((both.connections, both.observation.runs, both.recent_connections.len()), (1, 1, 1));
    assert_eq!((both.observation.observed_seconds, both.observation.connected_seconds), (161.0, 160.0));
    assert_eq!((both.messages_received, both.session_seconds), (9, 160.0));
    let alone = all(&new, Liveness::Live);
    assert_eq!((alone.connections, alone.observation.runs, alone.observation.interrupted_runs), (0, 1, 0));
    assert_eq!((alone.connected, alone.session_seconds, alone.messages_received), (true, 160.0, 2));
    assert_eq!((alone.observation.observed_seconds, alone.observation.connected_seconds), (60.0, 60.0));
    assert_eq!(alone.target.map(|target| target.name).as_deref(), Some("t"));
}

#[test]
fn the_session_of_a_reopened_journal_is_known_to_the_drop_that_ends_it() {
    let mut records = goes_on(101);
    records.push(record(0, 200, dropped("A", 199.0)));
    let found = all(&records, Liveness::Live).incidents;
    assert_eq!(found[0].terms.protocol, Some(Protocol::V5));
    assert_eq!(found[0].terms.target.as_ref().map(|target| target.name.as_str()), Some("t"));
}

#[test]
fn a_session_that_goes_on_is_up_but_not_counted_where_the_sample_before_it_was_lost() {
    let mut records = goes_on(101);
    records.remove(1);
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.connections, metrics.recent_connections.len(), metrics.connected), (0, 0, true));
    assert_eq!(metrics.observation.connected_seconds, 60.0);
}
