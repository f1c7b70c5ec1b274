//! The numbers of a session and of reconnecting, their ranges and their defaults.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;

use super::error::{ConfigError, Refusal};
use super::security::check_name;
use super::topic;
use crate::cli::environment::Origins;
use crate::cli::watch::{ReconnectArgs, SessionArgs};
use crate::event::Qos;
use crate::session::settings::{Filter, ReconnectSettings};
use crate::target::{Scenario, Target};

/// The values of options that are not given.
#[derive(Debug)]
pub(super) struct Defaults {
    keep_alive: Duration,
    /// The keep-alive, if that is shorter.
    ping_interval: Duration,
    ping_timeout: Duration,
    connect_timeout: Duration,
    reconnect_min: Duration,
    reconnect_max: Duration,
    topic: Option<&'static str>,
    qos: Qos,
    /// What the client ID begins with; a random number follows.
    client_id_prefix: &'static str,
}

const BROKER: Defaults = Defaults {
    keep_alive: Duration::from_mins(1),
    ping_interval: Duration::MAX,
    ping_timeout: Duration::from_secs(3),
    connect_timeout: Duration::from_secs(10),
    reconnect_min: Duration::from_secs(1),
    reconnect_max: Duration::from_mins(2),
    topic: None,
    qos: Qos::AtMostOnce,
    client_id_prefix: "nwdiag-",
};

/// The keep-alive stays at one minute, where the vendor's clients use 20: home routers forget a NAT entry
/// sooner than that.
const NAVIEN: Defaults = Defaults { qos: Qos::AtLeastOnce, client_id_prefix: "navien-client-", ..BROKER };

/// Short enough that a person sees every kind of drop within half a minute.
const DEMO: Defaults = Defaults {
    keep_alive: Duration::from_secs(10),
    ping_interval: Duration::from_secs(2),
    ping_timeout: Duration::from_secs(1),
    connect_timeout: Duration::from_secs(3),
    reconnect_min: Duration::from_millis(300),
    reconnect_max: Duration::from_secs(2),
    topic: Some("demo/#"),
    qos: Qos::AtLeastOnce,
    client_id_prefix: "nwdiag-",
};

/// For the scenario of an idle timeout, which frequent pings would hide.
const QUIET_DEMO: Defaults = Defaults { ping_interval: Duration::from_secs(10), ..DEMO };

