//! Connections that do not outlive a silence: closed by a proxy, or forgotten by a NAT.

use super::is_silent;
use crate::diagnosis::case::{Case, Dropped, trust};
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{of, seconds};
use crate::diagnosis::statistics::{Cluster, densest, in_order, median, number, share};
use crate::event::{ClosedBy, SessionDrop};

/// Silence shorter than this share of the ping interval is no idleness, nor is one below the first of these bounds;
/// above the second, any is.
const IDLE_SHARE: f64 = 0.4;
const IDLE_SECONDS: (f64, f64) = (4.0, 15.0);

fn is_idle(dropped: Dropped<'_>, silence: f64) -> bool {
    let interval = dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX);
    silence >= (IDLE_SHARE * interval).clamp(IDLE_SECONDS.0, IDLE_SECONDS.1)
}

/// How long it was silent both ways before the end, or before the packet that met the end; `None` for other ends.
fn silence(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let (received, sent) = (record.last_received_seconds?, record.last_sent_seconds?);
    match record.closed_by? {
        ClosedBy::PeerReset if sent <= 2.0 && sent < received => record.idle_before_last_sent_seconds,
        ClosedBy::PeerClose | ClosedBy::PeerReset => Some(received.min(sent)),
        ClosedBy::Timeout | ClosedBy::Network => match record.unanswered_ping_seconds {
            Some(unanswered) if record.last_sent_packet.as_deref() == Some("PINGREQ") => {
                record.idle_before_last_sent_seconds.or(Some(received - unanswered))
            }
            Some(unanswered) => Some(received - unanswered),
            None => record.idle_before_last_sent_seconds,
        },
        ClosedBy::PeerDisconnect | ClosedBy::Protocol => None,
    }
}

/// Whether the session had lived through such a silence before: then that is not what ended it.
fn survived(dropped: Dropped<'_>, silence: f64) -> bool {
    let interval = dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX);
    let record = dropped.record();
    let answered = record.ping_rtt_ms.as_ref().map_or(0, |trips| trips.count);
    let messages =
        record.messages_received.saturating_add(record.messages_published).saturating_add(answered);
    let usual = (record.duration_connected_seconds - silence) / number(messages.max(1));
    (answered >= 1 && interval >= 0.97 * silence) || (messages >= 3 && usual >= 0.8 * silence)
}

pub(super) fn idle_timeout(case: &Case<'_>) -> Option<Verdict> {
    let plain = case.plain_drops();
    let idle: Vec<(Dropped<'_>, f64)> = plain
        .iter()
        .filter_map(|dropped| Some((*dropped, silence(*dropped)?)))
        .filter(|(dropped, silence)| is_idle(*dropped, *silence) && !survived(*dropped, *silence))
        .collect();
    let closed: Vec<_> = idle.iter().filter(|(dropped, _)| !meets_silence(*dropped)).copied().collect();
    let forgotten: Vec<_> = idle.iter().filter(|(dropped, _)| meets_silence(*dropped)).copied().collect();
    let by_proxy = proxy(&closed, plain.len()).or_else(|| one_way(&plain));
    let by_nat = nat(&forgotten, plain.len());
    [by_proxy, by_nat].into_iter().flatten().max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// Timeouts of proxies that count one direction only, seconds.
const ONE_WAY_SECONDS: [f64; 14] =
    [30.0, 50.0, 55.0, 60.0, 90.0, 100.0, 180.0, 240.0, 270.0, 300.0, 350.0, 600.0, 900.0, 3_600.0];

/// A proxy that counts the silence of one side while the other speaks.
fn one_way(plain: &[Dropped<'_>]) -> Option<Verdict> {
    let known =
        |silence: f64| ONE_WAY_SECONDS.iter().any(|known| (silence - known).abs() <= 0.01 * known + 1.0);
    let directions: [fn(&SessionDrop) -> Option<f64>; 2] =
        [|record| record.last_sent_seconds, |record| record.last_received_seconds];
    let verdicts = directions.iter().filter_map(|direction| {
        let closed: Vec<_> = plain
            .iter()
            .filter(|dropped| dropped.record().closed_by == Some(ClosedBy::PeerClose))
            .filter_map(|dropped| Some((*dropped, direction(dropped.record())?)))
            .filter(|(_, silence)| known(*silence))
            .collect();
        proxy(&closed, plain.len())
    });
    verdicts.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// Whether the end was met by a packet of ours, rather than told by the peer.
fn meets_silence(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let on_our_packet = record.closed_by == Some(ClosedBy::PeerReset)
        && record
            .last_sent_seconds
            .is_some_and(|sent| sent <= 2.0 && Some(sent) < record.last_received_seconds);
    is_silent(dropped) || on_our_packet
}

fn proxy(idle: &[(Dropped<'_>, f64)], drops: usize) -> Option<Verdict> {
    let silences: Vec<f64> = idle.iter().map(|(_, silence)| *silence).collect();
    let Cluster { members, median: timeout, range } = densest(&silences, |from| 0.04 * from + 1.5)?;
    if members.len() < 4 || share(members.len(), drops) < 0.5 {
        return None;
    }
    let explains = in_order(members.iter().map(|member| idle[*member].0.index));
    Some(Verdict {
        confidence: trust(0.97, members.len(), 4).max(0.75) * (0.6 + 0.4 * share(members.len(), drops)),
        summary: format!(
            "a proxy, balancer or broker closes the connection after {} of silence",
            seconds(timeout)
        ),
        evidence: vec![
            format!(
                "{} closed after {} to {} of silence both ways",
                of(members.len(), drops, "drop"),
                seconds(range.0),
                seconds(range.1)
            ),
            "closed by the peer at that very moment, as a proxy does; a NAT would forget and answer nothing"
                .to_owned(),
        ],
        fix: below(timeout),
        explains,
    })
}

fn nat(idle: &[(Dropped<'_>, f64)], drops: usize) -> Option<Verdict> {
    if idle.len() < 4 || share(idle.len(), drops) < 0.5 {
        return None;
    }
    let mut silences: Vec<f64> = idle.iter().map(|(_, silence)| *silence).collect();
    silences.sort_by(f64::total_cmp);
    let (shortest, middle) = (silences[idle.len() / 8], median(&silences)?);
    if shortest < 0.25 * middle {
        return None;
    }
    Some(Verdict {
        confidence: trust(0.95, idle.len(), 4).max(0.72) * (0.6 + 0.4 * share(idle.len(), drops)),
        summary: format!(
            "a NAT or firewall forgets the connection after {} of silence or less",
            seconds(shortest)
        ),
        evidence: vec![
            format!(
                "{} met no answer at the first packet after {} or more of silence",
                of(idle.len(), drops, "drop"),
                seconds(shortest)
            ),
            "no session had lived through such a silence before".to_owned(),
        ],
        fix: below(shortest),
        explains: in_order(idle.iter().map(|(dropped, _)| dropped.index)),
    })
}

/// The advice against an idle timeout.
fn below(timeout: f64) -> String {
    let half = (timeout / 2.0).floor().max(1.0);
    format!("set the client's keep-alive to {half:.0} s or less, or raise the timeout on the path")
}
