//! The journal on disk: one writer that holds the lock and appends, any number of readers.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::replacement::replace;
use super::{folder, lock};
use crate::event::{Event, Observation};
use crate::journal::replay::{ReplayError, Replayed, replay};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be created.
    #[error(
        "cannot make the folder '{path}' for the journal: choose another place with \
            --journal, or use --no-journal"
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be opened, locked or replaced.
    #[error("cannot {action} the journal '{path}'")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another `watch` has its lock.
    #[error(
        "the journal '{path}' is being written by {holder}: stop that one, or choose another \
            file with --journal"
    )]
    Held {
        /// The file.
        path: PathBuf,
        /// The other process and its host, as far as they are known.
        holder: String,
    },
    /// A device, pipe or folder, none of which can be a journal.
    #[error("the journal '{0}' is not a regular file: choose another with --journal, or use --no-journal")]
    NoFile(PathBuf),
    /// Reading it failed, or it has a later format.
    #[error("the journal '{path}'")]
    Replay {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReplayError,
    },
}

/// The writer of a journal, which has its lock.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    /// Whether the file may end in an incomplete line.
    torn: bool,
}

impl JournalFile {
    /// Opens the journal to append to it.
    pub fn append_to(path: &Path) -> Result<Self, JournalError> {
        let file = locked(path)?;
        let torn = ends_torn(&file).map_err(|source| failed("read the end of", path, source))?;
        Ok(Self { file, torn })
    }

    /// Replaces the journal at `path`, if there is one, by an empty one, and opens that.
    pub fn replace(path: &Path) -> Result<Self, JournalError> {
        let _held_until_renamed = locked(path)?;
        // A symbolic link stays: the file that it points to is replaced.
        let path = &std::fs::canonicalize(path).map_err(|source| failed("find", path, source))?;
        // The new file is locked before it is renamed into place, so that no other writer can lock it first.
        let replaced = replace(path, options(), |file| lock::acquire(file).map(drop));
        let file = replaced.map_err(|source| failed("replace", path, source))?;
        Ok(Self { file, torn: false })
    }

    /// Appends one line with one `write`. After an error the same line may be appended again: an incomplete
    /// line is ended first, so that readers skip it.
    pub fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        let written = self.file.write(line)?;
        if written == line.len() {
            return Ok(());
        }
        self.torn = true;
        self.file.write_all(b"\n")?;
        self.torn = false;
        let again = self.file.write(line)?;
        self.torn = again != line.len();
        if self.torn { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    /// Syncs what was appended to the disk. Does nothing for a file that cannot be synced.
    pub fn sync(&self) -> io::Result<()> {
        match self.file.sync_data() {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            result => result,
        }
    }
}

/// The result of reading a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Lines that could not be read.
    pub skipped_lines: u64,
    /// Whether a `watch` was writing the journal at the time.
    pub live: bool,
}

/// Reads the journal at `path`, which a `watch` may be writing.
pub fn read(path: &Path, take: impl FnMut(&Observation)) -> Result<Reading, JournalError> {
    let file = File::open(path).map_err(|source| failed("open", path, source))?;
    read_on(&[], &file, path, take)
}

/// Reads a journal of which the first bytes, `begun`, were read already.
pub(super) fn read_on(
    begun: &[u8],
    file: &File,
    path: &Path,
    take: impl FnMut(&Observation),
) -> Result<Reading, JournalError> {
    let held = || lock::is_held(file).map_err(|source| failed("ask for the lock of", path, source));
    // The lock is looked at before and after reading, so that a run that begins or ends meanwhile is not
    // taken for an interrupted one.
    let before = held()?;
    let replayed = replay(begun.chain(BufReader::with_capacity(1 << 16, file)), take);
    let replayed = replayed.map_err(|source| JournalError::Replay { path: path.to_owned(), source })?;
    let live = held()? || before;
    Ok(Reading { skipped_lines: skipped_lines(replayed, live), live })
}

/// Reads a journal from standard input, which has no lock. Its first bytes, `begun`, were read already.
pub(super) fn read_standard_input_on(
    begun: &[u8],
    take: impl FnMut(&Observation),
) -> Result<Reading, ReplayError> {
    let replayed = replay(begun.chain(io::stdin().lock()), take)?;
    Ok(Reading { skipped_lines: skipped_lines(replayed, false), live: false })
}

/// An incomplete last line counts as skipped, unless it is being written.
fn skipped_lines(replayed: Replayed, live: bool) -> u64 {
    replayed.skipped + u64::from(replayed.torn_end && !live)
}

