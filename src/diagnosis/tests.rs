//! Journals in small, and the cause that must come out first.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::*;
use crate::collector::clock::Window;
use crate::collector::{Collector, Liveness};
use crate::journal;

mod any;
mod once_wrong;
mod pairs;

/// A journal in the making, at a second of its run.
struct Journal {
    collector: Collector,
    second: f64,
    drops: f64,
}

impl Journal {
    fn new(target: &Value) -> Self {
        let mut journal = Self { collector: Collector::new(Window::default(), 0), second: 0.0, drops: 0.0 };
        journal.start(target);
        journal
    }

    /// The next run begins, with these settings.
    fn start(&mut self, target: &Value) -> &mut Self {
        let mut facts = json!({"transport": "tcp", "keep_alive_seconds": 60.0, "ping_interval_seconds": 60.0,
                               "client_id": "mine", "url": "mqtt://broker.example:1883"});
        facts.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        self.tell("start", json!({"v": 1, "time_zone": "Europe/Paris", "target": facts}))
    }

    fn plain() -> Self {
        Self::new(&json!({}))
    }

    fn pass(&mut self, seconds: f64) -> &mut Self {
        self.second += seconds;
        self
    }

    fn tell(&mut self, event: &str, fields: Value) -> &mut Self {
        assert!(self.tell_if_readable(event, fields), "an unreadable {event}");
        self
    }

    /// Whether it could be read.
    fn tell_if_readable(&mut self, event: &str, mut fields: Value) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "some milliseconds since 1970")]
        let millis = 1_790_000_000_000 + (self.second * 1e3) as i64;
        let ts =
            DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339_opts(SecondsFormat::Millis, true);
        let record = fields.as_object_mut().unwrap();
        record.insert("event".to_owned(), event.into());
        record.insert("ts".to_owned(), ts.into());
        record.insert("run_seconds".to_owned(), self.second.into());
        let line = serde_json::to_vec(&fields).unwrap();
        let Ok(Some(record)) = journal::decode(&line) else {
            return false;
        };
        self.collector.record(&record);
        true
    }

    fn connect(&mut self) -> &mut Self {
        self.tell("connected", json!({"kind": "resumed", "protocol": "5"}))
    }

    /// A session of this length that ends so, back after a second.
    fn session(&mut self, length: f64, end: &Value) -> &mut Self {
        self.dropped(length, end).pass(1.0)
    }

    fn sessions(&mut self, lengths: &[f64], end: &Value) {
        for length in lengths {
            self.session(*length, end);
        }
    }

    fn dropped(&mut self, length: f64, end: &Value) -> &mut Self {
        // Nothing that a test does not name is the same in each drop.
        self.drops += 1.0;
        let heard = 1.0 + (self.drops * 13.7) % 47.0;
        let mut drop = json!({"error_name": "X", "closed_by": "peer_close", "duration_connected_seconds": length,
                              "last_received_seconds": heard, "last_sent_seconds": heard + 0.4,
                              "last_sent_packet": "PINGREQ", "active_subscriptions": 1});
        drop.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        self.connect().pass(length).tell("drop", drop)
    }

    fn fails(&mut self, times: usize, every: f64, attempt: &Value) -> &mut Self {
        for _ in 0..times {
            self.pass(every).tell("attempt_failed", attempt.clone());
        }
        self
    }

    fn findings(&self) -> Vec<Finding> {
        diagnose(&self.collector.metrics(Liveness::Over))
    }
}

fn attempt(phase: &str, name: &str) -> Value {
    json!({"phase": phase, "protocol": "5", "error_name": name})
}

fn refused(code: u8) -> Value {
    json!({"phase": "mqtt", "protocol": "5", "error_name": "X", "return_code": code})
}

fn upgrade(status: u16) -> Value {
    json!({"phase": "websocket", "protocol": "5", "error_name": "X", "http_status": status})
}

