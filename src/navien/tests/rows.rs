//! Every kind of answer by itself.

use super::*;
use crate::navien::account::Finality;
use crate::navien::device::Device;

/// What a sign-in answered so comes to: the kind, and the sentence after "the Navien service ".
#[track_caller]
fn refused(outcome: Outcome) -> (FailureKind, String) {
    let status = outcome.as_ref().map_or(0, |answer| answer.status);
    let (paths, failed) = attempt(&mut account(), (at(0), Renewal::AsNeeded), [outcome]);
    let failure = failed.unwrap_err();
    assert_eq!(paths, [SIGN_IN]);
    assert_eq!(failure.failure.http_status(), Some(status), "{failure}");
    let is_final = failure.finality == Finality::Final;
    assert_eq!(is_final, failure.failure.kind() == FailureKind::AuthRejected, "{failure}");
    for secret in [PASSWORD, EMAIL] {
        assert!(!failure.to_string().contains(secret), "{failure}");
    }
    (failure.failure.kind(), failure.to_string().replace("the Navien service ", ""))
}

#[test]
fn a_sign_in_is_rejected_only_by_401_and_an_unknown_user() {
    let refusing = "refused the e-mail address or the password";
    let unknown = "knows no account with this e-mail address";
    let rows = [
        (answer(401, &json!({ "code": 401, "msg": "Invalid credentials" })), refusing),
        (answer(200, &json!({ "code": 401, "msg": "Unauthorized", "data": null })), refusing),
        (answer(200, &json!({ "code": "401" })), refusing),
        (answer(401, &json!({})), refusing),
        (answer(401, &json!({ "code": 200, "msg": "SUCCESS" })), refusing),
        (raw(401, "<html>"), refusing),
        (raw(401, ""), refusing),
        (answer(404, &json!({ "code": 404, "msg": "USER_NOT_FOUND", "data": null })), unknown),
        (answer(200, &json!({ "code": 404, "msg": "USER_NOT_FOUND" })), unknown),
    ];
    for (outcome, part) in rows {
        let (name, told) = refused(outcome);
        assert_eq!(name, FailureKind::AuthRejected, "{told}");
        assert!(told.starts_with(part) && told.contains("check NAVIEN_EMAIL"), "{told}");
    }
}

#[test]
fn every_other_answer_to_a_sign_in_is_worth_another_try() {
    let tokens = |tokens: &Value| success(&json!({ "token": tokens }));
    let rows = [
        (answer(400, &json!({ "code": 400, "msg": "Invalid request" })), "HTTP 400 (Invalid request)"),
        (
            answer(403, &json!({ "msg": "UNAUTHORIZED_X" })),
            "HTTP 403 (UNAUTHORIZED_X): it does not let us in",
        ),
        (
            answer(404, &json!({ "msg": "NOT_FOUND" })),
            "HTTP 404 (NOT_FOUND): is the address of the service right?",
        ),
        (answer(429, &json!({ "code": 429, "msg": null })), "HTTP 429: it is asked too often"),
        (trouble(), "HTTP 500 (Internal Server Error): it is in trouble"),
        (
            answer(200, &json!({ "code": 500, "msg": "INVALID_PASSWORD" })),
            "HTTP 200 and code 500 (INVALID_PASSWORD)",
        ),
        (answer(500, &json!({ "code": 500, "msg": "no hunter2 here" })), "HTTP 500: it is in trouble"),
        (answer(500, &json!({ "code": 200 })), "HTTP 500 and code 200: it is in trouble"),
        (answer(200, &json!({ "code": "200" })), "HTTP 200 and an unreadable code"),
        (answer(204, &json!({})), "HTTP 204"),
        (answer(302, &json!({})), "HTTP 302: it points somewhere else, and that is not followed"),
        (raw(502, "<html>..</html>"), "HTTP 502 with a body that is not JSON: it is in trouble"),
        (raw(500, ""), "HTTP 500 with an empty body: it is in trouble"),
        (raw(200, "{\"code\":200,"), "HTTP 200 with a body that breaks off"),
        (raw(200, "[]"), "HTTP 200 with a body that is not a JSON object"),
        (raw(200, "\u{0}"), "HTTP 200 with a body that is not JSON"),
        (success(&Value::Null), "HTTP 200 without an access token"),
        (answer(200, &json!({ "code": 200 })), "HTTP 200 without an access token"),
        (success(&json!({ "accessToken": "not nested" })), "HTTP 200 without an access token"),
        (tokens(&json!({})), "HTTP 200 without an access token"),
        (tokens(&json!({ "accessToken": "" })), "HTTP 200 without an access token"),
        (tokens(&json!({ "accessToken": "a\r\nb: c" })), "HTTP 200 without an access token"),
        (signed_in(&json!({ "accessKeyId": null, "sessionToken": null })), "HTTP 200 without AWS keys"),
        (signed_in(&json!({ "secretKey": "" })), "HTTP 200 without AWS keys"),
        (
            signed_in(&json!({ "authenticationExpiresIn": 3600.5 })),
            "HTTP 200 with an unreadable authenticationExpiresIn",
        ),
        (
            signed_in(&json!({ "authorizationExpiresIn": "soon" })),
            "HTTP 200 with an unreadable authorizationExpiresIn",
        ),
    ];
    for (outcome, told) in rows {
        let expected = (FailureKind::AuthUnavailable, format!("answered the sign-in with {told}"));
        assert_eq!(refused(outcome), expected);
    }
}

