//! What the broker does not allow: a topic, or a size.

use std::collections::BTreeMap;

use super::lifetimes::was_allowed_before;
use crate::diagnosis::case::{Case, Dropped};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::confidence::{plain_confidence, trust};
use crate::diagnosis::explicit::{
    PROMPT_SECONDS, REFUSED_SECONDS, ended_by_peer, follows_a_request, subscribe_unanswered,
};
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{of, short, told};
use crate::diagnosis::statistics::{in_order, number, share};
use crate::event::SessionDrop;
use crate::units;

/// MQTT 5: "Not authorized".
const NOT_AUTHORIZED: u8 = 0x87;

/// A payload that some broker calls large, bytes: the lowest limits known are 4 KiB (IBM) and odd ones about half of it.
const LARGE_BYTES: u64 = 1_000;

/// After so much silence no PINGRESP is under way, seconds.
const QUIET_SECONDS: f64 = 2.0;

/// A request of ours that met the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    /// To hear of this filter, where it is known which.
    Subscribe(Option<String>),
    /// To tell something under this topic, where it was the last thing sent.
    Publish(Option<String>),
}

/// The request that the broker may have answered by closing: one that had not been granted in this session.
fn refused_request(dropped: Dropped<'_>) -> Option<Request> {
    let record = dropped.record();
    if !ended_by_peer(record) || is_large(record) {
        return None;
    }
    let soon = record.duration_connected_seconds.is_some_and(|age| age <= PROMPT_SECONDS);
    if let Some(topic) = dropped.end.refused_topic.as_ref().filter(|_| soon) {
        return Some(Request::Subscribe(Some(short(topic))));
    }
    let topic = record.last_sent_topic.as_deref().map(short);
    let packet = record.last_sent_packet.as_deref().filter(|_| follows_a_request(record));
    match packet {
        Some("SUBSCRIBE") if record.reason_code == Some(NOT_AUTHORIZED) => Some(Request::Subscribe(topic)),
        Some("PUBLISH") if record.reason_code == Some(NOT_AUTHORIZED) => Some(Request::Publish(topic)),
        Some("PUBLISH") if is_first_publish(record) => Some(Request::Publish(topic)),
        _ if is_first_publish(record) => Some(Request::Publish(None)),
        Some("SUBSCRIBE") if subscribe_unanswered(record) => Some(Request::Subscribe(None)),
        _ => None,
    }
}

/// Whether a session ended at its first PUBLISH, or at those that it sent again as it began.
pub(super) fn is_first_publish(record: &SessionDrop) -> bool {
    // A publish of the last ten seconds is told by its size, even where an acknowledgement went out after it.
    let is_last = record.last_sent_packet.as_deref() == Some("PUBLISH");
    let published =
        record.messages_published > Some(0) && (is_last || record.largest_publish_bytes.is_some());
    let at_the_start = record.duration_connected_seconds.is_some_and(|age| age <= REFUSED_SECONDS);
    let at_the_end = record.messages_published == Some(1)
        && (!is_last || record.last_sent_seconds.is_some_and(|ago| ago <= REFUSED_SECONDS));
    // Where nothing else arrives, what was heard after it was its acknowledgement.
    let is_quiet = record.messages_received == Some(0)
        && (record.ping_rtt_ms.is_none() || record.idle_before_last_sent_seconds >= Some(QUIET_SECONDS));
    let acknowledged = is_last && is_quiet && record.last_received_seconds < record.last_sent_seconds;
    published && (at_the_start || at_the_end) && !acknowledged
}

