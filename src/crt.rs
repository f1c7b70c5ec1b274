//! Names of errors in the vocabulary of the AWS Common Runtime (CRT), which MQTT users search for.
//!
//! A name says what a CRT client would report for the same failure. Source: awscrt 0.36.1, measured against mosquitto
//! and a fault server.

use std::borrow::Cow;

use crate::event::Protocol;
use crate::event::failure::{
    BreachKind, DnsProblem, Failure, ProtocolBreach, SignInFailure, StreamEnd, TcpProblem, TlsFailure,
    UpgradeFailure,
};

/// A CRT name with its number, or one of our own without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// What is reported as `error_name`.
    pub name: &'static str,
    /// What is reported as `error_code`.
    pub code: Option<i32>,
}

impl Name {
    /// What a client that speaks `protocol` calls this failure.
    pub const fn of(failure: &Failure, protocol: Protocol) -> Self {
        match failure {
            Failure::Dns(failure) => dns(&failure.problem),
            Failure::Tcp(failure) => tcp(&failure.problem),
            Failure::Tls(failure) => tls(failure),
            Failure::Upgrade(failure) => upgrade(failure),
            Failure::Ended(_, end) => stream(end),
            Failure::Refused { .. } => by(protocol, MQTT_PROTOCOL_ERROR, MQTT5_CONNACK_CONNECTION_REFUSED),
            Failure::ConnackMissing(_) => by(protocol, MQTT_TIMEOUT, MQTT5_CONNACK_TIMEOUT),
            Failure::Disconnected(_) => by(protocol, MQTT_INVALID_PACKET_TYPE, MQTT5_DISCONNECT_RECEIVED),
            Failure::Protocol(breach) => by(protocol, breach_v311(breach), MQTT5_DECODE_PROTOCOL_ERROR),
            Failure::PingUnanswered(_) => by(protocol, MQTT_TIMEOUT, MQTT5_PING_RESPONSE_TIMEOUT),
            Failure::SubscribeUnanswered(_) => MQTT_TIMEOUT,
            Failure::SignIn(failure) => match failure {
                SignInFailure::Rejected { .. } => AUTH_REJECTED,
                SignInFailure::Unavailable { .. } => AUTH_UNAVAILABLE,
                SignInFailure::Unreached { failure, .. } => Self::of(failure, protocol),
            },
        }
    }

    /// The name as a record holds it.
    pub const fn recorded(self) -> Cow<'static, str> {
        Cow::Borrowed(self.name)
    }
}

const fn by(protocol: Protocol, v311: Name, v5: Name) -> Name {
    match protocol {
        Protocol::V311 => v311,
        Protocol::V5 => v5,
    }
}

const fn dns(problem: &DnsProblem) -> Name {
    match problem {
        DnsProblem::NotFound(_) => DNS_INVALID_NAME,
        DnsProblem::NoAddress(_) => DNS_NO_ADDRESS,
        DnsProblem::Failed(_) | DnsProblem::Silent(_) | DnsProblem::Broken(_) => DNS_QUERY_FAILED,
    }
}

const fn tcp(problem: &TcpProblem) -> Name {
    match problem {
        TcpProblem::Refused => SOCKET_CONNECTION_REFUSED,
        TcpProblem::Unanswered(_) | TcpProblem::Silent(_) => SOCKET_TIMEOUT,
        TcpProblem::Socket(end) => stream(end),
        TcpProblem::NotStarted => SOCKET_ERROR,
    }
}

const fn tls(failure: &TlsFailure) -> Name {
    match failure {
        TlsFailure::Silent(_) | TlsFailure::NotTls => TLS_NEGOTIATION_TIMEOUT,
        TlsFailure::Certificate(..) | TlsFailure::NoCommonParameters(_) | TlsFailure::Other(_) => {
            TLS_NEGOTIATION_FAILURE
        }
    }
}

const fn upgrade(failure: &UpgradeFailure) -> Name {
    match failure {
        UpgradeFailure::Refused { .. } | UpgradeFailure::NotWebsocket(_) => WEBSOCKET_UPGRADE_FAILURE,
        UpgradeFailure::NotHttp(_) => HTTP_PROTOCOL_ERROR,
        UpgradeFailure::Silent(_) => HTTP_FIRST_BYTE_TIMEOUT,
    }
}

const fn stream(end: &StreamEnd) -> Name {
    match end {
        StreamEnd::Fin | StreamEnd::Reset => SOCKET_CLOSED,
        StreamEnd::CloseNotify | StreamEnd::WebsocketClose(..) => MQTT_UNEXPECTED_HANGUP,
        StreamEnd::TlsAlert(_) => TLS_ALERT_RECEIVED,
        StreamEnd::TimedOut => SOCKET_TIMEOUT,
        StreamEnd::NoRoute(_) => SOCKET_NO_ROUTE_TO_HOST,
        StreamEnd::NetworkDown(_) => SOCKET_NETWORK_DOWN,
        StreamEnd::TlsProtocol(_) => TLS_NEGOTIATION_FAILURE,
        StreamEnd::WebsocketProtocol(_) => WEBSOCKET_PROTOCOL_ERROR,
        StreamEnd::Other(_) => SOCKET_ERROR,
    }
}

