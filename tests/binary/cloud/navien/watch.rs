//! The built program on the whole cloud: service, gateway and broker.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::appliances::{Appliances, WELL};
use super::exchange::Reply;
use super::state::{Action, EMAIL, LIST, MAC, PASSWORD, REFRESH, SIGN_IN, device, key, refusal};
use super::whole::Cloud;
use crate::cloud::gateway::Farewell;
use crate::program::{Home, Running, records, stop_reason};

#[test]
fn a_sign_in_leads_to_a_signed_session_that_comes_back_without_another() {
    let Some(cloud) = Cloud::start("a sign-in leads to a signed session") else { return };
    let mut watch = cloud.watch(&[]);
    let start = watch.tells("start");
    let target = &start["target"];
    let id = target["client_id"].as_str().unwrap();
    assert!(id.starts_with("navien-client-") && id.len() == 22, "{id}");
    assert_eq!(target["url"], cloud.gateway.url());
    let said = ["name", "protocol", "topics", "keep_alive_seconds"].map(|key| target[key].clone());
    assert_eq!(said, [json!("navien"), json!("3.1.1"), json!([]), json!(60.0)]);
    let connected = watch.tells("connected");
    assert!(connected["phases"]["auth_ms"].is_number(), "{connected}");
    let subscribed = watch.tells("subscribed");
    let said = ["topic", "qos", "granted_qos"].map(|key| subscribed[key].clone());
    assert_eq!(said, [json!("cmd/52/navilink-aa...eeff/#"), json!(1), json!(1)]);
    for farewell in [Farewell::Reset, Farewell::Close] {
        cloud.gateway.end_sessions(farewell);
        watch.tells("drop");
        let connected = watch.tells("connected");
        let said = (&connected["kind"], &connected["phases"]["auth_ms"]);
        assert_eq!(said, (&json!("resumed"), &Value::Null), "nothing had to be asked for");
        watch.tells("subscribed");
    }
    watch.end();
    cloud.was_asked_for(&[SIGN_IN, LIST]);
    let visits = cloud.gateway.visits();
    assert_eq!(visits.iter().map(|visit| visit.status).collect::<Vec<_>>(), [101; 3], "{visits:?}");
    let page = cloud.home.run(&["summary", "navien"]).page();
    assert!(page.contains("navien") && page.contains("Drops          2"), "{page}");
    let export = cloud.home.run(&["export", "navien"]).json();
    assert_eq!(export["metrics"]["total_connection_drops"], 2);
}

#[test]
fn keys_that_have_expired_by_their_own_time_are_renewed_by_the_next_attempt() {
    let Some(cloud) = Cloud::start("expired keys are renewed") else { return };
    cloud.next(SIGN_IN, Action::Change(json!({ "authorizationExpiresIn": 1 })));
    let mut watch = cloud.watch(&[]);
    watch.tells("connected");
    cloud.gateway.trust(key(2));
    // It takes two seconds until a ping is given up.
    cloud.gateway.end_sessions(Farewell::Silence);
    assert_eq!(watch.tells("drop")["closed_by"], "timeout");
    let connected = watch.tells("connected");
    assert_eq!(connected["kind"], "resumed");
    assert!(connected["phases"]["auth_ms"].is_number(), "{connected}");
    watch.end();
    cloud.was_asked_for(&[SIGN_IN, LIST, SIGN_IN, LIST]);
}

#[test]
fn a_deep_reconnect_refreshes_and_goes_on_with_the_old_keys() {
    let Some(cloud) = Cloud::start("a deep reconnect refreshes") else { return };
    let mut watch = cloud.watch(&["--deep-reconnect-every", "1"]);
    watch.tells("connected");
    cloud.next(REFRESH, Action::Reply(refusal(500, "Internal Server Error")));
    cloud.gateway.trust(key(2));
    for _ in 0..2 {
        cloud.gateway.end_sessions(Farewell::Close);
        assert_eq!(watch.tells("connected")["kind"], "deep_reconnected");
        watch.tells("subscribed");
    }
    watch.end();
    cloud.was_asked_for(&[SIGN_IN, LIST, REFRESH, SIGN_IN, LIST, REFRESH, LIST]);
}

#[test]
fn a_wrong_password_ends_the_watch_with_a_plain_sentence() {
    let Some(cloud) = Cloud::start("a wrong password ends the watch") else { return };
    let wrong = "wrong-horse-battery";
    let done = Running::start(cloud.command(wrong, &["--format", "json"])).ended();
    assert_eq!(done.code, Some(1), "{}", done.err);
    let sentence =
        "the Navien service refused the e-mail address or the password (HTTP 401): check NAVIEN_EMAIL";
    assert!(done.err.contains(sentence), "{}", done.err);
    let told = records(&done.out);
    assert_eq!(stop_reason(&told), "credentials_rejected");
    let failed = told.iter().find(|record| record["event"] == "attempt_failed").unwrap();
    let said = ["phase", "error_name", "error_code", "http_status", "next_attempt_seconds"];
    let expected = [json!("auth"), json!("NWDIAG_AUTH_REJECTED"), Value::Null, json!(401), Value::Null];
    assert_eq!(said.map(|key| failed[key].clone()), expected, "{failed}");
    assert!(failed["phases"]["auth_ms"].is_number() && failed["phases"]["tcp_ms"].is_null(), "{failed}");
    for text in [&done.out, &done.err] {
        assert!(!text.contains(wrong) && !text.contains(EMAIL), "{text}");
    }
    cloud.was_asked_for(&[SIGN_IN]);
    assert_eq!(cloud.gateway.visits(), []);
}