/// The defaults for `target`.
pub(super) fn defaults(target: &Target) -> &'static Defaults {
    match target {
        Target::Broker(_) => &BROKER,
        Target::Navien => &NAVIEN,
        Target::Demo(Scenario::IdleTimeout) => &QUIET_DEMO,
        Target::Demo(_) => &DEMO,
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(65_535);

/// The durations of a session.
#[derive(Debug)]
pub(super) struct Timers {
    /// The keep-alive in CONNECT.
    pub(super) keep_alive: Duration,
    /// How long nothing is sent before a PINGREQ is.
    pub(super) ping_interval: Duration,
    /// How long a PINGRESP may take.
    pub(super) ping_timeout: Duration,
    /// How long an attempt to connect may take.
    pub(super) connect_timeout: Duration,
}

/// The default of `--sample-interval` (journal format, `sample`).
const SAMPLE_INTERVAL: Duration = Duration::from_mins(1);

/// Resolves the time between samples.
pub(super) fn sample_interval(given: Option<Duration>, origins: &Origins) -> Result<Duration, ConfigError> {
    let interval = given.unwrap_or(SAMPLE_INTERVAL);
    check_span(interval, SECOND..=DAY).map_err(|refusal| refusal.at(origins, "sample-interval"))?;
    Ok(interval)
}

/// Resolves the durations of a session.
pub(super) fn timers(
    args: &SessionArgs,
    defaults: &Defaults,
    origins: &Origins,
) -> Result<Timers, ConfigError> {
    let keep_alive = args.keep_alive.unwrap_or(defaults.keep_alive);
    check_keep_alive(keep_alive).map_err(|refusal| refusal.at(origins, "keep-alive"))?;
    let ping_interval = args.ping_interval.unwrap_or(defaults.ping_interval.min(keep_alive));
    check_ping_interval(ping_interval, keep_alive).map_err(|refusal| refusal.at(origins, "ping-interval"))?;
    let ping_timeout = args.ping_timeout.unwrap_or(defaults.ping_timeout);
    check_span(ping_timeout, MILLISECOND..=HOUR).map_err(|refusal| refusal.at(origins, "ping-timeout"))?;
    let connect_timeout = args.connect_timeout.unwrap_or(defaults.connect_timeout);
    check_span(connect_timeout, MILLISECOND..=HOUR)
        .map_err(|refusal| refusal.at(origins, "connect-timeout"))?;
    Ok(Timers { keep_alive, ping_interval, ping_timeout, connect_timeout })
}

fn check_keep_alive(given: Duration) -> Result<(), Refusal> {
    if given.is_zero() {
        return Err(Refusal::KeepAliveOff);
    }
    check_span(given, SECOND..=LONGEST_KEEP_ALIVE)?;
    match given.subsec_nanos() {
        0 => Ok(()),
        _ => Err(Refusal::KeepAliveFraction(duration_text(given))),
    }
}

fn check_ping_interval(given: Duration, keep_alive: Duration) -> Result<(), Refusal> {
    check_span(given, SECOND..=LONGEST_KEEP_ALIVE)?;
    if given > keep_alive {
        return Err(Refusal::PingAboveKeepAlive {
            ping: duration_text(given),
            keep_alive: duration_text(keep_alive),
        });
    }
    Ok(())
}

/// Refuses a duration outside of `range`.
pub(super) fn check_span(given: Duration, range: RangeInclusive<Duration>) -> Result<(), Refusal> {
    check_range(&given, &range, |span| duration_text(*span))
}

fn check_range<T: PartialOrd, S: Display>(
    given: &T,
    range: &RangeInclusive<T>,
    show: impl Fn(&T) -> S,
) -> Result<(), Refusal> {
    if range.contains(given) {
        return Ok(());
    }
    let [given, least, most] = [given, range.start(), range.end()].map(|value| show(value).to_string());
    Err(Refusal::Range { given, least, most })
}

/// Refuses a number outside of `range`.
pub(super) fn check_number(given: u32, range: RangeInclusive<u32>) -> Result<(), Refusal> {
    check_range(&given, &range, |number| *number)
}

fn duration_text(span: Duration) -> String {
    humantime::format_duration(span).to_string()
}

/// Resolves the waits between attempts. If one bound is given and contradicts the default of the other, the
/// default is replaced by the given bound.
pub(super) fn reconnect(
    args: &ReconnectArgs,
    defaults: &Defaults,
    origins: &Origins,
) -> Result<ReconnectSettings, ConfigError> {
    for (option, given) in [("reconnect-min", args.reconnect_min), ("reconnect-max", args.reconnect_max)] {
        let checked = given.map_or(Ok(()), |given| check_span(given, MILLISECOND..=DAY));
        checked.map_err(|refusal| refusal.at(origins, option))?;
    }
    let (min, max) = match (args.reconnect_min, args.reconnect_max) {
        (Some(min), Some(max)) if min > max => {
            let refusal = Refusal::ReconnectOrder { min: duration_text(min), max: duration_text(max) };
            return Err(refusal.at(origins, "reconnect-min"));
        }
        (Some(min), max) => (min, max.unwrap_or(defaults.reconnect_max.max(min))),
        (None, Some(max)) => (defaults.reconnect_min.min(max), max),
        (None, None) => (defaults.reconnect_min, defaults.reconnect_max),
    };
    let deep_every = args.deep_reconnect_every.unwrap_or(DEEP_EVERY);
    check_count(deep_every).map_err(|refusal| refusal.at(origins, "deep-reconnect-every"))?;
    Ok(ReconnectSettings { min, max, deep_every, max_attempts: None })
}

/// The default of `--deep-reconnect-every`, in attempts.
const DEEP_EVERY: u32 = 10;

/// Refuses 0.
pub(super) fn check_count(given: impl Into<u64>) -> Result<(), Refusal> {
    if given.into() == 0 { Err(Refusal::Zero) } else { Ok(()) }
}

// The range of `--max-packet`: room for the packets of a handshake, up to the longest that MQTT allows.
const SMALLEST_PACKET: ByteSize = ByteSize::b(16);
const LARGEST_PACKET: ByteSize = ByteSize::mib(256);

/// The default of `--max-packet`.
const MAX_PACKET: ByteSize = ByteSize::mib(1);

/// Resolves the largest packet that is accepted, in bytes.
pub(super) fn max_packet(args: &SessionArgs, origins: &Origins) -> Result<usize, ConfigError> {
    let size = args.max_packet.unwrap_or(MAX_PACKET);
    let checked = check_range(&size, &(SMALLEST_PACKET..=LARGEST_PACKET), |size| size.display().iec());
    checked.map_err(|refusal| refusal.at(origins, "max-packet"))?;
    Ok(usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
}

/// Resolves the subscriptions.
pub(super) fn filters(
    args: &SessionArgs,
    defaults: &Defaults,
    origins: &Origins,
) -> Result<Vec<Filter>, ConfigError> {
    let qos = args.qos.and_then(Qos::from_level).unwrap_or(defaults.qos);
    let by_default: Vec<String> = defaults.topic.map(str::to_owned).into_iter().collect();
    let topics = if args.topics.is_empty() { &by_default } else { &args.topics };
    topic::filters(topics, qos).map_err(|error| Refusal::Topic(error).at(origins, "topic"))
}

/// The longest client ID, in bytes. Many brokers refuse longer ones, and it is part of each `start` record.
const CLIENT_ID_LIMIT_BYTES: usize = 512;

/// Resolves the client ID; by default a prefix and `random`.
pub(super) fn client_id(
    args: &SessionArgs,
    defaults: &Defaults,
    random: u32,
    origins: &Origins,
) -> Result<String, ConfigError> {
    let Some(given) = &args.client_id else {
        return Ok(format!("{}{random:08x}", defaults.client_id_prefix));
    };
    check_name(given, CLIENT_ID_LIMIT_BYTES)
        .map_err(|refusal| refusal.at(origins, "client-id"))
        .map(|()| given.clone())
}

/// Resolves whether the session is clean. A kept session needs a client ID that stays the same.
pub(super) fn clean_session(args: &SessionArgs, origins: &Origins) -> Result<bool, ConfigError> {
    let clean = args.clean_session.unwrap_or(true);
    if !clean && args.client_id.is_none() {
        return Err(Refusal::KeptSessionWithoutId.at(origins, "clean-session"));
    }
    Ok(clean)
}
