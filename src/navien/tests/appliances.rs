//! Appliances behind the broker: asked, heard, given up, and never blamed for what our own connection did.

use serde_json::{Value, json};

use std::time::Duration;

use crate::event::failure::{Failure, StreamEnd, TcpFailure, TcpProblem};
use crate::event::{DeviceProbe, Event, Phase, Protocol};
use crate::navien::appliances::{ApplianceSettings, Appliances};
use crate::navien::device::Device;
use crate::navien::extension::device_list;
use crate::navien::status::Asker;
use crate::session::attempt::DialError;
use crate::session::rig::{PINGRESP, Rig, SECOND, packets, settings, subscribing};
use crate::session::run::Input;
use crate::session::settings::{ProtocolChoice, RunSettings};

const MAC: &str = "aabbccddeeff";
const SESSION: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "112233445566";
/// One code for each of one or two filters.
const GRANTED: &[u8] = &[0x90, 3, 0, 1, 1];
const BOTH_GRANTED: &[u8] = &[0x90, 4, 0, 1, 1, 1];

fn device(mac: &str, cloud_connected: Option<bool>) -> Device {
    let (mac, additional_value) = (mac.to_owned(), "5322".to_owned());
    Device { mac, device_type: 52, additional_value, cloud_connected, cloud_error_code: None }
}

/// Every 300 s.
const ASKING: Option<ApplianceSettings> = Some(ApplianceSettings { interval: Duration::from_mins(5) });

/// A run of an account with these appliances, before its first attempt is through.
fn rig_with(run: RunSettings, asking: Option<ApplianceSettings>, devices: Vec<Device>) -> Rig {
    let asker = Asker { client_id: "c".to_owned(), session_id: SESSION.to_owned() };
    let mut rig = Rig::extended(run, Box::new(Appliances::new(asking, asker)));
    rig.learned = Some(device_list(devices));
    rig
}

/// The same whose CONNECT was accepted.
fn rig_of(asking: Option<ApplianceSettings>, devices: Vec<Device>) -> Rig {
    let mut rig = rig_with(settings(), asking, devices);
    rig.connect();
    rig
}

/// One appliance, its topics granted and a first request out.
fn asked_once() -> Rig {
    let mut rig = rig_of(ASKING, vec![device(MAC, Some(true))]);
    rig.bytes(GRANTED);
    rig.written();
    rig
}

impl Rig {
    /// What was published since the last look: topic, packet identifier, message.
    fn requests(&mut self) -> Vec<(String, u16, Value)> {
        let sent = std::mem::take(&mut self.sent);
        let published = packets(&sent).into_iter().filter(|(first, _)| first >> 4 == 3);
        published
            .map(|(first, body)| {
                assert_eq!(first & 0b110, 0b010, "QoS 1");
                let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                let topic = String::from_utf8(body[2..end].to_vec()).unwrap();
                let id = u16::from_be_bytes([body[end], body[end + 1]]);
                (topic, id, serde_json::from_slice(&body[end + 2..]).unwrap())
            })
            .collect()
    }

    /// A message of the broker.
    fn publish(&mut self, topic: &str, payload: &[u8]) {
        let length = 2 + topic.len() + payload.len();
        let varint = [(length & 0x7f) | 0x80, (length >> 7 & 0x7f) | 0x80, length >> 14];
        let mut packet = vec![0x30];
        packet.extend(varint.map(|byte| u8::try_from(byte).unwrap()));
        packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
        packet.extend(topic.as_bytes());
        packet.extend(payload);
        self.bytes(&packet);
    }

    fn puback(&mut self, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.bytes(&[0x40, 2, high, low]);
    }

    /// The appliance answers to whoever asked with this session.
    fn answer(&mut self, mac: &str, session: &Value, status: &Value) {
        let message = json!({"sessionID": session, "response": {"command": 16_777_219, "macAddress": mac, "status": status}});
        self.publish(&format!("cmd/52/navilink-{mac}/c/res"), message.to_string().as_bytes());
    }

    fn probes(&self) -> Vec<&DeviceProbe> {
        let probes = self.events.iter();
        probes
            .filter_map(|(_, event)| if let Event::Device(probe) = event { Some(probe) } else { None })
            .collect()
    }

    /// The service answers with its device list, or not.
    fn answer_list(&mut self, list: Option<Vec<Device>>) {
        self.handle(Input::ServiceAnswered(list.map(device_list)));
    }

    fn lists(&self) -> usize {
        self.actions.iter().filter(|action| **action == "ask").count()
    }
}

