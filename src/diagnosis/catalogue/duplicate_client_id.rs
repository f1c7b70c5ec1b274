//! The cause `duplicate_client_id`: its page, how it is recognised, and what is said of it.

use super::payload_too_large::LARGE_BYTES;
use super::{Account, Candidate};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::{Facts, may_share_client_id, speaks_v5};
use crate::diagnosis::law::Crowd;
use crate::diagnosis::statistics::median;
use crate::diagnosis::words::{count, of, seconds};

entry! {
    /// Another client uses this client ID; the two push each other off.
    ///
    /// **How it shows.** The broker closes a short session and takes the next one at once, again and again, whatever the
    /// traffic; MQTT 5 brokers say 0x8E (mosquitto from 2.1 on, EMQX and `HiveMQ` in newer versions), 3.1.1 brokers nothing.
    ///
    /// **What looks like it.** A request that the broker refuses: it follows a packet of ours. A proxy's timer: silences or
    /// ages agree exactly. An ID that nwdiag made up itself has no twin.
    ///
    /// **What to do.** Give every client an ID of its own (serial number, MAC, UUID). A second copy of the program, a test tool
    /// or a browser tab may be the twin.
    DuplicateClientId, prior -1.5, weigh
}

/// MQTT 5: "Session taken over".
const TAKEN_OVER: u8 = 0x8e;
/// What a short session says of which nothing else is known, in nats.
const UNTOLD_NATS: f64 = 0.9;
/// No client is back sooner, seconds: what ends sessions at once is a request, or the broker.
const SHORTEST_WAY_BACK_SECONDS: f64 = 3.0;
/// Sessions that a twin ends are about as short as the twin's way back, seconds.
const TWIN_SECONDS: f64 = 180.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let short = facts.drops().filter(|dropped| is_pushed_off(*dropped)).count();
    let nats = facts.nats_of_drops(|dropped| of_drop(facts, dropped, short));
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(facts: &Facts<'_>, dropped: Dropped<'_>, pushed: usize) -> Option<f64> {
    match dropped.ending() {
        Ending::Reason(TAKEN_OVER) => Some(13.0),
        Ending::Closed | Ending::Reset if pushed >= 4 && is_pushed_off(dropped) => {
            // In MQTT 5 most brokers would say so.
            let silent_in_v5 = if speaks_v5(dropped.incident) { 0.7 } else { 0.0 };
            // Where it is not known what was sent last, a refused request looks the same.
            if dropped.record().last_sent_packet.is_none() {
                return Some(UNTOLD_NATS);
            }
            // Sessions as short as a way back are a surprise by themselves.
            let length = dropped.length().unwrap_or(TWIN_SECONDS).max(SHORTEST_WAY_BACK_SECONDS);
            Some(1.0 + facts.surprise(dropped.index, length) - silent_in_v5)
        }
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Reason(_)
        | Ending::CloseCode(_)
        | Ending::Silence
        | Ending::LocalError
        | Ending::Breach
        | Ending::Unknown => None,
    }
}

/// Closed by the broker soon, without a request of ours before it, and let in again at once.
fn is_pushed_off(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let refused = dropped.is_subscribe_unanswered()
        || dropped.end.refused_topic.is_some()
        || record.largest_publish_bytes.is_some_and(|bytes| bytes >= LARGE_BYTES);
    matches!(dropped.ending(), Ending::Closed | Ending::Reset)
        && may_share_client_id(&dropped.incident.terms)
        && !refused
        && dropped.length().is_some_and(|age| age <= TWIN_SECONDS)
        && dropped.is_back_at_once()
}

/// No two ways back take the same time to this, seconds: timers of proxies and brokers do.
const RHYTHM_SPREAD_SECONDS: f64 = 0.06;

/// Whether ages or silences that agree, up to `longest` seconds, may be the rhythm of a twin which comes back after a fixed
/// wait.
pub(super) fn may_be_a_rhythm(facts: &Facts<'_>, law: &Crowd, longest: f64) -> bool {
    let shared =
        law.members.iter().filter(|(index, _)| may_share_client_id(&facts.incidents[*index].terms)).count();
    law.place < longest && law.range.1 - law.range.0 > RHYTHM_SPREAD_SECONDS && 2 * shared > law.len()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let said = drops.iter().filter(|dropped| dropped.ending() == Ending::Reason(TAKEN_OVER)).count();
    let lengths: Vec<f64> = drops.iter().filter_map(|dropped| dropped.length()).collect();
    Account::new(
        "another client uses this client ID: the two push each other off",
        format!("{} closed by the broker and let in again", of(explains.len(), facts.len(), "incident")),
        "give every client an ID of its own (serial number, MAC, UUID); a second copy of the program, a test tool or a browser \
            tab may be the twin",
    )
    .and(median(&lengths).map(|middle| format!("half of these sessions lasted {} or less", seconds(middle))))
    .and((said > 0).then(|| format!("{} with reason 0x8e, Session taken over", count(said, "drop"))))
    .test(
        "nwdiag watch TARGET (without --client-id: a random ID)",
        &[Cause::DuplicateClientId, Cause::ConnectionLifetime],
        "no drops with a random ID: there is a twin; drops go on: there is none",
    )
}
