//! One attempt to connect: what the dialler reports of it, and the records of its success and failure.

use std::time::Duration;

use chrono::TimeDelta;

use super::ending::End;
use super::extension::Opaque;
use super::recovery::Recovered;
use crate::crt::Name;
use crate::event::failure::{Failure, TlsAlert};
use crate::event::{
    AddressLost, AttemptFailed, Connected, Fallback, Moment, Phase, Phases, Protocol, bounded, seconds,
};
use crate::wire::Connack;

/// A stream that is ready for CONNECT.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialled {
    /// How long each step took.
    pub phases: Phases,
    /// Our `ip:port`.
    pub local_address: String,
    /// The broker's `ip:port`.
    pub peer_address: String,
    /// Addresses of the broker that were tried and did not connect.
    pub addresses_lost: Vec<AddressLost>,
    /// How far this host's clock is ahead of the service's. `None` where no answer had a date, or where we sign nothing.
    pub clock_offset: Option<TimeDelta>,
    /// What a service told while the attempt was being let in, for the run's extension. `None` where nothing new was
    /// learned; what is known from earlier attempts stays then.
    pub learned: Option<Opaque>,
}

/// Whether another attempt could fare better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// It could.
    #[default]
    Later,
    /// It could not: the credentials were refused for good.
    Never,
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{phase}: {failure}")]
pub struct DialError {
    /// The step that failed.
    pub phase: Phase,
    /// Why.
    pub failure: Failure,
    /// The last address tried.
    pub peer_address: Option<String>,
    /// Addresses that were tried and did not connect.
    pub addresses_lost: Vec<AddressLost>,
    /// How long each step took, as far as it came.
    pub phases: Phases,
    /// How far this host's clock is ahead of the service's. `None` where no answer had a date, or where we sign nothing.
    pub clock_offset: Option<TimeDelta>,
    /// Whether there is any use in trying again.
    pub retry: Retry,
    /// What a service told while the attempt was being let in: it is worth keeping though the attempt failed later.
    pub learned: Option<Opaque>,
}

impl DialError {
    /// A failure of which nothing more is known than the step it was met in.
    pub const fn new(phase: Phase, failure: Failure) -> Self {
        Self {
            phase,
            failure,
            peer_address: None,
            addresses_lost: Vec::new(),
            phases: Phases::UNKNOWN,
            clock_offset: None,
            retry: Retry::Later,
            learned: None,
        }
    }

    /// The record of an attempt that failed so.
    pub(super) fn into_record(self, attempt: AttemptSummary) -> AttemptFailed {
        let name = Name::of(&self.failure, attempt.protocol);
        AttemptFailed {
            attempt_number: Some(attempt.number),
            protocol: Some(attempt.protocol),
            error_name: name.recorded(),
            error_code: name.code,
            error_message: bounded(self.failure.to_string()),
            failure: Some(self.failure.kind()),
            closed_by: self.failure.closed_by_peer(),
            http_status: self.failure.http_status(),
            http_location: self.failure.http_location().map(|place| bounded(place.to_owned())),
            tls_alert: self.failure.tls_alert().map(|TlsAlert(number)| number),
            resolver_code: self.failure.resolver_error().map(|error| error.code.clone().into()),
            peer_address: self.peer_address,
            addresses_lost: self.addresses_lost,
            elapsed_seconds: Some(seconds(attempt.elapsed)),
            phases: self.phases,
            ..AttemptFailed::new(self.phase)
        }
    }
}

/// What identifies an attempt that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptSummary {
    /// 1, 2, ... since the last session.
    pub(super) number: u32,
    /// What was, or would have been, spoken; of two versions the second.
    pub(super) protocol: Protocol,
    /// Its length, in both versions.
    pub(super) elapsed: Duration,
}

/// An attempt under way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// When it began.
    pub(super) since: Moment,
    /// When dialling began in the version that is spoken now: each has a connect timeout of its own.
    pub(super) dialling_since: Moment,
    /// The version that came to nothing earlier in it.
    pub(super) fallback: Option<Fallback>,
}

impl Attempt {
    /// An attempt that begins.
    pub(super) const fn begin(now: Moment) -> Self {
        Self { since: now, dialling_since: now, fallback: None }
    }

    /// The same attempt, going on in the other version.
    pub(super) const fn in_other_version(&self, now: Moment, fallback: Fallback) -> Self {
        Self { since: self.since, dialling_since: now, fallback: Some(fallback) }
    }
}

/// Adds what a CONNACK that refused us says.
pub(super) fn add_refusal(record: &mut AttemptFailed, connack: &Connack) {
    let properties = &connack.properties;
    record.return_code = Some(connack.code);
    record.reason_string = properties.reason_string.clone().map(bounded);
    record.server_reference = properties.server_reference.clone().map(bounded);
}

/// An attempt whose CONNECT is out.
#[derive(Debug)]
pub(super) struct Opening {
    /// The attempt.
    pub(super) attempt: Attempt,
    /// When the stream was ready.
    pub(super) dialled_at: Moment,
    /// How it came about.
    pub(super) dialled: Dialled,
    /// What CONNECT was sent in.
    pub(super) protocol: Protocol,
}

impl Opening {
    /// The error of an attempt that ended so.
    pub(super) fn ended(&self, now: Moment, end: &End) -> DialError {
        self.failed(now, end.failed_phase(), end.failure_before_connack(self.protocol))
    }

    /// The error of an attempt that failed in this phase.
    pub(super) fn failed(&self, now: Moment, phase: Phase, failure: Failure) -> DialError {
        let mut phases = self.dialled.phases;
        if phase == Phase::Mqtt {
            phases.set(Phase::Mqtt, now.since(self.dialled_at));
        }
        DialError {
            peer_address: Some(self.dialled.peer_address.clone()),
            addresses_lost: self.dialled.addresses_lost.clone(),
            phases,
            ..DialError::new(phase, failure)
        }
    }

    /// When CONNACK has to be there: signing in has a time of its own.
    pub(super) fn deadline(&self, connect_timeout: Duration) -> Moment {
        self.attempt.dialling_since.plus(self.dialled.phases.signing_in()).plus(connect_timeout)
    }

    /// The record of its success.
    pub(super) fn connected(&self, now: Moment, recovered: Recovered, connack: &Connack) -> Connected {
        let properties = connack.properties.clone();
        let mut phases = self.dialled.phases;
        phases.set(Phase::Mqtt, now.since(self.dialled_at));
        Connected {
            protocol: Some(self.protocol),
            session_present: Some(connack.session_present),
            return_code: Some(connack.code),
            attempt_number: Some(recovered.attempt_number),
            time_to_reconnect_seconds: recovered.outage.map(seconds),
            waited_seconds: Some(seconds(recovered.waited)),
            addresses_lost: self.dialled.addresses_lost.clone(),
            fallback: self.attempt.fallback.clone(),
            phases,
            local_address: Some(self.dialled.local_address.clone()),
            peer_address: Some(self.dialled.peer_address.clone()),
            server_keep_alive_seconds: properties.server_keep_alive_seconds,
            maximum_packet_bytes: properties.maximum_packet_bytes,
            receive_maximum: properties.receive_maximum,
            assigned_client_id: properties.assigned_client_id.map(bounded),
            reason_string: properties.reason_string.map(bounded),
            ..Connected::new(recovered.kind)
        }
    }
}
