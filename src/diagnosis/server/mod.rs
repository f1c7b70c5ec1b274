//! Causes at the broker, or at what stands right before it: lifetimes, permissions, limits, restarts, certificates.

mod lifetimes;
mod limits;
mod requests;

use std::collections::BTreeMap;

pub(super) use self::lifetimes::{CLOCK_SECONDS, clock_was_wrong};
use self::lifetimes::{aws_websocket_lifetime, connection_lifetime, credential_expiry};
use self::limits::{connect_rate_limit, publish_rate_limit};
pub(super) use self::requests::is_large;
use self::requests::{authorization_violation, payload_too_large};
use super::case::Case;
use super::cause::Cause;
use super::confidence::{plain_confidence, trust};
use super::rule::{Rule, Verdict};
use super::shown::{count, of, seconds, short};
use crate::collector::incidents::{FailureClass, Incident};
use crate::reason::{self, Source};

/// The rules of the family.
pub(super) const RULES: &[Rule] = &[
    Rule { cause: Cause::AwsWebsocketLifetime, judge: aws_websocket_lifetime },
    Rule { cause: Cause::ConnectionLifetime, judge: connection_lifetime },
    Rule { cause: Cause::CredentialExpiry, judge: credential_expiry },
    Rule { cause: Cause::AuthorizationViolation, judge: authorization_violation },
    Rule { cause: Cause::PayloadTooLarge, judge: payload_too_large },
    Rule { cause: Cause::PublishRateLimit, judge: publish_rate_limit },
    Rule { cause: Cause::ConnectRateLimit, judge: connect_rate_limit },
    Rule { cause: Cause::BrokerRestart, judge: broker_restart },
    Rule { cause: Cause::BrokerUnavailable, judge: broker_unavailable },
    Rule { cause: Cause::ServerDisconnect, judge: server_disconnect },
    Rule { cause: Cause::TlsCertificate, judge: tls_certificate },
];

/// The refusal in words.
fn told_code(incident: &Incident) -> Option<String> {
    let way = &incident.recovery;
    let source = |code: u8| if code < 0x80 { Source::ConnackV311 } else { Source::V5 };
    way.last_code
        .map(|(_, code)| format!("CONNACK said {}", reason::words(code, source(code))))
        .or_else(|| way.last_http_status.map(|status| format!("the upgrade was answered with HTTP {status}")))
}

/// A broker that is back after this long was restarted; one that stays away is unavailable, seconds.
const RESTART_SECONDS: f64 = 2.0 * 3_600.0;

fn came_back(incident: &Incident) -> bool {
    incident.recovery.recovered.is_some() && incident.recovery.lasted_seconds <= RESTART_SECONDS
}

fn broker_restart(case: &Case<'_>) -> Option<Verdict> {
    let explains: Vec<usize> = case
        .named(Cause::BrokerRestart)
        .into_iter()
        .filter(|index| came_back(&case.incidents[*index]))
        .collect();
    if explains.is_empty() {
        return None;
    }
    let told = |incident: &&Incident| {
        let said = incident
            .drop()
            .is_some_and(|drop| drop.reason_code == Some(0x8b) || drop.websocket_close_code == Some(1012));
        said || incident
            .recovery
            .met_any(&[FailureClass::RefusedUnavailable, FailureClass::UpgradeUnavailable])
            > 0
    };
    let telling = explains.iter().map(|index| &case.incidents[*index]).filter(told).count();
    let longest =
        explains.iter().map(|index| case.incidents[*index].recovery.lasted_seconds).fold(0.0, f64::max);
    Some(Verdict {
        pins: None,
        confidence: if telling > 0 {
            trust(0.96, explains.len() + 2, 1)
        } else {
            plain_confidence(0.95, explains.len() + 2, 1.0).min(if explains.len() < 3 { 0.45 } else { 1.0 })
        },
        summary: "the broker went away and came back: a restart, an update or a crash".to_owned(),
        evidence: vec![
            format!(
                "{} after which the port was closed or the broker said that it is shutting down",
                of(explains.len(), case.incidents.len(), "drop")
            ),
            format!("back after {} at the most", seconds(longest)),
        ],
        fix: "look at the broker's log and at its host at these times: restarts, updates, memory \
            (OOM), certificate renewals"
            .to_owned(),
        explains,
    })
}

/// What says that the broker is not there.
const NOT_THERE: [FailureClass; 7] = [
    FailureClass::PortClosed,
    FailureClass::NoAnswer,
    FailureClass::NoRoute,
    FailureClass::RefusedUnavailable,
    FailureClass::UpgradeUnavailable,
    FailureClass::NoConnack,
    FailureClass::ClosedBeforeConnack,
];

