//! Sessions that end at an age: the limits of AWS, of others, and of credentials.

use super::requests::{is_first_publish, is_large};
use super::told_code;
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::case::{Case, Dropped, is_websocket_of_aws};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::confidence::trust;
use crate::diagnosis::explicit::{ended_by_peer, follows_a_request, subscribe_unanswered};
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{between, count, of, seconds};
use crate::diagnosis::statistics::{
    Meeting, largest, meeting, number, pinned, scatter_of_ranges, share, smallest,
};
use crate::event::SessionDrop;

/// AWS IoT Core closes a WebSocket after 24 h, at the latest with the next packet, which its longest keep-alive of
/// 1,200 s brings (AWS IoT Core quotas).
const AWS_LIFETIME_SECONDS: f64 = 86_400.0;
const AWS_LATE_SECONDS: f64 = 1_260.0;
const AWS_EARLY_SECONDS: f64 = 30.0;

pub(super) fn aws_websocket_lifetime(case: &Case<'_>) -> Option<Verdict> {
    let drops: Vec<_> = case.drops().filter(|dropped| is_websocket_of_aws(dropped.incident)).collect();
    let limit = AWS_LIFETIME_SECONDS - AWS_EARLY_SECONDS..=AWS_LIFETIME_SECONDS + AWS_LATE_SECONDS;
    let is_at_the_limit = |dropped: &&Dropped<'_>| {
        dropped.record().duration_connected_seconds.is_some_and(|age| limit.contains(&age))
    };
    let at_the_limit: Vec<_> = drops.iter().filter(is_at_the_limit).collect();
    if at_the_limit.is_empty() {
        return None;
    }
    let part = share(at_the_limit.len(), drops.len());
    Some(Verdict {
        confidence: if at_the_limit.len() < 3 {
            0.45
        } else {
            trust(0.98, at_the_limit.len() + 1, 3) * (0.7 + 0.3 * part)
        },
        pins: None,
        summary: "AWS IoT Core ends a WebSocket connection 24 h after it was made".to_owned(),
        evidence: vec![format!(
            "{} at an age of {}, and up to one keep-alive more",
            of(at_the_limit.len(), drops.len(), "drop"),
            seconds(AWS_LIFETIME_SECONDS)
        )],
        fix: "expect it: reconnect with a freshly signed URL, or on purpose before 24 h are over; \
            a client certificate on port 8883 has no such limit"
            .to_owned(),
        explains: at_the_limit.iter().map(|dropped| dropped.index).collect(),
    })
}

/// A shorter life is a loop of another kind.
const SHORTEST_LIFE_SECONDS: f64 = 75.0;

/// Sessions that ended at one age.
struct Life<'a> {
    members: Vec<Dropped<'a>>,
    /// The age, seconds.
    age: f64,
    /// The ages from the lowest to the highest, seconds.
    range: (f64, f64),
    pins: f64,
}

/// The age at which the most of these sessions may have ended: exactly known where the peer said so, else a range.
fn same_age<'a>(drops: &[Dropped<'a>]) -> Option<Life<'a>> {
    let with_range: Vec<(Dropped<'a>, (f64, f64))> = drops
        .iter()
        .filter_map(|dropped| Some((*dropped, age_range(*dropped)?)))
        .filter(|(_, range)| range.1 >= SHORTEST_LIFE_SECONDS)
        .collect();
    let ranges: Vec<(f64, f64)> = with_range.iter().map(|(_, range)| *range).collect();
    let slack = |high: f64| 0.0075 * high + 1.5;
    let Meeting { place: age, members } = meeting(&ranges, slack)?;
    let near: Vec<f64> =
        members.iter().map(|member| age.clamp(ranges[*member].0, ranges[*member].1)).collect();
    let exact = scatter_of_ranges(members.iter().map(|member| ranges[*member]), age, slack(age));
    let widths = members.iter().map(|member| exact.max(ranges[*member].1 - ranges[*member].0));
    Some(Life {
        age,
        range: (smallest(&near), largest(&near)),
        pins: pinned(age, widths),
        members: members.iter().map(|member| with_range[*member].0).collect(),
    })
}

/// Between which ages a session began to end, seconds.
fn age_range(dropped: Dropped<'_>) -> Option<(f64, f64)> {
    let (most, least) = dropped.incident.unnoticed_range()?;
    let noticed = dropped.record().duration_connected_seconds?;
    Some(((noticed - most).max(0.0), (noticed - least).max(0.0)))
}

/// A session this many times as old shows that the age is no limit.
const OUTLIVED: f64 = 1.1;

/// Less than this tells nothing of an age: ends that were only noticed by rare pings fit many ages, in nats each.
const TELLING_NATS: f64 = 1.0;
/// Ages that agree as closely as this are worth a session more, in nats each.
const CLOSE_NATS: f64 = 5.0;

