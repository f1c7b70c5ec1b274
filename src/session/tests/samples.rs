//! Regular samples: how often, what they leave out, how long their lines are.

use chrono::DateTime;

use super::*;
use crate::event::{Observation, Sample, Stamp, TcpReading};
use crate::journal;
use crate::session::host_view::Measured;

fn samples(rig: &Rig) -> Vec<(Moment, Sample)> {
    let sample = |(at, event): &(Moment, Event)| match event {
        Event::Sample(sample) => Some((*at, (**sample).clone())),
        _ => None,
    };
    rig.events.iter().filter_map(sample).collect()
}

/// A broker behind a network that takes 20 to 40 ms for each ping, as a kernel measures it too.
fn pass_on_a_network(rig: &mut Rig, span: Duration) {
    let mut chance = fastrand::Rng::with_seed(7);
    let until = rig.now.plus(span);
    let mut rtt_ms = 30.0;
    while rig.now < until {
        rig.pass(SECOND.min(until.since(rig.now)));
        if rig.sent.ends_with(&[0xc0, 0]) {
            rig.sent.clear();
            rig.written();
            let trip = Duration::from_micros(chance.u64(20_000..40_000));
            rig.now = rig.now.plus(trip);
            rtt_ms = (7.0 * rtt_ms + trip.as_secs_f64() * 1e3) / 8.0;
            rig.bytes(PINGRESP);
        }
        let age_ms = chance.u32(0..60_000);
        rig.measured = Measured {
            tcp: Some(TcpReading {
                rtt_ms: Some(crate::event::rounded(rtt_ms, 1e3)),
                rtt_var_ms: Some(crate::event::rounded(rtt_ms / 5.0, 1e3)),
                retransmits: Some(0),
                retransmits_pending: Some(0),
                lost: Some(0),
                unacked: Some(0),
                not_sent_bytes: Some(0),
                backoff: Some(0),
                last_data_received_ms: Some(age_ms.into()),
                last_ack_received_ms: Some(age_ms.into()),
            }),
            wifi_dbm: Some(-60 - chance.i32(0..5)),
        };
    }
}

#[test]
fn samples_come_as_often_as_the_user_wants() {
    for (interval, count) in [(SECOND, 600), (10 * 60 * SECOND, 1), (3600 * SECOND, 0)] {
        let mut rig = Rig::connected(RunSettings { sample_interval: interval, ..settings() });
        rig.pass_answered(600 * SECOND);
        assert_eq!(samples(&rig).len(), count, "{interval:?}");
    }
}

/// Samples are most lines of a journal. The names of target and run, which each line has, are long ones here.
#[test]
fn a_sample_of_a_quiet_connection_is_below_600_bytes_on_average() {
    const NAMES: &str = r#""target_name":"mqtts-broker.some-company.example-8883","run":"12345678-1234-4234-8234-123456789012","#;
    let mut rig = Rig::connected(settings());
    pass_on_a_network(&mut rig, 24 * 3600 * SECOND);
    let line = |(moment, sample): (Moment, Sample)| {
        let wall = DateTime::from_timestamp(1_795_392_704, 0).unwrap() + moment.since_start();
        let record = Observation::new(Stamp { wall, moment }, Event::Sample(Box::new(sample)));
        journal::encode(&record).unwrap().len() + NAMES.len()
    };
    let lines: Vec<usize> = samples(&rig).into_iter().map(line).collect();
    let average = lines.iter().sum::<usize>() / lines.len();
    assert!((24 * 60 - 5..=24 * 60).contains(&lines.len()), "{} samples", lines.len());
    assert!(average < 600, "{average} bytes");
}

#[test]
fn a_sample_leaves_out_what_the_session_survived_before_the_sample_before() {
    let mut rig = Rig::connected(settings());
    let mut then_samples = |bytes: &[u8]| {
        rig.pass_answered(30 * SECOND);
        rig.bytes(bytes);
        rig.pass_answered(30 * SECOND);
        rig.last_sample().survived.map(|survived| (survived.silence_seconds, survived.received_bytes))
    };
    assert_eq!(then_samples(&[0x30, 3, 0, 1, b't']), Some((Some(30.0), Some(5))));
    assert_eq!(then_samples(&[]), Some((Some(30.0), Some(5))), "our own silence before the first ping");
    assert_eq!(then_samples(&[0x30, 3, 0, 1, b't']), Some((Some(60.0), Some(5))));
    assert_eq!(then_samples(&[]), None);
    assert_eq!(then_samples(&[0x30, 4, 0, 1, b't', b'x']), Some((Some(60.0), Some(6))));
    assert_eq!(then_samples(&[]), None);
}

#[test]
fn a_sample_leaves_out_a_reading_of_the_kernel_that_is_as_before() {
    let reading = TcpReading {
        rtt_ms: Some(30.0),
        rtt_var_ms: Some(4.0),
        retransmits: Some(0),
        unacked: None,
        last_data_received_ms: Some(5.0),
        ..TcpReading::default()
    };
    let rows = [
        (
            TcpReading { last_data_received_ms: Some(900.0), last_ack_received_ms: Some(1.0), ..reading },
            false,
        ),
        (TcpReading { rtt_ms: Some(34.0), ..reading }, false),
        (TcpReading { rtt_ms: Some(25.9), ..reading }, true),
        (TcpReading { rtt_var_ms: Some(8.1), ..reading }, true),
        (TcpReading { rtt_var_ms: Some(1.9), ..reading }, true),
        (TcpReading { rtt_ms: None, ..reading }, true),
        (TcpReading { retransmits: Some(1), ..reading }, true),
        (TcpReading { unacked: Some(0), ..reading }, true),
    ];
    for (second, is_told) in rows {
        let mut rig = Rig::connected(settings());
        rig.measured.tcp = Some(reading);
        rig.pass_answered(60 * SECOND);
        assert_eq!(rig.last_sample().tcp, Some(reading));
        rig.measured.tcp = Some(second);
        rig.pass_answered(60 * SECOND);
        assert_eq!(rig.last_sample().tcp, is_told.then_some(second), "{second:?}");
    }
}

/// Small steps must not add up to a large one that no sample tells.
#[test]
fn a_round_trip_that_creeps_up_is_told_once_it_has_left_its_variance() {
    let mut rig = Rig::connected(settings());
    let mut told = Vec::new();
    for step in 0..10_u32 {
        let rtt_ms = Some(f64::from(30 + step));
        rig.measured.tcp = Some(TcpReading { rtt_ms, rtt_var_ms: Some(4.0), ..TcpReading::default() });
        rig.pass_answered(60 * SECOND);
        told.extend(rig.last_sample().tcp.map(|_| step));
    }
    assert_eq!(told, [0, 5]);
}

#[test]
fn the_first_sample_of_a_session_leaves_nothing_out() {
    let reading = TcpReading { retransmits: Some(0), ..TcpReading::default() };
    let mut rig = Rig::connected(settings());
    rig.measured.tcp = Some(reading);
    rig.pass_answered(150 * SECOND);
    rig.end(StreamEnd::Fin);
    let dropped = rig.last_sample().clone();
    assert_eq!((dropped.connected, dropped.survived, dropped.tcp), (Some(true), None, None));
    assert_eq!((rig.last_drop().survived.is_some(), rig.last_drop().tcp), (true, Some(reading)));
    rig.until_dial();
    rig.connect();
    rig.pass_answered(60 * SECOND);
    assert_eq!((rig.last_sample().survived.is_some(), rig.last_sample().tcp), (true, Some(reading)));
}
