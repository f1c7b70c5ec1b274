//! How the byte stream under MQTT ended, as socket, TLS and WebSocket tell it.

use super::FailureKind;
use crate::event::words::{ClosedBy, Phase, Transport};

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
    /// The peer sent a fatal TLS alert.
    TlsAlert(TlsAlert),
    /// The kernel gave up on the connection.
    TimedOut,
    /// The socket returned that there is no route, or the host or network is unreachable, in the system's words.
    NoRoute(String),
    /// The socket returned that the network is down, in the system's words.
    NetworkDown(String),
    /// The peer broke TLS: the records cannot be read.
    TlsProtocol(String),
    /// The peer broke the WebSocket protocol.
    WebsocketProtocol(String),
    /// Another local error, in the operating system's words.
    Other(String),
}

/// The number of a TLS alert (RFC 8446, section 6; RFC 5246, section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsAlert(pub u8);

impl TlsAlert {
    /// `certificate_required`: the peer wants a certificate of ours.
    pub const CERTIFICATE_REQUIRED: Self = Self(116);
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

    /// The word for an end of a session, or of a stream before MQTT began.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Fin => FailureKind::PeerClosed,
            Self::CloseNotify => FailureKind::TlsClosed,
            Self::WebsocketClose(..) => FailureKind::WebsocketClosed,
            Self::Reset => FailureKind::PeerReset,
            Self::TlsAlert(TlsAlert(number)) if *number == TlsAlert::CERTIFICATE_REQUIRED.0 => {
                FailureKind::ClientCertificateNeeded
            }
            Self::TlsAlert(_) => FailureKind::TlsAlert,
            Self::TimedOut => FailureKind::KernelTimeout,
            Self::NoRoute(_) => FailureKind::NetworkUnreachable,
            Self::NetworkDown(_) => FailureKind::NetworkDown,
            Self::TlsProtocol(_) => FailureKind::NotTls,
            Self::WebsocketProtocol(_) => FailureKind::MalformedWebsocketFrame,
            Self::Other(_) => FailureKind::LocalError,
        }
    }

    /// The word for an end between CONNECT and CONNACK.
    pub const fn kind_before_connack(&self) -> FailureKind {
        match self {
            Self::Fin | Self::CloseNotify | Self::WebsocketClose(..) | Self::Reset => {
                FailureKind::ClosedBeforeConnack
            }
            Self::TlsAlert(_)
            | Self::TimedOut
            | Self::NoRoute(_)
            | Self::NetworkDown(_)
            | Self::TlsProtocol(_)
            | Self::WebsocketProtocol(_)
            | Self::Other(_) => self.kind(),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_alert_before_connack_is_a_failed_tls_phase() {
        assert_eq!(StreamEnd::TlsAlert(TlsAlert(40)).failed_phase(), Phase::Tls);
        assert_eq!(StreamEnd::Fin.failed_phase(), Phase::Mqtt);
    }

    #[test]
    fn an_alert_that_asks_for_our_certificate_is_told_apart_from_any_other() {
        assert_eq!(StreamEnd::TlsAlert(TlsAlert(116)).kind(), FailureKind::ClientCertificateNeeded);
        assert_eq!(StreamEnd::TlsAlert(TlsAlert(40)).kind(), FailureKind::TlsAlert);
    }

    #[test]
    fn the_close_code_tells_a_missing_frame_from_a_missing_code() {
        let closed = StreamEnd::WebsocketClose(1005, String::new());
        assert_eq!(closed.websocket_close_code(Transport::Ws), Some(1005));
        assert_eq!(StreamEnd::Fin.websocket_close_code(Transport::Ws), Some(1006));
        assert_eq!(StreamEnd::Fin.websocket_close_code(Transport::Tcp), None);
    }
}