/// Lengths that have nothing in common.
const IRREGULAR: [f64; 8] = [310.0, 4_000.0, 95.0, 12_345.0, 777.0, 2_600.0, 30_000.0, 8_123.0];

fn check(cause: Cause, journal: &Journal) {
    let findings = journal.findings();
    let best = findings.first().unwrap_or_else(|| panic!("{cause}: nothing found"));
    let shown: Vec<_> =
        findings.iter().map(|one| (one.cause.as_str(), one.confidence, one.incidents_explained)).collect();
    assert_eq!(best.cause, cause, "{shown:?}");
    assert!(best.confidence > 0.6, "{shown:?}");
    assert!(!best.evidence.is_empty() && !best.summary.is_empty() && !best.fix.is_empty());
}

fn journal_of(make: impl FnOnce(&mut Journal)) -> Journal {
    let mut journal = Journal::plain();
    make(&mut journal);
    journal
}

#[test]
fn an_explicit_word_of_the_broker_names_the_cause() {
    let rows = [
        (0x8e, Cause::DuplicateClientId),
        (0x8b, Cause::BrokerRestart),
        (0x95, Cause::PayloadTooLarge),
        (0x96, Cause::PublishRateLimit),
        (0x97, Cause::PublishRateLimit),
        (0xa0, Cause::ConnectionLifetime),
        (0x98, Cause::ServerDisconnect),
        (0x9c, Cause::ServerDisconnect),
    ];
    for (code, cause) in rows {
        let said = json!({"closed_by": "peer_disconnect", "reason_code": code});
        check(
            cause,
            &journal_of(|journal| {
                journal.session(500.0, &said).session(900.0, &said).connect();
            }),
        );
    }
}

#[test]
fn attempts_that_fail_from_the_start_name_the_cause() {
    let expired = json!({"phase": "tls", "protocol": "5", "error_name": "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE",
                         "error_message": "a certificate of the broker's chain expired at 2026-01-01 00:00:00 UTC"});
    let not_yet = json!({"phase": "tls", "protocol": "5", "error_name": "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE",
                         "error_message": "a certificate of the broker's chain is not valid before 2026-01-01"});
    let rows = [
        (refused(5), Cause::BadCredentials),
        (refused(0x86), Cause::BadCredentials),
        (upgrade(403), Cause::BadCredentials),
        (refused(1), Cause::ProtocolMismatch),
        (refused(0x84), Cause::ProtocolMismatch),
        (upgrade(404), Cause::WebsocketEndpoint),
        (expired, Cause::TlsCertificate),
        (not_yet, Cause::ClockWrong),
        (attempt("dns", "AWS_IO_DNS_INVALID_NAME"), Cause::UnknownHost),
        (attempt("dns", "AWS_IO_DNS_QUERY_FAILED"), Cause::DnsFailure),
        (attempt("tcp", "AWS_IO_SOCKET_CONNECTION_REFUSED"), Cause::BrokerUnavailable),
        (attempt("tcp", "AWS_IO_SOCKET_TIMEOUT"), Cause::BrokerUnavailable),
        (refused(0x9f), Cause::ConnectRateLimit),
    ];
    for (attempt, cause) in rows {
        check(
            cause,
            &journal_of(|journal| {
                journal.fails(8, 20.0, &attempt);
            }),
        );
    }
}

#[test]
fn what_happened_on_this_host_names_the_cause() {
    let change =
        |kind: &str| json!({"kind": kind, "interface": "eth0", "in_use": true, "detail": "192.0.2.7/24"});
    let silent =
        json!({"closed_by": "timeout", "last_received_seconds": 63.0, "unanswered_ping_seconds": 3.0});
    let rows = [
        ("link_down", Cause::LocalNetworkDown),
        ("default_route_changed", Cause::LocalNetworkDown),
        ("address_removed", Cause::AddressChange),
    ];
    for (kind, cause) in rows {
        check(
            cause,
            &journal_of(|journal| {
                journal.connect().pass(500.0).tell("environment", change(kind)).dropped(40.0, &silent);
            }),
        );
    }
    let slept = json!({"kind": "suspend", "seconds": 7200.0, "detail": ""});
    check(
        Cause::HostSuspend,
        &journal_of(|journal| {
            journal
                .connect()
                .pass(7500.0)
                .tell("environment", slept)
                .dropped(0.5, &json!({"closed_by": "peer_reset"}));
        }),
    );
}

