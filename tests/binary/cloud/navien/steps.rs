//! Single steps of the broker behind the gateway that go wrong, and one run through all that an owner may meet.
//!
//! A SUBACK that never comes is played in virtual time (`session::tests`), as it takes 30 s; the resets, closes and
//! silences of the gateway are in the neighbouring files.

use std::ops::Range;

use serde_json::{Value, json};

use super::appliances::{Appliances, WELL};
use super::state::{LIST, MAC, SIGN_IN, device, key};
use super::whole::Cloud;
use crate::cloud::gateway::{Farewell, Packet, Quirk};
use crate::program::count;
use crate::watch::Watch;

/// The causes that the export names, the most likely one first.
fn causes(cloud: &Cloud) -> Vec<Value> {
    let export = cloud.home.run(&["export", "navien"]).json();
    export["findings"].as_array().unwrap().iter().map(|finding| finding["cause"].clone()).collect()
}

/// M4.
#[test]
fn a_broker_that_refuses_behind_the_gateway_is_asked_again_with_its_code_told() {
    let Some(cloud) = Cloud::start("a broker that refuses behind the gateway") else { return };
    let mut watch = cloud.watch(&[]);
    watch.tells("connected");
    for code in 1..=5 {
        cloud.gateway.treat(Quirk::Refuses(code));
        cloud.gateway.end_sessions(Farewell::Close);
        let failed = watch.tells("attempt_failed");
        let said = ["phase", "error_name", "return_code", "http_status"].map(|key| failed[key].clone());
        let expected = [json!("mqtt"), json!("AWS_ERROR_MQTT_PROTOCOL_ERROR"), json!(code), Value::Null];
        assert_eq!(said, expected, "{failed}");
        cloud.gateway.treat(Quirk::None);
        assert!(watch.tells("connected")["attempt_number"].as_u64() >= Some(2));
    }
    watch.end();
    assert!(cloud.gateway.visits().iter().all(|visit| visit.status == 101));
}

/// M5.
#[test]
fn a_second_client_with_the_same_id_takes_over_and_is_named_after_some_repeats() {
    let Some(cloud) = Cloud::start("a second client takes over") else { return };
    // Nobody else has an ID that was drawn for this run alone.
    let mut watch = cloud.watch(&["--client-id", "navien-client-twin"]);
    let id = watch.tells("start")["target"]["client_id"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        watch.tells("connected");
        watch.tells("subscribed");
        cloud.broker.publish_as(&id, "twin");
        let drop = watch.tells("drop");
        assert_eq!(
            (&drop["closed_by"], &drop["reason_code"]),
            (&json!("peer_close"), &Value::Null),
            "{drop}"
        );
    }
    watch.tells("connected");
    let warning = watch.end_warned();
    assert!(warning.contains("warning: --client-id navien-client-twin: "), "{warning}");
    assert_eq!(causes(&cloud)[0], "duplicate_client_id");
}

/// M6: SUBACK 0x80.
#[test]
fn a_filter_that_is_refused_is_told_and_its_appliance_not_asked() {
    let Some(cloud) = Cloud::start("a filter that is refused is told") else { return };
    let appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    cloud.gateway.treat(Quirk::RefusesFilters);
    let mut watch = cloud.watch(&["--probe", "--probe-interval", "1s"]);
    let refused = watch.tells("subscribed");
    let said = ["granted_qos", "return_code"].map(|key| refused[key].clone());
    assert_eq!(said, [Value::Null, json!(0x80)], "{refused}");
    // A second each, in which it would have been asked.
    cloud.broker.logs("Received PINGREQ from navien-client-", 2);
    assert_eq!(appliances.heard_of_others(), []);
    // The way back begins at once.
    cloud.gateway.treat(Quirk::None);
    cloud.gateway.end_sessions(Farewell::Close);
    assert_eq!(watch.tells("drop")["active_subscriptions"], 0);
    assert_eq!(watch.tells("subscribed")["granted_qos"], 1);
    assert_eq!(watch.tells("device")["answered"], true);
    watch.end();
    assert!(!appliances.heard_of_others().is_empty());
}

/// M6: a policy that denies is told by a close alone.
fn denial(test: &str, numbers: Range<usize>, (active, topic): (u64, &str)) {
    let Some(cloud) = Cloud::start(test) else { return };
    let mac = |number: usize| format!("aabbccdd{number:04}");
    cloud.service.state().devices = numbers.map(|number| device(&mac(number), &json!(2))).collect();
    cloud.gateway.treat(Quirk::Denies("aabbccdd0008"));
    let mut watch = cloud.watch(&[]);
    for _ in 0..5 {
        let drop = watch.tells("drop");
        let said = ["last_sent_packet", "last_sent_topic", "closed_by"].map(|key| drop[key].clone());
        assert_eq!(said, ["SUBSCRIBE", topic, "peer_close"], "{drop}");
        assert_eq!(drop["active_subscriptions"], active);
    }
    watch.end();
    assert_eq!(causes(&cloud)[0], "authorization_violation");
}

