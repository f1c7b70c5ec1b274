//! Up and down over the period in a fixed number of slots: the wider the period, the wider a slot.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

/// Slots kept at most. Slots double in width, two by two, when the period outgrows them.
pub const SLOTS: usize = 256;

/// How long each slice of the period was watched, and connected.
///
/// Slots lie on a fixed grid, the multiples of their width since 1970: the same spans make the same slots in whatever
/// order they come, so that runs may be mixed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// Binary logarithm of the width of a slot in milliseconds.
    scale: u32,
    /// Place of the first slot on the grid.
    first: i64,
    slots: VecDeque<Slot>,
}

/// One slice, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// Time in which `watch` ran.
    pub observed_ms: i64,
    /// Of that, time in which a session was up.
    pub connected_ms: i64,
}

/// What a span adds to the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A session was up.
    Up,
    /// No session was up.
    Down,
}

impl Timeline {
    /// Adds the span `from`..`to`; one that runs backwards adds nothing.
    pub fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, link: Link) {
        let (from, to) = (from.timestamp_millis(), to.timestamp_millis());
        if to <= from {
            return;
        }
        self.reach(from, to - 1);
        let mut at = from;
        while at < to {
            let place = at >> self.scale;
            let until = to.min((place + 1) << self.scale);
            self.fill(place, until - at, link);
            at = until;
        }
    }

    /// The period as `columns` slices of equal width, at most [`SLOTS`].
    pub fn columns(&self, columns: usize) -> Vec<Slot> {
        let columns = columns.clamp(1, SLOTS);
        let mut merged = vec![Slot::default(); columns.min(self.slots.len())];
        for (index, slot) in self.slots.iter().enumerate() {
            let column = index * merged.len() / self.slots.len();
            if let Some(column) = merged.get_mut(column) {
                column.add(*slot);
            }
        }
        merged
    }

    /// Makes slots from the first to the last of these milliseconds, as wide as it takes to need no more than [`SLOTS`].
    fn reach(&mut self, first_ms: i64, last_ms: i64) {
        if self.slots.is_empty() {
            (self.scale, self.first) = (0, first_ms);
        }
        loop {
            let first = self.first.min(first_ms >> self.scale);
            let end = self.end().max((last_ms >> self.scale) + 1);
            if usize::try_from(end - first).is_ok_and(|slots| slots <= SLOTS) {
                return self.extend(first, end);
            }
            self.widen();
        }
    }

    /// The place behind the last slot.
    fn end(&self) -> i64 {
        self.first.saturating_add_unsigned(self.slots.len() as u64)
    }

    fn extend(&mut self, first: i64, end: i64) {
        (first..self.first).for_each(|_| self.slots.push_front(Slot::default()));
        self.first = first;
        (self.end()..end).for_each(|_| self.slots.push_back(Slot::default()));
    }

    /// Makes slots twice as wide.
    fn widen(&mut self) {
        let (narrow, first) = (std::mem::take(&mut self.slots), self.first);
        (self.scale, self.first) = (self.scale + 1, first >> 1);
        for (place, slot) in (first..).zip(narrow) {
            if place >> 1 == self.end() {
                self.slots.push_back(Slot::default());
            }
            self.slots.back_mut().into_iter().for_each(|wide| wide.add(slot));
        }
    }

    fn fill(&mut self, place: i64, span_ms: i64, link: Link) {
        let index = usize::try_from(place - self.first).unwrap_or(SLOTS);
        if let Some(slot) = self.slots.get_mut(index) {
            let connected_ms = match link {
                Link::Up => span_ms,
                Link::Down => 0,
            };
            slot.add(Slot { observed_ms: span_ms, connected_ms });
        }
    }
}

impl Slot {
    const fn add(&mut self, other: Self) {
        self.observed_ms += other.observed_ms;
        self.connected_ms += other.connected_ms;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn time_is_neither_lost_nor_made_when_slots_widen() {
        let mut timeline = Timeline::default();
        for hour in 0..10_000_i64 {
            let link = if hour % 2 == 0 { Link::Up } else { Link::Down };
            timeline.add(at(hour * 3_600_000), at((hour + 1) * 3_600_000), link);
        }
        for columns in [1, 60, SLOTS] {
            let slots = timeline.columns(columns);
            assert!(slots.len() <= columns);
            assert_eq!(slots.iter().map(|s| s.observed_ms).sum::<i64>(), 36_000_000_000);
            assert_eq!(slots.iter().map(|s| s.connected_ms).sum::<i64>(), 18_000_000_000);
        }
    }

    #[test]
    fn a_gap_stays_unobserved() {
        let mut timeline = Timeline::default();
        timeline.add(at(0), at(1000), Link::Up);
        timeline.add(at(9000), at(10_000), Link::Down);
        let slots = timeline.columns(10);
        assert_eq!(slots.iter().map(|s| s.observed_ms).sum::<i64>(), 2000);
        assert_eq!(slots[4], Slot::default());
    }

    #[test]
    fn a_clock_that_runs_backwards_adds_nothing() {
        let mut timeline = Timeline::default();
        timeline.add(at(1000), at(0), Link::Up);
        assert_eq!(timeline, Timeline::default());
    }

    proptest! {
        #[test]
        fn the_order_of_spans_makes_no_difference(
            spans in prop::collection::vec((-10_000_000_000_i64..10_000_000_000, 0_i64..100_000_000, any::<bool>()), 0..20),
        ) {
            let fold = |spans: &mut dyn Iterator<Item = &(i64, i64, bool)>| {
                let mut timeline = Timeline::default();
                for (from, length, up) in spans {
                    timeline.add(at(*from), at(from + length), if *up { Link::Up } else { Link::Down });
                }
                timeline
            };
            let forwards = fold(&mut spans.iter());
            let observed: i64 = forwards.columns(SLOTS).iter().map(|slot| slot.observed_ms).sum();
            prop_assert_eq!(observed, spans.iter().map(|(_, length, _)| length).sum::<i64>());
            prop_assert_eq!(forwards, fold(&mut spans.iter().rev()));
        }
    }
}
