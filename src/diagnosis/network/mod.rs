//! Causes between this host and the broker: link, address, loss, idle timeouts, names, schedules.

mod idle;
mod schedules;
mod silence;

use self::idle::idle_timeout;
use self::schedules::{regular_interval, scheduled_outage};
use self::silence::answered_pings;
use super::case::{Case, Dropped};
use super::cause::Cause;
use super::confidence::{plain_confidence, trust};
use super::explicit::{ended_in_silence, resolver_fell_silent_too};
use super::rule::{Rule, Verdict};
use super::shown::{between, count, of, short};
use super::statistics::{densest, in_order, largest, share, smallest};
use crate::event::{ClosedBy, SessionDrop};
use crate::units::{self, utc_date_time};

/// The rules of the family.
pub(super) const RULES: &[Rule] = &[
    Rule { cause: Cause::LocalNetworkDown, judge: local_network_down },
    Rule { cause: Cause::AddressChange, judge: address_change },
    Rule { cause: Cause::PacketLoss, judge: packet_loss },
    Rule { cause: Cause::IdleTimeout, judge: idle_timeout },
    Rule { cause: Cause::DnsFailure, judge: dns_failure },
    Rule { cause: Cause::ScheduledOutage, judge: scheduled_outage },
    Rule { cause: Cause::RegularInterval, judge: regular_interval },
    Rule { cause: Cause::IntermittentNetwork, judge: intermittent_network },
];

fn local_network_down(case: &Case<'_>) -> Option<Verdict> {
    let explains = case.named(Cause::LocalNetworkDown);
    let first = explains.first()?;
    let host = &case.incidents[*first].host;
    let told = host.link.as_ref().or(host.route.as_ref())?;
    let interface = told.interface.as_deref().unwrap_or("the interface in use");
    Some(Verdict {
        pins: None,
        confidence: trust(0.97, explains.len() + 2, 1),
        summary: format!("this host's own network went away: {interface} lost its link or route"),
        evidence: vec![
            format!(
                "{} with the link or default route of {interface} lost around it",
                of(explains.len(), case.incidents.len(), "incident")
            ),
            format!("first at {}: {interface} {}", utc_date_time(told.at), short(&told.detail)),
        ],
        fix: format!(
            "look at {interface}: cable, switch port, Wi-Fi reception and roaming, or whatever restarts it"
        ),
        explains,
    })
}

fn address_change(case: &Case<'_>) -> Option<Verdict> {
    let explains = case.named(Cause::AddressChange);
    let host = &case.incidents[*explains.first()?].host;
    let told = host.new_address.as_ref().or(host.address.as_ref())?;
    let interface = told.interface.as_deref().unwrap_or("the interface in use");
    Some(Verdict {
        pins: None,
        confidence: trust(0.97, explains.len() + 2, 1),
        summary: format!("the address of {interface} changed under the connection"),
        evidence: vec![
            format!(
                "{} with a change of address around it",
                of(explains.len(), case.incidents.len(), "incident")
            ),
            format!("first at {}: {}", utc_date_time(told.at), short(&told.detail)),
        ],
        fix: "give this host a fixed address, or a DHCP lease of a day or more; a connection \
            cannot outlive its address"
            .to_owned(),
        explains,
    })
}

fn is_silent(dropped: Dropped<'_>) -> bool {
    ended_in_silence(dropped.record())
}

/// A Wi-Fi signal at which packets are lost, dBm.
const WEAK_DBM: i32 = -78;
/// From here on it is worth telling, dBm.
const POOR_DBM: i32 = -70;
/// A round trip this many times the usual one is a spike, if it also is this long.
const SPIKE_TIMES: f64 = 5.0;
const SPIKE_MS: f64 = 400.0;

/// Retransmissions that the kernel may make beyond the pending ones while a ping goes unanswered.
const AT_AN_END: u64 = 2;
/// So many retransmissions, and one for so many packets of MQTT, are loss.
const MANY_RETRANSMITS: u64 = 3;
const PACKETS_FOR_ONE: u64 = 100;

/// Packets of MQTT in a session, roughly: messages, and pings with their answers.
fn packets(record: &SessionDrop) -> Option<u64> {
    let pings = answered_pings(record).saturating_mul(2);
    Some(record.messages_received?.saturating_add(record.messages_published?).saturating_add(pings))
}

/// Whether this drop shows that packets were lost or held up before it.
fn shows_loss(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let retransmitted = record.tcp.and_then(|tcp| tcp.retransmits).is_some_and(|all| {
        // Those of the end itself say nothing: every silent end has them.
        let of_the_end = record.tcp.and_then(|tcp| tcp.retransmits_pending).unwrap_or_default();
        let earlier = all.saturating_sub(of_the_end).saturating_sub(AT_AN_END);
        let is_dense = |packets| earlier.saturating_mul(PACKETS_FOR_ONE) >= packets;
        earlier >= MANY_RETRANSMITS && packets(record).is_some_and(is_dense)
    });
    let spiked = record.ping_rtt_ms.as_ref().is_some_and(|trips| {
        let usual = trips.min.unwrap_or_default().max(1.0);
        trips.max.is_some_and(|max| max >= SPIKE_MS && max >= SPIKE_TIMES * usual)
    });
    let weak = record.wifi_dbm.is_some_and(|dbm| dbm <= WEAK_DBM);
    dropped.end.late_answer_seconds.is_some() || retransmitted || spiked || weak
}

