//! The vocabulary of the journal: a [`Record`] is one stamped [`Event`], and every event is plain data.
//!
//! Nothing here decides, reads a clock or does I/O. A key that may be unknown is an `Option` and is written as
//! `null`; on reading, `null` and absence mean the same. All floating-point numbers are finite and already rounded
//! (see [`seconds`] and [`millis`]), so that a value read back equals the value that was folded live.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// The format version that this program writes and reads (`v` of a `start` record).
pub const FORMAT_VERSION: u32 = 1;

/// Texts from outside are stored up to this many bytes.
pub const TEXT_LIMIT_BYTES: usize = 1024;

/// A point on the run's own clock: the time since the run began, suspension included, free of wall-clock steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `elapsed` after the run began.
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time since the run began.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `span` later; the far end of time where that cannot be said.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// Both clocks read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The wall clock.
    pub wall: DateTime<Utc>,
    /// The run's clock.
    pub moment: Moment,
}

/// A span in seconds, rounded to a microsecond: the form in which records carry it.
pub fn seconds(span: Duration) -> f64 {
    rounded(span.as_secs_f64(), 1e6)
}

/// A span in milliseconds, rounded to a microsecond: the form in which records carry it.
pub fn millis(span: Duration) -> f64 {
    rounded(span.as_secs_f64() * 1e3, 1e3)
}

/// `value` with `steps` steps per unit; an infinite or undefined value becomes 0.
pub fn rounded(value: f64, steps: f64) -> f64 {
    let rounded = (value * steps).round() / steps;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// `text` cut to [`TEXT_LIMIT_BYTES`] on a character boundary.
pub fn bounded(mut text: String) -> String {
    if text.len() > TEXT_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_LIMIT_BYTES));
    }
    text
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Wall clock, to the millisecond.
    pub ts: DateTime<Utc>,
    /// Time since the run's start on the run's clock; a journal from elsewhere may lack it.
    pub run_seconds: Option<f64>,
    /// Records lost since the last one that was written to the same place.
    pub records_lost: u64,
    /// What happened.
    pub event: Event,
}

impl Record {
    /// The record of `event` at `stamp`.
    pub fn new(stamp: Stamp, event: Event) -> Self {
        Self {
            ts: stamp.wall.trunc_subsecs(3),
            run_seconds: Some(seconds(stamp.moment.since_start())),
            records_lost: 0,
            event,
        }
    }

    /// The wall clock as seconds since 1970, with milliseconds.
    pub fn unix_seconds(&self) -> f64 {
        unix_seconds(self.ts)
    }
}

/// A wall-clock time as seconds since 1970, with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
pub fn unix_seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1e3
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run of `watch` begins.
    Start(Box<Start>),
    /// A session begins: CONNACK accepted.
    Connected(Box<Connected>),
    /// SUBACK for one filter.
    Subscribed(Subscribed),
    /// An established session ended and we did not end it.
    Drop(Box<SessionDrop>),
    /// The answer to a ping that we had given up on arrived.
    LateAnswer(LateAnswer),
    /// An attempt to connect did not reach CONNACK success.
    AttemptFailed(Box<AttemptFailed>),
    /// The regular reading, and the one right before each drop and stop.
    Sample(Box<Sample>),
    /// Something changed on this host.
    Environment(Environment),
    /// A run ended on purpose.
    Stop(Stop),
}

impl Event {
    /// The value of the key `event`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Connected(_) => "connected",
            Self::Subscribed(_) => "subscribed",
            Self::Drop(_) => "drop",
            Self::LateAnswer(_) => "late_answer",
            Self::AttemptFailed(_) => "attempt_failed",
            Self::Sample(_) => "sample",
            Self::Environment(_) => "environment",
            Self::Stop(_) => "stop",
        }
    }
}

/// Declares an enum whose variants have one public word each: in the journal, on screen, in JSON.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// The public word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

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

/// `null` reads like absence.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// A run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// Format version of the journal.
    pub v: u32,
    /// UUID of the run.
    #[serde(default, deserialize_with = "lenient")]
    pub run: String,
    /// Version of the writer.
    #[serde(default, deserialize_with = "lenient")]
    pub version: String,
    /// Process that writes.
    #[serde(default, deserialize_with = "lenient")]
    pub pid: u32,
    /// Host that writes.
    #[serde(default, deserialize_with = "lenient")]
    pub host: String,
    /// IANA name of the local time zone, or its offset.
    #[serde(default, deserialize_with = "lenient")]
    pub time_zone: String,
    /// What is watched, and how.
    #[serde(default, deserialize_with = "lenient")]
    pub target: TargetFacts,
}

