//! What drop-causes.md says of each cause shows in its journals: the generator itself, for review.

use nwdiag::event::{
    AttemptFailed, ClosedBy, Connected, Environment, EnvironmentKind, Event, Observation, Phase, SessionDrop,
    Subscribed,
};

use crate::faults::made_by;
use crate::scenario::{Journal, journal};

/// A journal, taken apart.
struct Seen {
    journal: Journal,
    /// Those of the cause.
    drops: Vec<(f64, SessionDrop)>,
    failed: Vec<AttemptFailed>,
    connected: Vec<Connected>,
    subscribed: Vec<Subscribed>,
    told: Vec<Environment>,
}

fn seen(journal: Journal) -> Seen {
    let first = journal.records[0].unix_seconds();
    let all = |record: &Observation| match &record.event {
        Event::Drop(drop) => Some((record.unix_seconds() - first, (**drop).clone())),
        _ => None,
    };
    let drops: Vec<_> = journal.records.iter().filter_map(all).collect();
    let mine = drops.into_iter().zip(&journal.culprits).filter(|(_, culprit)| **culprit == 0);
    let events = || journal.records.iter().map(|record| &record.event);
    Seen {
        drops: mine.map(|(drop, _)| drop).collect(),
        failed: events()
            .filter_map(|event| {
                if let Event::AttemptFailed(failed) = event { Some((**failed).clone()) } else { None }
            })
            .collect(),
        connected: events()
            .filter_map(|event| {
                if let Event::Connected(connected) = event { Some((**connected).clone()) } else { None }
            })
            .collect(),
        subscribed: events()
            .filter_map(|event| {
                if let Event::Subscribed(subscribed) = event { Some(subscribed.clone()) } else { None }
            })
            .collect(),
        told: events()
            .filter_map(|event| if let Event::Environment(told) = event { Some(told.clone()) } else { None })
            .collect(),
        journal,
    }
}

/// Holds `sign` against journals of a cause.
fn check(cause: &str, sign: impl Fn(&Seen) -> bool) {
    for seed in 200..212 {
        let seen = seen(journal(&[made_by(cause)], cause, seed));
        assert!(
            sign(&seen),
            "{cause}, seed {seed}: {} drops, {} attempts",
            seen.drops.len(),
            seen.failed.len()
        );
    }
}

impl Seen {
    /// A share of the drops of the cause look so.
    fn most(&self, share: f64, look: impl Fn(&SessionDrop) -> bool) -> bool {
        let count = self.drops.iter().filter(|(_, drop)| look(drop)).count();
        count as f64 >= share * self.drops.len() as f64
    }

    fn of_host(&self, kinds: &[EnvironmentKind]) -> usize {
        self.told.iter().filter(|told| kinds.contains(&told.kind) && told.in_use != Some(false)).count()
    }

    fn failed(&self, look: impl Fn(&AttemptFailed) -> bool) -> usize {
        self.failed.iter().filter(|failed| look(failed)).count()
    }

    fn ages(&self) -> Vec<f64> {
        self.drops.iter().map(|(_, drop)| drop.duration_connected_seconds.unwrap()).collect()
    }
}

fn spread(values: &[f64]) -> f64 {
    let [low, high] =
        [values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(0.0, f64::max)];
    (high - low) / high
}

/// Silence, in the direction that had it longer, when the end was known.
fn silence(drop: &SessionDrop) -> f64 {
    let idle = drop.idle_before_last_sent_seconds.unwrap_or(0.0);
    drop.last_sent_seconds.unwrap_or(0.0).max(idle)
}

#[test]
fn lost_links_are_told_and_sessions_end_in_silence() {
    use EnvironmentKind::{AddressRemoved, DefaultRouteChanged, LinkDown};
    check("local_network_down", |seen| {
        seen.of_host(&[LinkDown, DefaultRouteChanged]) >= seen.drops.len()
            && seen.most(1.0, |drop| drop.closed_by == Some(ClosedBy::Timeout))
    });
    check("address_change", |seen| {
        let links = seen.of_host(&[LinkDown]);
        links < seen.drops.len() && seen.of_host(&[AddressRemoved]) >= seen.drops.len()
    });
}

