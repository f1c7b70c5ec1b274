//! What the double's service knows: one account, its tokens, its devices, and what it is to do out of the ordinary.

use std::collections::{BTreeMap, VecDeque};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::exchange::{Call, Reply};
use crate::cloud::gateway::Key;

pub(super) const EMAIL: &str = "owner@home.example";
pub(super) const PASSWORD: &str = "correct-horse-battery";
/// The appliance that the account has at first.
pub(super) const MAC: &str = "aabbccddeeff";
pub(super) const SIGN_IN: &str = "/user/sign-in";
pub(super) const REFRESH: &str = "/auth/refresh";
pub(super) const LIST: &str = "/device/list";

/// What stands before every path.
pub(super) const BASE: &str = "/api/v2.1";

/// A action out of the ordinary.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// Nothing of the kind.
    Ordinary,
    /// Whatever the request says, this is the answer.
    Reply(Reply),
    /// The ordinary success, with `data`, or the tokens in it, changed like this: null takes a field away.
    Change(Value),
    /// The ordinary success with nothing but these fields in it.
    Only(Value),
    /// The ordinary success in chunks.
    InChunks,
}

/// The service.
#[derive(Debug)]
pub(super) struct State {
    /// Counts tokens: each has its number in it.
    issued: u32,
    /// Counts AWS keys.
    pub(super) keys: u32,
    access: String,
    refresh: String,
    pub(super) devices: Vec<Value>,
    /// By path: what comes next, before the ordinary.
    script: BTreeMap<&'static str, VecDeque<Action>>,
    pub(super) calls: Vec<Call>,
    /// How far its clock is ahead.
    pub(super) ahead: TimeDelta,
    /// What a client must not do.
    pub(super) breaches: Vec<String>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            issued: 0,
            keys: 0,
            access: String::new(),
            refresh: String::new(),
            devices: vec![device(MAC, &json!(2))],
            script: BTreeMap::new(),
            calls: Vec::new(),
            ahead: TimeDelta::zero(),
            breaches: Vec::new(),
        }
    }

    /// Does this the next time that `path` is asked for.
    pub(super) fn next(&mut self, path: &'static str, action: Action) {
        self.script.entry(path).or_default().push_back(action);
    }

    /// The paths asked for, in order.
    pub(super) fn paths(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.path.strip_prefix(BASE).unwrap_or(&call.path)).collect()
    }

    /// No token is good any more.
    pub(super) fn forget_tokens(&mut self) {
        (self.access, self.refresh) = (String::new(), String::new());
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, call: Call) -> Reply {
        self.judge(&call);
        let path = call.path.strip_prefix(BASE).unwrap_or_default().to_owned();
        let action = self.script.get_mut(path.as_str()).and_then(VecDeque::pop_front);
        let reply = match action.unwrap_or(Action::Ordinary) {
            Action::Reply(reply) => reply,
            action => self.ordinary(&path, &call, action),
        };
        self.calls.push(call);
        reply
    }

    fn judge(&mut self, call: &Call) {
        let authorization = call.headers.get("authorization");
        let content_type = call.headers.get("content-type").map(String::as_str);
        let breach = match call.path.strip_prefix(BASE) {
            _ if call.method != "POST" => "not a POST",
            _ if content_type != Some("application/json") => "not called JSON",
            Some(SIGN_IN | REFRESH) if authorization.is_some() => "an authorization where none belongs",
            Some(LIST) if authorization.is_none() => "no authorization",
            _ => return,
        };
        self.breaches.push(format!("{}: {breach}", call.path));
    }

    fn ordinary(&mut self, path: &str, call: &Call, action: Action) -> Reply {
        match path {
            SIGN_IN => self.sign_in(&call.json(), action),
            REFRESH => self.refreshed(&call.json(), action),
            LIST => self.list(call, action),
            _ => refusal(404, "NOT_FOUND"),
        }
    }

    fn sign_in(&mut self, body: &Value, action: Action) -> Reply {
        let fields = body.as_object().map_or(0, serde_json::Map::len);
        let (Some(user), Some(password), 2) = (body["userId"].as_str(), body["password"].as_str(), fields)
        else {
            return refusal(400, "BAD_REQUEST");
        };
        if user != EMAIL {
            return refusal(404, "USER_NOT_FOUND");
        }
        if password != PASSWORD {
            return Reply::json(401, &json!({ "code": 401, "msg": "Invalid credentials" }));
        }
        let mut tokens = self.tokens();
        merge(&mut tokens, &self.aws_keys());
        let wrap = |tokens: Value| {
            let user = json!({ "userType": "O", "userFirstName": "A", "userLastName": "B", "userSeq": 1 });
            json!({ "userInfo": user, "token": tokens, "legal": [] })
        };
        success(tokens, action, wrap)
    }

    fn refreshed(&mut self, body: &Value, action: Action) -> Reply {
        if self.refresh.is_empty() || body["refreshToken"].as_str() != Some(&self.refresh) {
            return Reply::json(401, &json!({ "code": 401, "msg": "Invalid refresh token", "data": null }));
        }
        let tokens = self.tokens();
        success(tokens, action, |tokens| tokens)
    }

    fn list(&mut self, call: &Call, action: Action) -> Reply {
        let sent = call.headers.get("authorization");
        if self.access.is_empty() || sent != Some(&self.access) {
            return unauthorised();
        }
        let body = call.json();
        let (Some(offset), Some(count), true) =
            (body["offset"].as_u64(), body["count"].as_u64(), body["userId"].is_string())
        else {
            return refusal(400, "BAD_REQUEST");
        };
        let page = self.devices.iter().skip(offset.try_into().unwrap()).take(count.try_into().unwrap());
        success(page.cloned().collect(), action, |devices| devices)
    }

    /// New tokens; the old ones are good no more.
    fn tokens(&mut self) -> Value {
        self.issued += 1;
        self.access = format!("eyJ-access-token-{:08}", self.issued);
        self.refresh = format!("eyJ-refresh-token-{:08}", self.issued);
        json!({
            "idToken": format!("eyJ-id-token-{:08}", self.issued), "accessToken": self.access,
            "refreshToken": self.refresh, "authenticationExpiresIn": 3600,
        })
    }

    /// New AWS keys.
    pub(super) fn aws_keys(&mut self) -> Value {
        self.keys += 1;
        let Key { id, secret, token } = key(self.keys);
        json!({ "accessKeyId": id, "secretKey": secret, "sessionToken": token, "authorizationExpiresIn": 3600 })
    }
}

