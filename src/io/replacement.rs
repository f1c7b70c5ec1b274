//! A file put in the place of another as a whole: no reader ever sees half of it.
//!
//! The new file is made beside the old one, under a name that nobody else uses, and is locked until it has
//! its place. So one whose lock is free was left by a process that was killed: the next replacement in that
//! folder removes it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc;
use tempfile::{Builder, NamedTempFile};

use super::{folder, lock};

/// What the names of new files begin and end with. What stands between is random: process numbers repeat
/// where several containers share a folder.
const PREFIX: &str = ".nwdiag-";
const SUFFIX: &str = ".new";

/// Makes a new file beside `path`, opened as `options` say, has it prepared, brings it to the disk, and
/// renames it into place. What stood there before stays when anything up to that fails. The file that is
/// returned still has its lock.
pub fn replace(
    path: &Path,
    mut options: OpenOptions,
    prepare: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<File> {
    let folder = folder::of(path);
    remove_leftovers(folder);
    let mut new = create(folder, options.create_new(true))?;
    prepare(new.as_file_mut())?;
    new.as_file().sync_all()?;
    let file = new.persist(path)?;
    folder::sync(folder)?;
    Ok(file)
}

/// A new file with its lock. Where the file system has no locks it goes without: nobody can take it for a
/// leftover then.
fn create(folder: &Path, options: &OpenOptions) -> io::Result<NamedTempFile> {
    loop {
        let new = Builder::new().prefix(PREFIX).suffix(SUFFIX).make_in(folder, |path| options.open(path))?;
        let is_locked = lock::acquire(new.as_file()).unwrap_or(true);
        // Somebody may have taken it for a leftover between its making and its locking.
        if is_locked && new.as_file().metadata()?.nlink() > 0 {
            return Ok(new);
        }
    }
}

/// As far as possible: what remains does no harm.
fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes()) {
            let _best_effort = remove_if_abandoned(&entry.path());
        }
    }
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    // Neither follows a link nor waits for a reader, if somebody put a link or a pipe there.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    if lock::acquire(&file)? { std::fs::remove_file(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        options
    }

    fn write(path: &Path, text: &str) -> io::Result<File> {
        replace(path, options(), |file| file.write_all(text.as_bytes()))
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_another_is_writing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        let at_work = create(folder.path(), &options()).unwrap();
        let others = [".nwdiag-x", "report.new", ".nwdiag-pipe.new", ".nwdiag-link.new"];
        for name in &others[..2] {
            std::fs::write(folder.path().join(name), "not ours").unwrap();
        }
        nix::unistd::mkfifo(&folder.path().join(others[2]), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink(folder.path().join(others[0]), folder.path().join(others[3])).unwrap();
        std::fs::write(folder.path().join(".nwdiag-abc123.new"), "half of a rep").unwrap();
        write(&path, "new").unwrap();
        let name = at_work.path().file_name().unwrap().to_str().unwrap();
        let mut expected = [&others[..], &[name, "report"]].concat();
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        assert!(at_work.persist(&path).is_ok());
    }

    #[test]
    fn a_failure_at_any_step_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (old, full) = (folder.path().join("old"), folder.path().join("full"));
        std::fs::write(&old, "old").unwrap();
        std::fs::create_dir_all(full.join("inside")).unwrap();
        let refuse = |_: &mut File| Err(io::ErrorKind::StorageFull.into());
        let error = replace(&old, options(), refuse).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(write(&full, "new").unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(std::fs::read(&old).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["full", "old"]);
    }

    #[test]
    fn two_that_write_the_same_file_at_once_never_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        let texts = ["a".repeat(1 << 18), "b".repeat(1 << 18)];
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..10).for_each(|_| drop(write(&path, text).unwrap())));
            }
        });
        assert!(texts.contains(&std::fs::read_to_string(&path).unwrap()));
        assert_eq!(names(folder.path()), ["report"]);
    }
}
