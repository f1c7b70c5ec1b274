//! What nwdiag can name: the public ids, by family.

use std::fmt;

/// The family of a cause: where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Between this host and the broker, this host's own link included.
    Network,
    /// The broker, or what stands right before it.
    Server,
    /// The client: its settings, its host, its twin.
    Client,
    /// The appliance behind the broker.
    Device,
}

impl Category {
    /// The public word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Server => "server",
            Self::Client => "client",
            Self::Device => "device",
        }
    }
}

/// Declares the causes: each with its public id and its family.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $id:literal $category:ident,)+) => {
        /// Why connections drop. Scripts test for the ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Cause { $($(#[$doc])* $name,)+ }

        impl Cause {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The public id.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// The family.
            pub const fn category(self) -> Category {
                match self { $(Self::$name => Category::$category,)+ }
            }
        }
    };
}

causes! {
    /// This host lost its link, route or interface around the drop.
    LocalNetworkDown = "local_network_down" Network,
    /// This host's address changed around the drop.
    AddressChange = "address_change" Network,
    /// The path loses packets.
    PacketLoss = "packet_loss" Network,
    /// Something on the path forgets or closes a connection that was silent for long.
    IdleTimeout = "idle_timeout" Network,
    /// The name could not be resolved when it was needed.
    DnsFailure = "dns_failure" Network,
    /// Drops come at the same local time of day on different days.
    ScheduledOutage = "scheduled_outage" Network,
    /// Drops lie on a fixed grid of the wall clock.
    RegularInterval = "regular_interval" Network,
    /// Large packets vanish on the path.
    PathMtu = "path_mtu" Network,
    /// One of the name's addresses does not answer, the connection works over another.
    DeadAddress = "dead_address" Network,
    /// Irregular silent losses and resets, no better evidence.
    IntermittentNetwork = "intermittent_network" Network,
    /// AWS IoT Core ends a WebSocket connection 24 h after connect.
    AwsWebsocketLifetime = "aws_websocket_lifetime" Server,
    /// Sessions end at a fixed age.
    ConnectionLifetime = "connection_lifetime" Server,
    /// Credentials run out.
    CredentialExpiry = "credential_expiry" Server,
    /// The broker closes right after one particular SUBSCRIBE or PUBLISH.
    AuthorizationViolation = "authorization_violation" Server,
    /// The broker closes right after a PUBLISH over its limit.
    PayloadTooLarge = "payload_too_large" Server,
    /// The broker closes when messages come too fast, or a quota is used up.
    PublishRateLimit = "publish_rate_limit" Server,
    /// Connects are refused after too many of them.
    ConnectRateLimit = "connect_rate_limit" Server,
    /// The broker went away and came back.
    BrokerRestart = "broker_restart" Server,
    /// The broker cannot be reached or does not accept, and has not come back.
    BrokerUnavailable = "broker_unavailable" Server,
    /// The broker's host acknowledges our bytes, the broker does not answer.
    BrokerStalled = "broker_stalled" Server,
    /// The broker takes the connection and hangs up on CONNECT without a word.
    ClosedOnConnect = "closed_on_connect" Server,
    /// A packet that breaks the standard ends the connection.
    MalformedPacket = "malformed_packet" Server,
    /// The broker ends a session that takes too slowly what it is sent.
    SlowConsumer = "slow_consumer" Server,
    /// The service that signs in fails; the broker was never asked.
    AuthService = "auth_service" Server,
    /// This version of the broker is known to end healthy sessions.
    BrokerBug = "broker_bug" Server,
    /// The broker said why, and it is none of the others.
    ServerDisconnect = "server_disconnect" Server,
    /// The certificate is expired, not trusted, or for another name.
    TlsCertificate = "tls_certificate" Server,
    /// Another client uses this client ID.
    DuplicateClientId = "duplicate_client_id" Client,
    /// Our own loop was late, and the broker's keep-alive timer ran out.
    KeepAliveLate = "keep_alive_late" Client,
    /// This host slept.
    HostSuspend = "host_suspend" Client,
    /// This host's clock stepped or is wrong.
    ClockWrong = "clock_wrong" Client,
    /// User, password or token refused from the start.
    BadCredentials = "bad_credentials" Client,
    /// The broker does not speak this protocol version.
    ProtocolMismatch = "protocol_mismatch" Client,
    /// What listens there does not speak what the URL says.
    WrongPort = "wrong_port" Client,
    /// The name does not exist.
    UnknownHost = "unknown_host" Client,
    /// Wrong path or subprotocol for WebSocket.
    WebsocketEndpoint = "websocket_endpoint" Client,
    /// Attempts come too fast, with no back-off.
    ReconnectStorm = "reconnect_storm" Client,
    /// Our connection is up, the appliance behind it does not answer.
    ApplianceOffline = "appliance_offline" Device,
}

impl Cause {
    /// The cause of a public id; `None` for an unknown one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.as_str() == word)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
