//! The program in a home of its own: started, listened to, and ended for certain.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Time given to what takes moments, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
pub(crate) fn wait_for<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait_at_most(PATIENCE, what, ask)
}

/// The same, with patience of its own.
pub(crate) fn wait_at_most<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    within(limit, &mut ask).unwrap_or_else(|| panic!("{what}: not within {limit:?}"))
}

#[expect(clippy::disallowed_methods, reason = "a test of the built program lives in real time")]
fn within<T>(limit: Duration, ask: &mut impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || began.elapsed() > limit {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A home without a user: nothing of the real one gets in or out.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A home where nothing waits for a disk, if there is such a place: a broker that flaps a thousand times a second
    /// has the journal brought to the disk as often, and a busy disk would lose what a test wants to see.
    pub(crate) fn in_memory() -> Self {
        Self(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The journal of the target called `name`.
    pub(crate) fn journal(&self, name: &str) -> PathBuf {
        self.path().join("state/nwdiag").join(format!("{name}.jsonl"))
    }

    /// The program with these arguments; what it prints is kept.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_nwdiag"), arguments)
    }

    /// The program, started by a shell that does `first` before.
    pub(crate) fn command_after(&self, first: &str, arguments: &[&str]) -> Command {
        let script = format!("{first}; exec \"$0\" \"$@\"");
        let shell = [&["-c", &script, env!("CARGO_BIN_EXE_nwdiag")], arguments].concat();
        self.program("sh", &shell)
    }

    /// Another program, which starts ours.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = hearing_signals(program);
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
        command.env("HOME", self.path()).env("XDG_STATE_HOME", self.path().join("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.start(arguments).ended()
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }
}

/// A command that runs `program` with the signals that end it at their default. Under `nohup`, and in the
/// background of a script, they are ignored, and a process hands that on to its children.
fn hearing_signals(program: &str) -> Command {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let ends = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];
    if ends.iter().all(|signal| ignored & (1 << (*signal as i32 - 1)) == 0) {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,TERM", program]);
    command
}

/// How a run of the program came out.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Standard output of a run that went well and had nothing to say beside.
    pub(crate) fn page(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// The same as JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.page()).unwrap()
    }
}

/// A stream of the program, read by a thread so that it never fills.
struct Stream {
    lines: Receiver<String>,
    /// What was received so far.
    text: String,
}

impl Stream {
    /// Reads until `last` says that a line is the last one wanted, and then closes its end.
    fn read(source: impl Read + Send + 'static, last: impl Fn(&str) -> bool + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8(std::mem::take(&mut line)).unwrap();
                let enough = last(&text);
                if sender.send(text).is_err() || enough {
                    break;
                }
            }
        });
        Self { lines, text: String::new() }
    }

    fn next(&mut self) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(PATIENCE)?;
        self.text.push_str(&line);
        Ok(line)
    }

    fn line_with(&mut self, words: &str) -> String {
        let mut found = || match self.next() {
            Ok(line) if line.contains(words) => Some(line),
            Ok(_) => None,
            Err(error) => panic!("no line with '{words}' ({error}) in:\n{}", self.text),
        };
        wait_for(words, &mut found)
    }

    fn rest(mut self) -> String {
        while self.next().is_ok() {}
        self.text
    }
}

/// The program at work. It does not outlive this.
pub(crate) struct Running {
    child: Child,
    out: Option<Stream>,
    err: Option<Stream>,
}

impl Running {
    pub(crate) fn start(command: Command) -> Self {
        Self::read_until(command, |_| false)
    }

    /// Standard output is closed behind the first line with these words.
    pub(crate) fn start_closing_behind(command: Command, words: &'static str) -> Self {
        Self::read_until(command, move |line| line.contains(words))
    }

    fn read_until(command: Command, last: impl Fn(&str) -> bool + Send + 'static) -> Self {
        let (mut running, out) = Self::start_unread(command);
        running.out = out.map(|out| Stream::read(out, last));
        running
    }

    /// Standard output is nobody's: it fills.
    pub(crate) fn start_unread(mut command: Command) -> (Self, Option<ChildStdout>) {
        let mut child = command.spawn().unwrap();
        let err = child.stderr.take().map(|err| Stream::read(err, |_| false));
        let out = child.stdout.take();
        (Self { child, out: None, err }, out)
    }

    /// Begins to read what [`Self::start_unread`] left.
    pub(crate) fn listen(&mut self, out: impl Read + Send + 'static) {
        self.out = Some(Stream::read(out, |_| false));
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of standard output.
    pub(crate) fn says(&mut self, words: &str) -> String {
        self.out.as_mut().unwrap().line_with(words)
    }

    /// Waits for a line of standard error.
    pub(crate) fn warns(&mut self, words: &str) -> String {
        self.err.as_mut().unwrap().line_with(words)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    pub(crate) fn ended(self) -> Done {
        self.ended_within(PATIENCE * 3)
    }

    pub(crate) fn ended_within(mut self, limit: Duration) -> Done {
        let ended = within(limit, &mut || self.child.try_wait().unwrap());
        let code = ended.unwrap_or_else(|| panic!("still at work after {limit:?}")).code();
        let text = |stream: Option<Stream>| stream.map(Stream::rest).unwrap_or_default();
        Done { code, out: text(self.out.take()), err: text(self.err.take()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both say no more than that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The records of a journal or of a JSON view.
pub(crate) fn records(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The records that a journal holds.
pub(crate) fn recorded(journal: &Path) -> Vec<Value> {
    records(&std::fs::read_to_string(journal).unwrap())
}

/// How many records are of this kind.
pub(crate) fn count(records: &[Value], event: &str) -> usize {
    records.iter().filter(|record| record["event"] == event).count()
}

/// The reason of the last record, which must be `stop`.
pub(crate) fn stop_reason(records: &[Value]) -> &str {
    let last = records.last().unwrap();
    assert_eq!(last["event"], "stop", "{last}");
    last["reason"].as_str().unwrap()
}
