//! The live view of `watch`: one record, one line; a finding, three.
//!
//! It only lays out what [`sentence`] says, and keeps track of the date, which the lines themselves leave out.

mod layout;
mod sentence;

use std::io;

use self::layout::{Margins, phrase, words, wrapped};
use self::sentence::{Mark, Sentence};
use crate::event::Observation;
use crate::report::Zone;
use crate::report::style::{Meaning, Palette};
use crate::units::{date, time_of_day};

/// Writes records as lines; each begins with the time of day, and the date is told whenever it changes.
#[derive(Debug)]
pub struct Lines {
    zone: Zone,
    palette: Palette,
    /// The date under which the last line stands; empty before the first.
    date: String,
}

impl Lines {
    /// A writer that has written nothing yet.
    pub const fn new(zone: Zone, palette: Palette) -> Self {
        Self { zone, palette, date: String::new() }
    }

    /// Writes what `record` says: nothing for a sample, a second line where records before it were lost, and a
    /// heading where the date or the zone's offset differs from the line before. Where the page has `columns`, no line
    /// is longer: it continues indented on the next one.
    pub fn write(
        &mut self,
        record: &Observation,
        columns: Option<u16>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let lost = (record.records_lost > 0).then(|| sentence::lost(record.records_lost));
        let sentences = [lost, sentence::of(&record.event)];
        for sentence in sentences.iter().flatten() {
            self.write_date(record, out)?;
            for line in self.lines(record, sentence, columns) {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }

    fn write_date(&mut self, record: &Observation, out: &mut dyn io::Write) -> io::Result<()> {
        let today = date(self.zone, record.ts);
        if today != self.date {
            writeln!(out, "{}", self.palette.paint(Meaning::Faint, &format!("── {today} ──")))?;
            self.date = today;
        }
        Ok(())
    }

    fn lines(&self, record: &Observation, sentence: &Sentence<'_>, columns: Option<u16>) -> Vec<String> {
        let time = self.palette.paint(Meaning::Faint, &time_of_day(self.zone, record.ts));
        let mark = sentence.mark.as_ref().map(|mark| self.marked(mark)).unwrap_or_default();
        let first = if sentence.mark.is_some() { TEXT_COLUMN } else { MARK_COLUMN };
        let width = columns.map_or(usize::MAX, usize::from).max(NARROWEST);
        let further = if width < ROOMY { NARROW_INDENT } else { first };
        let margins = Margins { first, further, width };
        let name = sentence.name.iter().filter(|name| !name.is_empty());
        let name = name.map(|name| phrase(format!("· {name}"), Some(Meaning::Faint)));
        let mut lines = begun(
            &format!("{time}  {mark}"),
            wrapped(words(&sentence.text, None).chain(name), margins, self.palette),
        );
        let (indent, indented) = (" ".repeat(further), Margins { first: further, ..margins });
        for text in &sentence.more {
            lines.extend(begun(&indent, wrapped(words(text, None), indented, self.palette)));
        }
        lines
    }

    fn marked(&self, mark: &Mark) -> String {
        let label = format!("{} {}", mark.symbol, mark.label);
        let padding = " ".repeat(LABEL_COLUMNS.saturating_sub(label.chars().count()));
        format!("{}{padding}  ", self.palette.paint(mark.meaning, &label))
    }
}

/// The lines of a paragraph with `beginning` before the first.
fn begun(beginning: &str, mut lines: Vec<String>) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, beginning);
    }
    lines
}

/// Columns of the symbol, a space and the longest usual label.
const LABEL_COLUMNS: usize = 13;

/// Columns of the time of day and the two spaces behind it.
const MARK_COLUMN: usize = 10;

/// Columns before the words of a line with a mark.
const TEXT_COLUMN: usize = MARK_COLUMN + LABEL_COLUMNS + 2;

/// Columns of a page below which further lines are indented by [`NARROW_INDENT`] alone, or hardly a word would fit.
const ROOMY: usize = 60;
const NARROW_INDENT: usize = 4;

