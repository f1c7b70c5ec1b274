//! A queue and a thread between the session and a place that may be slow: a disk, a pipe, a paused terminal.
//!
//! Sending never waits. What does not fit in memory is given up in the order that [`Backlog`] knows, and counted.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::clock::Clock;
use crate::event::Record;
use crate::journal::backlog::Backlog;

/// How long to wait before a record that could not be put is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where records go. All calls come from one thread of its own and may block.
pub trait Place: Send + 'static {
    /// Puts one record there. After an error it is called again with the same record, a second later.
    fn put(&mut self, record: &Record) -> Result<(), PutError>;

    /// Called after each record and whenever the time it returned is over: for what must not wait for a next record.
    fn rest(&mut self, queue: Queued) -> Rest;
}

/// What comes after the record that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// The next one, at once.
    More,
    /// Nothing for now.
    Nothing,
}

/// Why a record was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It may work later.
    #[error(transparent)]
    Later(#[from] io::Error),
    /// It will never work again: nobody is there.
    #[error("nobody reads it any more")]
    Gone,
}

/// What a place wants when there is nothing to put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// To be left alone.
    UntilNext,
    /// To be called again after this time.
    AtMost(Duration),
    /// To be given up: nobody is there.
    Gone,
}

/// The sending end.
#[derive(Debug)]
pub struct Outbox {
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
    in_hand: bool,
    closed: bool,
    gone: bool,
    lost: u64,
}

impl Outbox {
    /// Starts a thread named `name` that puts records to `place`; `gone` is called once when nobody is there any more.
    pub fn start(name: &str, place: impl Place, gone: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        let (finished, done) = oneshot::channel();
        let for_worker = Arc::clone(&shared);
        let worker = Worker { shared: Arc::clone(&shared), place, name: name.to_owned(), troubled: false };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            if worker.work() == Outcome::Gone {
                for_worker.lock().gone = true;
                gone();
            }
            // The receiver may have stopped waiting.
            let _ = finished.send(());
        })?;
        Ok(Self { shared, done })
    }

    /// Queues a record.
    pub fn send(&self, record: Record) {
        self.shared.lock().backlog.push(record);
        self.shared.changed.notify_one();
    }

    /// Waits until all is put, `within` at most, and tells how many records were lost; none where nobody wanted them.
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
    /// A record is due.
    Put(Record),
    /// It is time to call the place again.
    Rest,
    /// Nothing is left, and nothing will come.
    Over,
}

struct Worker<P> {
    shared: Arc<Shared>,
    place: P,
    name: String,
    troubled: bool,
}

impl<P: Place> Worker<P> {
    fn work(mut self) -> Outcome {
        loop {
            // In a statement of its own: the lock must be free again before the place is called, which may block.
            let queued = self.shared.lock().queued();
            let rest = self.place.rest(queued);
            if rest == Rest::Gone {
                return Outcome::Gone;
            }
            match self.next(rest) {
                Task::Put(record) => {
                    if let Err(outcome) = self.deliver(&record) {
                        return outcome;
                    }
                }
                Task::Rest => {}
                Task::Over => return Outcome::Closed,
            }
        }
    }

    fn next(&self, rest: Rest) -> Task {
        let mut queue = self.shared.lock();
        if queue.backlog.is_empty() && !queue.closed {
            let limit = match rest {
                Rest::AtMost(limit) => Some(limit),
                Rest::UntilNext | Rest::Gone => None,
            };
            queue = self.shared.wait(queue, limit);
        }
        let Some(record) = queue.backlog.pop() else {
            return if queue.closed { Task::Over } else { Task::Rest };
        };
        queue.in_hand = true;
        queue.lost += record.records_lost;
        Task::Put(record)
    }

    fn deliver(&mut self, record: &Record) -> Result<(), Outcome> {
        loop {
            match self.place.put(record) {
                Ok(()) => break,
                Err(PutError::Gone) => return Err(Outcome::Gone),
                Err(PutError::Later(error)) => self.wait_to_retry(&error)?,
            }
        }
        if std::mem::take(&mut self.troubled) {
            tracing::warn!("the {} can be written again", self.name);
        }
        self.shared.lock().in_hand = false;
        Ok(())
    }

