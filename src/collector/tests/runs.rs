//! Runs, each folded by itself however they are mixed.

use super::*;

#[test]
fn a_run_without_a_stop_is_live_or_interrupted() {
    let live = all(&example(), Liveness::Live);
    let over = all(&example(), Liveness::Over);
    assert_eq!((live.observation.interrupted_runs, live.connected), (0, true));
    assert_eq!((over.observation.interrupted_runs, over.connected, over.session_seconds), (1, false, 0.0));
    assert_eq!(over.observation.connected_seconds, live.observation.connected_seconds);
    assert_eq!(over.sessions.count, 2, "the session that was cut off is in no statistics");
}

/// Records of a run of target `t`, each with its name.
fn run_of(id: &str, records: Vec<Observation>) -> Vec<Observation> {
    records.into_iter().map(|record| named("t", id, record)).collect()
}

/// The run of [`example`], so many seconds later.
fn later_example(id: &str, seconds: i64) -> Vec<Observation> {
    let moved = example()
        .into_iter()
        .map(|record| Observation { ts: record.ts + chrono::TimeDelta::seconds(seconds), ..record });
    run_of(id, moved.collect())
}

#[test]
fn two_runs_that_are_mixed_line_by_line_are_counted_as_two() {
    let (one, two) = (later_example("1", 0), later_example("2", 5));
    let mixed: Vec<Observation> = one.into_iter().zip(two).flat_map(|(one, two)| [one, two]).collect();
    let metrics = all(&mixed, Liveness::Over);
    assert_eq!((metrics.observation.runs, metrics.observation.interrupted_runs), (2, 2));
    assert_eq!((metrics.connections, metrics.drops, metrics.recovered), (2, 4, 4));
    assert_eq!(metrics.observation.observed_seconds, 2.0 * 1306.0);
    assert_eq!(metrics.observation.connected_seconds, 2.0 * 1302.0);
    assert_eq!((metrics.messages_received, metrics.outages_by_attempts), (18, [2, 2, 0, 0]));
}

#[test]
fn what_is_recent_comes_by_its_time_whichever_run_comes_first_in_the_file() {
    let newer_first = [later_example("2", 10_000), later_example("1", 0)].concat();
    let metrics = fold_recent(&newer_first, 3);
    let names: Vec<_> = metrics.recent_drops.iter().map(|drop| drop.at).collect();
    assert_eq!(names, [wall(1262), wall(10_061), wall(11_262)]);
    assert_eq!((metrics.last_drop, metrics.last_connect), (Some(wall(11_262)), Some(wall(11_264))));
    assert_eq!(metrics.observation.from, Some(wall(0)));
    assert_eq!(metrics.observation.to, Some(wall(11_306)));
    let noticed: Vec<_> = metrics.incidents.iter().map(|incident| incident.noticed).collect();
    assert!(noticed.is_sorted() && noticed.len() == 4, "{noticed:?}");
}

#[test]
fn what_happened_in_one_run_keeps_its_order_though_its_clock_is_set_back() {
    let events = [(100, "A"), (200, "B"), (50, "C"), (60, "D")];
    let mut records = vec![record(0, 0, start())];
    records.extend(events.map(|(at, name)| record(0, at, dropped(name, 1.0))));
    let metrics = fold_recent(&records, 3);
    let names: Vec<_> = metrics.recent_drops.iter().map(|drop| &*drop.fact.error_name).collect();
    assert_eq!(names, ["B", "C", "D"]);
    let noticed: Vec<_> = metrics.incidents.iter().map(|incident| incident.noticed).collect();
    assert_eq!(noticed, [wall(100), wall(200), wall(50), wall(60)]);
    assert_eq!(metrics.last_drop, Some(wall(200)));
}

fn fold_recent(records: &[Observation], recent: usize) -> Metrics {
    let mut collector = Collector::new(Window::default(), recent);
    for record in records {
        collector.record(record);
    }
    collector.metrics(Liveness::Over)
}

#[test]
fn only_the_run_of_the_last_record_can_be_live() {
    let mut records = later_example("1", 0);
    records.extend(later_example("2", 2000));
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.observation.interrupted_runs, metrics.connected), (1, true));
    assert_eq!(metrics.session_seconds, 42.0);
    records.extend(run_of("2", vec![record(0, 3400, stop(Some(136.0)))]));
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.observation.interrupted_runs, metrics.connected), (1, false));
}

#[test]
fn records_without_names_belong_to_the_latest_start_before_them() {
    let older = example();
    let mut records = later_example("1", 3000);
    records.extend(older);
    let metrics = all(&records, Liveness::Over);
    assert_eq!((metrics.observation.runs, metrics.drops), (2, 4));
    assert_eq!(metrics.observation.observed_seconds, 2.0 * 1306.0);
}

#[test]
fn each_incident_has_the_settings_of_its_own_run() {
    let start = |id: &str, client_id: &str, keep_alive: f64| {
        let mut start = start_of("t", "h", id);
        start.target.client_id = client_id.to_owned();
        start.target.keep_alive_seconds = Some(keep_alive);
        start.target.ping_interval_seconds = Some(keep_alive);
        record(0, 0, Event::Start(Box::new(start)))
    };
    let end = |at| record(0, at, dropped("A", 10.0));
    let mixed = [
        named("t", "1", start("1", "chosen", 60.0)),
        named("t", "2", start("2", "nwdiag-12345678", 1200.0)),
        named("t", "1", end(10)),
        named("t", "2", end(20)),
        named("t", "3", end(30)),
    ];
    let found = all(&mixed, Liveness::Over).incidents;
    let settings: Vec<_> = found
        .iter()
        .map(|incident| {
            let client_id = incident.terms.target.as_ref().map(|target| target.client_id.as_str());
            (client_id, incident.terms.keep_alive_seconds, incident.terms.ping_interval_seconds)
        })
        .collect();
    let expected = [
        (Some("chosen"), Some(60.0), Some(60.0)),
        (Some("nwdiag-12345678"), Some(1200.0), Some(1200.0)),
        (None, None, None),
    ];
    assert_eq!(settings, expected);
}

