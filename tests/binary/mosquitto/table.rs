//! The table of faults against a real mosquitto: four faults, each over every transport in both versions at once, from
//! one broker that serves them all.

use nix::sys::signal::Signal;

use super::server::Mosquitto;
use super::{QUICK, Watch};
use crate::program::Home;
use crate::table;

const VERSIONS: [&str; 2] = ["3.1.1", "5"];

/// What a drop tells: who closed, the name and number of the error, the reason code.
type End = (&'static str, &'static str, i32, Option<u8>);

const FIN: End = ("peer_close", "AWS_IO_SOCKET_CLOSED", 1051, None);
/// TLS `close_notify`, or a WebSocket close frame.
const HANGUP: End = ("peer_close", "AWS_ERROR_MQTT_UNEXPECTED_HANGUP", 5134, None);
const fn disconnect(reason_code: u8) -> End {
    ("peer_disconnect", "AWS_ERROR_MQTT5_DISCONNECT_RECEIVED", 5154, Some(reason_code))
}

/// The ends that are right, over TCP, TLS, WS and WSS. What mosquitto 2.0.11 brings about stands first; where another
/// stands behind it, other versions end their connections in another order or say more.
struct Expected {
    by_transport: [&'static [End]; 4],
    /// What MQTT 5 may say instead, and 2.0.11 does not.
    only_in_5: End,
}

/// A session of the program over one transport in one version.
struct Session {
    watch: Watch,
    transport: usize,
    version: usize,
    client_id: String,
    _home: Home,
}

const TRANSPORTS: [&str; 4] = ["tcp", "tls", "ws", "wss"];

fn urls(broker: &Mosquitto) -> [String; 4] {
    let ports = broker.ports;
    [
        format!("mqtt://localhost:{}", ports.plain),
        format!("mqtts://localhost:{}", ports.tls),
        format!("ws://localhost:{}", ports.websocket),
        format!("wss://localhost:{}", ports.websocket_tls),
    ]
}

/// One session for each cell of the table, with these options, all of them up.
fn sessions(broker: &Mosquitto, options: &[&str]) -> Vec<Session> {
    let ca = broker.certificates.ca.display().to_string();
    let urls = urls(broker);
    let cells = (0..4).flat_map(|transport| (0..2).map(move |version| (transport, version)));
    let mut sessions: Vec<Session> = cells
        .map(|(transport, version)| {
            let client_id = format!("{}-{}", TRANSPORTS[transport], VERSIONS[version]);
            let home = Home::new();
            let own = ["--protocol", VERSIONS[version], "--client-id", &client_id];
            let trusting = ["--cafile", ca.as_str()];
            let encrypted = ["tls", "wss"].contains(&TRANSPORTS[transport]);
            let trusting = if encrypted { &trusting[..] } else { &[] };
            let watch = Watch::start(&home, &urls[transport], &[options, &own, trusting].concat());
            Session { watch, transport, version, client_id, _home: home }
        })
        .collect();
    for session in &mut sessions {
        session.watch.tells("connected");
    }
    sessions
}

impl Expected {
    fn ends(&self, session: &Session) -> Vec<End> {
        let ends = self.by_transport[session.transport].iter().copied();
        let more = (VERSIONS[session.version] == "5").then_some(self.only_in_5);
        ends.chain(more).collect()
    }
}

/// Prints what every session tells of its end, and compares all of it before it fails.
fn check(fault: &str, sessions: Vec<Session>, ends: impl Fn(&Session) -> Vec<End>) {
    let mut wrong = Vec::new();
    for mut session in sessions {
        let drop = session.watch.tells("drop");
        table::print_end("mosquitto", fault, TRANSPORTS[session.transport], &drop);
        let code = drop["reason_code"].as_u64().map(|code| u8::try_from(code).unwrap());
        let is_told = |(closed_by, name, number, reason): &End| {
            drop["closed_by"] == *closed_by
                && drop["error_name"] == *name
                && drop["error_code"] == *number
                && code == *reason
        };
        // A close code tells how a WebSocket stream ended, and nothing else has one.
        let is_framed_end = session.transport >= 2 && drop["closed_by"] == "peer_close";
        let is_right = ends(&session).iter().any(is_told)
            && drop["protocol"] == VERSIONS[session.version]
            && drop["websocket_close_code"].is_number() == is_framed_end;
        if !is_right {
            wrong.push(format!("{}: {drop}\n  expected {:?}", session.client_id, ends(&session)));
        }
    }
    assert!(wrong.is_empty(), "mosquitto {fault}:\n{}", wrong.join("\n"));
}

#[test]
fn a_killed_broker() {
    let Some(mut broker) = Mosquitto::start("the table: a killed broker") else { return };
    let sessions = sessions(&broker, &[]);
    broker.end(Signal::SIGKILL);
    check("killed", sessions, |_| vec![FIN]);
}

#[test]
fn a_broker_that_stands_still() {
    let Some(broker) = Mosquitto::start("the table: a broker that stands still") else { return };
    let sessions = sessions(&broker, &QUICK);
    broker.signal(Signal::SIGSTOP);
    let names = [("AWS_ERROR_MQTT_TIMEOUT", 5129), ("AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT", 5152)];
    check("paused", sessions, |session| {
        let (name, number) = names[session.version];
        vec![("timeout", name, number, None)]
    });
}

#[test]
fn a_broker_that_stops_in_order() {
    let Some(mut broker) = Mosquitto::start("the table: a broker that stops in order") else { return };
    let sessions = sessions(&broker, &[]);
    broker.end(Signal::SIGTERM);
    let expected = Expected {
        by_transport: [&[FIN], &[HANGUP, FIN], &[FIN, HANGUP], &[FIN, HANGUP]],
        only_in_5: disconnect(0x8b),
    };
    check("stopped", sessions, |session| expected.ends(session));
}

#[test]
fn a_session_that_another_client_takes_over() {
    let Some(broker) = Mosquitto::start("the table: a session taken over") else { return };
    let sessions = sessions(&broker, &[]);
    for session in &sessions {
        broker.publish_as(&session.client_id, "t");
    }
    let expected = Expected {
        by_transport: [&[FIN], &[HANGUP, FIN], &[FIN, HANGUP], &[HANGUP, FIN]],
        only_in_5: disconnect(0x8e),
    };
    check("taken over", sessions, |session| expected.ends(session));
}