#[test]
fn ages_intervals_and_times_of_day_tell_what_repeats() {
    check(
        Cause::ConnectionLifetime,
        &journal_of(|journal| {
            for wait in [1.0, 40.0, 3.0, 90.0, 2.0, 15.0] {
                journal.dropped(7_200.0, &json!({})).pass(wait);
            }
        }),
    );
    check(
        Cause::RegularInterval,
        &journal_of(|journal| {
            for down in [5.0, 400.0, 30.0, 900.0, 120.0, 250.0, 60.0] {
                journal.pass(down).dropped(3_600.0 - down, &json!({}));
            }
        }),
    );
    check(
        Cause::ScheduledOutage,
        &journal_of(|journal| {
            for (down, late) in [(60.0, 40.0), (300.0, -100.0), (20.0, 60.0), (700.0, 10.0), (90.0, -30.0)] {
                journal
                    .pass(down)
                    .dropped(
                        86_400.0 - down + late,
                        &json!({"closed_by": "timeout", "last_received_seconds": 5.0}),
                    )
                    .pass(-late);
            }
        }),
    );
    let aws = json!({"transport": "wss", "url": "wss://a1-ats.iot.us-east-1.amazonaws.com:443/mqtt"});
    let mut journal = Journal::new(&aws);
    for wait in [2.0, 3.0, 40.0, 2.0, 5.0] {
        journal.dropped(86_403.0, &json!({})).pass(wait);
    }
    check(Cause::AwsWebsocketLifetime, &journal);
}

/// How sure it is of this cause; 0 where it is not named.
fn confidence(journal: &Journal, cause: Cause) -> f64 {
    let findings = journal.findings();
    findings.iter().find(|finding| finding.cause == cause).map_or(0.0, |finding| finding.confidence)
}

#[test]
fn a_twin_is_looked_for_in_the_runs_whose_client_id_somebody_else_may_use() {
    let chosen = json!({"client_id": "nwdiag-12345678", "client_id_chosen": true});
    let drawn = json!({"client_id": "mine", "client_id_chosen": false});
    let older = json!({"client_id": "nwdiag-12345678"});
    let twin = [3.0, 9.0, 4.0, 31.0, 6.0, 11.0];
    let rows = [(&chosen, &drawn, true), (&drawn, &chosen, false), (&older, &chosen, false)];
    for (first, second, is_named) in rows {
        let mut journal = Journal::new(first);
        journal.sessions(&twin, &json!({}));
        journal.start(second).sessions(&IRREGULAR[..2], &json!({"closed_by": "timeout"}));
        let sure = confidence(&journal, Cause::DuplicateClientId);
        assert_eq!(sure > 0.5, is_named, "{first} then {second}: {sure}");
    }
}

#[test]
fn the_limit_of_aws_is_looked_for_in_the_runs_that_watched_its_websocket() {
    let by_name = json!({"transport": "wss", "url": "wss://a1-ats.iot.us-east-1.amazonaws.com:443/mqtt"});
    let by_service = json!({"transport": "wss", "url": "wss://broker.example", "service": "aws_iot"});
    let elsewhere = json!({"transport": "wss", "url": "wss://broker.example"});
    let by_tcp = json!({"transport": "tls", "url": "mqtts://a1-ats.iot.us-east-1.amazonaws.com:8883"});
    for (watched, is_named) in [(&by_name, true), (&by_service, true), (&elsewhere, false), (&by_tcp, false)]
    {
        let mut journal = Journal::new(watched);
        journal.sessions(&[86_403.0; 5], &json!({}));
        journal.start(&json!({})).session(500.0, &json!({}));
        let sure = confidence(&journal, Cause::AwsWebsocketLifetime);
        assert_eq!(sure > 0.5, is_named, "{watched}: {sure}");
    }
}

