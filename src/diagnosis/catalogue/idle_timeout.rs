//! The cause `idle_timeout`: its page, how it is recognised, and what is said of it.

use super::duplicate_client_id::may_be_a_rhythm;
use super::{Account, Candidate};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::law::{Crowd, Reading, Space, crowd, exposure};
use crate::diagnosis::silences::Side;
use crate::diagnosis::statistics::{largest, smallest};
use crate::diagnosis::words::{between, of, seconds};
use crate::event::SessionDrop;
use crate::units;

entry! {
    /// A NAT, firewall, balancer or proxy forgets or closes the connection after T seconds of silence.
    ///
    /// **How it shows.** A proxy closes at exactly T: the peer's FIN comes T after the last packet, each time (60 s behind
    /// nginx and AWS ALB, 100 s behind Cloudflare, 50 s in `HAProxy`'s examples). Some count the silence of one side only. A
    /// NAT or an L4 balancer says nothing: the first packet after a longer silence meets a reset or no answer (350 s at
    /// AWS NAT gateways and NLB, 240 s at Azure, 900 s in Linux IPVS), and is not acknowledged.
    ///
    /// **What looks like it.** Sessions that end at one *age* whatever the traffic (`connection_lifetime`). Packet loss after
    /// a ping: there other pings after the same silence were answered. A stalled broker or lost large packets: there our
    /// packet was acknowledged.
    ///
    /// **What to do.** A keep-alive of half of T or less (never T itself: the two would race), or a longer timeout on the
    /// path.
    IdleTimeout, prior -1.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let proxies = Side::ALL.into_iter().filter_map(|side| proxy(facts, side));
    proxies.chain(nat(facts)).collect()
}

/// How long the side that a timer counts, or both, had been silent when the peer closed, seconds.
fn silence(dropped: Dropped<'_>, side: Side) -> Option<f64> {
    match side {
        Side::Both => dropped.silence_before_close(),
        Side::Sent => one_side(dropped, |record| record.last_sent_seconds),
        Side::Received => one_side(dropped, |record| record.last_received_seconds),
    }
}

fn one_side(dropped: Dropped<'_>, silence: fn(&SessionDrop) -> Option<f64>) -> Option<f64> {
    let silent = silence(dropped.record())?;
    // What comes right behind a ping of ours was silent for the time between two pings, whoever ends it.
    let interval = dropped.ping_interval().unwrap_or(f64::MAX);
    let between_pings = (silent - interval).abs() <= 0.03 * interval + 0.5
        && dropped.record().last_sent_seconds.is_some_and(|sent| sent <= 2.0);
    (matches!(dropped.ending(), Ending::Closed | Ending::Reset) && !between_pings).then_some(silent)
}

/// Whether the side had been silent since the session began, so that the silence is an age.
fn is_an_age(dropped: Dropped<'_>, silent: f64) -> bool {
    let only_asked = matches!(dropped.record().last_sent_packet.as_deref(), Some("CONNECT" | "SUBSCRIBE"));
    only_asked || dropped.length().is_none_or(|age| age - silent <= 0.01 * silent + 0.5)
}

/// No timer of a proxy is shorter: 2 s were seen (traefik 10598), seconds.
const SHORTEST_SECONDS: f64 = 1.5;
/// Timers of proxies are rarely shorter than this, ways back are, seconds.
const LONGEST_RHYTHM_SECONDS: f64 = 20.0;
/// Fewer sessions claim no timer.
const FEWEST: usize = 4;
/// In fewer sessions in which the side had moved, a silence of one side is no more than an age.
const FEWEST_MOVED: usize = 2;
/// Timers of proxies are this exact, seconds.
const FINEST_SECONDS: f64 = 0.1;

