//! Up and down over the period in a fixed number of slots: the wider the period, the wider a slot.

use chrono::{DateTime, Utc};

/// Slots kept. Slots double in width, two by two, when the period outgrows them.
pub const SLOTS: usize = 256;

/// How long each slice of the period was watched, and connected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    start_ms: Option<i64>,
    /// Width of a slot in milliseconds; 0 before the first span.
    width_ms: i64,
    slots: Vec<Slot>,
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
    /// Adds the span `from`..`to`; spans come in the order of time, and one that runs backwards is left out.
    pub fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, link: Link) {
        let (from, to) = (from.timestamp_millis(), to.timestamp_millis());
        let start = *self.start_ms.get_or_insert(from);
        if to <= from || from < start {
            return;
        }
        self.reach(to - start);
        let (mut at, end) = (from - start, to - start);
        while at < end {
            let index = at / self.width_ms;
            let until = end.min((index + 1) * self.width_ms);
            self.fill(usize::try_from(index).unwrap_or(SLOTS), until - at, link);
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
                column.observed_ms += slot.observed_ms;
                column.connected_ms += slot.connected_ms;
            }
        }
        merged
    }

    fn reach(&mut self, length_ms: i64) {
        self.width_ms = self.width_ms.max(1);
        let reach = i64::try_from(SLOTS).unwrap_or(i64::MAX);
        while (length_ms - 1) / self.width_ms >= reach {
            self.width_ms *= 2;
            self.slots = self.slots.chunks(2).map(merge).collect();
        }
    }

    fn fill(&mut self, index: usize, span_ms: i64, link: Link) {
        if index >= self.slots.len() {
            self.slots.resize(index + 1, Slot::default());
        }
        let slot = &mut self.slots[index];
        slot.observed_ms += span_ms;
        slot.connected_ms += match link {
            Link::Up => span_ms,
            Link::Down => 0,
        };
    }
}

fn merge(pair: &[Slot]) -> Slot {
    pair.iter().fold(Slot::default(), |sum, slot| Slot {
        observed_ms: sum.observed_ms + slot.observed_ms,
        connected_ms: sum.connected_ms + slot.connected_ms,
    })
}

#[cfg(test)]
mod tests {
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
        timeline.add(at(0), at(2000), Link::Up);
        assert!(timeline.columns(10).iter().all(|slot| slot.observed_ms == 0));
    }
}
