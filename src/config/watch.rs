//! What `nwdiag watch` is to do.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::aws::{self, AwsSigning};
use super::error::ConfigError;
use super::navien::{self, NavienOptions};
use super::operand::Operand;
use super::security::{CertificateCheck, TlsOptions, check_length, transport};
use super::session::Timers;
use super::{Display, Surroundings, place, probe, security, session};
use crate::cli::environment::{Environment, Origins};
use crate::cli::value::{self, WatchFormat};
use crate::cli::watch::{JournalArgs, LimitArgs, SessionArgs, WatchArgs};
use crate::event::{Protocol, TargetFacts, seconds};
use crate::session::settings::{Limits, ProtocolChoice, RunSettings, SessionSettings};
use crate::target::{NAME_LIMIT_BYTES, Target};

/// What `nwdiag watch` is to do.
#[derive(Debug, Clone)]
pub struct WatchConfig {
    /// What to watch.
    pub target: Target,
    /// The settings of the run. For `demo`, `target.url` lacks the port, which is only known once the
    /// simulator listens.
    pub run: RunSettings,
    /// The password's file, which is read later. `run` holds a password only if this is `None`.
    pub password_file: Option<PathBuf>,
    /// TLS.
    pub tls: TlsOptions,
    /// Signing for AWS IoT.
    pub aws: Option<AwsSigning>,
    /// The settings of the target `navien`, if that is the target.
    pub navien: Option<NavienOptions>,
    /// Where records are written.
    pub journal: JournalChoice,
    /// The format of standard output.
    pub output: WatchFormat,
    /// Colours, time zone and verbosity.
    pub display: Display,
    /// Warnings to print before the run starts, a sentence each.
    pub warnings: Vec<String>,
}

/// Where records are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalChoice {
    /// To this file. Its folder may not exist yet.
    File(PathBuf),
    /// `--no-journal`: nowhere.
    None,
}