/// The narrowest page that is laid out for; a narrower terminal breaks lines itself.
const NARROWEST: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        AttemptFailed, ClosedBy, Connected, ConnectionKind, DeviceProbe, Environment, EnvironmentKind, Event,
        FailureKind, Fallback, FindingRecord, LateAnswer, Phase, Phases, Protocol, Sample, Stop, StopReason,
        Subscribed,
    };
    use crate::report::sample::{at, attempt, connected, dropped, paris, record, start};

    fn lines(palette: Palette, records: &[Observation]) -> String {
        let mut lines = Lines::new(paris, palette);
        let mut out = Vec::new();
        for record in records {
            lines.write(record, None, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    /// The lines of events that happen together, without the date.
    fn told(events: Vec<Event>) -> String {
        let records: Vec<_> = events.into_iter().map(|event| record(0, event)).collect();
        let text = lines(Palette::Plain, &records);
        text.strip_prefix("── 2026-11-22 (UTC+01:00) ──\n").unwrap().to_owned()
    }

    #[test]
    fn a_run_reads_like_a_story() {
        let story = [
            record(0, Event::Start(Box::new(start()))),
            record(0, Event::Connected(Box::new(connected()))),
            record(1321, Event::Drop(Box::new(dropped()))),
            record(1321, Event::AttemptFailed(Box::new(attempt()))),
            record(1324, Event::Connected(Box::new(reconnected()))),
        ];
        assert_eq!(
            lines(Palette::Plain, &story),
            "\
── 2026-11-22 (UTC+01:00) ──
18:20:04  watching mqtts://broker.example:8883 as nwdiag-5f0c2a91; a dead link is noticed within 63 s
18:20:04  ● connected    in 84 ms (dns 3, tcp 21, tls 48, connack 12) to 203.0.113.7:8883 with MQTT 5
18:42:05  ✗ dropped      after 22m 1s: the broker closed the connection (FIN), last heard 8 s before, sent PINGREQ 8 s before · AWS_IO_SOCKET_CLOSED
18:42:05  ↻ attempt 1    tcp: connection refused after 1 ms, next in 1.4 s · AWS_IO_SOCKET_CONNECTION_REFUSED
18:42:08  ● reconnected  down 2.6 s, 2 attempts, in 84 ms to 203.0.113.7:8883
"
        );
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_and_a_finding_takes_three() {
        let finding = FindingRecord {
            cause: "idle_timeout".to_owned(),
            confidence: Some(0.97),
            summary: "the connection is forgotten after 300 s of silence".to_owned(),
            evidence: vec!["9 of 9 drops after 300 s to 301 s without a packet".to_owned()],
            fix: "set the keep-alive below 300 s, 60 s for instance".to_owned(),
            ..FindingRecord::default()
        };
        let story =
            [record(1321, Event::Drop(Box::new(dropped()))), record(1322, Event::Finding(Box::new(finding)))];
        let page = |columns| {
            let (mut lines, mut out) = (Lines::new(paris, Palette::Plain), Vec::new());
            for record in &story {
                lines.write(record, Some(columns), &mut out).unwrap();
            }
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            page(80),
            "\
── 2026-11-22 (UTC+01:00) ──
18:42:05  ✗ dropped      after 22m 1s: the broker closed the connection (FIN),
                         last heard 8 s before, sent PINGREQ 8 s before
                         · AWS_IO_SOCKET_CLOSED
18:42:06  ⇒ cause        the connection is forgotten after 300 s of silence
                         (idle_timeout, 97 % sure)
                         9 of 9 drops after 300 s to 301 s without a packet
                         what to do: set the keep-alive below 300 s, 60 s for
                         instance
"
        );
        for columns in [30, 44, 60, 100] {
            let widest = page(columns).lines().skip(1).map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns.into()), "{}", page(columns));
        }
    }

    fn reconnected() -> Connected {
        let mut again = connected();
        again.kind = ConnectionKind::Resumed;
        again.attempt_number = Some(2);
        again.time_to_reconnect_seconds = Some(2.6);
        again
    }

    #[test]
    fn colours_wrap_the_mark_the_time_and_the_name_and_leave_the_words_alone() {
        let story = [record(0, Event::AttemptFailed(Box::new(attempt())))];
        assert_eq!(
            lines(Palette::Colour, &story),
            "\
\u{1b}[2m── 2026-11-22 (UTC+01:00) ──\u{1b}[0m
\u{1b}[2m18:20:04\u{1b}[0m  \u{1b}[33m↻ attempt 1\u{1b}[0m    tcp: connection refused after 1 ms, next in 1.4 s \
\u{1b}[2m· AWS_IO_SOCKET_CONNECTION_REFUSED\u{1b}[0m
"
        );
    }

    #[test]
    fn a_connection_tells_what_the_broker_added_and_how_it_came_about() {
        let mut first = connected();
        first.attempt_number = Some(3);
        first.session_present = Some(true);
        first.server_keep_alive_seconds = Some(30);
        let mut deep = reconnected();
        deep.kind = ConnectionKind::DeepReconnected;
        deep.attempt_number = Some(10);
        deep.time_to_reconnect_seconds = Some(723.0);
        let mut bare = reconnected();
        bare.phases = Phases::default();
        bare.peer_address = None;
        bare.attempt_number = Some(1);
        let events = [first, deep, bare].map(|connected| Event::Connected(Box::new(connected)));
        assert_eq!(
            told(events.into()),
            "\
18:20:04  ● connected    in 84 ms (dns 3, tcp 21, tls 48, connack 12) to 203.0.113.7:8883 with MQTT 5, at attempt 3, the broker kept the session, the broker sets the keep-alive to 30 s
18:20:04  ● reconnected  down 12m 3s, 10 attempts, deep: new TLS session and credentials, in 84 ms to 203.0.113.7:8883
18:20:04  ● reconnected  down 2.6 s, 1 attempt
"
        );
    }

    #[test]
    fn the_steps_of_an_attempt_are_in_the_unit_of_their_sum() {
        let after = |tcp_ms, mqtt_ms| {
            let phases = Phases { tcp_ms: Some(tcp_ms), mqtt_ms: Some(mqtt_ms), ..Phases::default() };
            let here = Connected { phases, peer_address: None, protocol: None, ..connected() };
            told(vec![Event::Connected(Box::new(here))])
        };
        assert_eq!(after(0.041, 0.5), "18:20:04  ● connected    in 541 µs (tcp 41, connack 500)\n");
        assert_eq!(after(0.041, 1.2), "18:20:04  ● connected    in 1.2 ms (tcp 0.04, connack 1.2)\n");
        assert_eq!(after(21.0, 2500.0), "18:20:04  ● connected    in 2.5 s (tcp 0.02, connack 2.5)\n");
    }

    #[test]
    fn a_version_that_was_tried_first_is_said_in_a_few_words() {
        let fallback = |failure| {
            let (protocol, failure) = (Some(Protocol::V5), Some(failure));
            Some(Fallback { protocol, failure, return_code: None })
        };
        let old = Connected {
            protocol: Some(Protocol::V311),
            fallback: fallback(FailureKind::ConnackRefused),
            ..connected()
        };
        let back = Connected { fallback: fallback(FailureKind::ConnackTimeout), ..reconnected() };
        let failed = AttemptFailed { fallback: fallback(FailureKind::ClosedBeforeConnack), ..attempt() };
        let story = vec![
            Event::Connected(Box::new(old)),
            Event::Connected(Box::new(back)),
            Event::AttemptFailed(Box::new(failed)),
        ];
        assert_eq!(
            told(story),
            "\
18:20:04  ● connected    in 84 ms (dns 3, tcp 21, tls 48, connack 12) to 203.0.113.7:8883 with MQTT 3.1.1, MQTT 5 was refused
18:20:04  ● reconnected  down 2.6 s, 2 attempts, in 84 ms to 203.0.113.7:8883, MQTT 5 was not answered
18:20:04  ↻ attempt 1    tcp: connection refused after 1 ms, MQTT 5 was closed on, next in 1.4 s · AWS_IO_SOCKET_CONNECTION_REFUSED
"
        );
    }

    #[test]
    fn a_refused_subscription_is_said_to_be_not_active() {
        let answer = |granted_qos, return_code| {
            Event::Subscribed(Subscribed { topic: "a/#".to_owned(), qos: Some(1), granted_qos, return_code })
        };
        assert_eq!(
            told(vec![answer(Some(1), Some(1)), answer(Some(0), Some(0)), answer(None, Some(135))]),
            "\
18:20:04  ● subscribed   to a/# with QoS 1
18:20:04  ● subscribed   to a/# with QoS 0, where 1 was asked for
18:20:04  ✗ refused      the subscription to a/# is not active: Not authorized (0x87): the broker's rules do not permit this client what it asked for
"
        );
    }

    #[test]
    fn a_drop_tells_what_stayed_unanswered_and_what_the_broker_said() {
        let mut silent = dropped();
        silent.error_name = "AWS_ERROR_MQTT_TIMEOUT".into();
        silent.error_message = "no answer to a ping within 3 s".to_owned();
        silent.closed_by = Some(ClosedBy::Timeout);
        silent.unanswered_ping_seconds = Some(3.0);
        silent.last_received_seconds = Some(63.0);
        let mut told_off = dropped();
        told_off.error_name = "AWS_ERROR_MQTT5_DISCONNECT_RECEIVED".into();
        told_off.error_message = "the broker disconnected: use another server".to_owned();
        told_off.reason_string = Some("rebalancing".to_owned());
        told_off.server_reference = Some("b2.example".to_owned());
        told_off.last_sent_packet = Some("PUBLISH".into());
        told_off.last_sent_topic = Some("a/b".to_owned());
        assert_eq!(
            told([silent, told_off].map(|drop| Event::Drop(Box::new(drop))).into()),
            "\
18:20:04  ✗ dropped      after 22m 1s: no answer to a ping within 3 s, last heard 63 s before, PINGREQ unanswered for 3 s · AWS_ERROR_MQTT_TIMEOUT
18:20:04  ✗ dropped      after 22m 1s: the broker disconnected: use another server, last heard 8 s before, sent PUBLISH a/b 8 s before, the broker says: rebalancing, the broker points to b2.example · AWS_ERROR_MQTT5_DISCONNECT_RECEIVED
"
        );
    }

    #[test]
    fn a_failed_attempt_tells_the_codes_and_whether_another_follows() {
        let mut refused = attempt();
        refused.attempt_number = Some(12);
        refused.phase = Phase::Mqtt;
        refused.error_name = "AWS_ERROR_MQTT_PROTOCOL_ERROR".into();
        refused.error_message = "the broker refused: not authorized (5)".to_owned();
        refused.return_code = Some(5);
        refused.next_attempt_seconds = None;
        let mut forbidden = attempt();
        forbidden.phase = Phase::Websocket;
        forbidden.error_name = "AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE".into();
        forbidden.error_message = "the upgrade was refused".to_owned();
        forbidden.http_status = Some(403);
        assert_eq!(
            told([refused, forbidden].map(|attempt| Event::AttemptFailed(Box::new(attempt))).into()),
            "\
18:20:04  ↻ attempt 12   mqtt: the broker refused: not authorized (5), no further attempt · AWS_ERROR_MQTT_PROTOCOL_ERROR
18:20:04  ↻ attempt 1    websocket: the upgrade was refused (HTTP 403), next in 1.4 s · AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE
"
        );
    }

    #[test]
    fn changes_on_this_host_are_told_in_words() {
        let change = |kind, interface: Option<&str>, detail: &str, seconds| {
            let interface = interface.map(str::to_owned);
            let in_use = interface.as_ref().map(|name| name == "eth0");
            Event::Environment(Environment {
                interface,
                in_use,
                detail: detail.to_owned(),
                seconds,
                ..Environment::new(kind)
            })
        };
        assert_eq!(
            told(vec![
                change(EnvironmentKind::LinkDown, Some("eth0"), "", None),
                change(EnvironmentKind::AddressRemoved, Some("wlan0"), "192.0.2.7/24", None),
                change(EnvironmentKind::DefaultRouteChanged, None, "via 192.0.2.1", None),
                change(EnvironmentKind::Suspend, None, "", Some(7380.0)),
                change(EnvironmentKind::ClockStep, None, "", Some(-3.2)),
            ]),
            "\
18:20:04  ~ this host    link down on eth0 (in use)
18:20:04  ~ this host    address gone on wlan0 (not in use): 192.0.2.7/24
18:20:04  ~ this host    default route changed: via 192.0.2.1
18:20:04  ~ this host    was asleep for 2h 3m
18:20:04  ~ this host    clock stepped by -3.2 s
"
        );
    }

    #[test]
    fn an_appliance_that_was_asked_is_told_with_what_it_reports() {
        let probe = |answered, rtt_ms, wifi_dbm, error_code, cloud_connected| {
            let device = "aa...eeff".to_owned();
            Event::Device(DeviceProbe {
                device,
                answered,
                rtt_ms,
                wifi_dbm,
                error_code,
                cloud_connected,
                cloud_error_code: None,
            })
        };
        assert_eq!(
            told(vec![
                probe(Some(true), Some(412.0), Some(-61), Some(0), Some(true)),
                probe(Some(true), Some(2500.0), None, Some(596), None),
                probe(Some(true), None, None, None, Some(false)),
                probe(Some(false), None, None, None, Some(false)),
                probe(Some(false), None, None, None, Some(true)),
                probe(Some(false), None, None, None, None),
            ]),
            "\
18:20:04  ◇ appliance    aa...eeff answered after 412 ms, Wi-Fi -61 dBm
18:20:04  ◇ appliance    aa...eeff answered after 2.5 s, reports error 596
18:20:04  ◇ appliance    aa...eeff answered, though to somebody else, the service lists it as not connected
18:20:04  ◇ appliance    aa...eeff did not answer within 10 s, the service lists it as not connected
18:20:04  ◇ appliance    aa...eeff did not answer within 10 s, the service lists it as connected
18:20:04  ◇ appliance    aa...eeff did not answer within 10 s
"
        );
    }

    #[test]
    fn a_late_answer_says_what_it_proves_and_a_stop_says_why() {
        let stop = |reason, duration_connected_seconds| {
            Event::Stop(Stop { duration_connected_seconds, ..Stop::new(reason) })
        };
        assert_eq!(
            told(vec![
                Event::LateAnswer(LateAnswer { seconds: 11.2 }),
                stop(StopReason::Signal, Some(1321.0)),
                stop(StopReason::AttemptsExhausted, None),
            ]),
            "\
18:20:04  ! late answer  after 11 s: the path is slow, not dead; the ping timeout is too short
18:20:04  ■ stopped      on request (signal), the session was closed in order after 22m 1s
18:20:04  ■ stopped      too many attempts failed in a row
"
        );
    }

    #[test]
    fn a_sample_says_nothing_but_losses_are_always_told() {
        let mut after_loss = record(0, Event::Sample(Box::default()));
        after_loss.records_lost = 3;
        let quiet = record(1, Event::Sample(Box::new(Sample { connected: Some(true), ..Sample::default() })));
        assert_eq!(
            lines(Palette::Plain, &[quiet, after_loss]),
            "\
── 2026-11-22 (UTC+01:00) ──
18:20:04  ! lost         3 records before this one did not get here: the reader or disk was too slow
"
        );
    }

    #[test]
    fn the_date_is_told_first_and_whenever_it_changes() {
        let stop = || Event::Stop(Stop::new(StopReason::Duration));
        let days = [record(0, stop()), record(60, stop()), record(6 * 3600, stop())];
        assert_eq!(
            lines(Palette::Plain, &days),
            "\
── 2026-11-22 (UTC+01:00) ──
18:20:04  ■ stopped      the time asked for is over
18:21:04  ■ stopped      the time asked for is over
── 2026-11-23 (UTC+01:00) ──
00:20:04  ■ stopped      the time asked for is over
"
        );
        assert_eq!(at(0).timestamp(), 1_795_368_004);
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_broker_says_stays_on_its_line_and_is_harmless(message: String, name: String, topic: String) {
            let mut drop = dropped();
            drop.error_message = message;
            drop.error_name = name.into();
            drop.last_sent_topic = Some(topic);
            let text = told(vec![Event::Drop(Box::new(drop))]);
            proptest::prop_assert_eq!(text.matches('\n').count(), 1);
            proptest::prop_assert!(!text.trim_end_matches('\n').contains(crate::report::text::is_unsafe));
        }
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let mut drop = dropped();
        drop.error_message = "bye\u{1b}]0;owned\u{7}\nfake line".to_owned();
        drop.error_name = "EVIL\u{202e}".into();
        let text = told(vec![Event::Drop(Box::new(drop))]);
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("bye\\u{1b}]0;owned\\u{7}\\nfake line"));
        assert!(text.ends_with("· EVIL\\u{202e}\n"));
    }
}
