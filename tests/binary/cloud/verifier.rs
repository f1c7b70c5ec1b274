//! Whether a request for a WebSocket is signed as AWS IoT wants it. Made from what the service documents, with other code
//! than the program signs with: the program's own mistakes must not pass here.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::request::Request;

/// Keys that the service gave out.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// Who is let in, where and when.
#[derive(Debug, Clone)]
pub(super) struct Verifier {
    pub(super) region: String,
    pub(super) keys: Vec<Key>,
    pub(super) now: DateTime<Utc>,
}

const REQUIRED: [&str; 5] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"];
const TOKEN: &str = "X-Amz-Security-Token";
/// What the signature does not cover.
const UNSIGNED: [&str; 2] = [TOKEN, "X-Amz-Signature"];
const SERVICE: &str = "iotdevicegateway";

impl Verifier {
    /// What is wrong with the request, if anything.
    pub(super) fn verify(&self, request: &Request) -> Result<(), String> {
        check_upgrade(request)?;
        check_names(request)?;
        if decoded(request, "X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
            return Err("algorithm".to_owned());
        }
        let date = decoded(request, "X-Amz-Date");
        self.check_date(&date)?;
        let credential = decoded(request, "X-Amz-Credential");
        let (id, scope) = credential.split_once('/').ok_or("credential")?;
        if scope != format!("{}/{}/{SERVICE}/aws4_request", &date[..8], self.region) {
            return Err(format!("scope {scope}"));
        }
        let key = self.keys.iter().find(|key| key.id == id).ok_or("unknown or expired key")?;
        let token = request.parameter(TOKEN).map(|_| decoded(request, TOKEN));
        if token != key.token {
            return Err("session token".to_owned());
        }
        let signed = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", digest(&canonical(request)?));
        let signature = hex(&scope
            .split('/')
            .chain([signed.as_str()])
            .fold(format!("AWS4{}", key.secret).into_bytes(), |key, text| mac(&key, text)));
        if decoded(request, "X-Amz-Signature") == signature { Ok(()) } else { Err("signature".to_owned()) }
    }

    fn check_date(&self, date: &str) -> Result<(), String> {
        let at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").map_err(|_| "date")?.and_utc();
        let off = (at - self.now).abs();
        if off > TimeDelta::minutes(5) { Err(format!("signed {off} from now")) } else { Ok(()) }
    }
}

fn check_upgrade(request: &Request) -> Result<(), String> {
    let wanted =
        [("upgrade", "websocket"), ("sec-websocket-version", "13"), ("sec-websocket-protocol", "mqtt")];
    let missing = wanted.into_iter().find(|(name, value)| request.header(name) != Some(value));
    match missing {
        _ if (request.method.as_str(), request.path.as_str()) != ("GET", "/mqtt") => {
            Err(format!("{} {}", request.method, request.path))
        }
        Some((name, _)) => Err(format!("header {name}")),
        None => Ok(()),
    }
}

/// Each parameter once, none missing, and none that does not belong here: `X-Amz-Expires` above all.
fn check_names(request: &Request) -> Result<(), String> {
    let names: Vec<&str> = request.query.iter().map(|(name, _)| name.as_str()).collect();
    let known = |name: &&str| REQUIRED.contains(name) || *name == TOKEN;
    if let Some(foreign) = names.iter().find(|name| !known(name)) {
        return Err(format!("parameter {foreign}"));
    }
    let once = |name: &&str| names.iter().filter(|known| *known == name).count() == 1;
    match REQUIRED.iter().chain(names.iter().filter(|name| **name == TOKEN)).find(|name| !once(name)) {
        Some(name) => Err(format!("parameter {name}")),
        None => Ok(()),
    }
}

