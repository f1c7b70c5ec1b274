//! What appliances answer, and what becomes of it in the journal and in the export; and that nothing but harmless
//! questions ever reaches them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::appliances::{Appliances, Heard, Manner, WELL, answer, answer_of, response, well};
use super::state::{MAC, device, key};
use super::whole::Cloud;
use crate::cloud::gateway::{Farewell, Packet, Quirk};
use crate::program::{count, wait_for};
use Manner::{Says, SaysAfter, Silent};

/// What the device list says of an appliance.
const CONNECTED: u8 = 2;
const GONE: u8 = 1;

/// What becomes of a request in its record.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Told {
    answered: bool,
    /// The round trip took at least so long, ms; `None` where it has none.
    rtt_ms: Option<f64>,
    wifi_dbm: Option<i64>,
    error_code: Option<i64>,
    cloud_connected: Option<bool>,
}

/// An answer in time with this signal and this error, of an appliance that the service calls connected.
const fn told(wifi_dbm: Option<i64>, error_code: Option<i64>) -> Told {
    Told { answered: true, rtt_ms: Some(0.0), wifi_dbm, error_code, cloud_connected: Some(true) }
}

const UNANSWERED: Told =
    Told { answered: false, rtt_ms: None, wifi_dbm: None, error_code: None, cloud_connected: Some(true) };

