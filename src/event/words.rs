//! The closed vocabularies of the journal: each variant has one public word, in JSON and on screen.

use serde::{Deserialize, Serialize};

/// A vocabulary that can be read from its words.
pub(super) trait Word: Sized {
    /// The variant of a word; `None` for a word that is not known.
    fn from_word(word: &str) -> Option<Self>;
}

/// Declares an enum whose variants have one public word each: in the journal, on screen, in JSON.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// The public word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::event::words::Word for $name {
            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(super) use words;

words! {
    /// What carries MQTT.
    Transport {
        /// TCP alone.
        Tcp = "tcp",
        /// TLS over TCP.
        Tls = "tls",
        /// WebSocket over TCP.
        Ws = "ws",
        /// WebSocket over TLS.
        Wss = "wss",
    }
}

words! {
    /// The MQTT version that is spoken.
    Protocol {
        /// MQTT 3.1.1.
        V311 = "3.1.1",
        /// MQTT 5.
        V5 = "5",
    }
}

words! {
    /// How a session came about.
    ConnectionKind {
        /// The first of the run.
        Connected = "connected",
        /// After a quick reconnect.
        Resumed = "resumed",
        /// After a deep reconnect.
        DeepReconnected = "deep_reconnected",
    }
}

words! {
    /// How the end of a session looked.
    ClosedBy {
        /// FIN, WebSocket close or TLS `close_notify`.
        PeerClose = "peer_close",
        /// RST or a fatal TLS alert.
        PeerReset = "peer_reset",
        /// MQTT DISCONNECT.
        PeerDisconnect = "peer_disconnect",
        /// A ping or SUBSCRIBE stayed unanswered, or the kernel gave up.
        Timeout = "timeout",
        /// The socket itself returned a local error.
        Network = "network",
        /// We closed because the peer broke the protocol.
        Protocol = "protocol",
    }
}

words! {
    /// A step of an attempt to connect, in the order in which they happen.
    Phase {
        /// Signing in.
        Auth = "auth",
        /// Resolving the name.
        Dns = "dns",
        /// Opening the TCP connection.
        Tcp = "tcp",
        /// The TLS handshake.
        Tls = "tls",
        /// The WebSocket upgrade.
        Websocket = "websocket",
        /// CONNECT to CONNACK.
        Mqtt = "mqtt",
    }
}

words! {
    /// What changed on this host.
    EnvironmentKind {
        /// An interface lost its link.
        LinkDown = "link_down",
        /// An interface got its link.
        LinkUp = "link_up",
        /// An address appeared.
        AddressAdded = "address_added",
        /// An address went away.
        AddressRemoved = "address_removed",
        /// The default route changed.
        DefaultRouteChanged = "default_route_changed",
        /// This host slept; told when it woke.
        Suspend = "suspend",
        /// The wall clock stepped.
        ClockStep = "clock_step",
        /// The wall clock differs from a service's.
        ClockOffset = "clock_offset",
    }
}

words! {
    /// Why a run ended.
    StopReason {
        /// SIGINT, SIGTERM or SIGHUP.
        Signal = "signal",
        /// `--duration` is over.
        Duration = "duration",
        /// `--max-events` is reached.
        MaxEvents = "max_events",
        /// Nobody reads standard output any more.
        OutputClosed = "output_closed",
        /// `--max-attempts` failed in a row.
        AttemptsExhausted = "attempts_exhausted",
        /// The service refused user or password for good.
        CredentialsRejected = "credentials_rejected",
        /// The run could not go on.
        Error = "error",
    }
}

/// How surely a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// 0: sent once, never acknowledged.
    AtMostOnce,
    /// 1: acknowledged by PUBACK, may arrive twice.
    AtLeastOnce,
    /// 2: handed over in two steps, arrives once.
    ExactlyOnce,
}

impl Qos {
    /// 0, 1 or 2.
    pub const fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }

    /// The QoS of a level; `None` above 2.
    pub const fn from_level(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}
