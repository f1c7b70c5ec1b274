//! Causes at the client: its twin, its loop, its host, its clock, its settings.

use super::case::{Case, Dropped, may_share_client_id};
use super::cause::Cause;
use super::confidence::{plain_confidence, trust};
use super::explicit::{ended_by_peer, follows_a_request, subscribe_unanswered};
use super::rule::{Rule, Verdict};
use super::server::{CLOCK_SECONDS, clock_was_wrong, is_large};
use super::shown::{count, of, seconds, told};
use super::statistics::{densest, in_order, median, share};
use crate::collector::incidents::{BURST_SECONDS, FailureClass, Incident};
use crate::units::signed_span;

/// The rules of the family.
pub(super) const RULES: &[Rule] = &[
    Rule { cause: Cause::DuplicateClientId, judge: duplicate_client_id },
    Rule { cause: Cause::KeepAliveLate, judge: keep_alive_late },
    Rule { cause: Cause::HostSuspend, judge: host_suspend },
    Rule { cause: Cause::ClockWrong, judge: clock_wrong },
    Rule { cause: Cause::BadCredentials, judge: bad_credentials },
    Rule { cause: Cause::ProtocolMismatch, judge: protocol_mismatch },
    Rule { cause: Cause::WebsocketEndpoint, judge: websocket_endpoint },
    Rule { cause: Cause::ReconnectStorm, judge: reconnect_storm },
];

/// Sessions that a twin ends are as short as the twin's way back, seconds.
const TWIN_SECONDS: f64 = 180.0;

/// Pushed off: closed by the broker soon, without a request of ours before it, and let in again at once.
fn is_pushed_off(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let refused = follows_a_request(record) && subscribe_unanswered(record)
        || dropped.end.refused_topic.is_some()
        || is_large(record);
    ended_by_peer(record)
        && !refused
        && record.duration_connected_seconds.is_some_and(|age| age <= TWIN_SECONDS)
        && dropped.incident.recovery.failed == 0
}

/// A way back is hardly ever this long and always the same: sessions of one such length have another reason, seconds.
const LONGEST_STEADY_SECONDS: f64 = 75.0;
/// A twin's way back is never as exact as the timer of a proxy, which starts with the last packet.
const TIMER_SHARE: f64 = 0.015;
const SHORTEST_TIMER_SECONDS: f64 = 20.0;

