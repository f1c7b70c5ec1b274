//! Names of errors with their numbers, in MQTT 3.1.1 and in 5, as users of the CRT know them: written out here, so that
//! a slip in the program's own table cannot hide.

/// A name and its number.
pub(crate) type Name = (&'static str, i32);

/// One for each version.
pub(crate) type Names = [Name; 2];

const fn both(name: &'static str, code: i32) -> Names {
    [(name, code), (name, code)]
}

const DECODE: Name = ("AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR", 5149);

pub(crate) const REFUSED: Names = both("AWS_IO_SOCKET_CONNECTION_REFUSED", 1047);
pub(crate) const CLOSED: Names = both("AWS_IO_SOCKET_CLOSED", 1051);
pub(crate) const HANGUP: Names = both("AWS_ERROR_MQTT_UNEXPECTED_HANGUP", 5134);
pub(crate) const ALERT: Names = both("AWS_IO_TLS_ERROR_ALERT_RECEIVED", 1032);
pub(crate) const NEGOTIATION: Names = both("AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE", 1029);
pub(crate) const TLS_TIMEOUT: Names = both("AWS_IO_TLS_NEGOTIATION_TIMEOUT", 1067);
pub(crate) const FRAME: Names = both("AWS_ERROR_HTTP_WEBSOCKET_PROTOCOL_ERROR", 2089);
pub(crate) const UPGRADE: Names = both("AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE", 2065);
pub(crate) const NOT_HTTP: Names = both("AWS_ERROR_HTTP_PROTOCOL_ERROR", 2074);
pub(crate) const HTTP_TIMEOUT: Names = both("AWS_ERROR_HTTP_RESPONSE_FIRST_BYTE_TIMEOUT", 2092);
pub(crate) const DISCONNECT: Names =
    [("AWS_ERROR_MQTT_INVALID_PACKET_TYPE", 5127), ("AWS_ERROR_MQTT5_DISCONNECT_RECEIVED", 5154)];
pub(crate) const PING: Names =
    [("AWS_ERROR_MQTT_TIMEOUT", 5129), ("AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT", 5152)];
pub(crate) const CONNACK: Names =
    [("AWS_ERROR_MQTT_TIMEOUT", 5129), ("AWS_ERROR_MQTT5_CONNACK_TIMEOUT", 5151)];
pub(crate) const REFUSAL: Names =
    [("AWS_ERROR_MQTT_PROTOCOL_ERROR", 5130), ("AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED", 5150)];
pub(crate) const LENGTH: Names = [("AWS_ERROR_MQTT_INVALID_REMAINING_LENGTH", 5122), DECODE];
pub(crate) const PACKET_TYPE: Names = [("AWS_ERROR_MQTT_INVALID_PACKET_TYPE", 5127), DECODE];
pub(crate) const PROTOCOL: Names = [("AWS_ERROR_MQTT_PROTOCOL_ERROR", 5130), DECODE];
