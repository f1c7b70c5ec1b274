//! How a connection ended, below MQTT or in it, and the name that such an end gets.
//!
//! The world outside classifies what the socket, TLS or WebSocket layer said into a [`StreamEnd`]; the names follow
//! from that and from whether a session was up. No socket type is known here.

use std::time::Duration;

use crate::crt::{self, Fault};
use crate::event::{ClosedBy, Phase, Protocol, Transport};
use crate::reason::{self, Source};
use crate::wire::{Connack, Farewell, WireError};

/// How the byte stream under MQTT ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// The peer closed the TCP connection in order.
    Fin,
    /// The peer closed TLS in order.
    CloseNotify,
    /// The peer sent a WebSocket close frame: its code (1005 where it carried none) and its reason.
    WebsocketClose(u16, String),
    /// The peer reset the TCP connection.
    Reset,
    /// The peer sent a fatal TLS alert, named here.
    TlsAlert(String),
    /// The kernel gave up on the connection.
    TimedOut,
    /// The socket returned that there is no route, or the host or network is unreachable.
    NoRoute(String),
    /// The socket returned that the network is down.
    NetworkDown(String),
    /// The peer broke TLS: the records cannot be read.
    TlsProtocol(String),
    /// The peer broke the WebSocket protocol.
    WebsocketProtocol(String),
    /// Another local error, in the operating system's words.
    Other(String),
}

impl StreamEnd {
    /// Who or what ended a session that was up.
    pub const fn closed_by(&self) -> ClosedBy {
        match self {
            Self::Fin | Self::CloseNotify | Self::WebsocketClose(..) => ClosedBy::PeerClose,
            Self::Reset | Self::TlsAlert(_) => ClosedBy::PeerReset,
            Self::TimedOut => ClosedBy::Timeout,
            Self::NoRoute(_) | Self::NetworkDown(_) | Self::Other(_) => ClosedBy::Network,
            Self::TlsProtocol(_) | Self::WebsocketProtocol(_) => ClosedBy::Protocol,
        }
    }

    /// The phase that fails when the stream ends so before CONNACK: in TLS 1.3 a refusal of our certificate arrives
    /// only after our side of the handshake is done.
    pub const fn failed_phase(&self) -> Phase {
        match self {
            Self::TlsAlert(_) => Phase::Tls,
            Self::Fin
            | Self::CloseNotify
            | Self::WebsocketClose(..)
            | Self::Reset
            | Self::TimedOut
            | Self::NoRoute(_)
            | Self::NetworkDown(_)
            | Self::TlsProtocol(_)
            | Self::WebsocketProtocol(_)
            | Self::Other(_) => Phase::Mqtt,
        }
    }

    /// The close code as a record holds it: 1006 where a WebSocket ended without a close frame.
    pub fn websocket_close_code(&self, transport: Transport) -> Option<u16> {
        if let Self::WebsocketClose(code, _) = self {
            return Some(*code);
        }
        matches!(transport, Transport::Ws | Transport::Wss).then_some(1006)
    }

    /// The close reason, where a frame carried one.
    pub fn websocket_reason(&self) -> Option<String> {
        let Self::WebsocketClose(_, reason) = self else { return None };
        (!reason.is_empty()).then(|| reason.clone())
    }

    /// The name and the sentence.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Fin => crt::SOCKET_CLOSED.told("the broker closed the connection (FIN)"),
            Self::CloseNotify => {
                crt::MQTT_UNEXPECTED_HANGUP.told("the broker closed the connection (TLS close_notify)")
            }
            Self::WebsocketClose(code, reason) => {
                crt::MQTT_UNEXPECTED_HANGUP.told(websocket_sentence(*code, reason))
            }
            Self::Reset => crt::SOCKET_CLOSED.told("the connection was reset (RST)"),
            Self::TlsAlert(alert) => {
                crt::TLS_ALERT_RECEIVED.told(format!("the broker ended TLS with a fatal alert: {alert}"))
            }
            Self::TimedOut => crt::SOCKET_TIMEOUT
                .told("the kernel gave up: what we sent was never acknowledged (ETIMEDOUT)"),
            Self::NoRoute(text) => {
                crt::SOCKET_NO_ROUTE_TO_HOST.told(format!("the broker cannot be reached: {text}"))
            }
            Self::NetworkDown(text) => crt::SOCKET_NETWORK_DOWN.told(format!("the network is down: {text}")),
            Self::TlsProtocol(text) => {
                crt::TLS_NEGOTIATION_FAILURE.told(format!("the broker broke TLS: {text}"))
            }
            Self::WebsocketProtocol(text) => {
                crt::WEBSOCKET_PROTOCOL_ERROR.told(format!("malformed WebSocket frame: {text}"))
            }
            Self::Other(text) => crt::SOCKET_ERROR.told(format!("the socket failed: {text}")),
        }
    }
}

