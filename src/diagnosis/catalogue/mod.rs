//! The catalogue of causes: one file a cause. Its doc comment is its page (`nwdiag help CAUSE`), its `weigh` says how
//! much likelier it makes each incident than irregular trouble would, and its account says what was seen and what to do.

macro_rules! entry {
    ($(#[doc = $doc:literal])+ $cause:ident, prior $prior:literal, $weigh:path) => {
        $(#[doc = $doc])+
        pub(super) const ENTRY: super::Entry = super::Entry {
            cause: crate::diagnosis::cause::Cause::$cause,
            page: concat!($($doc, "\n"),+),
            prior: $prior,
            weigh: $weigh,
        };
    };
}

mod address_change;
mod auth_service;
mod authorization_violation;
mod aws_websocket_lifetime;
mod bad_credentials;
mod broker_bug;
mod broker_restart;
mod broker_stalled;
mod broker_unavailable;
mod clock_wrong;
mod closed_on_connect;
mod connect_rate_limit;
mod connection_lifetime;
mod credential_expiry;
mod dns_failure;
mod duplicate_client_id;
mod host_suspend;
mod idle_timeout;
mod intermittent_network;
mod keep_alive_late;
mod local_network_down;
mod malformed_packet;
mod packet_loss;
mod path_mtu;
mod payload_too_large;
mod protocol_mismatch;
mod publish_rate_limit;
mod reconnect_storm;
mod regular_interval;
mod scheduled_outage;
mod server_disconnect;
mod slow_consumer;
mod tls_certificate;
mod unknown_host;
mod websocket_endpoint;
mod wrong_port;

use std::collections::BTreeMap;

use super::cause::Cause;
use super::dropped::Ending;
use super::facts::Facts;
use crate::event::NextTest;

/// A cause and how it is recognised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// What it names.
    pub(super) cause: Cause,
    /// Its page, as Markdown.
    pub(super) page: &'static str,
    /// How rare it is, as the logarithm of its odds before anything was seen: from reference cases counted by cause.
    pub(super) prior: f64,
    /// What speaks for it.
    pub(super) weigh: for<'a> fn(&'a Facts<'a>) -> Vec<Candidate<'a>>,
}

/// What is said of a cause that explains these incidents.
type Tell<'a> = dyn Fn(&[usize]) -> Account + 'a;

/// An explanation with its parameters.
pub(super) struct Candidate<'a> {
    /// How much likelier than irregular trouble it makes each incident, in nats.
    pub(super) nats: Vec<f64>,
    /// What its parameters and the occasions that it let pass cost, in nats: at most 0.
    pub(super) cost: f64,
    /// What to say of it where it explains these incidents.
    pub(super) account: Box<Tell<'a>>,
}

impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("nats", &self.nats)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

impl<'a> Candidate<'a> {
    /// One without parameters.
    pub(super) fn new(nats: Vec<f64>, account: impl Fn(&[usize]) -> Account + 'a) -> Self {
        Self { nats, cost: 0.0, account: Box::new(account) }
    }

    /// The same with what its parameters and the occasions that it let pass cost.
    pub(super) fn costing(self, cost: f64) -> Self {
        Self { cost, ..self }
    }

    /// In a list, if it explains anything.
    pub(super) fn alone(self) -> Vec<Self> {
        if self.nats.iter().any(|nats| *nats > 0.0) { vec![self] } else { Vec::new() }
    }
}

/// What is said of a cause.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Account {
    /// One line for a person.
    pub(super) summary: String,
    /// The figures, a line each.
    pub(super) evidence: Vec<String>,
    /// What to do.
    pub(super) fix: String,
    /// The numbers of the evidence, with units in their keys.
    pub(super) figures: BTreeMap<String, f64>,
    /// What it names: packet, topic, URL, version, reason, address, kind of timer.
    pub(super) named: BTreeMap<String, String>,
    /// What tells it from its rivals.
    pub(super) next_test: Option<NextTest>,
}

impl Account {
    /// With one line of evidence.
    pub(super) fn new(
        summary: impl Into<String>,
        evidence: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { summary: summary.into(), evidence: vec![evidence.into()], fix: fix.into(), ..Self::default() }
    }