/// Resolves what `nwdiag watch` is to do.
pub(super) fn resolve(
    args: &WatchArgs,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<WatchConfig, ConfigError> {
    let target = target(args.target.as_deref(), around.environment)?;
    let navien = navien::resolve(args, &target, origins, around.environment)?;
    let args = &match navien {
        Some(_) => navien::without_needless(args.clone()),
        None => args.clone(),
    };
    let mut tls = security::tls(&args.security, &target, origins)?;
    let aws = aws::resolve(&args.security, &target, origins, around.environment)?;
    if tls.alpn.is_empty() {
        let broker =
            navien.as_ref().map(|navien| &navien.broker).or_else(|| aws::signed(aws.as_ref(), &target));
        tls.alpn.extend(broker.and_then(aws::alpn));
    }
    let mut warnings = warnings(args, &tls, origins);
    warnings.extend(aws::warnings(aws.as_ref(), &target, origins));
    let mut run = run(args, (&target, navien.as_ref()), origins, around)?;
    let service = navien.as_ref().map(|_| navien::SERVICE).or_else(|| aws::service(aws.as_ref(), &target));
    run.target.service = service.map(str::to_owned);
    Ok(WatchConfig {
        run,
        journal: journal(&args.journal, &target, around.environment)?,
        output: if args.json { WatchFormat::Json } else { args.format.unwrap_or_default() },
        display: place::display(&args.display, around.environment),
        warnings,
        tls,
        aws,
        navien,
        password_file: password_file(args, &target, origins).cloned(),
        target,
    })
}

fn target(argument: Option<&str>, environment: &Environment) -> Result<Target, ConfigError> {
    let operand = Operand::find(argument, environment)?.ok_or(ConfigError::NoTarget("watch"))?;
    let target = operand.target()?;
    check_path(&target)?;
    Ok(target)
}

/// The URL, without its query, is part of each `start` record: it must not be too long for one.
fn check_path(target: &Target) -> Result<(), ConfigError> {
    let Target::Broker(broker) = target else { return Ok(()) };
    check_length(&broker.to_string(), NAME_LIMIT_BYTES)
        .map_err(|refusal| ConfigError::Refused { place: "URL of the target".to_owned(), refusal })
}

fn run(
    args: &WatchArgs,
    (target, navien): (&Target, Option<&NavienOptions>),
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<RunSettings, ConfigError> {
    let defaults = session::defaults(target);
    let timers = session::timers(&args.session, defaults, origins)?;
    let mut reconnect = session::reconnect(&args.reconnect, defaults, origins)?;
    reconnect.max_attempts = args.limits.max_attempts;
    let limits = limits(&args.limits, origins)?;
    let connect_timeout = timers.connect_timeout;
    let session = Arc::new(session_settings(args, target, &timers, origins, around)?);
    let protocol = protocol(&args.session, target);
    Ok(RunSettings {
        target: TargetFacts {
            client_id_chosen: Some(args.session.client_id.is_some()),
            ..facts((target, navien), protocol, &session)
        },
        transport: transport(target),
        protocol,
        session,
        probe: probe::resolve(&args.probe, origins)?,
        reconnect,
        connect_timeout,
        sample_interval: session::sample_interval(args.journal.sample_interval, origins)?,
        limits,
    })
}

fn session_settings(
    args: &WatchArgs,
    target: &Target,
    timers: &Timers,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<SessionSettings, ConfigError> {
    let username = security::username(&args.security, target, origins)?;
    let password = security::password(&args.security, around.environment)?.filter(|_| has_accounts(target));
    let some_password = password.is_some() || password_file(args, target, origins).is_some();
    if some_password && username.is_none() {
        return Err(security::password_alone(&args.security, origins));
    }
    Ok(SessionSettings {
        client_id: session::client_id(&args.session, session::defaults(target), around.random, origins)?,
        username,
        password,
        keep_alive: timers.keep_alive,
        clean_session: session::clean_session(&args.session, origins)?,
        ping_interval: timers.ping_interval,
        ping_timeout: timers.ping_timeout,
        max_packet_bytes: session::max_packet(&args.session, origins)?,
        filters: session::filters(&args.session, session::defaults(target), origins)?,
    })
}

/// The password file; `None` if only a variable names it and the target has no accounts of MQTT.
fn password_file<'a>(args: &'a WatchArgs, target: &Target, origins: &Origins) -> Option<&'a PathBuf> {
    let file = args.security.password_file.as_ref();
    file.filter(|_| has_accounts(target) || !origins.from_environment("password-file"))
}

/// Whether the target takes a user name and password in CONNECT. The demo asks for none, and the Navien cloud
/// has accounts of its own: a password that a variable holds for other brokers must not be sent to them.
const fn has_accounts(target: &Target) -> bool {
    match target {
        Target::Broker(_) => true,
        Target::Demo(_) | Target::Navien => false,
    }
}

/// The versions of MQTT to try. For `navien` it is 3.1.1, as its vendor's clients use, so that we meet what
/// they meet.
fn protocol(args: &SessionArgs, target: &Target) -> ProtocolChoice {
    let default = match target {
        Target::Broker(_) | Target::Demo(_) => value::ProtocolChoice::Auto,
        Target::Navien => value::ProtocolChoice::V311,
    };
    match args.protocol.unwrap_or(default) {
        value::ProtocolChoice::Auto => ProtocolChoice::Auto,
        value::ProtocolChoice::V311 => ProtocolChoice::Only(Protocol::V311),
        value::ProtocolChoice::V5 => ProtocolChoice::Only(Protocol::V5),
    }
}

/// The target as `start` records describe it.
fn facts(
    (target, navien): (&Target, Option<&NavienOptions>),
    protocol: ProtocolChoice,
    session: &SessionSettings,
) -> TargetFacts {
    let url = match target {
        Target::Broker(broker) => broker.to_string(),
        Target::Demo(_) => "mqtt://127.0.0.1".to_owned(),
        Target::Navien => navien.map(|navien| navien.broker.to_string()).unwrap_or_default(),
    };
    TargetFacts {
        name: target.name(),
        url,
        transport: Some(transport(target)),
        protocol: protocol.as_str().to_owned(),
        client_id: session.client_id.clone(),
        keep_alive_seconds: Some(seconds(session.keep_alive)),
        ping_interval_seconds: Some(seconds(session.ping_interval)),
        ping_timeout_seconds: Some(seconds(session.ping_timeout)),
        clean_session: Some(session.clean_session),
        topics: session.filters.iter().map(|filter| filter.topic.clone()).collect(),
        ..TargetFacts::default()
    }
}

/// The longest `--duration`: ten years. For a longer run the option is better left out.
const LONGEST_RUN: Duration = Duration::from_hours(10 * 365 * 24);

fn limits(args: &LimitArgs, origins: &Origins) -> Result<Limits, ConfigError> {
    let span = args
        .duration
        .map_or(Ok(()), |given| session::check_span(given, Duration::from_millis(1)..=LONGEST_RUN));
    span.map_err(|refusal| refusal.at(origins, "duration"))?;
    let counts = [("max-events", args.max_events), ("max-attempts", args.max_attempts.map(u64::from))];
    for (option, given) in counts {
        let checked = given.map_or(Ok(()), session::check_count);
        checked.map_err(|refusal| refusal.at(origins, option))?;
    }
    Ok(Limits { duration: args.duration, max_events: args.max_events })
}

fn journal(
    args: &JournalArgs,
    target: &Target,
    environment: &Environment,
) -> Result<JournalChoice, ConfigError> {
    if args.no_journal {
        return Ok(JournalChoice::None);
    }
    let path = args.journal.clone().or_else(|| place::journal(&target.name(), environment));
    path.map(JournalChoice::File).ok_or(ConfigError::NoStateHome(" or --no-journal"))
}

fn warnings(args: &WatchArgs, tls: &TlsOptions, origins: &Origins) -> Vec<String> {
    let client_id = args.session.client_id.as_ref().map(|id| {
        format!(
            "{} {id}: a broker keeps one connection per client ID, so while your own client uses this one too, the two \
             push each other off. Leave it out to watch beside your client; stop your client first to watch in its place",
            origins.place("client-id"),
        )
    });
    let insecure = (tls.check == CertificateCheck::Skipped).then(|| {
        format!(
            "{}: the broker's certificate is not checked, so anyone on the path can read and change everything, the \
             password included",
            origins.place("insecure"),
        )
    });
    client_id.into_iter().chain(insecure).collect()
}
