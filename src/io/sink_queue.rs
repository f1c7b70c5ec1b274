//! A bounded queue and a thread between the session and a sink that may be slow: a disk, a pipe, a paused
//! terminal.
//!
//! Sending never waits. When the queue is full, [`Backlog`] chooses the record to discard, and it is counted.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::clock::Clock;
use crate::event::Observation;
use crate::journal::backlog::Backlog;

/// Wait after a failed write before the same record is written again. Longer would keep records in memory for
/// longer after a disk has room again.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Where records go: the journal, or standard output. All calls come from one thread of the sink's own and
/// may block.
pub trait RecordSink: Send + 'static {
    /// Writes one record. After [`WriteError::Later`] the same record is written again, [`RETRY_INTERVAL`]
    /// later.
    fn write(&mut self, record: &Observation) -> Result<(), WriteError>;

    /// Called before the first record, after each one, and when the time that the last call returned has
    /// passed: for work that must not wait for the next record, such as syncing the journal or drawing the
    /// status line.
    fn idle(&mut self, queue: Queued) -> Idle;
}

/// Whether records wait behind the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// At least one, which is written next.
    More,
    /// None.
    Nothing,
}

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The write failed, but may succeed later.
    #[error(transparent)]
    Later(#[from] io::Error),
    /// The reader of the pipe, or the terminal, has gone: no later write can succeed.
    #[error("nobody reads it any more")]
    Gone,
}

/// When a sink wants its next call to [`RecordSink::idle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// After the next record.
    UntilNext,
    /// After the next record, or after this time if none comes.
    AtMost(Duration),
    /// Never: the reader of the pipe, or the terminal, has gone.
    Gone,
}

/// The end of the queue that the session sends to.
#[derive(Debug)]
pub struct SinkQueue {
    shared: Arc<Shared>,
    done: oneshot::Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    backlog: Backlog,
    /// Whether the worker holds a record that is not written yet.
    in_hand: bool,
    closed: bool,
    /// Whether the sink is [`WriteError::Gone`]: its records are not counted as lost.
    gone: bool,
    /// Records that were discarded before a record that has left the backlog.
    lost: u64,
}

impl SinkQueue {
    /// Starts a thread named `name` that writes records to `sink`; `gone` is called once if the sink's reader
    /// goes away.
    pub fn start(
        name: &str,
        sink: impl RecordSink,
        gone: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        let (finished, done) = oneshot::channel();
        let for_worker = Arc::clone(&shared);
        let worker = Worker { shared: Arc::clone(&shared), sink, name: name.to_owned(), is_failing: false };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            if worker.work() == Outcome::Gone {
                for_worker.lock().gone = true;
                gone();
            }
            // `close` may have stopped waiting for it.
            let _ = finished.send(());
        })?;
        Ok(Self { shared, done })
    }

    /// Queues a record.
    pub fn send(&self, record: Observation) {
        self.shared.lock().backlog.push(record);
        self.shared.changed.notify_one();
    }

    /// Waits until all records are written, for `within` at most, and returns how many were lost: 0 if the
    /// sink's reader has gone.
    pub async fn close(self, clock: Clock, within: Duration) -> u64 {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        let deadline = clock.now().plus(within);
        tokio::select! {
            _ = self.done => {}
            () = clock.sleep_until(Some(deadline)) => {}
        }
        self.shared.lock().losses()
    }
}

impl Queue {
    fn queued(&self) -> Queued {
        if self.backlog.is_empty() { Queued::Nothing } else { Queued::More }
    }

    fn losses(&self) -> u64 {
        if self.gone {
            return 0;
        }
        self.lost + self.backlog.lost() + self.backlog.len() as u64 + u64::from(self.in_hand)
    }
}

impl Shared {
    /// A panic in the worker must not take the session with it.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, queue: MutexGuard<'a, Queue>, limit: Option<Duration>) -> MutexGuard<'a, Queue> {
        match limit {
            None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => self.changed.wait_timeout(queue, limit).unwrap_or_else(PoisonError::into_inner).0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Closed,
    Gone,
}

enum Task {
    Write(Observation),
    /// The time that [`RecordSink::idle`] returned has passed.
    Idle,
    /// The queue is empty and closed.
    Over,
}

struct Worker<S> {
    shared: Arc<Shared>,
    sink: S,
    name: String,
    /// Whether the latest write failed: only the first failure in a row is logged.
    is_failing: bool,
}

impl<S: RecordSink> Worker<S> {
    fn work(mut self) -> Outcome {
        loop {
            // In a statement of its own: the lock must be free again before the sink is called, which may
            // block.
            let queued = self.shared.lock().queued();
            let idle = self.sink.idle(queued);
            if idle == Idle::Gone {
                return Outcome::Gone;
            }
            match self.next(idle) {
                Task::Write(record) => {
                    if let Err(outcome) = self.deliver(&record) {
                        return outcome;
                    }
                }
                Task::Idle => {}
                Task::Over => return Outcome::Closed,
            }
        }
    }

