//! The closed set of words for what happened, which programs may rely on.

use serde::{Deserialize, Serialize};

use crate::event::words::words;

words! {
    /// The kinds of failure that programs may rely on (journal format, "Kinds of failure").
    FailureKind {
        /// FIN.
        PeerClosed = "peer_closed",
        /// RST.
        PeerReset = "peer_reset",
        /// MQTT DISCONNECT.
        PeerDisconnected = "peer_disconnected",
        /// TLS `close_notify`.
        TlsClosed = "tls_closed",
        /// WebSocket close frame.
        WebsocketClosed = "websocket_closed",
        /// PINGREQ without PINGRESP.
        PingUnanswered = "ping_unanswered",
        /// SUBSCRIBE without SUBACK.
        SubscribeUnanswered = "subscribe_unanswered",
        /// The kernel gave up on what we sent (ETIMEDOUT).
        KernelTimeout = "kernel_timeout",
        /// No route to the broker.
        NetworkUnreachable = "network_unreachable",
        /// This host's network is down.
        NetworkDown = "network_down",
        /// A packet that breaks the standard.
        MalformedPacket = "malformed_packet",
        /// A packet that the standard does not allow at this point.
        UnexpectedPacket = "unexpected_packet",
        /// A packet over our limit.
        PacketTooLarge = "packet_too_large",
        /// A WebSocket frame that breaks RFC 6455.
        MalformedWebsocketFrame = "malformed_websocket_frame",
        /// The resolver knows no such name.
        NameNotFound = "name_not_found",
        /// The name has no address.
        NameWithoutAddress = "name_without_address",
        /// The resolver failed, refused or did not answer.
        ResolverFailed = "resolver_failed",
        /// Nothing listens at the port.
        ConnectionRefused = "connection_refused",
        /// No answer to the TCP handshake.
        ConnectTimeout = "connect_timeout",
        /// No answer to the TLS handshake.
        TlsTimeout = "tls_timeout",
        /// A fatal TLS alert; its number is beside it.
        TlsAlert = "tls_alert",
        /// No TLS version, cipher or application protocol in common.
        TlsNoCommonParameters = "tls_no_common_parameters",
        /// The answer to the TLS handshake is not TLS.
        NotTls = "not_tls",
        /// The certificate has expired.
        CertificateExpired = "certificate_expired",
        /// The certificate is not valid yet.
        CertificateNotYetValid = "certificate_not_yet_valid",
        /// The certificate is not signed by anybody trusted.
        CertificateUntrusted = "certificate_untrusted",
        /// The certificate is for another name.
        CertificateWrongName = "certificate_wrong_name",
        /// The certificate is of a kind that is not accepted.
        CertificateUnsuitable = "certificate_unsuitable",
        /// The broker wants a certificate of ours.
        ClientCertificateNeeded = "client_certificate_needed",
        /// The answer to the WebSocket upgrade is an HTTP status other than 101.
        WebsocketRefused = "websocket_refused",
        /// No answer to the WebSocket upgrade.
        WebsocketTimeout = "websocket_timeout",
        /// The answer to the WebSocket upgrade is not HTTP.
        NotHttp = "not_http",
        /// The answer is HTTP 101, but no WebSocket with the subprotocol `mqtt`.
        NotWebsocket = "not_websocket",
        /// The first bytes from the peer are not MQTT.
        NotMqtt = "not_mqtt",
        /// CONNACK refused; its code is beside it.
        ConnackRefused = "connack_refused",
        /// No CONNACK in time.
        ConnackTimeout = "connack_timeout",
        /// The connection was closed or reset before CONNACK.
        ClosedBeforeConnack = "closed_before_connack",
        /// A sign-in refused user or password.
        AuthRejected = "auth_rejected",
        /// A sign-in did not work, and may do so later.
        AuthUnavailable = "auth_unavailable",
        /// This host could not do its part: no socket, no memory, no permission.
        LocalError = "local_error",
    }
}