/// What a run watches, as the journal tells it: no credentials, no query.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TargetFacts {
    /// Name of the target, as in the journal's file name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// URL without credentials and query.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// What carries MQTT.
    #[serde(default)]
    pub transport: Option<Transport>,
    /// The protocol that was asked for: `3.1.1`, `5` or `auto`.
    #[serde(default, deserialize_with = "lenient")]
    pub protocol: String,
    /// MQTT client identifier.
    #[serde(default, deserialize_with = "lenient")]
    pub client_id: String,
    /// Keep-alive that CONNECT announced.
    #[serde(default)]
    pub keep_alive_seconds: Option<f64>,
    /// Silence after which a PINGREQ goes out.
    #[serde(default)]
    pub ping_interval_seconds: Option<f64>,
    /// Time given to the answer.
    #[serde(default)]
    pub ping_timeout_seconds: Option<f64>,
    /// Clean session flag of CONNECT.
    #[serde(default)]
    pub clean_session: Option<bool>,
    /// Filters subscribed to.
    #[serde(default, deserialize_with = "lenient")]
    pub topics: Vec<String>,
}

/// How long each phase of an attempt took, in milliseconds; `None` where it did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phases {
    /// Signing in.
    pub auth_ms: Option<f64>,
    /// Resolving the name.
    pub dns_ms: Option<f64>,
    /// From the first SYN to the connection that won.
    pub tcp_ms: Option<f64>,
    /// The TLS handshake.
    pub tls_ms: Option<f64>,
    /// The WebSocket upgrade.
    pub websocket_ms: Option<f64>,
    /// CONNECT to CONNACK.
    pub mqtt_ms: Option<f64>,
}

impl Phases {
    /// Notes that `phase` took `span`.
    pub fn set(&mut self, phase: Phase, span: Duration) {
        let slot = match phase {
            Phase::Auth => &mut self.auth_ms,
            Phase::Dns => &mut self.dns_ms,
            Phase::Tcp => &mut self.tcp_ms,
            Phase::Tls => &mut self.tls_ms,
            Phase::Websocket => &mut self.websocket_ms,
            Phase::Mqtt => &mut self.mqtt_ms,
        };
        *slot = Some(millis(span));
    }

    /// The phases that happened, in order, with their milliseconds.
    pub fn steps(&self) -> impl Iterator<Item = (Phase, f64)> {
        [
            (Phase::Auth, self.auth_ms),
            (Phase::Dns, self.dns_ms),
            (Phase::Tcp, self.tcp_ms),
            (Phase::Tls, self.tls_ms),
            (Phase::Websocket, self.websocket_ms),
            (Phase::Mqtt, self.mqtt_ms),
        ]
        .into_iter()
        .filter_map(|(phase, ms)| ms.map(|ms| (phase, ms)))
    }
}

/// A session begins: CONNACK accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connected {
    /// First of the run, quick or deep reconnect.
    pub kind: ConnectionKind,
    /// What is really spoken.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// From CONNACK.
    #[serde(default, deserialize_with = "lenient")]
    pub session_present: bool,
    /// CONNACK return or reason code.
    #[serde(default, deserialize_with = "lenient")]
    pub return_code: u8,
    /// Attempts that this recovery took, this one included; 0 for a first connection that needed no retry.
    #[serde(default, deserialize_with = "lenient")]
    pub attempt_number: u32,
    /// From the drop to CONNACK; `None` where nothing was dropped before.
    #[serde(default)]
    pub time_to_reconnect_seconds: Option<f64>,
    /// How long each step took.
    #[serde(default, deserialize_with = "lenient")]
    pub phases: Phases,
    /// Our `ip:port`.
    #[serde(default)]
    pub local_address: Option<String>,
    /// The broker's `ip:port`.
    #[serde(default)]
    pub peer_address: Option<String>,
    /// MQTT 5 CONNACK property: the keep-alive that the broker wants.
    #[serde(default)]
    pub server_keep_alive_seconds: Option<u16>,
    /// MQTT 5 CONNACK property: largest packet that the broker takes.
    #[serde(default)]
    pub maximum_packet_bytes: Option<u32>,
    /// MQTT 5 CONNACK property: unacknowledged publishes that the broker takes.
    #[serde(default)]
    pub receive_maximum: Option<u16>,
    /// MQTT 5 CONNACK property: the client ID that the broker chose.
    #[serde(default)]
    pub assigned_client_id: Option<String>,
    /// MQTT 5 CONNACK property: the broker's words.
    #[serde(default)]
    pub reason_string: Option<String>,
}

