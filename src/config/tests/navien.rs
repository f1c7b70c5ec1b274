//! `watch navien`: what it needs, and what it leaves no choice about.

use std::time::Duration;

use super::*;
use crate::event::Protocol;
use crate::session::settings::ProtocolChoice;

const ACCOUNT: [(&str, &str); 2] =
    [("NAVIEN_EMAIL", "me@home.example"), ("NAVIEN_PASSWORD", "hunter2 is mine")];

fn watch(line: &str, more: Variables<'_>) -> WatchConfig {
    match resolved(line, &[&ACCOUNT, more].concat()) {
        Config::Watch(watch) => *watch,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn an_account_is_all_that_is_needed() {
    let watch = watch("nwdiag watch navien", &[]);
    let navien = watch.navien.as_ref().unwrap();
    assert_eq!((navien.email.reveal(), navien.password.reveal()), ("me@home.example", "hunter2 is mine"));
    assert_eq!(navien.service.to_string(), "https://nlus.naviensmartcontrol.com/api/v2.1");
    let (run, target) = (&watch.run, &watch.run.target);
    assert_eq!(target.url, "wss://a1t30mldyslmuq-ats.iot.us-east-1.amazonaws.com:443/mqtt");
    assert_eq!((target.name.as_str(), target.client_id.as_str()), ("navien", "navien-client-5f0c2a91"));
    assert_eq!((target.topics.len(), target.protocol.as_str()), (0, "3.1.1"));
    assert_eq!(target.service.as_deref(), Some("navien"));
    assert_eq!(run.protocol, ProtocolChoice::Only(Protocol::V311));
    assert_eq!((run.session.keep_alive, run.session.clean_session), (Duration::from_mins(1), true));
    assert_eq!(navien.appliances, None);
    assert_eq!(watch.tls.alpn, ["http/1.1"]);
    assert_eq!(watch.journal, JournalChoice::File("/home/me/.local/state/nwdiag/navien.jsonl".into()));
    let shown = format!("{watch:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("me@home.example"), "{shown}");
}

#[test]
fn service_broker_and_session_may_be_set() {
    let line =
        "nwdiag watch navien --navien-api https://localhost:8443/api/ --keep-alive 5m --protocol 5 --probe";
    let watch = watch(line, &[("NWDIAG_NAVIEN_ENDPOINT", "[::1]:9443")]);
    let navien = watch.navien.unwrap();
    assert_eq!(navien.service.to_string(), "https://localhost:8443/api");
    assert_eq!(navien.broker.to_string(), "wss://[::1]:9443/mqtt");
    assert_eq!(watch.tls.alpn, Vec::<String>::new());
    assert_eq!(watch.run.session.keep_alive, Duration::from_mins(5));
    assert_eq!(watch.run.target.protocol, "5");
    assert_eq!(navien.appliances.unwrap().interval, Duration::from_mins(5));
    assert!(watch.run.probe.is_none());
}

#[test]
fn variables_for_other_targets_do_nothing_here() {
    let others = [
        ("NWDIAG_TOPIC", "a\nb"),
        ("NWDIAG_QOS", "2"),
        ("NWDIAG_USERNAME", "somebody"),
        ("NWDIAG_PASSWORD", "else"),
        ("NWDIAG_PASSWORD_FILE", "f"),
        ("NWDIAG_CERT", "c"),
        ("NWDIAG_KEY", "k"),
        ("NWDIAG_AWS_SIGV4", "eu-west-1"),
        ("NWDIAG_PROBE_INTERVAL", "7m"),
        ("NWDIAG_CAFILE", "ca.pem"),
    ];
    let watch = watch("nwdiag watch navien", &others);
    let session = &watch.run.session;
    assert!(session.filters.is_empty() && session.username.is_none() && session.password.is_none());
    assert!(watch.password_file.is_none() && watch.aws.is_none() && watch.tls.identity.is_none());
    assert_eq!((watch.run.probe.is_none(), watch.navien.unwrap().appliances), (true, None));
    assert_eq!(watch.tls.cafile, Some("ca.pem".into()));
}

#[test]
fn its_variables_do_nothing_elsewhere() {
    let variables = [("NWDIAG_NAVIEN_API", "https://h"), ("NWDIAG_NAVIEN_ENDPOINT", "h:1")];
    assert!(watch("nwdiag watch mqtt://h", &variables).navien.is_none());
    assert!(matches!(resolved("nwdiag summary navien", &[]), Config::Summary(_)));
}
