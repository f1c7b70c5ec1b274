//! Sessions that end at an age: the limits of AWS, of others, and of credentials.

use super::told_code;
use crate::collector::incidents::{Incident, Obstacle};
use crate::diagnosis::case::{Case, Dropped, trust};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::explicit::{ended_by_peer, follows_a_request};
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{count, of, seconds};
use crate::diagnosis::statistics::{Cluster, densest, share};
use crate::event::{ClosedBy, SessionDrop, Transport};

/// AWS IoT Core closes a WebSocket after 24 h, at the latest with the next packet, which its longest keep-alive of
/// 1,200 s brings (AWS IoT Core quotas).
const AWS_LIFETIME_SECONDS: f64 = 86_400.0;
const AWS_LATE_SECONDS: f64 = 1_260.0;
const AWS_EARLY_SECONDS: f64 = 30.0;
/// An endpoint with a name of its own does not show that it is AWS: only the very age does.
const CUSTOM_LATE_SECONDS: f64 = 130.0;
const CUSTOM_EARLY_SECONDS: f64 = 1.0;

pub(super) fn aws_websocket_lifetime(case: &Case<'_>) -> Option<Verdict> {
    if !matches!(case.transport, Some(Transport::Ws | Transport::Wss)) {
        return None;
    }
    let drops: Vec<_> = case.drops().collect();
    let at_the_limit: Vec<_> = drops
        .iter()
        .filter(|dropped| {
            let late = if case.aws { AWS_LATE_SECONDS } else { CUSTOM_LATE_SECONDS };
            let early = if case.aws { AWS_EARLY_SECONDS } else { CUSTOM_EARLY_SECONDS };
            let age = dropped.record().duration_connected_seconds;
            (AWS_LIFETIME_SECONDS - early..=AWS_LIFETIME_SECONDS + late).contains(&age)
        })
        .collect();
    if at_the_limit.is_empty() {
        return None;
    }
    let part = share(at_the_limit.len(), drops.len());
    if !case.aws && (at_the_limit.len() < 4 || part < 0.6) {
        return None;
    }
    Some(Verdict {
        confidence: if at_the_limit.len() < 3 { 0.45 } else { trust(0.98, at_the_limit.len() + 1, 3) * (0.7 + 0.3 * part) },
        summary: "AWS IoT Core ends a WebSocket connection 24 h after it was made".to_owned(),
        evidence: vec![format!("{} at an age of 24 h (86 400 s, and up to one keep-alive more)", of(at_the_limit.len(), drops.len(), "drop"))],
        fix: "expect it: reconnect with a freshly signed URL, or on purpose before 24 h are over; a client certificate on port 8883 has no such limit".to_owned(),
        explains: at_the_limit.iter().map(|dropped| dropped.index).collect(),
    })
}

/// A shorter life is a loop of another kind.
const SHORTEST_LIFE_SECONDS: f64 = 75.0;

