//! What the broker does not allow: a rate or a number of messages, a rate of connects.

use super::told_code;
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::case::{Case, Dropped};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::confidence::{plain_confidence, trust};
use crate::diagnosis::explicit::ended_by_peer;
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{of, told};
use crate::diagnosis::statistics::{densest, in_order, median, number, pinned, scatter, share};
use crate::event::SessionDrop;
use crate::units::whole;

/// The span over which a drop tells its rate of messages, seconds.
const RATE_SPAN_SECONDS: f64 = 10.0;
/// The lowest documented limit is 10 messages a second (Cloudflare Pub/Sub); fewer make no burst.
const BURST_MESSAGES: f64 = 10.0;
const BUSY_PER_SECOND: f64 = 8.0;
/// A younger session sends what its predecessor left unacknowledged, seconds.
const SETTLED_SECONDS: f64 = 3.0;
/// So many times the session's usual rate is a burst.
const BURST_TIMES: f64 = 2.0;

/// Whether a drop came in a burst of messages.
fn is_busy(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let measured = (record.duration_connected_seconds, record.publish_rate_per_second);
    let ((Some(age), Some(rate)), Some(received), Some(published)) =
        (measured, record.messages_received, record.messages_published)
    else {
        return false;
    };
    let all = number(received.saturating_add(published));
    let is_burst = rate * age.min(RATE_SPAN_SECONDS) >= BURST_MESSAGES;
    let is_unusual = rate * age >= BURST_TIMES * all || rate >= BUSY_PER_SECOND;
    let is_settled = age >= SETTLED_SECONDS;
    ended_by_peer(record) && is_settled && is_burst && is_unusual && just_moved(record, 1.0)
}

/// Whether a packet had just gone one way or the other when the end came.
fn just_moved(record: &SessionDrop, within_seconds: f64) -> bool {
    let latest = [record.last_received_seconds, record.last_sent_seconds].into_iter().flatten();
    latest.min_by(f64::total_cmp).is_some_and(|ago| ago <= within_seconds)
}

/// Fewer messages make no quota.
const SMALLEST_QUOTA: f64 = 40.0;
/// A broker that counts closes at the message that is one too many, seconds.
const QUOTA_SECONDS: f64 = 0.3;

