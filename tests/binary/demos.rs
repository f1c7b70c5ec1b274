//! Causes that the demo plays, each named by the program itself.

use serde_json::Value;

use crate::program::Home;

/// Scenario, the cause that must come out first, and how long it takes to be seen.
const SCENARIOS: [(&str, &str, &str); 11] = [
    ("duplicate-client-id", "duplicate_client_id", "10s"),
    ("authorization-violation", "authorization_violation", "6s"),
    ("broker-restart", "broker_restart", "28s"),
    ("idle-timeout", "idle_timeout", "34s"),
    ("rate-limit", "connect_rate_limit", "12s"),
    ("bad-credentials", "bad_credentials", "6s"),
    ("certificate-expired", "tls_certificate", "6s"),
    ("server-disconnect", "server_disconnect", "10s"),
    ("connection-lifetime", "connection_lifetime", "10s"),
    ("quota-exceeded", "publish_rate_limit", "10s"),
    ("shutting-down", "broker_restart", "10s"),
];

#[test]
fn each_scenario_of_the_demo_ends_in_its_cause() {
    let watched = SCENARIOS.map(|(scenario, cause, duration)| {
        let home = Home::new();
        let running = home.start(&["watch", &format!("demo:{scenario}"), "--duration", duration, "--utc"]);
        (home, running, scenario, cause)
    });
    for (home, running, scenario, cause) in watched {
        assert_eq!(running.ended().code, Some(0), "{scenario}");
        let export = home.run(&["export", "demo"]).json();
        let best = &export["findings"][0];
        assert_eq!(best["cause"], cause, "{scenario}: {}", export["findings"]);
        assert!(best["confidence"].as_f64() > Some(0.6), "{scenario}: {best}");
        let page = home.run(&["summary", "demo"]).page();
        assert!(page.contains("Verdict: ") && page.contains(cause), "{scenario}: {page}");
    }
}

#[test]
fn a_certificate_that_has_expired_is_said_to_have_expired_and_when() {
    let home = Home::new();
    let watched = home.run(&["watch", "demo:certificate-expired", "--max-attempts", "2", "--json"]);
    assert_eq!(watched.code, Some(1), "{}", watched.err);
    let failed = watched.out.lines().filter(|line| line.contains("\"attempt_failed\""));
    assert_eq!(failed.filter(|line| line.contains("\"certificate_expired\"")).count(), 2, "{}", watched.out);
    assert!(watched.out.contains("2024-02-01"), "{}", watched.out);
    let page = home.run(&["summary", "demo"]).page();
    assert!(page.contains("the broker's certificate has expired"), "{page}");
}

#[test]
fn a_sure_cause_is_said_while_watching_in_three_lines_and_as_a_record_of_the_stream_and_the_journal() {
    let home = Home::new();
    let text = home.run(&["watch", "demo:duplicate-client-id", "--max-events", "4"]);
    let said: Vec<&str> =
        text.out.lines().skip_while(|line| !line.contains("⇒ cause")).take(3).map(str::trim_start).collect();
    assert!(said[0].contains("duplicate_client_id"), "{}", text.out);
    assert!(said[1].contains("incident") && said[2].starts_with("what to do: "), "{}", text.out);
    let json = home.run(&["watch", "demo:duplicate-client-id", "--max-events", "4", "--json"]);
    assert!(json.out.lines().all(|line| line.starts_with('{')), "{}", json.out);
    let journal = std::fs::read_to_string(home.journal("demo")).unwrap();
    for stream in [&json.out, &journal] {
        let records = stream.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let findings: Vec<Value> = records.filter(|record| record["event"] == "finding").collect();
        assert_eq!(findings.len(), 1, "{stream}");
        assert_eq!(findings[0]["cause"], "duplicate_client_id", "{stream}");
    }
    assert_eq!(json.err, "");
}
