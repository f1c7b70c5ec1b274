//! A disk so small that a test can fill it.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::needs::{find, leave_out};

/// Set where a test that is left out counts as failed.
pub(crate) const REQUIRED: &str = "NWDIAG_REQUIRE_SMALL_DISK";

/// A file system in memory, mounted until this goes.
pub(crate) struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one, or says that `test` is left out where this user may not.
    pub(crate) fn mount(test: &str) -> Option<Self> {
        Self::try_to_mount().map_err(|why| leave_out(test, &why, REQUIRED)).ok()
    }

    fn try_to_mount() -> Result<Self, String> {
        let mount = find("mount").ok_or("mount is not installed")?;
        let folder = tempfile::tempdir().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=1m", "nwdiag-test"];
        let done = Command::new(mount).args(options).arg(folder.path()).output().unwrap();
        if done.status.success() {
            return Ok(Self { folder });
        }
        let refusal = String::from_utf8_lossy(&done.stderr);
        Err(format!("a small disk cannot be mounted: {}", refusal.lines().next().unwrap_or_default()))
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
