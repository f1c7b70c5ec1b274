//! Journals that an earlier diagnosis got wrong, each with what must be said instead.

use super::*;

const DAY: f64 = 86_400.0;

/// How sure it is that this cause is at work now.
fn sure_of(journal: &Journal, cause: Cause) -> f64 {
    let findings = journal.findings();
    findings
        .iter()
        .find(|finding| finding.cause == cause && finding.is_answer())
        .map_or(0.0, |one| one.confidence)
}

fn verdict(journal: &Journal) -> Option<Cause> {
    journal.findings().first().filter(|finding| finding.is_answer()).map(|finding| finding.cause)
}

/// Numbers between 0 and 1 without a pattern.
fn scattered(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let number = (state >> 11) as f64 / (1_u64 << 53) as f64;
        number
    }
}

/// Irregular lengths: exponential, of this mean, seconds.
fn irregular(seed: u64, mean: f64, count: usize) -> Vec<f64> {
    let mut next = scattered(seed);
    (0..count).map(|_| 1.0 - mean * next().max(1e-9).ln()).collect()
}

fn silent(before: f64) -> Value {
    json!({"closed_by": "timeout", "last_received_seconds": before + 3.0, "last_sent_seconds": 3.0,
           "unanswered_ping_seconds": 3.0, "idle_before_last_sent_seconds": before})
}

#[test]
fn an_outage_each_night_for_a_third_of_a_year_is_a_schedule_and_no_age() {
    let mut journal = Journal::plain();
    let mut next = scattered(7);
    let mut before = 0.0;
    for night in 1..=120 {
        let at = DAY * f64::from(night) + 60.0 * next();
        journal.session(at - before - 1.0, &json!({"closed_by": "peer_reset"}));
        before = at;
    }
    journal.connect();
    assert_eq!(verdict(&journal), Some(Cause::ScheduledOutage), "{:?}", journal.findings());
}

#[test]
fn an_age_that_no_session_outlived_stands_beside_more_irregular_drops() {
    let mut journal = Journal::plain();
    let mut next = scattered(3);
    let others = irregular(5, 1_200.0, 2_000);
    let mut others = others.into_iter().filter(|length| *length < 3_500.0);
    for round in 0..205 {
        journal.session(3_600.0 + 0.5 * next(), &json!({}));
        for length in others.by_ref().take(if round % 4 == 0 { 1 } else { 2 }) {
            journal.session(length, &json!({}));
        }
    }
    let findings = journal.findings();
    let is_age = |cause| matches!(cause, Cause::ConnectionLifetime | Cause::CredentialExpiry);
    assert!(verdict(&journal).is_some_and(is_age), "{findings:?}");
    assert!((200..=215).contains(&findings[0].incidents_explained), "{findings:?}");
}

#[test]
fn irregular_closes_have_no_cause_however_many() {
    let wrong: Vec<_> = (0..100_u64)
        .filter(|seed| {
            let mut journal = Journal::plain();
            journal.sessions(&irregular(*seed + 1, 5_000.0, 40), &json!({}));
            verdict(&journal).is_some()
        })
        .collect();
    assert!(wrong.len() <= 1, "{wrong:?}");
}

#[test]
fn what_a_lower_keep_alive_has_mended_is_over() {
    let mut journal = Journal::new(&json!({"keep_alive_seconds": 300.0, "ping_interval_seconds": 300.0}));
    for length in IRREGULAR {
        journal
            .session(length + 240.0, &json!({"last_received_seconds": 240.02, "last_sent_seconds": 240.01}));
    }
    journal.start(&json!({"keep_alive_seconds": 60.0})).connect().pass(60.0 * DAY);
    journal.tell("sample", json!({"connected": true}));
    let finding = &journal.findings()[0];
    assert_eq!((finding.cause, finding.status), (Cause::IdleTimeout, Status::Over), "{finding:?}");
    assert!(
        finding.evidence.iter().any(|line| line.contains("keep-alive is 60 s instead of 300 s")),
        "{finding:?}"
    );
    assert_eq!(verdict(&journal), None);
}

#[test]
fn a_password_that_was_wrong_for_four_seconds_is_over_after_days_of_connection() {
    let mut journal = Journal::plain();
    journal.fails(3, 1.0, &refused(5)).pass(1.0).connect().pass(110.0 * DAY);
    journal.tell("sample", json!({"connected": true}));
    let finding = &journal.findings()[0];
    assert_eq!((finding.cause, finding.status), (Cause::BadCredentials, Status::Over), "{finding:?}");
}

#[test]
fn drops_under_a_random_client_id_name_no_twin_of_a_later_one() {
    let mut journal = Journal::new(&json!({"client_id": "nwdiag-0badcafe", "client_id_chosen": false}));
    for length in irregular(9, 30.0, 200) {
        journal.session(length, &json!({}));
    }
    journal.start(&json!({"client_id": "mine", "client_id_chosen": true})).connect().pass(3_600.0);
    journal.tell("sample", json!({"connected": true}));
    assert!(sure_of(&journal, Cause::DuplicateClientId) < 0.2, "{:?}", journal.findings());
}