/// SUBACK for one filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The filter.
    pub topic: String,
    /// QoS asked for, 0 to 2.
    #[serde(default, deserialize_with = "lenient")]
    pub qos: u8,
    /// QoS granted, `None` where refused.
    #[serde(default)]
    pub granted_qos: Option<u8>,
    /// The code in SUBACK.
    #[serde(default, deserialize_with = "lenient")]
    pub return_code: u8,
}

/// The kernel's view of a TCP connection (Linux `TCP_INFO`).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TcpReading {
    /// Smoothed round trip.
    pub rtt_ms: Option<f64>,
    /// Its variance.
    pub rtt_var_ms: Option<f64>,
    /// Retransmissions of the connection in all.
    pub retransmits: Option<u64>,
    /// Retransmissions of what is still unanswered.
    pub retransmits_pending: Option<u64>,
    /// Segments thought lost.
    pub lost: Option<u64>,
    /// Segments not yet acknowledged.
    pub unacked: Option<u64>,
    /// Bytes waiting to be sent for the first time.
    pub not_sent_bytes: Option<u64>,
    /// Exponent of the retransmission timer.
    pub backoff: Option<u64>,
    /// Age of the last data received.
    pub last_data_received_ms: Option<f64>,
    /// Age of the last acknowledgement received.
    pub last_ack_received_ms: Option<f64>,
}

/// Round trips over some period, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RoundTrips {
    /// The latest.
    #[serde(default)]
    pub last: Option<f64>,
    /// The fastest.
    #[serde(default)]
    pub min: Option<f64>,
    /// Their mean.
    #[serde(default)]
    pub mean: Option<f64>,
    /// The slowest.
    #[serde(default)]
    pub max: Option<f64>,
    /// How many.
    #[serde(default, deserialize_with = "lenient")]
    pub count: u64,
    /// Each of them, 64 at most; samples only.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
}

/// An established session ended and we did not end it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionDrop {
    /// Name in the AWS CRT vocabulary.
    pub error_name: Cow<'static, str>,
    /// Its number.
    #[serde(default)]
    pub error_code: Option<i32>,
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
    /// How the end looked.
    #[serde(default)]
    pub closed_by: Option<ClosedBy>,
    /// What was spoken.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// MQTT 5 DISCONNECT.
    #[serde(default)]
    pub reason_code: Option<u8>,
    /// MQTT 5 DISCONNECT or the WebSocket close reason.
    #[serde(default)]
    pub reason_string: Option<String>,
    /// MQTT 5: the server to use instead.
    #[serde(default)]
    pub server_reference: Option<String>,
    /// 1005 where the close frame carried none, 1006 where the stream ended without one.
    #[serde(default)]
    pub websocket_close_code: Option<u16>,
    /// Always 0: the session was up.
    #[serde(default, deserialize_with = "lenient")]
    pub reconnect_attempt: u32,
    /// CONNACK to the moment the end was known.
    #[serde(default, deserialize_with = "lenient")]
    pub duration_connected_seconds: f64,
    /// Accepted subscriptions.
    #[serde(default, deserialize_with = "lenient")]
    pub active_subscriptions: u32,
    /// Publishes waiting.
    #[serde(default, deserialize_with = "lenient")]
    pub queued_commands: u32,
    /// Age of the last packet received.
    #[serde(default)]
    pub last_received_seconds: Option<f64>,
    /// Age of the last packet sent.
    #[serde(default)]
    pub last_sent_seconds: Option<f64>,
    /// Name of the last packet sent.
    #[serde(default)]
    pub last_sent_packet: Option<Cow<'static, str>>,
    /// Topic of the last packet sent, if it was a SUBSCRIBE or PUBLISH.
    #[serde(default)]
    pub last_sent_topic: Option<String>,
    /// Silence, both ways, that came before the last packet sent.
    #[serde(default)]
    pub idle_before_last_sent_seconds: Option<f64>,
    /// Age of the oldest unanswered PINGREQ.
    #[serde(default)]
    pub unanswered_ping_seconds: Option<f64>,
    /// Longest time that our own loop was late in the last keep-alive period.
    #[serde(default)]
    pub loop_lag_ms: Option<f64>,
    /// PUBLISH packets received in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_received: u64,
    /// PUBLISH packets sent in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_published: u64,
    /// Bytes read from the socket in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_received: u64,
    /// Bytes written to the socket in this session.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_sent: u64,
    /// PUBLISH packets, both ways, over the last 10 s.
    #[serde(default, deserialize_with = "lenient")]
    pub publish_rate_per_second: f64,
    /// Largest payload sent in the last 10 s.
    #[serde(default)]
    pub largest_publish_bytes: Option<u64>,
    /// Round trips of this session, for people.
    #[serde(default)]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// The kernel's last reading before the end.
    #[serde(default)]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
}

