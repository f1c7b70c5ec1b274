//! Locks on whole files. A writer takes the lock; readers only ask whether it is taken.

use std::fs::File;
use std::io;

/// Takes the lock, which lasts until `file` and its duplicates are closed; `false` if somebody else has it.
#[cfg(target_os = "linux")]
pub fn acquire(file: &File) -> io::Result<bool> {
    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};

    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole_file(nix::libc::F_WRLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody else has the lock. Never takes it.
#[cfg(target_os = "linux")]
pub fn is_held(file: &File) -> io::Result<bool> {
    use nix::fcntl::{FcntlArg, fcntl};

    let mut lock = whole_file(nix::libc::F_RDLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(i32::from(lock.l_type) != nix::libc::F_UNLCK)
}

#[cfg(target_os = "linux")]
fn whole_file(kind: i32) -> nix::libc::flock {
    let narrow = |value: i32| i16::try_from(value).unwrap_or_default();
    nix::libc::flock {
        l_type: narrow(kind),
        l_whence: narrow(nix::libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// Takes the lock, which lasts until `file` and its duplicates are closed; `false` if somebody else has it.
#[cfg(not(target_os = "linux"))]
pub fn acquire(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Whether somebody else has the lock. The system can only tell by taking it: it is taken shared and released
/// at once.
#[cfg(not(target_os = "linux"))]
pub fn is_held(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(std::fs::TryLockError::WouldBlock) => Ok(true),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_the_lock_and_a_second_writer_does_not_get_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let writer = File::create(&path).unwrap();
        let reader = File::open(&path).unwrap();
        assert!(!is_held(&reader).unwrap());
        assert!(acquire(&writer).unwrap());
        assert!(is_held(&reader).unwrap());
        let second = File::options().write(true).open(&path).unwrap();
        assert!(!acquire(&second).unwrap());
        drop(writer);
        assert!(!is_held(&reader).unwrap());
        assert!(acquire(&second).unwrap());
    }
}
