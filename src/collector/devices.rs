//! Appliances behind the broker, as far as they were asked: counts of fixed size, and the spells in which they were
//! silent. Nothing is concluded here.
//!
//! Silence counts against an appliance only while our own connection was heard: where the broker itself had fallen
//! silent by the time the request was given up, as the drop behind it tells, the request is undecided.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::clock::microseconds;
pub use super::device_facts::{DeviceMetrics, Silence};
use super::population::Population;
use crate::event::{DeviceProbe, SessionDrop, bounded};

/// Appliances that are told apart: a journal from elsewhere must not make us grow.
const DEVICES_KEPT: usize = 32;

/// Spells of silence that are kept, all appliances together.
const SILENCES_KEPT: usize = 256;

/// The fold.
#[derive(Debug, Clone, Default)]
pub(super) struct Devices {
    known: Vec<Known>,
    over: VecDeque<Silence>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    metrics: DeviceMetrics,
    trips: Population,
    silence: Option<Silence>,
    /// The outcome recorded last, where it was silence.
    latest: Option<Silent>,
}

/// A request that was given up unanswered.
#[derive(Debug, Clone, Copy)]
struct Silent {
    at: DateTime<Utc>,
    /// Number of the run that asked.
    run: u64,
    cloud: Option<bool>,
}

impl Devices {
    /// The outcome of a request in this run.
    pub(super) fn asked(&mut self, at: DateTime<Utc>, run: u64, probe: &DeviceProbe) {
        let name = bounded(probe.device.clone());
        let place = self.known.iter().position(|known| known.metrics.device == name);
        let place = place.or_else(|| {
            let metrics = DeviceMetrics { device: name, ..DeviceMetrics::default() };
            (self.known.len() < DEVICES_KEPT)
                .then(|| self.known.push(Known { metrics, ..Known::default() }))?;
            Some(self.known.len() - 1)
        });
        let Some(known) = place.and_then(|place| self.known.get_mut(place)) else { return };
        let Some(answered) = probe.answered else { return };
        known.metrics.asked += 1;
        known.metrics.last_asked = Some(at);
        known.metrics.cloud_connected = probe.cloud_connected;
        known.metrics.cloud_error_code = probe.cloud_error_code.or(known.metrics.cloud_error_code);
        if !answered {
            return known.silent(Silent { at, run, cloud: probe.cloud_connected });
        }
        if let Some(silence) = known.answered(at, probe) {
            self.keep(silence);
        }
    }

    /// The connection of this run ended: what was silent behind its own silence is undecided.
    pub(super) fn dropped(&mut self, at: DateTime<Utc>, run: u64, drop: &SessionDrop) {
        let silent = microseconds(drop.last_received_seconds.unwrap_or_default());
        let heard =
            at.checked_sub_signed(TimeDelta::microseconds(silent)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        for known in &mut self.known {
            if let Some(silent) = known.latest.take_if(|silent| silent.run == run && silent.at >= heard) {
                known.undecided(silent);
            }
        }
    }

    /// All appliances, in the order in which they first appeared.
    pub(super) fn metrics(&self) -> Vec<DeviceMetrics> {
        let metrics =
            |known: &Known| DeviceMetrics { rtt: known.trips.distribution(1e3), ..known.metrics.clone() };
        self.known.iter().map(metrics).collect()
    }

    /// The latest spells of silence by their beginning, those that go on among them.
    pub(super) fn silences(&self) -> Vec<Silence> {
        let open = self.known.iter().filter_map(|known| known.silence.clone());
        let mut all: Vec<Silence> = self.over.iter().cloned().chain(open).collect();
        all.sort_by(|a, b| (a.began, &a.device).cmp(&(b.began, &b.device)));
        all
    }

    fn keep(&mut self, silence: Silence) {
        if self.over.len() == SILENCES_KEPT {
            self.over.pop_front();
        }
        self.over.push_back(silence);
    }
}

impl Known {
    /// The silence that this answer ends, if there was one.
    fn answered(&mut self, at: DateTime<Utc>, probe: &DeviceProbe) -> Option<Silence> {
        let metrics = &mut self.metrics;
        metrics.answered += 1;
        metrics.unanswered_streak = 0;
        metrics.last_answer = Some(at);
        metrics.wifi_dbm = probe.wifi_dbm.or(metrics.wifi_dbm);
        metrics.weakest_wifi_dbm = [metrics.weakest_wifi_dbm, probe.wifi_dbm].into_iter().flatten().min();
        metrics.error_code = probe.error_code.or(metrics.error_code);
        probe.rtt_ms.iter().for_each(|ms| self.trips.add(*ms));
        self.latest = None;
        self.silence.take().map(|silence| Silence { ended: Some(at), ..silence })
    }

    fn silent(&mut self, request: Silent) {
        let Silent { at, cloud, .. } = request;
        self.metrics.unanswered_streak += 1;
        self.latest = Some(request);
        let metrics = &self.metrics;
        let silence = self.silence.get_or_insert_with(|| Silence {
            device: metrics.device.clone(),
            began: at,
            latest: at,
            unanswered: 0,
            cloud_gone: 0,
            cloud_there: 0,
            wifi_dbm_before: metrics.wifi_dbm,
            error_code_before: metrics.error_code,
            ended: None,
        });
        silence.latest = at;
        silence.unanswered += 1;
        *silence.cloud(cloud) += u64::from(cloud.is_some());
    }

