//! The latest few of a stream, and counts by name: both of bounded size.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

/// Names counted one by one; the rest go to [`OTHER`]. The vocabulary is far smaller: this bounds what a journal from
/// elsewhere can make us hold.
const NAMES_LIMIT: usize = 256;
const OTHER: &str = "OTHER";

/// The latest values of a stream, by their times: those of several runs may come in any order.
#[derive(Debug, Clone)]
pub(super) struct Recent<T> {
    capacity: usize,
    /// Oldest first, each with its time; of one time, those that came first.
    values: VecDeque<(DateTime<Utc>, T)>,
}

impl<T: Clone> Recent<T> {
    /// Keeps `capacity` values.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { capacity, values: VecDeque::new() }
    }

    /// Keeps no more than `capacity` values from now on.
    pub(super) fn limit(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.values.drain(..self.values.len().saturating_sub(capacity));
    }

    /// How many values are kept at most.
    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds a value of this time, at the cost of the oldest.
    pub(super) fn push(&mut self, at: DateTime<Utc>, value: T) {
        let earlier = self.values.iter().rev().take_while(|(time, _)| *time > at).count();
        let place = self.values.len() - earlier;
        if self.values.len() < self.capacity {
            self.values.insert(place, (at, value));
        } else if place > 0 {
            self.values.pop_front();
            self.values.insert(place - 1, (at, value));
        }
    }

    /// The values, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.values.iter().map(|(_, value)| value)
    }

    /// The values with their times, oldest first.
    pub(super) fn dated(&self) -> impl Iterator<Item = &(DateTime<Utc>, T)> {
        self.values.iter()
    }

    /// The values, to be changed, oldest first.
    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.values.iter_mut().map(|(_, value)| value)
    }

    /// The values, oldest first.
    pub(super) fn to_vec(&self) -> Vec<T> {
        self.iter().cloned().collect()
    }
}

/// How often each name occurred.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    counts: BTreeMap<String, u64>,
}

impl Tally {
    /// One more of `name`.
    pub(super) fn add(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
            return;
        }
        let name = if self.counts.len() < NAMES_LIMIT { name } else { OTHER };
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    /// The names, most frequent first, then by name.
    pub(super) fn by_count(&self) -> Vec<(String, u64)> {
        let mut sorted: Vec<_> = self.counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
        sorted.sort_by(|(_, a), (_, b)| b.cmp(a));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_kept_in_whatever_order_they_come() {
        let at = |second: i64| DateTime::from_timestamp(second, 0).unwrap();
        for order in [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 5, 1, 4, 2]] {
            let mut recent = Recent::new(2);
            for second in order {
                recent.push(at(second), second);
            }
            assert_eq!(recent.to_vec(), [4, 5], "{order:?}");
        }
        let mut of_one_time = Recent::new(2);
        (1..=3).for_each(|value| of_one_time.push(at(0), value));
        assert_eq!(of_one_time.to_vec(), [2, 3]);
        let mut none = Recent::new(0);
        none.push(at(0), 1);
        assert!(none.to_vec().is_empty());
    }

    #[test]
    fn names_come_by_count_then_by_name_and_are_bounded() {
        let mut tally = Tally::default();
        for name in ["b", "a", "c", "c"] {
            tally.add(name);
        }
        assert_eq!(tally.by_count(), [("c".to_owned(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
        (0..10_000).for_each(|number| tally.add(&number.to_string()));
        assert_eq!(tally.by_count().len(), 256 + 1, "and one for all others");
        assert_eq!(tally.by_count().iter().map(|(_, count)| count).sum::<u64>(), 10_004);
    }
}
