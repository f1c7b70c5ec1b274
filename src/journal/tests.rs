//! Lines and records, both ways; torn and foreign journals; what is given up when memory is full.

use std::borrow::Cow;
use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;

use super::backlog::Backlog;
use super::replay::{ReplayError, Replayed, replay};
use super::*;
use crate::collector::clock::Window;
use crate::collector::{Collector, Liveness, RECENT};
use crate::event::{
    AttemptFailed, DeviceProbe, Environment, EnvironmentKind, FailureKind, LateAnswer, Moment, Phase,
    RoundTrips, Sample, Stamp, Stop, StopReason, Subscribed,
};

fn stamp(ms: i64) -> Stamp {
    Stamp {
        wall: DateTime::from_timestamp_millis(1_795_371_604_000 + ms).unwrap(),
        moment: Moment::after_start(Duration::from_millis(ms.unsigned_abs())),
    }
}

fn sample() -> Event {
    Event::Sample(Box::default())
}

fn late() -> Event {
    Event::LateAnswer(LateAnswer { seconds: 4.5 })
}

fn failed(message: &str) -> Event {
    Event::AttemptFailed(Box::new(AttemptFailed {
        attempt_number: Some(1),
        error_name: Cow::Borrowed("AWS_IO_SOCKET_CONNECTION_REFUSED"),
        error_code: Some(1047),
        error_message: message.to_owned(),
        failure: Some(FailureKind::ConnectionRefused),
        elapsed_seconds: Some(0.001),
        next_attempt_seconds: Some(1.4),
        ..AttemptFailed::new(Phase::Tcp)
    }))
}

fn journal(events: Vec<Event>) -> Vec<u8> {
    events
        .into_iter()
        .zip(0..)
        .flat_map(|(event, ms)| encode(&Observation::new(stamp(ms), event)).unwrap())
        .collect()
}

fn read(bytes: &[u8]) -> (Vec<Observation>, Replayed) {
    let mut records = Vec::new();
    let replayed = replay(bytes, |record| records.push(record.clone())).unwrap();
    (records, replayed)
}

