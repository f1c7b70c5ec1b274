//! Where the fold stands in one run: its identity, up or down, in an outage or not.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::broker_time::BrokerWatch;
use super::clock::Timestamp;
use super::counts::{MessageCounts, Outage};
use super::incidents::Tracker;
use crate::event::{Observation, Start, Subscribed, TargetFacts};

/// Filters remembered of one run: a journal from elsewhere must not make us grow.
const SUBSCRIPTIONS_LIMIT: usize = 1024;

/// Whether a session is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// Not known: the beginning of the run, or what came before, is missing.
    Unknown {
        /// Since when it is not, and from where on time is counted once it is.
        since: Timestamp,
    },
    /// None is.
    Down,
    /// One is.
    Up {
        /// When it began.
        since: Timestamp,
        /// From where on its time is counted: later, where its beginning is missing.
        counted_since: Timestamp,
    },
}

/// A run of `watch` as far as it was read.
#[derive(Debug, Clone)]
pub(super) struct RunState {
    /// Its number among the runs of the target, by their first records.
    pub(super) serial: u64,
    /// Its UUID; `None` where no record names it.
    pub(super) id: Option<Arc<str>>,
    /// What it watches; `None` where its `start` is missing.
    pub(super) target: Option<Arc<TargetFacts>>,
    /// The first record.
    pub(super) first: Timestamp,
    /// The last record.
    pub(super) last: Timestamp,
    /// The latest time that its wall clock showed: orders what happened in several runs.
    pub(super) latest_wall: DateTime<Utc>,
    /// How many records of the target came up to the last one of this run.
    pub(super) touched: u64,
    /// Up to where time is counted as up or down.
    pub(super) counted_to: Timestamp,
    /// How long this host slept since then, microseconds.
    pub(super) slept_us: i64,
    /// Whether a session is up.
    pub(super) session: Session,
    /// The outage that is going on.
    pub(super) outage: Option<Outage>,
    /// When the broker was away.
    pub(super) broker: BrokerWatch,
    /// Whether the run had a session already.
    pub(super) connected_before: bool,
    /// Whether a record of the run lies in the period.
    pub(super) counted: bool,
    /// Whether its last record does.
    pub(super) last_counted: bool,
    /// Totals of the last sample; `None` where what came before it is missing.
    pub(super) messages: Option<MessageCounts>,
    /// What became of each filter, in the order of the answers.
    pub(super) subscriptions: Vec<Subscribed>,
    /// Puts its incidents together.
    pub(super) tracker: Tracker,
}

impl RunState {
    /// The run of this number, whose first record this is.
    pub(super) fn begin(serial: u64, id: Option<Arc<str>>, first: &Observation) -> Self {
        let at = Timestamp::of(first);
        Self {
            serial,
            id,
            target: None,
            first: at,
            last: at,
            latest_wall: at.wall,
            touched: 0,
            counted_to: at,
            slept_us: 0,
            session: Session::Unknown { since: at },
            outage: None,
            broker: BrokerWatch::default(),
            connected_before: false,
            counted: false,
            last_counted: false,
            messages: None,
            subscriptions: Vec::new(),
            tracker: Tracker::new(serial),
        }
    }

    /// Takes the run's settings. Whether a session is up stays unknown where the run goes on in a journal opened anew.
    pub(super) fn start(&mut self, start: &Start) {
        let target = Arc::new(start.target.clone());
        self.tracker.start(&target, &start.time_zone);
        self.target = Some(target);
        if !start.continued {
            self.session = Session::Down;
            self.messages = Some(MessageCounts::default());
        }
    }

    /// From `since` on, what follows is known as little as at the first record of a run without a `start`.
    pub(super) fn forget_session(&mut self, since: Timestamp) {
        self.session = Session::Unknown { since };
        self.broker.connected();
        self.messages = None;
        (self.counted_to, self.slept_us) = (since, 0);
    }

    /// A session is up that began so long before `at`, in microseconds.
    pub(super) fn is_up(&mut self, at: Timestamp, length_us: i64) {
        let counted_since = match self.session {
            Session::Unknown { since } => since,
            Session::Down | Session::Up { .. } => at,
        };
        self.session = Session::Up { since: at.before(length_us), counted_since };
        self.connected_before = true;
        self.broker.connected();
    }

    /// Length of the session that is up, at the last record, in microseconds.
    pub(super) fn session_us(&self) -> Option<i64> {
        match self.session {
            Session::Up { since, .. } => Some(self.last.since_us(since)),
            Session::Down | Session::Unknown { .. } => None,
        }
    }

    /// Keeps the answer to a filter in the place of an earlier one.
    pub(super) fn subscribed(&mut self, subscribed: &Subscribed) {
        self.tracker.subscribed(subscribed);
        let known = &mut self.subscriptions;
        match known.iter().position(|known| known.topic == subscribed.topic) {
            Some(place) => known[place].clone_from(subscribed),
            None if known.len() < SUBSCRIPTIONS_LIMIT => known.push(subscribed.clone()),
            None => {}
        }
    }
}
