//! What this host adds to the evidence: sleeps, set clocks, its own delays, the kernel's word.

use super::*;
use crate::event::{Environment, EnvironmentKind, TcpReading};
use crate::session::host_view::Measured;

fn environments(rig: &Rig) -> Vec<&Environment> {
    rig.events
        .iter()
        .filter_map(|(_, event)| if let Event::Environment(told) = event { Some(told) } else { None })
        .collect()
}

#[test]
fn a_host_that_slept_says_so_before_it_tells_what_came_of_it() {
    let mut rig = Rig::connected(settings());
    rig.pass(10 * SECOND);
    let seen = rig.events.len();
    rig.now = rig.now.plus(7200 * SECOND);
    rig.slept += 7200 * SECOND;
    rig.wake();
    rig.end(StreamEnd::Reset);
    assert_eq!(rig.names()[seen..], ["environment", "sample", "sample", "drop"]);
    let slept = environments(&rig)[0];
    assert_eq!((slept.kind, slept.seconds), (EnvironmentKind::Suspend, Some(7200.0)));
    assert!(
        rig.last_drop().loop_lag_ms < Some(1000.0),
        "to sleep is not to be late: {:?}",
        rig.last_drop().loop_lag_ms
    );
}

#[test]
fn a_clock_that_was_set_is_told_within_a_second_and_changes_no_span() {
    let mut rig = Rig::connected(settings());
    rig.pass(10 * SECOND);
    rig.set = TimeDelta::hours(-3);
    rig.pass(SECOND);
    let told: Vec<_> = environments(&rig).iter().map(|told| (told.kind, told.seconds)).collect();
    assert_eq!(told, [(EnvironmentKind::ClockStep, Some(-10_800.0))]);
    rig.end(StreamEnd::Fin);
    assert!((rig.last_drop().duration_connected_seconds.unwrap() - 11.0).abs() < 1e-9);
}

#[test]
fn a_process_that_did_not_get_to_run_shows_it_for_one_keep_alive_period() {
    for (later, lag) in [(0, Some(7000.0)), (50, Some(7000.0)), (62, Some(0.0))] {
        let mut rig = Rig::connected(settings());
        rig.pass_answered(10 * SECOND);
        rig.now = rig.now.plus(8 * SECOND);
        rig.wake();
        rig.pass_answered(later * SECOND);
        rig.end(StreamEnd::Fin);
        assert_eq!(rig.last_drop().loop_lag_ms, lag, "{later} s later");
    }
}

#[test]
fn the_kernels_last_word_stands_in_the_sample_and_in_the_drop() {
    let reading = |unacked| TcpReading { unacked: Some(unacked), ..TcpReading::default() };
    let mut rig = Rig::connected(settings());
    rig.measured = Measured { tcp: Some(reading(3)), wifi_dbm: Some(-60) };
    rig.written();
    // The kernel has let go: what it said before stays.
    rig.measured = Measured { tcp: None, wifi_dbm: Some(-80) };
    rig.end(StreamEnd::Reset);
    assert_eq!((rig.last_drop().tcp, rig.last_drop().wifi_dbm), (Some(reading(3)), Some(-80)));
    assert_eq!((rig.last_sample().tcp, rig.last_sample().wifi_dbm), (Some(reading(3)), Some(-80)));
    rig.pass(60 * SECOND);
    assert_eq!((rig.last_sample().connected, rig.last_sample().tcp), (Some(false), None));
    rig.connect();
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.last_drop().tcp, None, "the word on another connection is none on this one");
}

#[test]
fn what_the_kernel_says_of_a_new_connection_counts_from_its_first_moment() {
    let reading = |unacked| TcpReading { unacked: Some(unacked), ..TcpReading::default() };
    let mut rig = Rig::connected(settings());
    rig.measured.tcp = Some(reading(3));
    rig.end(StreamEnd::Reset);
    rig.pass(10 * SECOND);
    rig.measured.tcp = Some(reading(7));
    rig.dialled();
    // The kernel lets go of it before another look.
    rig.measured.tcp = None;
    rig.bytes(CONNACK);
    rig.end(StreamEnd::Reset);
    assert_eq!(rig.last_drop().tcp, Some(reading(7)));
}

#[test]
fn what_was_never_measured_is_null() {
    let mut rig = Rig::connected(settings());
    rig.end(StreamEnd::Fin);
    let drop = rig.last_drop();
    assert_eq!((drop.tcp, drop.wifi_dbm, drop.loop_lag_ms), (None, None, None));
    assert_eq!((drop.largest_publish_bytes, drop.ping_rtt_ms.as_ref()), (None, None));
    assert_eq!((drop.reason_code, drop.unanswered_ping_seconds), (None, None));
}
