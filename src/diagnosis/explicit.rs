//! What an incident says of itself: a code, a status, an alert, an event on the host. Such a word outweighs statistics.

use super::cause::Cause;
use crate::collector::incidents::{FailureClass, Incident};
use crate::event::{ClosedBy, SessionDrop};

/// A sleep from this length on is one that sessions do not survive unnoticed, seconds.
const SLEEP_SECONDS: f64 = 5.0;

/// How soon an end follows the packet that brought it about: a round trip, and a slow broker's time to think, seconds.
pub(super) const PROMPT_SECONDS: f64 = 5.0;

/// Within which share of its attempts a class of failure must be met to have stood in the way.
const MOSTLY: f64 = 0.5;

/// An incident that names its cause.
pub(super) fn cause(incident: &Incident) -> Option<Cause> {
    // Without a session it is the attempts that tell, as far as it is not the network that they tell of: a resolver that
    // answered shows that there was one.
    let way_back = way_back(incident);
    let resolved = incident.recovery.met(FailureClass::NoSuchName) > 0;
    let told = way_back.filter(|cause| !incident.is_drop() && (resolved || !is_of_the_network(*cause)));
    let said = incident.drop().and_then(said).map(|cause| match cause {
        // What is refused at the next connect, too, is the client and not a request.
        Cause::AuthorizationViolation if way_back == Some(Cause::BadCredentials) => Cause::CredentialExpiry,
        cause => cause,
    });
    told.or_else(|| host(incident))
        .or(said)
        .or_else(|| way_back.filter(|_| !resolver_fell_silent_too(incident)))
}

/// A path that is silent heals within this or is plainly down; a resolver that fails for longer is ill itself, seconds.
const SHORT_SECONDS: f64 = 300.0;

/// Whether a resolver failed for a while behind a session that had ended in silence: it is the path that both were lost
/// on.
pub(super) fn resolver_fell_silent_too(incident: &Incident) -> bool {
    incident.drop().is_some_and(ended_in_silence)
        && way_back(incident) == Some(Cause::DnsFailure)
        && incident.recovery.met(FailureClass::NoSuchName) == 0
        && incident.recovery.lasted_seconds <= SHORT_SECONDS
}

const fn is_of_the_network(cause: Cause) -> bool {
    matches!(cause, Cause::DnsFailure | Cause::BrokerRestart)
}

/// What happened on this host.
fn host(incident: &Incident) -> Option<Cause> {
    let host = &incident.host;
    if host.slept_seconds >= SLEEP_SECONDS {
        return Some(Cause::HostSuspend);
    }
    // A broker that said why is not overruled by a link that went down behind it.
    if incident.drop().is_some_and(|drop| drop.reason_code.is_some()) {
        return None;
    }
    if host.new_address.is_some() {
        return Some(Cause::AddressChange);
    }
    match (&host.link, &host.address, &host.route) {
        (Some(_), _, _) | (None, None, Some(_)) => Some(Cause::LocalNetworkDown),
        (None, Some(_), _) => Some(Cause::AddressChange),
        (None, None, None) => None,
    }
}

/// What the broker said as it ended the session.
pub(super) fn said(drop: &SessionDrop) -> Option<Cause> {
    match (drop.reason_code, drop.websocket_close_code) {
        (Some(code), _) => reason(code, drop),
        (None, Some(1009)) => Some(Cause::PayloadTooLarge),
        (None, Some(1012)) => Some(Cause::BrokerRestart),
        (None, Some(1002 | 1003 | 1007 | 1008 | 1010 | 1011 | 1013 | 1014 | 3000..=4999)) => {
            Some(Cause::ServerDisconnect)
        }
        (None, _) => None,
    }
}

/// MQTT 5, section 3.14.2.1.
fn reason(code: u8, drop: &SessionDrop) -> Option<Cause> {
    match code {
        0x87 if follows_a_request(drop) && !is_usual(drop) => Some(Cause::AuthorizationViolation),
        0x86 | 0x87 | 0x8c => Some(Cause::CredentialExpiry),
        0x8b => Some(Cause::BrokerRestart),
        // The broker missed our packets; whether we or the path held them up, other evidence tells.
        0x8d => None,
        0x8e => Some(Cause::DuplicateClientId),
        0x95 => Some(Cause::PayloadTooLarge),
        0x93 | 0x96 | 0x97 => Some(Cause::PublishRateLimit),
        0x9f => Some(Cause::ConnectRateLimit),
        0xa0 => Some(Cause::ConnectionLifetime),
        _ => Some(Cause::ServerDisconnect),
    }
}

