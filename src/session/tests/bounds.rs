//! Bounds of time that a run keeps: when a dead link is found, how long a late answer is waited for, how many
//! samples a sleep of the host may cost.

use super::*;
use crate::session::settings::ProbeSettings;

/// The link is dead after one answer: what we publish at QoS 1 must not hide that.
#[test]
fn our_own_publishes_do_not_put_off_the_ping_that_finds_a_dead_link() {
    let probe = ProbeSettings { topic: "p".to_owned(), interval: 10 * SECOND };
    let mut rig = Rig::connected(RunSettings { probe: Some(probe), ..settings() });
    rig.bytes(&[0x40, 2, 0, 2]);
    let heard = rig.now;
    rig.pass(300 * SECOND);
    let (at, _) = rig.events.iter().find(|(_, event)| matches!(event, Event::Drop(_))).expect("a drop");
    assert!(at.since(heard) <= 63 * SECOND, "{:?}", at.since(heard));
    assert_eq!(rig.drops()[0].messages_published, Some(7), "the probes went out all the while");
}

#[test]
fn an_answer_that_comes_25_s_late_is_told_and_one_after_31_s_is_not() {
    for (late, heard) in [(25, Heard::Answer(28 * SECOND)), (31, Heard::Nothing)] {
        let mut rig = Rig::connected(settings());
        rig.pass(63 * SECOND);
        let mut listener = rig.lingering.take().expect("a listener");
        let answered = rig.now.plus(late * SECOND);
        assert_eq!(listener.deadline(), rig.now.plus(30 * SECOND));
        assert_eq!(listener.receive(answered, PINGRESP), heard, "{late} s after it was given up");
    }
}

#[test]
fn a_suspension_makes_up_for_no_sample() {
    let samples = |rig: &Rig| rig.names().iter().filter(|name| **name == "sample").count();
    let mut rig = Rig::new(settings());
    rig.refuse();
    rig.pass(90 * SECOND);
    assert_eq!(samples(&rig), 1);
    rig.now = rig.now.plus(7200 * SECOND);
    rig.slept += 7200 * SECOND;
    rig.pass(SECOND);
    assert_eq!(samples(&rig), 2, "one for all that the host slept through");
    rig.pass(58 * SECOND);
    assert_eq!(samples(&rig), 2);
    rig.pass(2 * SECOND);
    assert_eq!(samples(&rig), 3, "the next is due a minute after the last");
}
