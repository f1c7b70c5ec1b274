//! Names of errors in the vocabulary of the AWS Common Runtime (CRT), which MQTT users search for.
//!
//! A name says what a CRT client would report for the same fault; the sentence beside it is our own.
//! Source: awscrt 0.36.1, measured against mosquitto and a fault server.

use std::borrow::Cow;

/// A CRT name with its number, or one of our own without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// What is reported as `error_name`.
    pub name: &'static str,
    /// What is reported as `error_code`.
    pub code: Option<i32>,
}

impl Name {
    /// The fault of this name, told in one sentence.
    pub fn told(self, message: impl Into<String>) -> Fault {
        Fault { name: self, message: crate::event::bounded(message.into()) }
    }

    /// The name as a record holds it.
    pub const fn recorded(self) -> Cow<'static, str> {
        Cow::Borrowed(self.name)
    }
}

/// A named fault and what happened, in one line for a person: what, to what, after how long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// For those who search.
    pub name: Name,
    /// For those who read.
    pub message: String,
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

/// In our sentence about a certificate that is too old: a journal is read by it, as the CRT has one name for all.
pub const EXPIRED_AT: &str = " expired at ";
/// The same for one that is too new.
pub const NOT_VALID_BEFORE: &str = " is not valid before ";

/// An error of the socket for which the CRT has no name.
pub const SOCKET_ERROR: Name = Name { name: "NWDIAG_SOCKET_ERROR", code: None };

/// User or password are refused: trying again is of no use.
pub const AUTH_REJECTED: Name = Name { name: "NWDIAG_AUTH_REJECTED", code: None };
/// A service that gives credentials did not give them, and may do so later.
pub const AUTH_UNAVAILABLE: Name = Name { name: "NWDIAG_AUTH_UNAVAILABLE", code: None };
