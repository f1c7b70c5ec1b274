//! Where a finished report goes: standard output, or a file that is replaced as a whole.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::replacement::replace;

/// Why a report did not get there.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Standard output failed.
    #[error("cannot write to standard output")]
    Standard(#[source] io::Error),
    /// The file could not be written; what stood there before still does.
    #[error("cannot write '{path}'")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a report to standard output. A reader that has gone away is no error.
pub fn to_standard_output(report: &[u8]) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    match out.write_all(report).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(OutputError::Standard),
    }
}

/// Writes a report to a file: beside it first, then renamed into place once it is on the disk.
pub fn to_file(path: &Path, report: &[u8]) -> Result<(), OutputError> {
    let failed = |source| OutputError::File { path: path.to_owned(), source };
    // A link is followed, as a redirection would follow it.
    let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match std::fs::metadata(&place) {
        Ok(there) if !there.is_file() => write_through(&place, report).map_err(failed),
        _ => put_in_place(&place, report).map_err(failed),
    }
}

/// A device or pipe cannot be replaced: it is written to.
fn write_through(path: &Path, report: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(report)
}

fn put_in_place(path: &Path, report: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    replace(path, options, |file| {
        if let Ok(there) = std::fs::metadata(path) {
            file.set_permissions(there.permissions())?;
        }
        file.write_all(report)
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        to_file(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_report_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing/report");
        let error = to_file(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("missing/report"), "{error}");
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_stays_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        to_file(&link, b"new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&real).unwrap(), b"new");
        to_file(Path::new("/dev/null"), b"new").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
