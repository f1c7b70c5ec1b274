//! A disk so small that a test can fill it.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory, mounted until this goes.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one; `None`, with a word on standard error, where this user may not.
    #[expect(clippy::print_stderr, reason = "a test that is left out has to be told")]
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "nwdiag-test"]).arg(folder.path());
        match mount.output() {
            Ok(done) if done.status.success() => Some(Self { folder }),
            refused => {
                let why = refused.map(|done| String::from_utf8_lossy(&done.stderr).trim().to_owned());
                eprintln!(
                    "left out: a small disk cannot be mounted here: {}",
                    why.unwrap_or_else(|error| error.to_string())
                );
                None
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes all the space that is left.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for length in [4096, 1] {
            loop {
                match filler.write(&vec![b'x'; length]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Gives the space back.
    pub(crate) fn clear(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let done = unmount(self.folder.path());
        if !std::thread::panicking() {
            assert!(done, "{} is still mounted", self.folder.path().display());
        }
    }
}

/// Lazily: a program that a failed test leaves behind may hold a file there for a moment.
fn unmount(folder: &Path) -> bool {
    Command::new("umount").arg("-l").arg(folder).status().is_ok_and(|status| status.success())
}
