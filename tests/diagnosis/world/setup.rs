//! Who watches what: the client's settings, its host, the broker's address, the path between them, the traffic.
//!
//! Defaults are those of `nwdiag watch`; a minority of users changes them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use nwdiag::event::{Protocol, TargetFacts, Transport};
use nwdiag::session::settings::{ProtocolChoice, ReconnectSettings};

use super::path::Path;
use super::zone::Zone;
use crate::chance::Chance;

/// All that is settled before a journal begins.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The instant of the first record, by a clock that is right.
    pub(crate) begins: DateTime<Utc>,
    pub(crate) zone: Zone,
    pub(crate) host: Host,
    pub(crate) place: Place,
    pub(crate) asked: ProtocolChoice,
    /// What the broker speaks at most.
    pub(crate) speaks: Protocol,
    pub(crate) client_id: String,
    pub(crate) clean_session: bool,
    pub(crate) keep_alive: f64,
    pub(crate) ping_interval: f64,
    pub(crate) ping_timeout: f64,
    pub(crate) connect_timeout: f64,
    pub(crate) reconnect: ReconnectSettings,
    pub(crate) topics: Vec<(String, u8)>,
    pub(crate) refused_topic: Option<usize>,
    pub(crate) traffic: Traffic,
    pub(crate) publisher: Option<Publisher>,
    pub(crate) path: Path,
    pub(crate) greeting: Greeting,
}

/// The host that `watch` runs on.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// Linux tells of sockets, links and suspension; elsewhere there is null.
    pub(crate) linux: bool,
    pub(crate) interface: &'static str,
    /// An interface that the connection does not use.
    pub(crate) spare: Option<&'static str>,
    pub(crate) address: String,
    /// Signal in dBm, where the interface is a Wi-Fi link of Linux.
    pub(crate) signal: Option<f64>,
}

/// Where the broker is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) transport: Transport,
    pub(crate) host: String,
    /// Addresses are dialled without asking a resolver.
    pub(crate) literal: bool,
    pub(crate) aws: bool,
    pub(crate) port: u16,
    pub(crate) peers: Vec<String>,
}

/// What arrives for our subscriptions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Traffic {
    Idle,
    /// Telemetry: seconds between messages.
    Regular(f64),
    /// Without memory: mean seconds between messages.
    Random(f64),
    /// Groups: mean seconds between groups, messages in one, seconds between those.
    Bursts(f64, u64, f64),
}

/// Messages of our own, at QoS 1: probes, which hold a counter, or others.
#[derive(Debug, Clone)]
pub(crate) struct Publisher {
    pub(crate) topic: String,
    pub(crate) interval: f64,
    /// Messages in a row, and seconds between them.
    pub(crate) burst: (u64, f64),
    /// Payload bytes: usual ones, and a rare larger one with its share.
    pub(crate) bytes: (f64, f64),
    pub(crate) large: Option<(f64, f64, f64)>,
}

/// What CONNACK says beside yes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Greeting {
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) maximum_packet: Option<u32>,
    pub(crate) receive_maximum: Option<u16>,
}

const KEEP_ALIVES: [f64; 15] =
    [5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 90.0, 120.0, 180.0, 230.0, 240.0, 300.0, 600.0, 900.0, 1200.0];
const REGIONS: [&str; 6] =
    ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-southeast-2"];
const TOPICS: [&str; 8] = [
    "#",
    "home/+/state",
    "zigbee2mqtt/#",
    "sensors/+/temperature",
    "devices/a1/status",
    "cmd/52/resp",
    "plant/line-3/#",
    "tele/+/STATE",
];

