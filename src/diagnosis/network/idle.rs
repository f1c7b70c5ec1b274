//! Connections that do not outlive a silence: closed by a proxy, or forgotten by a NAT.

use super::is_silent;
use super::silence::{is_idle, is_natural, met_by_us, silence, stream, survived};
use crate::diagnosis::case::{Case, Dropped};
use crate::diagnosis::confidence::trust;
use crate::diagnosis::rule::Verdict;
use crate::diagnosis::shown::{between, of, seconds};
use crate::diagnosis::statistics::{Cluster, densest, in_order, median, number, pinned, scatter, share};
use crate::event::{ClosedBy, SessionDrop};

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
            let age = dropped.record().duration_connected_seconds;
            age.is_some_and(|age| age - silence <= 0.02 * silence + 1.0)
        };
        let aged = silent.iter().filter(of_age).count();
        let verdict = proxy(&silent, plain.len(), side)?;
        (aged < silent.len()).then_some(verdict)
    });
    verdicts.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
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
        members.iter().filter_map(|member| idle[*member].0.record().duration_connected_seconds).collect();
    let width = if ages.is_empty() { scatter(&exact) } else { scatter(&exact).min(scatter(&ages)) };
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