/// An appliance: what it does, what the device list says of it, and what is told.
#[derive(Debug, Clone, Copy)]
struct Row(&'static str, Manner, u8, Told);

/// What becomes of [`usual`].
const USUAL: Told = told(Some(-61), Some(0));

fn usual(asked: &Value) -> Heard {
    well(asked, json!({ "wifiRssi": -61, "errorCode": 0 }))
}

/// Appliances that are slow, or away, or not what the service holds them for.
fn rows_of_presence() -> Vec<Row> {
    let later = SaysAfter(Duration::from_secs(2), usual);
    let gone = Told { cloud_connected: Some(false), ..UNANSWERED };
    vec![
        Row("it answers", Says(usual), CONNECTED, USUAL),
        Row("late", later, CONNECTED, Told { rtt_ms: Some(2000.0), ..USUAL }),
        Row("never", Silent, CONNECTED, UNANSWERED),
        Row("never, and gone", Silent, GONE, gone),
        Row("listed as gone", Says(usual), GONE, Told { cloud_connected: None, ..USUAL }),
    ]
}

/// What may stand in a status.
fn rows_of_status() -> Vec<Row> {
    let row = |what, words, told| Row(what, Says(words), CONNECTED, told);
    vec![
        row("no signal", |asked| well(asked, json!({ "errorCode": 0 })), told(None, Some(0))),
        row(
            "a signal of 0",
            |asked| well(asked, json!({ "wifiRssi": 0, "errorCode": 0 })),
            told(None, Some(0)),
        ),
        row(
            "a signal of null",
            |asked| well(asked, json!({ "wifiRssi": null, "errorCode": 0 })),
            told(None, Some(0)),
        ),
        row("no error", |asked| well(asked, json!({ "wifiRssi": -61 })), told(Some(-61), None)),
        row(
            "a fault of its Wi-Fi",
            |asked| well(asked, json!({ "wifiRssi": -88, "errorCode": 596 })),
            told(Some(-88), Some(596)),
        ),
        row(
            "an unknown error",
            |asked| well(asked, json!({ "errorCode": 31_337 })),
            told(None, Some(31_337)),
        ),
    ]
}

/// Where a status may stand, and what is none.
fn rows_of_shape() -> Vec<Row> {
    let row = |what, words, told| Row(what, Says(words), CONNECTED, told);
    vec![
        row(
            "st",
            |asked| answer(asked, &response(asked, "st", json!({ "wifiRssi": -70 }))),
            told(Some(-70), None),
        ),
        row(
            "top status",
            |asked| answer_of(asked, &json!({ "status": { "wifiRssi": -71 } })),
            told(Some(-71), None),
        ),
        row("top st", |asked| answer_of(asked, &json!({ "st": { "wifiRssi": -72 } })), told(Some(-72), None)),
        row("a level deeper", deeper, USUAL),
        row("no envelope", bare, told(Some(-63), None)),
        row("another's session", another, Told { rtt_ms: None, ..told(Some(-62), Some(0)) }),
        row("another's MAC", foreign, UNANSWERED),
        row("broken JSON", broken, UNANSWERED),
    ]
}

fn foreign(asked: &Value) -> Heard {
    answer(asked, &json!({ "macAddress": "ffeeddccbbaa", "status": { "wifiRssi": -61 } }))
}

fn broken(asked: &Value) -> Heard {
    Heard { payload: "{\"response\":{\"status\":{".to_owned(), ..usual(asked) }
}

fn bare(asked: &Value) -> Heard {
    let response = response(asked, "status", json!({ "wifiRssi": -63 }));
    Heard { payload: json!({ "response": response }).to_string(), ..usual(asked) }
}

fn another(asked: &Value) -> Heard {
    let mut other = asked.clone();
    other["sessionID"] = json!("0123456789abcdef0123456789abcdef");
    well(&other, json!({ "wifiRssi": -62, "errorCode": 0 }))
}

fn deeper(asked: &Value) -> Heard {
    let Heard { topic, payload } = usual(asked);
    Heard { topic: format!("{topic}/did/st"), payload }
}

fn mac(number: usize) -> String {
    format!("aabbccdd{number:04}")
}

fn masked(number: usize) -> String {
    format!("aa...{number:04}")
}

/// Checks what a record, or the export, says of the appliance of this row.
#[track_caller]
fn check(Row(what, _, _, expected): &Row, record: &Value, (answered, rtt_ms): (bool, &Value)) {
    let number = |key: &str| record[key].as_i64();
    let rtt_ms = rtt_ms.as_f64();
    let told = Told {
        answered,
        rtt_ms: rtt_ms.and(expected.rtt_ms),
        wifi_dbm: number("wifi_dbm"),
        error_code: number("error_code"),
        cloud_connected: record["cloud_connected"].as_bool(),
    };
    assert_eq!((told, rtt_ms.is_some()), (*expected, expected.rtt_ms.is_some()), "{what}: {record}");
    // A percentile may be off by half of 1 %.
    assert!(rtt_ms >= expected.rtt_ms.map(|least| least * 0.995), "{what}: {record}");
}

#[test]
fn what_an_appliance_answers_comes_to_what_the_table_says() {
    let Some(cloud) = Cloud::start("what an appliance answers") else { return };
    let rows = [rows_of_presence(), rows_of_status(), rows_of_shape()].concat();
    let devices = rows.iter().enumerate().map(|(number, row)| device(&mac(number), &json!(row.2)));
    cloud.service.state().devices = devices.collect();
    let manners = rows.iter().enumerate().map(|(number, row)| (mac(number), row.1));
    let _appliances = Appliances::start(&cloud.broker, manners);
    let mut watch = cloud.usual_watch(&["--probe", "--probe-interval", "10m"]);
    let told: Vec<Value> = rows.iter().map(|_| watch.tells("device")).collect();
    let records = watch.end();
    assert_eq!((count(&records, "device"), count(&records, "subscribed")), (rows.len(), rows.len()));
    let export = cloud.home.run(&["export", "navien"]).json();
    for (number, row) in rows.iter().enumerate() {
        let record = told.iter().find(|record| record["device"] == masked(number)).unwrap();
        check(row, record, (record["answered"] == true, &record["rtt_ms"]));
        let entries = export["devices"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["device"] == masked(number)).unwrap();
        assert_eq!((&entry["asked"], &entry["undecided"]), (&json!(1), &json!(0)), "{entry}");
        check(row, entry, (entry["answered"] == 1, &entry["rtt_ms"]["p50"]));
    }
}

/// M8: the broker says nothing of the request, and the answer proves that it was taken.
#[test]
fn an_answer_counts_though_the_broker_never_acknowledges_the_request() {
    let Some(cloud) = Cloud::start("an answer counts without PUBACK") else { return };
    let _appliances = Appliances::start(&cloud.broker, [(MAC.to_owned(), WELL)]);
    cloud.gateway.treat(Quirk::Withholds(Packet::Puback));
    let mut watch = cloud.usual_watch(&["--probe", "--probe-interval", "1s"]);
    for _ in 0..2 {
        assert_eq!(watch.tells("device")["answered"], true);
    }
    watch.end();
}

/// The commands of requests that only read (contract of the service): status and info.
const READING: [u64; 2] = [16_777_219, 16_777_217];

#[track_caller]
fn check_harmless(heard: &Heard, macs: &BTreeSet<String>) {
    let message = heard.json();
    let keys: Vec<&str> = message.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["clientID", "protocolVersion", "request", "requestTopic", "responseTopic", "sessionID"];
    assert_eq!(keys, expected, "{heard:?}");
    let request = &message["request"];
    let fields: Vec<&str> = request.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["additionalValue", "command", "deviceType", "macAddress"], "{heard:?}");
    assert!(READING.contains(&request["command"].as_u64().unwrap()), "{heard:?}");
    let mac = request["macAddress"].as_str().unwrap();
    assert!(macs.contains(mac), "{heard:?}");
    let begin = format!("cmd/52/navilink-{mac}/st");
    assert!([&begin, &format!("{begin}/did")].contains(&&heard.topic), "{heard:?}");
    assert_eq!(message["requestTopic"], heard.topic);
}

