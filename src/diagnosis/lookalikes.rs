//! Settles what looks alike: where a stronger explanation covers the incidents of a weaker one, the weaker is a hint.

use std::collections::BTreeSet;

use super::cause::Cause;
use super::rule::Verdict;
use super::statistics::share;

/// What gives way to what where both explain the same incidents, and why.
const GIVES_WAY: &[(Cause, &[Cause])] = &[
    // A cap that is known by name says more than an age.
    (
        Cause::ConnectionLifetime,
        &[
            Cause::PayloadTooLarge,
            Cause::AuthorizationViolation,
            Cause::PublishRateLimit,
            Cause::RegularInterval,
            Cause::AwsWebsocketLifetime,
            Cause::CredentialExpiry,
            Cause::IdleTimeout,
            Cause::DuplicateClientId,
            Cause::ScheduledOutage,
            Cause::RegularInterval,
        ],
    ),
    // A session that lives for a day drops at the same time each day.
    (Cause::ScheduledOutage, &[Cause::AwsWebsocketLifetime]),
    // A grid of days is a time of day.
    (
        Cause::RegularInterval,
        &[
            Cause::PayloadTooLarge,
            Cause::AuthorizationViolation,
            Cause::PublishRateLimit,
            Cause::ConnectRateLimit,
            Cause::ReconnectStorm,
            Cause::CredentialExpiry,
            Cause::ScheduledOutage,
            Cause::AwsWebsocketLifetime,
            Cause::IdleTimeout,
            Cause::DuplicateClientId,
        ],
    ),
    // What brings the broker down at three each night is the schedule.
    (
        Cause::BrokerRestart,
        &[Cause::ReconnectStorm, Cause::ScheduledOutage, Cause::RegularInterval, Cause::BrokerUnavailable],
    ),
    (Cause::DnsFailure, &[Cause::LocalNetworkDown, Cause::AddressChange, Cause::ScheduledOutage]),
    (
        Cause::PacketLoss,
        &[
            Cause::LocalNetworkDown,
            Cause::IdleTimeout,
            Cause::HostSuspend,
            Cause::KeepAliveLate,
            Cause::ScheduledOutage,
            Cause::RegularInterval,
            Cause::ConnectionLifetime,
            Cause::PublishRateLimit,
        ],
    ),
    (
        Cause::IntermittentNetwork,
        &[
            Cause::ReconnectStorm,
            Cause::PacketLoss,
            Cause::IdleTimeout,
            Cause::LocalNetworkDown,
            Cause::AddressChange,
            Cause::KeepAliveLate,
            Cause::ScheduledOutage,
            Cause::RegularInterval,
            Cause::ConnectionLifetime,
            Cause::AwsWebsocketLifetime,
            Cause::DuplicateClientId,
            Cause::CredentialExpiry,
            Cause::BrokerRestart,
            Cause::BrokerUnavailable,
            Cause::AuthorizationViolation,
            Cause::PayloadTooLarge,
            Cause::PublishRateLimit,
            Cause::ConnectRateLimit,
            Cause::DnsFailure,
        ],
    ),
    (
        Cause::DuplicateClientId,
        &[
            Cause::ReconnectStorm,
            Cause::AuthorizationViolation,
            Cause::PayloadTooLarge,
            Cause::PublishRateLimit,
            Cause::KeepAliveLate,
        ],
    ),
    (
        Cause::AuthorizationViolation,
        &[Cause::CredentialExpiry, Cause::ReconnectStorm, Cause::PayloadTooLarge, Cause::PublishRateLimit],
    ),
    (Cause::PublishRateLimit, &[Cause::PayloadTooLarge]),
    (Cause::IdleTimeout, &[Cause::KeepAliveLate, Cause::HostSuspend, Cause::LocalNetworkDown]),
    (Cause::BadCredentials, &[Cause::ClockWrong, Cause::CredentialExpiry]),
    (Cause::CredentialExpiry, &[Cause::ClockWrong]),
    (Cause::TlsCertificate, &[Cause::ClockWrong]),
    (
        Cause::BrokerUnavailable,
        &[
            Cause::DnsFailure,
            Cause::LocalNetworkDown,
            Cause::BadCredentials,
            Cause::TlsCertificate,
            Cause::ProtocolMismatch,
            Cause::WebsocketEndpoint,
            Cause::ConnectRateLimit,
            Cause::CredentialExpiry,
            Cause::ClockWrong,
        ],
    ),
    (Cause::ConnectRateLimit, &[Cause::ReconnectStorm]),
    (Cause::ServerDisconnect, &[Cause::PayloadTooLarge, Cause::AuthorizationViolation]),
    (Cause::AddressChange, &[Cause::TlsCertificate, Cause::BadCredentials]),
];

/// From here on an explanation is strong enough to make another give way.
const STRONG: f64 = 0.5;
/// So much of what the weaker one explains must be covered.
const COVERED: f64 = 0.6;
/// What is left of the confidence of one that gives way: next to nothing, as nearly all of them are wrong.
const LEFT: f64 = 0.1;
/// A cause of one or two incidents among many is noise beside the one that is looked for, however plain it is.
const FEW: usize = 2;
const FEW_SHARE: f64 = 0.2;
const FEW_LEFT: f64 = 0.55;

/// The verdicts, those that give way to others weakened.
pub(super) fn settle(mut verdicts: Vec<(Cause, Verdict)>, incidents: usize) -> Vec<(Cause, Verdict)> {
    let strong: Vec<(Cause, BTreeSet<usize>)> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.confidence >= STRONG)
        .map(|(cause, verdict)| (*cause, verdict.explains.iter().copied().collect()))
        .collect();
    for (cause, verdict) in &mut verdicts {
        let stronger =
            GIVES_WAY.iter().filter(|(weaker, _)| weaker == cause).flat_map(|(_, stronger)| *stronger);
        let covers = |stronger: &Cause| {
            strong.iter().any(|(other, explains)| {
                let covered = verdict.explains.iter().filter(|index| explains.contains(index)).count();
                other == stronger && share(covered, verdict.explains.len()) >= COVERED
            })
        };
        if stronger.into_iter().any(covers) {
            verdict.confidence *= LEFT;
        }
        if verdict.explains.len() <= FEW && share(verdict.explains.len(), incidents) < FEW_SHARE {
            verdict.confidence *= FEW_LEFT;
        }
    }
    verdicts
}
