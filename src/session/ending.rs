//! How a session, or the attempt at one, ended without our wish, and the failure that this is.

use std::time::Duration;

use crate::event::failure::{BreachKind, Failure, ProtocolBreach, Stage, StreamEnd};
use crate::event::{ClosedBy, FailureKind, Phase, Protocol};
use crate::reason::Source;
use crate::wire::{Connack, Farewell, WireError};

/// How a session, or the attempt at one, ended without our wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// CONNACK said no.
    Refused(Box<Connack>),
    /// The stream under it ended.
    Stream(StreamEnd),
    /// The broker sent DISCONNECT.
    Disconnect(Box<Farewell>),
    /// The broker broke the protocol.
    Protocol(WireError),
    /// The broker left a PINGREQ unanswered for this long.
    PingUnanswered(Duration),
    /// The broker left our SUBSCRIBE unanswered for this long.
    SubscribeUnanswered(Duration),
}

impl End {
    /// Who or what ended it.
    pub const fn closed_by(&self) -> ClosedBy {
        match self {
            Self::Stream(end) => end.closed_by(),
            Self::Refused(_) | Self::Disconnect(_) => ClosedBy::PeerDisconnect,
            Self::Protocol(_) => ClosedBy::Protocol,
            Self::PingUnanswered(_) | Self::SubscribeUnanswered(_) => ClosedBy::Timeout,
        }
    }

    /// How the stream ended, where that is what ended it.
    pub const fn stream_end(&self) -> Option<&StreamEnd> {
        if let Self::Stream(end) = self { Some(end) } else { None }
    }

    /// What the broker said with it, where it was the broker's DISCONNECT.
    pub const fn farewell(&self) -> Option<&Farewell> {
        if let Self::Disconnect(farewell) = self { Some(farewell) } else { None }
    }

    /// The phase that fails when a session ends so before CONNACK.
    pub const fn failed_phase(&self) -> Phase {
        match self {
            Self::Stream(end) => end.failed_phase(),
            Self::Refused(_)
            | Self::Disconnect(_)
            | Self::Protocol(_)
            | Self::PingUnanswered(_)
            | Self::SubscribeUnanswered(_) => Phase::Mqtt,
        }
    }

    /// The CONNACK that said no.
    pub const fn refusal(&self) -> Option<&Connack> {
        if let Self::Refused(connack) = self { Some(connack) } else { None }
    }

    /// The failure that it is where a session was up.
    pub fn failure(&self, protocol: Protocol) -> Failure {
        self.failure_at(Stage::Session, protocol)
    }

    /// The failure that it is where no session was up yet.
    pub fn failure_before_connack(&self, protocol: Protocol) -> Failure {
        self.failure_at(Stage::Opening, protocol)
    }

    fn failure_at(&self, stage: Stage, protocol: Protocol) -> Failure {
        match self {
            Self::Stream(end) => Failure::Ended(stage, end.clone()),
            Self::Refused(connack) => {
                Failure::Refused { code: connack.code, source: refusal_source(protocol, connack) }
            }
            Self::Disconnect(farewell) => Failure::Disconnected(farewell.reason_code),
            Self::Protocol(error) => Failure::Protocol(breach(stage, error)),
            Self::PingUnanswered(after) => Failure::PingUnanswered(*after),
            Self::SubscribeUnanswered(after) => Failure::SubscribeUnanswered(*after),
        }
    }
}

/// A broker that only speaks 3.1.1 refuses MQTT 5 in the language of 3.1.1.
const fn refusal_source(protocol: Protocol, connack: &Connack) -> Source {
    match protocol {
        Protocol::V5 if !connack.is_of_older_version() => Source::V5,
        Protocol::V5 | Protocol::V311 => Source::ConnackV311,
    }
}

/// MQTT Control Packet type of CONNACK (MQTT 5, section 2.1.2).
const CONNACK: u8 = 2;

