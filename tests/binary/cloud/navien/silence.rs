//! An appliance that is away while our own connection is well, told apart from a connection that drops.

use serde_json::json;

use super::appliances::{Appliances, WELL};
use super::exchange::Reply;
use super::state::{Action, LIST, MAC, SIGN_IN, device};
use super::whole::Cloud;
use crate::cloud::gateway::Farewell;
use crate::program::{count, wait_for};

#[test]
fn an_appliance_that_is_offline_is_named_and_our_connection_is_called_fine() {
    let Some(cloud) = Cloud::start("an appliance that is offline is named") else { return };
    let other = "001122334455";
    cloud.service.state().devices = vec![device(MAC, &json!(1)), device(other, &json!(2))];
    let _appliances = Appliances::start(&cloud.broker, [(other.to_owned(), WELL)]);
    let mut watch = cloud.usual_watch(&["--probe", "--probe-interval", "1s"]);
    for _ in 0..2 {
        let silent = wait_for("a silent appliance", || {
            Some(watch.tells("device")).filter(|told| told["device"] == "aa...eeff")
        });
        let said =
            ["answered", "rtt_ms", "wifi_dbm", "error_code", "cloud_connected"].map(|key| &silent[key]);
        let null = serde_json::Value::Null;
        assert_eq!(said, [&json!(false), &null, &null, &null, &json!(false)], "{silent}");
    }
    watch.end();
    let page = cloud.home.run(&["summary", "navien"]).page();
    println!("{page}");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = "Verdict: our connection is fine; the appliance aa...eeff behind it does not answer (appliance_offline, ";
    for said in [verdict, "the service itself listed it as not connected", "Drops 0"] {
        assert!(words.contains(said), "'{said}' in {page}");
    }
    assert!(words.contains("aa...eeff 0 of 2"), "{page}");
    let export = cloud.home.run(&["export", "navien"]).json();
    let finding = &export["findings"][0];
    assert_eq!(finding["cause"], "appliance_offline", "{finding}");
    assert_eq!(export["metrics"]["total_connection_drops"], 0);
    let devices = export["devices"].as_array().unwrap();
    let silent = devices.iter().find(|device| device["device"] == "aa...eeff").unwrap();
    let said = ["asked", "answered", "unanswered_streak"].map(|key| silent[key].as_u64().unwrap());
    assert_eq!((said, &silent["cloud_connected"]), ([2, 0, 2], &json!(false)), "{silent}");
    assert!(!page.contains(MAC) && !export.to_string().contains(MAC));
}

#[test]
fn appliances_are_not_blamed_for_a_connection_of_ours_that_drops() {
    let Some(cloud) = Cloud::start("appliances are not blamed") else { return };
    let _appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    let mut watch = cloud.watch(&["--probe", "--probe-interval", "1s"]);
    for farewell in [Farewell::Reset, Farewell::Silence, Farewell::Close, Farewell::Silence] {
        watch.tells("subscribed");
        assert_eq!(watch.tells("device")["answered"], true);
        cloud.gateway.end_sessions(farewell);
        watch.tells("drop");
    }
    watch.tells("connected");
    let records = watch.end();
    let silent = records.iter().filter(|record| record["answered"] == false).count();
    assert_eq!((silent, count(&records, "drop")), (0, 4));
    let export = cloud.home.run(&["export", "navien"]).json();
    let findings = export["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["cause"] != "appliance_offline"), "{findings:?}");
}

/// The service takes 30 s until it is given up, and the way back needs nothing of it.
#[test]
fn a_way_back_does_not_wait_for_a_device_list_that_hangs() {
    let Some(cloud) = Cloud::start("a way back does not wait for a list") else { return };
    cloud.next(LIST, Action::Ordinary);
    cloud.next(LIST, Action::Reply(Reply::Silence));
    let mut watch = cloud.watch(&["--probe", "--probe-interval", "10m"]);
    watch.tells("subscribed");
    // Asked for once the appliance, which is not there, has been silent for ten seconds.
    wait_for("the list for the silent appliance", || {
        let paths = cloud.service.state().paths().len();
        (paths == [SIGN_IN, LIST, LIST].len()).then_some(())
    });
    cloud.gateway.end_sessions(Farewell::Close);
    watch.tells("drop");
    let connected = watch.tells("connected");
    assert!(connected["time_to_reconnect_seconds"].as_f64() < Some(10.0), "{connected}");
    watch.end();
}
