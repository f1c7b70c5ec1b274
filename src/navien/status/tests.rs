//! Requests byte by byte, and answers as they may come.

use super::*;

const MAC: &str = "aabbccddeeff";
const SESSION: &str = "39ba76cc64e745478c2b273ea9e6f815";

fn device() -> Device {
    Device {
        mac: MAC.to_owned(),
        device_type: 52,
        additional_value: "5322".to_owned(),
        cloud_connected: Some(true),
        cloud_error_code: None,
    }
}

fn asker() -> Asker {
    Asker { client_id: "navien-client-0123abcd".to_owned(), session_id: SESSION.to_owned() }
}

const REPLY: &str = "cmd/52/navilink-aabbccddeeff/navien-client-0123abcd/res";

fn read_value(message: &Value) -> Option<Answer> {
    read(&device(), &asker(), REPLY, message.to_string().as_bytes())
}

/// As the service documents an answer.
fn answer(status: &Value) -> Value {
    json!({"clientID": "navien-client-0123abcd", "sessionID": SESSION, "requestTopic": "x", "responseTopic": REPLY,
           "protocolVersion": 2,
           "response": {"command": 16_777_219, "deviceType": 52, "macAddress": MAC, "additionalValue": "5322",
                        "status": status}})
}

fn ours(wifi_dbm: Option<i32>, error_code: Option<i64>) -> Answer {
    Answer { to: Addressee::Us, status: Status { wifi_dbm, error_code } }
}

#[test]
fn a_request_holds_what_the_reference_client_sends() {
    let Request { topic, payload } = request(&device(), &asker());
    assert_eq!(topic, "cmd/52/navilink-aabbccddeeff/st");
    let expected = json!({
        "clientID": "navien-client-0123abcd", "sessionID": SESSION, "protocolVersion": 2,
        "request": {"command": 16_777_219, "deviceType": 52, "macAddress": MAC, "additionalValue": "5322"},
        "requestTopic": "cmd/52/navilink-aabbccddeeff/st",
        "responseTopic": REPLY});
    assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), expected);
}

#[test]
fn a_request_shows_no_name_of_its_appliance() {
    let shown = format!("{:?}", request(&device(), &asker()));
    assert!(!shown.contains(MAC) && !shown.contains(SESSION), "{shown}");
}

/// 33554432 and above change an appliance; 33554447 wipes its Wi-Fi.
#[test]
fn no_request_can_change_an_appliance() {
    let Request { topic, payload } = request(&device(), &asker());
    let request: Value = serde_json::from_slice(&payload).unwrap();
    let command = request["request"]["command"].as_u64().unwrap();
    assert!((16_777_216..33_554_432).contains(&command), "{command}");
    assert!(!topic.contains("/ctrl") && topic.starts_with("cmd/52/navilink-aabbccddeeff/st"), "{topic}");
    for key in ["mode", "param", "paramStr"] {
        assert!(request["request"].get(key).is_none() && request.get(key).is_none(), "{key}");
    }
}

#[test]
fn a_status_is_read_wherever_it_stands() {
    let status = json!({"wifiRssi": -61, "errorCode": 0, "other": {"deep": [1, 2]}});
    let rows = [
        answer(&status),
        json!({"response": {"st": status}}),
        json!({"status": status}),
        json!({"st": status, "sessionID": SESSION}),
        json!({"response": {"status": null}, "st": status}),
        json!({"response": {"status": status}, "st": {"wifiRssi": -99}, "request": {}}),
    ];
    for message in rows {
        assert_eq!(read_value(&message), Some(ours(Some(-61), Some(0))), "{message}");
    }
}

#[test]
fn numbers_are_read_as_they_may_be_written() {
    let rows = [
        (json!({"wifiRssi": -61, "errorCode": 596}), Some(-61), Some(596)),
        (json!({"wifiRssi": -61.4, "errorCode": 0.0}), Some(-61), Some(0)),
        (json!({"wifiRssi": "-70", "errorCode": "515"}), Some(-70), Some(515)),
        (json!({"wifiRssi": 0, "errorCode": -1}), None, Some(-1)),
        (json!({"wifiRssi": 40, "errorCode": 4_000_000_000_u64}), None, Some(4_000_000_000)),
        (json!({"wifiRssi": null, "errorCode": null}), None, None),
        (json!({"wifiRssi": "none", "errorCode": true}), None, None),
        (json!({"wifiRssi": -1e300, "errorCode": 1e300}), None, None),
        (json!({"wifiRssi": [], "errorCode": {}}), None, None),
        (json!({}), None, None),
    ];
    for (status, wifi_dbm, error_code) in rows {
        assert_eq!(read_value(&answer(&status)), Some(ours(wifi_dbm, error_code)), "{status}");
    }
}

#[test]
fn what_is_no_answer_of_this_appliance_is_passed_over() {
    let own = request(&device(), &asker());
    let mut foreign = answer(&json!({}));
    foreign["response"]["macAddress"] = json!("112233445566");
    let rows: [(&str, Vec<u8>); 9] = [
        (&own.topic, own.payload.clone()),
        (REPLY, foreign.to_string().into()),
        ("cmd/52/navilink-112233445566/x/res", answer(&json!({})).to_string().into()),
        (REPLY, json!({"response": {"command": 16_777_217, "feature": {}}}).to_string().into()),
        (REPLY, json!({"response": {"status": "fine"}}).to_string().into()),
        (REPLY, json!({"request": {"command": 33_554_433}, "status": {}}).to_string().into()),
        (REPLY, b"[1, 2]".to_vec()),
        (REPLY, b"{\"response\": {\"status\": {".to_vec()),
        (REPLY, vec![0xff, 0x00]),
    ];
    for (topic, payload) in rows {
        let told = read(&device(), &asker(), topic, &payload);
        assert_eq!(told, None, "{topic} {}", String::from_utf8_lossy(&payload));
    }
}

#[test]
fn nesting_without_end_is_garbage_and_no_danger() {
    for (open, shut) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{{\"status\":{{\"x\":{}1{}}}}}", open.repeat(20_000), shut.repeat(20_000));
        assert_eq!(read(&device(), &asker(), REPLY, deep.as_bytes()), None);
    }
}

#[test]
fn an_answer_to_another_client_is_told_from_ours() {
    let elsewhere = "cmd/52/navilink-aabbccddeeff/navien-client-ffffffff/res";
    let short = "cmd/52/navilink-aabbccddeeff/res";
    let rows = [
        (REPLY, json!({"sessionID": "other"}), Addressee::Another),
        (elsewhere, json!({"sessionID": SESSION}), Addressee::Us),
        (REPLY, json!({"clientID": "other"}), Addressee::Another),
        (elsewhere, json!({"clientID": "navien-client-0123abcd"}), Addressee::Us),
        (elsewhere, json!({}), Addressee::Another),
        (elsewhere, json!({"sessionID": null, "clientID": ""}), Addressee::Another),
        (REPLY, json!({"sessionID": 7}), Addressee::Us),
        (short, json!({}), Addressee::Us),
    ];
    for (topic, mut message, to) in rows {
        message["response"] = json!({"status": {}});
        let told = read(&device(), &asker(), topic, message.to_string().as_bytes());
        assert_eq!(told.map(|answer| answer.to), Some(to), "{topic} {message}");
    }
}
