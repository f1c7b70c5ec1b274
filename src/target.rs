//! The target to watch: a broker's URL, `navien` or the built-in `demo`. A text that is none is refused with
//! what to write instead.

use std::fmt;

use url::{Host, Url};

use crate::event::Transport;

/// The longest URL, user name or account name, in bytes. They are part of records, which have at most 64 KiB.
pub const NAME_LIMIT_BYTES: usize = 1024;

/// A target as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A broker.
    Broker(Box<Broker>),
    /// The built-in simulator, on 127.0.0.1.
    Demo(Scenario),
    /// The broker of the Navien cloud, after a sign-in.
    Navien,
}

/// Declares the scenarios of the demo with their names on the command line.
macro_rules! scenarios {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What the demo simulates.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum Scenario {
            /// Several causes, one after the other.
            #[default]
            Tour,
            $($(#[$doc])* $name,)+
        }

        impl Scenario {
            /// The scenarios that can be chosen by name. The name is that of the cause that is simulated.
            pub const NAMED: &[(&str, Self)] = &[$(($word, Self::$name),)+];
        }
    };
}

scenarios! {
    /// A second client with the same client ID takes over the session.
    DuplicateClientId = "duplicate-client-id",
    /// The broker closes the connection on a SUBSCRIBE that it does not allow.
    AuthorizationViolation = "authorization-violation",
    /// The broker restarts.
    BrokerRestart = "broker-restart",
    /// Connections are closed after a short silence.
    IdleTimeout = "idle-timeout",
    /// The broker refuses connects that come too often.
    ConnectRateLimit = "rate-limit",
    /// The broker refuses user name or password.
    BadCredentials = "bad-credentials",
    /// The broker's certificate has expired.
    CertificateExpired = "certificate-expired",
    /// The broker gives a reason code in MQTT 5.
    ServerDisconnect = "server-disconnect",
    /// The broker ends sessions of a certain age, and says so in MQTT 5.
    ConnectionLifetime = "connection-lifetime",
    /// The broker says in MQTT 5 that a quota is used up.
    QuotaExceeded = "quota-exceeded",
    /// The broker says in MQTT 5 that it is shutting down.
    ShuttingDown = "shutting-down",
}

impl Target {
    /// Reads a target as the user writes it.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text == DEMO_NAME {
            return Ok(Self::Demo(Scenario::Tour));
        }
        if text == NAVIEN_NAME {
            return Ok(Self::Navien);
        }
        if let Some(word) = text.strip_prefix("demo:") {
            let known = Scenario::NAMED.iter().find(|(name, _)| *name == word);
            return known.map(|(_, scenario)| Self::Demo(*scenario)).ok_or_else(|| unknown_scenario(word));
        }
        if text.contains("://") {
            return Broker::parse(text).map(|broker| Self::Broker(Box::new(broker)));
        }
        Err(TargetError::Unknown(text.to_owned()))
    }

    /// The name of the target's journal file, without its extension.
    pub fn name(&self) -> String {
        match self {
            Self::Broker(broker) => broker.name(),
            Self::Demo(_) => DEMO_NAME.to_owned(),
            Self::Navien => NAVIEN_NAME.to_owned(),
        }
    }
}

const DEMO_NAME: &str = "demo";
const NAVIEN_NAME: &str = "navien";

fn unknown_scenario(word: &str) -> TargetError {
    let known: Vec<&str> = Scenario::NAMED.iter().map(|(name, _)| *name).collect();
    TargetError::Scenario { given: word.to_owned(), known: known.join(", ") }
}

/// The address of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// TCP, TLS, WebSocket, or WebSocket over TLS.
    pub transport: Transport,
    /// A name in lower-case ASCII, or an IP address.
    pub host: Host<String>,
    /// The TCP port.
    pub port: u16,
    /// Path and query of the WebSocket upgrade; empty for plain MQTT.
    pub path: String,
    /// The user name in the URL.
    pub username: Option<String>,
}

/// Why a text is not a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a URL nor a known name.
    #[error("unknown target '{0}': write a URL such as mqtt://host:1883, or 'demo', or 'navien'")]
    Unknown(String),
    /// `demo:` with an unknown name.
    #[error("unknown scenario 'demo:{given}': there are {known}")]
    Scenario {
        /// As given.
        given: String,
        /// The names that there are.
        known: String,
    },
    /// The URL cannot be read.
    #[error("'{text}' is not a URL: {reason}")]
    Malformed {
        /// As given, without a password and a query.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// An unknown scheme.
    #[error("unknown scheme '{0}://': use mqtt://, mqtts://, ws:// or wss://")]
    Scheme(String),
    /// A password in the URL, where process lists and shell histories would show it.
    #[error("a password in the URL is refused: set NWDIAG_PASSWORD or use --password-file")]
    Password,
    /// A path in the URL of a transport without WebSocket.
    #[error("'{0}' has a path, which {1}:// does not know: leave it out, or use ws:// or wss://")]
    Path(String, String),
}

impl Broker {
    /// Reads `mqtt://`, `mqtts://`, `ws://` or `wss://`.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let url = Url::parse(text).map_err(|error| malformed(text, error.to_string()))?;
        let transport = transport(url.scheme())?;
        if url.password().is_some() {
            return Err(TargetError::Password);
        }
        let host = host(text, &url)?;
        let port = url.port().unwrap_or_else(|| default_port(transport));
        if port == 0 {
            return Err(malformed(text, "port 0 cannot be connected to".to_owned()));
        }
        let path = path(&url, transport)?;
        let username = username(text, &url)?;
        Ok(Self { transport, host, port, path, username })
    }

    /// `scheme-host-port`, with `_` for what does not belong into a file name.
    pub fn name(&self) -> String {
        let host = match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let host: String = host.chars().map(|c| if safe(c) { c } else { '_' }).collect();
        format!("{}-{host}-{}", scheme(self.transport), self.port)
    }
}