/// The AWS keys that are given out in this turn, from 1.
pub(super) fn key(turn: u32) -> Key {
    Key {
        id: format!("ASIADOUBLE{turn:08}"),
        secret: format!("aws-secret-key-{turn:08}/+="),
        token: Some(format!("aws-session-token-{turn:08}//++==")),
    }
}

/// An entry of the device list.
pub(super) fn device(mac: &str, connected: &Value) -> Value {
    json!({
        "deviceInfo": {
            "homeSeq": 1, "macAddress": mac, "additionalValue": "5322", "deviceType": 52, "deviceName": "NWP500",
            "connected": connected, "installType": "R",
        },
        "error": { "errorCode": 596, "errorOccuredTime": "2026-10-25 08:00:00" },
        "location": { "state": "CA", "city": "Irvine", "latitude": 33.6, "longitude": -117.8 },
    })
}

/// 401 in both places.
pub(super) fn unauthorised() -> Reply {
    refusal(401, "Unauthorized")
}

/// A refusal as the service words it.
pub(super) fn refusal(code: u16, words: &str) -> Reply {
    Reply::json(code, &json!({ "code": code, "msg": words, "data": null }))
}

fn success(mut data: Value, action: Action, wrap: impl Fn(Value) -> Value) -> Reply {
    let body = |data| json!({ "code": 200, "msg": "SUCCESS", "data": data }).to_string();
    match action {
        Action::InChunks => return Reply::Chunks(body(wrap(data))),
        Action::Change(changes) => merge(&mut data, &changes),
        Action::Only(fields) => data = fields,
        Action::Reply(reply) => return reply,
        Action::Ordinary => {}
    }
    Reply::raw(200, "application/json", &body(wrap(data)))
}

fn merge(into: &mut Value, changes: &Value) {
    let (Some(into), Some(changes)) = (into.as_object_mut(), changes.as_object()) else { return };
    into.extend(changes.clone());
}
