//! Records that wait for a slow place, in bounded memory: what matters least is given up first.

use std::collections::VecDeque;

use crate::event::{Event, Record};

/// Records that wait at most (journal format).
pub const BACKLOG_LIMIT: usize = 10_000;

/// What is given up first comes first.
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
    arrivals: u64,
    waiting: [VecDeque<(u64, Record)>; RANKS],
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

    /// Adds a record; if there is no room, the oldest of the least important ones is lost.
    pub fn push(&mut self, record: Record) {
        self.waiting[rank(&record.event)].push_back((self.arrivals, record));
        self.arrivals += 1;
        if self.len() > self.limit
            && let Some(rank) = self.waiting.iter_mut().find(|rank| !rank.is_empty())
        {
            rank.pop_front();
            self.lost += 1;
        }
    }

    /// The oldest record; it carries the number lost since the last one that left.
    pub fn pop(&mut self) -> Option<Record> {
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

    /// How many were lost since the last one that left.
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}
