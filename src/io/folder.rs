//! The folder that a file lies in.

use std::fs::File;
use std::io;
use std::path::Path;

/// The folder of the file at `path`.
pub fn of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Brings to the disk which files are in `folder`, where that can be done: not every file system syncs
/// folders, and one that may not be read cannot be opened for it.
pub fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied) =>
        {
            Ok(())
        }
        result => result,
    }
}
