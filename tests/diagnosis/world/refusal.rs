//! How attempts to connect fail, in the program's own words.

use nwdiag::crt::{self, Name};
use nwdiag::event::Phase;
use nwdiag::event::Protocol;
use nwdiag::event::failure::{Failure, Stage, StreamEnd};
use nwdiag::session::ending::End;
use nwdiag::wire::{Connack, ConnackProperties};

/// How an attempt fails.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// In a phase below MQTT, after so many seconds in it.
    Dial { phase: Phase, name: Name, words: String, http: Option<u16>, takes: f64 },
    /// In a phase below MQTT, when the time of the attempt is up.
    Unanswered(Phase),
    /// After CONNECT.
    Ended(End),
    /// CONNACK does not come.
    NoConnack,
}

const REFUSED: &str = "refused the connection";

impl Refusal {
    fn dial(phase: Phase, name: Name, words: impl Into<String>) -> Self {
        Self::Dial { phase, name, words: words.into(), http: None, takes: 0.0 }
    }

    fn after(mut self, seconds: f64) -> Self {
        if let Self::Dial { takes, .. } = &mut self {
            *takes = seconds;
        }
        self
    }

    /// RST to SYN. A place in `words` is filled with the address.
    pub(crate) fn refused() -> Self {
        Self::dial(Phase::Tcp, crt::SOCKET_CONNECTION_REFUSED, format!("{{peer}} {REFUSED}"))
    }

    pub(crate) fn no_route() -> Self {
        let words = "{peer} could not be connected to: No route to host (os error 113)";
        Self::dial(Phase::Tcp, crt::SOCKET_NO_ROUTE_TO_HOST, words).after(3.05)
    }

    pub(crate) fn unreachable() -> Self {
        let words = "{peer} could not be connected to: Network is unreachable (os error 101)";
        Self::dial(Phase::Tcp, crt::SOCKET_NO_ROUTE_TO_HOST, words)
    }

    pub(crate) fn network_down() -> Self {
        let words = "{peer} could not be connected to: Network is down (os error 100)";
        Self::dial(Phase::Tcp, crt::SOCKET_NETWORK_DOWN, words)
    }

    pub(crate) fn no_such_name() -> Self {
        let words = "there is no host '{host}' (EAI_NONAME: Name or service not known)";
        Self::dial(Phase::Dns, crt::DNS_INVALID_NAME, words).after(0.03)
    }

    pub(crate) fn no_address() -> Self {
        let words = "no address is known for '{host}' (EAI_NODATA: No address associated with hostname)";
        Self::dial(Phase::Dns, crt::DNS_NO_ADDRESS, words).after(0.03)
    }

    /// `EAI_AGAIN`, after so many seconds.
    pub(crate) fn resolver_failed(seconds: f64) -> Self {
        let words = "the resolver failed for '{host}' (EAI_AGAIN: Temporary failure in name resolution)";
        Self::dial(Phase::Dns, crt::DNS_QUERY_FAILED, words).after(seconds)
    }

    pub(crate) fn certificate(words: impl Into<String>) -> Self {
        Self::dial(Phase::Tls, crt::TLS_NEGOTIATION_FAILURE, words)
    }

    /// A fatal alert in the handshake.
    pub(crate) fn alert(alert: &str) -> Self {
        let words = format!("in the TLS handshake, the broker ended TLS with a fatal alert: {alert}");
        Self::dial(Phase::Tls, crt::TLS_ALERT_RECEIVED, words)
    }

    /// RST or FIN in a phase below MQTT.
    pub(crate) fn closed_in(phase: Phase, end: &StreamEnd) -> Self {
        let stage = if phase == Phase::Tls { Stage::TlsHandshake } else { Stage::Upgrade };
        let failure = Failure::Ended(stage, end.clone());
        Self::dial(phase, Name::of(&failure, Protocol::V5), failure.to_string())
    }

    /// An answer to the upgrade that is no 101.
    pub(crate) fn http(status: u16) -> Self {
        let words = format!("no WebSocket: the answer is HTTP {status}: {}", advice(status));
        Self::Dial {
            phase: Phase::Websocket,
            name: crt::WEBSOCKET_UPGRADE_FAILURE,
            words,
            http: Some(status),
            takes: 0.0,
        }
    }

    /// 101 that is not what was asked for.
    pub(crate) fn no_subprotocol(what: &str) -> Self {
        Self::Dial {
            phase: Phase::Websocket,
            name: crt::WEBSOCKET_UPGRADE_FAILURE,
            words: format!("no WebSocket: the answer is HTTP 101, but {what}"),
            http: Some(101),
            takes: 0.0,
        }
    }

    pub(crate) fn not_http() -> Self {
        let words = "the answer to the request for a WebSocket is not HTTP/1: invalid HTTP version";
        Self::dial(Phase::Websocket, crt::HTTP_PROTOCOL_ERROR, words)
    }

    /// The sign-in refuses for good.
    pub(crate) fn sign_in() -> Self {
        const REJECTED: Name = Name { name: "NWDIAG_AUTH_REJECTED", code: None };
        let words = "the service refused user or password".to_owned();
        Self::Dial { phase: Phase::Auth, name: REJECTED, words, http: Some(401), takes: 0.3 }
    }

    pub(crate) fn connack(code: u8) -> Self {
        Self::Ended(End::Refused(Box::new(Connack { code, ..Connack::default() })))
    }

    /// With the broker's words.
    pub(crate) fn connack_saying(code: u8, reason: &str) -> Self {
        let properties =
            ConnackProperties { reason_string: Some(reason.to_owned()), ..ConnackProperties::default() };
        Self::Ended(End::Refused(Box::new(Connack { code, properties, ..Connack::default() })))
    }

    /// The stream ends instead of CONNACK.
    pub(crate) const fn closed(end: StreamEnd) -> Self {
        Self::Ended(End::Stream(end))
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        200..=299 => "a web server answers here: check port and path",
        300..=399 => "it points somewhere else: check host, scheme and path",
        400 => "the request was not understood: check that this port speaks WebSocket",
        401 | 403 => "the credentials are missing, refused or expired",
        404 | 405 => "there is no WebSocket at the path '/mqtt': check the path",
        426 => "another protocol or version is wanted",
        429 | 503 => "the server is overloaded or throttles",
        500..=599 => "the server, or the one behind the gateway, has failed",
        _ => "the server refused",
    }
}
