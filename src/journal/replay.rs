//! Reads a journal from beginning to end, and passes over what cannot be read, counting it.

use std::io::{self, BufRead};

use super::lines::{self, Found};
use super::{LineError, decode};
use crate::event::Record;

/// What became of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Lines that are records, or will be to a later nwdiag.
    pub lines: u64,
    /// Lines that could not be read.
    pub skipped: u64,
    /// Whether the last line lacks its end and could not be read: torn, or just being written.
    pub torn_end: bool,
}

/// Why a journal cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The source failed.
    #[error("cannot be read")]
    Read(#[from] io::Error),
    /// The numbers behind this line mean something else.
    #[error("line {line} was {error}")]
    Version {
        /// Counted from 1.
        line: u64,
        /// What it says.
        error: LineError,
    },
}

/// Hands every record of `source` to `take`, in order.
pub fn replay(mut source: impl BufRead, mut take: impl FnMut(&Record)) -> Result<Replayed, ReplayError> {
    let mut replayed = Replayed::default();
    let mut line = Vec::new();
    loop {
        let found = lines::next(&mut source, &mut line)?;
        match found {
            Found::End => return Ok(replayed),
            Found::TooLong => replayed.skipped += 1,
            Found::Line if line.is_empty() => {}
            Found::Line | Found::Torn => match decode(&line) {
                Ok(record) => {
                    replayed.lines += 1;
                    record.iter().for_each(&mut take);
                }
                Err(error @ LineError::Version(_)) => {
                    let line = replayed.lines + replayed.skipped + 1;
                    return Err(ReplayError::Version { line, error });
                }
                Err(LineError::Corrupt(_)) if found == Found::Torn => replayed.torn_end = true,
                Err(LineError::Corrupt(_)) => replayed.skipped += 1,
            },
        }
        // While it is being written, a journal ends more than once: what comes next is the rest of this line.
        if found == Found::Torn {
            return Ok(replayed);
        }
    }
}