fn silent(cloud_connected: Option<bool>) -> DeviceProbe {
    DeviceProbe {
        device: "aa...eeff".to_owned(),
        answered: Some(false),
        cloud_connected,
        ..DeviceProbe::default()
    }
}

#[test]
fn its_topics_are_subscribed_to_and_it_is_asked_right_after() {
    let mut rig = rig_of(ASKING, vec![device(MAC, None)]);
    let subscribe = packets(&rig.sent).into_iter().find(|(first, _)| first >> 4 == 8).unwrap();
    let filter = b"cmd/52/navilink-aabbccddeeff/#";
    assert!(subscribe.1.windows(filter.len()).any(|window| window == filter));
    rig.pass(5 * SECOND);
    assert_eq!(rig.requests(), [], "not before SUBACK");
    rig.bytes(GRANTED);
    let [(topic, _, message)] = &rig.requests()[..] else { panic!("one request") };
    assert_eq!(topic, "cmd/52/navilink-aabbccddeeff/st");
    assert_eq!((&message["clientID"], &message["request"]["command"]), (&json!("c"), &json!(16_777_219)));
    assert_eq!(message["sessionID"], SESSION);
}

#[test]
fn its_topics_stand_beside_what_the_user_asked_for_and_nothing_is_asked_for_twice() {
    let filter = "cmd/52/navilink-aabbccddeeff/#";
    let devices = vec![device(MAC, None), device(OTHER, None)];
    let mut rig = rig_with(subscribing(&["mine", filter]), None, devices);
    rig.connect();
    let (_, subscribe) = packets(&rig.sent).into_iter().find(|(first, _)| first >> 4 == 8).unwrap();
    let filters = [&b"\0\x04mine\x01"[..], b"\0\x1ecmd/52/navilink-aabbccddeeff/#\x01"].concat();
    let all = [&[0, 1][..], &filters, b"\0\x1ecmd/52/navilink-112233445566/#\x01"].concat();
    assert_eq!(subscribe, all);
}

#[test]
fn its_answer_is_timed_from_the_write_and_tells_how_it_is() {
    let mut rig = rig_of(ASKING, vec![device(MAC, Some(true))]);
    rig.bytes(GRANTED);
    let [(_, id, request)] = &rig.requests()[..] else { panic!("one request") };
    rig.pass(SECOND);
    rig.written();
    rig.puback(*id);
    rig.pass(Duration::from_millis(412));
    rig.answer(MAC, &request["sessionID"], &json!({"wifiRssi": -61, "errorCode": 0}));
    let expected = DeviceProbe {
        device: "aa...eeff".to_owned(),
        answered: Some(true),
        rtt_ms: Some(412.0),
        wifi_dbm: Some(-61),
        error_code: Some(0),
        cloud_connected: Some(true),
        cloud_error_code: None,
    };
    assert_eq!(rig.probes(), [&expected]);
    rig.answer(MAC, &request["sessionID"], &json!({}));
    assert_eq!(rig.probes().len(), 1, "a second answer is one to nobody");
}

#[test]
fn each_is_asked_at_the_interval_and_only_by_reading() {
    let mut rig = rig_of(ASKING, vec![device(MAC, None), device(OTHER, None)]);
    rig.bytes(BOTH_GRANTED);
    let mut asked = Vec::new();
    for _ in 0..10 {
        for (topic, id, request) in rig.requests() {
            assert_eq!(request["request"]["command"], 16_777_219, "{request}");
            let mac = request["request"]["macAddress"].as_str().unwrap().to_owned();
            rig.puback(id);
            rig.answer(&mac, &request["sessionID"], &json!({}));
            asked.push((rig.now.since_start().as_secs(), topic));
        }
        rig.pass_requests(100 * SECOND);
    }
    let times: Vec<u64> = asked.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 0, 300, 300, 600, 600, 900, 900]);
    assert_eq!(rig.probes().len(), 8);
    assert_eq!(rig.lists(), 0);
}

#[test]
fn without_the_wish_it_is_listened_to_and_never_asked() {
    let mut rig = rig_of(None, vec![device(MAC, None)]);
    rig.bytes(GRANTED);
    rig.pass_answered(1000 * SECOND);
    assert_eq!((rig.run.totals().messages_published, rig.probes().len()), (0, 0));
}

