//! What a summary looks like, byte for byte, and that it keeps to its width whatever it is given.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::collector::devices::DeviceMetrics;
use crate::collector::metrics::{Coverage, Dated, Distribution, Metrics};
use crate::collector::timeline::{Link, Timeline};
use crate::event::{Phase, SessionDrop, TargetFacts};
use crate::report::Report;
use crate::report::sample::{
    afternoon, answer, appliance, at, dropped, full, later, nothing, of_a_dump, paris, target,
};
use crate::report::style::Palette;
use crate::report::summary::document;

fn page(report: &Report, palette: Palette, width: u16) -> String {
    let mut out = Vec::new();
    write(&mut out, &document(report), &View { zone: paris, palette, width }).unwrap();
    String::from_utf8(out).unwrap()
}

fn widest(page: &str) -> usize {
    page.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// A page as it is read: what would be a colour is a word.
fn readable(page: &str) -> String {
    let words = [("0", "/"), ("1", "bold"), ("2", "faint"), ("31", "red"), ("32", "green"), ("33", "yellow")];
    let escapes = words.map(|(code, word)| (format!("\u{1b}[{code}m"), format!("<{word}>")));
    escapes.iter().fold(page.to_owned(), |page, (escape, word)| page.replace(escape, word))
}

#[test]
fn a_summary_says_state_availability_drops_and_their_error_first() {
    insta::assert_snapshot!("afternoon_80", page(&afternoon(), Palette::Plain, 80));
    insta::assert_snapshot!("afternoon_44", page(&afternoon(), Palette::Plain, 44));
}

#[test]
fn a_summary_with_a_cause_opens_with_it_and_what_to_do() {
    insta::assert_snapshot!("full_80", page(&full(), Palette::Plain, 80));
    insta::assert_snapshot!("full_44", page(&full(), Palette::Plain, 44));
    insta::assert_snapshot!("full_80_coloured", readable(&page(&full(), Palette::Colour, 80)));
}

#[test]
fn a_summary_of_a_dump_says_what_it_could_not_tell() {
    insta::assert_snapshot!("dump_80", page(&of_a_dump(), Palette::Plain, 80));
}

#[test]
fn a_drop_without_a_known_session_has_no_length() {
    let mut report = afternoon();
    report.metrics.recent_drops[1].fact.duration_connected_seconds = None;
    let text = page(&report, Palette::Plain, 80);
    let row = text.lines().find(|line| line.contains("2026-11-22 18:41:06   ")).unwrap();
    assert_eq!(row, "  2026-11-22 18:41:06        -  the broker closed the connection (FIN)");
}

#[test]
fn appliances_have_a_section_where_they_were_asked() {
    let mut report = afternoon();
    let well = DeviceMetrics {
        device: "11...5566".to_owned(),
        unanswered_streak: 0,
        error_code: Some(0),
        cloud_connected: Some(true),
        ..appliance()
    };
    let unheard = DeviceMetrics {
        device: "22...5566".to_owned(),
        asked: 3,
        unanswered_streak: 3,
        ..DeviceMetrics::default()
    };
    let cut_off = DeviceMetrics { unanswered_streak: 0, asked: 1, ..unheard.clone() };
    report.metrics.devices = vec![appliance(), well, unheard, cut_off];
    let text = page(&report, Palette::Plain, 80);
    let section = "\
Appliances behind it
  Appliance  Answered  Usually    Wi-Fi  Now
  ───────────────────────────────────────────────────────────────────────
  aa...eeff   9 of 12   412 ms  -78 dBm  silent since 2026-11-22 18:30:04
                                         error 596
                                         not connected, says the service
  11...5566   9 of 12   412 ms  -78 dBm  answers
  22...5566    0 of 3        -        -  silent, and never heard
  22...5566    0 of 1        -        -  not known

Connection
";
    assert!(text.contains(section), "{text}");
    assert!(!page(&afternoon(), Palette::Plain, 80).contains("Appliances"));
}

#[test]
fn an_answer_that_was_lost_is_told_where_all_else_is_well() {
    let mut report = afternoon();
    (report.metrics.drops, report.metrics.failed_attempts) = (0, 0);
    report.metrics.devices = vec![DeviceMetrics { asked: 12, answered: 11, undecided: 0, ..appliance() }];
    let text = page(&report, Palette::Plain, 80);
    assert!(text.contains("Verdict: no drop; 1 status request unanswered by an appliance\n"), "{text}");
    report.metrics.devices[0].undecided = 1;
    assert!(page(&report, Palette::Plain, 80).contains("Verdict: healthy"));
}

#[test]
fn an_empty_journal_is_told_kindly_with_what_to_do_next() {
    insta::assert_snapshot!("nothing_80", page(&nothing(), Palette::Plain, 80));
    let unreadable = Report { skipped_lines: 2, ..nothing() };
    assert!(page(&unreadable, Palette::Plain, 80).contains("! 2 lines of it could not be read"));
}

#[test]
fn a_journal_without_its_beginning_is_summed_up_and_the_lack_told() {
    let mut report = afternoon();
    report.metrics.target = None;
    let text = page(&report, Palette::Plain, 80);
    assert!(text.starts_with("a target that the journal does not name\n"), "{text}");
    assert!(text.contains("! the beginning is missing") && text.contains("Overview"), "{text}");
}

#[test]
fn colours_change_no_word() {
    let mut report = afternoon();
    report.skipped_lines = 1;
    let coloured = page(&report, Palette::Colour, 80);
    assert!(coloured.contains("\u{1b}[32m● connected for 42 s\u{1b}[0m"));
    assert!(
        coloured.contains("\u{1b}[33m! 1 line of the journal could not be read and did not count\u{1b}[0m")
    );
    let mut words = coloured;
    for escape in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"] {
        words = words.replace(escape, "");
    }
    assert_eq!(words, page(&report, Palette::Plain, 80));
}

