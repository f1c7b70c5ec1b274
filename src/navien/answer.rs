//! What the service's answers mean: status and body in; what was asked for, or a refusal, out.
//!
//! A body is read whatever its content type says. It may say "no" in the status of HTTP, in a code of its own, or in
//! both. What the exact bytes of the real service are is known for successes only, so that nothing here depends on a
//! text but one: `USER_NOT_FOUND`.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::device::Device;
use super::field::{self, Fields, NotWhole};
use super::listing::Page;
use super::refusal::{Refusal, RefusalKind};
use crate::secret::Secret;

/// The largest body that is read, in bytes; the real ones have a few thousand.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The application's code for success; the status of HTTP stands in where there is none.
const SUCCESS: i64 = 200;
const UNAUTHORISED: i64 = 401;
const USER_NOT_FOUND: &str = "USER_NOT_FOUND";

/// How long an access token lives where the service does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// The kind of a device that does not say which it is: the Wi-Fi module of the NWP500.
const DEFAULT_DEVICE_TYPE: u32 = 52;

/// An answer as it came over HTTP. Its `Debug` leaves out the body, which may hold tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body, at most [`BODY_LIMIT_BYTES`].
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Tokens that the service gave; lifetimes count from receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) access_token: Secret,
    /// Absent where the old one stays good.
    pub(super) refresh_token: Option<Secret>,
    pub(super) lifetime: Duration,
    pub(super) aws: Option<AwsGrant>,
}

/// AWS credentials that the service gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AwsGrant {
    pub(super) access_key_id: Secret,
    pub(super) secret_key: Secret,
    pub(super) session_token: Option<Secret>,
    /// `None` where they never expire, as far as the service says.
    pub(super) lifetime: Option<Duration>,
}

impl Answer {
    /// The answer to a sign-in: tokens and AWS credentials, or it is of no use.
    pub(super) fn signed_in(&self) -> Result<(Grant, AwsGrant), Refusal> {
        let data = self.data()?;
        let nested = data.as_object().and_then(|data| {
            ["token", "tokens"].iter().find_map(|key| field::present(data, key)).and_then(Value::as_object)
        });
        let mut grant = self.grant(nested)?;
        let aws = grant.aws.take().ok_or_else(|| self.useless("without AWS keys"))?;
        Ok((grant, aws))
    }

    /// The answer to a refresh: at least an access token. Unlike at sign-in, the tokens stand directly in `data`.
    pub(super) fn refreshed(&self) -> Result<Grant, Refusal> {
        self.grant(self.data()?.as_object())
    }

