//! `watch`: command line and environment to settings.

use std::time::Duration;

use super::*;
use crate::event::Qos;
use crate::secret::Secret;

fn watch(line: &str, variables: Variables<'_>) -> WatchConfig {
    match resolved(line, variables) {
        Config::Watch(watch) => *watch,
        other => panic!("{line}: {other:?}"),
    }
}

/// What a row looks at, as text.
type View = fn(&WatchConfig) -> String;

fn session_view(watch: &WatchConfig) -> String {
    let session = &watch.run.session;
    let spans = [session.keep_alive, session.ping_interval, session.ping_timeout, watch.run.connect_timeout];
    let spans = spans.map(|span| humantime::format_duration(span).to_string()).join(" ");
    format!("{} {spans} clean={} max={}", session.client_id, session.clean_session, session.max_packet_bytes)
}

fn reconnect_view(watch: &WatchConfig) -> String {
    let reconnect = &watch.run.reconnect;
    let [min, max] = [reconnect.min, reconnect.max].map(humantime::format_duration);
    format!("{min} {max} {} {:?}", reconnect.deep_every, reconnect.max_attempts)
}

fn topics_view(watch: &WatchConfig) -> String {
    let topics =
        watch.run.session.filters.iter().map(|filter| format!("{}@{}", filter.topic, filter.qos.level()));
    topics.collect::<Vec<_>>().join(" ")
}

fn probe_view(watch: &WatchConfig) -> String {
    watch
        .run
        .probe
        .as_ref()
        .map_or("none".to_owned(), |probe| format!("{} {:?}", probe.topic, probe.interval))
}

fn protocol_view(watch: &WatchConfig) -> String {
    format!("{:?} {}", watch.run.protocol, watch.run.target.protocol)
}

fn user_view(watch: &WatchConfig) -> String {
    let password = watch.run.session.password.as_ref().map(|secret| secret.reveal().to_owned());
    format!("{:?} {password:?} {:?}", watch.run.session.username, watch.password_file)
}

fn journal_view(watch: &WatchConfig) -> String {
    match &watch.journal {
        JournalChoice::File(path) => path.display().to_string(),
        JournalChoice::None => "none".to_owned(),
    }
}

fn limits_view(watch: &WatchConfig) -> String {
    format!("{:?} {:?}", watch.run.limits, watch.run.reconnect.max_attempts)
}

fn sample_view(watch: &WatchConfig) -> String {
    format!("{:?}", watch.run.sample_interval)
}

fn tls_view(watch: &WatchConfig) -> String {
    format!("{:?}", watch.tls)
}

fn display_view(watch: &WatchConfig) -> String {
    let Display { color, zone, verbosity } = watch.display;
    format!("{color:?} {zone:?} {verbosity:?} {:?}", watch.output)
}

fn target_view(watch: &WatchConfig) -> String {
    let facts = &watch.run.target;
    format!("{} {} {} {}", facts.name, facts.url, watch.run.transport, facts.protocol)
}

