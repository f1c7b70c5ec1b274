//! The cause `authorization_violation`: its page, how it is recognised, and what is said of it.

use std::collections::BTreeMap;

use super::credential_expiry::was_allowed_before;
use super::payload_too_large::LARGE_BYTES;
use super::{Account, Candidate, cost_of_few};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::{Dropped, Ending, PROMPT_SECONDS};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::{count, of, short};

entry! {
    /// The broker closes right after one particular SUBSCRIBE or PUBLISH that this client may not do.
    ///
    /// **How it shows.** The session ends within about a second of that packet, again and again, with 0x87 or without a word
    /// (mosquitto's older versions, AWS IoT Core); a filter is refused in SUBACK and the session ends.
    ///
    /// **What looks like it.** A packet that breaks the standard (`malformed_packet`), one that is too large
    /// (`payload_too_large`), a stream of messages in which some packet is always the last. A twin needs no request.
    ///
    /// **What to do.** Allow this client that topic in the broker's ACL or policy, or do not ask for it.
    AuthorizationViolation, prior -2.0, weigh
}

/// MQTT 5: "Not authorized".
const NOT_AUTHORIZED: u8 = 0x87;
/// A broker that will not have a packet closes within about this, seconds.
const AT_ONCE_SECONDS: f64 = 1.3;

/// A request of ours that met the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    packet: &'static str,
    /// Where it is known.
    topic: Option<String>,
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let mut by_request: BTreeMap<Request, Vec<(usize, f64)>> = BTreeMap::new();
    for dropped in facts.drops() {
        if let Some((request, nats)) = refused(facts, dropped) {
            by_request.entry(request).or_default().push((dropped.index, nats));
        }
    }
    // A request whose topic is not known may be one of those whose topic is.
    let unknown: Vec<(Request, Vec<(usize, f64)>)> = by_request
        .iter()
        .filter(|(request, _)| request.topic.is_none())
        .map(|(r, m)| (r.clone(), m.clone()))
        .collect();
    let groups = by_request.into_iter().map(|(request, mut members)| {
        if request.topic.is_some() {
            members.extend(
                unknown.iter().filter(|(other, _)| other.packet == request.packet).flat_map(|(_, more)| more),
            );
        }
        of_request(facts, request, &members)
    });
    groups.collect()
}

fn of_request<'a>(facts: &'a Facts<'a>, request: Request, members: &[(usize, f64)]) -> Candidate<'a> {
    let mut nats = vec![f64::NEG_INFINITY; facts.len()];
    for (index, gain) in members {
        nats[*index] = *gain;
    }
    // Sessions in which the same was granted.
    let granted = match request.packet {
        "SUBSCRIBE" => {
            facts.drops().filter(|dropped| dropped.record().active_subscriptions > Some(0)).count()
        }
        _ => 0,
    };
    let passed = -0.4 * number(granted.min(40) as u64) + cost_of_few(&nats);
    Candidate::new(nats, move |explains| account(facts, &request, explains)).costing(passed)
}

