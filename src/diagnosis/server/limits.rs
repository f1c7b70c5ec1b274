//! What the broker does not allow: a topic, a size, a rate.

use std::collections::BTreeMap;

use super::told_code;
use crate::collector::incidents::{Incident, Obstacle};
use crate::diagnosis::case::{Case, Dropped, trust};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::explicit::{PROMPT_SECONDS, ended_by_peer, follows_a_request};
use crate::diagnosis::network::plain_confidence;
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{count, of, short};
use crate::diagnosis::statistics::{densest, in_order, largest, number, share, smallest};

/// MQTT 5: "Not authorized".
const NOT_AUTHORIZED: u8 = 0x87;

/// Drops that followed a request of ours at once, by packet and topic: the largest such group.
fn after_one_request<'a>(drops: &[Dropped<'a>]) -> Option<(String, Vec<Dropped<'a>>)> {
    let mut groups: BTreeMap<String, Vec<Dropped<'a>>> = BTreeMap::new();
    for dropped in drops.iter().copied().filter(|dropped| unanswered_request(*dropped)) {
        let record = dropped.record();
        let packet = record.last_sent_packet.as_deref().unwrap_or_default();
        let topic = record.last_sent_topic.as_deref().unwrap_or("(unknown topic)");
        groups.entry(format!("{packet} {}", short(topic))).or_default().push(dropped);
    }
    groups.into_iter().max_by_key(|(_, group)| group.len())
}

/// A SUBSCRIBE or PUBLISH of ours was the last thing sent, and the peer closed before it could have been taken.
fn unanswered_request(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let granted = record.last_sent_packet.as_deref() == Some("SUBSCRIBE") && record.active_subscriptions > 0;
    let accepted = granted && record.reason_code != Some(NOT_AUTHORIZED);
    ended_by_peer(record) && follows_a_request(record) && !accepted
}

pub(super) fn authorization_violation(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::AuthorizationViolation);
    let drops: Vec<_> = case
        .drops()
        .filter(|dropped| {
            matches!(
                case.named[dropped.index],
                None | Some(Cause::AuthorizationViolation | Cause::ServerDisconnect)
            )
        })
        .collect();
    let (request, members) = after_one_request(&drops)?;
    if said.is_empty() && members.len() < 3 {
        return None;
    }
    let part = share(members.len(), drops.len());
    let sure = if said.is_empty() {
        plain_confidence(0.95, members.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.97, said.len() + 2, 1)
    };
    Some(Verdict {
        confidence: sure,
        summary: format!("the broker closes the connection after {request}: this client may not do that"),
        evidence: vec![
            format!("{} within {PROMPT_SECONDS:.0} s of {request}", of(members.len(), drops.len(), "drop")),
            format!("{} with reason 0x87, Not authorized", count(said.len(), "drop")),
        ],
        fix: format!("allow this client {request} in the broker's ACL or policy, or do not ask for it"),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}

/// A payload that some broker calls large, bytes: moquette's default limit is 8 KiB, IBM's was 4 KiB.
const LARGE_BYTES: u64 = 4_000;

pub(super) fn payload_too_large(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::PayloadTooLarge);
    // Some brokers call it a protocol error.
    let may_be = |named: Option<Cause>| matches!(named, None | Some(Cause::ServerDisconnect));
    let drops: Vec<_> = case.drops().filter(|dropped| may_be(case.named[dropped.index])).collect();
    let large: Vec<_> = drops
        .iter()
        .filter(|dropped| {
            let record = dropped.record();
            unanswered_request(**dropped)
                && record.last_sent_packet.as_deref() == Some("PUBLISH")
                && record.largest_publish_bytes.is_some_and(|bytes| bytes >= LARGE_BYTES)
        })
        .collect();
    let part = share(large.len(), drops.len());
    if said.is_empty() && (large.len() < 3 || part < 0.4) {
        return None;
    }
    let sizes = case
        .drops()
        .filter(|dropped| said.contains(&dropped.index))
        .chain(large.iter().map(|dropped| **dropped));
    let sizes: Vec<u64> = sizes.filter_map(|dropped| dropped.record().largest_publish_bytes).collect();
    let explains = in_order(said.iter().copied().chain(large.iter().map(|dropped| dropped.index)));
    let sure = if said.is_empty() {
        plain_confidence(0.95, large.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.98, said.len() + 2, 1)
    };
    let smallest = sizes.iter().min();
    Some(Verdict {
        confidence: sure,
        summary: match smallest {
            Some(bytes) => {
                format!("the broker closes the connection after a PUBLISH of {bytes} bytes or more")
            }
            None => "the broker closes the connection after a PUBLISH over its limit".to_owned(),
        },
        evidence: vec![
            format!("{} right after a large PUBLISH", of(explains.len(), case.incidents.len(), "incident")),
            format!("payloads of {} to {} bytes", smallest.unwrap_or(&0), sizes.iter().max().unwrap_or(&0)),
        ],
        fix: "send smaller messages, or raise the broker's limit; AWS IoT Core takes 128 KiB at most"
            .to_owned(),
        explains,
    })
}

/// In a shorter session a few messages make a high rate, seconds.
const SHORTEST_BURST_SECONDS: f64 = 3.0;
const BURST_MESSAGES: u64 = 10;

fn is_busy(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let is_no_accident = record.duration_connected_seconds >= SHORTEST_BURST_SECONDS
        || record.messages_published >= BURST_MESSAGES;
    is_no_accident && record.publish_rate_per_second >= BUSY_PER_SECOND && record.messages_published > 0
}