fn broker_unavailable(case: &Case<'_>) -> Option<Verdict> {
    let gone = |incident: &Incident| {
        let way = &incident.recovery;
        let not_there = f64::from(way.met_any(&NOT_THERE)) >= 0.6 * f64::from(way.failed);
        let away = way.recovered.is_none() || way.lasted_seconds > RESTART_SECONDS;
        way.failed >= 4 && not_there && away
    };
    let explains: Vec<usize> =
        (0..case.incidents.len()).filter(|index| gone(&case.incidents[*index])).collect();
    let incident = &case.incidents[*explains.last()?];
    let way = &incident.recovery;
    Some(Verdict {
        pins: None,
        confidence: if way.failed >= 6 { 0.92 } else { 0.75 },
        summary: "the broker cannot be reached, and has not come back".to_owned(),
        evidence: vec![format!(
            "{} over {} failed: {}",
            count(usize::try_from(way.failed).unwrap_or(usize::MAX), "attempt"),
            seconds(way.lasted_seconds),
            met(incident)
        )],
        fix: "check address and port, whether the broker runs, and the firewalls between".to_owned(),
        explains,
    })
}

/// What attempts met, in words.
fn met(incident: &Incident) -> String {
    let words = [
        (FailureClass::PortClosed, "port closed"),
        (FailureClass::NoAnswer, "no answer"),
        (FailureClass::NoRoute, "no route"),
        (FailureClass::RefusedUnavailable, "CONNACK: unavailable"),
        (FailureClass::UpgradeUnavailable, "HTTP 5xx"),
        (FailureClass::NoConnack, "no CONNACK"),
        (FailureClass::ClosedBeforeConnack, "closed before CONNACK"),
    ];
    let told = words.iter().filter(|(class, _)| incident.recovery.met(*class) > 0);
    told.map(|(class, words)| format!("{words} ({})", incident.recovery.met(*class)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn server_disconnect(case: &Case<'_>) -> Option<Verdict> {
    let explains = case.named(Cause::ServerDisconnect);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for index in &explains {
        *reasons.entry(said(&case.incidents[*index])).or_default() += 1;
    }
    let mut by_count: Vec<(String, usize)> = reasons.into_iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let (usual, _) = by_count.first()?.clone();
    let latest = |told: fn(&Incident) -> Option<String>| {
        explains.iter().rev().find_map(|index| told(&case.incidents[*index]))
    };
    let words = latest(|incident| {
        incident
            .drop()
            .and_then(|drop| drop.reason_string.clone())
            .or_else(|| incident.recovery.last_words.clone())
    });
    let server = latest(|incident| incident.drop().and_then(|drop| drop.server_reference.clone()));
    let reasons = by_count
        .iter()
        .map(|(said, number)| format!("{}: {said}", of(*number, case.incidents.len(), "incident")));
    let words = words.map(|words| format!("the broker's words: {}", short(&words)));
    Some(Verdict {
        pins: None,
        confidence: trust(0.95, explains.len() + 2, 1),
        summary: format!("the broker said why: {usual}"),
        evidence: reasons.chain(words).collect(),
        fix: match server {
            Some(server) => format!("connect to {} instead, as the broker asks", short(&server)),
            None => "act on the broker's reason; its operator can tell more".to_owned(),
        },
        explains,
    })
}

/// The broker's reason in words.
fn said(incident: &Incident) -> String {
    let at_the_end = incident.drop().and_then(|drop| {
        let code = drop.reason_code.map(|code| reason::words(code, Source::DisconnectV5));
        code.or_else(|| drop.websocket_close_code.map(|code| format!("WebSocket close code {code}")))
    });
    at_the_end.or_else(|| told_code(incident)).unwrap_or_else(|| "DISCONNECT".to_owned())
}

fn tls_certificate(case: &Case<'_>) -> Option<Verdict> {
    let at_the_certificate = |index: &usize| {
        let way = &case.incidents[*index].recovery;
        let met = way.met_any(&[
            FailureClass::CertificateExpired,
            FailureClass::CertificateRefused,
            FailureClass::TlsAlert,
        ]);
        met > 0 && 2 * met >= way.failed && !clock_was_wrong(case, *index)
    };
    let explains: Vec<usize> = (0..case.incidents.len()).filter(at_the_certificate).collect();
    let way = &case.incidents[*explains.last()?].recovery;
    let what = [
        (FailureClass::CertificateExpired, "the broker's certificate has expired"),
        (FailureClass::CertificateRefused, "the broker's certificate is not trusted, or for another name"),
        (
            FailureClass::TlsAlert,
            "the broker refuses our side of TLS: a client certificate is missing or not accepted",
        ),
    ];
    let (_, what) = what.into_iter().max_by_key(|(class, _)| way.met(*class))?;
    Some(Verdict {
        pins: None,
        confidence: trust(0.96, usize::try_from(way.failed).unwrap_or(usize::MAX).saturating_add(2), 1),
        summary: what.to_owned(),
        evidence: vec![format!(
            "{} failed in the TLS handshake for that reason",
            count(usize::try_from(way.failed).unwrap_or(usize::MAX), "attempt")
        )],
        fix: "renew the certificate with its full chain, for the name that clients use; or give \
            this client the right CA (--cafile) and client certificate"
            .to_owned(),
        explains,
    })
}