/// The request that the broker may have answered by closing, and how much that says.
fn refused(facts: &Facts<'_>, dropped: Dropped<'_>) -> Option<(Request, f64)> {
    let record = dropped.record();
    // The packet tells the moment of the end to within the time that the answer takes.
    let moment = facts.surprise(dropped.index, record.last_sent_seconds.unwrap_or(PROMPT_SECONDS))
        - behind_a_silence(facts, dropped);
    let breaks_the_standard = super::malformed_packet::breaks_the_standard(dropped);
    let is_large = record.largest_publish_bytes.is_some_and(|bytes| bytes >= LARGE_BYTES);
    if !dropped.is_by_peer() || is_large || breaks_the_standard || was_allowed_before(facts, dropped) {
        return None;
    }
    let told = match dropped.ending() {
        Ending::Reason(NOT_AUTHORIZED) => 10.0,
        Ending::Reason(_) | Ending::CloseCode(_) => return None,
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Silence
        | Ending::LocalError
        | Ending::Breach
        | Ending::Unknown => 0.0,
    };
    let topic = record.last_sent_topic.as_deref().map(short);
    let soon = record.duration_connected_seconds.is_some_and(|age| age <= PROMPT_SECONDS);
    if let Some(topic) = dropped.end.refused_topic.as_ref().filter(|_| soon) {
        return Some((Request { packet: "SUBSCRIBE", topic: Some(short(topic)) }, told + 6.0));
    }
    match dropped.request_before() {
        Some("SUBSCRIBE") if told > 0.0 => Some((Request { packet: "SUBSCRIBE", topic }, told)),
        Some("SUBSCRIBE") if dropped.is_subscribe_unanswered() => {
            Some((Request { packet: "SUBSCRIBE", topic }, moment))
        }
        Some("PUBLISH") if told > 0.0 => Some((Request { packet: "PUBLISH", topic }, told)),
        _ if is_first_publish(dropped) => {
            let topic = topic.filter(|_| record.last_sent_packet.as_deref() == Some("PUBLISH"));
            Some((Request { packet: "PUBLISH", topic }, moment))
        }
        _ => None,
    }
}

/// A reset that meets the first packet after a long silence is no answer to what it asks for, in nats.
fn behind_a_silence(facts: &Facts<'_>, dropped: Dropped<'_>) -> f64 {
    let is_reset = dropped.ending() == Ending::ResetOnOurPacket;
    let silence = dropped.silence_before_packet().unwrap_or_default();
    if is_reset && silence >= 10.0 && facts.resets_meet_pings() { 5.0 } else { 0.0 }
}

/// Whether a session ended at its first PUBLISH, or at those that it sent again as it began.
pub(super) fn is_first_publish(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    // A publish of the last ten seconds is told by its size, even where an acknowledgement went out after it.
    let is_last = record.last_sent_packet.as_deref() == Some("PUBLISH");
    let published =
        record.messages_published > Some(0) && (is_last || record.largest_publish_bytes.is_some());
    let at_the_start = record.duration_connected_seconds.is_some_and(|age| age <= AT_ONCE_SECONDS);
    let at_the_end = record.messages_published == Some(1)
        && (!is_last || record.last_sent_seconds.is_some_and(|ago| ago <= AT_ONCE_SECONDS));
    // Where nothing else arrives, what was heard after it was its acknowledgement.
    let is_quiet = record.messages_received == Some(0)
        && (record.ping_rtt_ms.is_none() || record.idle_before_last_sent_seconds >= Some(2.0));
    let heard_since = record
        .last_received_seconds
        .zip(record.last_sent_seconds)
        .is_some_and(|(received, sent)| received < sent);
    published && (at_the_start || at_the_end) && !(is_last && is_quiet && heard_since)
}

fn account(facts: &Facts<'_>, request: &Request, explains: &[usize]) -> Account {
    let name = match &request.topic {
        Some(topic) => format!("{} {topic}", request.packet),
        None => format!("a {}", request.packet),
    };
    let told = facts
        .drops()
        .filter(|dropped| {
            explains.contains(&dropped.index) && dropped.ending() == Ending::Reason(NOT_AUTHORIZED)
        })
        .count();
    Account::new(
        format!("the broker closes the connection after {name}: this client may not do that"),
        format!("{} within {PROMPT_SECONDS:.0} s of {name}", of(explains.len(), facts.drop_count(), "drop")),
        format!("allow this client {name} in the broker's ACL or policy, or do not ask for it"),
    )
    .and((told > 0).then(|| format!("{} with reason 0x87, Not authorized", count(told, "drop"))))
    .name("packet", Some(request.packet.to_owned()))
    .name("topic", request.topic.clone())
    .test(
        "mosquitto_sub -d -t 'TOPIC' (or mosquitto_pub) as the same user, one topic at a time",
        &[Cause::AuthorizationViolation, Cause::MalformedPacket],
        "one topic ends the session and the others do not: it is that topic",
    )
}