impl Setup {
    /// A user.
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let place = Place::draw(chance);
        let keep_alive = if chance.likely(0.55) { 60.0 } else { chance.pick(&KEEP_ALIVES) };
        let topics = topics(chance);
        let own_id = chance.likely(0.55);
        let speaks = if chance.likely(0.6) { Protocol::V5 } else { Protocol::V311 };
        Self {
            begins: begins(chance),
            zone: Zone::draw(chance),
            host: Host::draw(chance),
            asked: asked(speaks, chance),
            speaks,
            client_id: client_id(own_id, chance),
            clean_session: !own_id || chance.likely(0.7),
            keep_alive,
            ping_interval: ping_interval(keep_alive, chance),
            ping_timeout: chance.weigh(&[
                (7.0, 3.0),
                (0.5, 1.0),
                (0.5, 2.0),
                (0.8, 5.0),
                (0.7, 10.0),
                (0.3, 15.0),
                (0.2, 30.0),
            ]),
            connect_timeout: chance.weigh(&[(8.5, 10.0), (0.5, 5.0), (0.5, 20.0), (0.5, 30.0)]),
            reconnect: reconnect(chance),
            traffic: if topics.is_empty() { Traffic::Idle } else { Traffic::draw(chance) },
            topics,
            refused_topic: None,
            publisher: chance.likely(0.25).then(|| Publisher::probe(chance)),
            path: Path::draw(place.literal && place.host.starts_with("192.168"), chance),
            greeting: Greeting::draw(place.aws, chance),
            place,
        }
    }

    /// The version that sessions speak.
    pub(crate) fn protocol(&self) -> Protocol {
        match self.asked {
            ProtocolChoice::Auto => self.speaks,
            ProtocolChoice::Only(protocol) => protocol,
        }
    }

    /// The user chose the name, so that somebody else can have the same.
    pub(crate) fn name_client(&mut self, chance: &mut Chance) {
        self.client_id = client_id(true, chance);
    }

    /// Sessions are in MQTT 5.
    pub(crate) fn speak_five(&mut self) {
        self.speaks = Protocol::V5;
        if self.asked == ProtocolChoice::Only(Protocol::V311) {
            self.asked = ProtocolChoice::Auto;
        }
    }

    /// The transport changes, and the port with it; an AWS endpoint knows only TLS and WSS.
    pub(crate) fn move_to(&mut self, transport: Transport) {
        self.place.transport = transport;
        self.place.port = port(transport);
        self.place.aws &= matches!(transport, Transport::Tls | Transport::Wss);
        if !self.place.aws && self.place.host.ends_with("amazonaws.com") {
            "broker.example.net".clone_into(&mut self.place.host);
        }
    }

    /// Keep-alive and silence before a ping.
    pub(crate) fn ping_every(&mut self, interval: f64) {
        self.ping_interval = interval;
        self.keep_alive = self.keep_alive.max(interval);
    }

    pub(crate) fn framed(&self) -> bool {
        matches!(self.place.transport, Transport::Ws | Transport::Wss)
    }

    pub(crate) fn encrypted(&self) -> bool {
        matches!(self.place.transport, Transport::Tls | Transport::Wss)
    }

    /// As `start` tells it.
    pub(crate) fn facts(&self) -> TargetFacts {
        let place = &self.place;
        let scheme = scheme(place.transport);
        let path = if self.framed() { "/mqtt" } else { "" };
        TargetFacts {
            name: format!("{scheme}-{}-{}", place.host, place.port),
            url: format!("{scheme}://{}:{}{path}", place.host, place.port),
            transport: Some(place.transport),
            protocol: self.asked.as_str().to_owned(),
            client_id: self.client_id.clone(),
            keep_alive_seconds: Some(self.keep_alive),
            ping_interval_seconds: Some(self.ping_interval),
            ping_timeout_seconds: Some(self.ping_timeout),
            clean_session: Some(self.clean_session),
            topics: self.topics.iter().map(|(topic, _)| topic.clone()).collect(),
            ..TargetFacts::default()
        }
    }
}

impl Host {
    fn draw(chance: &mut Chance) -> Self {
        let linux = chance.likely(0.8);
        let wifi = chance.likely(0.5);
        let interface = match (linux, wifi) {
            (true, true) => chance.pick(&["wlan0", "wlp2s0", "wlp0s20f3"]),
            (true, false) => chance.pick(&["eth0", "enp3s0", "eno1", "end0"]),
            (false, _) => "en0",
        };
        Self {
            name: chance
                .pick(&["raspberrypi", "nas", "desk", "gateway-7", "homeassistant", "build-2"])
                .to_owned(),
            linux,
            interface,
            spare: (linux && chance.likely(0.5))
                .then(|| chance.pick(&["docker0", "veth8a1c20e", "br-4f1d", "tailscale0", "usb0"])),
            address: format!("192.168.{}.{}", chance.whole(0, 200), chance.whole(2, 250)),
            signal: (linux && wifi).then(|| chance.between(-72.0, -38.0)),
        }
    }
}

impl Place {
    fn draw(chance: &mut Chance) -> Self {
        let aws = chance.likely(0.25);
        let transport = if aws {
            chance.pick(&[Transport::Tls, Transport::Wss])
        } else {
            chance.weigh(&[
                (4.0, Transport::Tcp),
                (3.0, Transport::Tls),
                (1.3, Transport::Ws),
                (2.0, Transport::Wss),
            ])
        };
        let literal = !aws && chance.likely(0.25);
        let peers: Vec<String> = (0..chance.whole(1, 4)).map(|_| address(chance)).collect();
        let host = match (aws, literal) {
            (true, _) => format!("a{}-ats.iot.{}.amazonaws.com", chance.hex(13), chance.pick(&REGIONS)),
            (false, true) if chance.likely(0.7) => format!("192.168.1.{}", chance.whole(2, 250)),
            (false, true) => peers[0].clone(),
            (false, false) => chance
                .pick(&[
                    "broker.example.net",
                    "mqtt.example.com",
                    "iot.example.org",
                    "mosquitto.lan",
                    "emqx.example.io",
                ])
                .to_owned(),
        };
        let peers = if literal { vec![host.clone()] } else { peers };
        Self { transport, host, literal, aws, port: port(transport), peers }
    }
}