/// A broker that will not have a PUBLISH closes within about a second, seconds.
pub(super) const REFUSED_SECONDS: f64 = 1.3;

/// Whether the last thing sent was one of many messages, and not the one that the broker answered by closing.
fn is_usual(drop: &SessionDrop) -> bool {
    let ago = drop.last_sent_seconds.unwrap_or_default();
    drop.last_sent_packet.as_deref() == Some("PUBLISH")
        && drop.messages_published > Some(1)
        && ago > REFUSED_SECONDS
}

/// Whether the session ended right behind a SUBSCRIBE or PUBLISH of ours.
pub(super) fn follows_a_request(drop: &SessionDrop) -> bool {
    let request = matches!(drop.last_sent_packet.as_deref(), Some("SUBSCRIBE" | "PUBLISH"));
    request && drop.last_sent_seconds.is_some_and(|ago| ago <= PROMPT_SECONDS)
}

/// Whether the last thing sent was a SUBSCRIBE without a SUBACK: no filter stands, or nothing was heard since. Many filters
/// are asked for in several packets, so that some may stand already.
pub(super) fn subscribe_unanswered(drop: &SessionDrop) -> bool {
    let heard_before = drop.last_received_seconds.zip(drop.last_sent_seconds);
    drop.last_sent_packet.as_deref() == Some("SUBSCRIBE")
        && (drop.active_subscriptions == Some(0) || heard_before.is_some_and(|(heard, sent)| heard >= sent))
}

/// Whether the peer ended the session, rather than silence.
pub(super) fn ended_by_peer(drop: &SessionDrop) -> bool {
    matches!(drop.closed_by, Some(ClosedBy::PeerClose | ClosedBy::PeerReset | ClosedBy::PeerDisconnect))
}

/// Whether a session ended in silence, or was cut on our next packet.
pub(super) fn ended_in_silence(drop: &SessionDrop) -> bool {
    matches!(drop.closed_by, Some(ClosedBy::Timeout | ClosedBy::Network))
}

/// Obstacles that name a cause, the most telling first.
const TELLING: [(&[FailureClass], Cause); 11] = [
    (&[FailureClass::CertificateNotYetValid], Cause::ClockWrong),
    (
        &[FailureClass::CertificateExpired, FailureClass::CertificateRefused, FailureClass::TlsAlert],
        Cause::TlsCertificate,
    ),
    (
        &[FailureClass::RefusedRate, FailureClass::UpgradeThrottled, FailureClass::RefusedQuota],
        Cause::ConnectRateLimit,
    ),
    (&[FailureClass::SignInRejected], Cause::BadCredentials),
    (&[FailureClass::RefusedCredentials, FailureClass::UpgradeForbidden], Cause::BadCredentials),
    (&[FailureClass::RefusedVersion], Cause::ProtocolMismatch),
    (&[FailureClass::UpgradeRefused], Cause::WebsocketEndpoint),
    (
        &[FailureClass::RefusedMoved, FailureClass::RefusedOther, FailureClass::RefusedClientId],
        Cause::ServerDisconnect,
    ),
    (&[FailureClass::NoSuchName, FailureClass::NoResolver], Cause::DnsFailure),
    (&[FailureClass::RefusedUnavailable, FailureClass::UpgradeUnavailable], Cause::BrokerRestart),
    (&[FailureClass::PortClosed], Cause::BrokerRestart),
];

/// What stood in the way of coming back.
fn way_back(incident: &Incident) -> Option<Cause> {
    let way = &incident.recovery;
    let mostly = |classes: &[FailureClass]| f64::from(way.met_any(classes)) >= MOSTLY * f64::from(way.failed);
    if way.failed == 0 {
        return None;
    }
    let found = TELLING.iter().find(|(classes, _)| mostly(classes)).map(|(_, cause)| *cause);
    let never_upgraded =
        !incident.is_drop() && way.recovered.is_none() && mostly(&[FailureClass::UpgradeOther]);
    found.or_else(|| never_upgraded.then_some(Cause::WebsocketEndpoint))
}