#[test]
fn the_state_now_is_told_for_every_case() {
    let state = |change: fn(&mut Report)| {
        let mut report = later(afternoon(), 60);
        change(&mut report);
        page(&report, Palette::Plain, 100).lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(state(|_| ()), "● connected for 1m 42s");
    let down = |report: &mut Report| {
        report.metrics.connected = false;
        report.metrics.last_drop = Some(at(1300));
    };
    assert_eq!(state(down), "✗ not connected since the drop at 18:41:44, 65 s ago");
    let never = |report: &mut Report| {
        report.metrics = Metrics { target: Some(target()), ..Metrics::default() };
    };
    assert_eq!(state(never), "✗ not connected, and never was in this period");
    let interrupted = |report: &mut Report| report.live = false;
    let words = "■ not being watched now, last record 60 s ago; the connection was up then";
    assert_eq!(state(interrupted), words);
    let ended = |report: &mut Report| {
        report.live = false;
        report.metrics.connected = false;
    };
    assert_eq!(state(ended), "■ not being watched now, last record 60 s ago");
}

#[test]
fn what_is_wrong_with_the_data_is_said_only_where_something_is() {
    let mut report = afternoon();
    assert!(!page(&report, Palette::Plain, 80).contains('!'));
    report.skipped_lines = 2;
    report.metrics.observation.interrupted_runs = 1;
    report.metrics.observation.records_lost = 12;
    let text = page(&report, Palette::Plain, 80);
    let caveats: Vec<_> = text.lines().filter(|line| line.starts_with('!')).collect();
    assert_eq!(
        caveats,
        [
            "! 1 run ended without a word (killed, or power lost)",
            "! 2 lines of the journal could not be read and did not count",
            "! 12 records did not reach the journal (disk full or slow)",
        ]
    );
}

#[test]
fn other_targets_of_the_same_file_are_named_and_left_out() {
    let others = |number: usize| Report {
        other_targets: (1..=number).map(|number| format!("t{number}")).collect(),
        ..afternoon()
    };
    let line = |report: &Report| {
        let text = page(report, Palette::Plain, 200);
        text.lines().find(|line| line.starts_with('!')).unwrap_or_default().to_owned()
    };
    assert_eq!(line(&others(0)), "");
    let one = "! 1 other target in the same file, left out here: t1; give each a file of its own";
    assert_eq!(line(&others(1)), one);
    let many = line(&others(10));
    assert!(many.contains("10 other targets") && many.contains("t7, t8 and 2 more;"), "{many}");
    let hostile = Report { other_targets: vec!["\u{1b}[2J".to_owned()], ..afternoon() };
    assert!(!page(&hostile, Palette::Plain, 80).contains('\u{1b}'));
}

#[test]
fn long_and_wide_texts_wrap_and_lose_nothing() {
    let mut report = afternoon();
    let name = "AWS_ERROR_MQTT5_".to_owned() + &"VERY_LONG_".repeat(20);
    report.metrics.drops_by_error = vec![(name.clone(), 2)];
    report.metrics.recent_drops[0].fact.error_name = name.into();
    report.metrics.recent_drops[1].fact.error_message = "断开连接 👩‍🔧🇫🇷 ".repeat(12);
    report.metrics.target = Some(TargetFacts { url: format!("wss://{}/mqtt", "a.b".repeat(60)), ..target() });
    report.metrics.subscriptions = vec![answer(&"家/温度/🌡️/".repeat(15), None, 135)];
    for width in [44, 60, 80, 120] {
        let text = page(&report, Palette::Plain, width);
        assert!(widest(&text) <= usize::from(width), "{width}:\n{text}");
        let counted = ["断", "👩‍🔧", "温"].map(|wide| text.matches(wide).count());
        assert_eq!(
            counted,
            [12, 12, 15],
            "{width}:
{text}"
        );
    }
    assert!(page(&report, Palette::Plain, 80).contains("Not authorized (0x87)"));
}

#[test]
fn rare_errors_are_summed_up() {
    let mut report = afternoon();
    report.metrics.drops = 55;
    report.metrics.drops_by_error = (1..=10).rev().map(|drops| (format!("ERROR_{drops}"), drops)).collect();
    let text = page(&report, Palette::Plain, 80);
    assert!(text.contains("     10   18 %  ERROR_10\n"), "{text}");
    assert!(text.contains("      3    5 %  2 others\n"), "{text}");
}

#[test]
fn text_from_outside_cannot_steer_the_terminal() {
    let mut report = afternoon();
    let evil = "\u{1b}[2J\r\n\u{202e}\u{9b}\t";
    report.metrics.recent_drops[0].fact.error_message = evil.to_owned();
    report.metrics.drops_by_error = vec![(evil.to_owned(), 2)];
    report.metrics.target = Some(TargetFacts { client_id: evil.to_owned(), ..target() });
    report.metrics.subscriptions = vec![answer(evil, None, 128)];
    let text = page(&report, Palette::Plain, 80);
    assert!(!text.contains(|c: char| c != '\n' && crate::report::text::is_unsafe(c)), "{text}");
}

/// Texts that stretch a page: anything at all, long words, wide characters.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        (0_usize..300).prop_map(|times| "x".repeat(times)),
        (0_usize..60).prop_map(|times| "温度🌡️ 👩‍🔧".repeat(times)),
    ]
}

fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![
        0.0..1e10_f64,
        Just(0.0),
        any::<f64>().prop_filter("records hold finite numbers", |n| n.is_finite())
    ]
}

fn distributions() -> impl Strategy<Value = Distribution> {
    (any::<u64>(), proptest::option::of(numbers())).prop_map(|(count, value)| Distribution {
        count,
        min: value,
        mean: value,
        p50: value,
        p90: value,
        p99: value,
        max: value,
    })
}

prop_compose! {
    fn drops()(message in texts(), name in texts(), seconds in numbers(), after in 0_i64..1_000_000) -> Dated<SessionDrop> {
        let fact = SessionDrop {
            error_message: message,
            error_name: name.into(),
            duration_connected_seconds: Some(seconds),
            ..dropped()
        };
        Dated { at: at(after), fact }
    }
}

prop_compose! {
    fn timelines()(spans in proptest::collection::vec((0_i64..100_000, any::<bool>(), any::<bool>()), 0..40)) -> Timeline {
        let mut timeline = Timeline::default();
        let mut now = 0;
        for (length, up, watched) in spans {
            let link = if up { Link::Up } else { Link::Down };
            if watched {
                timeline.add(at(now), at(now + length), link);
            }
            now += length;
        }
        timeline
    }
}

prop_compose! {
    fn observations()(seconds in [numbers(), numbers(), numbers()], counts in any::<[u64; 3]>(), end in proptest::option::of(0_i64..1_000_000)) -> Coverage {
        Coverage {
            from: end.map(|_| at(0)),
            to: end.map(at),
            runs: counts[0],
            interrupted_runs: counts[1],
            observed_seconds: seconds[0],
            connected_seconds: seconds[1],
            suspended_seconds: seconds[2],
            records_lost: counts[2],
        }
    }
}