pub(super) fn connection_lifetime(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::ConnectionLifetime);
    if !said.is_empty() {
        return Some(Verdict {
            confidence: trust(0.98, said.len() + 2, 1),
            pins: None,
            summary: "the broker ends connections that have lasted as long as it allows".to_owned(),
            evidence: vec![format!(
                "{} with reason 0xa0, Maximum connect time",
                of(said.len(), case.incidents.len(), "drop")
            )],
            fix: "raise the limit at the broker, or reconnect on purpose before it is reached".to_owned(),
            explains: said,
        });
    }
    let untold = case.untold_drops();
    let Life { members, age, range, pins } = same_age(&untold)?;
    let part = share(members.len(), untold.len());
    let nats_each = pins / number(members.len() as u64);
    if members.len() < 4 || part < 0.5 || nats_each < TELLING_NATS {
        return None;
    }
    let outlived = untold
        .iter()
        .filter_map(|dropped| age_range(*dropped))
        .filter(|(least, _)| *least > OUTLIVED * age)
        .count();
    let refuted = 1.0 - 2.0 * share(outlived, members.len());
    let telling = members.len() + usize::from(nats_each >= CLOSE_NATS);
    Some(Verdict {
        confidence: trust(0.96, telling, 4).max(0.74) * (0.6 + 0.4 * part) * refuted.max(0.3),
        pins: Some(pins),
        summary: format!("sessions end at an age of {}, whatever the traffic", seconds(age)),
        evidence: vec![format!(
            "{} at an age of {}",
            of(members.len(), untold.len(), "drop"),
            between(range)
        )],
        fix: format!(
            "find the limit of {} (broker, authorizer, proxy, mobile operator) and raise it, or \
            reconnect on purpose before it",
            seconds(age)
        ),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}

/// Whether what the incident says of itself leaves it open that credentials ran out.
const fn may_run_out(named: Option<Cause>) -> bool {
    matches!(
        named,
        None | Some(Cause::CredentialExpiry | Cause::AuthorizationViolation | Cause::BadCredentials)
    )
}

/// Whether the credentials were good once in this run, and then no more.
fn ran_out(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    let refused = incident.recovery.met_any(&[
        FailureClass::RefusedCredentials,
        FailureClass::UpgradeForbidden,
        FailureClass::SignInRejected,
    ]) > 0;
    incident.is_drop() && refused && !clock_was_wrong(case, index)
}

/// A session this long shows that its subscriptions were allowed, seconds.
const ALLOWED_SECONDS: f64 = 600.0;

/// So many messages show that publishing was allowed.
const ALLOWED_PUBLISHES: u64 = 3;

/// Whether a request met the end that had been allowed before in this run: what ran out is not the permission.
pub(super) fn was_allowed_before(case: &Case<'_>, index: usize) -> bool {
    let incident = &case.incidents[index];
    let Some(drop) = incident.drop().filter(|drop| ended_by_peer(drop) && !is_large(drop)) else {
        return false;
    };
    let in_this_run = |earlier: &&Incident| earlier.terms.run == incident.terms.run;
    let mut earlier = case.incidents[..index].iter().filter(in_this_run).filter_map(Incident::drop);
    let lived = |earlier: &SessionDrop| earlier.duration_connected_seconds >= Some(ALLOWED_SECONDS);
    if is_first_publish(drop) {
        return earlier
            .any(|earlier| lived(earlier) && earlier.messages_published >= Some(ALLOWED_PUBLISHES));
    }
    let denied = follows_a_request(drop) && subscribe_unanswered(drop) && drop.messages_published == Some(0);
    let had_more = |earlier: &SessionDrop| {
        let counts = earlier.active_subscriptions.zip(drop.active_subscriptions);
        counts.is_some_and(|(earlier, now)| earlier > now)
    };
    denied && earlier.any(|earlier| lived(earlier) && had_more(earlier))
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
        .filter(|index| may_run_out(case.named[*index]))
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
        pins: None,
        confidence: trust(0.96, explains.len() + 2, 1),
        summary: "credentials run out: what was accepted at first is refused later".to_owned(),
        evidence: vec![
            format!(
                "{} after which the broker refused the credentials that it had taken before, or said \
            so as it closed",
                count(explains.len(), "drop")
            ),
            codes.unwrap_or_else(|| "the refusal heals once credentials are renewed".to_owned()),
        ],
        fix: "renew the token or signed URL for every attempt, and before it expires".to_owned(),
        explains,
    })
}

fn token_age(case: &Case<'_>) -> Option<Verdict> {
    let mut plain = case.plain_drops();
    plain.retain(|dropped| ended_by_peer(dropped.record()));
    let Life { members, age, range, pins } = same_age(&plain)?;
    let part = share(members.len(), plain.len());
    if members.len() < 4 || part < 0.6 || !TOKEN_SECONDS.contains(&age) {
        return None;
    }
    Some(Verdict {
        confidence: 0.62 * (0.6 + 0.4 * part),
        pins: Some(pins),
        summary: format!("sessions end at an age of {}, the life of a token", seconds(age)),
        evidence: vec![format!("{} at an age of {}", of(members.len(), plain.len(), "drop"), between(range))],
        fix: "mint a token for every connect, and reconnect before it expires".to_owned(),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}