#[test]
fn a_service_in_trouble_is_asked_again_until_it_is_well() {
    let Some(cloud) = Cloud::start("a service in trouble is asked again") else { return };
    cloud.next(SIGN_IN, Action::Reply(Reply::raw(502, "text/html", "<html>")));
    cloud.next(SIGN_IN, Action::Reply(Reply::Hangup));
    let mut watch = cloud.watch(&[]);
    for status in [json!(502), Value::Null] {
        let failed = watch.tells("attempt_failed");
        let said = (&failed["phase"], &failed["error_name"], &failed["http_status"]);
        assert_eq!(said, (&json!("auth"), &json!("NWDIAG_AUTH_UNAVAILABLE"), &status));
        assert!(failed["next_attempt_seconds"].is_number(), "{failed}");
    }
    let connected = watch.tells("connected");
    assert_eq!((&connected["kind"], &connected["attempt_number"]), (&json!("connected"), &json!(3)));
    watch.end();
}

#[test]
fn an_account_without_devices_is_watched_all_the_same() {
    let Some(cloud) = Cloud::start("an account without devices is watched") else { return };
    cloud.service.state().devices.clear();
    let mut watch = cloud.watch(&[]);
    watch.tells("connected");
    watch
        .running
        .warns("the account has no devices: the connection is watched, and nothing is subscribed to");
    watch.running.signal(Signal::SIGTERM);
    let done = watch.running.ended();
    assert_eq!(done.code, Some(0));
    assert!(!done.out.contains("\"event\":\"subscribed\""), "{}", done.out);
}

#[test]
fn without_an_account_it_is_said_what_to_set() {
    let home = Home::new();
    let done = home.run(&["watch", "navien"]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.err.contains("NAVIEN_EMAIL: it is not set: set NAVIEN_EMAIL and NAVIEN_PASSWORD"),
        "{}",
        done.err
    );
}

/// Every text that a file below `folder` holds.
fn texts(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                return texts(&path);
            }
            vec![String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()]
        })
        .collect()
}

/// What must not be found anywhere: what was typed, what the service gave, what was made of it, and the appliance.
fn secrets() -> Vec<String> {
    let tokens = ["eyJ-access-token", "eyJ-refresh-token", "eyJ-id-token", "ASIADOUBLE", "aws-secret-key"];
    let others = ["aws-session-token", "X-Amz-", "Signature", MAC, "sessionID", EMAIL, PASSWORD, "owner%40"];
    tokens.into_iter().chain(others).map(str::to_owned).collect()
}

/// A watch at its most talkative that lives through much: sign-ins, a refresh, refusals, probes, drops.
fn talk(cloud: &Cloud, format: &str) -> (String, String) {
    let options =
        ["-vvv", "--format", format, "--deep-reconnect-every", "2", "--probe", "--probe-interval", "1s"];
    let mut running = Running::start(cloud.command(PASSWORD, &options));
    // "reconnected" is one as well.
    let (connected, answered) = match format {
        "json" => ("\"event\":\"connected\"", "\"event\":\"device\""),
        _ => ("connected ", "aa...eeff answered"),
    };
    cloud.next(LIST, Action::Reply(refusal(401, &format!("{EMAIL} {PASSWORD}"))));
    running.says(connected);
    cloud.gateway.refuse(Some(403));
    cloud.next(SIGN_IN, Action::Reply(refusal(500, PASSWORD)));
    cloud.gateway.end_sessions(Farewell::Close);
    running.says("AUTH_UNAVAILABLE");
    cloud.gateway.refuse(None);
    (1..9).for_each(|turn| cloud.gateway.trust(key(turn)));
    running.says(connected);
    running.says(answered);
    running.signal(Signal::SIGTERM);
    let done = running.ended();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("nwdiag: debug: "), "the logs are on: {}", done.err);
    (done.out, done.err)
}

#[test]
fn nothing_secret_is_told_however_much_is_told() {
    let Some(cloud) = Cloud::start("nothing secret is told") else { return };
    let _appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    let mut told = Vec::new();
    for format in ["json", "text"] {
        let (out, err) = talk(&cloud, format);
        told.extend([out, err]);
    }
    let reports: [&[&str]; 3] =
        [&["summary", "navien", "-vvv"], &["summary", "navien", "--format", "json"], &["export", "navien"]];
    for report in reports {
        let done = cloud.home.run(report);
        assert!(done.code == Some(0) && !done.out.is_empty(), "{report:?}: {}", done.err);
        told.extend([done.out, done.err]);
    }
    let files = texts(cloud.home.path());
    assert!(files.iter().any(|text| text.contains("navilink-aa...eeff")), "{files:?}");
    for text in told.iter().chain(&files) {
        for secret in secrets() {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
    }
}

#[test]
fn each_device_of_the_account_is_subscribed_to() {
    let Some(cloud) = Cloud::start("each device is subscribed to") else { return };
    cloud.service.state().devices.push(device("001122334455", &json!(1)));
    let mut watch = cloud.watch(&[]);
    let topics = [watch.tells("subscribed"), watch.tells("subscribed")].map(|record| record["topic"].clone());
    assert_eq!(topics, ["cmd/52/navilink-aa...eeff/#", "cmd/52/navilink-00...4455/#"]);
    watch.end();
}
