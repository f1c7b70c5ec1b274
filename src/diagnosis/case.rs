//! The facts of a case, in the form in which rules ask for them.

use super::Finding;
use super::cause::{Category, Cause};
use super::explicit;
use super::rule::Verdict;
use super::statistics::share;
use crate::collector::devices::{DeviceMetrics, Silence};
use crate::collector::incidents::{End, Incident};
use crate::collector::metrics::Metrics;
use crate::event::{SessionDrop, TargetFacts, Transport};

/// A journal's incidents, and what they say of themselves.
#[derive(Debug)]
pub struct Case<'a> {
    /// The latest troubles, oldest first.
    pub(super) incidents: &'a [Incident],
    /// What each says of itself.
    pub(super) named: Vec<Option<Cause>>,
    /// Appliances behind the broker.
    pub(super) devices: &'a [DeviceMetrics],
    /// When they were silent, oldest first.
    pub(super) silences: &'a [Silence],
}

/// A drop, with its place among the incidents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped<'a> {
    /// Its place.
    pub(super) index: usize,
    /// All of it.
    pub(super) incident: &'a Incident,
    /// How it ended.
    pub(super) end: &'a End,
}

impl<'a> Dropped<'a> {
    /// The record.
    pub(super) fn record(self) -> &'a SessionDrop {
        &self.end.drop
    }
}

impl<'a> Case<'a> {
    /// The case that the numbers tell of.
    pub fn of(metrics: &'a Metrics) -> Self {
        let incidents = &metrics.incidents[..];
        Self {
            incidents,
            named: incidents.iter().map(explicit::cause).collect(),
            devices: &metrics.devices,
            silences: &metrics.silences,
        }
    }

    /// All drops.
    pub(super) fn drops(&self) -> impl Iterator<Item = Dropped<'a>> + '_ {
        self.incidents
            .iter()
            .enumerate()
            .filter_map(|(index, incident)| Some(Dropped { index, incident, end: incident.end.as_ref()? }))
    }

    /// The drops that say nothing of themselves: what statistics are made of.
    pub(super) fn plain_drops(&self) -> Vec<Dropped<'a>> {
        self.drops().filter(|dropped| self.named[dropped.index].is_none()).collect()
    }

    /// The drops that may have come of the time: those that nothing on this host explains, nor more than how the broker
    /// went away and the way back.
    pub(super) fn open_drops(&self) -> impl Iterator<Item = Dropped<'a>> + '_ {
        self.drops().filter(|dropped| {
            matches!(
                self.named[dropped.index],
                None | Some(Cause::DnsFailure | Cause::BrokerRestart | Cause::ConnectRateLimit)
            )
        })
    }

    /// Those of them whose end nobody explained, either, even if the way back told of something.
    pub(super) fn untold_drops(&self) -> Vec<Dropped<'a>> {
        self.open_drops().filter(|dropped| explicit::said(dropped.record()).is_none()).collect()
    }

    /// The incidents that say of themselves that they come from `cause`.
    pub(super) fn named(&self, cause: Cause) -> Vec<usize> {
        (0..self.incidents.len()).filter(|index| self.named[*index] == Some(cause)).collect()
    }

    /// How many attempts failed in these.
    pub(super) fn attempts(&self, explains: &[usize]) -> usize {
        let failed =
            |index: &usize| usize::try_from(self.incidents[*index].recovery.failed).unwrap_or(usize::MAX);
        explains.iter().map(failed).fold(0, usize::saturating_add)
    }

    /// What a verdict comes to.
    pub(super) fn finding(&self, cause: Cause, verdict: Verdict) -> Finding {
        let drops = match cause.category() {
            Category::Network | Category::Server | Category::Client => {
                verdict.explains.iter().filter(|index| self.incidents[**index].is_drop()).count()
            }
            Category::Device => 0,
        };
        Finding {
            cause,
            confidence: (verdict.confidence * 100.0).round() / 100.0,
            drops_explained: drops as u64,
            incidents_explained: verdict.explains.len() as u64,
            summary: verdict.summary,
            evidence: verdict.evidence,
            fix: verdict.fix,
        }
    }

    /// The share of all incidents that these are.
    pub(super) fn share_of_all(&self, explains: &[usize]) -> f64 {
        share(explains.len(), self.incidents.len())
    }
}

/// Whether the run of the incident watched a WebSocket of AWS IoT Core.
pub(super) fn is_websocket_of_aws(incident: &Incident) -> bool {
    let over_websocket = matches!(incident.terms.transport(), Some(Transport::Ws | Transport::Wss));
    let is_aws = |target: &TargetFacts| target.service.as_deref() == Some("aws_iot") || is_aws(&target.url);
    over_websocket && incident.terms.target.as_deref().is_some_and(is_aws)
}

/// Whether somebody else may use the client ID of the incident's run as well.
pub(super) fn may_share_client_id(incident: &Incident) -> bool {
    let may_share =
        |target: &TargetFacts| target.client_id_chosen.unwrap_or_else(|| !is_random(&target.client_id));
    incident.terms.target.as_deref().is_some_and(may_share)
}

/// `NAME-ats.iot.REGION.amazonaws.com`, and the same in China.
fn is_aws(url: &str) -> bool {
    url.contains(".iot.") && url.contains(".amazonaws.com")
}

/// `nwdiag-` and eight hex digits: nobody else uses that one.
fn is_random(client_id: &str) -> bool {
    let digits = client_id.strip_prefix("nwdiag-");
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
