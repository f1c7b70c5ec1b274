//! Which of the reference library's drops ended a session, and how long it and the outage behind it were.
//!
//! The library measures a drop from the latest connect that it knows, and a reconnect from the latest drop, whether or not
//! something lay in between. Here a span counts where the list bears it out.

use chrono::{DateTime, Utc};

use super::entry::{self, DropEntry};
use super::order::{before, record, seconds_between};
use crate::event::{AttemptFailed, Connected, ConnectionKind, Event, Observation, SessionDrop};
use crate::journal::older;

/// By how much the two stamps of one drop may disagree: the clock is read once for each.
const SLACK_SECONDS: f64 = 1.0;

/// What the lists come to.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Sessions and failed attempts, oldest first.
    pub(super) records: Vec<Observation>,
    /// Every drop, with the length of its session; 0 where none is known.
    pub(super) drops: Vec<(DateTime<Utc>, SessionDrop)>,
    /// Drops before which no session is known.
    pub(super) without_session: u64,
    up_since: Option<DateTime<Utc>>,
    last_drop: Option<DateTime<Utc>>,
    outage: Option<Outage>,
}

/// From the end of a session to the next connection.
#[derive(Debug, Clone, Copy)]
struct Outage {
    began: DateTime<Utc>,
    entries: u32,
}

/// Both lists in the order of time.
enum Entry {
    Drop(Box<DropEntry>),
    Connection(Box<Connected>),
}

/// Puts the lists together.
pub(super) fn told(drops: Vec<DropEntry>, connections: Vec<(DateTime<Utc>, Connected)>) -> Told {
    let connections =
        connections.into_iter().map(|(at, connected)| (at, Entry::Connection(Box::new(connected))));
    let mut entries: Vec<_> =
        drops.into_iter().map(|drop| (drop.at, Entry::Drop(Box::new(drop)))).chain(connections).collect();
    entries.sort_by_key(|(at, _)| *at);
    let mut told = Told::default();
    for (at, entry) in entries {
        match entry {
            Entry::Drop(drop) => told.dropped(at, *drop),
            Entry::Connection(connected) => told.connected(at, *connected),
        }
    }
    told
}

impl Told {
    fn dropped(&mut self, at: DateTime<Utc>, entry: DropEntry) {
        let length = self.session_seconds(at, entry.since_connect_seconds);
        let drop = SessionDrop { duration_connected_seconds: length, ..entry.drop };
        self.last_drop = Some(at);
        self.up_since = None;
        self.drops.push((at, drop.clone()));
        if let Some(outage) = &mut self.outage {
            outage.entries += 1;
        }
        if length.is_some() {
            self.outage = Some(Outage { began: at, entries: 1 });
            self.records.push(record(at, Event::Drop(Box::new(drop))));
            return;
        }
        self.without_session += 1;
        self.records.extend(failed(&drop).map(|failed| record(at, Event::AttemptFailed(Box::new(failed)))));
    }

    /// A session that began before the drop before it is one that was over already.
    fn session_seconds(&self, at: DateTime<Utc>, told: Option<f64>) -> Option<f64> {
        let began_after = |seconds: &f64| {
            let began = before(at, *seconds);
            self.last_drop.is_none_or(|drop| began >= before(drop, SLACK_SECONDS))
        };
        told.filter(began_after).or_else(|| Some(seconds_between(self.up_since?, at)))
    }

    fn connected(&mut self, at: DateTime<Utc>, connected: Connected) {
        let time_to_reconnect_seconds = match self.outage.take() {
            Some(Outage { entries: 1, .. }) if connected.time_to_reconnect_seconds.is_some() => {
                connected.time_to_reconnect_seconds
            }
            Some(outage) => Some(seconds_between(outage.began, at)),
            // The first of a list may follow a drop that the list has lost; a later one follows nothing.
            None if self.records.is_empty() && connected.kind != ConnectionKind::Connected => {
                connected.time_to_reconnect_seconds
            }
            None => None,
        };
        self.up_since = Some(at);
        let connected = Connected { time_to_reconnect_seconds, ..connected };
        self.records.push(record(at, Event::Connected(Box::new(connected))));
    }

    /// Since when a session is up, if one is.
    pub(super) const fn up_since(&self) -> Option<DateTime<Utc>> {
        self.up_since
    }
}

/// The attempt that was recorded as a drop, where its error tells what it met.
fn failed(drop: &SessionDrop) -> Option<AttemptFailed> {
    let mut failed = AttemptFailed {
        attempt_number: Some(drop.reconnect_attempt),
        protocol: drop.protocol,
        error_name: drop.error_name.clone(),
        error_code: drop.error_code,
        error_message: drop.error_message.clone(),
        ..AttemptFailed::new(entry::phase(drop)?)
    };
    failed.failure = older::attempt_failure(&failed);
    Some(failed)
}
