//! Faults of the network under a session: each is silence, and so a timeout within the bound, then attempts that fail
//! by what is missing, and a recovery once it is mended.

use std::time::Duration;

use serde_json::Value;

use super::world::{Action, PING_INTERVAL, PING_TIMEOUT, World, tell};
use crate::program::wait_for;
use crate::watch::unix_seconds;

/// What a person would notice beyond the bound.
const NOTICEABLE: Duration = Duration::from_millis(1500);
/// How often an attempt may fail before the fault is mended.
const ATTEMPTS: u64 = 2;

/// A version of MQTT, and how an unanswered ping is told in it.
pub(super) struct Version {
    pub(super) protocol: &'static str,
    ping_timeout: (&'static str, i32),
}

const THREE: Version = Version { protocol: "3.1.1", ping_timeout: ("AWS_ERROR_MQTT_TIMEOUT", 5129) };
pub(super) const FIVE: Version =
    Version { protocol: "5", ping_timeout: ("AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT", 5152) };

const NO_ROUTE: &[(&str, i32)] = &[("AWS_IO_SOCKET_NO_ROUTE_TO_HOST", 1049)];
const NO_ANSWER: &[(&str, i32)] = &[("AWS_IO_SOCKET_TIMEOUT", 1048)];
/// The kernel asks three times, a second apart, who is at the other end of the route; what comes first counts.
const NOBODY_THERE: &[(&str, i32)] = &[NO_ANSWER[0], NO_ROUTE[0]];

const LINK_DOWN: (&str, &str) = ("link_down", "");
const ROUTE_GONE: (&str, &str) = ("default_route_changed", "gone, was via 198.51.100.1 on up0");

const DEFAULT_ROUTE: Action = Action::Client("route add default via 198.51.100.1");

/// Where a ping without an answer is, as a key of `tcp`.
#[derive(Clone, Copy)]
enum Ping {
    /// Sent, and again for want of an answer.
    Unacked,
    /// The host has no way to send it.
    NotSent,
}

struct Changes {
    /// Kinds, each with its detail.
    made: &'static [(&'static str, &'static str)],
    /// Kinds.
    mended: &'static [&'static str],
}

/// A fault beyond this host.
const NO_CHANGES: Changes = Changes { made: &[], mended: &[] };

struct Row {
    fault: &'static str,
    made_by: &'static [Action],
    mended_by: &'static [Action],
    /// What attempts may say meanwhile.
    attempts: &'static [(&'static str, i32)],
    /// Where the ping is, by the kernel.
    ping: Ping,
    /// What is told of this host when the fault is made, and when it is mended.
    changes: Changes,
}

fn check(row: &Row) {
    check_in(&FIVE, row);
}

fn check_in(version: &Version, row: &Row) {
    let Some(world) = World::make(row.fault) else { return };
    let mut watch = world.watch(PING_TIMEOUT, &["--protocol", version.protocol]);
    watch.tells("connected");
    let made = unix_seconds();
    world.act(row.made_by);
    let drop = watch.tells("drop");
    let failed: Vec<Value> = (0..ATTEMPTS).map(|_| watch.tells("attempt_failed")).collect();
    world.act(row.mended_by);
    let recovered = watch.tells("connected");
    wait_for("what mended it", || told_after_drop(&world.records_so_far(), row.changes.mended).then_some(()));
    let records = watch.end();
    let noticed = drop["unix_seconds"].as_f64().unwrap() - made;
    tell(row.fault, &records, Some(noticed));
    is_a_timeout(row.fault, &drop, version, PING_TIMEOUT);
    shows_the_ping(row, &drop["tcp"]);
    let bound = PING_INTERVAL + PING_TIMEOUT + NOTICEABLE;
    assert!(noticed < bound.as_secs_f64(), "{}: noticed after {noticed} s", row.fault);
    for (number, failed) in (1..).zip(&failed) {
        attempt_fails(row, number, failed);
    }
    recovers(row, &recovered);
    tells_the_change(row, &records);
}

/// An unanswered ping, told as soon as its time was up.
pub(super) fn is_a_timeout(fault: &str, drop: &Value, version: &Version, ping_timeout: Duration) {
    let (name, code) = version.ping_timeout;
    assert_eq!(drop["closed_by"], "timeout", "{fault}: {drop}");
    assert_eq!(drop["protocol"], version.protocol, "{fault}: {drop}");
    assert_eq!((&drop["error_name"], &drop["error_code"]), (&name.into(), &code.into()), "{fault}: {drop}");
    assert_eq!(drop["last_sent_packet"], "PINGREQ", "{fault}: {drop}");
    let unanswered = Duration::from_secs_f64(drop["unanswered_ping_seconds"].as_f64().unwrap());
    assert!((ping_timeout..ping_timeout + NOTICEABLE).contains(&unanswered), "{fault}: {drop}");
}

fn shows_the_ping(row: &Row, tcp: &Value) {
    let sent = |key: &str| tcp[key].as_u64().unwrap() > 0;
    let expected = match row.ping {
        Ping::Unacked => (true, true, false),
        Ping::NotSent => (false, false, true),
    };
    assert_eq!(
        (sent("unacked"), sent("retransmits_pending"), sent("not_sent_bytes")),
        expected,
        "{}: {tcp}",
        row.fault
    );
}