    /// And another line, if there is one.
    pub(super) fn and(mut self, evidence: Option<String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// With a number.
    pub(super) fn figure(mut self, key: &str, value: f64) -> Self {
        self.figures.insert(key.to_owned(), (value * 1e6).round() / 1e6);
        self
    }

    /// With a name, if it is known.
    pub(super) fn name(mut self, key: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.named.insert(key.to_owned(), value);
        }
        self
    }

    /// With the test that separates it from others.
    pub(super) fn test(mut self, command: &str, separates: &[Cause], expect: &str) -> Self {
        self.next_test = Some(NextTest {
            command: command.to_owned(),
            separates: separates.iter().map(|cause| cause.as_str().to_owned()).collect(),
            expect: expect.to_owned(),
        });
        self
    }
}

/// All causes of drops and failed attempts. Appliances and dead addresses are no incidents of the connection.
pub(super) const ENTRIES: &[Entry] = &[
    local_network_down::ENTRY,
    address_change::ENTRY,
    packet_loss::ENTRY,
    idle_timeout::ENTRY,
    dns_failure::ENTRY,
    scheduled_outage::ENTRY,
    regular_interval::ENTRY,
    path_mtu::ENTRY,
    intermittent_network::ENTRY,
    aws_websocket_lifetime::ENTRY,
    connection_lifetime::ENTRY,
    credential_expiry::ENTRY,
    authorization_violation::ENTRY,
    payload_too_large::ENTRY,
    publish_rate_limit::ENTRY,
    connect_rate_limit::ENTRY,
    broker_restart::ENTRY,
    broker_unavailable::ENTRY,
    broker_stalled::ENTRY,
    server_disconnect::ENTRY,
    tls_certificate::ENTRY,
    duplicate_client_id::ENTRY,
    keep_alive_late::ENTRY,
    host_suspend::ENTRY,
    clock_wrong::ENTRY,
    auth_service::ENTRY,
    bad_credentials::ENTRY,
    protocol_mismatch::ENTRY,
    websocket_endpoint::ENTRY,
    wrong_port::ENTRY,
    closed_on_connect::ENTRY,
    malformed_packet::ENTRY,
    slow_consumer::ENTRY,
    broker_bug::ENTRY,
    unknown_host::ENTRY,
    reconnect_storm::ENTRY,
];

/// Without the broker's word, fewer drops show no limit and no permission that is missing.
const FEWEST_UNWORDED: usize = 3;
/// From here on an incident has the broker's word, in nats.
const WORDED_NATS: f64 = 9.0;

/// What it costs to name a limit or a permission by one or two drops of which none has the broker's word, in nats.
pub(super) fn cost_of_few(nats: &[f64]) -> f64 {
    let said = nats.iter().filter(|nats| **nats > 0.0);
    let is_worded = nats.iter().any(|nats| *nats >= WORDED_NATS);
    if said.count() < FEWEST_UNWORDED && !is_worded { -4.0 } else { 0.0 }
}

/// What the looks of an outage add to a law of time that may lie behind it: whoever takes the broker, the network or the
/// resolver down by the clock leaves the traces of an outage. What this host or the broker itself explains does not come
/// from a clock outside.
pub(super) fn outage_nats(facts: &Facts<'_>, index: usize) -> f64 {
    let incident = &facts.incidents[index];
    let is_explained_here = incident.host.slept_seconds >= 5.0 || incident.host.link.is_some();
    let is_worded = facts.drop(index).is_some_and(|dropped| match dropped.ending() {
        Ending::Reason(code) => code != broker_restart::SHUTTING_DOWN,
        Ending::CloseCode(code) => code != broker_restart::SERVICE_RESTART,
        Ending::Breach => true,
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Silence
        | Ending::LocalError
        | Ending::Unknown => false,
    });
    if is_explained_here || is_worded {
        return -8.0;
    }
    let looks = [broker_restart::of_incident(incident), dns_failure::of_incident(incident)];
    looks.into_iter().flatten().fold(0.0, f64::max)
}
