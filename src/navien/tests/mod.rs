//! The account against answers of every kind, and appliances in a run, in virtual time.

mod appliances;
mod attempts;
mod rows;

use std::time::Duration;

use serde_json::{Value, json};

use super::account::{Account, AuthFailure, Renewal};
use super::answer::Answer;
use crate::event::FailureKind;
use crate::event::Moment;
use crate::event::failure::{Failure, Stage, StreamEnd};
use crate::secret::Secret;

const EMAIL: &str = "me@home.example";
const PASSWORD: &str = "hunter2";

const SIGN_IN: &str = "/user/sign-in";
const REFRESH: &str = "/auth/refresh";
const LIST: &str = "/device/list";

type Outcome = Result<Answer, Failure>;

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

fn account() -> Account {
    Account::new(Secret::new(EMAIL), Secret::new(PASSWORD))
}

#[expect(clippy::unnecessary_wraps, reason = "what came of a request may be a fault as well")]
fn raw(status: u16, body: &str) -> Outcome {
    Ok(Answer { status, body: body.as_bytes().to_vec() })
}

fn answer(status: u16, body: &Value) -> Outcome {
    raw(status, &body.to_string())
}

/// A success that carries `data`.
fn success(data: &Value) -> Outcome {
    answer(200, &json!({ "code": 200, "msg": "SUCCESS", "data": data }))
}

/// All that a sign-in gives, with `changes` to it; null takes a field away.
fn signed_in(changes: &Value) -> Outcome {
    let mut token = json!({
        "idToken": "id-1", "accessToken": "access-1", "refreshToken": "refresh-1", "authenticationExpiresIn": 3600,
        "accessKeyId": "ASIDEXAMPLE1", "secretKey": "aws-secret-1", "sessionToken": "aws-session-1",
        "authorizationExpiresIn": 3600,
    });
    let changes = changes.as_object().unwrap();
    token.as_object_mut().unwrap().extend(changes.clone());
    success(&json!({ "userInfo": { "userType": "O" }, "token": token, "legal": [] }))
}

/// What a plain refresh gives.
fn refreshed() -> Outcome {
    let tokens =
        json!({ "accessToken": "access-2", "refreshToken": "refresh-2", "authenticationExpiresIn": 3600 });
    success(&tokens)
}

fn unauthorised() -> Outcome {
    answer(401, &json!({ "code": 401, "msg": "Unauthorized", "data": null }))
}

fn trouble() -> Outcome {
    answer(500, &json!({ "code": 500, "msg": "Internal Server Error", "data": null }))
}

/// One device.
fn listed() -> Outcome {
    success(&json!([entry("aabbccddeeff")]))
}

fn entry(mac: &str) -> Value {
    json!({
        "deviceInfo": { "macAddress": mac, "deviceType": 52, "additionalValue": "5322", "connected": 2 },
        "location": {},
    })
}

/// A page of devices with these numbers.
fn page(numbers: std::ops::Range<u32>) -> Outcome {
    let entries: Vec<Value> = numbers.map(|number| entry(&format!("aabbccdd{number:04}"))).collect();
    success(&json!(entries))
}

/// Makes an attempt with these answers, one a request; tells the paths asked for, and how it came out.
fn attempt<const N: usize>(
    account: &mut Account,
    (now, renewal): (Moment, Renewal),
    answers: [Outcome; N],
) -> (Vec<&'static str>, Result<(), AuthFailure>) {
    let mut paths = Vec::new();
    let mut answers = answers.into_iter();
    account.begin(now, renewal);
    while let Some(request) = account.request() {
        paths.push(request.path);
        let answer = answers.next().unwrap_or_else(|| panic!("one request too many: {paths:?}"));
        if let Err(failure) = account.told(now, answer) {
            assert_eq!(account.request(), None, "a failed attempt asks for nothing more");
            return (paths, Err(failure));
        }
    }
    assert_eq!(answers.next(), None, "an answer was not asked for: {paths:?}");
    (paths, Ok(()))
}

/// An account that signed in at 0 s and knows one device.
fn ready(changes: &Value) -> Account {
    let mut account = account();
    let (paths, outcome) = attempt(&mut account, (at(0), Renewal::AsNeeded), [signed_in(changes), listed()]);
    assert_eq!((paths, outcome), (vec![SIGN_IN, LIST], Ok(())));
    account
}

/// The service was not reached.
fn no_answer() -> Failure {
    Failure::Ended(Stage::TlsHandshake, StreamEnd::TimedOut)
}