    fn next(&self, idle: Idle) -> Task {
        let mut queue = self.shared.lock();
        if queue.backlog.is_empty() && !queue.closed {
            let limit = match idle {
                Idle::AtMost(limit) => Some(limit),
                Idle::UntilNext | Idle::Gone => None,
            };
            queue = self.shared.wait(queue, limit);
        }
        let Some(record) = queue.backlog.pop() else {
            return if queue.closed { Task::Over } else { Task::Idle };
        };
        queue.in_hand = true;
        queue.lost += record.records_lost;
        Task::Write(record)
    }

    fn deliver(&mut self, record: &Observation) -> Result<(), Outcome> {
        loop {
            match self.sink.write(record) {
                Ok(()) => break,
                Err(WriteError::Gone) => return Err(Outcome::Gone),
                Err(WriteError::Later(error)) => self.wait_to_retry(&error)?,
            }
        }
        if std::mem::take(&mut self.is_failing) {
            tracing::warn!("the {} can be written again", self.name);
        }
        self.shared.lock().in_hand = false;
        Ok(())
    }

    fn wait_to_retry(&mut self, error: &io::Error) -> Result<(), Outcome> {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(
                "the {} cannot be written: {error}; records wait in memory, it is tried each second",
                self.name
            );
        }
        let queue = self.shared.lock();
        if queue.closed {
            return Err(Outcome::Closed);
        }
        drop(self.shared.wait(queue, Some(RETRY_INTERVAL)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::event::{Event, LateAnswer};

    type Answer = Result<(), WriteError>;

    /// A sink whose writes wait for the test to say how they end.
    struct Gate {
        answers: Receiver<Answer>,
        written: Sender<u64>,
    }

    impl RecordSink for Gate {
        fn write(&mut self, record: &Observation) -> Result<(), WriteError> {
            let answer = self.answers.recv().unwrap_or(Ok(()));
            if answer.is_ok() {
                let _ = self.written.send(record.records_lost);
            }
            answer
        }

        fn idle(&mut self, _queue: Queued) -> Idle {
            Idle::UntilNext
        }
    }

    fn record() -> Observation {
        Observation::new(Clock::start().stamp(), Event::LateAnswer(LateAnswer { seconds: 1.0 }))
    }

    fn gated() -> (SinkQueue, Sender<Answer>, Receiver<u64>, Receiver<()>) {
        let (answer, answers) = channel();
        let (written, writes) = channel();
        let (gone, goes) = channel();
        let queue =
            SinkQueue::start("gate", Gate { answers, written }, move || gone.send(()).unwrap()).unwrap();
        (queue, answer, writes, goes)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_stuck_sink_delays_nobody_and_its_losses_are_counted() {
        let (queue, answer, writes, _goes) = gated();
        for _ in 0..10_100 {
            queue.send(record());
        }
        drop(answer);
        let lost = queue.close(Clock::start(), Duration::from_secs(10)).await;
        let carried: u64 = writes.iter().sum();
        assert_eq!(carried, lost);
        assert!((99..=100).contains(&lost), "{lost}: the worker may have one in hand");
    }

    /// A sink that is stuck in `idle` for as long as the test likes: a terminal that is paused while the
    /// status line is drawn.
    struct StuckWhileIdle {
        idling: Sender<()>,
        released: Receiver<()>,
    }

    impl RecordSink for StuckWhileIdle {
        fn write(&mut self, _record: &Observation) -> Result<(), WriteError> {
            Ok(())
        }

        fn idle(&mut self, _queue: Queued) -> Idle {
            let _ = self.idling.send(());
            let _ = self.released.recv();
            Idle::UntilNext
        }
    }

    #[test]
    fn a_sink_that_is_stuck_while_idle_delays_nobody() {
        let ((idling, idles), (release, released)) = (channel(), channel());
        let queue = SinkQueue::start("stuck", StuckWhileIdle { idling, released }, || {}).unwrap();
        idles.recv().unwrap();
        let (sent, sends) = channel();
        std::thread::spawn(move || {
            queue.send(record());
            let _ = sent.send(());
        });
        assert_eq!(sends.recv_timeout(Duration::from_secs(20)), Ok(()));
        drop(release);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_record_that_cannot_be_written_is_kept_and_tried_again() {
        let (queue, answer, writes, _goes) = gated();
        queue.send(record());
        answer.send(Err(io::Error::from(io::ErrorKind::StorageFull).into())).unwrap();
        answer.send(Ok(())).unwrap();
        assert_eq!(writes.recv(), Ok(0));
        drop(answer);
        assert_eq!(queue.close(Clock::start(), Duration::from_secs(10)).await, 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_left_when_time_is_over_is_lost() {
        let (queue, _answer, _writes, _goes) = gated();
        queue.send(record());
        queue.send(record());
        assert_eq!(queue.close(Clock::start(), Duration::from_millis(20)).await, 2);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_sink_that_nobody_reads_is_reported_once_and_loses_nothing() {
        let (queue, answer, _writes, goes) = gated();
        queue.send(record());
        queue.send(record());
        answer.send(Err(WriteError::Gone)).unwrap();
        assert_eq!(goes.recv(), Ok(()));
        assert_eq!(queue.close(Clock::start(), Duration::from_secs(10)).await, 0);
    }
}
