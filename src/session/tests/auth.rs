//! What goes before the connection: a sign-in that takes its time, is refused, or tells of more than credentials.

use super::*;
use crate::event::{Environment, EnvironmentKind};

/// A sign-in that failed.
fn refused(retry: Retry) -> DialError {
    let words = "the service refused user or password".to_owned();
    let failure = Failure::SignIn(SignInFailure::Rejected { words, http_status: Some(401) });
    DialError {
        phases: Phases { auth_ms: Some(80.0), ..Phases::default() },
        retry,
        ..DialError::new(Phase::Auth, failure)
    }
}

fn signed_in(auth_ms: f64) -> Dialled {
    Dialled {
        phases: Phases { auth_ms: Some(auth_ms), ..Phases::default() },
        local_address: "127.0.0.1:2".to_owned(),
        peer_address: "127.0.0.1:1".to_owned(),
        addresses_lost: Vec::new(),
        clock_offset: None,
        learned: None,
    }
}

fn offsets(rig: &Rig) -> Vec<f64> {
    let told = rig.events.iter().filter_map(|(_, event)| match event {
        Event::Environment(Environment { kind: EnvironmentKind::ClockOffset, seconds, .. }) => *seconds,
        _ => None,
    });
    told.collect()
}

#[test]
fn credentials_that_are_refused_for_good_end_the_run_without_another_attempt() {
    let mut rig = Rig::connected(settings());
    rig.pass(40 * SECOND);
    rig.end(StreamEnd::Reset);
    rig.pass(SECOND);
    let seen = rig.events.len();
    rig.fail(refused(Retry::Never));
    assert_eq!(rig.names()[seen..], ["attempt_failed", "sample", "stop"]);
    let failed = rig.failures()[0];
    assert_eq!(
        (failed.phase, failed.http_status, failed.next_attempt_seconds),
        (Phase::Auth, Some(401), None)
    );
    let Some((_, Event::Stop(stop))) = rig.events.last() else { panic!("{:?}", rig.names()) };
    assert_eq!(stop.reason, StopReason::CredentialsRejected);
    assert_eq!((rig.actions.last(), rig.deadline), (Some(&"finish"), NEVER));
    let dials = rig.dials.len();
    rig.pass(3600 * SECOND);
    assert_eq!(rig.dials.len(), dials);
}

#[test]
fn a_sign_in_that_may_work_later_is_an_attempt_like_any_other() {
    let mut rig = Rig::new(settings());
    rig.fail(refused(Retry::Later));
    assert!(rig.failures()[0].next_attempt_seconds.is_some());
    rig.pass(10 * SECOND);
    assert_eq!(rig.dials.len(), 2);
}

#[test]
fn the_connect_timeout_starts_once_the_sign_in_is_over() {
    let mut rig = Rig::new(settings());
    rig.pass(25 * SECOND);
    rig.dialled_as(signed_in(25_000.0));
    rig.pass(9 * SECOND);
    assert!(rig.failures().is_empty());
    rig.pass(2 * SECOND);
    let failed = rig.failures()[0];
    assert_eq!((failed.phase, failed.elapsed_seconds), (Phase::Mqtt, Some(35.0)));
}

#[test]
fn a_wrong_clock_is_told_before_what_it_led_to_and_not_at_every_attempt() {
    let mut rig = Rig::new(settings());
    for _ in 0..3 {
        rig.fail(DialError {
            phase: Phase::Websocket,
            clock_offset: Some(TimeDelta::seconds(-900)),
            ..refused(Retry::Later)
        });
        rig.pass(120 * SECOND);
    }
    assert_eq!(rig.names()[..3], ["start", "environment", "attempt_failed"]);
    assert_eq!(offsets(&rig), [-900.0]);
    rig.dialled_as(Dialled { clock_offset: Some(TimeDelta::zero()), ..signed_in(1.0) });
    assert_eq!(offsets(&rig), [-900.0, 0.0], "a clock that was set right is told once");
}

#[test]
fn a_run_that_has_seen_enough_with_a_wrong_clock_says_no_more() {
    let mut settings = settings();
    settings.limits.max_events = Some(1);
    let mut rig = Rig::new(settings);
    rig.fail(DialError { clock_offset: Some(TimeDelta::hours(1)), ..refused(Retry::Never) });
    assert_eq!(rig.names(), ["start", "environment", "sample", "stop"]);
}
