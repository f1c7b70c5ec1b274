//! Records that wait for a slow sink, in bounded memory: when it is full, the least important record is
//! discarded.

use std::collections::VecDeque;

use crate::event::{Event, Observation};

/// The most records that wait (journal format).
pub const BACKLOG_LIMIT: usize = 10_000;

/// The number of ranks. A record of rank 0 is discarded first.
const RANKS: usize = 5;

const fn rank(event: &Event) -> usize {
    match event {
        Event::Sample(_) => 0,
        Event::Device(_) => 1,
        Event::Environment(_) | Event::Finding(_) => 2,
        Event::AttemptFailed(_) => 3,
        Event::Start(_)
        | Event::Connected(_)
        | Event::Subscribed(_)
        | Event::Drop(_)
        | Event::LateAnswer(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_)
        | Event::Stop(_) => 4,
    }
}

/// The queue: records leave in the order in which they came.
#[derive(Debug)]
pub struct Backlog {
    limit: usize,
    /// Records pushed so far; each is numbered by it.
    arrivals: u64,
    /// The waiting records of each rank with their numbers.
    waiting: [VecDeque<(u64, Observation)>; RANKS],
    /// Records discarded since the last one left.
    lost: u64,
}

impl Default for Backlog {
    fn default() -> Self {
        Self::new(BACKLOG_LIMIT)
    }
}

impl Backlog {
    /// A queue of at most `limit` records.
    pub fn new(limit: usize) -> Self {
        Self { limit, arrivals: 0, waiting: Default::default(), lost: 0 }
    }

    /// Adds a record; if there is no room, the oldest record of the lowest rank is discarded.
    pub fn push(&mut self, record: Observation) {
        self.waiting[rank(&record.event)].push_back((self.arrivals, record));
        self.arrivals += 1;
        if self.len() > self.limit
            && let Some(rank) = self.waiting.iter_mut().find(|rank| !rank.is_empty())
        {
            rank.pop_front();
            self.lost += 1;
        }
    }

    /// Removes the oldest record and adds to it the number discarded since the last one left.
    pub fn pop(&mut self) -> Option<Observation> {
        let oldest = self.waiting.iter_mut().filter(|rank| !rank.is_empty());
        let rank = oldest.min_by_key(|rank| rank.front().map(|(arrival, _)| *arrival))?;
        let (_, mut record) = rank.pop_front()?;
        record.records_lost += std::mem::take(&mut self.lost);
        Some(record)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// How many were discarded since the last one left.
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
