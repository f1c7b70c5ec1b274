//! `watch --aws-sigv4`: let in by a signature, dropped in several ways, and kept out.

use std::process::Command;

use chrono::TimeDelta;
use serde_json::Value;

use super::gateway::{Farewell, Gateway, Key, REGION};
use crate::mosquitto::server::Mosquitto;
use crate::program::{Home, Running, records, stop_reason};
use crate::watch::{QUICK, Watch};

fn key() -> Key {
    Key {
        id: "ASIATESTKEY".to_owned(),
        secret: "fake+secret/for=tests".to_owned(),
        token: Some("fake+token//for==tests".to_owned()),
    }
}

/// The watch of `gateway` with this key.
fn command(home: &Home, broker: &Mosquitto, gateway: &Gateway, key: &Key, options: &[&str]) -> Command {
    let (url, ca) = (gateway.url(), broker.certificates.ca.display().to_string());
    let signing = ["--aws-sigv4", REGION, "--cafile", &ca];
    let mut command = home.command(&Watch::arguments(&url, &[&signing, options].concat()));
    command.env("AWS_ACCESS_KEY_ID", &key.id).env("AWS_SECRET_ACCESS_KEY", &key.secret);
    command.envs(key.token.as_ref().map(|token| ("AWS_SESSION_TOKEN", token)));
    command
}

#[test]
fn a_signed_session_is_had_again_after_every_kind_of_drop() {
    let Some(broker) = Mosquitto::start("a signed session is had again") else { return };
    let (gateway, home) = (Gateway::start(&broker, &[key()]), Home::new());
    let options = ["--topic", "home/#", "--probe", "--probe-interval", "1s"];
    let options = [&QUICK[..], &options].concat();
    let mut watch = Watch::of(command(&home, &broker, &gateway, &key(), &options));
    let start = watch.tells("start");
    let connected = watch.tells("connected");
    let phases = &connected["phases"];
    assert!(phases["websocket_ms"].is_number() && phases["auth_ms"].is_null(), "{connected}");
    assert_eq!(watch.tells("subscribed")["granted_qos"], 0);
    let client_id = start["target"]["client_id"].as_str().unwrap();
    // By the second answer of a probe, a second later, the first has gone the whole way.
    broker.logs(&format!("Sending PUBACK to {client_id}"), 2);
    let rows = [
        (Farewell::Silence, "timeout", Value::Null),
        (Farewell::Reset, "peer_reset", 1006.into()),
        (Farewell::Close, "peer_close", 1001.into()),
    ];
    for (farewell, closed_by, close_code) in rows {
        gateway.end_sessions(farewell);
        let drop = watch.tells("drop");
        assert_eq!(drop["closed_by"], closed_by, "{drop}");
        assert_eq!(drop["websocket_close_code"], close_code, "{drop}");
        assert_eq!(watch.tells("connected")["kind"], "resumed");
        watch.tells("subscribed");
    }
    let visits = gateway.visits();
    assert_eq!(visits.iter().map(|visit| visit.status).collect::<Vec<_>>(), [101; 4], "{visits:?}");
    // Two seconds of silence lay between the first two.
    assert!(visits[0].signed < visits[1].signed, "{visits:?}");
    let records = watch.end();
    let probed = records.iter().filter(|record| record["event"] == "sample");
    assert!(probed.filter_map(|sample| sample["probe_rtt_ms"]["count"].as_u64()).sum::<u64>() > 0);
}

