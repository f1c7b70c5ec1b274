//! What a dump says of itself, and what it leaves open: reports tell it beside the numbers.

use chrono::{DateTime, Utc};

/// Who made a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `nwdiag export`.
    Export,
    /// The reference library, nwp500-python.
    Library,
    /// The same, out of a Home Assistant diagnostics download.
    HomeAssistant,
}

/// What a dump says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who made it.
    pub origin: Origin,
    /// When it was made; all that it tells is as of then.
    pub at: Option<DateTime<Utc>>,
    /// Whether a session was up then, and its length goes on to that moment.
    pub connected: bool,
    /// Drops that it lists one by one.
    pub drops_listed: u64,
    /// Drops that it counted in all.
    pub drops_told: u64,
    /// Of those listed, the ones before which no session is known: failed attempts, or sessions that were not recorded.
    pub drops_without_session: u64,
    /// Dumps in the same file that were left out: the first one counts.
    pub others: u64,
    /// Entries that could not be read.
    pub unreadable: u64,
    /// Lines that the journal behind an export had lost.
    pub skipped_lines: u64,
    /// Whether times of day are those of the host; UTC where they are not.
    pub zone_is_known: bool,
}