/// Drops that one request of ours met, by packet and topic: the largest such group.
fn after_one_request<'a>(drops: &[Dropped<'a>]) -> Option<(String, Vec<Dropped<'a>>)> {
    let asked: Vec<(Request, Dropped<'a>)> =
        drops.iter().filter_map(|dropped| Some((refused_request(*dropped)?, *dropped))).collect();
    // A request whose topic is not known is one of those whose topic is.
    let known = |wanted: fn(&Request) -> Option<&String>| {
        asked.iter().find_map(|(request, _)| wanted(request)).cloned().unwrap_or_default()
    };
    let subscribed = known(|request| match request {
        Request::Subscribe(topic) => topic.as_ref(),
        Request::Publish(_) => None,
    });
    let published = known(|request| match request {
        Request::Publish(topic) => topic.as_ref(),
        Request::Subscribe(_) => None,
    });
    let mut groups: BTreeMap<String, Vec<Dropped<'a>>> = BTreeMap::new();
    for (request, dropped) in &asked {
        let name = match request {
            Request::Subscribe(topic) => format!("SUBSCRIBE {}", topic.as_ref().unwrap_or(&subscribed)),
            Request::Publish(topic) => format!("PUBLISH {}", topic.as_ref().unwrap_or(&published)),
        };
        groups.entry(name).or_default().push(*dropped);
    }
    groups.into_iter().max_by_key(|(_, group)| group.len())
}

pub(super) fn authorization_violation(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::AuthorizationViolation);
    let may_be =
        |named| matches!(named, None | Some(Cause::AuthorizationViolation | Cause::ServerDisconnect));
    let drops: Vec<_> = case
        .drops()
        .filter(|dropped| may_be(case.named[dropped.index]) && ended_by_peer(dropped.record()))
        .filter(|dropped| !was_allowed_before(case, dropped.index))
        .collect();
    let (request, members) = after_one_request(&drops)?;
    let part = share(members.len(), drops.len());
    if said.is_empty() && (members.len() < 3 || part < 0.6) {
        return None;
    }
    let sure = if said.is_empty() {
        plain_confidence(0.96, members.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.97, said.len() + 2, 1)
    };
    Some(Verdict {
        confidence: sure,
        pins: None,
        summary: format!("the broker closes the connection after {request}: this client may not do that"),
        evidence: [format!(
            "{} within {PROMPT_SECONDS:.0} s of {request}",
            of(members.len(), drops.len(), "drop")
        )]
        .into_iter()
        .chain(told(said.len(), "0x87, Not authorized"))
        .collect(),
        fix: format!("allow this client {request} in the broker's ACL or policy, or do not ask for it"),
        explains: members.iter().map(|dropped| dropped.index).collect(),
    })
}

/// Whether something large had been published within the last ten seconds.
pub(in crate::diagnosis) fn is_large(record: &SessionDrop) -> bool {
    record.largest_publish_bytes.is_some_and(|bytes| bytes >= LARGE_BYTES)
}

/// What makes a publish within the last ten seconds no accident, over all drops, in nats.
const NO_ACCIDENT_NATS: f64 = 4.0;

/// Drops that a large publish came before, and whether that says something.
fn after_large_publishes<'a>(drops: &[Dropped<'a>]) -> (Vec<Dropped<'a>>, bool) {
    let large: Vec<_> = drops
        .iter()
        .copied()
        .filter(|dropped| ended_by_peer(dropped.record()) && is_large(dropped.record()))
        .collect();
    let at_once = large.iter().filter(|dropped| {
        let record = dropped.record();
        let is_last = record.last_sent_packet.as_deref() == Some("PUBLISH") && follows_a_request(record);
        is_last || record.duration_connected_seconds.is_some_and(|age| age <= PROMPT_SECONDS)
    });
    let nats: f64 = large
        .iter()
        .filter_map(|dropped| {
            let record = dropped.record();
            let pause = record.duration_connected_seconds? / number(record.messages_published?.max(1));
            Some((pause / 10.0).max(1.0).ln())
        })
        .sum();
    let no_accident = 2 * at_once.count() >= large.len() || nats >= NO_ACCIDENT_NATS;
    (large, no_accident)
}

pub(super) fn payload_too_large(case: &Case<'_>) -> Option<Verdict> {
    let said = case.named(Cause::PayloadTooLarge);
    // Some brokers call it a protocol error.
    let may_be =
        |named: Option<Cause>| matches!(named, None | Some(Cause::ServerDisconnect | Cause::PayloadTooLarge));
    let drops: Vec<_> = case.drops().filter(|dropped| may_be(case.named[dropped.index])).collect();
    let (large, no_accident) = after_large_publishes(&drops);
    let part = share(large.len(), drops.len());
    if said.is_empty() && (large.len() < 3 || part < 0.4 || !no_accident) {
        return None;
    }
    let sizes: Vec<u64> = case
        .drops()
        .filter(|dropped| said.contains(&dropped.index))
        .chain(large.iter().copied())
        .filter_map(|dropped| dropped.record().largest_publish_bytes)
        .collect();
    let explains = in_order(said.iter().copied().chain(large.iter().map(|dropped| dropped.index)));
    let sure = if said.is_empty() {
        plain_confidence(0.96, large.len(), 0.5 + 0.5 * part)
    } else {
        trust(0.98, said.len() + 2, 1)
    };
    let smallest = sizes.iter().min();
    Some(Verdict {
        confidence: sure,
        pins: None,
        summary: match smallest {
            Some(bytes) => {
                format!(
                    "the broker closes the connection after a PUBLISH of {} bytes or more",
                    units::number(*bytes)
                )
            }
            None => "the broker closes the connection after a PUBLISH over its limit".to_owned(),
        },
        evidence: vec![
            format!("{} right after a large PUBLISH", of(explains.len(), case.incidents.len(), "incident")),
            format!(
                "payloads of {} to {} bytes",
                units::number(*smallest.unwrap_or(&0)),
                units::number(*sizes.iter().max().unwrap_or(&0))
            ),
        ],
        fix: "send smaller messages, or raise the broker's limit; AWS IoT Core takes 128 KiB at most"
            .to_owned(),
        explains,
    })
}