fn attempt_fails(row: &Row, number: u64, failed: &Value) {
    assert_eq!(failed["attempt_number"], number, "{}: {failed}", row.fault);
    assert_eq!(failed["phase"], "tcp", "{}: {failed}", row.fault);
    let is_told = |(name, code): &(&str, i32)| failed["error_name"] == *name && failed["error_code"] == *code;
    assert!(row.attempts.iter().any(is_told), "{}: {failed}", row.fault);
    assert!(failed["next_attempt_seconds"].as_f64() > Some(0.0), "{}: {failed}", row.fault);
}

fn recovers(row: &Row, connected: &Value) {
    assert_eq!(connected["kind"], "resumed", "{}: {connected}", row.fault);
    assert!(connected["attempt_number"].as_u64() > Some(ATTEMPTS), "{}: {connected}", row.fault);
    assert!(connected["time_to_reconnect_seconds"].as_f64() > Some(0.0), "{}: {connected}", row.fault);
}

/// What changed on this host is told before the drop, and nothing else of its network is.
fn tells_the_change(row: &Row, records: &[Value]) {
    let until_drop = records.split(|record| record["event"] == "drop").next().unwrap();
    let of_network = |change: &&Value| !change["interface"].is_null();
    let told: Vec<&Value> = changes(until_drop).filter(of_network).collect();
    let texts: Vec<(&str, &str)> =
        told.iter().map(|told| (told["kind"].as_str().unwrap(), told["detail"].as_str().unwrap())).collect();
    assert_eq!(texts, row.changes.made, "{}", row.fault);
    for told in told {
        assert_eq!((&told["interface"], &told["in_use"]), (&"up0".into(), &true.into()), "{}", row.fault);
        assert_eq!(told["on_path"], true, "{}: {told}", row.fault);
    }
}

fn told_after_drop(records: &[Value], kinds: &[&str]) -> bool {
    let Some(drop) = records.iter().position(|record| record["event"] == "drop") else { return false };
    kinds.iter().all(|kind| changes(&records[drop..]).any(|change| change["kind"] == *kind))
}

fn changes(records: &[Value]) -> impl Iterator<Item = &Value> {
    records.iter().filter(|record| record["event"] == "environment")
}

const LOST_BOTH_WAYS: Row = Row {
    fault: "packets dropped both ways",
    made_by: &[Action::Rule("drop")],
    mended_by: &[Action::NoRules],
    attempts: NO_ANSWER,
    ping: Ping::Unacked,
    changes: NO_CHANGES,
};

#[test]
fn packets_that_are_lost_both_ways_in_mqtt_5() {
    check_in(&FIVE, &LOST_BOTH_WAYS);
}

#[test]
fn packets_that_are_lost_both_ways_in_mqtt_3_1_1() {
    check_in(&THREE, &Row { fault: "packets dropped both ways (3.1.1)", ..LOST_BOTH_WAYS });
}

#[test]
fn packets_that_are_lost_on_the_way_to_us() {
    check(&Row {
        fault: "packets dropped on the way to us",
        made_by: &[Action::Rule("iifname broker drop")],
        mended_by: &[Action::NoRules],
        attempts: NO_ANSWER,
        ping: Ping::Unacked,
        changes: NO_CHANGES,
    });
}

#[test]
fn a_link_that_goes_down() {
    check(&Row {
        fault: "link down",
        made_by: &[Action::Client("link set up0 down")],
        mended_by: &[Action::Client("link set up0 up"), DEFAULT_ROUTE],
        attempts: NO_ROUTE,
        ping: Ping::NotSent,
        changes: Changes { made: &[LINK_DOWN, ROUTE_GONE], mended: &["link_up", "default_route_changed"] },
    });
}

#[test]
fn a_cable_that_is_unplugged() {
    check(&Row {
        fault: "cable unplugged",
        made_by: &[Action::Router("link set client down")],
        mended_by: &[Action::Router("link set client up")],
        attempts: NOBODY_THERE,
        ping: Ping::Unacked,
        changes: Changes { made: &[LINK_DOWN], mended: &["link_up"] },
    });
}

#[test]
fn an_address_that_is_removed() {
    check(&Row {
        fault: "address removed",
        made_by: &[Action::Client("address del 198.51.100.2/24 dev up0")],
        mended_by: &[Action::Client("address add 198.51.100.2/24 dev up0"), DEFAULT_ROUTE],
        attempts: NO_ROUTE,
        ping: Ping::NotSent,
        changes: Changes {
            made: &[("address_removed", "198.51.100.2/24"), ROUTE_GONE],
            mended: &["address_added", "default_route_changed"],
        },
    });
}

#[test]
fn a_default_route_that_is_removed() {
    check(&Row {
        fault: "default route removed",
        made_by: &[Action::Client("route del default")],
        mended_by: &[DEFAULT_ROUTE],
        attempts: NO_ROUTE,
        ping: Ping::NotSent,
        changes: Changes { made: &[ROUTE_GONE], mended: &["default_route_changed"] },
    });
}
