//! Connections that do not outlive a silence: closed by a proxy, or forgotten by a NAT.

use super::is_silent;
use crate::collector::incidents::meets_our_packet;
use crate::diagnosis::case::{Case, Dropped};
use crate::diagnosis::confidence::trust;
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{between, of, seconds};
use crate::diagnosis::statistics::{Cluster, densest, in_order, median, number, pinned, scatter, share};
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
            Some(unanswered) => Some((received - unanswered).min(pause_of_ours(record))),
            None => record.idle_before_last_sent_seconds,
        },
        ClosedBy::PeerDisconnect | ClosedBy::Protocol => None,
    }
}

/// How often we publish of ourselves, seconds: no silence of both sides is longer.
fn pause_of_ours(record: &SessionDrop) -> f64 {
    record.duration_connected_seconds / number(record.messages_published.max(1))
}

/// How many messages a session has at least whose pauses can be foretold from their number.
const MANY_MESSAGES: u64 = 30;

/// A silence from ping to ping is as long as the interval, but for the round trip.
const FROM_PING_TO_PING: f64 = 0.995;

/// How many such pauses a session without memory may have had before the first one ended it.
const EXPECTED_PAUSES: std::ops::RangeInclusive<f64> = 0.1..=6.0;

/// Packets that both sides know of, and the usual pause between them before the last silence, seconds.
fn rhythm(record: &SessionDrop, silence: f64) -> (u64, f64) {
    let answered = record.ping_rtt_ms.as_ref().map_or(0, |trips| trips.count);
    let packets = record.messages_received.saturating_add(record.messages_published).saturating_add(answered);
    (packets, (record.duration_connected_seconds - silence) / number(packets.max(1)))
}

/// How many pings ended a silence as long as the ping interval, as far as the number of messages tells. Pings go out by
/// what we sent last: as many of them ended a silence as nothing had arrived before.
fn silent_pings(dropped: Dropped<'_>) -> f64 {
    let record = dropped.record();
    let interval = dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX);
    let answered = record.ping_rtt_ms.as_ref().map_or(0, |trips| trips.count);
    let between_pings =
        number(record.messages_received) * interval / record.duration_connected_seconds.max(1.0);
    number(answered) * (-between_pings).exp()
}

/// From so many on some ping surely ended a silence. Who closes at a moment of its own choice does so at the first
/// such silence: those sessions are the ones in which messages came in time, and take more to refute.
const SURELY_SILENT: f64 = 0.9;
const SURELY_SILENT_BEFORE_CLOSE: f64 = 2.5;

/// Whether the session had lived through such a silence before: then that is not what ended it.
fn survived(dropped: Dropped<'_>, silence: f64) -> bool {
    let interval = dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX);
    let (packets, usual) = rhythm(dropped.record(), silence);
    let surely = if met_by_us(dropped) { SURELY_SILENT } else { SURELY_SILENT_BEFORE_CLOSE };
    let pinged = silent_pings(dropped) >= surely && interval >= 0.97 * silence;
    pinged || (packets >= 3 && usual >= 0.8 * silence)
}

/// Whether such a silence may have come of itself, and for the first time. In a busy stream it may not: there it is the
/// end that was silent. Only where a ping that follows one ping after a silence meets a reset was the silence there before: who
/// resets has forgotten, and is not away.
fn is_natural(dropped: Dropped<'_>, silence: f64, stream: Stream) -> bool {
    let interval = dropped.incident.terms.ping_interval_seconds.unwrap_or(f64::MAX);
    let (packets, usual) = rhythm(dropped.record(), silence);
    let expected = number(packets) * (-silence / usual).exp();
    let from_ping_to_ping = silence >= FROM_PING_TO_PING * interval && is_reset_on_our_packet(dropped);
    let may_pause = from_ping_to_ping || *EXPECTED_PAUSES.start() <= expected;
    let is_first = expected <= *EXPECTED_PAUSES.end();
    packets < MANY_MESSAGES || (stream == Stream::Random && may_pause && is_first)
}

/// How what arrives is spread over a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// Like the ticks of a clock.
    Steady,
    /// Without memory, or in groups.
    Random,
}

/// A steady stream varies so much less than one without memory, in which the count varies by its root.
const STEADY_SHARE: f64 = 0.2;

