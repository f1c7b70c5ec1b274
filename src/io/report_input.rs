//! Reads the file that the user named for a report: a journal or a dump, told apart by its content.
//!
//! A journal of any size is read line by line; a dump is read as a whole, up to a limit. No byte is read
//! twice, so that pipes can be read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::journal_file::{self, JournalError, Reading};
use super::lock;
use crate::dump::{BYTE_ORDER_MARK, DUMP_LIMIT_BYTES, Dump, DumpError, looks_like_a_journal};
use crate::event::Observation;
use crate::journal::LINE_LIMIT_BYTES;
use crate::journal::replay::ReplayError;

/// What was read.
#[derive(Debug)]
pub enum Input {
    /// A journal; its records were passed on.
    Journal(Reading),
    /// A dump.
    Dump(Box<Dump>),
}

/// Why the input cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened or read.
    #[error("cannot read '{path}'")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a journal, and reading it failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It is neither journal nor dump.
    #[error("cannot report from '{path}'")]
    Dump {
        /// The file.
        path: PathBuf,
        /// Why it is no dump.
        source: DumpError,
    },
    /// Standard input cannot be read.
    #[error("standard input cannot be read")]
    StandardInput(#[source] io::Error),
    /// It is a journal on standard input, and reading it failed.
    #[error("the journal on standard input")]
    StandardInputJournal(#[source] ReplayError),
    /// Standard input is neither journal nor dump.
    #[error("cannot report from standard input")]
    StandardInputDump(#[source] DumpError),
}

/// What kind of input it is, by its first bytes or by all of them.
enum Begun {
    /// A journal that begins with these bytes.
    Journal(Vec<u8>),
    Dump(Box<Dump>),
    /// Neither; these are all of its bytes.
    Neither(Vec<u8>, DumpError),
}

/// Reads the file at `path`; passes the records of a journal to `take`.
pub fn read(path: &Path, take: impl FnMut(&Observation)) -> Result<Input, InputError> {
    let failed = |source| InputError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let bytes = match begin(&file).map_err(failed)? {
        Begun::Dump(dump) => return Ok(Input::Dump(dump)),
        Begun::Journal(bytes) => bytes,
        // The content of an empty or damaged file does not tell its kind: its name does, or the lock of its
        // writer.
        Begun::Neither(bytes, _) if is_called_a_journal(path) || lock::is_held(&file).map_err(failed)? => {
            bytes
        }
        Begun::Neither(_, source) => return Err(InputError::Dump { path: path.to_owned(), source }),
    };
    Ok(Input::Journal(journal_file::read_on(&bytes, &file, path, take)?))
}

/// Reads standard input; passes the records of a journal to `take`.
pub fn read_standard_input(take: impl FnMut(&Observation)) -> Result<Input, InputError> {
    match begin(io::stdin().lock()).map_err(InputError::StandardInput)? {
        Begun::Dump(dump) => Ok(Input::Dump(dump)),
        Begun::Neither(_, error) => Err(InputError::StandardInputDump(error)),
        Begun::Journal(bytes) => journal_file::read_standard_input_on(&bytes, take)
            .map(Input::Journal)
            .map_err(InputError::StandardInputJournal),
    }
}

/// Whether the file has the extension that this program gives to journals.
fn is_called_a_journal(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "jsonl")
}

/// Reads as far as needed to know which kind of input it is.
fn begin(mut source: impl Read) -> io::Result<Begun> {
    let mut bytes = Vec::new();
    read_up_to(&mut source, LINE_LIMIT_BYTES, &mut bytes)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    if looks_like_a_journal(&bytes) {
        return Ok(Begun::Journal(bytes));
    }
    read_up_to(&mut source, DUMP_LIMIT_BYTES + 1, &mut bytes)?;
    let read = match bytes.len() {
        ..=DUMP_LIMIT_BYTES => Dump::read(&bytes),
        _ => Err(DumpError::TooLarge(DUMP_LIMIT_BYTES / (1024 * 1024))),
    };
    Ok(match read {
        Ok(dump) => Begun::Dump(Box::new(dump)),
        Err(_) if looks_like_a_journal(&bytes) => Begun::Journal(bytes),
        Err(error) => Begun::Neither(bytes, error),
    })
}

/// Reads until `bytes` has `length` bytes, or to the end.
fn read_up_to(source: &mut impl Read, length: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    let missing = length.saturating_sub(bytes.len()) as u64;
    source.take(missing).read_to_end(bytes).map(drop)
}
