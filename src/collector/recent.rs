//! The latest few of a stream, and counts by name: both of bounded size.

use std::collections::{BTreeMap, VecDeque};

/// Names counted one by one; the rest go to [`OTHER`]. The vocabulary is far smaller: this bounds what a journal from
/// elsewhere can make us hold.
const NAMES_LIMIT: usize = 256;
const OTHER: &str = "OTHER";

/// The latest values of a stream.
#[derive(Debug, Clone)]
pub struct Recent<T> {
    capacity: usize,
    values: VecDeque<T>,
}

impl<T: Clone> Recent<T> {
    /// Keeps `capacity` values.
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, values: VecDeque::new() }
    }

    /// Adds a value, at the cost of the oldest.
    pub fn push(&mut self, value: T) {
        if self.values.len() >= self.capacity {
            self.values.pop_front();
        }
        if self.capacity > 0 {
            self.values.push_back(value);
        }
    }

    /// The values, oldest first.
    pub fn to_vec(&self) -> Vec<T> {
        self.values.iter().cloned().collect()
    }
}

/// How often each name occurred.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
}

impl Tally {
    /// One more of `name`.
    pub fn add(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
            return;
        }
        let name = if self.counts.len() < NAMES_LIMIT { name } else { OTHER };
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    /// The names, most frequent first, then by name.
    pub fn by_count(&self) -> Vec<(String, u64)> {
        let mut sorted: Vec<_> = self.counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
        sorted.sort_by(|(_, a), (_, b)| b.cmp(a));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_kept() {
        let mut recent = Recent::new(2);
        (1..=5).for_each(|value| recent.push(value));
        assert_eq!(recent.to_vec(), [4, 5]);
        let mut none = Recent::new(0);
        none.push(1);
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