#[test]
fn a_gateway_that_closes_at_the_subscribe_is_named_after_some_repeats() {
    denial("a gateway that closes at the SUBSCRIBE", 8..10, (0, "cmd/52/navilink-aa...0008/#"));
}

#[test]
fn a_gateway_that_closes_at_the_second_subscribe_of_a_session_is_named_too() {
    denial("a gateway that closes at the second SUBSCRIBE", 0..10, (8, "cmd/52/navilink-aa...0008/#"));
}

/// M9.
#[test]
fn a_ping_without_an_answer_ends_the_session_though_all_else_goes_on() {
    let Some(cloud) = Cloud::start("a ping without an answer") else { return };
    let _appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    cloud.gateway.treat(Quirk::Withholds(Packet::Pingresp));
    // Rarer than pings are due: where much is said, none are.
    let mut watch = cloud.watch(&["--probe", "--probe-interval", "5s"]);
    assert_eq!(watch.tells("device")["answered"], true);
    let drop = watch.tells("drop");
    let said = ["closed_by", "error_name"].map(|key| drop[key].clone());
    assert_eq!(said, ["timeout", "AWS_ERROR_MQTT_TIMEOUT"], "{drop}");
    assert!(drop["unanswered_ping_seconds"].as_f64() >= Some(1.0), "{drop}");
    cloud.gateway.treat(Quirk::None);
    watch.tells("connected");
    watch.end();
}

/// A connection that stands, with an appliance that answers behind it.
#[track_caller]
fn stands(watch: &mut Watch, kind: &str, attempt_number: u64) -> Value {
    let connected = watch.tells("connected");
    let said = ["kind", "attempt_number"].map(|key| connected[key].clone());
    assert_eq!(said, [json!(kind), json!(attempt_number)], "{connected}");
    assert_eq!(watch.tells("subscribed")["granted_qos"], 1);
    let device = watch.tells("device");
    let said =
        ["device", "answered", "wifi_dbm", "error_code", "cloud_connected"].map(|key| device[key].clone());
    assert_eq!(said, [json!("aa...eeff"), json!(true), json!(-58), json!(0), json!(true)], "{device}");
    assert_eq!(device["cloud_error_code"], 596, "{device}");
    assert!(device["rtt_ms"].is_number());
    connected
}

#[test]
fn a_run_goes_from_the_sign_in_through_a_drop_and_keys_that_ended_to_new_ones() {
    let Some(cloud) = Cloud::start("a run through all that an owner may meet") else { return };
    let _appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    let mut watch = cloud.watch(&["--probe", "--probe-interval", "1s", "--deep-reconnect-every", "3"]);
    assert!(stands(&mut watch, "connected", 0)["phases"]["auth_ms"].is_number());
    cloud.gateway.end_sessions(Farewell::Reset);
    assert_eq!(watch.tells("drop")["closed_by"], "peer_reset");
    assert_eq!(stands(&mut watch, "resumed", 1)["phases"]["auth_ms"], Value::Null);
    cloud.gateway.expire(&key(1).id);
    cloud.gateway.trust(key(2));
    cloud.gateway.end_sessions(Farewell::Close);
    assert_eq!(watch.tells("drop")["closed_by"], "peer_close");
    for _ in 0..2 {
        let failed = watch.tells("attempt_failed");
        assert_eq!((&failed["phase"], &failed["http_status"]), (&json!("websocket"), &json!(403)));
    }
    assert!(stands(&mut watch, "deep_reconnected", 3)["phases"]["auth_ms"].is_number());
    let records = watch.end();
    assert_eq!(["connected", "drop", "attempt_failed"].map(|event| count(&records, event)), [3, 2, 2]);
    cloud.was_asked_for(&[SIGN_IN, LIST, SIGN_IN, LIST]);
    let statuses: Vec<u16> = cloud.gateway.visits().iter().map(|visit| visit.status).collect();
    assert_eq!(statuses, [101, 101, 403, 403, 101]);
    let export = cloud.home.run(&["export", "navien"]).json();
    let metrics = ["total_connection_drops", "failed_attempts"].map(|key| export["metrics"][key].clone());
    assert_eq!(metrics, [2, 2]);
    assert_eq!(export["devices"][0]["asked"], export["devices"][0]["answered"]);
}
