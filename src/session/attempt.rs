//! One attempt to connect: what the world tells of it, and the records of its success and failure.

use std::time::Duration;

use super::mqtt::Session;
use super::recovery::Recovered;
use crate::crt::Fault;
use crate::event::{AttemptFailed, Connected, Moment, Phase, Phases, seconds};
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
}

/// Why there is no stream.
#[derive(Debug, Clone, PartialEq)]
pub struct DialFault {
    /// The step that failed.
    pub phase: Phase,
    /// Why.
    pub fault: Fault,
    /// Answer to the WebSocket upgrade.
    pub http_status: Option<u16>,
    /// The last address tried.
    pub peer_address: Option<String>,
    /// How long each step took, as far as it came.
    pub phases: Phases,
}

impl DialFault {
    /// The record of an attempt that failed so; the caller adds what it knows of MQTT.
    pub(super) fn into_record(
        self,
        attempt_number: u32,
        elapsed: Duration,
        wait: Option<Duration>,
    ) -> AttemptFailed {
        AttemptFailed {
            attempt_number,
            phase: self.phase,
            protocol: None,
            error_name: self.fault.name.recorded(),
            error_code: self.fault.name.code,
            error_message: self.fault.message,
            return_code: None,
            reason_string: None,
            server_reference: None,
            http_status: self.http_status,
            peer_address: self.peer_address,
            elapsed_seconds: seconds(elapsed),
            next_attempt_seconds: wait.map(seconds),
            phases: self.phases,
        }
    }
}

/// An attempt whose CONNECT is out.
#[derive(Debug)]
pub(super) struct Opening {
    /// When the attempt began.
    pub(super) since: Moment,
    /// When the stream was ready.
    pub(super) dialled_at: Moment,
    /// How it came about.
    pub(super) dialled: Dialled,
    /// Waits for CONNACK.
    pub(super) session: Session,
}

impl Opening {
    /// What is to be said when it fails now.
    pub(super) fn fault(&self, now: Moment, phase: Phase, fault: Fault) -> DialFault {
        let mut phases = self.dialled.phases;
        if phase == Phase::Mqtt {
            phases.set(Phase::Mqtt, now.since(self.dialled_at));
        }
        DialFault {
            phase,
            fault,
            http_status: None,
            peer_address: Some(self.dialled.peer_address.clone()),
            phases,
        }
    }

    /// The record of its success.
    pub(super) fn connected(&self, now: Moment, recovered: Recovered, connack: Connack) -> Connected {
        let mut phases = self.dialled.phases;
        phases.set(Phase::Mqtt, now.since(self.dialled_at));
        Connected {
            kind: recovered.kind,
            protocol: Some(self.session.protocol()),
            session_present: connack.session_present,
            return_code: connack.code,
            attempt_number: recovered.attempt_number,
            time_to_reconnect_seconds: recovered.outage.map(seconds),
            phases,
            local_address: Some(self.dialled.local_address.clone()),
            peer_address: Some(self.dialled.peer_address.clone()),
            server_keep_alive_seconds: None,
            maximum_packet_bytes: None,
            receive_maximum: None,
            assigned_client_id: None,
            reason_string: None,
        }
    }
}
