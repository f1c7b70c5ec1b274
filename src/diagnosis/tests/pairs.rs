//! Journals that look alike but for one fact, and the cause that this fact decides.

use serde_json::{Value, json};

use super::{Cause, IRREGULAR, Journal, attempt, check, journal_of};

fn silent() -> Value {
    json!({"closed_by": "timeout", "last_received_seconds": 63.0, "last_sent_seconds": 3.0,
           "unanswered_ping_seconds": 3.0, "idle_before_last_sent_seconds": 60.0,
           "ping_rtt_ms": {"count": 20, "min": 20.0, "max": 25.0}})
}

/// Every drop comes at `hour` of some day, as long after as these seconds.
fn daily(hours_and_seconds: &[(f64, f64)]) -> Journal {
    journal_of(|journal| {
        journal.connect();
        let mut before = 0.0;
        for (day, (hour, late)) in hours_and_seconds.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few days")]
            let moment = 86_400.0 * (1.0 + day as f64) + 3_600.0 * hour + late;
            journal.dropped(moment - before, &json!({"closed_by": "peer_reset"}));
            before = moment;
        }
    })
}

#[test]
fn drops_at_one_hour_of_the_day_are_a_schedule_and_at_either_half_of_it_a_timer() {
    let late = [0.0, 4.0, 1.0, 6.0, 3.0, 5.0, 2.0];
    check(Cause::ScheduledOutage, &daily(&late.map(|late| (3.0, late))));
    let halves = [0.0, 12.0, 0.0, 0.0, 12.0, 12.0, 0.0];
    let mut places = halves.iter().zip(late).map(|(half, late)| (3.0 + half, late));
    check(Cause::RegularInterval, &daily(&std::array::from_fn::<_, 7, _>(|_| places.next().unwrap())));
}

#[test]
fn two_hours_of_the_day_are_told_both() {
    let late = [0.0, 40.0, 10.0, 60.0, 30.0, 50.0, 20.0, 5.0, 45.0, 15.0];
    let mut journal = Journal::plain();
    journal.connect();
    let (mut before, mut second) = (0.0, 0.0);
    for late in late {
        second += 86_400.0;
        for moment in [second + late, second + 19_000.0 + late / 2.0] {
            journal.dropped(moment - before, &json!({"closed_by": "peer_reset"}));
            before = moment;
        }
    }
    check(Cause::ScheduledOutage, &journal);
    let finding = &journal.findings()[0];
    assert!(finding.drops_explained >= 19, "{finding:?}");
    assert!(finding.summary.contains(" and "), "{}", finding.summary);
}

#[test]
fn another_address_is_a_change_of_it_and_the_same_one_a_link_that_was_down() {
    let back_as = |address: &str| {
        let change = |kind: &str, address: &str| json!({"kind": kind, "interface": "wlan0", "in_use": true, "detail": address});
        journal_of(|journal| {
            for length in IRREGULAR {
                journal
                    .connect()
                    .pass(length)
                    .tell("environment", change("link_down", ""))
                    .tell("environment", change("address_removed", "192.0.2.7/24"))
                    .pass(4.0)
                    .tell("environment", change("address_added", address))
                    .dropped(20.0, &silent())
                    .pass(1.0);
            }
            journal.connect();
        })
    };
    check(Cause::AddressChange, &back_as("192.0.2.9/24"));
    check(Cause::LocalNetworkDown, &back_as("192.0.2.7/24"));
    check(Cause::LocalNetworkDown, &back_as("2001:db8::7/64"));
}

#[test]
fn a_resolver_that_is_silent_for_a_while_behind_a_silent_drop_is_the_path_and_one_that_fails_for_long_is_ill()
{
    let lost = |times: usize, every: f64| {
        let unresolved = attempt("dns", "AWS_IO_DNS_QUERY_FAILED");
        journal_of(|journal| {
            for length in IRREGULAR {
                journal.dropped(length + 70.0, &silent()).fails(times, every, &unresolved).pass(5.0);
            }
            journal.connect();
        })
    };
    check(Cause::IntermittentNetwork, &lost(2, 6.0));
    check(Cause::DnsFailure, &lost(20, 60.0));
}

#[test]
fn a_drop_as_the_clock_is_set_far_is_the_clock_and_as_it_is_set_a_little_is_not() {
    let stepped = |seconds: f64| {
        journal_of(|journal| {
            for length in IRREGULAR {
                journal
                    .connect()
                    .pass(length)
                    .tell("environment", json!({"kind": "clock_step", "seconds": seconds, "detail": ""}))
                    .dropped(1.0, &json!({}))
                    .pass(1.0);
            }
            journal.connect();
        })
    };
    check(Cause::ClockWrong, &stepped(4_000.0));
    let findings = stepped(20.0).findings();
    assert!(findings.iter().all(|finding| finding.cause != Cause::ClockWrong), "{findings:?}");
}

#[test]
fn sessions_that_outlived_an_age_make_a_limit_less_sure() {
    let of_one_age = |others: &[f64]| {
        let journal = journal_of(|journal| {
            // Others in between move the time of the day, and not the age.
            for other in others {
                journal.sessions(&[7_200.0; 3], &json!({}));
                journal.session(*other, &json!({}));
            }
            journal.connect();
        });
        let findings = journal.findings();
        findings
            .iter()
            .find(|finding| finding.cause == Cause::ConnectionLifetime)
            .map_or(0.0, |one| one.confidence)
    };
    let (kept, broken) = (of_one_age(&[3_000.0, 500.0]), of_one_age(&[9_000.0, 30_000.0]));
    assert!(kept > 0.9 && broken < kept - 0.05, "{kept} {broken}");
}
