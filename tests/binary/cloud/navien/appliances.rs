//! Doubles of appliances: mosquitto's own clients, which hear all that reaches the broker and answer as they are told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::mosquitto::server::Mosquitto;
use crate::needs::find;

/// A message as it reached the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) topic: String,
    pub(super) payload: String,
}

impl Heard {
    /// The message as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_default()
    }
}

/// How an appliance takes a request for its status.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// It says this, each time.
    Says(fn(&Value) -> Heard),
    /// The same, after so long.
    SaysAfter(Duration, fn(&Value) -> Heard),
    /// It is not there.
    Silent,
}

/// One that is well.
pub(super) const WELL: Manner = Manner::Says(|asked| well(asked, json!({ "wifiRssi": -58, "errorCode": 0 })));

/// All appliances of a house, as long as it is held.
pub(super) struct Appliances {
    ear: Child,
    house: Arc<House>,
    thread: Option<JoinHandle<()>>,
}

struct House {
    port: String,
    /// By MAC.
    manners: Mutex<BTreeMap<String, Manner>>,
    heard: Mutex<Vec<Heard>>,
    said: Mutex<Vec<Heard>>,
}

impl Appliances {
    /// They are there once this returns.
    pub(super) fn start(broker: &Mosquitto, manners: impl IntoIterator<Item = (String, Manner)>) -> Self {
        let port = broker.ports.plain.to_string();
        let ear = ["-h", "127.0.0.1", "-p", &port, "-i", "appliances", "-q", "1", "-t", "#", "-F", "%t %p"];
        let mut command = Command::new(find("mosquitto_sub").unwrap());
        let mut ear = command.args(ear).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let house = Arc::new(House {
            port,
            manners: Mutex::new(manners.into_iter().collect()),
            heard: Mutex::default(),
            said: Mutex::default(),
        });
        let (out, living) = (ear.stdout.take().unwrap(), Arc::clone(&house));
        let thread = std::thread::spawn(move || live(&living, out));
        broker.logs("Sending SUBACK to appliances", 1);
        Self { ear, house, thread: Some(thread) }
    }

    /// From now on this one has these manners.
    pub(super) fn change(&self, mac: &str, manner: Manner) {
        self.house.manners.lock().unwrap().insert(mac.to_owned(), manner);
    }

    /// What reached the broker and did not come from them.
    pub(super) fn heard_of_others(&self) -> Vec<Heard> {
        let said = self.house.said.lock().unwrap();
        let heard = self.house.heard.lock().unwrap();
        heard.iter().filter(|heard| !said.contains(heard)).cloned().collect()
    }
}

impl Drop for Appliances {
    fn drop(&mut self) {
        // Both say no more than that it has ended already.
        let _ = self.ear.kill();
        let _ = self.ear.wait();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.transpose().unwrap();
        }
    }
}

/// Hears until there is nothing more to hear.
fn live(house: &Arc<House>, ear: impl Read) {
    let mut late = Vec::new();
    for line in BufReader::new(ear).lines() {
        let line = line.unwrap();
        let (topic, payload) = line.split_once(' ').unwrap();
        let heard = Heard { topic: topic.to_owned(), payload: payload.to_owned() };
        house.heard.lock().unwrap().push(heard.clone());
        match house.manner(&heard) {
            Manner::Says(words) => house.say(words(&heard.json())),
            Manner::SaysAfter(span, words) => {
                let house = Arc::clone(house);
                late.push(std::thread::spawn(move || house.say_after(span, words(&heard.json()))));
            }
            Manner::Silent => {}
        }
    }
    for late in late {
        late.join().unwrap();
    }
}

impl House {
    /// How the appliance takes it: whatever is no request for a status is nothing to it.
    fn manner(&self, heard: &Heard) -> Manner {
        let asked = heard.topic.strip_prefix("cmd/52/navilink-").and_then(|rest| rest.strip_suffix("/st"));
        let manners = self.manners.lock().unwrap();
        asked.and_then(|mac| manners.get(mac)).copied().unwrap_or(Manner::Silent)
    }

    fn say(&self, words: Heard) {
        self.said.lock().unwrap().push(words.clone());
        let Heard { topic, payload } = words;
        let arguments =
            ["-h", "127.0.0.1", "-p", &self.port, "-i", "appliance", "-q", "1", "-t", &topic, "-m", &payload];
        // A broker that has ended meanwhile hears no answers.
        let _ = Command::new(find("mosquitto_pub").unwrap()).args(arguments).output().unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "an appliance that takes its time lives in real time")]
    fn say_after(&self, span: Duration, words: Heard) {
        std::thread::sleep(span);
        self.say(words);
    }
}

/// An answer to `request` under the topic that it asks for, whose `response` is this.
pub(super) fn answer(request: &Value, response: &Value) -> Heard {
    answer_of(request, &json!({ "response": response }))
}

/// The same, with these fields in the place of `response`.
pub(super) fn answer_of(request: &Value, fields: &Value) -> Heard {
    let keys = ["clientID", "sessionID", "requestTopic", "responseTopic", "protocolVersion"];
    let mut answer: Value = keys.iter().map(|key| ((*key).to_owned(), request[key].clone())).collect();
    answer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Heard { topic: request["responseTopic"].as_str().unwrap().to_owned(), payload: answer.to_string() }
}

/// The answer of an appliance that is well, with these fields in its status and those of the reference library's beside.
pub(super) fn well(request: &Value, status: Value) -> Heard {
    answer(request, &response(request, "status", status))
}

/// What stands in `response`, with the status under `key`.
pub(super) fn response(request: &Value, key: &str, mut status: Value) -> Value {
    let own = json!({ "subErrorCode": 0, "faultStatus1": 0, "dhwTemperature": 118, "operationMode": 32 });
    status.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let mut response = request["request"].clone();
    response.as_object_mut().unwrap().insert(key.to_owned(), status);
    response
}
