//! What happened in one incident, in words: how the session ended, what this host did, what stood in the way back.
//!
//! One drop claims no pattern, but it can say plainly what happened.

use chrono::{DateTime, Utc};

use super::cause::Cause;
use super::dropped::{Dropped, Ending};
use super::facts::Facts;
use super::words::{seconds, short};
use crate::collector::incidents::{FailureClass, Incident};
use crate::reason::{self, Source};
use crate::units;

/// What happened in one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// When it was noticed.
    pub at: DateTime<Utc>,
    /// What happened, in one line.
    pub what: String,
    /// Its likeliest cause; `None` where none is likelier than irregular trouble.
    pub cause: Option<Cause>,
    /// How likely that is, 0 to 1; 0 where there is none.
    pub weight: f64,
}

impl Explanation {
    /// That of the incident in this place.
    pub(super) fn new(facts: &Facts<'_>, index: usize, likeliest: Option<(Cause, f64)>) -> Self {
        let incident = &facts.incidents[index];
        let weight = likeliest.map_or(0.0, |(_, weight)| (weight * 100.0).round() / 100.0);
        Self {
            at: incident.noticed,
            what: what(facts, index),
            cause: likeliest.map(|(cause, _)| cause),
            weight,
        }
    }
}

fn what(facts: &Facts<'_>, index: usize) -> String {
    let incident = &facts.incidents[index];
    let parts = match facts.drop(index) {
        Some(dropped) => [Some(ended(dropped)), on_this_host(incident), way_back(incident)],
        None => [Some(never_up(incident)), on_this_host(incident), None],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// How the session ended.
fn ended(dropped: Dropped<'_>) -> String {
    let record = dropped.record();
    let after = dropped.length().map_or_else(String::new, |length| format!(" after {}", units::span(length)));
    match dropped.ending() {
        Ending::Closed => {
            format!("the broker closed the connection{after}, without a word{}", behind(dropped))
        }
        Ending::Reset => format!("the connection was reset{after}"),
        Ending::ResetOnOurPacket => {
            let packet = record.last_sent_packet.as_deref().unwrap_or("packet");
            format!("the connection was reset{after}, in answer to our {packet}")
        }
        Ending::Reason(code) => {
            format!("the broker ended the session{after}: {}", reason::words(code, Source::DisconnectV5))
        }
        Ending::CloseCode(code) => format!("the broker closed the WebSocket{after} with code {code}"),
        Ending::Silence if dropped.acknowledged() == Some(true) => {
            format!("the broker did not answer any more{after}, although its host acknowledged our packets")
        }
        Ending::Silence => format!("nothing was heard from the broker any more{after}"),
        Ending::LocalError => format!("this host found no way to the broker any more{after}"),
        Ending::Breach => format!("we ended the session{after}: the broker broke the protocol"),
        Ending::Unknown => format!("the session ended{after}"),
    }
}

/// The request that came right before the end.
fn behind(dropped: Dropped<'_>) -> String {
    match (dropped.request_before(), dropped.record().last_sent_topic.as_deref()) {
        (Some(packet), Some(topic)) => format!(", right behind {packet} {}", short(topic)),
        (Some(packet), None) => format!(", right behind {packet}"),
        (None, _) => String::new(),
    }
}

fn on_this_host(incident: &Incident) -> Option<String> {
    let host = &incident.host;
    let interface = |change: &crate::collector::incidents::HostChange| {
        change.interface.clone().unwrap_or_else(|| "the interface in use".to_owned())
    };
    if host.slept_seconds >= 5.0 {
        return Some(format!("this host had slept for {}", seconds(host.slept_seconds)));
    }
    if let Some(change) = &host.link {
        return Some(format!("{} of this host had lost its link", interface(change)));
    }
    if let Some(change) = host.new_address.as_ref().or(host.address.as_ref()) {
        return Some(format!("the address of {} had changed", interface(change)));
    }
    host.route.as_ref().map(|change| format!("the default route of {} had changed", interface(change)))
}

/// What attempts meet, in words.
const MET: [(FailureClass, &str); 29] = [
    (FailureClass::SignInRejected, "the sign-in was refused"),
    (FailureClass::SignInUnavailable, "the sign-in service did not work"),
    (FailureClass::NoSuchName, "the name was not found"),
    (FailureClass::NoResolver, "the name could not be resolved"),
    (FailureClass::PortClosed, "its port was closed"),
    (FailureClass::NoAnswer, "it did not answer to TCP"),
    (FailureClass::NoRoute, "there was no route to it"),
    (FailureClass::CertificateExpired, "its certificate had expired"),
    (FailureClass::CertificateNotYetValid, "its certificate was not valid yet"),
    (FailureClass::CertificateRefused, "its certificate was not accepted"),
    (FailureClass::TlsAlert, "it refused our side of TLS"),
    (FailureClass::TlsTimeout, "the TLS handshake got no answer"),
    (FailureClass::NotTls, "it did not speak TLS"),
    (FailureClass::NoCommonTls, "no version of TLS was in common"),
    (FailureClass::TlsOther, "TLS failed"),
    (FailureClass::UpgradeForbidden, "the WebSocket upgrade was forbidden"),
    (FailureClass::UpgradeThrottled, "the WebSocket upgrade was throttled"),
    (FailureClass::UpgradeUnavailable, "the service behind the WebSocket was not there"),
    (FailureClass::UpgradeRefused, "the WebSocket upgrade was refused"),
    (FailureClass::UpgradeOther, "the WebSocket upgrade failed"),
    (FailureClass::RefusedCredentials, "it refused the credentials"),
    (FailureClass::RefusedVersion, "it refused the protocol version"),
    (FailureClass::RefusedClientId, "it refused the client ID"),
    (FailureClass::RefusedUnavailable, "it said that it is not available"),
    (FailureClass::RefusedRate, "it said that connects come too fast"),
    (FailureClass::RefusedQuota, "it said that a quota is used up"),
    (FailureClass::RefusedMoved, "it named another server"),
    (FailureClass::ClosedBeforeConnack, "it hung up on CONNECT"),
    (FailureClass::NoConnack, "it did not answer CONNECT"),
];

/// What most of the attempts met.
fn met(incident: &Incident) -> &'static str {
    let way = &incident.recovery;
    let most = MET.iter().filter(|(class, _)| way.met(*class) > 0).max_by_key(|(class, _)| way.met(*class));
    most.map_or("attempts failed", |(_, words)| words)
}

fn way_back(incident: &Incident) -> Option<String> {
    let way = &incident.recovery;
    let lasted = units::span(way.lasted_seconds);
    match (way.failed, way.recovered.is_some()) {
        (0, true) => Some("back with the first attempt".to_owned()),
        (0, false) => None,
        (_, true) => Some(format!("{}, back after {lasted}", met(incident))),
        (failed, false) => {
            Some(format!("{} in {}, and not back", met(incident), units::count(u64::from(failed), "attempt")))
        }
    }
}

fn never_up(incident: &Incident) -> String {
    let way = &incident.recovery;
    let attempts = units::count(u64::from(way.failed), "attempt");
    let over = units::span(way.lasted_seconds);
    let outcome =
        if way.recovered.is_some() { format!(", then connected after {over}") } else { String::new() };
    format!("{attempts} failed: {}{outcome}", met(incident))
}
