//! Where the Navien cloud is: the address of its REST service and of its broker, and what users may set instead.

use std::fmt;

use url::{Host, Url};

/// The service as its own apps call it (nwp500-python 9.3.0).
pub const SERVICE_URL: &str = "https://nlus.naviensmartcontrol.com/api/v2.1";

/// The broker behind the service: AWS IoT Core (nwp500-python 9.3.0).
pub const BROKER_HOST: &str = "a1t30mldyslmuq-ats.iot.us-east-1.amazonaws.com";

/// Where the broker listens for WebSocket.
pub const BROKER_PORT: u16 = 443;

/// What the broker's upgrade asks for.
pub const BROKER_PATH: &str = "/mqtt";

/// The AWS region of the broker; signatures are for this one alone.
pub const BROKER_REGION: &str = "us-east-1";

const DEFAULT_PORT: u16 = 443;

/// Where a service answers over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    /// Name in lower-case ASCII, or address.
    pub host: Host<String>,
    /// TCP port.
    pub port: u16,
    /// What stands before the path of each request; without a slash at its end.
    pub base: String,
}

/// Why a text is not the address of a service. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceUrlError {
    /// It cannot be read.
    #[error("it is not a URL ({0}): write it as {SERVICE_URL}")]
    Malformed(String),
    /// A password would go over it in clear text.
    #[error("only https:// will do, as a password is sent to it")]
    Scheme,
    /// User, password, query or fragment, which no request would repeat.
    #[error("it may hold a host, a port and a path, and nothing else")]
    Surplus,
}

impl ServiceUrl {
    /// Reads an `https://` URL.
    pub fn parse(text: &str) -> Result<Self, ServiceUrlError> {
        let url = Url::parse(text).map_err(|error| ServiceUrlError::Malformed(error.to_string()))?;
        if url.scheme() != "https" {
            return Err(ServiceUrlError::Scheme);
        }
        let surplus = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if surplus {
            return Err(ServiceUrlError::Surplus);
        }
        let missing = || ServiceUrlError::Malformed("the host is missing".to_owned());
        let host = url.host().ok_or_else(missing)?.to_owned();
        let port = url.port().unwrap_or(DEFAULT_PORT);
        if port == 0 {
            return Err(ServiceUrlError::Malformed("port 0 cannot be connected to".to_owned()));
        }
        Ok(Self { host, port, base: url.path().trim_end_matches('/').to_owned() })
    }

    /// Host and port as the header `Host` names them.
    pub fn authority(&self) -> String {
        match self.port {
            DEFAULT_PORT => self.host.to_string(),
            port => format!("{}:{port}", self.host),
        }
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority(), self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_requests_need_it() {
        let rows = [
            (SERVICE_URL, "nlus.naviensmartcontrol.com", SERVICE_URL),
            ("https://Localhost:8443/api/v2.1//", "localhost:8443", "https://localhost:8443/api/v2.1"),
            ("https://[::1]:443", "[::1]", "https://[::1]"),
        ];
        for (text, authority, shown) in rows {
            let url = ServiceUrl::parse(text).unwrap();
            assert_eq!((url.authority().as_str(), url.to_string().as_str()), (authority, shown));
        }
    }

    #[test]
    fn an_address_that_would_leak_or_be_misread_is_refused_and_not_repeated() {
        let rows = [
            ("http://hunter2.example/", "only https://"),
            ("hunter2.example", "not a URL"),
            ("https://me:hunter2@h/", "nothing else"),
            ("https://h/?hunter2", "nothing else"),
            ("https://h/#hunter2", "nothing else"),
            ("https://h:0/", "port 0"),
            ("https://h:99999/hunter2", "port"),
        ];
        for (text, part) in rows {
            let error = ServiceUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