#[test]
fn silence_before_the_end_tells_an_idle_timeout_and_who_has_it() {
    let long_pings = || Journal::new(&json!({"keep_alive_seconds": 1200.0, "ping_interval_seconds": 1200.0}));
    let mut proxy = long_pings();
    let mut nat = long_pings();
    for length in IRREGULAR {
        proxy.session(length + 300.0, &json!({"last_received_seconds": 300.4, "last_sent_seconds": 300.2}));
        nat.session(
            length + 1203.0,
            &json!({"closed_by": "timeout", "last_received_seconds": 1203.0, "last_sent_seconds": 3.0,
            "unanswered_ping_seconds": 3.0, "idle_before_last_sent_seconds": 1200.0,
            "messages_received": 60, "messages_published": 0}),
        );
    }
    for journal in [&proxy, &nat] {
        check(Cause::IdleTimeout, journal);
    }
    assert!(proxy.findings()[0].summary.contains("300 s"), "{:?}", proxy.findings()[0]);
}

#[test]
fn what_was_sent_last_tells_what_the_broker_does_not_allow() {
    let published = |bytes: u64, rate: f64, messages: u64| {
        json!({"last_sent_packet": "PUBLISH", "last_sent_topic": "a/b", "last_sent_seconds": 0.1,
        "largest_publish_bytes": bytes, "publish_rate_per_second": rate, "messages_published": messages})
    };
    let subscribed = json!({"last_sent_packet": "SUBSCRIBE", "last_sent_topic": "secret/#", "last_sent_seconds": 0.1,
        "active_subscriptions": 0});
    // Many filters are asked for in several packets: here the first was granted, and the second met the end.
    let one_of_many = json!({"last_sent_packet": "SUBSCRIBE", "last_sent_topic": "secret/#", "last_sent_seconds": 0.1,
        "last_received_seconds": 0.1, "active_subscriptions": 8});
    let rows = [
        (published(20, 0.1, 1), Cause::AuthorizationViolation),
        (subscribed, Cause::AuthorizationViolation),
        (one_of_many, Cause::AuthorizationViolation),
        (published(200_000, 0.1, 5), Cause::PayloadTooLarge),
        (published(20, 50.0, 500), Cause::PublishRateLimit),
    ];
    for (end, cause) in rows {
        check(
            cause,
            &journal_of(|journal| {
                journal.sessions(&IRREGULAR.map(|length| length / 100.0), &end);
            }),
        );
    }
}

#[test]
fn a_twin_a_late_loop_and_a_bad_path_have_their_own_looks() {
    check(
        Cause::DuplicateClientId,
        &journal_of(|journal| {
            journal.sessions(&[3.0, 9.0, 4.0, 31.0, 6.0, 11.0], &json!({}));
        }),
    );
    let late = json!({"loop_lag_ms": 45_000.0, "last_sent_seconds": 95.0, "last_received_seconds": 95.0});
    check(
        Cause::KeepAliveLate,
        &journal_of(|journal| {
            journal.sessions(&IRREGULAR, &late);
        }),
    );
    let lossy = json!({"closed_by": "timeout", "last_received_seconds": 63.0, "unanswered_ping_seconds": 3.0,
        "idle_before_last_sent_seconds": 60.0, "ping_rtt_ms": {"count": 20, "min": 20.0, "max": 2500.0},
        "tcp": {"retransmits": 40, "retransmits_pending": 3}, "wifi_dbm": -84});
    check(
        Cause::PacketLoss,
        &journal_of(|journal| {
            journal.sessions(&IRREGULAR.map(|length| length + 70.0), &lossy);
        }),
    );
    let lost = json!({"closed_by": "timeout", "last_received_seconds": 63.0, "unanswered_ping_seconds": 3.0,
        "idle_before_last_sent_seconds": 60.0, "ping_rtt_ms": {"count": 20, "min": 20.0, "max": 25.0}});
    check(
        Cause::IntermittentNetwork,
        &journal_of(|journal| {
            journal.sessions(&IRREGULAR.map(|length| length + 70.0), &lost);
        }),
    );
}