fn check(rows: &[(&str, Variables<'_>, View, &str)]) {
    for (line, variables, view, expected) in rows {
        assert_eq!(view(&watch(line, variables)), *expected, "{line} {variables:?}");
    }
}

#[test]
fn a_broker_has_patient_defaults_and_the_demo_quick_ones() {
    check(&[
        ("nwdiag watch mqtt://h", &[], session_view, "nwdiag-5f0c2a91 1m 1m 3s 10s clean=true max=1048576"),
        ("nwdiag watch demo", &[], session_view, "nwdiag-5f0c2a91 10s 2s 1s 3s clean=true max=1048576"),
        (
            "nwdiag watch demo --keep-alive 1s",
            &[],
            session_view,
            "nwdiag-5f0c2a91 1s 1s 1s 3s clean=true max=1048576",
        ),
        (
            "nwdiag watch demo --ping-interval 5s --ping-timeout 2s --connect-timeout 1s",
            &[],
            session_view,
            "nwdiag-5f0c2a91 10s 5s 2s 1s clean=true max=1048576",
        ),
        ("nwdiag watch mqtt://h", &[], reconnect_view, "1s 2m 10 None"),
        ("nwdiag watch demo", &[], reconnect_view, "300ms 2s 10 None"),
        ("nwdiag watch mqtt://h", &[], topics_view, ""),
        ("nwdiag watch demo", &[], topics_view, "demo/#@1"),
        ("nwdiag watch demo --topic a --qos 0", &[], topics_view, "a@0"),
        ("nwdiag watch demo", &[], target_view, "demo mqtt://127.0.0.1 tcp auto"),
        ("nwdiag watch wss://h/x?sig=1", &[], target_view, "wss-h-443 wss://h:443/x wss auto"),
    ]);
    assert_eq!(watch("nwdiag watch demo", &[]).warnings, [""; 0]);
}

#[test]
fn session_options_are_resolved() {
    check(&[
        (
            "nwdiag watch mqtt://h --client-id me --clean-session false --keep-alive 2m --max-packet 64KiB",
            &[],
            session_view,
            "me 2m 2m 3s 10s clean=false max=65536",
        ),
        (
            "nwdiag watch mqtt://h --keep-alive 65535s --max-packet 16",
            &[("NWDIAG_PING_INTERVAL", "1s")],
            session_view,
            "nwdiag-5f0c2a91 18h 12m 15s 1s 3s 10s clean=true max=16",
        ),
        ("nwdiag watch mqtt://h", &[], protocol_view, "Auto auto"),
        ("nwdiag watch mqtt://h --protocol 3.1.1", &[], protocol_view, "Only(V311) 3.1.1"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_PROTOCOL", "5")], protocol_view, "Only(V5) 5"),
        ("nwdiag watch mqtt://h", &[], probe_view, "none"),
        ("nwdiag watch mqtt://h --probe", &[], probe_view, "nwdiag/probe 60s"),
        ("nwdiag watch mqtt://h --probe=a/b --probe-interval 5s", &[], probe_view, "a/b 5s"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_PROBE", "a b")], probe_view, "a b 60s"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_PROBE_INTERVAL", "5s")], probe_view, "none"),
        ("nwdiag watch mqtt://h --topic a --topic b/# --topic a --qos 2", &[], topics_view, "a@2 b/#@2"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_TOPIC", "a b\nc,d")], topics_view, "a b@0 c,d@0"),
        ("nwdiag watch mqtt://h", &[], sample_view, "60s"),
        ("nwdiag watch demo", &[], sample_view, "60s"),
        ("nwdiag watch mqtt://h --sample-interval 1s", &[], sample_view, "1s"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_SAMPLE_INTERVAL", "24h")], sample_view, "86400s"),
        ("nwdiag watch mqtt://h --reconnect-min 5m", &[], reconnect_view, "5m 5m 10 None"),
        ("nwdiag watch mqtt://h --reconnect-max 500ms", &[], reconnect_view, "500ms 500ms 10 None"),
        (
            "nwdiag watch mqtt://h --reconnect-min 2s --reconnect-max 2s --deep-reconnect-every 1 --max-attempts 3",
            &[],
            reconnect_view,
            "2s 2s 1 Some(3)",
        ),
        (
            "nwdiag watch mqtt://h --duration 24h --max-events 5",
            &[("NWDIAG_MAX_ATTEMPTS", "7")],
            limits_view,
            "Limits { duration: Some(86400s), max_events: Some(5) } Some(7)",
        ),
    ]);
}

#[test]
fn the_run_knows_its_target_as_the_journal_tells_it() {
    let watch = watch("nwdiag watch mqtt://h --topic a/#", &[]);
    let facts = watch.run.target;
    assert_eq!(facts.keep_alive_seconds, Some(60.0));
    assert_eq!((facts.ping_interval_seconds, facts.ping_timeout_seconds), (Some(60.0), Some(3.0)));
    assert_eq!((facts.clean_session, facts.topics), (Some(true), vec!["a/#".to_owned()]));
    assert_eq!(watch.run.session.filters[0].qos, Qos::AtMostOnce);
    assert_eq!(watch.run.session.detection_bound(), Duration::from_secs(63));
}

#[test]
fn user_and_password_come_from_the_nearest_place() {
    check(&[
        ("nwdiag watch mqtt://u@h", &[], user_view, r#"Some("u") None None"#),
        ("nwdiag watch mqtt://u@h --username v", &[], user_view, r#"Some("v") None None"#),
        ("nwdiag watch mqtt://u@h", &[("NWDIAG_USERNAME", "v")], user_view, r#"Some("u") None None"#),
        (
            "nwdiag watch mqtt://h",
            &[("NWDIAG_USERNAME", "v"), ("NWDIAG_PASSWORD", "p")],
            user_view,
            r#"Some("v") Some("p") None"#,
        ),
        (
            "nwdiag watch mqtt://u@h --password-file f",
            &[("NWDIAG_PASSWORD", "p")],
            user_view,
            r#"Some("u") None Some("f")"#,
        ),
        ("nwdiag watch demo", &[("NWDIAG_PASSWORD", "p")], user_view, "None None None"),
        ("nwdiag watch demo", &[("NWDIAG_PASSWORD_FILE", "f")], user_view, "None None None"),
    ]);
}

#[test]
fn target_and_journal_come_from_argument_or_environment() {
    check(&[
        ("nwdiag watch mqtt://h", &[], journal_view, "/home/me/.local/state/nwdiag/mqtt-h-1883.jsonl"),
        (
            "nwdiag watch",
            &[("NWDIAG_TARGET", "demo")],
            journal_view,
            "/home/me/.local/state/nwdiag/demo.jsonl",
        ),
        (
            "nwdiag watch mqtt://h",
            &[("NWDIAG_TARGET", "demo")],
            target_view,
            "mqtt-h-1883 mqtt://h:1883 tcp auto",
        ),
        ("nwdiag watch demo", &[("XDG_STATE_HOME", "/state")], journal_view, "/state/nwdiag/demo.jsonl"),
        (
            "nwdiag watch demo",
            &[("XDG_STATE_HOME", "state")],
            journal_view,
            "/home/me/.local/state/nwdiag/demo.jsonl",
        ),
        ("nwdiag watch demo --journal j", &[("NWDIAG_NO_JOURNAL", "1")], journal_view, "j"),
        ("nwdiag watch demo --no-journal", &[("HOME", "")], journal_view, "none"),
    ]);
}

#[test]
fn colours_zone_and_verbosity_follow_options_and_conventions() {
    check(&[
        ("nwdiag watch demo", &[], display_view, "Auto Local Normal Text"),
        ("nwdiag watch demo --utc -vv --json", &[], display_view, "Auto Utc Debug Json"),
        ("nwdiag watch demo -q", &[("NWDIAG_FORMAT", "json")], display_view, "Auto Local Quiet Json"),
        ("nwdiag watch demo -v", &[("NWDIAG_FORMAT", "table")], display_view, "Auto Local Info Text"),
        (
            "nwdiag watch demo -vvvv",
            &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
            display_view,
            "Never Local Trace Text",
        ),
        (
            "nwdiag watch demo",
            &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")],
            display_view,
            "Always Local Normal Text",
        ),
        (
            "nwdiag watch demo",
            &[("CLICOLOR_FORCE", "0"), ("NO_COLOR", "")],
            display_view,
            "Auto Local Normal Text",
        ),
        ("nwdiag watch demo", &[("TERM", "dumb")], display_view, "Never Local Normal Text"),
        ("nwdiag watch demo --color always", &[("NO_COLOR", "1")], display_view, "Always Local Normal Text"),
        (
            "nwdiag watch demo",
            &[("NO_COLOR", "1"), ("NWDIAG_COLOR", "auto")],
            display_view,
            "Auto Local Normal Text",
        ),
    ]);
}

#[test]
fn tls_options_are_resolved() {
    let empty = "TlsOptions { cafile: None, identity: None, alpn: [], check: Required }";
    check(&[
        ("nwdiag watch mqtts://h", &[], tls_view, empty),
        ("nwdiag watch demo", &[], tls_view, empty),
        ("nwdiag watch mqtt://h", &[("NWDIAG_CAFILE", "ca"), ("NWDIAG_INSECURE", "1")], tls_view, empty),
        (
            "nwdiag watch wss://h --cafile ca --cert c --key k --alpn a,b --alpn c --insecure",
            &[],
            tls_view,
            "TlsOptions { cafile: Some(\"ca\"), identity: Some(ClientCertificate { cert: \"c\", key: \"k\" }), \
             alpn: [\"a\", \"b\", \"c\"], check: Skipped }",
        ),
    ]);
}

const KEYS: Variables<'_> = &[("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s/+")];
const TEMPORARY_KEYS: Variables<'_> = &[("AWS_ACCESS_KEY_ID", "ASIA1"), ("AWS_SECRET_ACCESS_KEY", "s")];

fn aws_view(watch: &WatchConfig) -> String {
    let Some(AwsSigning { region, credentials }) = &watch.aws else { return "none".to_owned() };
    let [id, key] = [&credentials.access_key_id, &credentials.secret_access_key].map(Secret::reveal);
    let token = credentials.session_token.as_ref().map(Secret::reveal);
    format!("{region} {id} {key} {token:?} {:?} {}", watch.tls.alpn, watch.run.target.protocol)
}

#[test]
fn signing_takes_its_keys_from_the_environment() {
    let with_token = [KEYS, &[("AWS_SESSION_TOKEN", "t"), ("NWDIAG_AWS_SIGV4", "us-gov-west-1")]].concat();
    check(&[
        ("nwdiag watch wss://h", KEYS, aws_view, "none"),
        (
            "nwdiag watch wss://h --aws-sigv4 us-east-1",
            KEYS,
            aws_view,
            "us-east-1 AKID s/+ None [\"http/1.1\"] auto",
        ),
        (
            "nwdiag watch wss://h:8443 --aws-sigv4 ap-southeast-2",
            KEYS,
            aws_view,
            "ap-southeast-2 AKID s/+ None [] auto",
        ),
        (
            "nwdiag watch wss://h --alpn mqtt --protocol 5",
            &with_token,
            aws_view,
            "us-gov-west-1 AKID s/+ Some(\"t\") [\"mqtt\"] 5",
        ),
        ("nwdiag watch mqtts://h", &with_token, aws_view, "none"),
        ("nwdiag watch demo", &with_token, aws_view, "none"),
    ]);
}

fn service_view(watch: &WatchConfig) -> String {
    format!("{:?}", watch.run.target.service)
}

#[test]
fn the_service_behind_a_target_is_known_by_its_host_or_its_signature() {
    let aws = r#"Some("aws_iot")"#;
    check(&[
        ("nwdiag watch mqtts://h", &[], service_view, "None"),
        ("nwdiag watch demo", &[], service_view, "None"),
        ("nwdiag watch mqtts://a1b2-ats.iot.us-east-1.amazonaws.com", &[], service_view, aws),
        ("nwdiag watch wss://A1B2.iot.eu-west-1.amazonaws.com", &[], service_view, aws),
        ("nwdiag watch mqtts://a.ats.iot.cn-north-1.amazonaws.com.cn:443", &[], service_view, aws),
        ("nwdiag watch mqtts://iot.amazonaws.com.example", &[], service_view, "None"),
        ("nwdiag watch mqtts://b.mq.us-east-1.amazonaws.com", &[], service_view, "None"),
        ("nwdiag watch wss://mqtt.example --aws-sigv4 us-east-1", KEYS, service_view, aws),
    ]);
}

#[test]
fn the_run_says_whether_the_user_chose_the_client_id() {
    let chosen: View = |watch| format!("{:?}", watch.run.target.client_id_chosen);
    check(&[
        ("nwdiag watch mqtt://h", &[], chosen, "Some(false)"),
        ("nwdiag watch mqtt://h --client-id me", &[], chosen, "Some(true)"),
        ("nwdiag watch mqtt://h", &[("NWDIAG_CLIENT_ID", "me")], chosen, "Some(true)"),
    ]);
}

#[test]
fn keys_do_not_show_themselves_in_the_settings() {
    let variables = [KEYS, &[("AWS_SESSION_TOKEN", "tttoken")]].concat();
    let shown = format!("{:?}", watch("nwdiag watch wss://h --aws-sigv4 us-east-1", &variables));
    assert!(shown.contains("us-east-1"), "{shown}");
    assert!(!["AKID", "s/+", "tttoken"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[test]
fn a_risky_choice_is_warned_about_by_its_name() {
    let rows: [(&str, Variables<'_>, &[&str]); 8] = [
        (
            "nwdiag watch wss://a-ats.iot.eu-west-1.amazonaws.com --aws-sigv4 us-east-1",
            KEYS,
            &["--aws-sigv4 us-east-1: the host is in eu-west-1"],
        ),
        ("nwdiag watch wss://a-ats.iot.eu-west-1.amazonaws.com --aws-sigv4 eu-west-1", KEYS, &[]),
        (
            "nwdiag watch wss://a.ats.iot.cn-north-1.amazonaws.com.cn --aws-sigv4 cn-northwest-1",
            KEYS,
            &["--aws-sigv4 cn-northwest-1: the host is in cn-north-1"],
        ),
        ("nwdiag watch ws://h --aws-sigv4 us-east-1", KEYS, &["--aws-sigv4: ws:// is not encrypted"]),
        (
            "nwdiag watch wss://h --aws-sigv4 us-east-1",
            TEMPORARY_KEYS,
            &["AWS_ACCESS_KEY_ID begins with ASIA"],
        ),
        ("nwdiag watch mqtt://h --client-id me", &[], &["--client-id me: a broker keeps one connection"]),
        ("nwdiag watch mqtt://h", &[("NWDIAG_CLIENT_ID", "me")], &["NWDIAG_CLIENT_ID me: a broker"]),
        (
            "nwdiag watch mqtts://h --insecure --client-id x",
            &[],
            &["--client-id x", "--insecure: the broker's"],
        ),
    ];
    for (line, variables, starts) in rows {
        let warnings = watch(line, variables).warnings;
        assert_eq!(warnings.len(), starts.len());
        assert!(
            warnings.iter().zip(starts).all(|(warning, start)| warning.starts_with(start)),
            "{warnings:?}"
        );
    }
}