#[test]
fn silence_is_told_after_ten_seconds_and_a_fresh_word_of_the_service() {
    let mut rig = asked_once();
    let (_, id, request) = rig.requests().remove(0);
    rig.puback(id);
    rig.pass(9 * SECOND);
    assert_eq!((rig.lists(), rig.probes().len()), (0, 0));
    rig.pass(SECOND);
    assert_eq!((rig.lists(), rig.probes().len()), (1, 0), "the record waits for the list");
    rig.answer_list(Some(vec![device(MAC, Some(false)), device(OTHER, None)]));
    assert_eq!(rig.probes(), [&silent(Some(false))]);
    rig.answer(MAC, &request["sessionID"], &json!({}));
    assert_eq!(rig.probes().len(), 1, "a late answer is one to nobody");
}

#[test]
fn a_list_that_does_not_come_is_waited_for_half_a_minute() {
    for given in [None, Some(Vec::new())] {
        let mut rig = asked_once();
        let id = rig.requests().remove(0).1;
        rig.puback(id);
        rig.pass(10 * SECOND);
        match given {
            None => rig.pass(30 * SECOND),
            Some(list) => rig.answer_list(Some(list)),
        }
        assert_eq!(rig.probes(), [&silent(None)]);
    }
}

#[test]
fn the_service_is_asked_once_for_all_that_are_silent_together_and_once_a_minute_at_most() {
    let often = ApplianceSettings { interval: 15 * SECOND };
    let mut rig = rig_of(Some(often), vec![device(MAC, None), device(OTHER, None)]);
    rig.bytes(BOTH_GRANTED);
    for _ in 0..16 {
        rig.written();
        for (_, id, _) in rig.requests() {
            rig.puback(id);
        }
        let lists = rig.lists();
        rig.pass_requests(15 * SECOND);
        if rig.lists() > lists {
            rig.answer_list(Some(vec![device(MAC, Some(false))]));
        }
    }
    assert!(rig.probes().len() >= 20, "{}", rig.probes().len());
    assert!((3..=5).contains(&rig.lists()), "{} lists in four minutes", rig.lists());
}

#[test]
fn an_answer_outdates_a_list_that_called_it_gone() {
    let mut rig = rig_of(ASKING, vec![device(MAC, Some(false))]);
    rig.bytes(GRANTED);
    let request = rig.requests().remove(0).2;
    rig.answer(MAC, &request["sessionID"], &json!({}));
    assert_eq!((rig.probes()[0].answered, rig.probes()[0].cloud_connected), (Some(true), None));
}

/// The list keeps a fault of an appliance that is away, a lost Wi-Fi (596) for instance.
#[test]
fn the_services_last_fault_of_it_stands_in_each_record_as_the_latest_list_said_it() {
    let listed = |cloud_error_code| Device { cloud_error_code, ..device(MAC, Some(true)) };
    let asked = || {
        let mut rig = rig_of(ASKING, vec![listed(Some(596))]);
        rig.bytes(GRANTED);
        rig.written();
        let (_, id, request) = rig.requests().remove(0);
        rig.puback(id);
        (rig, request["sessionID"].clone())
    };
    let (mut rig, session) = asked();
    rig.answer(MAC, &session, &json!({}));
    assert_eq!((rig.probes()[0].answered, rig.probes()[0].cloud_error_code), (Some(true), Some(596)));
    for (list, code) in
        [(Some(vec![listed(Some(0))]), Some(0)), (Some(vec![listed(None)]), None), (None, None)]
    {
        let (mut rig, _) = asked();
        rig.pass(10 * SECOND);
        rig.answer_list(list);
        assert_eq!((rig.probes()[0].answered, rig.probes()[0].cloud_error_code), (Some(false), code));
    }
}

#[test]
fn an_answer_to_somebody_else_proves_that_it_lives_and_times_nothing() {
    let mut rig = asked_once();
    let id = rig.requests().remove(0).1;
    rig.puback(id);
    rig.pass(SECOND);
    rig.answer(MAC, &json!("another"), &json!({"wifiRssi": -70}));
    assert_eq!(rig.probes().len(), 0, "ours may still come");
    rig.pass(10 * SECOND);
    let expected = DeviceProbe {
        answered: Some(true),
        wifi_dbm: Some(-70),
        cloud_connected: Some(true),
        ..silent(None)
    };
    assert_eq!((rig.probes(), rig.lists()), (vec![&expected], 0));
}

#[test]
fn echoes_strangers_and_garbage_are_no_answers() {
    let mut rig = asked_once();
    let (topic, id, request) = rig.requests().remove(0);
    rig.puback(id);
    rig.publish(&topic, request.to_string().as_bytes());
    rig.answer(OTHER, &request["sessionID"], &json!({}));
    rig.publish("cmd/52/navilink-aabbccddeeff/c/res", b"{\"response\": {\"status\"");
    rig.publish("cmd/52/navilink-aabbccddeeff/c/res", "[".repeat(60_000).as_bytes());
    rig.publish("cmd/52/navilink-aabbccddeeff/c/res", &vec![b' '; 100_000]);
    assert_eq!((rig.probes().len(), rig.run.totals().messages_received), (0, 5));
    rig.answer(MAC, &request["sessionID"], &json!({"wifiRssi": -50}));
    assert_eq!(rig.probes()[0].wifi_dbm, Some(-50));
}

