//! A part of a stream that was cut anywhere, folded apart from what came before it.
//!
//! The round trips of samples add up in any order, and are most of the work of a fold: the part adds them up at once. All
//! else depends on the state of the run at that point, which only the earlier parts know: those records are kept, decoded
//! and in order, and [`Fold::append`] folds them. Parts that are appended in their order therefore give byte for byte what
//! one fold of all records gives. A part takes about twice the memory of its text: cut a long journal into parts of some
//! 100 KB, and append each when it is its turn.

use std::sync::Arc;

use super::Fold;
use super::clock::Window;
use super::population::Population;
use crate::event::{Event, Observation, RoundTrips};

/// The part.
#[derive(Debug)]
pub struct PartialFold {
    window: Window,
    /// In order, each with the place of the round trips that were taken out of it, or of others of the same run.
    records: Vec<(Observation, Option<usize>)>,
    trips: Vec<Trips>,
    /// Place of the round trips of records that name no run: they belong to the latest `start`.
    unnamed: Option<usize>,
}

/// Round trips of one run.
#[derive(Debug)]
struct Trips {
    /// UUID of the run; `None` where its records do not name it.
    run: Option<Arc<str>>,
    pings: Population,
    probes: Population,
}

impl PartialFold {
    /// An empty part of a fold over `window`.
    pub const fn new(window: Window) -> Self {
        Self { window, records: Vec::new(), trips: Vec::new(), unnamed: None }
    }

    /// Takes one record, in the order in which they were written.
    pub fn record(&mut self, mut record: Observation) {
        if matches!(record.event, Event::Start(_)) {
            self.unnamed = None;
        }
        let trips = self.take_trips(&mut record);
        self.records.push((record, trips));
    }

    /// Adds the part that follows this one.
    pub fn append(&mut self, later: Self) {
        let places: Vec<usize> = later.trips.into_iter().map(|trips| self.add(trips)).collect();
        let moved = |place: Option<usize>| place.and_then(|place| places.get(place).copied());
        self.records.extend(later.records.into_iter().map(|(record, place)| (record, moved(place))));
        self.unnamed = moved(later.unnamed);
    }

    /// Takes the round trips out of a sample of the period, and tells where they are.
    fn take_trips(&mut self, record: &mut Observation) -> Option<usize> {
        let Event::Sample(sample) = &mut record.event else { return None };
        if !self.window.contains(record.ts) || (sample.ping_rtt_ms.is_none() && sample.probe_rtt_ms.is_none())
        {
            return None;
        }
        let (pings, probes) = (taken_out(&mut sample.ping_rtt_ms), taken_out(&mut sample.probe_rtt_ms));
        let place = self.place(record.run.as_ref());
        let trips = self.trips.get_mut(place)?;
        if let Some(pings) = pings {
            trips.pings.add_group(&pings);
        }
        if let Some(probes) = probes {
            trips.probes.add_group(&probes);
        }
        Some(place)
    }

    /// Where the round trips of a run are kept.
    fn place(&mut self, run: Option<&Arc<str>>) -> usize {
        let known = match run {
            Some(_) => self.trips.iter().rposition(|trips| trips.run.as_ref() == run),
            None => self.unnamed,
        };
        let place = known.unwrap_or_else(|| {
            self.trips.push(Trips {
                run: run.cloned(),
                pings: Population::default(),
                probes: Population::default(),
            });
            self.trips.len() - 1
        });
        if run.is_none() {
            self.unnamed = Some(place);
        }
        place
    }

    /// Adds round trips of a later part, to those of the same run if there are any; tells where.
    fn add(&mut self, later: Trips) -> usize {
        let same = |trips: &Trips| trips.run.is_some() && trips.run == later.run;
        let Some(place) = self.trips.iter().position(same) else {
            self.trips.push(later);
            return self.trips.len() - 1;
        };
        if let Some(trips) = self.trips.get_mut(place) {
            trips.pings.merge(&later.pings);
            trips.probes.merge(&later.probes);
        }
        place
    }
}

/// The round trips of a sample, of which it keeps no more than how many there were.
fn taken_out(trips: &mut Option<RoundTrips>) -> Option<RoundTrips> {
    let count = trips.as_ref()?.count;
    trips.replace(RoundTrips { count, ..RoundTrips::default() })
}

impl Fold {
    /// Adds the part that follows what was folded so far.
    pub fn append(&mut self, part: PartialFold) {
        let mut trips: Vec<Option<Trips>> = part.trips.into_iter().map(Some).collect();
        for (record, place) in part.records {
            let collector = self.take(&record);
            let due = place.and_then(|place| trips.get_mut(place)?.take());
            if let (Some(collector), Some(Trips { pings, probes, .. })) = (collector, due) {
                collector.add_round_trips(&pings, &probes);
            }
        }
    }
}