#[test]
fn a_keep_alive_that_the_broker_set_holds_for_its_session_and_shortens_the_pings() {
    let mut start = start_of("t", "h", "");
    start.target.keep_alive_seconds = Some(60.0);
    start.target.ping_interval_seconds = Some(60.0);
    let session = |server_keep_alive_seconds| {
        let connected = Connected::new(ConnectionKind::Resumed);
        Event::Connected(Box::new(Connected { server_keep_alive_seconds, ..connected }))
    };
    let mut records = vec![record(0, 0, Event::Start(Box::new(start)))];
    for (at, set) in (1..).step_by(10).zip([Some(20), None, Some(300), Some(0)]) {
        records.extend([record(0, at, session(set)), record(0, at + 9, dropped("A", 9.0))]);
    }
    let terms = all(&records, Liveness::Live).incidents;
    let in_force = terms.iter().map(|incident| &incident.terms);
    let in_force: Vec<_> = in_force
        .map(|terms| (terms.keep_alive_seconds.unwrap(), terms.ping_interval_seconds.unwrap()))
        .collect();
    assert_eq!(in_force, [(20.0, 20.0), (60.0, 60.0), (300.0, 60.0), (60.0, 60.0)]);
}

#[test]
fn the_filters_are_those_of_the_latest_run() {
    let answer = |topic: &str| {
        let text = format!(r#"{{"topic":"{topic}","qos":1,"granted_qos":1,"return_code":1}}"#);
        Event::Subscribed(serde_json::from_str(&text).unwrap())
    };
    let records = [
        named("t", "2", record(0, 100, answer("new/#"))),
        named("t", "1", record(0, 1, answer("old/#"))),
        named("t", "1", record(0, 50, stop(None))),
    ];
    let topics = |records: &[Observation]| {
        let answers = all(records, Liveness::Over).subscriptions;
        answers.into_iter().map(|answer| answer.topic).collect::<Vec<_>>()
    };
    assert_eq!(topics(&records), ["new/#"]);
    assert_eq!(topics(&records[1..]), ["old/#"]);
}

#[test]
fn runs_that_were_all_killed_are_counted_one_by_one() {
    let records: Vec<Observation> = (0..2000)
        .flat_map(|run| {
            let id = run.to_string();
            let at = run * 10;
            let begun = record(at, at, Event::Start(Box::new(start_of("t", "h", &id))));
            [named("t", &id, begun), named("t", &id, record(at, at + 5, failed(1)))]
        })
        .collect();
    let metrics = all(&records, Liveness::Live);
    assert_eq!((metrics.observation.runs, metrics.observation.interrupted_runs), (2000, 1999));
    assert_eq!((metrics.failed_attempts, metrics.observation.observed_seconds), (2000, 10_000.0));
    assert_eq!(metrics.incidents.len(), incidents::INCIDENTS_KEPT);
    assert_eq!(metrics.incidents[0].terms.run, 2000 - 1024);
}

/// Three runs, each with records at milliseconds of its own, and an order in which they are mixed.
fn mixed_runs() -> impl Strategy<Value = (Vec<Vec<Observation>>, Vec<usize>)> {
    let run = prop::collection::vec((-100_i64..10_000, any::any_event_of_a_connection()), 0..30);
    (prop::collection::vec(run, 3), prop::collection::vec(0_usize..3, 0..90)).prop_map(|(runs, order)| {
        let runs = runs.into_iter().enumerate().map(|(number, events)| {
            let id = number.to_string();
            let began = record(0, 0, Event::Start(Box::new(start_of("t", "h", &id))));
            let stop = events.iter().position(|(_, event)| matches!(event, Event::Stop(_)));
            let last = stop.map_or(events.len(), |stop| stop + 1);
            let records = events.into_iter().take(last).map(|(at, event)| record(0, at, event));
            let all = std::iter::once(began).chain(records).map(|record| Observation {
                ts: record.ts + chrono::TimeDelta::milliseconds(i64::try_from(number).unwrap()),
                ..named("t", &id, record)
            });
            all.collect()
        });
        (runs.collect(), order)
    })
}

proptest! {
    #[test]
    fn however_runs_are_mixed_the_numbers_are_the_same((runs, order) in mixed_runs()) {
        let one_by_one = runs.concat();
        // Runs are numbered by their first records: those come first.
        let mut waiting: Vec<_> = runs.iter().map(|run| run[1..].iter()).collect();
        let mut mixed: Vec<Observation> = runs.iter().map(|run| run[0].clone()).collect();
        mixed.extend(order.iter().filter_map(|run| waiting[*run].next()).cloned().collect::<Vec<_>>());
        mixed.extend(waiting.into_iter().flatten().cloned());
        let narrow = Window { since: Some(wall(1000)), until: Some(wall(9000)) };
        for window in [Window::default(), narrow] {
            prop_assert_eq!(
                fold(window, &mixed, Liveness::Over), fold(window, &one_by_one, Liveness::Over)
            );
        }
    }
}