#[test]
fn a_service_that_is_not_reached_keeps_what_kept_it_away() {
    let failure = no_answer();
    let (_, failed) = attempt(&mut account(), (at(0), Renewal::AsNeeded), [Err(failure.clone())]);
    assert_eq!(failed, Err(AuthFailure::passing(failure)));
}

#[test]
fn a_sign_in_is_read_with_patience() {
    let rows = [
        signed_in(
            &json!({ "authenticationExpiresIn": "3600", "authorizationExpiresIn": 3600.0, "more": [] }),
        ),
        signed_in(
            &json!({ "authenticationExpiresIn": null, "authorizationExpiresIn": null, "idToken": null }),
        ),
        answer(
            200,
            &json!({ "data": { "tokens": {
            "accessToken": "a", "accessKeyId": "k", "secretKey": "s"
        } } }),
        ),
    ];
    for outcome in rows {
        let told = format!("{outcome:?}");
        let (paths, done) = attempt(&mut account(), (at(0), Renewal::AsNeeded), [outcome, listed()]);
        assert_eq!((paths, done), (vec![SIGN_IN, LIST], Ok(())), "{told}");
    }
}

/// The devices that an account has after this list.
fn devices(list: Outcome) -> Vec<Device> {
    let mut account = account();
    let answers = [signed_in(&json!({})), list];
    attempt(&mut account, (at(0), Renewal::AsNeeded), answers).1.unwrap();
    account.listed().unwrap().to_vec()
}

#[test]
fn a_list_keeps_devices_that_it_says_little_about() {
    let info = |info: Value| success(&json!([{ "deviceInfo": info }]));
    let bare = |mac: &str| Device {
        mac: mac.to_owned(),
        device_type: 52,
        additional_value: String::new(),
        cloud_connected: None,
        cloud_error_code: None,
    };
    assert_eq!(devices(info(json!({ "macAddress": "aa" }))), [bare("aa")]);
    let full = json!({
        "macAddress": "aabbccddeeff", "deviceType": "51", "additionalValue": 5322, "connected": "2", "homeSeq": 1,
    });
    let known = Device {
        device_type: 51,
        additional_value: "5322".to_owned(),
        cloud_connected: Some(true),
        ..bare("aabbccddeeff")
    };
    assert_eq!(devices(info(full)), [known]);
    let rows = [
        (json!(1), Some(false)),
        (json!(2), Some(true)),
        (json!(0), None),
        (json!(3), None),
        (json!(null), None),
        (json!(true), None),
    ];
    for (connected, meaning) in rows {
        let found = devices(info(json!({ "macAddress": "aa", "connected": connected })));
        assert_eq!(found, [Device { cloud_connected: meaning, ..bare("aa") }], "{connected}");
    }
    let rows = [
        (json!({ "errorCode": 596, "errorOccuredTime": "2026-10-25 08:00:00" }), Some(596)),
        (json!({ "errorCode": "0" }), Some(0)),
        (json!({ "errorCode": null }), None),
        (json!({}), None),
        (json!(null), None),
        (json!(596), None),
    ];
    for (fault, code) in rows {
        let list = json!([{ "deviceInfo": { "macAddress": "aa" }, "error": fault }]);
        assert_eq!(devices(success(&list)), [Device { cloud_error_code: code, ..bare("aa") }], "{fault}");
    }
}

#[test]
fn a_list_may_be_empty_or_hold_entries_that_no_topic_can_name() {
    let empty = [success(&json!([])), success(&Value::Null), answer(200, &json!({ "code": 200 }))];
    for list in empty {
        assert_eq!(devices(list), []);
    }
    let strange = json!([
        entry("aabbccddeeff"), entry("#"), entry("a/b"), entry(""), entry(&"a".repeat(33)), {}, null, [],
        { "deviceInfo": [] }, entry("aabbccddeeff"), entry("AAbb01"),
    ]);
    let macs: Vec<String> = devices(success(&strange)).into_iter().map(|device| device.mac).collect();
    assert_eq!(macs, ["aabbccddeeff", "AAbb01"]);
}
