//! The program under `strace`: which system calls it made, thread by thread and in order.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::needs::{find, leave_out};
use crate::program::{Home, Running, wait_for};

/// Set where a test that is left out counts as failed.
pub(crate) const REQUIRED: &str = "NWDIAG_REQUIRE_STRACE";

/// What is traced: how files are opened, written, synced and renamed, and when a thread waits.
const CALLS: &str = "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,futex";

/// One call that succeeded.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// When it began, in seconds since 1970.
    pub(crate) at: f64,
    /// Its name, arguments and result as `strace` prints them, file descriptors with the path of their file.
    pub(crate) text: String,
}

impl Call {
    fn read(line: &str) -> Option<Self> {
        let (at, text) = line.split_once(' ')?;
        let succeeded = text.contains(") = ") && !text.contains(" = -1 ");
        succeeded.then(|| Self { at: at.parse().unwrap(), text: text.to_owned() })
    }

    /// Whether it is the call of this name, with these words among its arguments.
    pub(crate) fn is(&self, name: &str, words: &str) -> bool {
        self.text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(') && rest.contains(words))
    }

    /// Whether it brought what was written to this file descriptor or path to the disk.
    pub(crate) fn syncs(&self, file: &str) -> bool {
        self.is("fsync", file) || self.is("fdatasync", file)
    }

    /// Whether it put a file into the place that this path names.
    pub(crate) fn puts_in_place(&self, path: &str) -> bool {
        let names = ["rename", "renameat", "renameat2", "link", "linkat"];
        let destination = self.text.rsplit('"').nth(1);
        names.iter().any(|name| self.is(name, "")) && destination == Some(path)
    }

    /// The file descriptor that is its first argument, with the path of its file.
    pub(crate) fn descriptor(&self) -> Option<&str> {
        let (_, arguments) = self.text.split_once('(')?;
        arguments.split_once('>').map(|(descriptor, _)| descriptor)
    }

    /// Whether the thread waited for another one. A wait that timed out counts as well.
    pub(crate) fn waits(&self) -> bool {
        self.is("futex", "FUTEX_WAIT")
    }
}

/// The traces of all threads of one run of the program.
pub(crate) struct Trace {
    strace: PathBuf,
    folder: TempDir,
}

impl Trace {
    /// A trace to be made; `None`, with a word on standard error, where nothing can be traced.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let why = match find("strace") {
            None => "strace is not installed (package strace)".to_owned(),
            Some(strace) => {
                let tried = Command::new(&strace).args(["-o", "/dev/null", "true"]).output().unwrap();
                if tried.status.success() {
                    return Some(Self { strace, folder: tempfile::tempdir().unwrap() });
                }
                format!("strace may not trace here: {}", String::from_utf8_lossy(&tried.stderr).trim())
            }
        };
        leave_out(test, &why, REQUIRED);
        None
    }

    /// Starts the program. It is our own child, and the tracer its grandchild: signals reach the program.
    pub(crate) fn start(&self, home: &Home, arguments: &[&str]) -> Running {
        let prefix = self.folder.path().join("thread");
        let tracer = ["-D", "-ff", "-y", "-ttt", "-s", "65536", "-e", CALLS, "-o", prefix.to_str().unwrap()];
        let program = [&tracer[..], &[env!("CARGO_BIN_EXE_nwdiag")], arguments].concat();
        Running::start(home.program(self.strace.to_str().unwrap(), &program))
    }

    /// The calls of each thread, once the program has ended and the tracer has written all of them down.
    pub(crate) fn threads(&self) -> Vec<Vec<Call>> {
        wait_for("the end of the trace", || {
            let texts = self.texts();
            texts.iter().all(|text| text.trim_end().ends_with("+++")).then_some(texts)
        })
        .iter()
        .map(|text| text.lines().filter_map(Call::read).collect())
        .collect()
    }

    fn texts(&self) -> Vec<String> {
        let threads = std::fs::read_dir(self.folder.path()).unwrap();
        threads.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}
