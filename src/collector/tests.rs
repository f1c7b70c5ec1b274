//! The numbers of the export, on small journals.
#![expect(clippy::float_cmp, reason = "sums of whole microseconds are exact")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::clock::Window;
use super::devices::DeviceMetrics;
use super::metrics::{ATTEMPT_BUCKETS, Metrics};
use super::*;
use crate::event::{
    AttemptFailed, Connected, ConnectionKind, DeviceProbe, Environment, EnvironmentKind, Event, Phase,
    RoundTrips, Sample, SessionDrop, Start, Stop, StopReason,
};

const EPOCH: i64 = 1_790_000_000;

fn wall(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(EPOCH + seconds, 0).unwrap()
}

/// A record at `seconds` of the wall clock in a run that began at `start`.
fn record(start: i64, seconds: i64, event: Event) -> Record {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let run_seconds = Some((seconds - start) as f64);
    Record { run_seconds, ..Record::at(wall(seconds), event) }
}

fn start() -> Event {
    Event::Start(Box::new(Start {
        v: 1,
        run: String::new(),
        continued: false,
        version: String::new(),
        pid: 1,
        host: String::new(),
        time_zone: String::new(),
        target: TargetFacts { name: "t".to_owned(), ..TargetFacts::default() },
    }))
}

fn connected(kind: ConnectionKind, attempt_number: u32, outage: Option<f64>) -> Event {
    Event::Connected(Box::new(Connected {
        attempt_number: Some(attempt_number),
        time_to_reconnect_seconds: outage,
        ..Connected::new(kind)
    }))
}

