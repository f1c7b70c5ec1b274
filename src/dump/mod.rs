//! Dumps: what another program, or an export of ours, knew at one moment, read back into records and totals.
//!
//! What a dump lists one by one becomes records, which go through the one [`Collector`]: incidents, findings and recent
//! lists come the normal way. What it tells as a total stands where it says more than the list ([`own`], [`mod@reference`]).
//! What it does not tell stays null or zero. Nothing here opens a file or names a cause.

mod account;
mod entry;
mod error;
mod find;
mod order;
mod own;
mod reference;
mod session;
mod text;
mod value;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::account::{Account, Origin};
pub use self::error::DumpError;
use self::find::{Found, find};
pub use self::text::{BYTE_ORDER_MARK, looks_like_a_journal};
use crate::collector::clock::Window;
use crate::collector::metrics::{Coverage, Metrics};
use crate::collector::timeline::Timeline;
use crate::collector::{Collector, Liveness};
use crate::event::Observation;

/// The longest dump that is read: a real one is far below 1 MiB.
pub const DUMP_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// A dump, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Dump {
    /// Where it comes from, and what it could not tell.
    pub account: Account,
    /// What it lists, oldest first, behind a `start` of what it says of the target.
    records: Vec<Observation>,
    totals: Totals,
}

/// What a dump says of all that its program saw, beyond what it lists.
#[derive(Debug, Clone, PartialEq)]
enum Totals {
    /// An export of ours says everything but the incidents.
    Own(Box<Metrics>),
    /// The reference library's dump.
    Reference(Box<reference::Totals>),
}

impl Dump {
    /// Reads a whole file: one JSON value that is a dump, or holds one.
    pub fn read(bytes: &[u8]) -> Result<Self, DumpError> {
        let whole = text::parse(bytes)?;
        let (found, others) = find(&whole)?;
        let dump = match found {
            Found::Own(export) => own::read(&export),
            Found::Reference { dump, zone, origin } => reference::read(&dump, zone.as_deref(), origin),
        };
        Ok(Self { account: Account { others, ..dump.account }, ..dump })
    }

    /// The numbers, with the `recent` latest drops and connections.
    ///
    /// Totals belong to no period: where one is asked for, only what the dump lists one by one counts, and what it does
    /// not list is null or zero.
    pub fn metrics(&self, period: Window, recent: usize) -> Metrics {
        let mut collector = Collector::new(period, recent);
        self.records.iter().for_each(|record| collector.record(record));
        let listed = unwatched(collector.metrics(Liveness::Live), self);
        if period != Window::default() {
            return Metrics { connected: false, session_seconds: 0.0, ..listed };
        }
        match &self.totals {
            Totals::Own(told) => own::over(told, listed),
            Totals::Reference(told) => told.over(listed, recent),
        }
    }
}

/// What a list of events cannot know: how long was watched, and what was up in between.
fn unwatched(listed: Metrics, dump: &Dump) -> Metrics {
    let told = dump.records.len() > 1;
    let Coverage { from, to, .. } = listed.observation;
    let observation =
        Coverage { from: from.filter(|_| told), to: to.filter(|_| told), ..Coverage::default() };
    let target = listed.target.filter(|target| *target != crate::event::TargetFacts::default());
    Metrics { target, observation, timeline: Timeline::default(), ..listed }
}

/// A text that is a JSON value in itself: some programs put a dump into a string.
fn embedded(value: &Value) -> Option<Value> {
    text::parse(value.as_str()?.as_bytes()).ok().filter(Value::is_object)
}
