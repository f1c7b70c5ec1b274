//! Standard error with a margin at its right, where the terminal echoes what a person types, such as `^C`.
//! The echo after a full line would go to the next one, and the status line could not be erased any more.

use std::io;

use console::Term;
use indicatif::TermLike;

/// Columns of the margin: enough for two echoed control characters.
const MARGIN: u16 = 4;

/// Standard error as a terminal that is narrower by the margin.
#[derive(Debug)]
pub struct Margined(Term);

impl Margined {
    /// Standard error.
    pub fn error() -> Self {
        Self(Term::stderr())
    }
}

impl TermLike for Margined {
    fn width(&self) -> u16 {
        TermLike::width(&self.0).saturating_sub(MARGIN).max(1)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
