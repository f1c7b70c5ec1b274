//! Why settings are refused. Each message names the value, where it was given, and what to write instead.

use super::period::PeriodError;
use super::topic::TopicError;
use crate::cli::environment::Origins;
use crate::navien::service::ServiceUrlError;
use crate::target::TargetError;

/// Why the settings are refused. Always wrong usage: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither an operand nor a variable names a target.
    #[error("no target: write a URL such as mqtt://host:1883, or try the built-in one: nwdiag {0} demo")]
    NoTarget(&'static str),
    /// An operand that is neither target nor file.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// No folder for journals is known.
    #[error("no place for the journal, as neither XDG_STATE_HOME nor HOME is set: use --journal FILE{0}")]
    NoStateHome(&'static str),
    /// The value of one option or variable, by itself or together with others.
    #[error("{place}: {refusal}")]
    Refused {
        /// The option or variable.
        place: String,
        /// What is wrong with it.
        refusal: Refusal,
    },
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The target in `NWDIAG_TARGET`.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A time that cannot be read.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// A filter that MQTT does not allow.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A period that ends before it begins.
    #[error("{since} is after the end of the period, {until}: swap --since and --until")]
    PeriodOrder {
        /// Its beginning.
        since: String,
        /// Its end.
        until: String,
    },
    /// A number, duration or size out of range.
    #[error("{given} is out of range: use {least} to {most}")]
    Range {
        /// As given.
        given: String,
        /// The smallest allowed.
        least: String,
        /// The largest allowed.
        most: String,
    },
    /// 0 where at least 1 is needed.
    #[error("0 is too small: use 1 or more")]
    Zero,
    /// A keep-alive of 0.
    #[error("0 turns the keep-alive off, and a dead link would never be noticed: use 1s to 65535s")]
    KeepAliveOff,
    /// A keep-alive with a fraction of a second.
    #[error("MQTT counts the keep-alive in whole seconds: {0} has a fraction")]
    KeepAliveFraction(String),
    /// A ping interval above the keep-alive, so that the broker would close the connection between two pings.
    #[error("{ping} is above the keep-alive, {keep_alive}: shorten it, or lengthen --keep-alive")]
    PingAboveKeepAlive {
        /// The ping interval.
        ping: String,
        /// The keep-alive.
        keep_alive: String,
    },
    /// The shortest wait is longer than the longest.
    #[error("{min} is above --reconnect-max, {max}: swap them")]
    ReconnectOrder {
        /// The shortest wait.
        min: String,
        /// The longest wait.
        max: String,
    },
    /// An empty text.
    #[error("it is empty: leave it out instead")]
    Empty,
    /// A text that is too long for a packet or a record.
    #[error("{given} bytes are too long: at most {most} are taken")]
    Length {
        /// The length given, in bytes.
        given: usize,
        /// The longest allowed, in bytes.
        most: usize,
    },
    /// A text with control characters.
    #[error("it holds a control character, which brokers refuse")]
    ControlCharacter,
    /// A value that is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A kept session with a random client ID, under which no later run could resume it.
    #[error("a kept session belongs to a client ID that stays the same: add --client-id")]
    KeptSessionWithoutId,
    /// A client certificate without its key.
    #[error("a client certificate needs its private key: add --key")]
    CertWithoutKey,
    /// A key without its client certificate.
    #[error("a private key needs its client certificate: add --cert")]
    KeyWithoutCert,
    /// An option of TLS for a target without TLS.
    #[error("it has no effect on {scheme}://, which is not encrypted: use {secure}:// or leave it out")]
    NotEncrypted {
        /// The scheme of the target.
        scheme: &'static str,
        /// The scheme of the same transport with TLS.
        secure: &'static str,
    },
    /// Signing for a target without WebSocket.
    #[error(
        "it signs the upgrade to WebSocket, which {0}:// does not have: write \
            wss://HOST/mqtt, or leave it out"
    )]
    NoUpgrade(&'static str),
    /// A text that is no AWS region.
    #[error("'{given}' is no AWS region such as us-east-1: {hint}")]
    Region {
        /// As given.
        given: String,
        /// What to write instead.
        hint: String,
    },
    /// Signing of a URL that already has a query.
    #[error("the URL's query would have to be signed as well: leave it out")]
    SignedQuery,
    /// Signing without keys in the environment.
    #[error(
        "it signs with keys from the environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN \
         where there is one); 'aws configure export-credentials --format env' prints them"
    )]
    NoAwsKeys,
    /// An option of the target `navien` for another target.
    #[error("it has an effect on the target 'navien' only: leave it out")]
    NavienOnly,
    /// An option that has no effect on `navien`, and why.
    #[error("'navien' {0}: leave it out")]
    NeedlessForNavien(&'static str),
    /// A probe with a topic for `navien`.
    #[error("on 'navien' a probe asks the devices for their status: write --probe without a topic")]
    NavienProbe,
    /// No account for `navien` in the environment.
    #[error(
        "it is not set: set NAVIEN_EMAIL and NAVIEN_PASSWORD to what the NaviLink app signs in with, as in \
         NAVIEN_EMAIL=me@example.com NAVIEN_PASSWORD=… nwdiag watch navien"
    )]
    NoNavienAccount,
    /// A URL that is not the address of a service.
    #[error(transparent)]
    ServiceUrl(#[from] ServiceUrlError),
    /// A text that is not the address of a broker.
    #[error("it is not a broker's address: write it as HOST or HOST:PORT")]
    Endpoint,
    /// A probe with wildcards in its topic.
    #[error("'{0}': a probe is published to one topic, without '#' and '+'")]
    ProbeWildcard(String),
    /// `--probe-interval` without `--probe`.
    #[error("it has no effect without --probe: add that, or leave this out")]
    ProbeIntervalAlone,
    /// A password without a user name.
    #[error("MQTT 3.1.1 has no password without a user name: add --username")]
    PasswordAlone,
    /// Both FILE and `--journal`.
    #[error("a journal file is named twice: give it as FILE or with --journal, not both")]
    TwoJournals,
}

impl Refusal {
    /// This refusal, of the value of `option`.
    pub(super) fn at(self, origins: &Origins, option: &str) -> ConfigError {
        ConfigError::Refused { place: origins.place(option), refusal: self }
    }
}
