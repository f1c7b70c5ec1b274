//! The one loop of `watch`: does what the run asks for, and tells it what came of it.

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
use crate::event::failure::StreamEnd;
use crate::event::{Environment, Event, Moment, StopReason};
use crate::session::attempt::{self, DialError};
use crate::session::extension::Opaque;
use crate::session::recovery::Depth;
use crate::session::run::{Action, Run};

/// The time given to DISCONNECT and an orderly close at the end.
const FAREWELL: Duration = Duration::from_millis(500);

/// How often the socket is read before a deadline is held against the broker: 8 MiB, more than a kernel keeps.
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
    /// Longest an attempt may take.
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
}

impl Open {
    fn new(clock: Clock) -> Self {
        let (listening, asking) = (JoinSet::new(), JoinSet::new());
        Self { dialling: None, link: None, listening, asking, timer: Timer::new(clock) }
    }
}

/// What happened in the world.
enum Happening {
    Dialled(Result<Dialled, DialError>),
    Sent,
    Received(usize),
    Ended(StreamEnd),
    Late(Duration),
    Answered(Option<Opaque>),
    Changed(Environment),
    Stop(StopReason),
    Nothing,
}

impl Driver {
    /// Drives `run` to its end.
    pub async fn drive(mut self, mut run: Run, observer: &mut impl Observer) -> StopReason {
        let mut open = Open::new(self.clock);
        loop {
            if let Some(reason) = self.carry_out(&mut run, &mut open, observer) {
                if let Some(link) = open.link.take() {
                    link.finish(self.clock, FAREWELL).await;
                }
                return reason;
            }
            observer.standing(&run);
            open.timer.set(run.deadline());
            let happening = self.next(&mut open).await;
            let now = self.clock.now();
            if run.wants_measurement(now) {
                run.measured(self.host.glance(open.link.as_ref()));
            }
            run.woke(now, clock::reading());
            self.tell(&mut run, &mut open, happening);
            self.keep_time(&mut run, &mut open).await;
        }
    }

    /// Does all that the run asks for; tells when it is over.
    fn carry_out(
        &mut self,
        run: &mut Run,
        open: &mut Open,
        observer: &mut impl Observer,
    ) -> Option<StopReason> {
        while let Some(action) = run.poll() {
            match action {
                Action::Record(event) => observer.event(event),
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
                Action::Finish(reason) => return Some(reason),
            }
        }
        None
    }

    fn dial(&mut self, depth: Depth) -> Dialling {
        if depth == Depth::Deep {
            Arc::make_mut(&mut self.dialer).forget_tickets();
        }
        let (dialer, clock, within) = (Arc::clone(&self.dialer), self.clock, self.connect_timeout);
        Box::pin(async move { dialer.dial(clock, within, depth).await })
    }

    async fn next(&mut self, open: &mut Open) -> Happening {
        tokio::select! {
            // Nobody who could still ask is a branch that is out, not one that is always ready.
            Some(reason) = self.stops.recv() => Happening::Stop(reason),
            result = wait_for(&mut open.dialling) => Happening::Dialled(result),
            moved = exchange(&mut open.link) => match moved {
                Moved::Sent => Happening::Sent,
                Moved::Received(count) => Happening::Received(count),
                Moved::Ended(end) => Happening::Ended(end),
            },
            Some(heard) = open.listening.join_next() => {
                heard.ok().flatten().map_or(Happening::Nothing, Happening::Late)
            }
            Some(asked) = open.asking.join_next() => Happening::Answered(asked.ok().flatten()),
            change = self.host.change() => Happening::Changed(change),
            () = &mut open.timer.sleep => {
                open.timer.deadline = None;
                Happening::Nothing
            }
        }
    }

    /// Tells the run what time it is, once it wants to know. What has arrived by then is told first: if this process
    /// was held up, the answer that the run is about to give up on may lie in the socket.
    async fn keep_time(&mut self, run: &mut Run, open: &mut Open) {
        let now = self.clock.now();
        if run.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        // The runtime knows what had arrived when it last asked the kernel. If this process was held up since, that
        // was before the answer came: yielding makes it ask again.
        tokio::task::yield_now().await;
        for _ in 0..CATCH_UP_READS {
            let Some(link) = &mut open.link else { break };
            match link.waiting().await {
                Some(Moved::Sent) => {}
                Some(Moved::Received(count)) => run.received(now, link.arrived(count)),
                Some(Moved::Ended(end)) => {
                    run.stream_ended(now, end);
                    break;
                }
                None => break,
            }
        }
        run.measured(self.host.measure(now, open.link.as_ref()));
        run.tick(now);
    }

    /// Tells the run what happened.
    fn tell(&mut self, run: &mut Run, open: &mut Open, happening: Happening) {
        let now = self.clock.now();
        match happening {
            Happening::Dialled(Ok(dialled)) => {
                open.dialling = None;
                self.host.connected(dialled.local.ip());
                let facts = attempt::Dialled::from(&dialled);
                let link = open.link.insert(Link::new(dialled.stream));
                run.dialled(now, facts);
                run.measured(self.host.measure(now, Some(link)));
            }
            Happening::Dialled(Err(error)) => {
                open.dialling = None;
                run.dial_failed(now, error);
            }
            Happening::Sent => run.written(now),
            Happening::Received(count) => {
                if let Some(link) = &open.link {
                    run.received(now, link.arrived(count));
                }
            }
            Happening::Ended(end) => {
                run.measured(self.host.measure(now, open.link.as_ref()));
                run.stream_ended(now, end);
            }
            Happening::Changed(environment) => run.environment(now, environment),
            Happening::Answered(answer) => run.service_answered(now, answer.as_ref()),
            Happening::Late(after) => run.late_answer(now, after),
            Happening::Stop(reason) => run.stop(now, reason),
            Happening::Nothing => {}
        }
    }
}

impl From<&Dialled> for attempt::Dialled {
    fn from(dialled: &Dialled) -> Self {
        Self {
            phases: dialled.phases,
            local_address: dialled.local.to_string(),
            peer_address: dialled.peer.to_string(),
            clock_offset: dialled.clock_offset,
            learned: dialled.learned.clone(),
        }
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

    fn set(&mut self, deadline: Option<Moment>) {
        let is_early_enough = self.deadline.is_some_and(|set| deadline.is_none_or(|wanted| set <= wanted));
        if !is_early_enough {
            self.deadline = deadline;
            self.sleep = Box::pin(self.clock.sleep_until(deadline));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_set_anew_for_an_earlier_deadline_only() {
        let at = |seconds| Some(Moment::after_start(Duration::from_secs(seconds)));
        let mut timer = Timer::new(Clock::start());
        let set: Vec<_> = [at(10), at(11), None, at(9), at(10)]
            .into_iter()
            .map(|deadline| {
                timer.set(deadline);
                timer.deadline
            })
            .collect();
        assert_eq!(set, [at(10), at(10), at(10), at(9), at(9)]);
    }
}
