//! Signs the URL of a WebSocket upgrade with AWS Signature Version 4, in its query:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.
//!
//! As AWS IoT expects it: `host` is the only signed header, the session token is not signed, and there is no
//! `X-Amz-Expires`. Pure: keys, scope and time are arguments. Whoever has the result can connect with it for
//! some minutes, so that it is a secret, too.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use secrecy::zeroize::Zeroizing;

use crate::secret::Secret;

/// The name of AWS IoT in the scope of a signature.
pub const IOT_SERVICE: &str = "iotdevicegateway";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const SIGNED_HEADERS: &str = "host";

/// The characters of a query value that are percent-encoded: all but the unreserved ones of RFC 3986.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The characters of a path that are percent-encoded: a slash is not.
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// The keys to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The ID of the key. It is part of the signed URL, but no message needs it.
    pub access_key_id: Secret,
    /// The key itself.
    pub secret_access_key: Secret,
    /// The session token of temporary keys; an empty one counts as none.
    pub session_token: Option<Secret>,
}

/// Region and service for which a signature is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as [`IOT_SERVICE`].
    pub service: &'a str,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct SigningInput<'a> {
    /// The header `Host` as it is sent, with the port if it has one.
    pub host_header: &'a str,
    /// The path as it is sent, percent-encoded, without a query.
    pub path: &'a str,
    /// For which region and service.
    pub scope: Scope<'a>,
    /// With which keys.
    pub credentials: &'a Credentials,
    /// The time of the signature; fractions of a second are dropped.
    pub time: DateTime<Utc>,
}

/// Path and query of a signed GET request.
pub fn presign(input: &SigningInput<'_>) -> Secret {
    let mut url = format!("{}?{}", input.path, input.query());
    let token = input.credentials.session_token.as_ref().map(Secret::reveal);
    if let Some(token) = token.filter(|token| !token.is_empty()) {
        add(&mut url, "&X-Amz-Security-Token=", token);
    }
    add(&mut url, "&X-Amz-Signature=", &input.signature());
    Secret::new(url)
}

impl SigningInput<'_> {
    /// The signed part of the query, sorted by name.
    fn query(&self) -> String {
        let credential = format!("{}/{}", self.credentials.access_key_id.reveal(), self.scope());
        let mut query = format!("X-Amz-Algorithm={ALGORITHM}");
        add(&mut query, "&X-Amz-Credential=", &credential);
        add(&mut query, "&X-Amz-Date=", &self.timestamp());
        add(&mut query, "&X-Amz-SignedHeaders=", SIGNED_HEADERS);
        query
    }

    fn canonical_request(&self) -> String {
        let path = utf8_percent_encode(self.path, PATH);
        let (query, host) = (self.query(), self.host_header);
        let nothing = hex(digest::digest(&digest::SHA256, b"").as_ref());
        format!("GET\n{path}\n{query}\nhost:{host}\n\n{SIGNED_HEADERS}\n{nothing}")
    }

    fn string_to_sign(&self) -> String {
        let request = digest::digest(&digest::SHA256, self.canonical_request().as_bytes());
        format!("{ALGORITHM}\n{}\n{}\n{}", self.timestamp(), self.scope(), hex(request.as_ref()))
    }

    fn signature(&self) -> String {
        let first = format!("AWS4{}", self.credentials.secret_access_key.reveal());
        let Scope { region, service } = self.scope;
        // Whoever has one of these keys can sign for the rest of the day: each is wiped once the next is
        // known.
        let mut key = Zeroizing::new(first.into_bytes());
        for step in [&self.date(), region, service, TERMINATOR] {
            key = Zeroizing::new(mac(&key, step.as_bytes()).as_ref().to_vec());
        }
        hex(mac(&key, self.string_to_sign().as_bytes()).as_ref())
    }

    fn scope(&self) -> String {
        let Scope { region, service } = self.scope;
        format!("{}/{region}/{service}/{TERMINATOR}", self.date())
    }

    fn date(&self) -> String {
        self.time.format("%Y%m%d").to_string()
    }

    fn timestamp(&self) -> String {
        self.time.format("%Y%m%dT%H%M%SZ").to_string()
    }
}

fn add(query: &mut String, name: &str, value: &str) {
    query.push_str(name);
    query.extend(utf8_percent_encode(value, VALUE));
}