fn breach(stage: Stage, error: &WireError) -> ProtocolBreach {
    let (crt, kind) = match error {
        WireError::RemainingLength { .. } => (BreachKind::RemainingLength, FailureKind::MalformedPacket),
        WireError::PacketType(_) => (BreachKind::PacketType, FailureKind::UnexpectedPacket),
        WireError::TooLarge { .. } => (BreachKind::TooLarge, FailureKind::PacketTooLarge),
        WireError::Malformed { .. } => (BreachKind::Malformed, FailureKind::MalformedPacket),
        WireError::OutOfTurn(_) => (BreachKind::OutOfTurn, FailureKind::UnexpectedPacket),
    };
    let kind = if stage == Stage::Opening && is_no_mqtt(error) { FailureKind::NotMqtt } else { kind };
    ProtocolBreach { kind, crt, flaw: error.to_string() }
}

/// Whether the first bytes of a peer are not even the beginning of a CONNACK: something else listens there.
const fn is_no_mqtt(error: &WireError) -> bool {
    match error {
        WireError::RemainingLength { .. } | WireError::PacketType(_) => true,
        WireError::TooLarge { kind, .. } | WireError::Malformed { kind, .. } => *kind != CONNACK,
        WireError::OutOfTurn(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crt::Name;
    use crate::wire::Misplaced;

    #[test]
    fn every_end_has_its_name_its_kind_and_who_closed() {
        use FailureKind as Kind;
        let text = || "text".to_owned();
        let rows = [
            (StreamEnd::Fin, "AWS_IO_SOCKET_CLOSED", ClosedBy::PeerClose, Kind::PeerClosed),
            (
                StreamEnd::CloseNotify,
                "AWS_ERROR_MQTT_UNEXPECTED_HANGUP",
                ClosedBy::PeerClose,
                Kind::TlsClosed,
            ),
            (
                StreamEnd::WebsocketClose(1001, text()),
                "AWS_ERROR_MQTT_UNEXPECTED_HANGUP",
                ClosedBy::PeerClose,
                Kind::WebsocketClosed,
            ),
            (StreamEnd::Reset, "AWS_IO_SOCKET_CLOSED", ClosedBy::PeerReset, Kind::PeerReset),
            (StreamEnd::TimedOut, "AWS_IO_SOCKET_TIMEOUT", ClosedBy::Timeout, Kind::KernelTimeout),
            (
                StreamEnd::NoRoute(text()),
                "AWS_IO_SOCKET_NO_ROUTE_TO_HOST",
                ClosedBy::Network,
                Kind::NetworkUnreachable,
            ),
            (
                StreamEnd::NetworkDown(text()),
                "AWS_IO_SOCKET_NETWORK_DOWN",
                ClosedBy::Network,
                Kind::NetworkDown,
            ),
            (
                StreamEnd::WebsocketProtocol(text()),
                "AWS_ERROR_HTTP_WEBSOCKET_PROTOCOL_ERROR",
                ClosedBy::Protocol,
                Kind::MalformedWebsocketFrame,
            ),
        ];
        for (stream, name, closed_by, kind) in rows {
            let end = End::Stream(stream);
            for protocol in [Protocol::V311, Protocol::V5] {
                let failure = end.failure(protocol);
                assert_eq!((Name::of(&failure, protocol).name, failure.kind()), (name, kind), "{end:?}");
            }
            assert_eq!(end.closed_by(), closed_by, "{end:?}");
        }
    }

    #[test]
    fn first_bytes_that_begin_no_connack_are_not_mqtt_and_the_same_later_are_malformed() {
        let rows = [
            (WireError::PacketType(4), FailureKind::NotMqtt, FailureKind::UnexpectedPacket),
            (WireError::RemainingLength { kind: 3 }, FailureKind::NotMqtt, FailureKind::MalformedPacket),
            (
                WireError::OutOfTurn(Misplaced::SecondConnack),
                FailureKind::UnexpectedPacket,
                FailureKind::UnexpectedPacket,
            ),
        ];
        for (error, opening, session) in rows {
            let end = End::Protocol(error);
            let kinds = [end.failure_before_connack(Protocol::V5).kind(), end.failure(Protocol::V5).kind()];
            assert_eq!(kinds, [opening, session], "{end:?}");
        }
    }
}