/// The session of these tests holds packets of 1,024 bytes, and an answer has about 4,000.
#[test]
fn an_answer_is_read_whatever_size_the_user_lets_other_packets_have() {
    let mut rig = asked_once();
    let request = rig.requests().remove(0).2;
    let fields = "field".repeat(800);
    rig.answer(MAC, &request["sessionID"], &json!({"wifiRssi": -50, "more": fields}));
    assert_eq!(rig.probes().len(), 1);
}

#[test]
fn a_request_that_a_drop_cuts_off_comes_to_nothing() {
    for pubacked in [false, true] {
        let mut rig = asked_once();
        let id = rig.requests().remove(0).1;
        if pubacked {
            rig.puback(id);
        }
        rig.pass(9 * SECOND);
        rig.end(StreamEnd::Fin);
        rig.pass(60 * SECOND);
        assert_eq!((rig.probes().len(), rig.lists()), (0, 0));
    }
}

#[test]
fn a_record_that_waits_for_the_list_goes_with_the_connection() {
    let mut rig = asked_once();
    let id = rig.requests().remove(0).1;
    rig.puback(id);
    rig.pass(12 * SECOND);
    rig.end(StreamEnd::Fin);
    rig.answer_list(Some(vec![device(MAC, Some(false))]));
    assert_eq!(rig.probes().len(), 0);
}

#[test]
fn while_the_connection_itself_is_silent_no_appliance_is_blamed() {
    let mut rig = asked_once();
    rig.pass(62 * SECOND);
    assert_eq!((rig.probes().len(), rig.lists(), rig.drops().len()), (0, 0, 0));
    rig.pass(2 * SECOND);
    assert_eq!((rig.probes().len(), rig.drops().len()), (0, 1), "{:?}", rig.names());
    let mut slow = asked_once();
    let (_, id, request) = slow.requests().remove(0);
    slow.pass(40 * SECOND);
    slow.puback(id);
    slow.pass(SECOND);
    slow.answer(MAC, &request["sessionID"], &json!({}));
    assert_eq!(slow.probes()[0].rtt_ms, Some(41_000.0), "the path was slow, and not the appliance");
}

/// A socket that takes nothing: what arrives on it says nothing of the request.
#[test]
fn a_request_that_has_not_left_this_host_blames_nobody() {
    let mut rig = rig_of(ASKING, vec![device(MAC, None)]);
    rig.bytes(GRANTED);
    rig.bytes(&[0x30, 3, 0, 1, b't']);
    rig.pass(30 * SECOND);
    assert_eq!((rig.probes().len(), rig.lists()), (0, 0));
    rig.written();
    rig.bytes(&[0x30, 3, 0, 1, b't']);
    rig.pass(10 * SECOND);
    assert_eq!(rig.lists(), 1);
}

#[test]
fn a_deadline_that_passed_while_this_host_slept_proves_nothing() {
    let mut rig = asked_once();
    let (_, id, request) = rig.requests().remove(0);
    rig.puback(id);
    rig.now = rig.now.plus(40 * SECOND);
    rig.wake();
    rig.pass(SECOND);
    rig.answer(MAC, &request["sessionID"], &json!({}));
    assert!(rig.probes().iter().all(|probe| probe.answered == Some(true)) && rig.probes().len() == 1);
}

#[test]
fn nothing_is_asked_while_the_connection_is_down_and_what_was_due_is_asked_at_once_behind_it() {
    let mut rig = asked_once();
    let (_, id, request) = rig.requests().remove(0);
    rig.puback(id);
    rig.answer(MAC, &request["sessionID"], &json!({}));
    rig.pass(20 * SECOND);
    rig.end(StreamEnd::Fin);
    rig.pass(5 * SECOND);
    rig.learned = None;
    rig.connect();
    rig.bytes(GRANTED);
    assert_eq!(rig.requests().len(), 0, "it was asked 25 s ago; the appliances of before are known still");
    rig.end(StreamEnd::Fin);
    rig.pass(600 * SECOND);
    assert_eq!(rig.requests().len(), 0);
    rig.connect();
    rig.bytes(GRANTED);
    assert_eq!(rig.requests().len(), 1);
}