/// The answer to a ping that we had given up on arrived.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LateAnswer {
    /// After the PINGREQ.
    pub seconds: f64,
}

/// An attempt to connect did not reach CONNACK success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// 1, 2, ... since the last session.
    #[serde(default, deserialize_with = "lenient")]
    pub attempt_number: u32,
    /// The step that failed.
    pub phase: Phase,
    /// What was, or would have been, spoken.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// Name in the AWS CRT vocabulary.
    pub error_name: Cow<'static, str>,
    /// Its number.
    #[serde(default)]
    pub error_code: Option<i32>,
    /// One line for a person.
    #[serde(default, deserialize_with = "lenient")]
    pub error_message: String,
    /// Of the CONNACK.
    #[serde(default)]
    pub return_code: Option<u8>,
    /// Of the CONNACK.
    #[serde(default)]
    pub reason_string: Option<String>,
    /// Of the CONNACK.
    #[serde(default)]
    pub server_reference: Option<String>,
    /// Answer to the WebSocket upgrade or to the sign-in.
    #[serde(default)]
    pub http_status: Option<u16>,
    /// The last address tried.
    #[serde(default)]
    pub peer_address: Option<String>,
    /// Length of the attempt.
    #[serde(default, deserialize_with = "lenient")]
    pub elapsed_seconds: f64,
    /// Back-off before the next one; `None` where none follows.
    #[serde(default)]
    pub next_attempt_seconds: Option<f64>,
    /// How long each step took, as far as it came.
    #[serde(default, deserialize_with = "lenient")]
    pub phases: Phases,
}

/// The regular reading.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Whether a session is up.
    #[serde(default, deserialize_with = "lenient")]
    pub connected: bool,
    /// Length of the session so far.
    #[serde(default, deserialize_with = "lenient")]
    pub session_seconds: f64,
    /// PUBLISH packets received in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_received: u64,
    /// PUBLISH packets sent in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_published: u64,
    /// Publishes that had to wait for a connection in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub messages_queued: u64,
    /// Bytes read from sockets in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_received: u64,
    /// Bytes written to sockets in this run.
    #[serde(default, deserialize_with = "lenient")]
    pub bytes_sent: u64,
    /// PINGREQ to PINGRESP since the last sample.
    #[serde(default)]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// End-to-end probes since the last sample.
    #[serde(default)]
    pub probe_rtt_ms: Option<RoundTrips>,
    /// The kernel's reading.
    #[serde(default)]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(default)]
    pub wifi_dbm: Option<i32>,
}

/// Something changed on this host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// What changed.
    pub kind: EnvironmentKind,
    /// Where.
    #[serde(default)]
    pub interface: Option<String>,
    /// Whether the connection uses that interface.
    #[serde(default)]
    pub in_use: Option<bool>,
    /// For a person.
    #[serde(default, deserialize_with = "lenient")]
    pub detail: String,
    /// Length of the suspension; size of the step or offset, signed.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// A run ended on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// Why.
    pub reason: StopReason,
    /// The session that was closed by it.
    #[serde(default)]
    pub duration_connected_seconds: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_on_a_character_boundary() {
        let text = bounded("é".repeat(1000));
        assert_eq!(text.len(), TEXT_LIMIT_BYTES);
        assert!(text.chars().all(|c| c == 'é'));
        assert_eq!(bounded("short".to_owned()), "short");
    }

    #[test]
    fn numbers_are_rounded_and_finite() {
        assert!((seconds(Duration::from_nanos(1_234_567_890)) - 1.234_568).abs() < f64::EPSILON);
        assert!((millis(Duration::from_nanos(1_234_567)) - 1.235).abs() < f64::EPSILON);
        assert_eq!(rounded(f64::NAN, 1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(rounded(f64::INFINITY, 1.0).to_bits(), 0.0_f64.to_bits());
    }
}
