//! Standard output of `watch`: a line or a record an event, from a thread of its own, with the status line below.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::clock::Clock;
use super::sink_queue::{Idle, Queued, RecordSink, WriteError};
use super::terminal::{self, StatusLine};
use crate::event::Observation;
use crate::journal::encode;
use crate::report::line::Lines;
use crate::report::status::Status;

/// How often the status line is drawn, and a closed pipe looked for.
const PULSE: Duration = Duration::from_secs(1);

/// What a record becomes.
#[derive(Debug)]
pub enum Format {
    /// A line for people.
    Text(Lines),
    /// The record as the journal holds it.
    Json,
}

/// The latest status, handed from the session to the output without ever waiting for it.
#[derive(Debug, Clone, Default)]
pub struct StatusBoard(Arc<Mutex<Option<Status>>>);

impl StatusBoard {
    /// Puts up the latest.
    pub fn post(&self, status: Status) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }

    fn read(&self) -> Option<Status> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Standard output as a sink of records.
#[derive(Debug)]
pub struct LiveOutput {
    out: File,
    format: Format,
    status: StatusLine,
    board: StatusBoard,
    clock: Clock,
    /// What is left of a record that could not be written in full.
    unwritten: Vec<u8>,
    needs_pulse: bool,
}

impl LiveOutput {
    /// Writes to standard output, past the buffer of the standard library: a line must not wait, nor come twice.
    pub fn open(format: Format, status: StatusLine, board: StatusBoard, clock: Clock) -> io::Result<Self> {
        let owned: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
        let out = File::from(owned);
        let needs_pulse = status.is_shown() || !out.metadata()?.is_file();
        Ok(Self { out, format, status, board, clock, unwritten: Vec::new(), needs_pulse })
    }

    fn render(&mut self, record: &Observation) -> io::Result<Vec<u8>> {
        match &mut self.format {
            Format::Json => Ok(encode(record)?),
            Format::Text(lines) => {
                let mut text = Vec::new();
                // Lines that go to no terminal are as long as they are.
                lines.write(record, terminal::columns(&self.out), &mut text)?;
                Ok(text)
            }
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            match self.out.write(&self.unwritten) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whoever shares this output may have set it not to block: that is no fault, and this thread may wait.
    fn wait_for_room(&self) -> io::Result<()> {
        match poll(&mut [PollFd::new(self.out.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the reader of a pipe, or the terminal, has gone.
    fn is_gone(&self) -> bool {
        let mut polled = [PollFd::new(self.out.as_fd(), PollFlags::empty())];
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        match poll(&mut polled, PollTimeout::ZERO) {
            Ok(_) => polled[0].revents().is_some_and(|flags| flags.intersects(gone)),
            Err(_) => false,
        }
    }
}

impl RecordSink for LiveOutput {
    fn write(&mut self, record: &Observation) -> Result<(), WriteError> {
        if self.unwritten.is_empty() {
            self.unwritten = self.render(record)?;
        }
        let status = self.status.clone();
        match status.above(|| self.write_out()) {
            Err(error) if is_nobody_there(&error) => Err(WriteError::Gone),
            result => Ok(result?),
        }
    }

    fn idle(&mut self, _queue: Queued) -> Idle {
        if !self.needs_pulse {
            return Idle::UntilNext;
        }
        if self.is_gone() {
            return Idle::Gone;
        }
        if let Some(status) = self.board.read().filter(|_| self.status.is_shown()) {
            self.status.draw(status.line(self.clock.now()));
        }
        Idle::AtMost(PULSE)
    }
}

/// A pipe without a reader, or a terminal that was hung up.
fn is_nobody_there(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(Errno::EIO as i32)
}

impl Drop for LiveOutput {
    fn drop(&mut self) {
        self.status.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    #[test]
    fn an_output_that_is_set_not_to_block_is_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let mut output = LiveOutput {
            out: File::from(OwnedFd::from(writer)),
            format: Format::Json,
            status: StatusLine::hidden(),
            board: StatusBoard::default(),
            clock: Clock::start(),
            unwritten: vec![b'.'; 1 << 20],
            needs_pulse: true,
        };
        let reading = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
        output.write_out().unwrap();
        drop(output);
        assert_eq!(reading.join().unwrap().unwrap(), 1 << 20);
    }
}