/// Sessions that ended at about one age.
fn same_age<'a>(drops: &[Dropped<'a>]) -> Option<(Vec<Dropped<'a>>, Cluster)> {
    let with_age: Vec<(Dropped<'a>, f64)> = drops
        .iter()
        .filter_map(|dropped| Some((*dropped, dropped.incident.age_seconds()?)))
        .filter(|(_, age)| *age >= SHORTEST_LIFE_SECONDS)
        .collect();
    let ages: Vec<f64> = with_age.iter().map(|(_, age)| *age).collect();
    let silent =
        with_age.iter().filter(|(dropped, _)| dropped.record().closed_by == Some(ClosedBy::Timeout)).count();
    let interval =
        drops.first().and_then(|dropped| dropped.incident.terms.ping_interval_seconds).unwrap_or_default();
    let blur = if 2 * silent > with_age.len() { interval } else { 0.0 };
    let cluster = densest(&ages, |from| 0.015 * from + 3.0 + blur.min(0.1 * from))?;
    let members = cluster.members.iter().map(|member| with_age[*member].0).collect();
    Some((members, cluster))
}

pub(super) fn connection_lifetime(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::ConnectionLifetime);
    if !said.is_empty() {
        return Some(Verdict {
            confidence: trust(0.98, said.len() + 2, 1),
            summary: "the broker ends connections that have lasted as long as it allows".to_owned(),
            evidence: vec![format!(
                "{} with reason 0xa0, Maximum connect time",
                of(said.len(), case.incidents.len(), "drop")
            )],
            fix: "raise the limit at the broker, or reconnect on purpose before it is reached".to_owned(),
            explains: said,
        });
    }
    let plain: Vec<_> = case.drops().filter(|dropped| may_be_a_lifetime(case, *dropped)).collect();
    let (members, Cluster { median: life, range, .. }) = same_age(&plain)?;
    let part = share(members.len(), plain.len());
    if members.len() < 4 || part < 0.5 {
        return None;
    }
    Some(Verdict {
        confidence: trust(0.96, members.len(), 4).max(0.74) * (0.6 + 0.4 * part),
        summary: format!("sessions end at an age of {}, whatever the traffic", seconds(life)),
        evidence: vec![format!(
            "{} at an age of {} to {}",
            of(members.len(), plain.len(), "drop"),
            seconds(range.0),
            seconds(range.1)
        )],
        fix: format!(
            "find the limit of {} (broker, authorizer, proxy, mobile operator) and raise it, or reconnect on purpose before it",
            seconds(life)
        ),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}

/// Drops without a word of their own, and those whose way back says nothing about their end.
fn may_be_a_lifetime(case: &Case<'_>, dropped: Dropped<'_>) -> bool {
    matches!(case.named[dropped.index], None | Some(Cause::DnsFailure | Cause::BrokerRestart))
        && dropped.record().reason_code.is_none()
}

/// Whether the credentials were good once in this run, and then no more.
fn ran_out(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    let refused = incident.way_back.met_any(&[
        Obstacle::RefusedCredentials,
        Obstacle::UpgradeForbidden,
        Obstacle::SignInRejected,
    ]) > 0;
    incident.is_drop() && refused && !clock_was_wrong(case, index)
}

/// A session this long shows that its subscriptions were allowed, seconds.
const ALLOWED_SECONDS: f64 = 600.0;

/// Whether a SUBSCRIBE met the end that had been allowed before in this run: what ran out is not the permission.
fn was_allowed_before(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    let denied = incident.drop().is_some_and(|drop| {
        let subscribing =
            drop.last_sent_packet.as_deref() == Some("SUBSCRIBE") && drop.active_subscriptions == 0;
        ended_by_peer(drop) && follows_a_request(drop) && subscribing
    });
    let lived = |drop: &SessionDrop| {
        drop.duration_connected_seconds >= ALLOWED_SECONDS && drop.active_subscriptions > 0
    };
    let allowed =
        |earlier: &Incident| earlier.terms.run == incident.terms.run && earlier.drop().is_some_and(lived);
    denied && case.incidents[..index].iter().any(allowed)
}

/// A clock this far off makes signatures invalid (AWS Signature Version 4: 5 minutes).
pub(in crate::diagnosis) const CLOCK_SECONDS: f64 = 300.0;

/// Whether this host's clock was off around the incident, or had been set wrong before it in the same run.
pub(in crate::diagnosis) fn clock_was_wrong(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    [incident.clock_off_seconds, incident.host.clock_seconds]
        .into_iter()
        .any(|off| off.abs() >= CLOCK_SECONDS)
}

/// Lifetimes that tokens have, with the grace that services give: 1 h (Azure SAS, Cognito, Google JWT + 10 min), seconds.
const TOKEN_SECONDS: std::ops::RangeInclusive<f64> = 3_540.0..=4_300.0;

pub(super) fn credential_expiry(case: &Case<'_>) -> Option<Verdict> {
    let refused: Vec<usize> = (0..case.incidents.len())
        .filter(|index| ran_out(case, *index) || was_allowed_before(case, *index))
        .collect();
    let said = case.named(Cause::CredentialExpiry);
    let mut explains: Vec<usize> = refused.iter().chain(&said).copied().collect();
    explains.sort_unstable();
    explains.dedup();
    if explains.is_empty() {
        return token_age(case);
    }
    let codes = explains.iter().find_map(|index| told_code(&case.incidents[*index]));
    Some(Verdict {
        confidence: trust(0.96, explains.len() + 2, 1),
        summary: "credentials run out: what was accepted at first is refused later".to_owned(),
        evidence: vec![
            format!(
                "{} after which the broker refused the credentials that it had taken before, or said so as it closed",
                count(explains.len(), "drop")
            ),
            codes.unwrap_or_else(|| "the refusal heals once credentials are renewed".to_owned()),
        ],
        fix: "renew the token or signed URL for every attempt, and before it expires".to_owned(),
        explains,
    })
}

fn token_age(case: &Case<'_>) -> Option<Verdict> {
    let plain: Vec<_> =
        case.plain_drops().into_iter().filter(|dropped| ended_by_peer(dropped.record())).collect();
    let (members, Cluster { median: life, range, .. }) = same_age(&plain)?;
    let part = share(members.len(), plain.len());
    if members.len() < 4 || part < 0.6 || !TOKEN_SECONDS.contains(&life) {
        return None;
    }
    Some(Verdict {
        confidence: 0.62 * (0.6 + 0.4 * part),
        summary: format!("sessions end at an age of {}, the life of a token", seconds(life)),
        evidence: vec![format!(
            "{} at an age of {} to {}",
            of(members.len(), plain.len(), "drop"),
            seconds(range.0),
            seconds(range.1)
        )],
        fix: "mint a token for every connect, and reconnect before it expires".to_owned(),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}
