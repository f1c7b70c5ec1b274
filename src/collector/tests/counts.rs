//! What is counted.

use super::*;
use crate::collector::metrics::ATTEMPT_BUCKETS;

#[test]
fn an_empty_journal_has_empty_numbers() {
    assert_eq!(all(&[], Liveness::Over), Metrics::default());
}

#[test]
fn connections_drops_and_attempts_are_counted_as_the_contract_says() {
    let metrics = all(&example(), Liveness::Live);
    assert_eq!((metrics.connections, metrics.drops, metrics.recovered), (1, 2, 2));
    assert_eq!((metrics.reconnect_attempts, metrics.failed_attempts), (3, 1));
    assert_eq!(metrics.failed_attempts_by_phase, [(Phase::Tcp, 1)].into());
    assert_eq!(metrics.outages_by_attempts, [1, 1, 0, 0]);
    assert_eq!(metrics.drops_by_error, [("A".to_owned(), 1), ("B".to_owned(), 1)]);
    assert_eq!(
        (metrics.sessions.min, metrics.sessions.max, metrics.sessions.mean),
        (Some(60.0), Some(1200.0), Some(630.0))
    );
    assert_eq!(metrics.recent_sessions, [60.0, 1200.0]);
    assert_eq!((metrics.reconnects.mean, metrics.reconnects.max), (Some(1.5), Some(2.0)));
    assert_eq!((metrics.last_drop, metrics.last_connect), (Some(wall(1262)), Some(wall(1264))));
    assert_eq!((metrics.messages_received, metrics.ping_rtt.count), (9, 4));
}

#[test]
fn attempts_before_the_first_connection_are_no_reconnects() {
    let records = [
        record(0, 0, start()),
        record(0, 1, failed(1)),
        record(0, 2, failed(2)),
        record(0, 3, connected(ConnectionKind::Connected, 3, None)),
    ];
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.failed_attempts, metrics.reconnect_attempts, metrics.recovered), (2, 0, 0));
    assert_eq!(metrics.outages_by_attempts, [0; 4]);
    assert_eq!(metrics.observation.connected_seconds, 0.0);
}

#[test]
fn an_outage_that_is_not_over_counts_its_attempts_so_far() {
    let mut records = example();
    records.push(record(0, 1400, dropped("A", 136.0)));
    assert_eq!(all(&records, Liveness::Live).outages_by_attempts, [2, 1, 0, 0]);
    (1..=7).for_each(|attempt| records.push(record(0, 1400 + i64::from(attempt), failed(attempt))));
    assert_eq!(all(&records, Liveness::Live).outages_by_attempts, [1, 1, 1, 0]);
    records.push(record(0, 1500, stop(None)));
    assert_eq!(all(&records, Liveness::Over).outages_by_attempts, [1, 1, 1, 0]);
    records.push(record(2000, 2000, start()));
    assert_eq!(all(&records, Liveness::Live).outages_by_attempts, [1, 1, 1, 0]);
}

#[test]
fn records_lost_are_summed() {
    let mut records = example();
    records[3].records_lost = 2;
    records[5].records_lost = 3;
    assert_eq!(all(&records, Liveness::Live).observation.records_lost, 5);
}

#[test]
fn appliances_are_counted_in_their_period_and_not_against_a_connection_that_was_silent_itself() {
    let silent = |at| record(0, at, asked(1, false, Some(false)));
    let mut records =
        vec![record(0, 0, start()), record(0, 1, connected(ConnectionKind::Connected, 0, None))];
    records.extend([record(0, 10, asked(1, true, None)), silent(310), silent(610)]);
    let mut drop = serde_json::from_str::<SessionDrop>(r#"{"error_name":"A"}"#).unwrap();
    drop.last_received_seconds = Some(60.0);
    records.push(record(0, 640, Event::Drop(Box::new(drop))));
    let told = all(&records, Liveness::Live).devices;
    assert_eq!((told.len(), told[0].asked, told[0].undecided, told[0].unanswered()), (1, 3, 1, 1));
    let window = Window { since: Some(wall(300)), until: Some(wall(600)) };
    let told = fold(window, &records, Liveness::Live).devices;
    assert_eq!((told[0].asked, told[0].undecided, told[0].unanswered()), (1, 0, 1));
}

#[test]
fn numbers_that_no_run_can_have_break_nothing() {
    let far = |run_seconds, event| Observation { run_seconds: Some(run_seconds), ..record(0, 0, event) };
    let trips = RoundTrips {
        min: Some(-1e300),
        mean: Some(1e300),
        max: Some(1e300),
        count: u64::MAX,
        ..RoundTrips::default()
    };
    let sample = Event::Sample(Box::new(Sample { ping_rtt_ms: Some(trips), ..Sample::default() }));
    let mut records = vec![far(-1e300, start())];
    for _ in 0..3 {
        records.push(far(-1e300, connected(ConnectionKind::Connected, 0, Some(1e300))));
        records.push(far(1e300, dropped("A", 1e300)));
        let text = r#"{"error_name":"A","closed_by":"timeout","last_received_seconds":1e300}"#;
        records.push(far(1e300, Event::Drop(Box::new(serde_json::from_str::<SessionDrop>(text).unwrap()))));
        records.push(far(1e300, asked(1, false, None)));
        records.push(Observation { records_lost: u64::MAX, ..far(1e300, sample.clone()) });
        records.push(far(-1e300, suspend(1e300)));
    }
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.drops, metrics.observation.records_lost), (6, u64::MAX));
    assert!(metrics.observation.connected_seconds <= metrics.observation.observed_seconds);
}

#[test]
fn each_edge_of_the_attempt_buckets_falls_on_its_side() {
    let rows = [(1, "1"), (2, "2-5"), (5, "2-5"), (6, "6-10"), (10, "6-10"), (11, "11+")];
    for (attempts, bucket) in rows {
        let mut records = vec![
            record(0, 0, start()),
            record(0, 1, connected(ConnectionKind::Connected, 0, None)),
            record(0, 61, dropped("A", 60.0)),
        ];
        let expected = ATTEMPT_BUCKETS.map(|name| u64::from(name == bucket));
        (1..attempts).for_each(|attempt| records.push(record(0, 62 + i64::from(attempt), failed(attempt))));
        let mut lasting = records.clone();
        lasting.push(record(0, 99, failed(attempts)));
        assert_eq!(all(&lasting, Liveness::Live).outages_by_attempts, expected, "{attempts} so far");
        records.push(record(0, 99, connected(ConnectionKind::Resumed, attempts, Some(38.0))));
        assert_eq!(all(&records, Liveness::Live).outages_by_attempts, expected, "{attempts} in all");
    }
}
