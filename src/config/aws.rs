//! Signing for AWS IoT: region, keys and target.

use url::Host;

use super::error::{ConfigError, Refusal};
use super::security::check_name;
use crate::cli::environment::{Environment, Origins};
use crate::cli::watch::SecurityArgs;
use crate::event::Transport;
use crate::secret::Secret;
use crate::sigv4::Credentials;
use crate::target::{Broker, Target, scheme};

/// The settings of `--aws-sigv4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSigning {
    /// The AWS region, such as `us-east-1`.
    pub region: String,
    /// The keys, from the environment.
    pub credentials: Credentials,
}

const OPTION: &str = "aws-sigv4";
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const KEY: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// The longest key or token, in bytes. It is part of the upgrade's URL, percent-encoded, and servers limit
/// the length of those.
const KEY_LIMIT_BYTES: usize = 4096;

/// Resolves signing. On a target without WebSocket the option is refused, and a variable, which may serve
/// other targets, is ignored.
pub(super) fn resolve(
    args: &SecurityArgs,
    target: &Target,
    origins: &Origins,
    environment: &Environment,
) -> Result<Option<AwsSigning>, ConfigError> {
    let Some(region) = &args.aws_sigv4 else { return Ok(None) };
    let broker = match upgraded(target) {
        Ok(broker) => broker,
        Err(_) if origins.from_environment(OPTION) => return Ok(None),
        Err(refusal) => return Err(refusal.at(origins, OPTION)),
    };
    check(region, broker).map_err(|refusal| refusal.at(origins, OPTION))?;
    let credentials = credentials(environment)?.ok_or_else(|| Refusal::NoAwsKeys.at(origins, OPTION))?;
    Ok(Some(AwsSigning { region: region.clone(), credentials }))
}

/// The broker, if its connection begins with an upgrade to WebSocket, which is what is signed.
fn upgraded(target: &Target) -> Result<&Broker, Refusal> {
    match target {
        Target::Broker(broker) if matches!(broker.transport, Transport::Ws | Transport::Wss) => Ok(broker),
        Target::Broker(broker) => Err(Refusal::NoUpgrade(scheme(broker.transport))),
        Target::Demo(_) => Err(Refusal::NoUpgrade(scheme(Transport::Tcp))),
        Target::Navien => Err(Refusal::NoUpgrade(scheme(Transport::Wss))),
    }
}

fn check(region: &str, broker: &Broker) -> Result<(), Refusal> {
    if !is_region(region) {
        let hint = region_of(&broker.host).map_or_else(
            || "take it from the host name, …-ats.iot.REGION.amazonaws.com".to_owned(),
            |named| format!("the host name says {named}"),
        );
        return Err(Refusal::Region { given: region.to_owned(), hint });
    }
    if broker.path.contains('?') { Err(Refusal::SignedQuery) } else { Ok(()) }
}

/// `us-east-1`, `us-gov-west-1`: two or more words of letters and a number.
fn is_region(text: &str) -> bool {
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let is_number = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && words.len() >= 2 && words.iter().all(|word| is_word(word))
}

/// The region in the name of a broker of AWS IoT: `ID-ats.iot.REGION.amazonaws.com`, in China with `.cn`.
fn region_of(host: &Host<String>) -> Option<&str> {
    let Host::Domain(name) = host else { return None };
    let rest = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazonaws.com.cn"))?;
    let mut labels = rest.rsplit('.');
    let region = labels.next().filter(|label| is_region(label))?;
    labels.next().filter(|label| matches!(*label, "iot" | "iot-fips")).map(|_| region)
}

fn credentials(environment: &Environment) -> Result<Option<Credentials>, ConfigError> {
    let [id, key, token] = [KEY_ID, KEY, TOKEN].map(|name| secret(environment, name));
    let (Some(access_key_id), Some(secret_access_key)) = (id?, key?) else { return Ok(None) };
    Ok(Some(Credentials { access_key_id, secret_access_key, session_token: token? }))
}

fn secret(environment: &Environment, name: &str) -> Result<Option<Secret>, ConfigError> {
    let Some(value) = environment.value(name) else { return Ok(None) };
    let refused = |refusal| ConfigError::Refused { place: name.to_owned(), refusal };
    let text = value.to_str().ok_or_else(|| refused(Refusal::NotUtf8))?;
    check_name(text, KEY_LIMIT_BYTES).map_err(refused)?;
    Ok(Some(Secret::new(text)))
}

/// IDs of temporary keys begin so; such a key is valid only with its session token (AWS IAM, "unique
/// identifiers").
const TEMPORARY: &str = "ASIA";

/// Settings that are allowed but probably not meant, a sentence each.
pub(super) fn warnings(signing: Option<&AwsSigning>, target: &Target, origins: &Origins) -> Vec<String> {
    let (Some(AwsSigning { region, credentials }), Ok(broker)) = (signing, upgraded(target)) else {
        return Vec::new();
    };
    let option = origins.place(OPTION);
    let elsewhere = region_of(&broker.host).filter(|named| named != region).map(|named| {
        format!("{option} {region}: the host is in {named}, and takes no signature for another region")
    });
    let in_clear = (broker.transport == Transport::Ws).then(|| {
        format!(
            "{option}: ws:// is not encrypted, so anyone on the path can read the signature and \
            use it for 5 minutes"
        )
    });
    let lacks_token =
        credentials.session_token.is_none() && credentials.access_key_id.reveal().starts_with(TEMPORARY);
    let temporary = lacks_token.then(|| {
        format!(
            "{KEY_ID} begins with {TEMPORARY}: such a key is good with its session token only, \
            so set {TOKEN} too"
        )
    });
    elsewhere.into_iter().chain(in_clear).chain(temporary).collect()
}

/// AWS IoT Core's word in `start` records.
const SERVICE: &str = "aws_iot";

/// The service, if the broker is one of AWS IoT: by its host, or since it takes the signature.
pub(super) fn service(signing: Option<&AwsSigning>, target: &Target) -> Option<&'static str> {
    let has_its_host = match target {
        Target::Broker(broker) => region_of(&broker.host).is_some(),
        Target::Demo(_) | Target::Navien => false,
    };
    (signing.is_some() || has_its_host).then_some(SERVICE)
}

/// The broker whose upgrade is signed, if any.
pub(super) fn signed<'t>(signing: Option<&AwsSigning>, target: &'t Target) -> Option<&'t Broker> {
    signing.and_then(|_| upgraded(target).ok())
}

/// The protocol to offer by ALPN where the user gives none: on port 443 what the AWS SDKs offer.
pub(super) fn alpn(broker: &Broker) -> Option<String> {
    let is_https = (broker.transport, broker.port) == (Transport::Wss, 443);
    is_https.then(|| "http/1.1".to_owned())
}
