//! The options of `nwdiag watch`.

#![expect(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueHint};

use super::DisplayArgs;
use super::value::{ProtocolChoice, WatchFormat, duration, size};

/// The long description of `watch`.
pub(super) const ABOUT: &str = "\
Connect to a broker, print one line per event, and record the journal

nwdiag watches a connection of its own, beside your client's. With its random client ID it sees the same network, the \
same broker and, with the same credentials, the same permissions; what it cannot see is a twin: a second client that \
takes over your client's ID. With --client-id it can take your client's place on purpose: stop your client first, and \
whatever then pushes nwdiag off would have pushed your client off.

It goes on until Ctrl-C, SIGTERM, or one of the limits. A broker that cannot be reached is tried again and again.";

/// What stands below the options of `watch`.
pub(super) const EXAMPLES: &str = "\
Examples:
  nwdiag watch demo
  nwdiag watch mqtt://192.168.1.10 --topic 'home/#'
  nwdiag watch mqtts://broker.example --username me --password-file secret
  nwdiag watch wss://broker.example/mqtt --duration 24h --quiet
  nwdiag watch wss://ID-ats.iot.us-east-1.amazonaws.com --aws-sigv4 us-east-1
  NAVIEN_EMAIL=me@example.com NAVIEN_PASSWORD=... nwdiag watch navien --probe
  nwdiag watch mqtt://broker.local --format json | jq 'select(.event == \"drop\")'

Durations are written 500ms, 90s, 5m, 24h or 7d. A password comes from NWDIAG_PASSWORD or --password-file.
Every option can be set in the environment too: --keep-alive 30s is NWDIAG_KEEP_ALIVE=30s. The option wins.
Exit codes: 0 done (Ctrl-C included), 1 could not do it, 2 wrong usage or settings.";

/// `nwdiag watch`.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// What to watch: mqtt://HOST, mqtts://HOST, ws://HOST, wss://HOST, 'demo' or 'navien'
    ///
    /// Default ports are 1883, 8883, 80 and 443; WebSocket without a path means /mqtt. A user name may stand in the URL, a
    /// password may not. 'demo' is a built-in broker that misbehaves, on quick timers; demo:duplicate-client-id,
    /// demo:authorization-violation, demo:broker-restart, demo:idle-timeout, demo:rate-limit, demo:bad-credentials,
    /// demo:certificate-expired, demo:server-disconnect, demo:connection-lifetime, demo:quota-exceeded and
    /// demo:shutting-down play one cause each. 'navien' is the broker behind Navien's water heaters: nwdiag signs in with
    /// NAVIEN_EMAIL and NAVIEN_PASSWORD, and subscribes to the devices of the account. Without TARGET, NWDIAG_TARGET is
    /// used.
    #[arg(value_hint = ValueHint::Url)]
    pub target: Option<String>,
    /// What to print [default: text]
    #[arg(long, value_enum, conflicts_with = "json")]
    pub format: Option<WatchFormat>,
    /// Short for --format json
    #[arg(long)]
    pub json: bool,
    /// When to stop.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Where the journal is.
    #[command(flatten)]
    pub journal: JournalArgs,
    /// The MQTT session.
    #[command(flatten)]
    pub session: SessionArgs,
    /// Measuring end to end.
    #[command(flatten)]
    pub probe: ProbeArgs,
    /// Coming back.
    #[command(flatten)]
    pub reconnect: ReconnectArgs,
    /// User, password, TLS.
    #[command(flatten)]
    pub security: SecurityArgs,
    /// The Navien cloud.
    #[command(flatten)]
    pub navien: NavienArgs,
    /// Colours, times, verbosity.
    #[command(flatten)]
    pub display: DisplayArgs,
}

/// When to stop.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Stop after this time, connected or not (500ms, 90s, 5m, 24h, 7d)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Stop after N records; start, subscribed, sample and stop do not count
    #[arg(long, value_name = "N")]
    pub max_events: Option<u64>,
    /// Give up, with exit code 1, after N failed attempts in a row
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<u32>,
}

/// Where the journal is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Journal")]
pub struct JournalArgs {
    /// Record to FILE [default: $XDG_STATE_HOME/nwdiag/TARGET.jsonl]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_journal")]
    pub journal: Option<PathBuf>,
    /// Record nothing; 'summary' and 'export' will not know of this run
    #[arg(long)]
    pub no_journal: bool,
    /// Record a sample this often, 1s to 24h [default: 60s]
    ///
    /// Samples of a quiet connection are most of a journal: below 1 MB a day at 60s. They hold the round trips of the pings,
    /// each of them where there are at most 64 in a sample, and show that the connection was up when no other record does.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub sample_interval: Option<Duration>,
}