/// Whether most of them ended after the very same silence of one side.
fn follow_one_silence(pushed: &[Dropped<'_>]) -> bool {
    let sides = [
        |dropped: &Dropped<'_>| dropped.record().last_sent_seconds,
        |dropped: &Dropped<'_>| dropped.record().last_received_seconds,
    ];
    sides.iter().any(|side| {
        let silences: Vec<f64> =
            pushed.iter().filter_map(side).filter(|silence| *silence >= SHORTEST_TIMER_SECONDS).collect();
        densest(&silences, |from| TIMER_SHARE * from + 0.3)
            .is_some_and(|same| share(same.members.len(), pushed.len()) >= 0.6)
    })
}

fn live_to_one_age(pushed: &[Dropped<'_>]) -> bool {
    let ages: Vec<f64> =
        pushed.iter().filter_map(|dropped| dropped.record().duration_connected_seconds).collect();
    let same = densest(&ages, |from| 0.03 * from + 1.0);
    same.is_some_and(|same| {
        share(same.members.len(), ages.len()) >= 0.6 && same.median >= LONGEST_STEADY_SECONDS
    })
}

/// Where no drop tells what was sent last, a refused request looks like a twin.
const UNTOLD_CONFIDENCE: f64 = 0.74;

/// How sure a pattern of these drops makes one that there is a twin.
fn sure_of_a_twin(pushed: &[Dropped<'_>], part: f64) -> f64 {
    let sure = trust(0.96, pushed.len(), 4).max(0.75) * (0.6 + 0.4 * part);
    let is_told = pushed.iter().any(|dropped| dropped.record().last_sent_packet.is_some());
    if is_told { sure } else { sure.min(UNTOLD_CONFIDENCE) }
}

fn duplicate_client_id(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::DuplicateClientId);
    let mut plain = case.plain_drops();
    plain.retain(|dropped| may_share_client_id(dropped.incident));
    let pushed: Vec<_> = plain.iter().copied().filter(|dropped| is_pushed_off(*dropped)).collect();
    let part = share(pushed.len(), plain.len());
    let is_steady = live_to_one_age(&pushed) || follow_one_silence(&pushed);
    let by_pattern = pushed.len() >= 4 && part >= 0.6 && !is_steady;
    if said.is_empty() && !by_pattern {
        return None;
    }
    let pattern = pushed.iter().filter(|_| by_pattern).map(|dropped| dropped.index);
    let mut explains: Vec<usize> = said.iter().copied().chain(pattern).collect();
    explains.sort_unstable();
    let lengths: Vec<f64> = explains
        .iter()
        .filter_map(|index| case.incidents[*index].drop()?.duration_connected_seconds)
        .collect();
    Some(Verdict {
        pins: None,
        confidence: if said.is_empty() {
            sure_of_a_twin(&pushed, part)
        } else {
            trust(0.98, said.len() + 2, 1)
        },
        summary: "another client uses this client ID: the two push each other off".to_owned(),
        evidence: [
            format!(
                "{} closed by the broker and let in again at once",
                of(explains.len(), case.incidents.len(), "incident")
            ),
            format!(
                "half of these sessions lasted {} or less",
                seconds(median(&lengths).unwrap_or_default())
            ),
        ]
        .into_iter()
        .chain(told(said.len(), "0x8e, Session taken over"))
        .collect(),
        fix: "give every client an ID of its own (serial number, MAC, UUID); a second copy of the \
            program, a test tool or a browser tab may be the twin"
            .to_owned(),
        explains,
    })
}

/// Our loop was late by this share of the keep-alive: together with the interval itself the broker's patience is over.
const LATE_SHARE: f64 = 0.4;
/// A broker closes after one and a half keep-alives without a packet of ours.
const PATIENCE: f64 = 1.4;

fn was_late(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let Some(keep_alive) = dropped.incident.terms.keep_alive_seconds else { return false };
    let lag = record.loop_lag_ms.unwrap_or_default() / 1e3;
    let silent_side = record.last_sent_seconds.is_some_and(|sent| sent >= PATIENCE * keep_alive);
    let told = record.reason_code == Some(0x8d);
    lag >= LATE_SHARE * keep_alive || (silent_side && (told || ended_by_peer(record)))
}

fn keep_alive_late(case: &Case<'_>) -> Option<Verdict> {
    let late: Vec<_> = case.plain_drops().into_iter().filter(|dropped| was_late(*dropped)).collect();
    if late.is_empty() {
        return None;
    }
    let worst = late.iter().filter_map(|dropped| dropped.record().loop_lag_ms).fold(0.0, f64::max) / 1e3;
    let keep_alive = late[0].incident.terms.keep_alive_seconds.unwrap_or_default();
    let part = share(late.len(), case.incidents.len());
    Some(Verdict {
        pins: None,
        confidence: plain_confidence(0.96, late.len() + 1, 0.6 + 0.4 * part).max(if worst >= keep_alive {
            0.8
        } else {
            0.0
        }),
        summary: "the client itself was held up, and the broker's keep-alive timer ran out".to_owned(),
        evidence: vec![
            format!(
                "{} after our own loop was late, by up to {}",
                of(late.len(), case.incidents.len(), "incident"),
                seconds(worst)
            ),
            format!("keep-alive {}: brokers wait one and a half times that", seconds(keep_alive)),
        ],
        fix: format!(
            "find what blocks the process (processor, swap, blocking calls), or set a keep-alive \
            of at least {:.0} s",
            (worst * 2.0).max(keep_alive * 2.0)
        ),
        explains: late.iter().map(|dropped| dropped.index).collect(),
    })
}

fn host_suspend(case: &Case<'_>) -> Option<Verdict> {
    let explains = case.named(Cause::HostSuspend);
    let longest = explains.iter().map(|index| case.incidents[*index].host.slept_seconds).fold(0.0, f64::max);
    if explains.is_empty() {
        return None;
    }
    Some(Verdict {
        pins: None,
        confidence: trust(0.98, explains.len() + 2, 1),
        summary: "this host slept, and its connections did not survive that".to_owned(),
        evidence: vec![format!(
            "{} after a sleep, the longest of {}",
            of(explains.len(), case.incidents.len(), "incident"),
            seconds(longest)
        )],
        fix: "keep the host awake (no suspend on idle or on a closed lid), or expect a reconnect \
            after each sleep"
            .to_owned(),
        explains,
    })
}

fn clock_wrong(case: &Case<'_>) -> Option<Verdict> {
    let fails_on_time = |index: &usize| {
        let incident = &case.incidents[*index];
        let way = &incident.recovery;
        let dates = way.met(FailureClass::CertificateNotYetValid) > 0;
        let suspects = [
            FailureClass::CertificateExpired,
            FailureClass::UpgradeForbidden,
            FailureClass::SignInUnavailable,
            FailureClass::RefusedCredentials,
        ];
        dates || (way.met_any(&suspects) > 0 && clock_was_wrong(case, *index))
    };
    let failing: Vec<usize> = (0..case.incidents.len()).filter(fails_on_time).collect();
    let stepped: Vec<usize> = (0..case.incidents.len())
        .filter(|index| ends_at_a_step(case, *index) && !failing.contains(index))
        .collect();
    let step = case
        .incidents
        .iter()
        .map(|incident| incident.host.clock_seconds)
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
        .unwrap_or_default();
    let attempts = case.attempts(&failing);
    let sure = match (failing.is_empty(), stepped.is_empty()) {
        (true, true) => return None,
        (true, false) => plain_confidence(0.96, stepped.len(), 1.0),
        (false, _) if step.abs() >= CLOCK_SECONDS => 0.95,
        (false, _) => 0.8,
    };
    let evidence = [
        (attempts > 0).then(|| format!("{} failed on dates or signatures", count(attempts, "attempt"))),
        (!stepped.is_empty()).then(|| {
            format!(
                "{} within seconds of a step of the clock",
                of(stepped.len(), case.incidents.len(), "incident")
            )
        }),
        Some(format!("largest step or offset of the clock: {}", signed_span(step))),
    ];
    Some(Verdict {
        pins: None,
        confidence: sure,
        summary: "this host's clock is wrong: signatures, certificates and timers are judged by it"
            .to_owned(),
        evidence: evidence.into_iter().flatten().collect(),
        fix: "let NTP set the clock before the client starts, and check that it stays in step \
            (timedatectl, chronyc tracking)"
            .to_owned(),
        explains: in_order(failing.iter().chain(&stepped).copied()),
    })
}

/// Whether a session ended as the clock was set: a broker on the same host may count keep-alives by it.
fn ends_at_a_step(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    incident.is_drop() && case.named[index].is_none() && incident.host.clock_seconds.abs() >= CLOCK_SECONDS
}

/// Refused from the start of a run: nothing was accepted before.
fn from_the_start(case: &Case<'_>, named: Cause) -> Vec<usize> {
    case.named(named).into_iter().filter(|index| !case.incidents[*index].is_drop()).collect()
}

fn bad_credentials(case: &Case<'_>) -> Option<Verdict> {
    let explains: Vec<usize> = from_the_start(case, Cause::BadCredentials)
        .into_iter()
        .filter(|index| !clock_was_wrong(case, *index))
        .collect();
    if explains.is_empty() {
        return None;
    }
    let attempts = case.attempts(&explains);
    Some(Verdict {
        pins: None,
        confidence: trust(0.97, attempts.saturating_add(2), 1),
        summary: "user name, password or token are refused from the start".to_owned(),
        evidence: vec![format!("{} refused before any session of the run", count(attempts, "attempt"))],
        fix: "check user name and password (mosquitto answers a wrong password with \"not \
            authorized\" too), the token, and whether this client ID may connect"
            .to_owned(),
        explains,
    })
}

fn protocol_mismatch(case: &Case<'_>) -> Option<Verdict> {
    let explains: Vec<usize> = case.named(Cause::ProtocolMismatch);
    if explains.is_empty() {
        return None;
    }
    let attempts = case.attempts(&explains);
    Some(Verdict {
        pins: None,
        confidence: trust(0.96, attempts.saturating_add(1), 1),
        summary: "the broker does not speak this version of MQTT".to_owned(),
        evidence: vec![format!("{} refused for the protocol version", count(attempts, "attempt"))],
        fix: "speak the version that the broker knows: --protocol 3.1.1 or --protocol 5, or auto for both"
            .to_owned(),
        explains,
    })
}

fn websocket_endpoint(case: &Case<'_>) -> Option<Verdict> {
    let explains = case.named(Cause::WebsocketEndpoint);
    let last = &case.incidents[*explains.last()?].recovery;
    let attempts = case.attempts(&explains);
    Some(Verdict {
        pins: None,
        confidence: trust(0.96, attempts.saturating_add(1), 1),
        summary: "there is no MQTT over WebSocket at this path or port".to_owned(),
        evidence: vec![match last.last_http_status {
            Some(status) => {
                format!("{} answered with HTTP {status} instead of an upgrade", count(attempts, "attempt"))
            }
            None => format!(
                "{} got an answer that is no upgrade to the subprotocol 'mqtt'",
                count(attempts, "attempt")
            ),
        }],
        fix: "check path (/mqtt, /ws, /), port and scheme, and that proxies pass Upgrade and \
            Sec-WebSocket-Protocol on"
            .to_owned(),
        explains,
    })
}

/// From this many attempts a minute, over three minutes, it is a storm.
const STORM_PER_MINUTE: f64 = 30.0;

fn reconnect_storm(case: &Case<'_>) -> Option<Verdict> {
    let storms = |incident: &Incident| {
        f64::from(incident.recovery.most_in_burst) >= STORM_PER_MINUTE * BURST_SECONDS / 60.0
    };
    let explains: Vec<usize> =
        (0..case.incidents.len()).filter(|index| storms(&case.incidents[*index])).collect();
    let most = explains.iter().map(|index| case.incidents[*index].recovery.most_in_burst).max()?;
    Some(Verdict {
        pins: None,
        confidence: 0.95,
        summary: "attempts to reconnect come far too fast".to_owned(),
        evidence: vec![format!("{most} attempts within {}", seconds(BURST_SECONDS))],
        fix: "wait longer after each failure, with jitter: 1 s doubling to 120 s \
            (--reconnect-min, --reconnect-max)"
            .to_owned(),
        explains,
    })
}
