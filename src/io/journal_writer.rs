//! Writes records to the journal and syncs them to the disk in time.

use std::time::Duration;

use super::clock::Clock;
use super::journal_file::JournalFile;
use super::sink_queue::{Idle, Queued, RecordSink, WriteError};
use crate::event::{Event, Moment, Observation};
use crate::journal::encode;

/// The longest time between writing a record and syncing it (journal format). A power cut loses at most as
/// much.
const SYNC_WITHIN: Duration = Duration::from_secs(1);

/// The journal as a sink of records.
#[derive(Debug)]
pub struct JournalWriter {
    file: JournalFile,
    clock: Clock,
    /// When the oldest record that is not synced yet was written.
    unsynced_since: Option<Moment>,
    /// Whether one of them has to be synced at once.
    urgent: bool,
}

impl JournalWriter {
    /// A writer to `file`.
    pub const fn new(file: JournalFile, clock: Clock) -> Self {
        Self { file, clock, unsynced_since: None, urgent: false }
    }

    fn sync(&mut self) {
        self.unsynced_since = None;
        self.urgent = false;
        if let Err(error) = self.file.sync() {
            tracing::warn!(%error, "the journal could not be brought to the disk");
        }
    }
}

impl RecordSink for JournalWriter {
    fn write(&mut self, record: &Observation) -> Result<(), WriteError> {
        let line = encode(record).map_err(std::io::Error::from)?;
        self.file.append(&line)?;
        self.urgent |= is_synced_at_once(&record.event);
        self.unsynced_since.get_or_insert(self.clock.now());
        Ok(())
    }

    /// Records that wait in the queue are written before a sync: syncing each would make a slow disk slower
    /// still.
    fn idle(&mut self, queue: Queued) -> Idle {
        let Some(since) = self.unsynced_since else { return Idle::UntilNext };
        let left = since.plus(SYNC_WITHIN).since(self.clock.now());
        if left.is_zero() || (self.urgent && queue == Queued::Nothing) {
            self.sync();
            return Idle::UntilNext;
        }
        Idle::AtMost(left)
    }
}

/// Whether the record is synced at once, so that no power cut loses it.
const fn is_synced_at_once(event: &Event) -> bool {
    match event {
        Event::Connected(_) | Event::Drop(_) | Event::Stop(_) => true,
        Event::Start(_)
        | Event::Subscribed(_)
        | Event::LateAnswer(_)
        | Event::AttemptFailed(_)
        | Event::Sample(_)
        | Event::Environment(_)
        | Event::Device(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_) => false,
    }
}
