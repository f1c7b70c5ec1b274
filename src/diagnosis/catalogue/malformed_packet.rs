//! The cause `malformed_packet`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::words::{count, of, short};
use crate::event::FailureKind;

entry! {
    /// The connection ends because a packet breaks the standard: one that the broker hands out, or one of ours.
    ///
    /// **How it shows.** We end the session (`closed_by` `protocol`) at a message whose topic is not UTF-8, or whose length is
    /// wrong, each time the same; or the broker says 0x81 or 0x82 of our last packet, or closes at once on a filter with a
    /// control character in it (a TAB or a null is not allowed in a topic).
    ///
    /// **What looks like it.** A topic that is not allowed (`authorization_violation`): there the topic is a plain one, and the
    /// code 0x87 or none.
    ///
    /// **What to do.** Delete the retained message (publish an empty one under its topic); mend the client that sends it.
    MalformedPacket, prior -3.0, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(of_drop);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let kind = record.failure;
    match dropped.ending() {
        Ending::Reason(0x81 | 0x82) if dropped.request_before().is_some() => Some(10.5),
        Ending::Reason(0x8f | 0x90) if dropped.request_before().is_some() => Some(11.5),
        Ending::Breach if record.malformed.is_some() => Some(11.0),
        Ending::Breach
            if matches!(kind, Some(FailureKind::MalformedPacket | FailureKind::UnexpectedPacket)) =>
        {
            Some(9.0)
        }
        Ending::Breach | Ending::Reason(0x81 | 0x82) => Some(6.0),
        Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket if breaks_the_standard(dropped) => {
            Some(11.0)
        }
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Reason(_)
        | Ending::CloseCode(_)
        | Ending::Silence
        | Ending::LocalError
        | Ending::Unknown => None,
    }
}

/// Whether our last packet named a topic with a control character (MQTT 5, section 1.5.4; 3.1.1, section 1.5.3), or a
/// filter that is none.
pub(super) fn breaks_the_standard(dropped: Dropped<'_>) -> bool {
    let topic = dropped.record().last_sent_topic.as_deref();
    dropped.request_before().is_some() && topic.is_some_and(|topic| topic.chars().any(char::is_control))
        || wildcard_out_of_place(dropped)
}

fn wildcard_out_of_place(dropped: Dropped<'_>) -> bool {
    let topic = dropped.record().last_sent_topic.as_deref().unwrap_or_default();
    match dropped.request_before() {
        // A PUBLISH with a wildcard never leaves nwdiag.
        Some("SUBSCRIBE") => topic.find('#').is_some_and(|place| place + 1 != topic.len()),
        Some(_) | None => false,
    }
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let theirs = drops.iter().rev().find_map(|dropped| dropped.record().malformed.as_ref());
    let ours = drops.iter().rev().find(|dropped| dropped.ending() != Ending::Breach);
    let topic = theirs
        .and_then(|malformed| malformed.topic.clone())
        .or_else(|| ours?.record().last_sent_topic.clone())
        .map(|topic| short(&topic.escape_debug().to_string()));
    let packet = theirs
        .and_then(|malformed| malformed.packet_type.clone())
        .or_else(|| ours?.record().last_sent_packet.clone())
        .map(std::borrow::Cow::into_owned);
    let what = packet.clone().unwrap_or_else(|| "a packet".to_owned());
    let of_topic = topic.as_ref().map(|topic| format!(" of \"{topic}\"")).unwrap_or_default();
    let (summary, fix) = if ours.is_some() && theirs.is_none() {
        (
            format!("the broker ends the session at {what}{of_topic}: it breaks the standard"),
            "mend the topic or the packet: control characters and misplaced wildcards are not allowed in topics".to_owned(),
        )
    } else {
        (
            format!("the broker hands out {what}{of_topic} that breaks the standard"),
            "delete the retained message (publish an empty one, retained, under its topic), and mend the client that sends it"
                .to_owned(),
        )
    };
    Account::new(summary, format!("{} at such a packet", of(drops.len(), facts.drop_count(), "drop")), fix)
        .and(
            theirs
                .and_then(|malformed| malformed.flaw.as_deref())
                .map(|flaw| format!("what is wrong with it: {}", short(flaw))),
        )
        .and({
            let said = drops.iter().filter(|dropped| matches!(dropped.ending(), Ending::Reason(_))).count();
            (said > 0).then(|| format!("{} with the broker's word for it", count(said, "drop")))
        })
        .name("packet", packet)
        .name("topic", topic)
        .test(
            "nwdiag watch TARGET --topic FILTER, one filter at a time",
            &[Cause::MalformedPacket, Cause::AuthorizationViolation],
            "one filter ends the session each time: it is the messages or the name of that filter",
        )
}