    fn wait_to_retry(&mut self, error: &io::Error) -> Result<(), Outcome> {
        if !std::mem::replace(&mut self.troubled, true) {
            tracing::warn!(
                "the {} cannot be written: {error}; records wait in memory, it is tried each second",
                self.name
            );
        }
        let queue = self.shared.lock();
        if queue.closed {
            return Err(Outcome::Closed);
        }
        drop(self.shared.wait(queue, Some(RETRY)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::event::{Event, LateAnswer};

    type Answer = Result<(), PutError>;

    /// Puts a record only when the test says how.
    struct Gate {
        answers: Receiver<Answer>,
        put: Sender<u64>,
    }

    impl Place for Gate {
        fn put(&mut self, record: &Record) -> Result<(), PutError> {
            let answer = self.answers.recv().unwrap_or(Ok(()));
            if answer.is_ok() {
                let _ = self.put.send(record.records_lost);
            }
            answer
        }

        fn rest(&mut self, _queue: Queued) -> Rest {
            Rest::UntilNext
        }
    }

    fn record() -> Record {
        Record::new(Clock::start().stamp(), Event::LateAnswer(LateAnswer { seconds: 1.0 }))
    }

    fn gated() -> (Outbox, Sender<Answer>, Receiver<u64>, Receiver<()>) {
        let (answer, answers) = channel();
        let (put, puts) = channel();
        let (gone, goes) = channel();
        let outbox = Outbox::start("gate", Gate { answers, put }, move || gone.send(()).unwrap()).unwrap();
        (outbox, answer, puts, goes)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_stuck_place_delays_nobody_and_its_losses_are_counted() {
        let (outbox, answer, puts, _goes) = gated();
        for _ in 0..10_100 {
            outbox.send(record());
        }
        drop(answer);
        let lost = outbox.close(Clock::start(), Duration::from_secs(10)).await;
        let carried: u64 = puts.iter().sum();
        assert_eq!(carried, lost);
        assert!((99..=100).contains(&lost), "{lost}: the worker may have one in hand");
    }

    /// Rests for as long as the test likes: a terminal that is paused while the status line is drawn.
    struct Restless {
        resting: Sender<()>,
        released: Receiver<()>,
    }

    impl Place for Restless {
        fn put(&mut self, _record: &Record) -> Result<(), PutError> {
            Ok(())
        }

        fn rest(&mut self, _queue: Queued) -> Rest {
            let _ = self.resting.send(());
            let _ = self.released.recv();
            Rest::UntilNext
        }
    }

    #[test]
    fn a_place_that_is_stuck_at_rest_delays_nobody() {
        let ((resting, rests), (release, released)) = (channel(), channel());
        let outbox = Outbox::start("restless", Restless { resting, released }, || {}).unwrap();
        rests.recv().unwrap();
        let (sent, sends) = channel();
        std::thread::spawn(move || {
            outbox.send(record());
            let _ = sent.send(());
        });
        assert_eq!(sends.recv_timeout(Duration::from_secs(20)), Ok(()));
        drop(release);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_record_that_cannot_be_put_is_kept_and_tried_again() {
        let (outbox, answer, puts, _goes) = gated();
        outbox.send(record());
        answer.send(Err(io::Error::from(io::ErrorKind::StorageFull).into())).unwrap();
        answer.send(Ok(())).unwrap();
        assert_eq!(puts.recv(), Ok(0));
        drop(answer);
        assert_eq!(outbox.close(Clock::start(), Duration::from_secs(10)).await, 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_left_when_time_is_over_is_lost() {
        let (outbox, _answer, _puts, _goes) = gated();
        outbox.send(record());
        outbox.send(record());
        assert_eq!(outbox.close(Clock::start(), Duration::from_millis(20)).await, 2);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_place_that_nobody_reads_is_told_once_and_misses_nothing() {
        let (outbox, answer, _puts, goes) = gated();
        outbox.send(record());
        outbox.send(record());
        answer.send(Err(PutError::Gone)).unwrap();
        assert_eq!(goes.recv(), Ok(()));
        assert_eq!(outbox.close(Clock::start(), Duration::from_secs(10)).await, 0);
    }
}