#[test]
fn a_route_of_the_other_ip_version_is_no_network_that_went_away() {
    let flap = json!({"kind": "default_route_changed", "interface": "eth0", "in_use": true,
                      "detail": "default via fe80::1 dev eth0"});
    let mut journal = Journal::plain();
    let up = json!({"kind": "resumed", "protocol": "5", "local_address": "192.0.2.7:40000"});
    journal.tell("connected", up).pass(500.0).tell("environment", flap).pass(1.0);
    journal.tell(
        "drop",
        json!({"error_name": "X", "closed_by": "timeout", "duration_connected_seconds": 501.0,
                                "last_received_seconds": 20.0}),
    );
    assert!(sure_of(&journal, Cause::LocalNetworkDown) < 0.5, "{:?}", journal.findings());
}

#[test]
fn closes_at_random_under_an_own_client_id_in_mqtt_5_are_no_twin() {
    for seed in 0..20 {
        let mut journal = Journal::new(&json!({"client_id": "mine", "client_id_chosen": true}));
        journal.sessions(&irregular(seed + 31, 900.0, 12), &json!({}));
        assert!(sure_of(&journal, Cause::DuplicateClientId) < 0.5, "{seed}: {:?}", journal.findings());
    }
}

#[test]
fn a_plain_url_at_a_tls_port_is_the_wrong_port() {
    let mut journal = Journal::new(&json!({"url": "mqtt://broker.example:8883"}));
    let closed = json!({"phase": "mqtt", "protocol": "5", "error_name": "AWS_IO_SOCKET_CLOSED",
                        "failure": "closed_before_connack", "closed_by": "peer_reset"});
    journal.fails(8, 20.0, &closed);
    let finding = &journal.findings()[0];
    assert_eq!(finding.cause, Cause::WrongPort, "{finding:?}");
    assert_eq!(finding.named.get("url").map(String::as_str), Some("mqtts://broker.example:8883"));
}

#[test]
fn a_port_that_is_closed_for_seconds_after_a_close_is_a_restart_from_the_first_time_on() {
    for times in [1, 2] {
        let mut journal = Journal::plain();
        for _ in 0..times {
            journal.dropped(4_000.0, &json!({}));
            journal.fails(4, 2.5, &attempt("tcp", "AWS_IO_SOCKET_CONNECTION_REFUSED")).pass(1.0);
        }
        journal.connect().pass(60.0);
        check(Cause::BrokerRestart, &journal);
    }
}

#[test]
fn sessions_that_all_end_at_the_same_moment_have_a_cause() {
    for (sessions, length) in [(6, 37.0), (81, 50.017)] {
        let mut journal = Journal::new(&json!({"client_id": "nwdiag-0badcafe", "client_id_chosen": false}));
        journal.sessions(
            &vec![length; sessions],
            &json!({"last_received_seconds": length, "last_sent_seconds": length,
                                                          "last_sent_packet": "SUBSCRIBE"}),
        );
        let findings = journal.findings();
        let fits = |cause| matches!(cause, Cause::IdleTimeout | Cause::ConnectionLifetime);
        assert!(findings.first().is_some_and(|first| fits(first.cause)), "{findings:?}");
        assert!(findings[0].confidence > 0.4, "{findings:?}");
    }
}

#[test]
fn an_interface_of_which_it_is_not_known_whether_it_is_in_use_proves_nothing() {
    let docker = json!({"kind": "link_down", "interface": "docker0", "in_use": null, "detail": ""});
    for attempt in [attempt("tcp", "AWS_IO_SOCKET_CONNECTION_REFUSED"), refused(3)] {
        let mut journal = Journal::plain();
        journal.fails(30, 60.0, &attempt).tell("environment", docker.clone()).fails(30, 60.0, &attempt);
        assert!(sure_of(&journal, Cause::LocalNetworkDown) < 0.2, "{:?}", journal.findings());
        assert_eq!(verdict(&journal), Some(Cause::BrokerUnavailable), "{:?}", journal.findings());
    }
}

#[test]
fn two_plain_closes_name_no_cause_though_one_came_before_suback() {
    let mut journal = Journal::plain();
    journal.session(3_000.0, &json!({}));
    journal.session(
        0.01,
        &json!({"last_sent_packet": "SUBSCRIBE", "last_sent_seconds": 0.01,
                                  "last_received_seconds": 0.01, "active_subscriptions": 0}),
    );
    journal.connect().pass(100.0);
    assert_eq!(verdict(&journal), None, "{:?}", journal.findings());
}