    /// The answer to the device list, in its order. Entries without an address that a topic can hold are left out.
    pub(super) fn devices(&self) -> Result<Page, Refusal> {
        let entries = match self.data()? {
            Value::Null => Vec::new(),
            Value::Array(entries) => entries,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(self.useless("with devices that are not a list"));
            }
        };
        Ok(Page { devices: entries.iter().filter_map(device).collect(), entries: entries.len() })
    }

    fn grant(&self, fields: Option<&Fields>) -> Result<Grant, Refusal> {
        let lacking = || self.useless("without an access token");
        let fields = fields.ok_or_else(lacking)?;
        let access_token = token(fields, "accessToken").ok_or_else(lacking)?;
        let unreadable = |flaw: NotWhole| self.useless(&format!("with {flaw}"));
        let lifetime = field::span(fields, "authenticationExpiresIn").map_err(unreadable)?;
        Ok(Grant {
            access_token,
            refresh_token: token(fields, "refreshToken"),
            lifetime: lifetime.unwrap_or(DEFAULT_LIFETIME),
            aws: aws(fields).map_err(unreadable)?,
        })
    }

    /// What a success carries under `data`; null where it carries nothing.
    fn data(&self) -> Result<Value, Refusal> {
        let status = self.status;
        let mut body = object(&self.body).map_err(|flaw| {
            let kind = if i64::from(status) == UNAUTHORISED {
                RefusalKind::Unauthorised
            } else {
                RefusalKind::Other
            };
            Refusal::new(kind, status, format!("HTTP {status} with {flaw}"), None)
        })?;
        let code = code(&body, status);
        if (200..300).contains(&status) && code == Some(SUCCESS) {
            return Ok(body.remove("data").unwrap_or_default());
        }
        Err(self.refusal(code, field::text(&body, "msg")))
    }

    fn refusal(&self, code: Option<i64>, words: Option<&str>) -> Refusal {
        let status = self.status;
        let kind = if i64::from(status) == UNAUTHORISED || code == Some(UNAUTHORISED) {
            RefusalKind::Unauthorised
        } else if words.is_some_and(|words| words.to_ascii_uppercase().contains(USER_NOT_FOUND)) {
            RefusalKind::UnknownUser
        } else {
            RefusalKind::Other
        };
        let what = match code {
            Some(code) if code == i64::from(status) => format!("HTTP {status}"),
            Some(code) => format!("HTTP {status} and code {code}"),
            None => format!("HTTP {status} and an unreadable code"),
        };
        Refusal::new(kind, status, what, words)
    }

    /// The refusal of a success that does not hold what it should.
    fn useless(&self, flaw: &str) -> Refusal {
        Refusal::new(RefusalKind::Other, self.status, format!("HTTP {} {flaw}", self.status), None)
    }
}

fn object(body: &[u8]) -> Result<Fields, &'static str> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err("an empty body");
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("a body that is not a JSON object"),
        Err(error) if error.is_eof() => Err("a body that breaks off"),
        Err(_) => Err("a body that is not JSON"),
    }
}

/// The application's code; `None` where it cannot be read. As a text, 200 is no success: the reference client says so.
fn code(body: &Fields, status: u16) -> Option<i64> {
    let Some(value) = field::present(body, "code") else { return Some(status.into()) };
    field::whole(value).filter(|code| *code != SUCCESS || value.is_number())
}

/// A token that a header of HTTP can hold.
fn token(fields: &Fields, key: &str) -> Option<Secret> {
    field::text(fields, key).filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic())).map(Secret::new)
}

/// Keys come as a pair; a lifetime without them is about none that we know.
fn aws(fields: &Fields) -> Result<Option<AwsGrant>, NotWhole> {
    let (Some(access_key_id), Some(secret_key)) = (token(fields, "accessKeyId"), token(fields, "secretKey"))
    else {
        return Ok(None);
    };
    let lifetime = field::span(fields, "authorizationExpiresIn")?.filter(|span| !span.is_zero());
    Ok(Some(AwsGrant { access_key_id, secret_key, session_token: token(fields, "sessionToken"), lifetime }))
}

/// The longest address that is taken, in bytes; the real ones have twelve digits.
const ADDRESS_LIMIT_BYTES: usize = 32;

fn device(entry: &Value) -> Option<Device> {
    let info = entry.get("deviceInfo")?.as_object()?;
    let mac = field::text(info, "macAddress").filter(|mac| mac.len() <= ADDRESS_LIMIT_BYTES)?;
    let device_type = info.get("deviceType").and_then(field::whole);
    let connected = info.get("connected").and_then(field::whole);
    let device = Device {
        mac: mac.to_owned(),
        device_type: device_type.and_then(|kind| kind.try_into().ok()).unwrap_or(DEFAULT_DEVICE_TYPE),
        additional_value: info.get("additionalValue").map(plain).unwrap_or_default(),
        cloud_connected: match connected {
            Some(1) => Some(false),
            Some(2) => Some(true),
            Some(_) | None => None,
        },
        cloud_error_code: entry.get("error").and_then(|fault| fault.get("errorCode")).and_then(field::whole),
    };
    device.is_addressable().then_some(device)
}

/// A text, or a number as a text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}