#[test]
fn nothing_but_questions_that_only_read_is_ever_published() {
    let Some(cloud) = Cloud::start("nothing but questions is ever published") else { return };
    let macs: BTreeSet<String> = (0..11).map(mac).collect();
    cloud.service.state().devices = macs.iter().map(|mac| device(mac, &json!(CONNECTED))).collect();
    let appliances = Appliances::start(&cloud.broker, macs.iter().skip(1).map(|mac| (mac.clone(), WELL)));
    let options = ["--probe", "--probe-interval", "1s", "--deep-reconnect-every", "2"];
    let mut watch = cloud.watch(&options);
    (2..6).for_each(|turn| cloud.gateway.trust(key(turn)));
    for farewell in [Farewell::Reset, Farewell::Close, Farewell::Silence, Farewell::Reset] {
        watch.tells("connected");
        (0..3).for_each(|_| drop(watch.tells("device")));
        cloud.gateway.refuse((farewell == Farewell::Close).then_some(403));
        cloud.gateway.end_sessions(farewell);
        if farewell == Farewell::Close {
            (0..2).for_each(|_| drop(watch.tells("attempt_failed")));
            cloud.gateway.refuse(None);
        }
    }
    watch.tells("connected");
    appliances.change(&mac(0), WELL);
    wait_for("the silent one", || {
        let told = watch.tells("device");
        (told["device"] == masked(0) && told["answered"] == true).then_some(())
    });
    assert!(count(&watch.end(), "drop") >= 4);
    let published = cloud.broker.logged("Received PUBLISH from navien-client-");
    let heard = wait_for("all that was published", || {
        Some(appliances.heard_of_others()).filter(|heard| heard.len() >= published)
    });
    assert_eq!(heard.len(), published, "mosquitto took as many as were heard");
    assert!(published > 2 * macs.len(), "{published}");
    for heard in &heard {
        check_harmless(heard, &macs);
    }
    let asked: BTreeSet<String> = heard
        .iter()
        .map(|heard| heard.json()["request"]["macAddress"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(asked, macs);
}