/// Sessions that end after so many messages, however long that takes.
fn quota(plain: &[Dropped<'_>]) -> Option<Verdict> {
    let closed: Vec<Dropped<'_>> =
        plain.iter().copied().filter(|dropped| ended_by_peer(dropped.record())).collect();
    let counts: Vec<f64> = closed.iter().map(|dropped| messages(*dropped)).collect();
    let same = densest(&counts, |from| 0.02 * from + 1.0)?;
    let members: Vec<Dropped<'_>> = same.members.iter().map(|member| closed[*member]).collect();
    let part = share(members.len(), plain.len());
    let at_a_message = members.iter().filter(|dropped| ends_at_a_message(dropped.record())).count();
    let is_a_quota = members.len() >= 4 && part >= 0.5 && same.median >= SMALLEST_QUOTA;
    if !is_a_quota || share(at_a_message, members.len()) < 0.9 {
        return None;
    }
    let ages: Vec<f64> =
        members.iter().filter_map(|dropped| dropped.record().duration_connected_seconds).collect();
    let age = median(&ages)?;
    let exact: Vec<f64> = same.members.iter().map(|member| counts[*member]).collect();
    let width = QUOTA_SECONDS + scatter(&exact) * age / same.median;
    Some(Verdict {
        confidence: trust(0.95, members.len(), 4).max(0.75) * (0.6 + 0.4 * part),
        pins: Some(pinned(age, members.iter().map(|_| width))),
        summary: format!("the broker closes the connection after {} messages", whole(same.median)),
        evidence: vec![format!(
            "{} after {} to {} messages one way, whatever the session's age",
            of(members.len(), plain.len(), "drop"),
            whole(same.range.0),
            whole(same.range.1)
        )],
        fix: "a quota of the broker or of the account is used up: send less, or raise it".to_owned(),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}

/// Whether a message of the direction that is counted had just gone.
fn ends_at_a_message(record: &SessionDrop) -> bool {
    let inbound = record.messages_received >= record.messages_published;
    let latest = if inbound { record.last_received_seconds } else { record.last_sent_seconds };
    latest.is_some_and(|ago| ago <= QUOTA_SECONDS)
}

fn messages(dropped: Dropped<'_>) -> f64 {
    let record = dropped.record();
    number(record.messages_received.max(record.messages_published).unwrap_or_default())
}

pub(super) fn publish_rate_limit(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::PublishRateLimit);
    let plain = case.plain_drops();
    let busy: Vec<_> = plain.iter().copied().filter(|dropped| is_busy(*dropped)).collect();
    let part = share(busy.len(), plain.len());
    if said.is_empty() && (busy.len() < 3 || part < 0.5) {
        return quota(&plain);
    }
    let rates = case.drops().filter(|dropped| said.contains(&dropped.index)).chain(busy.iter().copied());
    let lowest = rates
        .filter_map(|dropped| dropped.record().publish_rate_per_second)
        .min_by(f64::total_cmp)
        .unwrap_or_default();
    let explains = in_order(said.iter().copied().chain(busy.iter().map(|dropped| dropped.index)));
    let sure = if said.is_empty() {
        plain_confidence(0.95, busy.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.97, said.len() + 2, 1)
    };
    Some(Verdict {
        confidence: sure,
        pins: None,
        summary: format!(
            "the broker closes the connection when messages come at {} a second or more",
            whole(lowest)
        ),
        evidence: [format!(
            "{} in a burst of messages",
            of(explains.len(), case.incidents.len(), "incident")
        )]
        .into_iter()
        .chain(told(said.len(), "0x93, 0x96 or 0x97: rate, quota or too many unacknowledged"))
        .collect(),
        fix: format!(
            "send fewer than {} messages a second, in batches or over several connections, \
            and heed the broker's Receive Maximum",
            whole((lowest / 2.0).max(1.0))
        ),
        explains,
    })
}

/// A limiter lets in again after a pause of at least this, seconds.
const QUIET_SECONDS: f64 = 5.0;

/// What a limiter does to attempts before it lets one through.
const TURNED_AWAY: [FailureClass; 3] =
    [FailureClass::ClosedBeforeConnack, FailureClass::NoConnack, FailureClass::TlsOther];

pub(super) fn connect_rate_limit(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::ConnectRateLimit);
    let heals_in_quiet = |incident: &Incident| {
        let way = &incident.recovery;
        let turned_away = f64::from(way.met_any(&TURNED_AWAY)) >= 0.8 * f64::from(way.failed);
        way.failed >= 3
            && turned_away
            && way.recovered.is_some()
            && way.longest_pause_seconds >= QUIET_SECONDS
    };
    let healed: Vec<usize> = (0..case.incidents.len())
        .filter(|index| case.named[*index].is_none() && heals_in_quiet(&case.incidents[*index]))
        .collect();
    if said.is_empty() && healed.len() < 3 {
        return None;
    }
    let explains = in_order(said.iter().chain(&healed).copied());
    let part = case.share_of_all(&explains);
    Some(Verdict {
        pins: None,
        confidence: if said.is_empty() {
            trust(0.95, healed.len() + 1, 3) * (0.6 + 0.4 * part)
        } else {
            trust(0.96, said.len() + 2, 1)
        },
        summary: "the broker turns connects away that come too often, and takes them after a quiet \
            spell"
            .to_owned(),
        evidence: vec![
            format!(
                "{} in which attempts were turned away",
                of(explains.len(), case.incidents.len(), "incident")
            ),
            explains
                .iter()
                .find_map(|index| told_code(&case.incidents[*index]))
                .unwrap_or_else(|| "each healed after the longest pause".to_owned()),
        ],
        fix: "back off exponentially with jitter, and start over only after a session has lasted \
            half a minute; AWS IoT Core takes one connect a second for a client ID"
            .to_owned(),
        explains,
    })
}