#[test]
fn appliances_answer_until_they_fall_silent_and_the_connection_stays() {
    check("appliance_offline", |seen| {
        let probes = seen.journal.records.iter().filter_map(|record| match &record.event {
            Event::Device(probe) => Some(probe),
            _ => None,
        });
        let silent = probes.clone().filter(|probe| probe.answered == Some(false)).count();
        let sound = probes.clone().all(|probe| probe.answered == Some(probe.rtt_ms.is_some()));
        silent >= 3 && sound && seen.drops.len() <= 2 && seen.failed.len() <= 2 * 8
    });
}

#[test]
fn a_lossy_path_ends_sessions_by_pings_and_slows_others_down() {
    check("packet_loss", |seen| {
        let late =
            seen.journal.records.iter().filter(|record| matches!(record.event, Event::LateAnswer(_))).count();
        let usual = seen.journal.setup.path.rtt_ms;
        let slow = |record: &&Observation| matches!(&record.event, Event::Sample(sample) if sample.ping_rtt_ms.as_ref().and_then(|trips| trips.max) > Some(4.0 * usual + 150.0));
        let slow = seen.journal.records.iter().filter(slow).count();
        seen.most(0.9, |drop| drop.closed_by == Some(ClosedBy::Timeout))
            && late + slow >= seen.drops.len().min(8)
    });
    check("intermittent_network", |seen| {
        spread(&seen.ages()) > 0.5
            && seen.most(1.0, |drop| matches!(drop.closed_by, Some(ClosedBy::Timeout | ClosedBy::PeerReset)))
    });
}

#[test]
fn an_idle_timeout_follows_the_same_silence_each_time() {
    check("idle_timeout", |seen| {
        let shortest = seen.drops.iter().map(|(_, drop)| silence(drop)).fold(f64::INFINITY, f64::min);
        // Between two packets of ours that the broker did not answer, or behind the last: never much less than T.
        shortest >= 19.0 && seen.journal.setup.ping_interval > shortest
            || seen.most(1.0, |drop| silence(drop) + 5.0 >= seen.journal.setup.ping_interval)
    });
}

#[test]
fn the_phase_of_failed_attempts_is_that_of_the_cause() {
    check("dns_failure", |seen| seen.failed(|failed| failed.phase == Phase::Dns) >= 5);
    check("tls_certificate", |seen| seen.failed(|failed| failed.phase == Phase::Tls) >= 4);
    check("websocket_endpoint", |seen| {
        seen.connected.is_empty()
            && seen.failed(|failed| failed.phase == Phase::Websocket) == seen.failed.len()
    });
    check("bad_credentials", |seen| {
        let refused = |failed: &AttemptFailed| {
            matches!(failed.return_code, Some(4 | 5 | 0x86 | 0x87 | 0x8c))
                || matches!(failed.http_status, Some(401 | 403))
        };
        seen.connected.is_empty() && seen.failed(refused) == seen.failed.len()
    });
    check("protocol_mismatch", |seen| {
        let refused = |failed: &AttemptFailed| matches!(failed.return_code, Some(1 | 0x84));
        seen.connected.is_empty() && seen.failed(refused) == seen.failed.len()
    });
    check("connect_rate_limit", |seen| {
        let refused = |failed: &AttemptFailed| failed.phase != Phase::Tcp && failed.phase != Phase::Dns;
        seen.failed(refused) >= 6 && seen.connected.len() > 2
    });
    check("broker_unavailable", |seen| {
        let last = seen.journal.records.iter().rev().find(|record| {
            matches!(record.event, Event::Connected(_) | Event::Drop(_) | Event::AttemptFailed(_))
        });
        seen.failed.len() >= 6 && matches!(last.unwrap().event, Event::AttemptFailed(_))
    });
}

#[test]
fn sessions_that_live_for_a_time_do_so_whatever_the_traffic() {
    check("aws_websocket_lifetime", |seen| {
        let keep_alive = seen.journal.setup.keep_alive;
        seen.most(1.0, |drop| {
            (86_400.0..86_400.0 + keep_alive + 5.0).contains(&drop.duration_connected_seconds.unwrap())
        })
    });
    check("connection_lifetime", |seen| {
        let detection = seen.journal.setup.ping_interval + seen.journal.setup.ping_timeout;
        let oldest = seen.ages().into_iter().fold(0.0, f64::max);
        let age = |drop: &SessionDrop| {
            oldest - drop.duration_connected_seconds.unwrap() <= detection + 0.02 * oldest
        };
        seen.most(1.0, age) && seen.most(1.0, |drop| silence(drop) < 0.5 * oldest)
    });
    check("credential_expiry", |seen| {
        let refused = |failed: &AttemptFailed| failed.return_code.is_some() || failed.http_status.is_some();
        let told = seen.most(1.0, |drop| drop.reason_string.is_some());
        !seen.connected.is_empty() && (told || seen.failed(refused) >= 3)
    });
}