impl Traffic {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let every = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0];
        let kind = chance.unit();
        if kind < 0.3 {
            Self::Idle
        } else if kind < 0.65 {
            Self::Regular(chance.pick(&every))
        } else if kind < 0.85 {
            Self::Random(chance.spread(3.0, 900.0))
        } else {
            Self::Bursts(chance.spread(60.0, 1800.0), chance.whole(3, 30), chance.spread(0.05, 1.0))
        }
    }
}

impl Publisher {
    /// `--probe`: a counter.
    pub(crate) fn probe(chance: &mut Chance) -> Self {
        Self {
            topic: chance.pick(&["nwdiag/probe", "test/probe", "diag/ping"]).to_owned(),
            interval: chance.weigh(&[(6.0, 60.0), (1.0, 10.0), (1.0, 30.0), (1.0, 120.0), (1.0, 300.0)]),
            burst: (1, 0.0),
            bytes: (1.0, 5.0),
            large: None,
        }
    }
}

impl Greeting {
    fn draw(aws: bool, chance: &mut Chance) -> Self {
        if aws {
            return Self {
                server_keep_alive: chance.likely(0.3).then_some(1200),
                maximum_packet: Some(149_504),
                receive_maximum: Some(100),
            };
        }
        Self {
            server_keep_alive: chance.likely(0.1).then(|| chance.pick(&[60, 120, 300])),
            maximum_packet: chance.likely(0.3).then(|| chance.pick(&[65_535, 262_144, 1_048_576, 2_000_000])),
            receive_maximum: chance.likely(0.4).then(|| chance.pick(&[10, 20, 32, 100])),
        }
    }
}

fn asked(speaks: Protocol, chance: &mut Chance) -> ProtocolChoice {
    if chance.likely(0.8) { ProtocolChoice::Auto } else { ProtocolChoice::Only(speaks) }
}

fn ping_interval(keep_alive: f64, chance: &mut Chance) -> f64 {
    if chance.likely(0.75) { keep_alive } else { (keep_alive * chance.between(0.1, 0.9)).round().max(1.0) }
}

fn client_id(own: bool, chance: &mut Chance) -> String {
    if own {
        let name =
            chance.pick(&["gateway", "sensor-hub", "thermostat", "default", "office_display", "node-red"]);
        format!("{name}-{}", chance.whole(1, 99))
    } else {
        format!("nwdiag-{}", chance.hex(8))
    }
}

fn reconnect(chance: &mut Chance) -> ReconnectSettings {
    let (min, max) =
        chance.weigh(&[(8.5, (1.0, 120.0)), (0.5, (0.5, 30.0)), (0.5, (2.0, 60.0)), (0.5, (5.0, 300.0))]);
    ReconnectSettings {
        min: Duration::from_secs_f64(min),
        max: Duration::from_secs_f64(max),
        deep_every: if chance.likely(0.9) { 10 } else { 5 },
        max_attempts: None,
    }
}

fn topics(chance: &mut Chance) -> Vec<(String, u8)> {
    let qos = u8::from(chance.likely(0.35));
    let count = chance.weigh(&[(1.2, 0), (6.0, 1), (2.0, 2), (0.8, 4)]);
    let mut all = TOPICS.to_vec();
    (0..count)
        .map(|_| {
            (all.swap_remove(usize::try_from(chance.whole(0, all.len() as u64 - 1)).unwrap()).to_owned(), qos)
        })
        .collect()
}

fn begins(chance: &mut Chance) -> DateTime<Utc> {
    let [first, last] = [1_672_531_200.0, 1_830_297_600.0];
    moment(chance.between(first, last))
}

fn address(chance: &mut Chance) -> String {
    let net = chance.pick(&["203.0.113", "198.51.100", "192.0.2"]);
    format!("{net}.{}", chance.whole(1, 254))
}

const fn port(transport: Transport) -> u16 {
    match transport {
        Transport::Tcp => 1883,
        Transport::Tls => 8883,
        Transport::Ws => 80,
        Transport::Wss => 443,
    }
}

const fn scheme(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "mqtt",
        Transport::Tls => "mqtts",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

/// Seconds since 1970 as a time, to the microsecond.
#[expect(clippy::cast_possible_truncation, reason = "a date of this century")]
pub(crate) fn moment(unix_seconds: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros((unix_seconds * 1e6).round() as i64).unwrap()
}