#[test]
fn a_reboot_at_one_time_of_the_week_is_a_schedule_and_no_age_of_seven_days() {
    let mut journal = Journal::plain();
    let mut next = scattered(11);
    let mut before = 0.0;
    // From November to March: the schedule keeps to the local time.
    for week in 0..18 {
        let at = 45.0 * DAY + 7.0 * DAY * f64::from(week) + 400.0 * next();
        journal.session(at - before - 1.0, &json!({"closed_by": "peer_reset"}));
        before = at;
    }
    journal.connect();
    assert_eq!(verdict(&journal), Some(Cause::ScheduledOutage), "{:?}", journal.findings());
}

#[test]
fn a_handshake_that_hangs_for_hours_has_a_cause() {
    let hangs = json!({"phase": "tls", "protocol": "5", "error_name": "AWS_IO_TLS_NEGOTIATION_TIMEOUT",
                       "failure": "tls_timeout"});
    let mut tls = Journal::new(&json!({"url": "mqtts://broker.example:8883", "transport": "tls"}));
    tls.fails(60, 120.0, &hangs);
    assert_eq!(verdict(&tls), Some(Cause::PathMtu), "{:?}", tls.findings());
    let upgrade =
        json!({"phase": "websocket", "protocol": "5", "error_name": "X", "failure": "websocket_timeout"});
    let mut websocket = Journal::new(&json!({"url": "ws://broker.example:8080/mqtt", "transport": "ws"}));
    websocket.fails(60, 120.0, &upgrade);
    assert_eq!(verdict(&websocket), Some(Cause::WebsocketEndpoint), "{:?}", websocket.findings());
}

#[test]
fn many_refusals_for_haste_in_a_few_incidents_are_named() {
    let mut journal = Journal::plain();
    for (index, length) in irregular(17, 4_000.0, 22).into_iter().enumerate() {
        journal.dropped(length, &json!({}));
        if index % 11 == 5 {
            journal.fails(16, 3.0, &refused(0x9f));
        }
        journal.pass(1.0);
    }
    journal.connect();
    assert!(sure_of(&journal, Cause::ConnectRateLimit) > 0.8, "{:?}", journal.findings());
}

#[test]
fn a_silence_that_pings_lived_through_a_thousand_times_is_no_idle_timeout() {
    let mut journal = Journal::plain();
    for length in irregular(23, 9_000.0, 9) {
        let length = length + 600.0;
        let mut end = silent(60.0);
        end["ping_rtt_ms"] = json!({"last": 20.0, "min": 19.0, "mean": 20.0, "max": 25.0, "count": 150});
        end["messages_received"] = json!(0);
        end["messages_published"] = json!(0);
        journal.session(length, &end);
    }
    assert!(sure_of(&journal, Cause::IdleTimeout) < 0.2, "{:?}", journal.findings());
    assert_eq!(verdict(&journal), Some(Cause::IntermittentNetwork));
}

#[test]
fn three_sessions_of_one_age_name_no_period_and_four_do() {
    let of = |sessions: usize| {
        let mut journal = Journal::plain();
        journal.session(500.0, &json!({}));
        journal.sessions(&vec![7_200.0; sessions], &json!({}));
        sure_of(&journal, Cause::ConnectionLifetime).max(sure_of(&journal, Cause::RegularInterval))
    };
    assert!(of(3) < 0.2 && of(4) > 0.4, "{} {}", of(3), of(4));
}

#[test]
fn a_sleep_of_two_seconds_before_a_drop_names_no_suspend() {
    let mut journal = Journal::plain();
    for length in IRREGULAR {
        journal.connect().pass(length);
        journal.tell("environment", json!({"kind": "suspend", "seconds": 2.0, "detail": ""}));
        journal.dropped(1.0, &silent(60.0)).pass(1.0);
    }
    assert!(sure_of(&journal, Cause::HostSuspend) < 0.2, "{:?}", journal.findings());
}

#[test]
fn a_broker_that_said_why_is_believed_though_a_link_went_down_behind_it() {
    let mut journal = Journal::plain();
    for length in IRREGULAR {
        journal.dropped(length, &json!({"closed_by": "peer_disconnect", "reason_code": 0x8e}));
        journal.tell(
            "environment",
            json!({"kind": "link_down", "interface": "eth0", "in_use": true, "detail": ""}),
        );
        journal.pass(2.0);
    }
    assert_eq!(verdict(&journal), Some(Cause::DuplicateClientId), "{:?}", journal.findings());
}

#[test]
fn the_advice_against_an_idle_timeout_is_never_the_value_that_failed() {
    for keep_alive in [30.0, 60.0, 300.0, 1_200.0] {
        let mut journal =
            Journal::new(&json!({"keep_alive_seconds": keep_alive, "ping_interval_seconds": keep_alive}));
        for length in IRREGULAR {
            let heard = keep_alive * 0.9;
            journal.session(
                length + heard,
                &json!({"last_received_seconds": heard + 0.01, "last_sent_seconds": heard}),
            );
        }
        let findings = journal.findings();
        let finding = findings.iter().find(|finding| finding.cause == Cause::IdleTimeout).unwrap();
        assert!(!finding.fix.contains(&format!("to {keep_alive:.0} s")), "{finding:?}");
    }
}
