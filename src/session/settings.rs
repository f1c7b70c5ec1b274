//! What the user decided about a run: settled, with nothing left open.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{Protocol, Qos, TargetFacts, Transport};
use crate::secret::Secret;

/// Everything that a run needs to know before it starts.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// As the journal tells it.
    pub target: TargetFacts,
    /// What carries MQTT.
    pub transport: Transport,
    /// The version of MQTT.
    pub protocol: ProtocolChoice,
    /// The MQTT session.
    pub session: Arc<SessionSettings>,
    /// End-to-end probes, if wanted.
    pub probe: Option<ProbeSettings>,
    /// Coming back.
    pub reconnect: ReconnectSettings,
    /// Longest time from dialling to CONNACK, in each version of MQTT that an attempt asks in. Signing in has a time of
    /// its own.
    pub connect_timeout: Duration,
    /// Time between regular samples. Each is a line of the journal; a longer one shows a slow change later.
    pub sample_interval: Duration,
    /// When the run ends by itself.
    pub limits: Limits,
}

/// Which version of MQTT to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolChoice {
    /// 5, and 3.1.1 where the broker does not take that.
    Auto,
    /// This one.
    Only(Protocol),
}

impl ProtocolChoice {
    /// As the journal tells it: `auto`, or the version.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Only(protocol) => protocol.as_str(),
        }
    }
}

/// End-to-end probes: publishes at QoS 1 whose acknowledgement is timed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// Where it is published.
    pub topic: String,
    /// How often.
    pub interval: Duration,
}

/// What CONNECT says and how the session is kept alive.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// MQTT client identifier.
    pub client_id: String,
    /// User name, if any.
    pub username: Option<String>,
    /// Password; only beside a user name.
    pub password: Option<Secret>,
    /// Announced in CONNECT: whole seconds, 1 to 65,535.
    pub keep_alive: Duration,
    /// Whether the broker is to forget us between sessions.
    pub clean_session: bool,
    /// Silence, in either direction, after which a PINGREQ goes out; at most the keep-alive.
    pub ping_interval: Duration,
    /// Time given to the PINGRESP.
    pub ping_timeout: Duration,
    /// Largest incoming packet that is held in memory, in bytes.
    pub max_packet_bytes: usize,
    /// What to subscribe to.
    pub filters: Vec<Filter>,
}

impl SessionSettings {
    /// The longest that a dead connection can go unnoticed.
    pub fn detection_bound(&self) -> Duration {
        self.ping_interval.saturating_add(self.ping_timeout)
    }
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The topic filter.
    pub topic: String,
    /// The QoS asked for.
    pub qos: Qos,
}

/// How a run comes back after a drop.
#[derive(Debug, Clone)]
pub struct ReconnectSettings {
    /// The shortest back-off.
    pub min: Duration,
    /// The longest back-off.
    pub max: Duration,
    /// Every so many attempts, one forgets all that earlier ones left behind; at least 1.
    pub deep_every: u32,
    /// Failed attempts in a row after which the run gives up.
    pub max_attempts: Option<u32>,
}

/// When a run ends by itself.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// After this time.
    pub duration: Option<Duration>,
    /// After so many records; `start`, `subscribed`, `sample` and `stop` do not count, all others do.
    pub max_events: Option<u64>,
}
