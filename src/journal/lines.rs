//! Reads the lines of a stream in bounded memory: a line above the limit is skipped without being kept.

use std::io::{self, BufRead};

use super::LINE_LIMIT_BYTES;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A line, without its newline, is in the buffer.
    Line,
    /// The stream ended in an unfinished line, which is in the buffer.
    Torn,
    /// A line was too long to be a record.
    TooLong,
    /// The stream is at its end.
    End,
}

/// Reads the next line into `line`, which is cleared first.
pub(super) fn next(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Found> {
    line.clear();
    let mut too_long = false;
    loop {
        let available = match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok(if too_long { Found::TooLong } else { end(line) });
        }
        let newline = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..newline.unwrap_or(available.len())];
        too_long |= line.len() + part.len() > LINE_LIMIT_BYTES;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(newline.is_some());
        source.consume(used);
        if newline.is_some() {
            return Ok(if too_long { Found::TooLong } else { Found::Line });
        }
    }
}

const fn end(line: &[u8]) -> Found {
    if line.is_empty() { Found::End } else { Found::Torn }
}