#[test]
fn a_broker_that_comes_back_was_restarted_and_credentials_that_were_good_have_run_out() {
    let port_closed = attempt("tcp", "AWS_IO_SOCKET_CONNECTION_REFUSED");
    check(
        Cause::BrokerRestart,
        &journal_of(|journal| {
            for length in IRREGULAR {
                journal.dropped(length, &json!({})).fails(3, 2.0, &port_closed).pass(3.0);
            }
            journal.connect();
        }),
    );
    check(
        Cause::CredentialExpiry,
        &journal_of(|journal| {
            for length in IRREGULAR {
                journal.dropped(length, &json!({})).fails(9, 9.0, &refused(0x87)).pass(3.0);
            }
            journal.connect();
        }),
    );
}

#[test]
fn too_fast_attempts_are_a_storm() {
    let attempt = attempt("mqtt", "AWS_IO_SOCKET_CLOSED");
    check(
        Cause::ReconnectStorm,
        &journal_of(|journal| {
            journal.dropped(400.0, &json!({})).fails(400, 0.5, &attempt).connect();
        }),
    );
}

impl Journal {
    /// An appliance is asked every five minutes, once for each of these: `a` answered, `s` silent, `g` silent and listed
    /// as gone, `t` silent and listed as connected; a capital is given up 20 s after the one before.
    fn asked(&mut self, outcomes: &str) -> &mut Self {
        for outcome in outcomes.chars() {
            let later = if outcome.is_uppercase() { 20.0 } else { 300.0 };
            let outcome = outcome.to_ascii_lowercase();
            let cloud = "gt".contains(outcome).then_some(outcome == 't');
            let told = json!({"device": "aa...eeff", "answered": outcome == 'a', "cloud_connected": cloud,
                              "wifi_dbm": (outcome == 'a').then_some(-84), "error_code": (outcome == 'a').then_some(596)});
            self.pass(later).tell("device", told);
        }
        self
    }
}

#[test]
fn an_appliance_that_is_silent_while_we_are_connected_is_found_and_one_lost_answer_is_none() {
    let rows = [
        ("aaaasss", true),
        ("ssss", true),
        ("gG", true),
        ("aaaasssaaaa", true),
        ("aaaagg", true),
        ("agaagaag", true),
        ("asasaasas", true),
        ("a", false),
        ("aaaas", false),
        ("aaaag", false),
        ("aaaaaasaaaaaaaaaaaaaaaaaaaaaaaaaaaasaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ("s", false),
        ("g", false),
        ("aaaasS", false),
        ("aaaagG", false),
    ];
    for (outcomes, is_found) in rows {
        let journal = journal_of(|journal| {
            journal.connect().asked(outcomes);
        });
        if is_found {
            check(Cause::ApplianceOffline, &journal);
            let summary = &journal.findings()[0].summary;
            assert!(summary.starts_with("our connection is fine; the appliance aa...eeff"), "{summary}");
        } else {
            let findings = journal.findings();
            assert!(findings.iter().all(|finding| finding.confidence <= 0.5), "{outcomes}: {findings:?}");
        }
    }
}

#[test]
fn the_figures_of_a_silent_appliance_are_told_and_what_it_said_before() {
    let journal = journal_of(|journal| {
        journal.connect().asked("aaaggggs");
    });
    let finding = &journal.findings()[0];
    assert_eq!((finding.drops_explained, finding.incidents_explained), (0, 1));
    let told = finding.evidence.join("\n");
    for figure in ["5 of 8 status requests unanswered", "5 in a row", "4 of them (80 %)", "-84 dBm", "596"] {
        assert!(told.contains(figure), "{figure}: {told}");
    }
    assert!(finding.fix.contains("access point") && finding.fix.contains("only reads"), "{}", finding.fix);
}

#[test]
fn a_service_that_calls_a_silent_appliance_connected_is_told_of() {
    let evidence = |outcomes: &str| {
        let journal = journal_of(|journal| {
            journal.connect().asked(outcomes);
        });
        journal.findings()[0].evidence.join("\n")
    };
    let told = "aa...eeff: the service listed it as connected all the same with 2 of them (67 %)";
    assert!(evidence("aaaatts").contains(told), "{}", evidence("aaaatts"));
    assert!(!evidence("aaaaggs").contains("all the same"));
}

#[test]
fn silence_of_our_own_connection_blames_no_appliance() {
    let journal = journal_of(|journal| {
        for _ in 0..6 {
            journal.connect().asked("aaaaas").pass(100.0).tell(
                "drop",
                json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 1900.0,
                       "last_received_seconds": 103.0}),
            );
        }
    });
    let findings = journal.findings();
    assert!(findings.iter().all(|finding| finding.cause != Cause::ApplianceOffline), "{findings:?}");
}

