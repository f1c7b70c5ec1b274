//! Everything that settings can be refused for: the thing, the place, and what to do.

use super::period::PeriodError;
use super::topic::TopicError;
use crate::cli::environment::Origins;
use crate::navien::service::ServiceUrlError;
use crate::target::TargetError;

/// Why the settings make no sense. Always wrong usage: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Nothing to watch or to report.
    #[error("no target: write a URL such as mqtt://host:1883, or try the built-in one: nwdiag {0} demo")]
    NoTarget(&'static str),
    /// An operand that is neither target nor file.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nowhere to keep journals.
    #[error("no place for the journal, as neither XDG_STATE_HOME nor HOME is set: use --journal FILE{0}")]
    NoStateHome(&'static str),
    /// One value, or what it means beside another.
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
    /// In `NWDIAG_TARGET`.
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
    /// A number, span or size that is too small or too large.
    #[error("{given} is out of range: use {least} to {most}")]
    Range {
        /// As given.
        given: String,
        /// The smallest allowed.
        least: String,
        /// The largest allowed.
        most: String,
    },
    /// Zero where one counts.
    #[error("0 is too small: use 1 or more")]
    Zero,
    /// No keep-alive at all.
    #[error("0 turns the keep-alive off, and a dead link would never be noticed: use 1s to 65535s")]
    KeepAliveOff,
    /// A keep-alive that the protocol cannot say.
    #[error("MQTT counts the keep-alive in whole seconds: {0} has a fraction")]
    KeepAliveFraction(String),
    /// The broker would hang up between two pings.
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
    /// Empty text where one is needed.
    #[error("it is empty: leave it out instead")]
    Empty,
    /// A text that a packet or a record cannot hold.
    #[error("{given} bytes are too long: at most {most} are taken")]
    Length {
        /// Bytes given.
        given: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// Control characters.
    #[error("it holds a control character, which brokers refuse")]
    ControlCharacter,
    /// Bytes that are no text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A session that nobody could come back to.
    #[error("a kept session belongs to a client ID that stays the same: add --client-id")]
    KeptSessionWithoutId,
    /// A certificate alone proves nothing.
    #[error("a client certificate needs its private key: add --key")]
    CertWithoutKey,
    /// A key alone proves nothing.
    #[error("a private key needs its client certificate: add --cert")]
    KeyWithoutCert,
    /// An option that would silently do nothing.
    #[error("it has no effect on {scheme}://, which is not encrypted: use {secure}:// or leave it out")]
    NotEncrypted {
        /// The scheme of the target.
        scheme: &'static str,
        /// The one that is encrypted.
        secure: &'static str,
    },
    /// Nothing that a signature could be put into.
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
        /// What to write.
        hint: String,
    },
    /// A query that the signature would have to cover.
    #[error("the URL's query would have to be signed as well: leave it out")]
    SignedQuery,
    /// Nothing to sign with.
    #[error(
        "it signs with keys from the environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN \
         where there is one); 'aws configure export-credentials --format env' prints them"
    )]
    NoAwsKeys,
    /// An option of the Navien cloud beside another target.
    #[error("it has an effect on the target 'navien' only: leave it out")]
    NavienOnly,
    /// An option about which the Navien cloud leaves no choice.
    #[error("'navien' {0}: leave it out")]
    NeedlessForNavien(&'static str),
    /// A probe that would be published somewhere.
    #[error("on 'navien' a probe asks the devices for their status: write --probe without a topic")]
    NavienProbe,
    /// Nobody to sign in.
    #[error(
        "it is not set: set NAVIEN_EMAIL and NAVIEN_PASSWORD to what the NaviLink app signs in with, as in \
         NAVIEN_EMAIL=me@example.com NAVIEN_PASSWORD=… nwdiag watch navien"
    )]
    NoNavienAccount,
    /// Not the address of a service.
    #[error(transparent)]
    ServiceUrl(#[from] ServiceUrlError),
    /// Not the address of a broker.
    #[error("it is not a broker's address: write it as HOST or HOST:PORT")]
    Endpoint,
    /// A topic to publish to that matches many.
    #[error("'{0}': a probe is published to one topic, without '#' and '+'")]
    ProbeWildcard(String),
    /// An interval of nothing.
    #[error("it has no effect without --probe: add that, or leave this out")]
    ProbeIntervalAlone,
    /// A password that CONNECT cannot carry.
    #[error("MQTT 3.1.1 has no password without a user name: add --username")]
    PasswordAlone,
    /// A file to read and another file to read.
    #[error("a journal file is named twice: give it as FILE or with --journal, not both")]
    TwoJournals,
}

impl Refusal {
    /// This refusal of the value of `option`.
    pub(super) fn at(self, origins: &Origins, option: &str) -> ConfigError {
        ConfigError::Refused { place: origins.place(option), refusal: self }
    }
}