/// Whether there is a file at `path`.
pub fn is_there(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is nothing at `path`.
pub fn is_missing(path: &Path) -> bool {
    matches!(std::fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::File { action, path: path.to_owned(), source }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

/// Opens the file at `path`, created if it is missing, and locks it.
fn locked(path: &Path) -> Result<File, JournalError> {
    locked_by_opening(path, |path| options().open(path))
}

/// The same; `open` opens what the path names.
fn locked_by_opening(path: &Path, open: impl Fn(&Path) -> io::Result<File>) -> Result<File, JournalError> {
    make_folder(path)?;
    loop {
        let is_new = is_missing(path);
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(JournalError::NoFile(path.to_owned()));
        }
        let file = open(path).map_err(|source| failed("open", path, source))?;
        if !lock::acquire(&file).map_err(|source| failed("lock", path, source))? {
            return Err(JournalError::Held { path: path.to_owned(), holder: holder(path) });
        }
        // Another writer may have replaced the file between our opening and our locking.
        if is_same(&file, path).map_err(|source| failed("open", path, source))? {
            if is_new {
                folder::sync(folder::of(path)).map_err(|source| failed("make", path, source))?;
            }
            return Ok(file);
        }
    }
}

fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn make_folder(path: &Path) -> Result<(), JournalError> {
    let folder = folder::of(path);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| JournalError::Folder { path: folder.to_owned(), source })
}

fn ends_torn(mut file: &File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Process and host of the last `start` record. It is looked for in the last MiB first, then in eight times
/// as much, and so on.
fn holder(path: &Path) -> String {
    let find = || -> io::Result<Option<String>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reach = 1 << 20;
        loop {
            file.seek(SeekFrom::Start(length.saturating_sub(reach)))?;
            let mut last = None;
            let _unreadable_lines_do_not_matter = replay(BufReader::new(&file), |record| {
                if let Event::Start(start) = &record.event {
                    last = Some(format!("process {} on {}", start.pid, start.host));
                }
            });
            if last.is_some() || reach >= length {
                return Ok(last);
            }
            reach = reach.saturating_mul(8);
        }
    };
    find().ok().flatten().unwrap_or_else(|| "another nwdiag".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::event::{LateAnswer, Stamp};
    use crate::io::clock::Clock;
    use crate::journal::encode;

    fn line() -> Vec<u8> {
        let stamp: Stamp = Clock::start().stamp();
        encode(&Observation::new(stamp, Event::LateAnswer(LateAnswer { seconds: 1.0 }))).unwrap()
    }

    fn count(path: &Path) -> (usize, Reading) {
        let mut records = 0;
        let reading = read(path, |_| records += 1).unwrap();
        (records, reading)
    }

    #[test]
    fn a_journal_is_private_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/journal.jsonl");
        let _journal = JournalFile::append_to(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_torn_last_line_is_closed_off_and_nothing_else_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        std::fs::write(&path, [line(), line()[..20].to_vec()].concat()).unwrap();
        let mut journal = JournalFile::append_to(&path).unwrap();
        journal.append(&line()).unwrap();
        journal.sync().unwrap();
        assert_eq!(count(&path), (2, Reading { skipped_lines: 1, live: true }));
        drop(journal);
        assert_eq!(count(&path), (2, Reading { skipped_lines: 1, live: false }));
    }

    #[test]
    fn a_second_writer_is_told_who_holds_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut journal = JournalFile::append_to(&path).unwrap();
        journal.append(b"{\"ts\":\"2026-11-22T18:20:04Z\",\"event\":\"start\",\"v\":1,\"pid\":77,\"host\":\"box\"}\n").unwrap();
        for held in [JournalFile::append_to(&path), JournalFile::replace(&path)] {
            let message = held.unwrap_err().to_string();
            assert!(message.contains("process 77 on box"), "{message}");
        }
    }

    #[test]
    fn a_run_that_ends_while_it_is_read_is_not_taken_for_an_interrupted_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        std::fs::write(&path, line()).unwrap();
        let mut writer = Some(JournalFile::append_to(&path).unwrap());
        let reading = read(&path, |_| drop(writer.take())).unwrap();
        assert_eq!((reading.live, writer.is_none()), (true, true));
    }

    #[test]
    fn a_run_that_begins_while_the_journal_is_read_is_live() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        std::fs::write(&path, line()).unwrap();
        let mut writer = None;
        let reading = read(&path, |_| writer = Some(JournalFile::append_to(&path).unwrap())).unwrap();
        assert!(reading.live);
    }

    /// As `watch demo` and retention replace it, between our opening and our locking.
    #[test]
    fn a_writer_that_waited_while_the_file_was_replaced_writes_to_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let [path, new] = ["j", "new"].map(|name| folder.path().join(name));
        std::fs::write(&path, line()).unwrap();
        std::fs::write(&new, "").unwrap();
        let open = |path: &Path| {
            let file = options().open(path)?;
            // The second time nothing is left to be put in place.
            let _replaced = std::fs::rename(&new, path);
            Ok(file)
        };
        let mut journal = JournalFile { file: locked_by_opening(&path, open).unwrap(), torn: false };
        journal.append(&line()).unwrap();
        assert_eq!(count(&path), (1, Reading { skipped_lines: 0, live: true }));
    }

    #[test]
    fn replacing_leaves_an_empty_journal_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        std::fs::write(&path, line()).unwrap();
        let _journal = JournalFile::replace(&path).unwrap();
        assert_eq!(count(&path), (0, Reading { skipped_lines: 0, live: true }));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
