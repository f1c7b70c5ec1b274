//! The terminal: what is one, how wide it is, and the status line on it.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::margin::Margined;

/// The width of a page where nobody says otherwise.
const USUAL_COLUMNS: u16 = 80;
/// Pages do not get wider than this: long lines are hard to read.
const WIDEST_COLUMNS: u16 = 120;

/// Whether standard output is a terminal.
pub fn is_on_output() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard output goes to another program, which may write to the same terminal: `watch | jq`.
fn is_piped() -> bool {
    let owned = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let kind = owned.and_then(|output| output.metadata()).map(|output| output.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket())
}

/// Columns for a page on standard output.
pub fn output_columns() -> u16 {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map_or(USUAL_COLUMNS, |(width, _)| width.0.clamp(1, WIDEST_COLUMNS))
}

/// Time that a reader of standard error gets to take a sentence.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says a sentence on standard error, whoever reads it: a paused terminal or pager may miss it, and holds up nobody.
pub fn say(sentence: &str) {
    let line = format!("nwdiag: {sentence}\n");
    let (written, done) = std::sync::mpsc::channel();
    let writer = std::thread::Builder::new().name("standard error".to_owned()).spawn(move || {
        let _ = written.send(io::stderr().write_all(line.as_bytes()));
    });
    if writer.is_ok() {
        let _ = done.recv_timeout(PATIENCE);
    }
}

/// A line at the bottom of the terminal on standard error that other lines are written above.
#[derive(Debug, Clone)]
pub struct StatusLine {
    bar: ProgressBar,
}

impl StatusLine {
    /// A line that shows if standard error is a terminal, and nobody else is likely to write on it.
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

    /// A line that never shows.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Whether there is anything to draw.
    pub fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Draws the line anew.
    pub fn draw(&self, text: String) {
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// Takes the line away while `write` writes where it stood.
    pub fn above<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the line away for good.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Standard error, written above the status line.
#[derive(Debug)]
pub struct ErrorOutput {
    /// The line to keep clear of.
    pub status: StatusLine,
}

impl Write for ErrorOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.status.above(|| io::stderr().write(bytes))
    }

    /// Nothing to do: standard error has no buffer, and its lock may be held by whoever waits for a paused terminal.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