/// Fewer messages make no quota.
const SMALLEST_QUOTA: f64 = 40.0;

/// Sessions that end after so many messages, however long that takes.
fn quota(plain: &[Dropped<'_>]) -> Option<Verdict> {
    let closed: Vec<Dropped<'_>> =
        plain.iter().copied().filter(|dropped| ended_by_peer(dropped.record())).collect();
    let messages: Vec<f64> = closed.iter().map(|dropped| messages(*dropped)).collect();
    let same = densest(&messages, |from| 0.02 * from + 1.0)?;
    let ages: Vec<f64> =
        same.members.iter().map(|member| closed[*member].record().duration_connected_seconds).collect();
    let spread = |values: &[f64]| (largest(values) - smallest(values)) / largest(values).max(1.0);
    let counted: Vec<f64> = same.members.iter().map(|member| messages[*member]).collect();
    let part = share(same.members.len(), plain.len());
    let is_a_quota = same.members.len() >= 4 && part >= 0.5 && same.median >= SMALLEST_QUOTA;
    let on_a_message = same.members.iter().filter(|member| follows_a_message(closed[**member])).count();
    let by_count = spread(&counted) <= spread(&ages) || share(on_a_message, same.members.len()) >= 0.9;
    if !is_a_quota || !by_count {
        return None;
    }
    Some(Verdict {
        confidence: trust(0.95, same.members.len(), 4).max(0.75) * (0.6 + 0.4 * part),
        summary: format!("the broker closes the connection after {:.0} messages", same.median),
        evidence: vec![format!(
            "{} after {:.0} to {:.0} messages one way, whatever the session's age",
            of(same.members.len(), plain.len(), "drop"),
            same.range.0,
            same.range.1
        )],
        fix: "a quota of the broker or of the account is used up: send less, or raise it".to_owned(),
        explains: same.members.iter().map(|member| closed[*member].index).collect(),
    })
}

/// Whether a packet had just gone one way or the other when the end came.
fn follows_a_message(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let latest = [record.last_received_seconds, record.last_sent_seconds].into_iter().flatten();
    latest.min_by(f64::total_cmp).is_some_and(|ago| ago <= 0.3)
}

fn messages(dropped: Dropped<'_>) -> f64 {
    let record = dropped.record();
    number(record.messages_received.max(record.messages_published))
}

/// The lowest documented limit is 10 messages a second (Cloudflare Pub/Sub).
const BUSY_PER_SECOND: f64 = 8.0;

pub(super) fn publish_rate_limit(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::PublishRateLimit);
    let plain = case.plain_drops();
    let busy: Vec<_> = plain.iter().filter(|dropped| is_busy(**dropped)).collect();
    if said.is_empty()
        && let Some(quota) = quota(&plain)
    {
        return Some(quota);
    }
    let part = share(busy.len(), plain.len());
    if said.is_empty() && (busy.len() < 3 || part < 0.5) {
        return None;
    }
    let rates = case
        .drops()
        .filter(|dropped| said.contains(&dropped.index))
        .chain(busy.iter().map(|dropped| **dropped));
    let lowest = rates
        .map(|dropped| dropped.record().publish_rate_per_second)
        .min_by(f64::total_cmp)
        .unwrap_or_default();
    let explains = in_order(said.iter().copied().chain(busy.iter().map(|dropped| dropped.index)));
    let sure = if said.is_empty() {
        plain_confidence(0.93, busy.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.97, said.len() + 2, 1)
    };
    Some(Verdict {
        confidence: sure,
        summary: format!(
            "the broker closes the connection when messages come at {lowest:.0} a second or more"
        ),
        evidence: vec![
            format!("{} in a burst of messages", of(explains.len(), case.incidents.len(), "incident")),
            format!(
                "{} with a reason of its own: rate, quota or too many unacknowledged",
                count(said.len(), "drop")
            ),
        ],
        fix: format!(
            "send fewer than {:.0} messages a second, in batches or over several connections, and heed the broker's Receive Maximum",
            (lowest / 2.0).max(1.0)
        ),
        explains,
    })
}

/// What a limiter does to attempts before it lets one through.
const TURNED_AWAY: [Obstacle; 4] =
    [Obstacle::ClosedBeforeConnack, Obstacle::NoConnack, Obstacle::TlsOther, Obstacle::NoAnswer];

pub(super) fn connect_rate_limit(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::ConnectRateLimit);
    let heals_in_quiet = |incident: &Incident| {
        let way = &incident.way_back;
        let turned_away = f64::from(way.met_any(&TURNED_AWAY)) >= 0.8 * f64::from(way.failed);
        way.failed >= 4 && turned_away && way.recovered.is_some() && way.longest_pause_seconds >= 20.0
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
        confidence: if said.is_empty() { 0.7 * (0.5 + 0.5 * part) } else { trust(0.96, said.len() + 2, 1) },
        summary: "the broker turns connects away that come too often, and takes them after a quiet spell".to_owned(),
        evidence: vec![
            format!("{} in which attempts were turned away", of(explains.len(), case.incidents.len(), "incident")),
            explains.iter().find_map(|index| told_code(&case.incidents[*index])).unwrap_or_else(|| "each healed after the longest pause".to_owned()),
        ],
        fix: "back off exponentially with jitter, and start over only after a session has lasted half a minute; AWS IoT Core takes one connect a second for a client ID".to_owned(),
        explains,
    })
}