/// Something that closes at exactly T.
fn proxy<'a>(facts: &'a Facts<'a>, side: Side) -> Option<Candidate<'a>> {
    let readings: Vec<Reading> = facts
        .drops()
        .filter_map(|dropped| Some(Reading::exact(dropped.index, silence(dropped, side)?)))
        .filter(|reading| reading.to >= SHORTEST_SECONDS)
        .collect();
    let law = crowd(&readings, Space::Sizes { finest: FINEST_SECONDS })?;
    if law.len() < FEWEST {
        return None;
    }
    let span = facts.span_of(law.members.iter().map(|(index, _)| *index));
    // A silence that ends at T is survived if it was longer, with a margin for timers that are checked now and then.
    let survived = facts.silences_survived(side, 1.05 * law.range.1 + 0.5, span);
    let (strike, passed) = exposure(law.len(), survived);
    let members =
        facts.drops().filter(|dropped| law.members.iter().any(|(index, _)| *index == dropped.index));
    let aged =
        members.filter(|dropped| silence(*dropped, side).is_some_and(|silent| is_an_age(*dropped, silent)));
    let aged = aged.count();
    // A timer that counts one side shows in sessions in which that side had moved; else it is an age.
    if side != Side::Both && law.len() - aged < FEWEST_MOVED {
        return None;
    }
    // Where nothing ever moved, the silence is the age, and may be the rhythm of a twin.
    let rhythm =
        if 2 * aged > law.len() && may_be_a_rhythm(facts, &law, LONGEST_RHYTHM_SECONDS) { 4.5 } else { 0.0 };
    let nats = law.nats(facts.len(), |index, width| facts.surprise(index, width) + strike - rhythm);
    let (words, cost) = match side {
        Side::Both => ("both ways", 0.0),
        Side::Sent => ("on our side", 1.5),
        Side::Received => ("on the broker's side", 1.5),
    };
    let cost = passed - law.search - cost;
    Some(
        Candidate::new(nats, move |explains| told_proxy(facts, &law, explains, words, survived))
            .costing(cost),
    )
}

fn told_proxy(facts: &Facts<'_>, law: &Crowd, explains: &[usize], words: &str, survived: f64) -> Account {
    let timeout = law.place;
    Account::new(
        format!("a proxy, balancer or broker closes the connection after {} of silence", seconds(timeout)),
        format!(
            "{} closed after {} of silence {words}",
            of(explains.len(), facts.drop_count(), "drop"),
            between(law.range)
        ),
        below(facts, timeout),
    )
    .and(Some(
        "closed by the peer at that very moment, as a proxy does; a NAT would forget and answer nothing"
            .to_owned(),
    ))
    .and(Some(survivors(survived)))
    .figure("timeout_seconds", timeout)
    .name("idle_kind", Some("proxy".to_owned()))
    .test(
        &format!("nwdiag watch TARGET --keep-alive {:.0}s", (timeout / 2.0).floor().max(1.0)),
        &[Cause::IdleTimeout, Cause::ConnectionLifetime],
        "drops stop: it is the silence; they go on at the same age: it is the age",
    )
}

/// Nothing forgets sooner, seconds: the shortest that is known is 30 s (mobile networks).
const NAT_SECONDS: f64 = 10.0;
/// What it says at least that a session ended at its first such silence, in nats, and at most.
const FIRST_NATS: std::ops::RangeInclusive<f64> = 2.0..=6.0;
/// What each such silence says that must have come before and did no harm, in nats, and all of them together.
const SURVIVED_NATS: f64 = 1.5;
const MOST_SURVIVED_NATS: f64 = 6.0;

