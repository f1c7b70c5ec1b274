//! The facts of a journal, in the form in which causes ask for them. What is not known is `None`, and says nothing.

use chrono::{DateTime, TimeDelta, Utc};

use super::dropped::{Dropped, Ending};
use super::law::Reading;
use super::silences::{Side, survived_by};
use super::spells::Spells;
use super::statistics::number;
use crate::collector::incidents::{FailureClass, Incident, OutlivedSession, Terms};
use crate::collector::metrics::Metrics;
use crate::event::{Protocol, TargetFacts, Transport};

/// Sessions that end without a reason are hardly ever younger, seconds.
const YOUNG_SECONDS: f64 = 100.0;
/// Two laws that both tell a moment this well tell it equally well, in nats: then the one that explains more stands.
const MOST_SURPRISE_NATS: f64 = 6.5;
/// Nothing is told more finely than this, seconds: clocks, round trips, timers.
const FINEST_SECONDS: f64 = 0.05;

/// A journal's incidents and sessions.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// All numbers.
    pub(super) metrics: &'a Metrics,
    /// The latest troubles, oldest first.
    pub(super) incidents: &'a [Incident],
    /// When sessions were up.
    pub(super) spells: Spells,
}

impl<'a> Facts<'a> {
    /// Those that the numbers tell of.
    pub(super) fn of(metrics: &'a Metrics) -> Self {
        let spells = Spells::of(metrics);
        Self { metrics, incidents: &metrics.incidents, spells }
    }

    /// How many incidents there are.
    pub(super) fn len(&self) -> usize {
        self.incidents.len()
    }

    /// All drops.
    pub(super) fn drops(&self) -> impl Iterator<Item = Dropped<'a>> + use<'a> {
        self.incidents
            .iter()
            .enumerate()
            .filter_map(|(index, incident)| Some(Dropped { index, incident, end: incident.end.as_ref()? }))
    }