/// How messages come in these sessions: whether their number keeps to the sessions' length.
fn stream(plain: &[Dropped<'_>]) -> Stream {
    let sessions: Vec<(f64, f64)> = plain
        .iter()
        .filter(|dropped| dropped.record().messages_received >= MANY_MESSAGES)
        .filter_map(|dropped| {
            Some((number(dropped.record().messages_received), dropped.incident.age_seconds()?))
        })
        .collect();
    let (messages, seconds) = sessions.iter().fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    let excess: f64 = sessions
        .iter()
        .map(|(count, age)| (count - age * messages / seconds).powi(2) / (age * messages / seconds))
        .sum();
    let is_steady = sessions.len() >= 3 && excess / number(sessions.len() as u64 - 1) < STEADY_SHARE;
    if is_steady { Stream::Steady } else { Stream::Random }
}

pub(super) fn idle_timeout(case: &Case<'_>) -> Option<Verdict> {
    let plain = case.plain_drops();
    let idle: Vec<(Dropped<'_>, f64)> = plain
        .iter()
        .filter_map(|dropped| Some((*dropped, silence(*dropped)?)))
        .filter(|(dropped, silence)| is_idle(*dropped, *silence) && !survived(*dropped, *silence))
        .collect();
    let stream = stream(&plain);
    let closed: Vec<_> = idle.iter().filter(|(dropped, _)| !is_silent(*dropped)).copied().collect();
    let forgotten: Vec<_> = idle
        .iter()
        .filter(|(dropped, silence)| {
            met_by_us(*dropped) && *silence >= NAT_SECONDS && is_natural(*dropped, *silence, stream)
        })
        .copied()
        .collect();
    let by_proxy = [proxy(&closed, plain.len(), "both ways"), one_way(&plain)].into_iter().flatten();
    let by_nat = nat(&forgotten, plain.len());
    by_proxy.chain(by_nat).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// The least that a one-way timeout comes to, seconds.
const ONE_WAY_SECONDS: f64 = 20.0;

/// How long one side had been silent, seconds.
type Silence = fn(&SessionDrop) -> Option<f64>;

/// A proxy that counts the silence of one side while the other speaks.
fn one_way(plain: &[Dropped<'_>]) -> Option<Verdict> {
    let closed = |dropped: &&Dropped<'_>| dropped.record().closed_by == Some(ClosedBy::PeerClose);
    let of_ours = |record: &SessionDrop| record.last_sent_seconds;
    let of_theirs = |record: &SessionDrop| record.last_received_seconds;
    let directions: [(Silence, &str); 2] = [(of_ours, "on our side"), (of_theirs, "on the broker's side")];
    let verdicts = directions.iter().filter_map(|(direction, side)| {
        let silent: Vec<_> = plain
            .iter()
            .filter(closed)
            .filter_map(|dropped| Some((*dropped, direction(dropped.record())?)))
            .filter(|(dropped, silence)| *silence >= ONE_WAY_SECONDS && !survived(*dropped, *silence))
            .collect();
        // Silence since the session began is an age.
        let of_age = |(dropped, silence): &&(Dropped<'_>, f64)| {
            dropped.record().duration_connected_seconds - silence <= 0.02 * silence + 1.0
        };
        let aged = silent.iter().filter(of_age).count();
        let verdict = proxy(&silent, plain.len(), side)?;
        (aged < silent.len()).then_some(verdict)
    });
    verdicts.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
}

/// Whether the end came as a reset of our packet, rather than told by the peer.
fn is_reset_on_our_packet(dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    record.closed_by == Some(ClosedBy::PeerReset) && meets_our_packet(record)
}

/// Whether a packet of ours met the end, rather than that the peer told it.
fn met_by_us(dropped: Dropped<'_>) -> bool {
    is_silent(dropped) || is_reset_on_our_packet(dropped)
}

/// Timers of proxies are this exact.
fn proxy_slack(silence: f64) -> f64 {
    0.025 * silence + 1.2
}

fn proxy(idle: &[(Dropped<'_>, f64)], drops: usize, side: &str) -> Option<Verdict> {
    let silences: Vec<f64> = idle.iter().map(|(_, silence)| *silence).collect();
    let Cluster { members, median: timeout, range } = densest(&silences, proxy_slack)?;
    let told = members.iter().filter(|member| !met_by_us(idle[**member].0)).count();
    if told < 4 || share(members.len(), drops) < 0.5 {
        return None;
    }
    let exact: Vec<f64> = members.iter().map(|member| silences[*member]).collect();
    // Where nothing ever moved, the age is as exact as the silence.
    let ages: Vec<f64> =
        members.iter().map(|member| idle[*member].0.record().duration_connected_seconds).collect();
    let width = scatter(&exact).min(scatter(&ages));
    let explains = in_order(members.iter().map(|member| idle[*member].0.index));
    Some(Verdict {
        confidence: trust(0.97, members.len(), 4).max(0.75) * (0.6 + 0.4 * share(members.len(), drops)),
        pins: Some(pinned(timeout, members.iter().map(|_| width))),
        summary: format!(
            "a proxy, balancer or broker closes the connection after {} of silence",
            seconds(timeout)
        ),
        evidence: vec![
            format!("{} closed after {} of silence {side}", of(members.len(), drops, "drop"), between(range)),
            "closed by the peer at that very moment, as a proxy does; a NAT would forget and answer nothing"
                .to_owned(),
        ],
        fix: below(timeout),
        explains,
    })
}

/// Nothing forgets sooner, seconds: the shortest that is known is 30 s (mobile networks).
const NAT_SECONDS: f64 = 12.0;

/// What a drop at the first packet after a long silence tells of its moment: little, as any silent end is met so.
const NAT_NATS: f64 = 1.2;

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
        pins: Some(NAT_NATS * number(idle.len() as u64)),
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

/// A keep-alive that hardly any path forgets, seconds.
const SAFE_SECONDS: f64 = 60.0;

/// The advice against an idle timeout, of which the upper bound is known.
fn below(timeout: f64) -> String {
    let safe = (timeout / 2.0).floor().clamp(1.0, SAFE_SECONDS);
    format!("set the client's keep-alive to {safe:.0} s or less, or raise the timeout on the path")
}