/// Something that forgets after T, which shows at the next packet.
fn nat<'a>(facts: &'a Facts<'a>) -> Option<Candidate<'a>> {
    let met: Vec<(Dropped<'a>, f64)> = facts
        .drops()
        .filter(|dropped| dropped.acknowledged() != Some(true))
        .filter_map(|dropped| Some((dropped, dropped.silence_before_packet()?)))
        .filter(|(_, silence)| *silence >= NAT_SECONDS)
        .collect();
    let timeout = shortest_deadly(&met)?;
    let deadly: Vec<(Dropped<'a>, f64)> =
        met.into_iter().filter(|(_, silence)| *silence >= timeout).collect();
    if deadly.len() < FEWEST {
        return None;
    }
    let span = facts.span_of(deadly.iter().map(|(dropped, _)| dropped.index));
    let survived = facts.silences_survived(Side::Both, 1.02 * timeout, span);
    let (strike, passed) = exposure(deadly.len(), survived);
    let mut nats = vec![f64::NEG_INFINITY; facts.len()];
    for (dropped, silence) in &deadly {
        nats[dropped.index] = strike + nat_nats(facts, *dropped, *silence, timeout);
    }
    let silences: Vec<f64> = deadly.iter().map(|(_, silence)| *silence).collect();
    let account = move |explains: &[usize]| told_nat(facts, timeout, &silences, explains, survived);
    Some(Candidate::new(nats, account).costing(passed - 2.0))
}

/// The silence that all but a few of these were at least as long as.
fn shortest_deadly(met: &[(Dropped<'_>, f64)]) -> Option<f64> {
    let mut silences: Vec<f64> = met.iter().map(|(_, silence)| *silence).collect();
    silences.sort_by(f64::total_cmp);
    silences.get(silences.len() / 10).copied()
}

/// How much likelier a NAT makes it that this packet met the end: it strikes at the first silence that is long enough, and
/// answers with a reset at once, or not at all.
fn nat_nats(facts: &Facts<'_>, dropped: Dropped<'_>, silence: f64, timeout: f64) -> f64 {
    let is_reset = dropped.ending() == Ending::ResetOnOurPacket;
    let moment = if is_reset { dropped.record().last_sent_seconds.unwrap_or_default() } else { silence };
    let first = facts.surprise(dropped.index, moment).clamp(*FIRST_NATS.start(), *FIRST_NATS.end());
    let looks = match (is_reset, dropped.acknowledged()) {
        (true, _) => 1.0,
        (false, Some(false)) => 0.5,
        (false, _) => 0.0,
    };
    let silences = dropped.long_silences(timeout);
    let survived = silences.map_or(1.0, |silences| silences.survived);
    // Where messages come all the time, it is the end that was silent.
    let unnatural = silences.map_or(0.0, |silences| silences.expected.clamp(0.004, 1.0).ln());
    // A refused request meets its end at the first PUBLISH, after whatever silence.
    let may_be_refused =
        super::authorization_violation::is_first_publish(dropped) && !facts.resets_meet_pings();
    let refused = if may_be_refused { 3.0 } else { 0.0 };
    first + looks + unnatural - refused - (SURVIVED_NATS * survived).min(MOST_SURVIVED_NATS)
}

fn told_nat(facts: &Facts<'_>, timeout: f64, silences: &[f64], explains: &[usize], survived: f64) -> Account {
    let explained: Vec<Dropped<'_>> =
        facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let resets = explained.iter().filter(|dropped| dropped.ending() == Ending::ResetOnOurPacket).count();
    let met = match resets {
        0 => "met no answer".to_owned(),
        resets if resets == explained.len() => "met a reset".to_owned(),
        resets => format!("met a reset ({resets}) or no answer ({})", explained.len() - resets),
    };
    Account::new(
        format!("a NAT or firewall forgets the connection after {} of silence or less", seconds(timeout)),
        format!(
            "{} {met} at the first packet after {} of silence",
            of(explains.len(), facts.drop_count(), "drop"),
            between((smallest(silences), largest(silences)))
        ),
        below(facts, timeout),
    )
    .and(Some(survivors(survived)))
    .figure("timeout_seconds", timeout)
    .name("idle_kind", Some("nat".to_owned()))
    .test(
        &format!("nwdiag watch TARGET --keep-alive {:.0}s", (timeout / 2.0).floor().max(1.0)),
        &[Cause::IdleTimeout, Cause::PacketLoss],
        "drops stop: the path forgets; they go on: it loses packets",
    )
}

fn survivors(survived: f64) -> String {
    if survived < 0.5 {
        "no session is known to have lived through such a silence".to_owned()
    } else {
        format!("about {} longer silences were survived meanwhile", units::whole(survived))
    }
}

/// A keep-alive that hardly any path forgets, seconds.
const SAFE_SECONDS: f64 = 60.0;

/// The advice against a timeout, of which the upper bound is known: never the value that failed.
fn below(facts: &Facts<'_>, timeout: f64) -> String {
    let safe = (timeout / 2.0).floor().clamp(1.0, SAFE_SECONDS);
    let failed = facts.incidents.last().and_then(|incident| incident.terms.keep_alive_seconds);
    let value =
        failed.filter(|failed| *failed <= safe).map_or(safe, |failed| (failed / 2.0).floor().max(1.0));
    format!("set the client's keep-alive to {value:.0} s or less, or raise the timeout on the path")
}
