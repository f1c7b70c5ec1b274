//! Settles what looks alike: where a stronger explanation covers the incidents of a weaker one, the weaker is a hint.

use std::collections::BTreeSet;

use super::cause::Cause;
use super::rule::Verdict;
use super::statistics::share;
use crate::collector::incidents::Incident;

/// What gives way to what where both explain the same incidents, and why.
const GIVES_WAY: &[(Cause, &[Cause])] = &[
    // A cap that is known by name says more than an age.
    (
        Cause::ConnectionLifetime,
        &[
            Cause::PayloadTooLarge,
            Cause::AuthorizationViolation,
            Cause::PublishRateLimit,
            Cause::AwsWebsocketLifetime,
            Cause::CredentialExpiry,
            Cause::IdleTimeout,
            Cause::DuplicateClientId,
            Cause::ScheduledOutage,
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
            Cause::ConnectionLifetime,
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
    (
        Cause::IdleTimeout,
        &[
            Cause::DuplicateClientId,
            Cause::KeepAliveLate,
            Cause::HostSuspend,
            Cause::LocalNetworkDown,
            Cause::PayloadTooLarge,
            Cause::AuthorizationViolation,
        ],
    ),
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

/// From here on an explanation is as likely as not (see `confidence`), and strong enough to make another give way.
const STRONG: f64 = 0.73;
/// So much of what the weaker one explains must be covered.
const COVERED: f64 = 0.6;
/// What is left of the confidence of one that gives way: next to nothing, as nearly all of them are wrong.
const LEFT: f64 = 0.1;
/// A cause of one or two incidents among many is noise beside the one that is looked for, however plain it is.
const FEW: usize = 2;
const FEW_SHARE: f64 = 0.2;
const FEW_LEFT: f64 = 0.55;
/// Of two patterns that tell when drops came, one that tells it better by so much needs no table, in nats.
const PLAINLY_NATS: f64 = 3.0;

/// Whether `weaker` gives way to `stronger`: two patterns in time by how well they tell it, others by the table.
fn gives_way(weaker: &(Cause, Verdict), stronger: &(Cause, Verdict)) -> bool {
    let ((weaker, less), (stronger, more)) = (weaker, stronger);
    if weaker == stronger || more.confidence < STRONG {
        return false;
    }
    let covered = less.explains.iter().filter(|index| more.explains.contains(index)).count();
    let in_table = || GIVES_WAY.iter().any(|(known, others)| known == weaker && others.contains(stronger));
    share(covered, less.explains.len()) >= COVERED
        && match (more.pins, less.pins) {
            (Some(more), Some(less)) if (more - less).abs() >= PLAINLY_NATS => more > less,
            _ => in_table(),
        }
}

/// Which verdicts give way: one that gives way itself makes no other do so. Where all that are left would give way to
/// each other, the surest stands.
fn giving_way(verdicts: &[(Cause, Verdict)]) -> BTreeSet<usize> {
    let mut open: BTreeSet<usize> = (0..verdicts.len()).collect();
    let mut gone = BTreeSet::new();
    while !open.is_empty() {
        let is_beaten =
            |index: &usize| open.iter().any(|other| gives_way(&verdicts[*index], &verdicts[*other]));
        let mut stand: Vec<usize> = open.iter().copied().filter(|index| !is_beaten(index)).collect();
        if stand.is_empty() {
            stand.extend(surest(verdicts, &open));
        }
        open.retain(|index| !stand.contains(index));
        let beaten =
            |index: &usize| stand.iter().any(|other| gives_way(&verdicts[*index], &verdicts[*other]));
        let out: Vec<usize> = open.iter().copied().filter(beaten).collect();
        open.retain(|index| !out.contains(index));
        gone.extend(out);
    }
    gone
}

fn surest(verdicts: &[(Cause, Verdict)], among: &BTreeSet<usize>) -> Option<usize> {
    let confidence = |index: &usize| verdicts[*index].1.confidence;
    among.iter().copied().max_by(|a, b| confidence(a).total_cmp(&confidence(b)))
}

/// Causes that do not heal of themselves: one that keeps the connection down now is never few.
const LASTING: [Cause; 4] =
    [Cause::TlsCertificate, Cause::BadCredentials, Cause::CredentialExpiry, Cause::ClockWrong];

/// The verdicts, those that give way to others weakened.
pub(super) fn settle(mut verdicts: Vec<(Cause, Verdict)>, incidents: &[Incident]) -> Vec<(Cause, Verdict)> {
    let gone = giving_way(&verdicts);
    let is_down =
        incidents.last().is_some_and(|last| last.recovery.failed > 0 && last.recovery.recovered.is_none());
    let goes_on = |index: &usize| is_down && index + 1 == incidents.len();
    for (index, (cause, verdict)) in verdicts.iter_mut().enumerate() {
        if gone.contains(&index) {
            verdict.confidence *= LEFT;
        }
        let is_few = verdict.explains.len() <= FEW
            && share(verdict.explains.len(), incidents.len()) < FEW_SHARE
            && !(LASTING.contains(cause) && verdict.explains.iter().any(goes_on));
        if is_few {
            verdict.confidence *= FEW_LEFT;
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cause: Cause, confidence: f64, pins: Option<f64>) -> (Cause, Verdict) {
        let explains = (0..10).collect();
        let (summary, fix) = (String::new(), String::new());
        (cause, Verdict { explains, confidence, pins, summary, evidence: Vec::new(), fix })
    }

    fn left(verdicts: Vec<(Cause, Verdict)>) -> Vec<Cause> {
        let settled = settle(verdicts, &[]);
        settled
            .into_iter()
            .filter(|(_, verdict)| verdict.confidence >= STRONG)
            .map(|(cause, _)| cause)
            .collect()
    }

    #[test]
    fn what_gives_way_itself_makes_no_other_give_way() {
        // The grid beats the network's weakness, and gives way to the refused request.
        let verdicts = vec![
            verdict(Cause::IntermittentNetwork, 0.9, None),
            verdict(Cause::RegularInterval, 0.9, Some(20.0)),
            verdict(Cause::AuthorizationViolation, 0.8, None),
        ];
        assert_eq!(left(verdicts), [Cause::AuthorizationViolation]);
    }

    #[test]
    fn of_two_patterns_in_time_the_one_that_tells_it_better_stands_whatever_the_table_says() {
        for (age, grid, stands) in [
            (50.0, 20.0, Cause::ConnectionLifetime),
            (20.0, 50.0, Cause::RegularInterval),
            (50.0, 49.0, Cause::ConnectionLifetime),
        ] {
            let verdicts = vec![
                verdict(Cause::RegularInterval, 0.9, Some(grid)),
                verdict(Cause::ConnectionLifetime, 0.9, Some(age)),
            ];
            assert_eq!(left(verdicts), [stands]);
        }
    }
}
