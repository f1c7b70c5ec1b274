//! User name, password and TLS.

use std::path::PathBuf;

use super::error::{ConfigError, Refusal};
use crate::cli::environment::{Environment, Origins};
use crate::cli::watch::SecurityArgs;
use crate::event::Transport;
use crate::secret::Secret;
use crate::target::{Broker, NAME_LIMIT_BYTES, Target, scheme};

/// The settings of TLS; the defaults for a target that is not encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsOptions {
    /// The certificates that are trusted, instead of the system's.
    pub cafile: Option<PathBuf>,
    /// The client certificate.
    pub identity: Option<ClientCertificate>,
    /// The protocols offered by ALPN, in order; each has 1 to 255 bytes.
    pub alpn: Vec<String>,
    /// Whether the broker's certificate is checked.
    pub check: CertificateCheck,
}

/// A certificate and its private key, both PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, with its chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Whether the broker's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateCheck {
    /// It has to be valid.
    #[default]
    Required,
    /// `--insecure`: any certificate is accepted.
    Skipped,
}

/// Resolves TLS. On a target that is not encrypted, its options are refused on the command line and ignored
/// from variables, which may serve other targets.
pub(super) fn tls(
    args: &SecurityArgs,
    target: &Target,
    origins: &Origins,
) -> Result<TlsOptions, ConfigError> {
    if let Some((options, refusal)) = without_effect(args, transport(target)) {
        let typed = options.into_iter().find(|option| !origins.from_environment(option));
        return typed.map_or(Ok(TlsOptions::default()), |option| Err(refusal.at(origins, option)));
    }
    check_alpn(&args.alpn).map_err(|refusal| refusal.at(origins, "alpn"))?;
    Ok(TlsOptions {
        cafile: args.cafile.clone(),
        identity: identity(args, origins)?,
        alpn: args.alpn.clone(),
        check: if args.insecure { CertificateCheck::Skipped } else { CertificateCheck::Required },
    })
}

/// The transport of `target`.
pub(super) fn transport(target: &Target) -> Transport {
    match target {
        Target::Broker(broker) => broker.transport,
        Target::Navien => Transport::Wss,
        Target::Demo(_) => Transport::Tcp,
    }
}

/// The options of TLS that are given although `transport` is not encrypted; `None` if it is.
fn without_effect(args: &SecurityArgs, transport: Transport) -> Option<(Vec<&'static str>, Refusal)> {
    let secure = match transport {
        Transport::Tcp => scheme(Transport::Tls),
        Transport::Ws => scheme(Transport::Wss),
        Transport::Tls | Transport::Wss => return None,
    };
    let given = [
        ("cafile", args.cafile.is_some()),
        ("cert", args.cert.is_some()),
        ("key", args.key.is_some()),
        ("alpn", !args.alpn.is_empty()),
        ("insecure", args.insecure),
    ];
    let options = given.into_iter().filter(|(_, given)| *given).map(|(option, _)| option).collect();
    Some((options, Refusal::NotEncrypted { scheme: scheme(transport), secure }))
}

fn identity(args: &SecurityArgs, origins: &Origins) -> Result<Option<ClientCertificate>, ConfigError> {
    match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Ok(Some(ClientCertificate { cert: cert.clone(), key: key.clone() })),
        (Some(_), None) => Err(Refusal::CertWithoutKey.at(origins, "cert")),
        (None, Some(_)) => Err(Refusal::KeyWithoutCert.at(origins, "key")),
        (None, None) => Ok(None),
    }
}

/// The longest protocol name of ALPN, in bytes (RFC 7301, section 3.1).
const ALPN_LIMIT_BYTES: usize = 255;

fn check_alpn(names: &[String]) -> Result<(), Refusal> {
    names.iter().try_for_each(|name| check_length(name, ALPN_LIMIT_BYTES))
}

/// Refuses an empty text and one of more than `most` bytes.
pub(super) fn check_length(text: &str, most: usize) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::Empty),
        given if given > most => Err(Refusal::Length { given, most }),
        _ => Ok(()),
    }
}

/// Refuses a text that packets and the journal must not hold: an empty one, one of more than `most` bytes,
/// and one with control characters, which a terminal would obey.
pub(super) fn check_name(text: &str, most: usize) -> Result<(), Refusal> {
    check_length(text, most)?;
    if text.chars().any(char::is_control) { Err(Refusal::ControlCharacter) } else { Ok(()) }
}

/// Resolves the user name: the option comes before the URL, and the URL before the variable.
pub(super) fn username(
    args: &SecurityArgs,
    target: &Target,
    origins: &Origins,
) -> Result<Option<String>, ConfigError> {
    let in_url = match target {
        Target::Broker(broker) => named_in(broker)?,
        Target::Demo(_) | Target::Navien => None,
    };
    if let Some(name) = &args.username {
        check_name(name, NAME_LIMIT_BYTES).map_err(|refusal| refusal.at(origins, "username"))?;
    }
    let given = args.username.clone();
    Ok(if origins.from_environment("username") { in_url.or(given) } else { given.or(in_url) })
}

fn named_in(broker: &Broker) -> Result<Option<String>, ConfigError> {
    let Some(name) = &broker.username else { return Ok(None) };
    let place = || "user name in the URL".to_owned();
    check_name(name, NAME_LIMIT_BYTES)
        .map_err(|refusal| ConfigError::Refused { place: place(), refusal })
        .map(|()| Some(name.clone()))
}

const PASSWORD_VARIABLE: &str = "NWDIAG_PASSWORD";

/// The longest password of CONNECT, in bytes: MQTT gives its length in 16 bits.
const PASSWORD_LIMIT_BYTES: usize = 65_535;

/// The password in the environment; `None` if a password file is given, which comes first and is read
/// elsewhere.
pub(super) fn password(
    args: &SecurityArgs,
    environment: &Environment,
) -> Result<Option<Secret>, ConfigError> {
    let Some(value) = environment.value(PASSWORD_VARIABLE).filter(|_| args.password_file.is_none()) else {
        return Ok(None);
    };
    let refused = |refusal| ConfigError::Refused { place: PASSWORD_VARIABLE.to_owned(), refusal };
    let text = value.to_str().ok_or(refused(Refusal::NotUtf8))?;
    check_length(text, PASSWORD_LIMIT_BYTES).map_err(refused)?;
    Ok(Some(Secret::new(text)))
}

/// The refusal of a password without a user name.
pub(super) fn password_alone(args: &SecurityArgs, origins: &Origins) -> ConfigError {
    match args.password_file {
        Some(_) => Refusal::PasswordAlone.at(origins, "password-file"),
        None => ConfigError::Refused { place: PASSWORD_VARIABLE.to_owned(), refusal: Refusal::PasswordAlone },
    }
}