/// The URL without user name and query, always with the port.
impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{}://{}:{}{path}", scheme(self.transport), self.host, self.port)
    }
}

fn malformed(text: &str, reason: String) -> TargetError {
    let without_user = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    };
    let without_query = without_user.split('?').next().unwrap_or_default().to_owned();
    TargetError::Malformed { text: without_query, reason }
}

/// Each scheme with its transport and default port.
const SCHEMES: [(&str, Transport, u16); 4] = [
    ("mqtt", Transport::Tcp, 1883),
    ("mqtts", Transport::Tls, 8883),
    ("ws", Transport::Ws, 80),
    ("wss", Transport::Wss, 443),
];

fn transport(scheme: &str) -> Result<Transport, TargetError> {
    SCHEMES
        .iter()
        .find(|(name, ..)| *name == scheme)
        .map(|(_, transport, _)| *transport)
        .ok_or_else(|| TargetError::Scheme(scheme.to_owned()))
}

/// The URL scheme of a transport.
pub fn scheme(transport: Transport) -> &'static str {
    SCHEMES.iter().find(|(_, known, _)| *known == transport).map_or("mqtt", |(name, ..)| name)
}

fn default_port(transport: Transport) -> u16 {
    SCHEMES.iter().find(|(_, known, _)| *known == transport).map_or(0, |(.., port)| *port)
}

/// The host, parsed by the rules for `https`: for schemes that it does not know the URL standard leaves hosts
/// as they are.
fn host(text: &str, url: &Url) -> Result<Host<String>, TargetError> {
    let written = url.host_str().filter(|host| !host.is_empty());
    let written = written.ok_or_else(|| malformed(text, "the host is missing".to_owned()))?;
    Host::parse(written).map_err(|error| malformed(text, error.to_string()))
}

fn path(url: &Url, transport: Transport) -> Result<String, TargetError> {
    let written = url.path().trim_end_matches('/');
    match transport {
        Transport::Tcp | Transport::Tls if written.is_empty() && url.query().is_none() => Ok(String::new()),
        Transport::Tcp | Transport::Tls => {
            Err(TargetError::Path(url.path().to_owned(), url.scheme().to_owned()))
        }
        Transport::Ws | Transport::Wss => Ok(websocket_path(url)),
    }
}

fn websocket_path(url: &Url) -> String {
    let path = if matches!(url.path(), "" | "/") { "/mqtt" } else { url.path() };
    match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

fn username(text: &str, url: &Url) -> Result<Option<String>, TargetError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let decoded = percent_encoding::percent_decode_str(url.username()).decode_utf8();
    let name = decoded.map_err(|_| malformed(text, "the user name is not UTF-8".to_owned()))?;
    Ok(Some(name.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(text: &str) -> Broker {
        Broker::parse(text).unwrap()
    }

    #[test]
    fn a_url_gets_its_defaults_and_its_name() {
        let rows = [
            ("mqtt://Broker.Example", "mqtt://broker.example:1883", "mqtt-broker.example-1883"),
            ("mqtts://h:443", "mqtts://h:443", "mqtts-h-443"),
            ("ws://h", "ws://h:80/mqtt", "ws-h-80"),
            ("wss://h/custom?token=1", "wss://h:443/custom", "wss-h-443"),
            ("mqtt://[::1]:1884/", "mqtt://[::1]:1884", "mqtt-__1-1884"),
            ("mqtt://bücher.example", "mqtt://xn--bcher-kva.example:1883", "mqtt-xn--bcher-kva.example-1883"),
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883", "mqtt-127.0.0.1-1883"),
        ];
        for (text, shown, name) in rows {
            assert_eq!(broker(text).to_string(), shown);
            assert_eq!(broker(text).name(), name);
        }
    }

    #[test]
    fn the_query_is_kept_for_the_upgrade_only() {
        assert_eq!(broker("wss://h/x?sig=abc").path, "/x?sig=abc");
        assert_eq!(broker("ws://h/").path, "/mqtt");
    }

    #[test]
    fn a_user_name_is_decoded() {
        assert_eq!(broker("mqtt://me%40home@h").username.as_deref(), Some("me@home"));
    }

    #[test]
    fn bad_targets_are_refused_with_what_to_do() {
        let rows = [
            ("mqtt://u:p@h", "NWDIAG_PASSWORD"),
            ("http://h", "use mqtt://"),
            ("mqtt://", "host"),
            ("mqtt://h:99999", "port"),
            ("mqtt://h:0", "port 0"),
            ("mqtt://h/path", "ws://"),
            ("somewhere", "'demo'"),
            ("demo:x", "duplicate-client-id, "),
        ];
        for (text, part) in rows {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_refused_url_does_not_repeat_its_secrets() {
        let error = Target::parse("mqtt://u:hunter2@h:99999").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        let error = Target::parse("wss://h:99999/x?token=hunter2").unwrap_err().to_string();
        assert!(error.contains("wss://h:99999/x") && !error.contains("hunter2"), "{error}");
    }
}