fn websocket_sentence(code: u16, reason: &str) -> String {
    let shown = match code {
        1005 => "without a code".to_owned(),
        code => format!("code {code}"),
    };
    match reason {
        "" => format!("the broker closed the WebSocket ({shown})"),
        reason => format!("the broker closed the WebSocket ({shown}: {reason})"),
    }
}

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

    /// The name and the sentence where no session was up yet.
    pub fn fault_before_connack(&self, protocol: Protocol) -> Fault {
        let mut fault = self.fault(protocol);
        if let Self::Stream(_) = self {
            fault.message.push_str(", before CONNACK");
        }
        fault
    }

    /// The name in the language of `protocol`, and the sentence.
    pub fn fault(&self, protocol: Protocol) -> Fault {
        match self {
            Self::Stream(end) => end.fault(),
            Self::Refused(connack) => refusal_name(protocol)
                .told(format!("the broker refused the connection: {}", refusal(protocol, connack))),
            Self::Disconnect(farewell) => disconnect(protocol, farewell),
            Self::Protocol(error) => protocol_name(protocol, error).told(format!("the broker sent {error}")),
            Self::PingUnanswered(after) => {
                ping_name(protocol).told(format!("no answer to a ping within {:.1} s", after.as_secs_f64()))
            }
            Self::SubscribeUnanswered(after) => {
                crt::MQTT_TIMEOUT.told(format!("no answer to SUBSCRIBE within {} s", after.as_secs()))
            }
        }
    }
}

/// The fault of an attempt whose CONNACK did not come within `waited`.
pub(super) fn connack_missing(protocol: Protocol, waited: Duration) -> Fault {
    let name = match protocol {
        Protocol::V311 => crt::MQTT_TIMEOUT,
        Protocol::V5 => crt::MQTT5_CONNACK_TIMEOUT,
    };
    name.told(format!("no CONNACK within {:.1} s", waited.as_secs_f64()))
}

fn disconnect(protocol: Protocol, farewell: &Farewell) -> Fault {
    let name = match protocol {
        Protocol::V311 => crt::MQTT_INVALID_PACKET_TYPE,
        Protocol::V5 => crt::MQTT5_DISCONNECT_RECEIVED,
    };
    name.told(match farewell.reason_code {
        Some(code) => {
            format!("the broker sent DISCONNECT: {}", reason::words(code, Source::DisconnectV5))
        }
        None => "the broker sent DISCONNECT".to_owned(),
    })
}

const fn refusal_name(protocol: Protocol) -> crt::Name {
    match protocol {
        Protocol::V311 => crt::MQTT_PROTOCOL_ERROR,
        Protocol::V5 => crt::MQTT5_CONNACK_CONNECTION_REFUSED,
    }
}

const fn ping_name(protocol: Protocol) -> crt::Name {
    match protocol {
        Protocol::V311 => crt::MQTT_TIMEOUT,
        Protocol::V5 => crt::MQTT5_PING_RESPONSE_TIMEOUT,
    }
}

const fn protocol_name(protocol: Protocol, error: &WireError) -> crt::Name {
    match (protocol, error) {
        (Protocol::V5, _) => crt::MQTT5_DECODE_PROTOCOL_ERROR,
        (Protocol::V311, WireError::RemainingLength) => crt::MQTT_INVALID_REMAINING_LENGTH,
        (Protocol::V311, WireError::PacketType(_)) => crt::MQTT_INVALID_PACKET_TYPE,
        (
            Protocol::V311,
            WireError::TooLarge { .. } | WireError::Malformed { .. } | WireError::OutOfTurn(_),
        ) => crt::MQTT_PROTOCOL_ERROR,
    }
}

fn refusal(protocol: Protocol, connack: &Connack) -> String {
    let source = match protocol {
        Protocol::V5 if !connack.is_of_older_version() => Source::V5,
        Protocol::V5 | Protocol::V311 => Source::ConnackV311,
    };
    reason::words(connack.code, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_name_and_who_closed() {
        let text = || "text".to_owned();
        let rows = [
            (StreamEnd::Fin, "AWS_IO_SOCKET_CLOSED", ClosedBy::PeerClose),
            (StreamEnd::CloseNotify, "AWS_ERROR_MQTT_UNEXPECTED_HANGUP", ClosedBy::PeerClose),
            (
                StreamEnd::WebsocketClose(1001, text()),
                "AWS_ERROR_MQTT_UNEXPECTED_HANGUP",
                ClosedBy::PeerClose,
            ),
            (StreamEnd::Reset, "AWS_IO_SOCKET_CLOSED", ClosedBy::PeerReset),
            (StreamEnd::TlsAlert(text()), "AWS_IO_TLS_ERROR_ALERT_RECEIVED", ClosedBy::PeerReset),
            (StreamEnd::TimedOut, "AWS_IO_SOCKET_TIMEOUT", ClosedBy::Timeout),
            (StreamEnd::NoRoute(text()), "AWS_IO_SOCKET_NO_ROUTE_TO_HOST", ClosedBy::Network),
            (StreamEnd::NetworkDown(text()), "AWS_IO_SOCKET_NETWORK_DOWN", ClosedBy::Network),
            (
                StreamEnd::WebsocketProtocol(text()),
                "AWS_ERROR_HTTP_WEBSOCKET_PROTOCOL_ERROR",
                ClosedBy::Protocol,
            ),
        ];
        for (end, name, closed_by) in rows {
            assert_eq!(end.fault().name.name, name);
            assert_eq!(end.closed_by(), closed_by);
        }
    }

    #[test]
    fn a_tls_alert_before_connack_is_a_failed_tls_phase() {
        assert_eq!(StreamEnd::TlsAlert("x".to_owned()).failed_phase(), Phase::Tls);
        assert_eq!(StreamEnd::Fin.failed_phase(), Phase::Mqtt);
    }

    #[test]
    fn the_close_code_tells_a_missing_frame_from_a_missing_code() {
        let closed = StreamEnd::WebsocketClose(1005, String::new());
        assert_eq!(closed.websocket_close_code(Transport::Ws), Some(1005));
        assert_eq!(StreamEnd::Fin.websocket_close_code(Transport::Ws), Some(1006));
        assert_eq!(StreamEnd::Fin.websocket_close_code(Transport::Tcp), None);
    }
}
