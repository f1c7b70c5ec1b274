//! The target `navien`: the account, the service's address, and the options that have no effect on it.

use super::error::{ConfigError, Refusal};
use super::security::check_name;
use crate::cli::environment::{Environment, Origins};
use crate::cli::watch::{NavienArgs, PROBE_TOPIC, WatchArgs};
use crate::navien::appliances::ApplianceSettings;
use crate::navien::service::{BROKER_HOST, BROKER_PATH, BROKER_PORT, SERVICE_URL, ServiceUrl};
use crate::secret::Secret;
use crate::target::{Broker, NAME_LIMIT_BYTES, Target};

/// The settings of the target `navien`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavienOptions {
    /// The account's e-mail address.
    pub email: Secret,
    /// The account's password.
    pub password: Secret,
    /// The address of the sign-in.
    pub service: ServiceUrl,
    /// The MQTT broker.
    pub broker: Broker,
    /// How often the appliances are asked for their status; `None` for never.
    pub appliances: Option<ApplianceSettings>,
}

/// The service's word in `start` records.
pub(super) const SERVICE: &str = "navien";

const EMAIL: &str = "NAVIEN_EMAIL";
const PASSWORD: &str = "NAVIEN_PASSWORD";
const API: &str = "navien-api";
const ENDPOINT: &str = "navien-endpoint";

/// Resolves the settings if `target` is `navien`. For another target its options are refused on the command
/// line.
pub(super) fn resolve(
    args: &WatchArgs,
    target: &Target,
    origins: &Origins,
    environment: &Environment,
) -> Result<Option<NavienOptions>, ConfigError> {
    match target {
        Target::Broker(_) | Target::Demo(_) => refuse_elsewhere(&args.navien, origins).map(|()| None),
        Target::Navien => options(args, origins, environment).map(Some),
    }
}

fn refuse_elsewhere(args: &NavienArgs, origins: &Origins) -> Result<(), ConfigError> {
    let given = [(API, args.navien_api.is_some()), (ENDPOINT, args.navien_endpoint.is_some())];
    let typed = given.into_iter().find(|(option, given)| *given && !origins.from_environment(option));
    typed.map_or(Ok(()), |(option, _)| Err(Refusal::NavienOnly.at(origins, option)))
}

fn options(
    args: &WatchArgs,
    origins: &Origins,
    environment: &Environment,
) -> Result<NavienOptions, ConfigError> {
    refuse_needless(args, origins)?;
    let api = args.navien.navien_api.as_deref().unwrap_or(SERVICE_URL);
    let service = ServiceUrl::parse(api).map_err(|error| Refusal::ServiceUrl(error).at(origins, API))?;
    Ok(NavienOptions {
        broker: broker(&args.navien).map_err(|refusal| refusal.at(origins, ENDPOINT))?,
        service,
        appliances: appliances(args, origins)?,
        email: account(environment, EMAIL)?,
        password: account(environment, PASSWORD)?,
    })
}

/// An option, whether it is given, and why it has no effect on `navien`.
type Needless = (&'static str, fn(&WatchArgs) -> bool, &'static str);

const NEEDLESS: [Needless; 7] = [
    ("topic", |args| !args.session.topics.is_empty(), SUBSCRIBES),
    ("qos", |args| args.session.qos.is_some(), SUBSCRIBES),
    ("username", |args| args.security.username.is_some(), SIGNS_IN),
    ("password-file", |args| args.security.password_file.is_some(), SIGNS_IN),
    ("cert", |args| args.security.cert.is_some(), SIGNS),
    ("key", |args| args.security.key.is_some(), SIGNS),
    ("aws-sigv4", |args| args.security.aws_sigv4.is_some(), SIGNS),
];

const SUBSCRIBES: &str = "subscribes to the devices of the account, with QoS 1";
const SIGNS_IN: &str = "signs in with NAVIEN_EMAIL and NAVIEN_PASSWORD";
const SIGNS: &str = "is let in by a signature with keys that the sign-in gives";

fn refuse_needless(args: &WatchArgs, origins: &Origins) -> Result<(), ConfigError> {
    let typed = NEEDLESS.iter().find(|(option, given, _)| given(args) && !origins.from_environment(option));
    typed.map_or(Ok(()), |(option, _, why)| Err(Refusal::NeedlessForNavien(why).at(origins, option)))
}

/// The arguments without the options that have no effect on `navien`: variables may set them for other
/// targets.
pub(super) fn without_needless(mut args: WatchArgs) -> WatchArgs {
    args.session.topics.clear();
    args.session.qos = None;
    args.probe.probe = None;
    args.probe.probe_interval = None;
    let security = &mut args.security;
    (security.username, security.password_file, security.aws_sigv4) = (None, None, None);
    (security.cert, security.key) = (None, None);
    args
}

fn broker(args: &NavienArgs) -> Result<Broker, Refusal> {
    let Some(text) = &args.navien_endpoint else {
        return Ok(Broker::parse(&format!("wss://{BROKER_HOST}:{BROKER_PORT}{BROKER_PATH}"))?);
    };
    if text.is_empty() || text.contains(['/', '@', '?', '#', '\\']) {
        return Err(Refusal::Endpoint);
    }
    Broker::parse(&format!("wss://{text}{BROKER_PATH}")).map_err(|_| Refusal::Endpoint)
}

/// A probe asks each appliance for its status. One with a topic is refused: publishing elsewhere could change
/// an appliance.
fn appliances(args: &WatchArgs, origins: &Origins) -> Result<Option<ApplianceSettings>, ConfigError> {
    if args.probe.probe.as_deref().is_some_and(|topic| topic != PROBE_TOPIC)
        && !origins.from_environment("probe")
    {
        return Err(Refusal::NavienProbe.at(origins, "probe"));
    }
    let interval = super::probe::interval(&args.probe, origins, ApplianceSettings::default().interval)?;
    Ok(interval.map(|interval| ApplianceSettings { interval }))
}

fn account(environment: &Environment, name: &'static str) -> Result<Secret, ConfigError> {
    let refused = |refusal| ConfigError::Refused { place: name.to_owned(), refusal };
    let value = environment.value(name).ok_or_else(|| refused(Refusal::NoNavienAccount))?;
    let text = value.to_str().ok_or_else(|| refused(Refusal::NotUtf8))?;
    check_name(text, NAME_LIMIT_BYTES).map_err(refused)?;
    Ok(Secret::new(text))
}
