//! More filters than go into one SUBSCRIBE, in both versions.

use super::*;
use crate::session::rig::packets;

/// How a version answers: its CONNACK, and what stands before the codes of a SUBACK.
struct Dialect {
    protocol: Protocol,
    connack: &'static [u8],
    suback: &'static [u8],
    refusal: u8,
}

const BOTH: [Dialect; 2] = [
    Dialect { protocol: Protocol::V311, connack: CONNACK, suback: &[0, 1], refusal: 0x80 },
    Dialect { protocol: Protocol::V5, connack: &[0x20, 3, 0, 0, 0], suback: &[0, 1, 0], refusal: 0x87 },
];

/// A run that wants filters `t0`, `t1`, ..., before its first SUBACK.
fn wanting(count: usize, dialect: &Dialect) -> Rig {
    let topics: Vec<String> = (0..count).map(|number| format!("t{number}")).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let probe = super::super::settings::ProbeSettings { topic: "p".to_owned(), interval: 3600 * SECOND };
    let only = ProtocolChoice::Only(dialect.protocol);
    let mut rig = Rig::new(RunSettings { protocol: only, probe: Some(probe), ..subscribing(&topics) });
    rig.dialled();
    rig.sent.clear();
    rig.bytes(dialect.connack);
    rig
}

impl Rig {
    fn suback(&mut self, dialect: &Dialect, codes: &[u8]) {
        let length = u8::try_from(dialect.suback.len() + codes.len()).unwrap();
        self.bytes(&[&[0x90, length], dialect.suback, codes].concat());
    }

    /// How many filters each SUBSCRIBE held since the last look, and its packet identifier.
    fn asked(&mut self) -> Vec<(usize, u16)> {
        let sent = packets(&std::mem::take(&mut self.sent));
        let subscribes = sent.into_iter().filter(|(first, _)| *first == 0x82);
        subscribes
            .map(|(_, body)| {
                let filters = body.windows(3).filter(|window| window[0] == 0 && window[2] == b't').count();
                (filters, u16::from_be_bytes([body[0], body[1]]))
            })
            .collect()
    }

    fn told(&self) -> Vec<(String, Option<u8>)> {
        let told = self.events.iter().filter_map(|(_, event)| match event {
            Event::Subscribed(told) => Some((told.topic.clone(), told.granted_qos)),
            _ => None,
        });
        told.collect()
    }
}

#[test]
fn eight_filters_go_into_one_subscribe_and_more_into_several_one_after_another() {
    for dialect in &BOTH {
        for (count, parts) in
            [(1, &[1][..]), (8, &[8]), (9, &[8, 1]), (32, &[8, 8, 8, 8]), (35, &[8, 8, 8, 8, 3])]
        {
            let mut rig = wanting(count, dialect);
            for part in parts {
                assert_eq!(rig.run.totals().messages_published, 0, "no publish before the last SUBACK");
                assert_eq!(rig.asked(), [(*part, 1)], "{count} filters in {}", dialect.protocol);
                rig.suback(dialect, &vec![1; *part]);
            }
            let expected: Vec<_> = (0..count).map(|number| (format!("t{number}"), Some(1))).collect();
            assert_eq!(rig.told(), expected);
            assert_eq!((rig.asked(), rig.run.totals().messages_published), (vec![], 1));
            rig.end(StreamEnd::Fin);
            assert_eq!(rig.last_drop().active_subscriptions, Some(u32::try_from(count).unwrap()));
        }
    }
}

#[test]
fn a_filter_that_is_refused_in_any_of_them_is_told_and_not_active() {
    for dialect in &BOTH {
        let mut rig = wanting(11, dialect);
        rig.suback(dialect, &[1, 1, dialect.refusal, 1, 1, 1, 1, 1]);
        rig.suback(dialect, &[1, dialect.refusal, 0]);
        let refused: Vec<_> = rig.told().into_iter().filter(|(_, granted)| granted.is_none()).collect();
        assert_eq!(refused, [("t2".to_owned(), None), ("t9".to_owned(), None)]);
        rig.end(StreamEnd::Fin);
        assert_eq!(rig.last_drop().active_subscriptions, Some(9));
    }
}

#[test]
fn each_subscribe_has_half_a_minute_of_its_own() {
    for dialect in &BOTH {
        let mut rig = wanting(17, dialect);
        for _ in 0..2 {
            rig.pass_answered(29 * SECOND);
            assert!(rig.drops().is_empty());
            rig.suback(dialect, &[1; 8]);
        }
        rig.pass_answered(29 * SECOND);
        assert!(rig.drops().is_empty());
        rig.pass_answered(SECOND);
        let drop = rig.last_drop();
        assert_eq!((drop.closed_by, drop.active_subscriptions), (Some(ClosedBy::Timeout), Some(16)));
        assert_eq!(drop.error_message, "no answer to SUBSCRIBE within 30 s");
    }
}

#[test]
fn codes_that_are_not_those_of_the_subscribe_that_is_out_end_the_session() {
    for dialect in &BOTH {
        for codes in [&[1; 9][..], &[1; 1]] {
            let mut rig = wanting(9, dialect);
            rig.suback(dialect, codes);
            assert_eq!(rig.last_drop().closed_by, Some(ClosedBy::Protocol));
            assert_eq!(rig.told(), []);
        }
        let mut rig = wanting(9, dialect);
        rig.suback(dialect, &[1; 8]);
        rig.suback(dialect, &[1; 8]);
        assert_eq!(rig.last_drop().closed_by, Some(ClosedBy::Protocol));
    }
}

#[test]
fn a_suback_that_nobody_waits_for_is_passed_over() {
    for dialect in &BOTH {
        let mut rig = wanting(2, dialect);
        rig.suback(dialect, &[1; 2]);
        rig.suback(dialect, &[1; 2]);
        assert_eq!((rig.told().len(), rig.drops().len()), (2, 0));
    }
}

/// MQTT 5: the broker says how large a packet it takes.
#[test]
fn filters_that_do_not_fit_into_what_the_broker_takes_are_left_out_and_the_others_asked_for() {
    let long = "t".repeat(100);
    let mut topics: Vec<String> = (0..8).map(|number| format!("{long}{number}")).collect();
    topics.push("t".to_owned());
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let only = ProtocolChoice::Only(Protocol::V5);
    let mut rig = Rig::new(RunSettings { protocol: only, ..subscribing(&topics) });
    rig.dialled();
    rig.sent.clear();
    rig.bytes(&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 100]);
    rig.bytes(&[0x90, 4, 0, 1, 0, 1]);
    assert_eq!(rig.told(), [("t".to_owned(), Some(1))]);
    rig.end(StreamEnd::Fin);
    assert_eq!(rig.last_drop().active_subscriptions, Some(1));
}