#[test]
fn drops_and_a_silent_appliance_are_both_found() {
    let said = json!({"closed_by": "peer_disconnect", "reason_code": 0x8b});
    let journal = journal_of(|journal| {
        for length in IRREGULAR {
            journal.session(length, &said);
        }
        journal.connect().asked("aasssss");
    });
    let found: Vec<Cause> = journal
        .findings()
        .into_iter()
        .filter(|finding| finding.confidence > 0.5)
        .map(|finding| finding.cause)
        .collect();
    assert!(found.contains(&Cause::BrokerRestart) && found.contains(&Cause::ApplianceOffline), "{found:?}");
}

#[test]
fn healthy_and_unclear_journals_get_no_answer() {
    let plain_ends = [
        json!({}),
        json!({"closed_by": "peer_reset"}),
        json!({"closed_by": "timeout", "last_received_seconds": 63.0, "unanswered_ping_seconds": 3.0}),
    ];
    let healthy = journal_of(|journal| {
        journal.connect().pass(90_000.0).tell("stop", json!({"reason": "signal"}));
    });
    assert_eq!(healthy.findings(), []);
    for end in plain_ends {
        for lengths in [&IRREGULAR[..1], &IRREGULAR[..2]] {
            let unclear = journal_of(|journal| {
                journal.sessions(lengths, &end);
                journal.connect();
            });
            assert!(
                unclear.findings().iter().all(|finding| finding.confidence <= 0.5),
                "{:?}",
                unclear.findings()
            );
        }
    }
}

#[test]
fn two_causes_at_once_are_both_found_and_noise_hides_neither() {
    let said = json!({"closed_by": "peer_disconnect", "reason_code": 0x95});
    let journal = journal_of(|journal| {
        for length in IRREGULAR {
            // No reset comes later than the lifetime allows, or there would be none.
            journal
                .session(length, &said)
                .session(7_200.0, &json!({}))
                .session(length / 5.0 + 200.0, &json!({"closed_by": "peer_reset"}));
        }
    });
    let found: Vec<Cause> = journal
        .findings()
        .into_iter()
        .filter(|finding| finding.confidence > 0.5)
        .map(|finding| finding.cause)
        .collect();
    assert!(
        found.contains(&Cause::PayloadTooLarge) && found.contains(&Cause::ConnectionLifetime),
        "{found:?}"
    );
}

#[test]
fn the_same_metrics_give_the_same_findings() {
    let journal = journal_of(|journal| {
        journal.sessions(&IRREGULAR, &json!({}));
    });
    assert_eq!(journal.findings(), journal.findings());
}

#[test]
fn every_public_id_is_read_back() {
    for cause in Cause::ALL {
        assert_eq!(Cause::from_word(cause.as_str()), Some(*cause));
    }
    assert_eq!(Cause::from_word("none"), None);
}