#[test]
fn what_was_sent_last_is_what_is_not_allowed() {
    check("authorization_violation", |seen| {
        seen.most(0.9, |drop| {
            let packet = drop.last_sent_packet.as_deref();
            matches!(packet, Some("SUBSCRIBE" | "PUBLISH" | "PINGREQ"))
                && drop.last_sent_seconds.unwrap() < 3.0
        })
    });
    check("payload_too_large", |seen| seen.most(1.0, |drop| drop.largest_publish_bytes > Some(2000)));
    check("publish_rate_limit", |seen| {
        seen.most(0.9, |drop| drop.messages_received.unwrap() + drop.messages_published.unwrap() > 2)
    });
}

#[test]
fn brokers_say_it_or_come_back_after_refusals() {
    check("server_disconnect", |seen| {
        seen.most(1.0, |drop| {
            drop.reason_code.is_some() || drop.websocket_close_code.is_some_and(|code| code > 1001)
        })
    });
    check("broker_restart", |seen| {
        let told = seen.most(1.0, |drop| drop.reason_code == Some(0x8b));
        seen.connected.len() >= 3 && (told || seen.failed.len() >= 4)
    });
}

#[test]
fn the_clock_on_the_wall_is_what_outages_keep_to() {
    check("scheduled_outage", |seen| {
        let days: std::collections::BTreeSet<u64> =
            seen.drops.iter().map(|(at, _)| whole_days(*at)).collect();
        days.len() >= 3
    });
    check("regular_interval", |seen| seen.drops.len() >= 8);
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days since the first record")]
fn whole_days(seconds: f64) -> u64 {
    (seconds / 86_400.0) as u64
}

#[test]
fn what_the_client_did_to_itself_shows() {
    check("duplicate_client_id", |seen| {
        let own = !seen.journal.setup.client_id.starts_with("nwdiag-");
        let known = |drop: &SessionDrop| {
            drop.reason_code == Some(0x8e)
                || drop.reason_code.is_none() && drop.closed_by == Some(ClosedBy::PeerClose)
        };
        own && seen.most(1.0, known)
            && seen.subscribed.iter().all(|subscribed| subscribed.granted_qos.is_some())
    });
    check("keep_alive_late", |seen| {
        let late = 500.0 * seen.journal.setup.keep_alive;
        seen.most(1.0, |drop| {
            drop.loop_lag_ms > Some(late) && drop.reason_code.is_none_or(|code| code == 0x8d)
        })
    });
    check("host_suspend", |seen| seen.of_host(&[EnvironmentKind::Suspend]) >= seen.drops.len());
    check("clock_wrong", |seen| {
        let told = seen.of_host(&[EnvironmentKind::ClockStep, EnvironmentKind::ClockOffset]) > 0;
        let dates = seen.failed(|failed| failed.error_message.contains("not valid before")) > 0;
        (told || dates) && seen.failed(|failed| matches!(failed.phase, Phase::Tls | Phase::Websocket)) >= 2
    });
    check("reconnect_storm", |seen| {
        let minutes = seen.journal.records.last().unwrap().run_seconds.unwrap() / 60.0;
        (seen.failed.len() + seen.connected.len()) as f64 / minutes >= 25.0
    });
}

#[test]
fn a_healthy_journal_has_no_drop_and_an_unclear_one_two_plain_ones_at_most() {
    for seed in 0..40 {
        let healthy = seen(journal(&[crate::noise::healthy], "healthy", seed));
        assert!(healthy.journal.culprits.is_empty(), "seed {seed}");
        let unclear = seen(journal(&[crate::noise::unclear], "unclear", seed));
        assert!((1..=2).contains(&unclear.journal.culprits.len()), "seed {seed}");
        assert!(unclear.most(1.0, |drop| drop.reason_code.is_none()), "seed {seed}");
        assert_eq!(
            unclear.failed(|failed| failed.return_code.is_some()
                && failed.return_code != Some(0x84)
                && failed.return_code != Some(1)),
            0
        );
    }
}
