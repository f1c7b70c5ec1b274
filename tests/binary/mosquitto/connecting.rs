//! Reaching mosquitto over each transport, and what comes over it then.

use std::io::{Read, Write};
use std::net::TcpStream;

use nix::sys::signal::Signal;

use super::server::{Mosquitto, PASSWORD, USER};
use super::{QUICK, Watch};
use crate::program::{Home, recorded};

#[test]
fn each_transport_connects_and_times_its_own_phases() {
    let Some(broker) = Mosquitto::start("each transport connects") else { return };
    let ports = broker.ports;
    let ca = broker.certificates.ca.display().to_string();
    let (cert, key) = (
        broker.certificates.client.display().to_string(),
        broker.certificates.client_key.display().to_string(),
    );
    let trusting = ["--cafile", &ca];
    let certified = ["--cafile", &ca, "--cert", &cert, "--key", &key];
    let insecure = ["--insecure"];
    let mut rows: Vec<(String, &[&str], &[&str])> = vec![
        (format!("mqtt://127.0.0.1:{}", ports.plain), &[], &["tcp", "mqtt"]),
        (format!("mqtt://localhost:{}", ports.plain), &[], &["dns", "tcp", "mqtt"]),
        (format!("mqtts://localhost:{}", ports.tls), &trusting, &["dns", "tcp", "tls", "mqtt"]),
        (format!("mqtts://127.0.0.1:{}", ports.expired), &insecure, &["tcp", "tls", "mqtt"]),
        (
            format!("mqtts://localhost:{}", ports.client_certificate),
            &certified,
            &["dns", "tcp", "tls", "mqtt"],
        ),
        (format!("ws://127.0.0.1:{}", ports.websocket), &[], &["tcp", "websocket", "mqtt"]),
        (
            format!("wss://localhost:{}/mqtt", ports.websocket_tls),
            &trusting,
            &["dns", "tcp", "tls", "websocket", "mqtt"],
        ),
    ];
    if let Some(port) = ports.ipv6 {
        rows.push((format!("mqtt://[::1]:{port}"), &[], &["tcp", "mqtt"]));
    }
    for (url, options, phases) in rows {
        let mut watch = Watch::start(&Home::new(), &url, &[options, &["--topic", "a/#"]].concat());
        let connected = watch.tells("connected");
        assert_eq!(
            (&connected["kind"], &connected["return_code"]),
            (&"connected".into(), &0.into()),
            "{url}"
        );
        for phase in ["auth", "dns", "tcp", "tls", "websocket", "mqtt"] {
            let timed = connected["phases"][format!("{phase}_ms")].is_number();
            assert_eq!(timed, phases.contains(&phase), "{url}: {phase} in {connected}");
        }
        let subscribed = watch.tells("subscribed");
        assert_eq!((&subscribed["topic"], &subscribed["granted_qos"]), (&"a/#".into(), &0.into()), "{url}");
        watch.running.signal(Signal::SIGTERM);
        assert_eq!(watch.running.ended().code, Some(0), "{url}");
    }
}

#[test]
fn user_and_password_open_the_door() {
    let Some(broker) = Mosquitto::start("user and password open the door") else { return };
    let home = Home::new();
    let url = format!("mqtt://{USER}@127.0.0.1:{}", broker.ports.password);
    let mut command = home.command(&["watch", &url, "--format", "json", "--max-events", "1"]);
    command.env("NWDIAG_PASSWORD", PASSWORD);
    let done = crate::program::Running::start(command).ended();
    assert_eq!(done.code, Some(0));
    assert!(done.out.contains("\"event\":\"connected\""), "{}", done.out);
    assert!(!done.out.contains(PASSWORD));
}

#[test]
fn messages_of_every_qos_are_counted_once() {
    let Some(broker) = Mosquitto::start("messages of every QoS are counted once") else { return };
    let home = Home::new();
    let mut watch =
        Watch::start(&home, &broker.plain_url(), &["--topic", "t", "--qos", "2", "--client-id", "counter"]);
    watch.tells("subscribed");
    for qos in 0..=2 {
        broker.publish("t", qos, 100);
    }
    // The broker has heard of the last step of each, and what came before it on the stream was read before it.
    broker.logs("Received PUBACK from counter", 100);
    broker.logs("Received PUBCOMP from counter", 100);
    watch.running.signal(Signal::SIGTERM);
    assert_eq!(watch.tells("sample")["messages_received"], 300);
}

/// Sends messages as fast as the broker takes them, for as long as `go_on` says.
fn flood(port: u16, mut go_on: impl FnMut() -> bool) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01f").unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    let message = [&[0x30, 103, 0, 1, b't'][..], &[b'x'; 100]].concat();
    let batch = message.repeat(100);
    while go_on() {
        stream.write_all(&batch).unwrap();
    }
}

/// A broker ends a client from which it hears nothing for one and a half times the keep-alive, however much it sends.
#[test]
fn a_busy_topic_does_not_starve_the_broker_of_pings() {
    let Some(broker) = Mosquitto::start("a busy topic does not starve the broker") else { return };
    let home = Home::new();
    let mut watch = Watch::start(
        &home,
        &broker.plain_url(),
        &["--topic", "t", "--keep-alive", "2s", "--ping-timeout", "20s", "--duration", "8s"],
    );
    watch.tells("subscribed");
    let mut watching = true;
    std::thread::scope(|scope| {
        let port = broker.ports.plain;
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || flood(port, || stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty)));
        let sample = watch.tells("sample");
        watching &= sample["connected"] == true && sample["ping_rtt_ms"]["count"].as_u64() >= Some(2);
        drop(stop);
        println!(
            "busy topic: {} messages, pings {}",
            sample["messages_received"], sample["ping_rtt_ms"]["count"]
        );
        assert!(watching, "{sample}");
        assert!(sample["messages_received"].as_u64() > Some(1000), "{sample}");
    });
    assert_eq!(watch.tells("stop")["reason"], "duration");
}

#[test]
fn standard_output_and_journal_hold_the_same_lines() {
    let Some(mut broker) = Mosquitto::start("standard output and journal hold the same lines") else {
        return;
    };
    let home = Home::new();
    let mut watch = Watch::start(&home, &broker.plain_url(), &[&QUICK[..], &["--topic", "a"]].concat());
    watch.tells("subscribed");
    broker.end(Signal::SIGKILL);
    watch.tells("attempt_failed");
    watch.running.signal(Signal::SIGTERM);
    let done = watch.running.ended();
    let journal = home.journal(&format!("mqtt-127.0.0.1-{}", broker.ports.plain));
    assert_eq!(done.out, std::fs::read_to_string(&journal).unwrap());
    assert_eq!(recorded(&journal).last().unwrap()["event"], "stop");
}