fn dropped(name: &'static str, duration: f64) -> Event {
    let text = format!(r#"{{"error_name":"{name}","duration_connected_seconds":{duration}}}"#);
    Event::Drop(Box::new(serde_json::from_str::<SessionDrop>(&text).unwrap()))
}

fn failed(attempt: u32) -> Event {
    let text = format!(r#"{{"attempt_number":{attempt},"phase":"tcp","error_name":"REFUSED"}}"#);
    Event::AttemptFailed(Box::new(serde_json::from_str::<AttemptFailed>(&text).unwrap()))
}

fn sample(received: u64) -> Event {
    let trips = RoundTrips {
        last: Some(2.0),
        min: Some(1.0),
        mean: Some(1.5),
        max: Some(2.0),
        count: 2,
        values: vec![1.0, 2.0],
    };
    Event::Sample(Box::new(Sample {
        messages_received: Some(received),
        ping_rtt_ms: Some(trips),
        ..Sample::default()
    }))
}

fn stop(duration: Option<f64>) -> Event {
    Event::Stop(Stop { duration_connected_seconds: duration, ..Stop::new(StopReason::Signal) })
}

/// The appliance of this number was asked.
fn asked(number: u8, answered: bool, cloud_connected: Option<bool>) -> Event {
    let device = format!("aa...ee{number:02}");
    let rtt_ms = answered.then_some(400.0);
    let answered = Some(answered);
    Event::Device(DeviceProbe { device, answered, rtt_ms, cloud_connected, ..DeviceProbe::default() })
}

fn suspend(seconds: f64) -> Event {
    Event::Environment(Environment { seconds: Some(seconds), ..Environment::new(EnvironmentKind::Suspend) })
}

/// Two drops: one healed by the first attempt, one after a failed attempt. The example of export.md.
fn example() -> Vec<Record> {
    use ConnectionKind::{Connected, Resumed};
    vec![
        record(0, 0, start()),
        record(0, 1, connected(Connected, 0, None)),
        record(0, 61, sample(5)),
        record(0, 61, dropped("A", 60.0)),
        record(0, 62, connected(Resumed, 1, Some(1.0))),
        record(0, 1262, dropped("B", 1200.0)),
        record(0, 1263, failed(1)),
        record(0, 1264, connected(Resumed, 2, Some(2.0))),
        record(0, 1306, sample(9)),
    ]
}

fn fold(window: Window, records: &[Record], liveness: Liveness) -> Metrics {
    let mut collector = Collector::new(window, RECENT);
    for record in records {
        collector.record(record);
    }
    collector.metrics(liveness)
}

fn all(records: &[Record], liveness: Liveness) -> Metrics {
    fold(Window::default(), records, liveness)
}

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
fn time_up_and_down_adds_up() {
    let metrics = all(&example(), Liveness::Live);
    let observation = &metrics.observation;
    assert_eq!((observation.observed_seconds, observation.connected_seconds), (1306.0, 60.0 + 1200.0 + 42.0));
    assert_eq!((metrics.connected, metrics.session_seconds), (true, 42.0));
    assert_eq!(observation.availability(), Some(1302.0 / 1306.0));
}

#[test]
fn a_run_without_a_stop_is_live_or_interrupted() {
    let live = all(&example(), Liveness::Live);
    let over = all(&example(), Liveness::Over);
    assert_eq!((live.observation.interrupted_runs, live.connected), (0, true));
    assert_eq!((over.observation.interrupted_runs, over.connected, over.session_seconds), (1, false, 0.0));
    assert_eq!(over.observation.connected_seconds, live.observation.connected_seconds);
    assert_eq!(over.sessions.count, 2, "the session that was cut off is in no statistics");
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

#[test]
fn numbers_that_no_run_can_have_break_nothing() {
    let far = |run_seconds, event| Record { run_seconds: Some(run_seconds), ..record(0, 0, event) };
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
        records.push(Record { records_lost: u64::MAX, ..far(1e300, sample.clone()) });
        records.push(far(-1e300, suspend(1e300)));
    }
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.drops, metrics.observation.records_lost), (6, u64::MAX));
    assert!(metrics.observation.connected_seconds <= metrics.observation.observed_seconds);
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
fn records_lost_are_summed() {
    let mut records = example();
    records[3].records_lost = 2;
    records[5].records_lost = 3;
    assert_eq!(all(&records, Liveness::Live).observation.records_lost, 5);
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(start()),
        (0_u32..20).prop_map(|n| connected(ConnectionKind::Resumed, n, Some(1.5))),
        Just(connected(ConnectionKind::Connected, 0, None)),
        (0.0..1e6).prop_map(|duration| dropped("A", duration)),
        (0_u32..20).prop_map(failed),
        (0_u64..1000).prop_map(sample),
        Just(stop(Some(1.0))),
        (0.0..1e5).prop_map(suspend),
        (0_u8..3, any::<bool>(), any::<Option<bool>>())
            .prop_map(|(number, answered, cloud)| asked(number, answered, cloud)),
    ]
}

proptest! {
    #[test]
    fn no_order_of_records_panics_or_makes_impossible_numbers(
        events in prop::collection::vec((-100_i64..10_000, any_event()), 0..80), since in 0_i64..10_000, length in 0_i64..10_000,
    ) {
        let records: Vec<Record> = events.into_iter().map(|(at, event)| record(0, at, event)).collect();
        let narrow = Window { since: Some(wall(since)), until: Some(wall(since + length)) };
        for window in [Window::default(), narrow] {
            for liveness in [Liveness::Live, Liveness::Over] {
                let metrics = fold(window, &records, liveness);
                let observation = &metrics.observation;
                prop_assert!(observation.connected_seconds <= observation.observed_seconds);
                prop_assert!(observation.availability().is_none_or(|share| (0.0..=1.0).contains(&share)));
                prop_assert_eq!(metrics.outages_by_attempts.iter().sum::<u64>(), metrics.drops);
                prop_assert_eq!(metrics.sessions.count, metrics.drops);
                prop_assert!(observation.interrupted_runs <= observation.runs);
                for device in &metrics.devices {
                    prop_assert_eq!(device.answered + device.undecided + device.unanswered(), device.asked);
                    prop_assert!(device.unanswered_streak <= device.unanswered());
                }
                let silent: u64 = metrics.silences.iter().map(|silence| silence.unanswered).sum();
                prop_assert_eq!(silent, metrics.devices.iter().map(DeviceMetrics::unanswered).sum::<u64>());
            }
        }
    }
}