fn mac(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde::Deserialize;

    use super::*;

    /// Made with awscrt 0.36.1's signer, each signature recomputed with plain HMAC; all keys are fakes.
    const VECTORS: &str = include_str!("../tests/fixtures/sigv4/vectors.json");

    #[derive(Debug, Clone, Deserialize)]
    struct Vector {
        name: String,
        path: String,
        region: String,
        service: String,
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        timestamp: DateTime<Utc>,
        host_header: String,
        canonical_request: String,
        string_to_sign: String,
        signature: String,
        url: String,
    }

    impl Vector {
        fn all() -> Vec<Self> {
            serde_json::from_str(VECTORS).unwrap()
        }

        fn credentials(&self) -> Credentials {
            Credentials {
                access_key_id: Secret::new(&self.access_key_id),
                secret_access_key: Secret::new(&self.secret_access_key),
                session_token: self.session_token.as_deref().map(Secret::new),
            }
        }

        fn input<'a>(&'a self, credentials: &'a Credentials) -> SigningInput<'a> {
            SigningInput {
                host_header: &self.host_header,
                path: &self.path,
                scope: Scope { region: &self.region, service: &self.service },
                credentials,
                time: self.timestamp,
            }
        }

        fn presigned(&self) -> String {
            presign(&self.input(&self.credentials())).reveal().to_owned()
        }

        fn signature(&self) -> String {
            self.input(&self.credentials()).signature()
        }

        fn with_token(&self, token: Option<&str>) -> Self {
            Self { session_token: token.map(str::to_owned), ..self.clone() }
        }
    }

    #[test]
    fn every_vector_is_met_in_all_its_steps() {
        let vectors = Vector::all();
        assert_eq!(vectors.len(), 8);
        for vector in vectors {
            let (name, credentials) = (&vector.name, vector.credentials());
            let input = vector.input(&credentials);
            assert_eq!(input.canonical_request(), vector.canonical_request, "{name}");
            assert_eq!(input.string_to_sign(), vector.string_to_sign, "{name}");
            assert_eq!(input.signature(), vector.signature, "{name}");
            assert!(vector.url.ends_with(&vector.presigned()), "{name}: {}", vector.presigned());
            assert_eq!(vector.service, IOT_SERVICE);
        }
    }

    #[test]
    fn a_token_is_not_signed_and_an_empty_one_is_none() {
        for vector in Vector::all() {
            let signature = vector.signature();
            for token in [None, Some(""), Some("one"), Some("another+/=")] {
                assert_eq!(vector.with_token(token).signature(), signature, "{token:?}");
            }
            assert_eq!(vector.with_token(Some("")).presigned(), vector.with_token(None).presigned());
        }
    }

    #[test]
    fn whatever_else_changes_changes_the_signature() {
        let vector = &Vector::all()[0];
        let changed = [
            Vector { host_header: format!("{}:443", vector.host_header), ..vector.clone() },
            Vector { path: "/other".to_owned(), ..vector.clone() },
            Vector { region: "eu-west-1".to_owned(), ..vector.clone() },
            Vector { service: "iot".to_owned(), ..vector.clone() },
            Vector { access_key_id: "OTHER".to_owned(), ..vector.clone() },
            Vector { secret_access_key: "other".to_owned(), ..vector.clone() },
            Vector { timestamp: vector.timestamp + TimeDelta::seconds(1), ..vector.clone() },
        ];
        for other in changed {
            assert_ne!(other.signature(), vector.signature(), "{other:?}");
        }
    }

    #[test]
    fn fractions_of_a_second_are_cut() {
        let vector = &Vector::all()[0];
        let late = Vector { timestamp: vector.timestamp + TimeDelta::milliseconds(999), ..vector.clone() };
        assert_eq!(late.presigned(), vector.presigned());
    }

    #[test]
    fn nothing_says_when_it_expires_and_the_token_comes_before_the_signature() {
        let url = Vector::all()[1].presigned();
        let names: Vec<_> = url.split(['?', '&']).skip(1).filter_map(|pair| pair.split('=').next()).collect();
        let expected = ["Algorithm", "Credential", "Date", "SignedHeaders", "Security-Token", "Signature"];
        assert_eq!(names, expected.map(|name| format!("X-Amz-{name}")));
    }

    #[test]
    fn what_is_signed_with_does_not_show_itself() {
        let vector = &Vector::all()[1];
        let credentials = vector.credentials();
        let input = vector.input(&credentials);
        let shown = format!("{input:?} {:?}", presign(&input));
        for secret in [&vector.access_key_id, &vector.secret_access_key, &vector.signature] {
            assert!(!shown.contains(secret.as_str()), "{shown}");
        }
        assert!(!shown.contains("FAKE"), "{shown}");
    }
}