fn packet_loss(case: &Case<'_>) -> Option<Verdict> {
    let plain = case.plain_drops();
    let silent: Vec<_> = plain.iter().copied().filter(|dropped| is_silent(*dropped)).collect();
    let showing: Vec<_> = silent.iter().copied().filter(|dropped| shows_loss(*dropped)).collect();
    if showing.is_empty() || share(showing.len(), silent.len()) < 0.4 {
        return None;
    }
    let late = showing.iter().filter(|dropped| dropped.end.late_answer_seconds.is_some()).count();
    let retransmits = showing.iter().filter_map(|dropped| dropped.record().tcp?.retransmits);
    let retransmits = retransmits.fold(0, u64::saturating_add);
    let signals = showing.iter().filter_map(|dropped| dropped.record().wifi_dbm);
    let weakest = signals.min().filter(|dbm| *dbm <= POOR_DBM);
    let mut evidence = vec![format!(
        "{} ended in silence, {} of them after signs of loss",
        of(silent.len(), plain.len(), "drop"),
        showing.len()
    )];
    evidence.extend(
        (retransmits > 0).then(|| {
            format!("{} by the kernel in those sessions", units::count(retransmits, "retransmission"))
        }),
    );
    evidence.extend(
        (late > 0).then(|| format!("{} came after all: the path was slow, not dead", count(late, "answer"))),
    );
    evidence.extend(weakest.map(|dbm| format!("weakest Wi-Fi signal at a drop: {dbm} dBm")));
    // An answer that came after all is worth a drop more.
    let telling = silent.len() + if silent.len() >= 3 { late.min(2) } else { 0 };
    Some(Verdict {
        pins: None,
        confidence: plain_confidence(0.93, telling, 0.5 + share(showing.len(), silent.len()) / 2.0),
        explains: silent.iter().map(|dropped| dropped.index).collect(),
        summary: "the path loses packets until a ping stays unanswered".to_owned(),
        evidence,
        fix: "mend the path: a better Wi-Fi signal (above -70 dBm) or a cable, power save off; a \
            longer --ping-timeout (10 s) outlives short spells"
            .to_owned(),
    })
}

fn dns_failure(case: &Case<'_>) -> Option<Verdict> {
    let named = case.named(Cause::DnsFailure);
    if named.is_empty() {
        return None;
    }
    let with_the_path = |index: &usize| resolver_fell_silent_too(&case.incidents[*index]);
    let silent: Vec<usize> = (0..case.incidents.len()).filter(with_the_path).collect();
    // A resolver that is ill is so whatever ended the session.
    let is_ill = silent.len() <= named.len();
    let explains = if is_ill { in_order(named.into_iter().chain(silent)) } else { named };
    let attempts = case.attempts(&explains);
    let sure = if explains.len() >= 3 || attempts >= 5 { 0.9 } else { 0.45 };
    Some(Verdict {
        pins: None,
        confidence: sure,
        summary: "the broker's name could not be resolved when it was needed".to_owned(),
        evidence: vec![format!(
            "{} failed at the name, in {}",
            count(attempts, "attempt"),
            of(explains.len(), case.incidents.len(), "incident")
        )],
        fix: "check this host's resolver (/etc/resolv.conf, the router's DNS); a second resolver \
            or the broker's address helps at once"
            .to_owned(),
        explains,
    })
}

/// Fewer losses among incidents of other kinds are the noise that every network makes, and so are more of them where
/// they are no more than this share.
const MANY_LOST: usize = 6;
const FEW_LOST: f64 = 0.4;
const NEARLY_ALL: f64 = 0.8;

/// What is left of the confidence where so many losses may be noise, `part` being their share of all incidents.
fn beside_noise(lost: usize, part: f64) -> f64 {
    match lost {
        _ if part >= NEARLY_ALL => 1.0,
        ..MANY_LOST => 0.5,
        _ if part < FEW_LOST => 0.85,
        _ => 1.0,
    }
}

fn intermittent_network(case: &Case<'_>) -> Option<Verdict> {
    let plain = case.plain_drops();
    let lost: Vec<_> = plain
        .iter()
        .filter(|dropped| {
            let reset = dropped.record().closed_by == Some(ClosedBy::PeerReset);
            (is_silent(**dropped) && !shows_loss(**dropped)) || reset
        })
        .collect();
    if lost.is_empty() {
        return None;
    }
    let ages: Vec<f64> = lost.iter().filter_map(|dropped| dropped.incident.age_seconds()).collect();
    let together = densest(&ages, |from| 0.015 * from + 3.0).map_or(0, |cluster| cluster.members.len());
    // A few that lie together do so by chance; many of one age are no accident.
    let irregular = if 2 * together > ages.len() { 0.6 } else { 1.0 };
    let lengths: Vec<f64> =
        lost.iter().filter_map(|dropped| dropped.record().duration_connected_seconds).collect();
    let resets =
        lost.iter().filter(|dropped| dropped.record().closed_by == Some(ClosedBy::PeerReset)).count();
    let part = share(lost.len(), plain.len());
    Some(Verdict {
        pins: None,
        confidence: plain_confidence(0.85, lost.len(), irregular)
            * (0.5 + 0.5 * part)
            * beside_noise(lost.len(), share(lost.len(), case.incidents.len())),
        summary: "the network between here and the broker fails now and then, without a pattern".to_owned(),
        evidence: vec![
            format!(
                "{} in silence or by a reset ({resets} by RST), at irregular times",
                of(lost.len(), plain.len(), "plain drop")
            ),
            format!("sessions lasted {}", between((smallest(&lengths), largest(&lengths)))),
        ],
        fix: "watch from a second place (another network, a host beside the broker) to see which \
            part fails; a second host with the same address looks like this too"
            .to_owned(),
        explains: lost.iter().map(|dropped| dropped.index).collect(),
    })
}