/// A sign-in tells the list once: the attempt that it was for may fail behind it.
#[test]
fn appliances_that_a_failed_attempt_learned_are_known_to_the_next() {
    let mut rig = rig_with(settings(), ASKING, Vec::new());
    let refused = TcpFailure { address: None, problem: TcpProblem::Refused, addresses: 1, failed: 1 };
    let learned = Some(device_list(vec![device(MAC, None)]));
    rig.fail(DialError { learned, ..DialError::new(Phase::Tcp, Failure::Tcp(refused)) });
    rig.pass(5 * SECOND);
    rig.learned = None;
    rig.connect();
    rig.bytes(GRANTED);
    assert_eq!(rig.requests().len(), 1);
}

#[test]
fn an_appliance_whose_topics_are_refused_is_not_asked() {
    let mut rig = rig_of(ASKING, vec![device(MAC, None), device(OTHER, None)]);
    rig.bytes(&[0x90, 4, 0, 1, 0x80, 1]);
    let topics: Vec<String> = rig.requests().into_iter().map(|(topic, ..)| topic).collect();
    assert_eq!(topics, ["cmd/52/navilink-112233445566/st"]);
}

#[test]
fn a_request_that_the_broker_does_not_take_blames_nobody() {
    let five = RunSettings { protocol: ProtocolChoice::Only(Protocol::V5), ..settings() };
    let mut rig = rig_with(five, ASKING, vec![device(MAC, None)]);
    rig.dialled();
    rig.bytes(&[0x20, 3, 0, 0, 0]);
    rig.sent.clear();
    rig.bytes(&[0x90, 4, 0, 1, 0, 1]);
    assert_eq!(rig.run.totals().messages_published, 1);
    rig.bytes(&[0x40, 4, 0, 2, 0x87, 0]);
    rig.pass(40 * SECOND);
    assert_eq!((rig.probes().len(), rig.lists()), (0, 0));
}

#[test]
fn records_hold_no_mac() {
    let mut rig = asked_once();
    rig.pass(SECOND);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.last_drop().last_sent_topic.as_deref(), Some("cmd/52/navilink-aa...eeff/st"));
    for (_, event) in &rig.events {
        assert!(!format!("{event:?}").contains(MAC), "{event:?}");
    }
}

#[test]
fn records_of_appliances_count_as_events() {
    let mut run = settings();
    run.limits.max_events = Some(2);
    let mut rig = rig_with(run, ASKING, vec![device(MAC, None)]);
    rig.connect();
    rig.bytes(GRANTED);
    let request = rig.requests().remove(0).2;
    rig.answer(MAC, &request["sessionID"], &json!({}));
    assert_eq!(rig.names()[rig.names().len() - 3..], ["device", "sample", "stop"]);
}

#[test]
fn a_mac_that_would_reach_into_other_topics_is_left_alone() {
    let mut rig = rig_of(ASKING, vec![device("#", None), device("a/+", None)]);
    rig.pass_answered(700 * SECOND);
    assert_eq!(rig.run.totals().messages_published, 0);
}

#[test]
fn a_house_full_of_appliances_is_asked_piece_by_piece_and_no_more_than_32() {
    let devices = (0..40).map(|number| device(&format!("aabbccdd{number:04x}"), None)).collect();
    let mut rig = rig_of(ASKING, devices);
    for _ in 0..4 {
        rig.bytes(&[0x90, 10, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    }
    let mut asked = 0;
    while let requests @ [_, ..] = &rig.requests()[..] {
        assert!(requests.len() <= 16);
        asked += requests.len();
        for (_, id, _) in requests {
            rig.puback(*id);
        }
    }
    assert_eq!(asked, 32);
}

impl Rig {
    /// Lets time pass with a broker that answers pings, and keeps what was published.
    fn pass_requests(&mut self, span: Duration) {
        let until = self.now.plus(span);
        while self.now < until {
            self.pass(SECOND);
            if packets(&self.sent).iter().any(|(first, _)| *first == 0xc0) {
                let kept = packets(&self.sent).into_iter().filter(|(first, _)| *first != 0xc0);
                let kept = kept.flat_map(|(first, body)| [vec![first], length(body.len()), body].concat());
                self.sent = kept.collect();
                self.bytes(PINGRESP);
            }
        }
    }
}

fn length(bytes: usize) -> Vec<u8> {
    let low = u8::try_from(bytes & 0x7f).unwrap();
    if bytes < 128 { vec![low] } else { vec![low | 0x80, u8::try_from(bytes >> 7).unwrap()] }
}
