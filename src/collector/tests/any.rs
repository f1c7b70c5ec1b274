//! Whatever a journal holds.

use super::*;
use crate::event::{LateAnswer, ProbeRefused, Pruned};

/// An event of a run, but for those of appliances, which are followed across runs.
pub(super) fn any_event_of_a_connection() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0_u32..20).prop_map(|n| connected(ConnectionKind::Resumed, n, Some(1.5))),
        Just(connected(ConnectionKind::Connected, 0, None)),
        (0.0..1e6).prop_map(|duration| dropped("A", duration)),
        (0_u32..20).prop_map(failed),
        (0_u64..1000).prop_map(sample),
        (0_u64..1000, prop::collection::vec(0.0..1e6_f64, 1..60))
            .prop_map(|(number, trips)| probed(number, trips)),
        Just(stop(Some(1.0))),
        (0.0..1e5).prop_map(suspend),
        (0.0..100.0_f64).prop_map(|seconds| Event::LateAnswer(LateAnswer { seconds })),
        (0_usize..4, -100.0..100.0_f64).prop_map(|(kind, seconds)| changed(kind, seconds)),
        (0_i64..10_000, 0_i64..3000).prop_map(|(from, length)| pruned(from, from + length)),
        Just(Event::ProbeRefused(ProbeRefused { topic: None, reason_code: Some(0x87), reason_string: None })),
    ]
}

/// A sample with round trips of probes, of which there may be more than are listed.
fn probed(number: u64, values: Vec<f64>) -> Event {
    let Event::Sample(sample) = sample(number) else { unreachable!("a sample was made") };
    let probe_rtt_ms = Some(RoundTrips {
        last: None,
        min: values.iter().copied().reduce(f64::min),
        mean: values.first().copied(),
        max: values.iter().copied().reduce(f64::max),
        count: values.len() as u64 + number % 3,
        values,
    });
    Event::Sample(Box::new(Sample { probe_rtt_ms, ..*sample }))
}

fn changed(kind: usize, seconds: f64) -> Event {
    use EnvironmentKind::{AddressAdded, AddressRemoved, ClockStep, LinkDown};
    let kind = [ClockStep, LinkDown, AddressRemoved, AddressAdded][kind];
    let detail = format!("192.0.2.{}/24", if seconds < 0.0 { 7 } else { 8 });
    Event::Environment(Environment {
        in_use: Some(true),
        seconds: Some(seconds),
        detail,
        ..Environment::new(kind)
    })
}

pub(super) fn pruned(from: i64, to: i64) -> Event {
    Event::Pruned(Pruned { from: wall(from), to: wall(to), records: None })
}

/// Any event.
pub(super) fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(start()),
        8 => any_event_of_a_connection(),
        1 => (0_u8..3, any::<bool>(), any::<Option<bool>>())
            .prop_map(|(number, answered, cloud)| asked(number, answered, cloud)),
    ]
}

proptest! {
    #[test]
    fn no_order_of_records_panics_or_makes_impossible_numbers(
        events in prop::collection::vec((-100_i64..10_000, any_event()), 0..80), since in 0_i64..10_000, length in 0_i64..10_000,
    ) {
        let records: Vec<Observation> = events.into_iter().map(|(at, event)| record(0, at, event)).collect();
        let narrow = Window { since: Some(wall(since)), until: Some(wall(since + length)) };
        for window in [Window::default(), narrow] {
            for liveness in [Liveness::Live, Liveness::Over] {
                let metrics = fold(window, &records, liveness);
                let observation = &metrics.observation;
                prop_assert!(observation.connected_seconds <= observation.observed_seconds);
                prop_assert!(observation.availability().is_none_or(|share| (0.0..=1.0).contains(&share)));
                prop_assert_eq!(metrics.outages_by_attempts.iter().sum::<u64>(), metrics.drops);
                prop_assert_eq!(metrics.sessions.count, metrics.drops);
                prop_assert!(observation.interrupted_runs <= observation.runs);
                for device in &metrics.devices {
                    prop_assert_eq!(device.answered + device.undecided + device.unanswered(), device.asked);
                    prop_assert!(device.unanswered_streak <= device.unanswered());
                }
                let silent: u64 = metrics.silences.iter().map(|silence| silence.unanswered).sum();
                prop_assert_eq!(silent, metrics.devices.iter().map(DeviceMetrics::unanswered).sum::<u64>());
            }
        }
    }
}