prop_compose! {
    fn metrics()(
        observation in observations(),
        timeline in timelines(),
        url in texts(),
        counts in any::<[u64; 8]>(),
        distributions in [distributions(), distributions(), distributions(), distributions()],
        recent_drops in proptest::collection::vec(drops(), 0..8),
        errors in proptest::collection::vec((texts(), any::<u64>()), 0..12),
        appliances in proptest::collection::vec((texts(), any::<[u64; 4]>(), any::<Option<i64>>(), any::<Option<i32>>()), 0..3),
        topics in proptest::collection::vec((texts(), proptest::option::of(0_u8..3), any::<u8>()), 0..4),
    ) -> Metrics {
        let [connections, disconnects, drops, reconnect_attempts, failed, published, queued, received] = counts;
        let [sessions, reconnects, ping_rtt, probe_rtt] = distributions;
        Metrics {
            target: Some(TargetFacts { url, ..target() }),
            observation,
            timeline,
            connections,
            disconnects,
            drops,
            reconnect_attempts,
            failed_attempts: failed,
            failed_attempts_by_phase: BTreeMap::from([(Phase::Tcp, failed), (Phase::Mqtt, published)]),
            outages_by_attempts: [connections, disconnects, drops, failed],
            drops_by_error: errors,
            sessions,
            reconnects,
            ping_rtt,
            probe_rtt,
            messages_published: published,
            messages_queued: queued,
            messages_received: received,
            recent_drops,
            devices: appliances.into_iter().map(|appliance| device(appliance, sessions)).collect(),
            subscriptions: topics.iter().map(|(topic, qos, code)| answer(topic, *qos, *code)).collect(),
            ..Metrics::default()
        }
    }
}

fn device(
    (device, [asked, answered, undecided, unanswered_streak], error_code, wifi_dbm): (
        String,
        [u64; 4],
        Option<i64>,
        Option<i32>,
    ),
    rtt: Distribution,
) -> DeviceMetrics {
    DeviceMetrics {
        device,
        asked,
        answered,
        undecided,
        unanswered_streak,
        rtt,
        wifi_dbm,
        error_code,
        ..appliance()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_line_is_wider_than_the_page_and_none_ends_in_space(
        metrics in metrics(), live in any::<bool>(), skipped_lines in any::<u64>(), width in 44_u16..160,
    ) {
        let report = Report { live, skipped_lines, metrics, ..nothing() };
        let mut out = Vec::new();
        write(&mut out, &document(&report), &View { zone: paris, palette: Palette::Plain, width }).unwrap();
        let text = String::from_utf8(out).unwrap();
        prop_assert!(widest(&text) <= usize::from(width), "{}", text);
        prop_assert!(text.lines().all(|line| line.trim_end() == line), "{}", text);
    }
}
