//! Reads a password from a file.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use crate::secret::Secret;

/// The longest password, in bytes: MQTT gives its length in 16 bits.
const PASSWORD_LIMIT_BYTES: usize = 65_535;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("cannot read the password file '{path}'")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds nothing but a line break.
    #[error("the password file '{0}' is empty: write the password into it")]
    Empty(PathBuf),
    /// The password is too long for MQTT.
    #[error("the password in '{0}' is longer than MQTT can carry (65,535 bytes): is it the right file?")]
    TooLong(PathBuf),
}

/// A password, and a warning if others can read its file.
#[derive(Debug, Clone)]
pub struct Password {
    /// The text of the file without the line break at its end.
    pub secret: Secret,
    /// The warning to print.
    pub warning: Option<String>,
}

/// Reads the password in the file at `path`.
pub fn read(path: &Path) -> Result<Password, PasswordError> {
    let failed = |source| PasswordError::Read { path: path.to_owned(), source };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    match password.len() {
        0 => Err(PasswordError::Empty(path.to_owned())),
        length if length > PASSWORD_LIMIT_BYTES => Err(PasswordError::TooLong(path.to_owned())),
        _ => Ok(Password { secret: Secret::new(password), warning: warning(path, mode) }),
    }
}

fn warning(path: &Path, mode: u32) -> Option<String> {
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("the password file '{path}' can be read by others: run chmod 600 '{path}'")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn the_text_without_its_last_line_break_is_the_password() {
        for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            let (_folder, path) = file(text, 0o600);
            let password = read(&path).unwrap();
            assert_eq!((password.secret.reveal(), password.warning), ("hunter2", None));
        }
    }

    #[test]
    fn a_file_that_others_can_read_gets_a_warning() {
        let (_folder, path) = file("hunter2", 0o644);
        assert!(read(&path).unwrap().warning.unwrap().contains("chmod 600"));
    }

    #[test]
    fn a_missing_or_empty_file_is_named() {
        let (_folder, path) = file("\n", 0o600);
        assert!(read(&path).unwrap_err().to_string().contains("is empty"));
        assert!(read(Path::new("/missing")).unwrap_err().to_string().contains("'/missing'"));
    }
}