    /// The latest silence is taken back.
    fn undecided(&mut self, silent: Silent) {
        self.metrics.undecided += 1;
        self.metrics.unanswered_streak = self.metrics.unanswered_streak.saturating_sub(1);
        let Some(silence) = &mut self.silence else { return };
        silence.unanswered -= 1;
        *silence.cloud(silent.cloud) -= u64::from(silent.cloud.is_some());
        if silence.unanswered == 0 {
            self.silence = None;
        }
    }
}

impl Silence {
    fn cloud(&mut self, word: Option<bool>) -> &mut u64 {
        if word == Some(true) { &mut self.cloud_there } else { &mut self.cloud_gone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn answer(ms: f64, wifi_dbm: i32, error_code: i64) -> DeviceProbe {
        DeviceProbe {
            device: "aa...eeff".to_owned(),
            answered: Some(true),
            rtt_ms: Some(ms),
            wifi_dbm: Some(wifi_dbm),
            error_code: Some(error_code),
            cloud_connected: Some(true),
            cloud_error_code: None,
        }
    }

    fn silent(cloud_connected: Option<bool>) -> DeviceProbe {
        DeviceProbe {
            device: "aa...eeff".to_owned(),
            answered: Some(false),
            cloud_connected,
            ..DeviceProbe::default()
        }
    }

    fn fold(probes: impl IntoIterator<Item = (i64, DeviceProbe)>) -> Devices {
        let mut devices = Devices::default();
        probes.into_iter().for_each(|(second, probe)| devices.asked(at(second), 0, &probe));
        devices
    }

    /// A drop that was noticed so long after the broker was last heard.
    fn drop_after(silence: f64) -> SessionDrop {
        serde_json::from_value(serde_json::json!({"error_name": "X", "last_received_seconds": silence}))
            .unwrap()
    }

    #[test]
    fn requests_answers_and_what_they_said_are_counted() {
        let devices = fold([
            (0, answer(100.0, -60, 0)),
            (300, DeviceProbe { cloud_error_code: Some(596), ..answer(300.0, -80, 596) }),
            (610, silent(Some(false))),
            (910, silent(None)),
        ]);
        let metrics = devices.metrics().remove(0);
        assert_eq!((metrics.asked, metrics.answered, metrics.undecided, metrics.unanswered()), (4, 2, 0, 2));
        assert_eq!(
            (metrics.unanswered_streak, metrics.last_asked, metrics.last_answer),
            (2, Some(at(910)), Some(at(300)))
        );
        assert_eq!(
            (metrics.wifi_dbm, metrics.weakest_wifi_dbm, metrics.error_code),
            (Some(-80), Some(-80), Some(596))
        );
        assert_eq!((metrics.cloud_connected, metrics.cloud_error_code), (None, Some(596)));
        assert_eq!((metrics.rtt.mean, metrics.rtt.count), (Some(200.0), 2));
    }

    #[test]
    fn a_spell_of_silence_is_one_incident_and_knows_what_came_before() {
        let devices = fold([
            (0, answer(100.0, -84, 596)),
            (310, silent(Some(true))),
            (610, silent(Some(false))),
            (900, answer(100.0, -60, 0)),
            (1210, silent(None)),
        ]);
        let silences = devices.silences();
        let [first, second] = &silences[..] else { panic!("{silences:?}") };
        assert_eq!((first.began, first.latest, first.ended), (at(310), at(610), Some(at(900))));
        assert_eq!((first.unanswered, first.cloud_gone, first.cloud_there), (2, 1, 1));
        assert_eq!((first.wifi_dbm_before, first.error_code_before), (Some(-84), Some(596)));
        assert_eq!((second.unanswered, second.ended, second.wifi_dbm_before), (1, None, Some(-60)));
    }

    #[test]
    fn silence_behind_the_silence_of_our_own_connection_is_undecided() {
        for (heard_before, undecided) in [(63.0, 1), (20.0, 0)] {
            let mut devices =
                fold([(0, answer(100.0, -60, 0)), (310, silent(Some(false))), (610, silent(Some(false)))]);
            devices.dropped(at(640), 0, &drop_after(heard_before));
            devices.dropped(at(640), 0, &drop_after(heard_before));
            let metrics = devices.metrics().remove(0);
            assert_eq!((metrics.undecided, metrics.unanswered_streak), (undecided, 2 - undecided));
            let silence = devices.silences().remove(0);
            assert_eq!((silence.unanswered, silence.cloud_gone), (2 - undecided, 2 - undecided));
        }
        let mut lone = fold([(10, silent(None))]);
        lone.dropped(at(40), 0, &drop_after(33.0));
        assert_eq!((lone.silences(), lone.metrics()[0].unanswered()), (Vec::new(), 0));
    }

    #[test]
    fn silence_in_one_run_is_not_undone_by_the_end_of_another_runs_connection() {
        let mut devices = fold([(10, silent(None))]);
        devices.dropped(at(40), 1, &drop_after(33.0));
        assert_eq!(devices.metrics()[0].unanswered(), 1);
        devices.dropped(at(40), 0, &drop_after(33.0));
        assert_eq!(devices.metrics()[0].unanswered(), 0);
    }

    #[test]
    fn no_journal_makes_it_grow() {
        let name = |number: i64| format!("{number}");
        let devices = fold((0..10_000).map(|number| {
            let probe = if number % 2 == 0 { silent(None) } else { answer(1.0, -60, 0) };
            (number, DeviceProbe { device: name(number / 2 % 100), ..probe })
        }));
        assert_eq!((devices.metrics().len(), devices.silences().len()), (32, 256));
    }
}