/// What must not be found anywhere.
fn secrets(key: &Key) -> Vec<String> {
    let token = key.token.clone().unwrap();
    let encoded =
        [&token, &key.secret].map(|text| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    [&encoded[..], &[token, key.id.clone(), key.secret.clone(), "X-Amz-".to_owned()]].concat()
}

#[test]
fn a_wrong_secret_is_told_by_its_status_and_nothing_secret_is_told() {
    let Some(broker) = Mosquitto::start("a wrong secret is told by its status") else { return };
    let (gateway, home) = (Gateway::start(&broker, &[key()]), Home::new());
    let wrong = Key { secret: "wrong+secret/for=tests".to_owned(), ..key() };
    let options = [&QUICK[..], &["--max-attempts", "2", "-vvv"]].concat();
    let done = Running::start(command(&home, &broker, &gateway, &wrong, &options)).ended();
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.err.contains("HTTP 403: the credentials are missing, refused or expired"), "{}", done.err);
    let told = records(&done.out);
    assert_eq!(stop_reason(&told), "attempts_exhausted");
    let failed: Vec<_> = told.iter().filter(|record| record["event"] == "attempt_failed").collect();
    assert_eq!(failed.len(), 2);
    for record in failed {
        let said = (&record["phase"], &record["http_status"], &record["error_name"]);
        let expected = "AWS_ERROR_HTTP_WEBSOCKET_UPGRADE_FAILURE";
        assert_eq!(said, (&"websocket".into(), &403.into(), &expected.into()));
    }
    assert!(gateway.visits().iter().all(|visit| visit.refusal == "signature"), "{:?}", gateway.visits());
    let journal =
        std::fs::read_dir(home.path().join("state/nwdiag")).unwrap().next().unwrap().unwrap().path();
    let journal = std::fs::read_to_string(journal).unwrap();
    for secret in secrets(&wrong) {
        for text in [&done.out, &done.err, &journal] {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
    }
}

#[test]
fn a_wrong_clock_is_told_and_named_as_the_cause_until_it_is_right() {
    let Some(broker) = Mosquitto::start("a wrong clock is told") else { return };
    let (gateway, home) = (Gateway::start(&broker, &[key()]), Home::new());
    gateway.set_ahead(TimeDelta::minutes(15));
    let mut watch = Watch::of(command(&home, &broker, &gateway, &key(), &QUICK));
    let offset = |record: Value| {
        assert_eq!(record["kind"], "clock_offset", "{record}");
        record["seconds"].as_f64().unwrap()
    };
    let behind = offset(watch.tells("environment"));
    assert!((-905.0..-890.0).contains(&behind), "{behind}");
    for _ in 0..3 {
        assert_eq!(watch.tells("attempt_failed")["http_status"], 403);
    }
    gateway.set_ahead(TimeDelta::zero());
    let right = offset(watch.tells("environment"));
    assert!(right.abs() < 10.0, "{right}");
    watch.tells("connected");
    let records = watch.end();
    let order: Vec<_> = records.iter().filter_map(|record| record["event"].as_str()).collect();
    assert_eq!(order.iter().filter(|event| **event == "environment").count(), 2, "{order:?}");
    assert_eq!(order[..3], ["start", "environment", "attempt_failed"]);
    assert!(gateway.visits()[0].refusal.starts_with("signed PT"), "{:?}", gateway.visits()[0]);
    let page = home.run(&["summary", &gateway.url()]).page();
    let is_told = [" -14m 5", " -15m"].iter().any(|start| page.contains(start));
    assert!(page.contains("clock_wrong") && is_told, "{page}");
}

#[test]
fn expired_keys_and_refusals_keep_the_watch_out_for_as_long_as_they_last() {
    let Some(broker) = Mosquitto::start("expired keys keep the watch out") else { return };
    let (gateway, home) = (Gateway::start(&broker, &[key()]), Home::new());
    let mut watch = Watch::of(command(&home, &broker, &gateway, &key(), &QUICK));
    watch.tells("connected");
    gateway.expire(&key().id);
    gateway.end_sessions(Farewell::Close);
    watch.tells("drop");
    assert_eq!(watch.tells("attempt_failed")["http_status"], 403);
    assert_eq!(gateway.visits().last().unwrap().refusal, "unknown or expired key");
    for status in [503, 429, 500] {
        gateway.refuse(Some(status));
        crate::program::wait_for("the status", || {
            (watch.tells("attempt_failed")["http_status"] == status).then_some(())
        });
    }
    gateway.trust(key());
    gateway.refuse(None);
    assert_eq!(watch.tells("connected")["kind"], "resumed");
}
