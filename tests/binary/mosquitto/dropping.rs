//! Ends of a session that mosquitto really brings about.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::server::Mosquitto;
use super::{QUICK, Watch};
use crate::program::Home;
use crate::watch::unix_seconds;

fn export(home: &Home, url: &str) -> Value {
    home.run(&["export", url]).json()
}

#[test]
fn a_killed_broker_is_a_drop_then_refused_attempts_then_a_recovery() {
    let Some(mut broker) = Mosquitto::start("a killed broker is a drop") else { return };
    let (home, url) = (Home::new(), broker.plain_url());
    let mut watch = Watch::start(&home, &url, &[&QUICK[..], &["--topic", "home/#"]].concat());
    assert_eq!(watch.tells("connected")["attempt_number"], 0);
    watch.tells("subscribed");
    let killed = unix_seconds();
    broker.end(Signal::SIGKILL);
    let drop = watch.tells("drop");
    let after = drop["unix_seconds"].as_f64().unwrap() - killed;
    println!("kill -9 to drop: {:.1} ms", after * 1e3);
    assert!(after < 2.0, "{after} s");
    assert_eq!((&drop["error_name"], &drop["error_code"]), (&"AWS_IO_SOCKET_CLOSED".into(), &1051.into()));
    assert_eq!(drop["closed_by"], "peer_close");
    assert_eq!(drop["active_subscriptions"], 1);
    for attempt in 1..=3 {
        let failed = watch.tells("attempt_failed");
        assert_eq!((&failed["attempt_number"], &failed["phase"]), (&attempt.into(), &"tcp".into()));
        assert_eq!(failed["error_name"], "AWS_IO_SOCKET_CONNECTION_REFUSED");
        assert_eq!(failed["error_code"], 1047);
        assert!(failed["next_attempt_seconds"].as_f64() > Some(0.0));
    }
    broker.start_again();
    let connected = watch.tells("connected");
    assert_eq!(connected["kind"], "resumed");
    assert!(connected["attempt_number"].as_u64() >= Some(4));
    assert!(connected["time_to_reconnect_seconds"].as_f64() > Some(0.4));
    let metrics = &export(&home, &url)["metrics"];
    assert_eq!(metrics["total_connection_drops"], 1);
    assert_eq!(metrics["connection_recovered"], 1);
    assert_eq!(metrics["connected"], true);
    assert_eq!(metrics["failed_attempts"], connected["attempt_number"].as_u64().unwrap() - 1);
    let page = home.run(&["summary", &url]).page();
    assert!(page.contains("● connected for") && page.contains("AWS_IO_SOCKET_CLOSED"), "{page}");
}

#[test]
fn a_paused_broker_is_a_timeout_within_the_bound_and_its_answer_comes_late() {
    let Some(broker) = Mosquitto::start("a paused broker is a timeout") else { return };
    let home = Home::new();
    let mut watch = Watch::start(&home, &broker.plain_url(), &QUICK);
    watch.tells("connected");
    broker.signal(Signal::SIGSTOP);
    let paused = unix_seconds();
    let drop = watch.tells("drop");
    broker.signal(Signal::SIGCONT);
    assert_eq!(
        (&drop["closed_by"], &drop["error_name"]),
        (&"timeout".into(), &"AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT".into())
    );
    assert_eq!(drop["last_sent_packet"], "PINGREQ");
    let silent = drop["last_received_seconds"].as_f64().unwrap();
    let after = drop["unix_seconds"].as_f64().unwrap() - paused;
    println!("half-open: noticed {after:.3} s after the pause, bound 2 s");
    assert!(silent < 4.0 && after < 4.0, "heard {silent} s before, paused {after} s before");
    let [late, back] = watch.tells_both(["late_answer", "connected"]);
    assert!(late["seconds"].as_f64() > Some(1.0), "{late}");
    assert_eq!(back["kind"], "resumed");
}

#[test]
fn a_second_client_with_the_same_id_takes_over() {
    let Some(broker) = Mosquitto::start("a second client takes over") else { return };
    let (home, other) = (Home::new(), Home::new());
    let mut first =
        Watch::start(&home, &broker.plain_url(), &[&QUICK[..], &["--client-id", "twin"]].concat());
    first.tells("connected");
    let mut second =
        Watch::start(&other, &broker.plain_url(), &[&QUICK[..], &["--client-id", "twin"]].concat());
    second.tells("connected");
    assert_eq!(first.tells("drop")["closed_by"], "peer_close");
    assert_eq!(second.tells("drop")["closed_by"], "peer_close");
}

#[test]
fn an_orderly_stop_of_the_broker_looks_like_its_transport() {
    let Some(mut broker) = Mosquitto::start("an orderly stop looks like its transport") else { return };
    let ports = broker.ports;
    let ca = broker.certificates.ca.display().to_string();
    let urls = [
        format!("mqtt://localhost:{}", ports.plain),
        format!("mqtts://localhost:{}", ports.tls),
        format!("ws://localhost:{}", ports.websocket),
        format!("wss://localhost:{}", ports.websocket_tls),
    ];
    let homes: Vec<Home> = urls.iter().map(|_| Home::new()).collect();
    let mut watches: Vec<Watch> = urls
        .iter()
        .zip(&homes)
        .map(|(url, home)| {
            let trusting = ["--cafile", &ca];
            let options: &[&str] =
                if url.contains("s://localhost") && !url.starts_with("ws:") { &trusting } else { &[] };
            Watch::start(home, url, options)
        })
        .collect();
    for watch in &mut watches {
        watch.tells("connected");
    }
    broker.end(Signal::SIGTERM);
    for (watch, url) in watches.iter_mut().zip(&urls) {
        let drop = watch.tells("drop");
        println!("{url}: {} {} {}", drop["closed_by"], drop["error_name"], drop["websocket_close_code"]);
        assert_eq!(drop["closed_by"], "peer_close", "{url}: {drop}");
        let code = drop["websocket_close_code"].as_u64();
        assert_eq!(code.is_some(), url.starts_with("ws"), "{url}: {drop}");
    }
}
