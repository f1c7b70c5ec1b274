//! Asking an appliance for its status, and reading what comes back.
//!
//! Only what reads can be asked: there is one command, and every [`request`] is made from it. Answers are read as
//! leniently as can be: the few fields that count, wherever they stand, and everything else passed over.

use serde_json::{Map, Value, json};

use super::device::Device;
use crate::session::extension::Request;

/// The command that asks an appliance how it is. It only reads: those that change something (33554432 and above: power,
/// mode, its Wi-Fi) do not exist here, so that none can be sent.
const STATUS_COMMAND: u32 = 16_777_219;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The MQTT client identifier.
    pub client_id: String,
    /// 32 lower-case hexadecimal digits, the same for all requests of a run.
    pub session_id: String,
}

/// The request with which `asker` asks `device` for its status.
pub(super) fn request(device: &Device, asker: &Asker) -> Request {
    let begin = device.topics_begin();
    let topic = format!("{begin}st");
    let payload = json!({
        "clientID": asker.client_id,
        "sessionID": asker.session_id,
        "protocolVersion": 2,
        "request": {
            "command": STATUS_COMMAND,
            "deviceType": device.device_type,
            "macAddress": device.mac,
            "additionalValue": device.additional_value,
        },
        "requestTopic": topic,
        "responseTopic": format!("{begin}{}/res", asker.client_id),
    });
    Request { payload: payload.to_string().into_bytes(), topic }
}

/// What an appliance reports, as far as it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Its Wi-Fi signal in dBm, below 0.
    pub wifi_dbm: Option<i32>,
    /// Its own error, 0 for none; 596 is a fault of its Wi-Fi.
    pub error_code: Option<i64>,
}

/// To whom an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee {
    /// To us, as far as it tells.
    Us,
    /// To another client of the account: the appliance is alive, and how long it took is not known.
    Another,
}

/// An appliance's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// To whom.
    pub to: Addressee,
    /// What it says.
    pub status: Status,
}

/// Reads a message under the topics of `device`; `None` for whatever is no status of that appliance: requests, our own
/// that the filter echoes among them, answers to other commands, other appliances, garbage.
pub fn read(device: &Device, asker: &Asker, topic: &str, payload: &[u8]) -> Option<Answer> {
    let begin = device.topics_begin();
    let behind = topic.strip_prefix(begin.as_str())?;
    let Value::Object(message) = serde_json::from_slice(payload).ok()? else { return None };
    let response = message.get("response").and_then(Value::as_object);
    if message.contains_key("request") && response.is_none() {
        return None;
    }
    let is_foreign = |from: &Map<String, Value>| {
        from.get("macAddress")
            .and_then(Value::as_str)
            .is_some_and(|mac| !mac.eq_ignore_ascii_case(&device.mac))
    };
    if response.is_some_and(is_foreign) || is_foreign(&message) {
        return None;
    }
    let places = [response, Some(&message)].into_iter().flatten();
    let mut found = places.flat_map(|place| ["status", "st"].map(|key| place.get(key)));
    let status = found.find_map(|value| value?.as_object())?;
    Some(Answer { to: addressee(asker, behind, &message), status: Status::of(status) })
}

/// A request and its answer have nothing in common that must be there: the first word that tells counts.
fn addressee(asker: &Asker, behind: &str, message: &Map<String, Value>) -> Addressee {
    let told = |key| message.get(key).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    let by_topic = behind.split_once('/').filter(|(_, rest)| rest.split('/').next() == Some("res"));
    let signs = [
        (told("sessionID"), &asker.session_id),
        (told("clientID"), &asker.client_id),
        (by_topic.map(|(client, _)| client), &asker.client_id),
    ];
    let first = signs.into_iter().find_map(|(told, ours)| Some(told? == ours));
    if first.unwrap_or(true) { Addressee::Us } else { Addressee::Another }
}

impl Status {
    /// A signal of 0 or above is one that is not reported.
    fn of(status: &Map<String, Value>) -> Self {
        let signal = status.get("wifiRssi").and_then(number).filter(|dbm| *dbm < 0.0);
        Self {
            wifi_dbm: signal.and_then(whole).and_then(|dbm| i32::try_from(dbm).ok()),
            error_code: status.get("errorCode").and_then(number).and_then(whole),
        }
    }
}

/// A number, also one that was written as a text.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// To the nearest whole number, if it is one that a program would write.
#[expect(clippy::cast_possible_truncation, reason = "its size is looked at first")]
fn whole(number: f64) -> Option<i64> {
    let rounded = number.round();
    (rounded.abs() < 9e15).then_some(rounded as i64)
}

#[cfg(test)]
mod tests;
