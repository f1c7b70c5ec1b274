//! Which outputs are terminals, how wide they are, and the status line.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::margin::Margined;

/// The width of a page where standard output is no terminal.
const USUAL_COLUMNS: u16 = 80;

/// The largest width of a page: longer lines are hard to read.
const WIDEST_COLUMNS: u16 = 120;

/// Whether standard output is a terminal.
pub fn is_on_output() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard output goes to another program, as in `watch | jq`, which may write to the same terminal.
fn is_piped() -> bool {
    let owned = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let kind = owned.and_then(|output| output.metadata()).map(|output| output.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

/// The width of the terminal behind `output`, in columns; `None` where there is none.
pub fn columns(output: impl AsFd) -> Option<u16> {
    terminal_size::terminal_size_of(output).map(|(width, _)| width.0)
}

/// The width of a page on standard output, in columns.
pub fn output_columns() -> u16 {
    columns(io::stdout()).map_or(USUAL_COLUMNS, |width| width.clamp(1, WIDEST_COLUMNS))
}

/// How long writing a sentence to standard error may take. A larger value would hold up the program for
/// longer at a paused terminal.
const WRITE_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes a sentence to standard error, and gives up after [`WRITE_TIMEOUT`] if a paused terminal or pager
/// does not take it.
pub fn say(sentence: &str) {
    let line = format!("nwdiag: {sentence}\n");
    let (written, done) = std::sync::mpsc::channel();
    let writer = std::thread::Builder::new().name("standard error".to_owned()).spawn(move || {
        let _ = written.send(io::stderr().write_all(line.as_bytes()));
    });
    if writer.is_ok() {
        let _ = done.recv_timeout(WRITE_TIMEOUT);
    }
}

/// The status line: the lowest line on standard error, above which other lines are written.
#[derive(Debug, Clone)]
pub struct StatusLine {
    bar: ProgressBar,
}

impl StatusLine {
    /// A status line that is drawn if standard error is a terminal that no other program is likely to write
    /// to.
    pub fn on_error() -> Self {
        if is_piped() || !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let target = ProgressDrawTarget::term_like(Box::new(Margined::error()));
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// A status line that is never drawn.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Whether it is drawn.
    pub fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Draws the line with this text.
    pub fn draw(&self, text: String) {
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// Erases the line while `write` writes in its place, then draws it again.
    pub fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Erases the line for good.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Standard error, written to above the status line.
#[derive(Debug)]
pub struct ErrorOutput {
    /// The status line.
    pub status: StatusLine,
}

impl Write for ErrorOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.status.above(|| io::stderr().write(bytes))
    }

    /// Does nothing: standard error has no buffer, and its lock may be held by a thread that waits for a
    /// paused terminal.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