/// The MQTT session.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Session")]
pub struct SessionArgs {
    /// Subscribe to FILTER; repeat for several [default: none; demo: demo/#; navien: its devices]
    ///
    /// In NWDIAG_TOPIC each line is one filter, because a filter may hold commas and spaces.
    #[arg(long = "topic", value_name = "FILTER")]
    pub topics: Vec<String>,
    /// QoS of the subscriptions: 0, 1 or 2 [default: 0; demo and navien: 1]
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub qos: Option<u8>,
    /// Connect as ID [default: nwdiag- or, on navien, navien-client- and 8 random hex digits]
    ///
    /// A broker keeps one connection per ID and closes the older one. With your own client's ID, nwdiag and your client
    /// push each other off for as long as both run. Use it on purpose, with your client stopped: to see what happens to
    /// exactly that ID, such as its permissions, its kept session, or a twin somewhere that uses it too.
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Keep-alive that CONNECT announces, 1s to 65535s, whole seconds [default: 60s; demo: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub keep_alive: Option<Duration>,
    /// MQTT version to speak: 3.1.1, 5 or auto [default: auto; navien: 3.1.1]
    ///
    /// 'auto' asks in MQTT 5, whose answers say most, and in 3.1.1 where the broker refuses that or, before the first
    /// session, closes on it.
    #[arg(long, value_name = "VERSION", value_enum, hide_possible_values = true)]
    pub protocol: Option<ProtocolChoice>,
    /// Whether the broker forgets the session between connections [default: true]
    ///
    /// 'false' keeps subscriptions and queued messages, and needs --client-id.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, value_parser = BoolishValueParser::new(),
          hide_possible_values = true)]
    pub clean_session: Option<bool>,
    /// Time for an attempt to connect, name lookup to CONNACK, 1ms to 1h [default: 10s; demo: 3s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub connect_timeout: Option<Duration>,
    /// Silence, either way, before a ping, 1s to the keep-alive [default: the keep-alive; demo: 2s]
    ///
    /// A dead link is noticed within this interval and the ping timeout. A shorter interval finds a dead link sooner, but
    /// its traffic also keeps the connection from ever being idle, and so hides an idle timeout of a router, proxy or
    /// broker. Leave it long while you look for drops of quiet connections.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ping_interval: Option<Duration>,
    /// Time for the answer to a ping, 1ms to 1h [default: 3s; demo: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ping_timeout: Option<Duration>,
    /// Largest packet to take in, 16 bytes to 256MiB [default: 1MiB]
    ///
    /// A larger PUBLISH is skipped and counted; any other larger packet ends the session.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_packet: Option<ByteSize>,
}

/// Measuring end to end.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Probes")]
pub struct ProbeArgs {
    /// Publish a small message at QoS 1 to TOPIC and time its PUBACK [default TOPIC: nwdiag/probe]
    ///
    /// The message holds a counter and is not retained. One that is due while the connection is down waits for it, 5
    /// minutes at most. The broker must allow nwdiag to publish there: some close the connection if it may not. On 'navien',
    /// --probe alone asks each device for its status instead: it changes nothing there.
    #[arg(long, value_name = "TOPIC", num_args = 0..=1, require_equals = true, default_missing_value = PROBE_TOPIC)]
    pub probe: Option<String>,
    /// Time between probes, 1s to 1d; needs --probe [default: 60s; navien: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub probe_interval: Option<Duration>,
}

/// Where a probe goes if nobody says where.
pub(crate) const PROBE_TOPIC: &str = "nwdiag/probe";

/// Coming back after a drop.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reconnecting")]
pub struct ReconnectArgs {
    /// Shortest wait between attempts, doubling from there, 1ms to 1d [default: 1s; demo: 300ms]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub reconnect_min: Option<Duration>,
    /// Longest wait between attempts, 1ms to 1d [default: 120s; demo: 2s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub reconnect_max: Option<Duration>,
    /// Every Nth attempt starts from scratch, without TLS tickets and old tokens, 1 or more [default: 10]
    #[arg(long, value_name = "N")]
    pub deep_reconnect_every: Option<u32>,
}

/// User, password, TLS.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Credentials and TLS")]
pub struct SecurityArgs {
    /// User name; wins over the one in the URL
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Username)]
    pub username: Option<String>,
    /// Read the password from FILE, less a line break at its end; wins over NWDIAG_PASSWORD
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cafile: Option<PathBuf>,
    /// Client certificate (PEM); needs --key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cert: Option<PathBuf>,
    /// Private key of the client certificate (PEM); needs --cert
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// Offer these protocols by ALPN; repeat, or separate by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub alpn: Vec<String>,
    /// Sign the WebSocket URL for AWS IoT in REGION with the AWS keys of the environment
    ///
    /// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where the keys came with one, AWS_SESSION_TOKEN. Signed anew for every
    /// attempt. The region stands in the host name: wss://…-ats.iot.REGION.amazonaws.com/mqtt.
    #[arg(long, value_name = "REGION")]
    pub aws_sigv4: Option<String>,
    /// Accept any certificate: anyone on the path can then read and change everything
    #[arg(long)]
    pub insecure: bool,
}

/// The Navien cloud.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Navien")]
pub struct NavienArgs {
    /// Sign in at URL instead of Navien's own service; https:// only
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub navien_api: Option<String>,
    /// Connect to this broker instead of Navien's own
    #[arg(long, value_name = "HOST:PORT", value_hint = ValueHint::Hostname)]
    pub navien_endpoint: Option<String>,
}