const fn breach_v311(breach: &ProtocolBreach) -> Name {
    match breach.crt {
        BreachKind::RemainingLength => MQTT_INVALID_REMAINING_LENGTH,
        BreachKind::PacketType => MQTT_INVALID_PACKET_TYPE,
        BreachKind::TooLarge | BreachKind::Malformed | BreachKind::OutOfTurn => MQTT_PROTOCOL_ERROR,
    }
}

macro_rules! names {
    ($($constant:ident = $name:literal $code:literal;)+) => {
        $(#[doc = concat!("`", $name, "`")]
        pub const $constant: Name = Name { name: $name, code: Some($code) };)+
    };
}

names! {
    TLS_NEGOTIATION_FAILURE = "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE" 1029;
    TLS_ALERT_RECEIVED = "AWS_IO_TLS_ERROR_ALERT_RECEIVED" 1032;
    SOCKET_CONNECTION_REFUSED = "AWS_IO_SOCKET_CONNECTION_REFUSED" 1047;
    SOCKET_TIMEOUT = "AWS_IO_SOCKET_TIMEOUT" 1048;
    SOCKET_NO_ROUTE_TO_HOST = "AWS_IO_SOCKET_NO_ROUTE_TO_HOST" 1049;
    SOCKET_NETWORK_DOWN = "AWS_IO_SOCKET_NETWORK_DOWN" 1050;
    SOCKET_CLOSED = "AWS_IO_SOCKET_CLOSED" 1051;
    DNS_QUERY_FAILED = "AWS_IO_DNS_QUERY_FAILED" 1058;
    DNS_INVALID_NAME = "AWS_IO_DNS_INVALID_NAME" 1059;
    DNS_NO_ADDRESS = "AWS_IO_DNS_NO_ADDRESS_FOR_HOST" 1060;
    TLS_NEGOTIATION_TIMEOUT = "AWS_IO_TLS_NEGOTIATION_TIMEOUT" 1067;
    WEBSOCKET_UPGRADE_FAILURE = "AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE" 2065;
    HTTP_PROTOCOL_ERROR = "AWS_ERROR_HTTP_PROTOCOL_ERROR" 2074;
    WEBSOCKET_PROTOCOL_ERROR = "AWS_ERROR_HTTP_WEBSOCKET_PROTOCOL_ERROR" 2089;
    HTTP_FIRST_BYTE_TIMEOUT = "AWS_ERROR_HTTP_RESPONSE_FIRST_BYTE_TIMEOUT" 2092;
    MQTT_INVALID_REMAINING_LENGTH = "AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH" 5122;
    MQTT_INVALID_PACKET_TYPE = "AWS_ERROR_MQTT_INVALID_PACKET_TYPE" 5127;
    MQTT_TIMEOUT = "AWS_ERROR_MQTT_TIMEOUT" 5129;
    MQTT_PROTOCOL_ERROR = "AWS_ERROR_MQTT_PROTOCOL_ERROR" 5130;
    MQTT_UNEXPECTED_HANGUP = "AWS_ERROR_MQTT_UNEXPECTED_HANGUP" 5134;
    MQTT5_DECODE_PROTOCOL_ERROR = "AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR" 5149;
    MQTT5_CONNACK_CONNECTION_REFUSED = "AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED" 5150;
    MQTT5_CONNACK_TIMEOUT = "AWS_ERROR_MQTT5_CONNACK_TIMEOUT" 5151;
    MQTT5_PING_RESPONSE_TIMEOUT = "AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT" 5152;
    MQTT5_DISCONNECT_RECEIVED = "AWS_ERROR_MQTT5_DISCONNECT_RECEIVED" 5154;
}

/// How the names of errors begin for which the CRT has none.
const OWN_PREFIX: &str = "NWDIAG_";

/// Whether a name is one of the CRT's: the export tells no other.
pub fn is_known_to_the_crt(name: &str) -> bool {
    !name.starts_with(OWN_PREFIX)
}

/// An error of the socket for which the CRT has no name.
pub const SOCKET_ERROR: Name = Name { name: "NWDIAG_SOCKET_ERROR", code: None };

/// User or password are refused: trying again is of no use.
pub const AUTH_REJECTED: Name = Name { name: "NWDIAG_AUTH_REJECTED", code: None };
/// A service that gives credentials did not give them, and may do so later.
pub const AUTH_UNAVAILABLE: Name = Name { name: "NWDIAG_AUTH_UNAVAILABLE", code: None };