#[test]
fn a_line_has_the_keys_of_the_contract_in_order() {
    let line = encode(&Observation::new(stamp(250), late())).unwrap();
    let expected = concat!(
        r#"{"ts":"2026-11-22T18:20:04.250Z","unix_seconds":1795371604.25,"run_seconds":0.25,"#,
        r#""event":"late_answer","seconds":4.5}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
}

fn start(run: &str) -> Event {
    let text = format!(r#"{{"v":1,"run":"{run}","host":"h","target":{{"name":"broker"}}}}"#);
    Event::Start(Box::new(serde_json::from_str(&text).unwrap()))
}

fn named(target_name: &str, run: &str) -> RunIdentity {
    RunIdentity { target_name: Some(target_name.into()), run: Some(run.into()) }
}

#[test]
fn a_record_names_its_target_and_its_run_behind_its_event() {
    let line = encode(&Observation::new(stamp(0), late()).in_run(&named("broker", "r-1"))).unwrap();
    let text = String::from_utf8(line).unwrap();
    let names = r#""event":"late_answer","target_name":"broker","run":"r-1","seconds":4.5}"#;
    assert!(text.trim_end().ends_with(names), "{text}");
    let start = encode(&Observation::new(stamp(0), start("r-1")).in_run(&named("broker", "r-1"))).unwrap();
    let text = String::from_utf8(start.clone()).unwrap();
    assert!(text.contains(r#""event":"start","target_name":"broker","v":1,"run":"r-1","#), "{text}");
    assert_eq!(text.matches(r#""run":"#).count(), 1, "{text}");
    assert_eq!(decode(&start).unwrap().unwrap().run.as_deref(), Some("r-1"));
}

#[test]
fn names_that_are_empty_or_missing_are_unknown() {
    for names in ["", r#","target_name":"","run":"""#, r#","target_name":null,"run":null"#] {
        let line = format!(r#"{{"ts":"2026-11-22T18:20:04Z","event":"late_answer","seconds":1.0{names}}}"#);
        let record = decode(line.as_bytes()).unwrap().unwrap();
        assert_eq!((record.target_name, record.run), (None, None), "{line}");
    }
}

#[test]
fn the_records_of_a_run_share_its_names() {
    let lines = [named("a", "1"), named("a", "1"), named("b", "2"), named("a", "1")]
        .map(|identity| encode(&Observation::new(stamp(0), late()).in_run(&identity)).unwrap());
    let (records, _) = read(&lines.concat());
    let runs: Vec<_> = records.iter().filter_map(|record| record.run.clone()).collect();
    assert!(Arc::ptr_eq(&runs[0], &runs[1]));
    assert_eq!(runs.iter().map(|run| &**run).collect::<Vec<_>>(), ["1", "1", "2", "1"]);
}

#[test]
fn unknown_is_null_and_absence_reads_alike() {
    let text = String::from_utf8(encode(&Observation::new(stamp(0), failed("x"))).unwrap()).unwrap();
    assert!(text.contains(r#""return_code":null"#));
    let short = r#"{"ts":"2026-11-22T18:20:04Z","event":"attempt_failed","phase":"tcp","error_name":"N","attempt_number":null}"#;
    let record = decode(short.as_bytes()).unwrap().unwrap();
    let Event::AttemptFailed(failed) = record.event else { panic!() };
    assert_eq!((failed.attempt_number, failed.return_code, record.run_seconds), (None, None, None));
}

#[test]
fn keys_and_events_of_a_later_version_are_passed_over() {
    let text = concat!(
        r#"{"ts":"2026-11-22T18:20:04Z","event":"telepathy","strength":3}"#,
        "\n",
        r#"{"ts":"2026-11-22T18:20:05Z","event":"late_answer","seconds":1.0,"mood":"good"}"#,
        "\n",
    );
    let (records, replayed) = read(text.as_bytes());
    assert_eq!((records.len(), replayed.lines, replayed.skipped), (1, 2, 0));
}

#[test]
fn a_word_of_a_later_version_takes_nothing_else_with_it() {
    let drop = r#"{"ts":"2026-11-22T18:20:04Z","event":"drop","error_name":"N","closed_by":"telepathy","protocol":"6"}"#;
    let Some(Event::Drop(drop)) = decode(drop.as_bytes()).unwrap().map(|record| record.event) else {
        panic!()
    };
    assert_eq!((drop.closed_by, drop.protocol, &*drop.error_name), (None, None, "N"));
    let stop = r#"{"ts":"2026-11-22T18:20:04Z","event":"stop","reason":"boredom"}"#;
    let stop = decode(stop.as_bytes()).unwrap().map(|record| record.event);
    assert_eq!(stop, Some(Event::Stop(Stop::new(StopReason::Error))));
}

#[test]
fn another_format_version_is_refused_with_its_line() {
    let text =
        concat!("garbage\n", r#"{"ts":"2026-11-22T18:20:04Z","event":"start","v":2,"target":7}"#, "\n");
    let error = replay(text.as_bytes(), |_| ()).unwrap_err();
    assert!(matches!(error, ReplayError::Version { line: 2, .. }));
    assert!(error.to_string().contains("install a newer nwdiag"), "{error}");
}

#[test]
fn a_torn_journal_loses_only_what_is_torn() {
    let whole = journal(vec![late(), sample(), failed("refused")]);
    let torn = &whole[..whole.len() - 10];
    assert_eq!(read(torn).1, Replayed { lines: 2, skipped: 0, torn_end: true });
    let mended = [torn, b"\n", &whole[..]].concat();
    let (records, replayed) = read(&mended);
    assert_eq!((records.len(), replayed.skipped, replayed.torn_end), (5, 1, false));
}

#[test]
fn every_prefix_of_a_journal_reads() {
    let whole = journal(vec![late(), failed("naïve — ünïcödé"), sample(), late()]);
    for end in 0..=whole.len() {
        let (records, replayed) = read(&whole[..end]);
        let newlines = whole[..end].split(|byte| *byte == b'\n').count() - 1;
        assert!(records.len() >= newlines, "cut at {end}");
        assert_eq!(replayed.skipped, 0, "cut at {end}");
    }
}

#[test]
fn a_record_of_64_kib_reads_and_a_longer_line_is_skipped() {
    let long = |bytes: usize| {
        let record = String::from_utf8(journal(vec![late()])).unwrap();
        let padded = record.replacen('{', "{\"later\":\"\",", 1);
        padded.replacen(r#""later":""#, &format!(r#""later":"{}"#, "x".repeat(bytes - padded.len())), 1)
    };
    for (bytes, read_and_skipped) in [(65_536, (1, 0)), (65_538, (0, 1))] {
        let line = long(bytes);
        assert_eq!(line.len(), bytes, "its end included");
        let (records, replayed) = read(line.as_bytes());
        assert_eq!((records.len(), replayed.skipped), read_and_skipped, "{bytes} bytes");
    }
}

#[test]
fn garbage_of_any_length_is_one_skipped_line_and_is_not_gathered() {
    let mut bytes = vec![b'x'; 1_000_000];
    bytes.push(b'\n');
    bytes.extend([0_u8; 100]);
    bytes.push(b'\n');
    bytes.extend(journal(vec![late()]));
    let (records, replayed) = read(&bytes);
    assert_eq!((records.len(), replayed.skipped), (1, 2));
}

#[test]
fn an_appliance_has_the_keys_of_the_contract_and_reads_without_most_of_them() {
    let probe = DeviceProbe {
        device: "aa...eeff".to_owned(),
        answered: Some(true),
        rtt_ms: Some(412.25),
        wifi_dbm: Some(-61),
        error_code: Some(0),
        cloud_connected: None,
        cloud_error_code: None,
    };
    let text = String::from_utf8(encode(&Observation::new(stamp(0), Event::Device(probe))).unwrap()).unwrap();
    let body = concat!(
        r#""event":"device","device":"aa...eeff","answered":true,"rtt_ms":412.25,"wifi_dbm":-61,"#,
        r#""error_code":0,"cloud_connected":null,"cloud_error_code":null}"#,
        "\n"
    );
    assert!(text.ends_with(body), "{text}");
    let short = r#"{"ts":"2026-11-22T18:20:04Z","event":"device","device":"aa...eeff","answered":null}"#;
    let Some(Event::Device(read)) = decode(short.as_bytes()).unwrap().map(|record| record.event) else {
        panic!()
    };
    assert_eq!(read, DeviceProbe { device: "aa...eeff".to_owned(), ..DeviceProbe::default() });
}

#[test]
fn what_is_given_up_goes_by_rank_and_age() {
    let environment = || Event::Environment(Environment::new(EnvironmentKind::LinkUp));
    let device = || Event::Device(DeviceProbe::default());
    let left = |more: usize| -> Vec<&'static str> {
        let mut backlog = Backlog::new(5);
        let events = [late(), failed("1"), environment(), device(), sample()];
        let events = events.into_iter().chain(std::iter::repeat_with(late).take(more));
        events.for_each(|event| backlog.push(Observation::new(stamp(0), event)));
        std::iter::from_fn(|| backlog.pop()).map(|record| record.event.name()).take(5 - more).collect()
    };
    let all = ["late_answer", "attempt_failed", "environment", "device", "sample"];
    for more in 0..5 {
        assert_eq!(left(more), all[..5 - more]);
    }
}

#[test]
fn samples_are_given_up_first_then_attempts_then_the_oldest() {
    let mut backlog = Backlog::new(3);
    for (event, ms) in [failed("1"), late(), sample(), late(), sample(), late()].into_iter().zip(0..) {
        backlog.push(Observation::new(stamp(ms), event));
    }
    assert_eq!((backlog.len(), backlog.lost()), (3, 3));
    let left: Vec<_> = std::iter::from_fn(|| backlog.pop())
        .map(|record| (record.event.name(), record.records_lost))
        .collect();
    assert_eq!(left, [("late_answer", 3), ("late_answer", 0), ("late_answer", 0)]);
}

#[test]
fn records_leave_in_the_order_in_which_they_came() {
    let mut backlog = Backlog::default();
    let events = [late(), sample(), failed("x"), sample(), late()];
    for (event, ms) in events.iter().cloned().zip(0..) {
        backlog.push(Observation::new(stamp(ms), event));
    }
    let left: Vec<Event> = std::iter::from_fn(|| backlog.pop()).map(|record| record.event).collect();
    assert_eq!(left, events);
}

fn any_trips() -> impl Strategy<Value = Option<RoundTrips>> {
    prop::option::of(prop::collection::vec(0.0_f64..1e6, 0..8).prop_map(|values| RoundTrips {
        last: values.last().copied(),
        min: values.iter().copied().reduce(f64::min),
        mean: None,
        max: values.iter().copied().reduce(f64::max),
        count: values.len() as u64,
        values,
    }))
}

fn any_probe() -> impl Strategy<Value = DeviceProbe> {
    let told = (prop::option::of(any::<i32>()), prop::option::of(any::<i64>()), any::<Option<bool>>());
    (".*", any::<Option<bool>>(), prop::option::of(0.0_f64..1e6), told).prop_map(
        |(device, answered, rtt_ms, (wifi_dbm, error_code, cloud_connected))| DeviceProbe {
            device,
            answered,
            rtt_ms,
            wifi_dbm,
            error_code,
            cloud_connected,
            cloud_error_code: None,
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<bool>(), 0.0_f64..1e9, any::<u64>(), any_trips()).prop_map(
            |(connected, session_seconds, count, trips)| {
                Event::Sample(Box::new(Sample {
                    connected: Some(connected),
                    session_seconds: Some(session_seconds),
                    messages_received: Some(count),
                    ping_rtt_ms: trips,
                    ..Sample::default()
                }))
            }
        ),
        ".*".prop_map(|message| failed(&message)),
        (".*", prop::option::of(0_u8..=2), prop::option::of(0_u8..=2), any::<Option<u8>>()).prop_map(
            |(topic, qos, granted_qos, return_code)| {
                Event::Subscribed(Subscribed { topic, qos, granted_qos, return_code })
            }
        ),
        ("\\PC*", prop::option::of(-1e9_f64..1e9)).prop_map(|(detail, seconds)| {
            let change = Environment::new(EnvironmentKind::Suspend);
            Event::Environment(Environment { in_use: Some(true), detail, seconds, ..change })
        }),
        any_probe().prop_map(Event::Device),
        Just(Event::Stop(Stop {
            duration_connected_seconds: Some(1.25),
            ..Stop::new(StopReason::OutputClosed)
        })),
    ]
}

proptest! {
    #[test]
    fn a_record_reads_as_it_was_written(
        event in any_event(), ms in 0_i64..4_000_000_000, names in prop::option::of(("\\PC+", "\\PC+")),
    ) {
        let identity = names.map(|(target_name, run)| named(&target_name, &run)).unwrap_or_default();
        let record = Observation::new(stamp(ms), event).in_run(&identity);
        let line = encode(&record).unwrap();
        prop_assert_eq!(line.split(|byte| *byte == b'\n').count(), 2);
        prop_assert_eq!(decode(&line).unwrap(), Some(record));
    }

    #[test]
    fn what_is_read_back_folds_to_the_numbers_of_what_was_written(
        events in prop::collection::vec((any_event(), 0_i64..100_000), 0..40),
    ) {
        let mut live = Collector::new(Window::default(), RECENT);
        let mut lines = Vec::new();
        for (event, ms) in events {
            let record = Observation::new(stamp(ms), event);
            live.record(&record);
            lines.extend(encode(&record).unwrap());
        }
        let mut replayed = Collector::new(Window::default(), RECENT);
        replay(&lines[..], |record| replayed.record(record)).unwrap();
        prop_assert_eq!(replayed.metrics(Liveness::Over), live.metrics(Liveness::Over));
    }

    #[test]
    fn no_bytes_make_a_replay_fail(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = replay(&bytes[..], |_| ());
    }

    #[test]
    fn what_leaves_and_what_is_lost_adds_up(kinds in prop::collection::vec(0_u8..3, 0..60), limit in 1_usize..20) {
        let mut backlog = Backlog::new(limit);
        for (kind, ms) in kinds.iter().zip(0..) {
            let event = match kind { 0 => sample(), 1 => failed("x"), _ => late() };
            backlog.push(Observation::new(stamp(ms), event));
        }
        let left: Vec<Observation> = std::iter::from_fn(|| backlog.pop()).collect();
        let lost: u64 = left.iter().map(|record| record.records_lost).sum();
        prop_assert_eq!(left.len() as u64 + lost, kinds.len() as u64);
        prop_assert!(left.windows(2).all(|pair| pair[0].ts <= pair[1].ts));
    }
}