fn canonical(request: &Request) -> Result<String, String> {
    let mut query: Vec<String> = request
        .query
        .iter()
        .filter(|(name, _)| !UNSIGNED.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    query.sort();
    let list = decoded(request, "X-Amz-SignedHeaders");
    let names: Vec<&str> = list.split(';').collect();
    if !names.contains(&"host") || !names.is_sorted() {
        return Err(format!("signed headers {list}"));
    }
    let signed = |name: &str| {
        let value = request.header(name).ok_or_else(|| format!("signed header {name}"))?;
        Ok(format!("{name}:{value}\n"))
    };
    let headers = names.into_iter().map(signed).collect::<Result<String, String>>()?;
    let (method, path, nothing) = (&request.method, &request.path, digest(""));
    Ok(format!("{method}\n{path}\n{}\n{headers}\n{list}\n{nothing}", query.join("&")))
}

fn decoded(request: &Request, name: &str) -> String {
    let raw = request.parameter(name).unwrap_or_default();
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

mod proofs {
    //! The verifier itself, against the vectors.

    use serde_json::Value;

    use super::*;

    fn vectors() -> Vec<Value> {
        serde_json::from_str(include_str!("../../fixtures/sigv4/vectors.json")).unwrap()
    }

    fn text(vector: &Value, name: &str) -> String {
        vector[name].as_str().unwrap().to_owned()
    }

    fn verifier(vector: &Value) -> Verifier {
        let token = vector["session_token"].as_str().filter(|token| !token.is_empty());
        let key = Key {
            id: text(vector, "access_key_id"),
            secret: text(vector, "secret_access_key"),
            token: token.map(str::to_owned),
        };
        let now = text(vector, "timestamp").parse().unwrap();
        Verifier { region: text(vector, "region"), keys: vec![key], now }
    }

    fn head(vector: &Value) -> String {
        let url = text(vector, "url");
        let target = &url[url.find("/mqtt").unwrap()..];
        format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
            text(vector, "host_header")
        )
    }

    #[test]
    fn every_vector_is_let_in() {
        assert_eq!(vectors().len(), 8);
        for vector in vectors() {
            assert_eq!(verifier(&vector).verify(&Request::parse(&head(&vector))), Ok(()), "{vector}");
        }
    }

    #[test]
    fn whatever_was_changed_on_the_way_is_refused() {
        let rows = [
            ("GET ", "POST ", "POST /mqtt"),
            ("/mqtt?", "/other?", "GET /other"),
            ("Protocol: mqtt", "Protocol: mqttv3.1", "header sec-websocket-protocol"),
            ("Host: ", "Host: x", "signature"),
            ("&X-Amz-Date", "&X-Amz-Expires=300&X-Amz-Date", "parameter X-Amz-Expires"),
            ("&X-Amz-Date=20260803T1200", "&X-Amz-Date=20260803T1201", "signature"),
            ("&X-Amz-Date=20260803T12", "&X-Amz-Date=20260803T13", "signed PT3600S from now"),
            ("us-east-1%2F", "eu-west-1%2F", "scope 20260803/eu-west-1/iotdevicegateway/aws4_request"),
            ("ASIDEXAMPLE", "ASIDOTHER", "unknown or expired key"),
            ("SignedHeaders=host", "SignedHeaders=", "signed headers "),
            ("SignedHeaders=host", "SignedHeaders=connection%3Bhost", "signature"),
            ("Token=FAKE", "Token=OTHER", "session token"),
            (
                "&X-Amz-Security-Token=",
                "&X-Amz-Signature=0&X-Amz-Security-Token=",
                "parameter X-Amz-Signature",
            ),
            ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", "parameter X-Amz-Algorithm"),
        ];
        let vector = &vectors()[1];
        for (from, to, refusal) in rows {
            let changed = head(vector).replacen(from, to, 1);
            assert_ne!(changed, head(vector), "{from}");
            let verdict = verifier(vector).verify(&Request::parse(&changed));
            assert_eq!(verdict, Err(refusal.to_owned()), "{to}");
        }
    }
}
