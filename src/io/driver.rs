//! The one loop of `watch`: does what the run asks for, and tells it what came of it. It decides nothing.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::clock::{self, Clock};
use super::dial::{Dialer, Dialled};
use super::host_watch::HostWatch;
use super::link::{Link, Moved};
use crate::event::{Environment, Event, Moment, StopReason};
use crate::session::attempt::DialError;
use crate::session::extension::Opaque;
use crate::session::recovery::Depth;
use crate::session::run::{Action, Input, Now, Output, Run};

/// The time given to DISCONNECT and an orderly close at the end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Reads of the socket, of 16 KiB each, before a deadline is held against the broker: 8 MiB, more than a kernel keeps
/// for a socket. A broker that sends faster than we read must not put the deadline off for ever.
const CATCH_UP_READS: usize = 512;

/// Who wants to know what happens.
pub trait Observer {
    /// An event to record.
    fn event(&mut self, event: Event);

    /// The run as it stands after all that happened; called often.
    fn standing(&mut self, run: &Run);
}

/// What the loop works with.
#[derive(Debug)]
pub struct Driver {
    /// The run's clock.
    pub clock: Clock,
    /// Opens streams.
    pub dialer: Arc<Dialer>,
    /// Longest time that dialling may take, signing in not counted.
    pub connect_timeout: Duration,
    /// What happens on this host.
    pub host: HostWatch,
    /// Requests to end the run.
    pub stops: mpsc::Receiver<StopReason>,
}

type Dialling = Pin<Box<dyn Future<Output = Result<Dialled, DialError>> + Send>>;

/// What the loop holds open.
struct Open {
    dialling: Option<Dialling>,
    link: Option<Link>,
    listening: JoinSet<Option<Duration>>,
    asking: JoinSet<Option<Opaque>>,
    timer: Timer,
    /// How often the socket was read since the deadline passed.
    caught_up: usize,
}

impl Open {
    fn new(clock: Clock) -> Self {
        Self {
            dialling: None,
            link: None,
            listening: JoinSet::new(),
            asking: JoinSet::new(),
            timer: Timer::new(clock),
            caught_up: 0,
        }
    }
}

/// What the loop woke up for.
enum Wake {
    Dialled(Result<Dialled, DialError>),
    Moved(Moved),
    LateAnswer(Duration),
    ServiceAnswered(Option<Opaque>),
    HostChanged(Environment),
    Stop(StopReason),
    Timeout,
    /// Nothing that the run wants to know.
    Nothing,
}

/// What the run wants after all that it asked for is done.
enum Next {
    Wait(Moment),
    Finish(StopReason),
}

impl Driver {
    /// Drives `run` to its end.
    pub async fn drive(mut self, mut run: Run, observer: &mut impl Observer) -> StopReason {
        let mut open = Open::new(self.clock);
        loop {
            match self.carry_out(&mut run, &mut open, observer) {
                Next::Finish(reason) => {
                    if let Some(link) = open.link.take() {
                        link.finish(self.clock, FAREWELL).await;
                    }
                    return reason;
                }
                Next::Wait(deadline) => {
                    observer.standing(&run);
                    let wake = self.wait(&mut open, deadline).await;
                    self.handle(&mut run, &mut open, wake);
                }
            }
        }
    }

    /// Does all that the run asks for.
    fn carry_out(&mut self, run: &mut Run, open: &mut Open, observer: &mut impl Observer) -> Next {
        loop {
            let action = match run.poll() {
                Output::Wait(deadline) => return Next::Wait(deadline),
                Output::Act(action) => action,
            };
            match action {
                Action::Observation(event) => observer.event(event),
                Action::Dial(depth) => {
                    // What hangs there would hold up the sign-in; whoever asked for it is gone with the session.
                    open.asking = JoinSet::new();
                    open.dialling = Some(self.dial(depth));
                }
                Action::Send(bytes) => open.link.iter_mut().for_each(|link| link.send(&bytes)),
                Action::Close => {
                    open.link = None;
                    open.dialling = None;
                }
                Action::Linger(listener) => {
                    if let Some(link) = open.link.take() {
                        open.listening.spawn(link.listen(self.clock, listener));
                    }
                }
                Action::AskService => {
                    let (dialer, clock) = (Arc::clone(&self.dialer), self.clock);
                    open.asking.spawn(async move { dialer.ask_service(clock).await });
                }
                Action::Finish(reason) => return Next::Finish(reason),
            }
        }
    }

    fn dial(&mut self, depth: Depth) -> Dialling {
        if depth == Depth::Deep {
            Arc::make_mut(&mut self.dialer).forget_tickets();
        }
        let (dialer, clock, within) = (Arc::clone(&self.dialer), self.clock, self.connect_timeout);
        Box::pin(async move { dialer.dial(clock, within, depth).await })
    }

