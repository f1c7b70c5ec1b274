//! A link that loses packets at random: whatever the luck, a session ends in time by silence, and attempts by what was
//! lost of them.

use std::time::Duration;

use serde_json::Value;

use super::faults::{FIVE, is_a_timeout};
use super::world::{Action, World, tell};
use crate::program::{count, wait_at_most, wait_for};

/// Time for a second try of a packet by the kernel, which takes 0.2 s, and for no third: about one ping in four fails.
const PING_TIMEOUT: Duration = Duration::from_millis(400);
/// A ping a second: all of them get through once in millions.
const LONG_ENOUGH: Duration = Duration::from_mins(2);

/// What attempts may fail by: packets lost before there is a connection, or on it.
const ATTEMPTS: [(&str, &str); 2] =
    [("tcp", "AWS_IO_SOCKET_TIMEOUT"), ("mqtt", "AWS_ERROR_MQTT5_CONNACK_TIMEOUT")];

fn fails_by_loss(failed: &Value) -> bool {
    ATTEMPTS.iter().any(|(phase, name)| failed["phase"] == *phase && failed["error_name"] == *name)
}

/// A drop that shows what the kernel sent again, and an attempt.
fn have_failed(records: &[Value]) -> bool {
    let again = |record: &Value| record["event"] == "drop" && record["tcp"]["retransmits"].as_u64() > Some(0);
    records.iter().any(again) && count(records, "attempt_failed") > 0
}

fn is_connected(records: &[Value]) -> bool {
    let last = records.iter().rfind(|record| record["event"] == "connected" || record["event"] == "drop");
    last.is_some_and(|record| record["event"] == "connected")
}

#[test]
fn a_link_that_loses_a_third_of_the_packets() {
    let fault = "30 % of packets lost";
    let Some(world) = World::make(fault) else { return };
    let mut watch = world.watch(PING_TIMEOUT, &["--protocol", FIVE.protocol]);
    watch.tells("connected");
    world.act(&[Action::Rule("numgen random mod 100 < 30 drop")]);
    wait_at_most(LONG_ENOUGH, "retransmits in a drop, and an attempt that fails", || {
        have_failed(&world.records_so_far()).then_some(())
    });
    world.act(&[Action::NoRules]);
    wait_for("a session", || is_connected(&world.records_so_far()).then_some(()));
    let records = watch.end();
    tell(fault, &records, None);
    for record in &records {
        match record["event"].as_str() {
            Some("drop") => is_a_timeout(fault, record, &FIVE, PING_TIMEOUT),
            Some("attempt_failed") => assert!(fails_by_loss(record), "{record}"),
            _ => {}
        }
    }
}
