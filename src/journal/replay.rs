//! Reads a journal from beginning to end; lines that cannot be read are skipped and counted.

use std::io::{self, BufRead};

use super::lines::{self, Found};
use super::{Decoder, LineError};
use crate::event::Observation;

/// How many lines were read and skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Lines that are records, those of events that only a later nwdiag knows included.
    pub lines: u64,
    /// Lines that could not be read.
    pub skipped: u64,
    /// Whether the last line has no newline and could not be read: it is torn, or being written.
    pub torn_end: bool,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The source failed.
    #[error("cannot be read")]
    Read(#[from] io::Error),
    /// A later format version, in which the numbers mean something else.
    #[error("line {line} was {error}")]
    Version {
        /// The line, counted from 1.
        line: u64,
        /// The version.
        error: LineError,
    },
}

/// Passes every record of `source` to `take`, in order.
pub fn replay(mut source: impl BufRead, mut take: impl FnMut(&Observation)) -> Result<Replayed, ReplayError> {
    let mut replayed = Replayed::default();
    let mut line = Vec::new();
    let mut decoder = Decoder::default();
    loop {
        let found = lines::next(&mut source, &mut line)?;
        match found {
            Found::End => return Ok(replayed),
            Found::TooLong => replayed.skipped += 1,
            Found::Line if line.is_empty() => {}
            Found::Line | Found::Torn => match decoder.decode(&line) {
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
        // More may be appended after the end was read: it would be the rest of this line, not a line.
        if found == Found::Torn {
            return Ok(replayed);
        }
    }
}