    /// The drop in this place, if it is one.
    pub(super) fn drop(&self, index: usize) -> Option<Dropped<'a>> {
        let incident = self.incidents.get(index)?;
        Some(Dropped { index, incident, end: incident.end.as_ref()? })
    }

    /// How many drops there are.
    pub(super) fn drop_count(&self) -> usize {
        self.drops().count()
    }

    /// Nats of each incident, by what `of_drop` says of drops; what it says nothing of cannot come from the cause.
    pub(super) fn nats_of_drops(&self, of_drop: impl Fn(Dropped<'a>) -> Option<f64>) -> Vec<f64> {
        let mut nats = vec![f64::NEG_INFINITY; self.len()];
        for dropped in self.drops() {
            if let Some(gain) = of_drop(dropped) {
                nats[dropped.index] = gain;
            }
        }
        nats
    }

    /// The same of incidents of any kind.
    pub(super) fn nats_of_incidents(&self, of_incident: impl Fn(&'a Incident) -> Option<f64>) -> Vec<f64> {
        self.incidents.iter().map(|incident| of_incident(incident).unwrap_or(f64::NEG_INFINITY)).collect()
    }

    /// How many attempts failed in these.
    pub(super) fn attempts(&self, explains: &[usize]) -> u64 {
        let failed = |index: &usize| u64::from(self.incidents[*index].recovery.failed);
        explains.iter().map(failed).fold(0, u64::saturating_add)
    }

    /// Whether any session came about, in what is kept.
    pub(super) fn ever_connected(&self) -> bool {
        self.metrics.last_connect.is_some() || !self.outlived().is_empty() || self.drops().next().is_some()
    }

    /// Sessions that no drop ended.
    pub(super) fn outlived(&self) -> &'a [OutlivedSession] {
        &self.metrics.outlived_sessions
    }

    /// What it says that a change of the host stands beside an incident, in nats: the less, the more of the `changes` of this
    /// kind did no harm. One change may be told in two records.
    pub(super) fn surprise_of_change(&self, changes: u64, is_beside: impl Fn(&Incident) -> bool) -> f64 {
        const BESIDE_SECONDS: f64 = 95.0;
        const SHORTEST_SECONDS: f64 = 6.0 * 3_600.0;
        let beside = self.incidents.iter().filter(|incident| is_beside(incident)).count() as u64;
        let harmless = number(changes.saturating_sub(2 * beside)) + 0.5;
        let observed = self.metrics.observation.observed_seconds.max(SHORTEST_SECONDS);
        -(harmless * BESIDE_SECONDS / observed).clamp(1e-4, 0.5).ln()
    }

    /// How much likelier than irregular trouble a law makes an incident whose moment it tells to within `width` seconds, in
    /// nats. Irregular ends come at no age above all others; at its densest, their law (the exponential one) has a share of
    /// 1/e over one nat of age. How often they come is not known, so that a very short session is a surprise too.
    pub(super) fn surprise(&self, index: usize, width: f64) -> f64 {
        let age = self.incidents[index].drop().and_then(|drop| drop.duration_connected_seconds);
        let age = age.unwrap_or(YOUNG_SECONDS).max(YOUNG_SECONDS);
        (age / (width.max(FINEST_SECONDS) * std::f64::consts::E.recip())).ln().clamp(0.0, MOST_SURPRISE_NATS)
    }

    /// Whether resets that met our packets after a silence met all kinds of them: then it is not the packet that is refused.
    pub(super) fn resets_meet_pings(&self) -> bool {
        let resets = self.drops().filter(|dropped| dropped.ending() == Ending::ResetOnOurPacket);
        let (pings, others): (Vec<_>, Vec<_>) =
            resets.partition(|dropped| dropped.record().last_sent_packet.as_deref() == Some("PINGREQ"));
        !pings.is_empty() && 4 * pings.len() >= others.len()
    }

    /// Ages at which sessions ended.
    pub(super) fn ages(&self, among: impl Fn(Dropped<'a>) -> bool) -> Vec<Reading> {
        self.drops().filter(|dropped| among(*dropped)).filter_map(Dropped::age).collect()
    }

    /// How many sessions are known to have become older than `age`, seconds, between these times.
    pub(super) fn outlived_age(&self, age: f64, between: (DateTime<Utc>, DateTime<Utc>)) -> usize {
        let older = self.drops().filter(|dropped| dropped.age().is_some_and(|reading| reading.from > age));
        let older = older.filter(|dropped| lies_in(dropped.incident.noticed, between)).count();
        let others = self.outlived().iter().filter(|session| {
            session.seconds > age && session.began <= between.1 && session.until >= between.0
        });
        older + others.count()
    }

    /// How often a silence of this side, of at least `timeout` seconds, is known to have been survived between these
    /// times.
    pub(super) fn silences_survived(
        &self,
        side: Side,
        timeout: f64,
        between: (DateTime<Utc>, DateTime<Utc>),
    ) -> f64 {
        let in_drops = self
            .drops()
            .filter(|dropped| lies_in(dropped.incident.noticed, between))
            .map(|dropped| dropped.silences_survived(side, timeout));
        let in_others = self
            .outlived()
            .iter()
            .filter(|session| session.began <= between.1 && session.until >= between.0)
            .map(|session| survived_by(session, side, timeout));
        in_drops.chain(in_others).sum()
    }

    /// From the first to the last of these incidents, with an hour around.
    pub(super) fn span_of(&self, members: impl Iterator<Item = usize>) -> (DateTime<Utc>, DateTime<Utc>) {
        let times: Vec<DateTime<Utc>> = members.map(|index| self.incidents[index].noticed).collect();
        let first = times.iter().min().copied().unwrap_or_default();
        let last = times.iter().max().copied().unwrap_or_default();
        let around = TimeDelta::minutes(10);
        (first.checked_sub_signed(around).unwrap_or(first), last.checked_add_signed(around).unwrap_or(last))
    }
}

fn lies_in(at: DateTime<Utc>, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> bool {
    from <= at && at <= to
}

/// Whether the run of the incident watched a WebSocket of AWS IoT Core.
pub(super) fn is_websocket_of_aws(terms: &Terms) -> bool {
    matches!(terms.transport(), Some(Transport::Ws | Transport::Wss)) && is_aws(terms)
}

/// Whether it watched AWS IoT Core.
pub(super) fn is_aws(terms: &Terms) -> bool {
    let of = |target: &TargetFacts| {
        let url = &target.url;
        target.service.as_deref() == Some("aws_iot")
            || (url.contains(".iot.") && url.contains(".amazonaws.com"))
    };
    terms.target.as_deref().is_some_and(of)
}

/// Whether somebody else may use the client ID of the run as well. Where the journal does not say whether the user chose
/// it, one of nwdiag's own random IDs is nobody else's.
pub(super) fn may_share_client_id(terms: &Terms) -> bool {
    let may = |target: &TargetFacts| target.client_id_chosen.unwrap_or_else(|| !is_random(&target.client_id));
    terms.target.as_deref().is_some_and(may)
}

/// `nwdiag-` and eight hex digits.
fn is_random(client_id: &str) -> bool {
    let digits = client_id.strip_prefix("nwdiag-");
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether the run spoke MQTT 5 in the session before the incident.
pub(super) fn speaks_v5(incident: &Incident) -> bool {
    incident.terms.protocol == Some(Protocol::V5)
}

/// The share of the failed attempts that met one of these.
pub(super) fn share_met(incident: &Incident, classes: &[FailureClass]) -> f64 {
    let way = &incident.recovery;
    if way.failed == 0 { 0.0 } else { f64::from(way.met_any(classes)) / f64::from(way.failed) }
}