    /// Waits for something to happen, until `deadline` at the latest. What has arrived by then comes first: if this
    /// process was held up, the answer that the run is about to give up on may lie in the socket.
    async fn wait(&mut self, open: &mut Open, deadline: Moment) -> Wake {
        if self.clock.now() < deadline {
            open.caught_up = 0;
            open.timer.set(deadline);
            return self.next(open).await;
        }
        if open.caught_up == 0 {
            // The runtime knows what had arrived when it last asked the kernel. If this process was held up since, that
            // was before the answer came: yielding makes it ask again.
            tokio::task::yield_now().await;
        }
        if open.caught_up < CATCH_UP_READS
            && let Some(link) = &mut open.link
            && let Some(moved) = link.waiting().await
        {
            open.caught_up += 1;
            return Wake::Moved(moved);
        }
        open.caught_up = 0;
        open.timer.deadline = None;
        Wake::Timeout
    }

    async fn next(&mut self, open: &mut Open) -> Wake {
        tokio::select! {
            // Nobody who could still ask is a branch that is out, not one that is always ready.
            Some(reason) = self.stops.recv() => Wake::Stop(reason),
            result = wait_for(&mut open.dialling) => Wake::Dialled(result),
            moved = exchange(&mut open.link) => Wake::Moved(moved),
            Some(heard) = open.listening.join_next() => {
                heard.ok().flatten().map_or(Wake::Nothing, Wake::LateAnswer)
            }
            Some(asked) = open.asking.join_next() => Wake::ServiceAnswered(asked.ok().flatten()),
            change = self.host.change() => Wake::HostChanged(change),
            () = &mut open.timer.sleep => {
                // It goes off too early for a deadline that moved away: the next round tells.
                open.timer.deadline = None;
                Wake::Nothing
            }
        }
    }

    /// Tells the run what happened.
    fn handle(&mut self, run: &mut Run, open: &mut Open, wake: Wake) {
        let input = match wake {
            Wake::Dialled(result) => self.dialled(open, result),
            Wake::Moved(Moved::Received(count)) => {
                let now = self.now(open);
                if let Some(link) = &open.link {
                    run.handle(now, Input::Received(link.arrived(count)));
                }
                return;
            }
            Wake::Moved(Moved::Sent) => Input::Written,
            Wake::Moved(Moved::Ended(end)) => Input::StreamEnded(end),
            Wake::LateAnswer(after) => Input::LateAnswer(after),
            Wake::ServiceAnswered(answer) => Input::ServiceAnswered(answer),
            Wake::HostChanged(environment) => Input::HostChanged(environment),
            Wake::Stop(reason) => Input::Stop(reason),
            Wake::Timeout => Input::Timeout,
            Wake::Nothing => return,
        };
        run.handle(self.now(open), input);
    }

    fn dialled(&mut self, open: &mut Open, result: Result<Dialled, DialError>) -> Input<'static> {
        open.dialling = None;
        match result {
            Ok(dialled) => {
                self.host.connected(dialled.local.ip(), dialled.peer.ip());
                let (stream, facts) = dialled.into_parts();
                open.link = Some(Link::new(stream));
                Input::Dialled(facts)
            }
            Err(error) => Input::DialFailed(error),
        }
    }

    /// This host as it is now.
    fn now(&mut self, open: &Open) -> Now {
        let moment = self.clock.now();
        Now { moment, clocks: clock::reading(), measured: self.host.measure(moment, open.link.as_ref()) }
    }
}

async fn wait_for(dialling: &mut Option<Dialling>) -> Result<Dialled, DialError> {
    match dialling {
        Some(dialling) => dialling.await,
        None => std::future::pending().await,
    }
}

async fn exchange(link: &mut Option<Link>) -> Moved {
    match link {
        Some(link) => link.exchange().await,
        None => std::future::pending().await,
    }
}

/// A timer that is set anew only for an earlier deadline, and goes off too early for one that moved away: a busy topic
/// must not cost a timer a message.
struct Timer {
    clock: Clock,
    /// When it goes off; `None` if it never does, or did.
    deadline: Option<Moment>,
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Timer {
    fn new(clock: Clock) -> Self {
        Self { clock, deadline: None, sleep: Box::pin(std::future::pending()) }
    }

    fn set(&mut self, deadline: Moment) {
        if self.deadline.is_none_or(|set| set > deadline) {
            self.deadline = Some(deadline);
            self.sleep = Box::pin(self.clock.sleep_until(Some(deadline)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_set_anew_for_an_earlier_deadline_only() {
        let at = |seconds| Moment::after_start(Duration::from_secs(seconds));
        let mut timer = Timer::new(Clock::start());
        let set: Vec<_> = [at(10), at(11), at(9), at(10)]
            .into_iter()
            .map(|deadline| {
                timer.set(deadline);
                timer.deadline
            })
            .collect();
        assert_eq!(set, [at(10), at(10), at(9), at(9)].map(Some));
    }
}
