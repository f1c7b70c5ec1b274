//! Follows the script at the door: opens it, accepts, closes it, and starts each connection's task.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::door::Door;
use super::script::{Conduct, Script, Step, Then};
use super::seen::Seen;
use super::serving::Serving;
use crate::io::clock::Clock;

/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who follows the script.
pub(super) struct Porter {
    script: Script,
    next_step: usize,
    seen: watch::Sender<Seen>,
    clock: Clock,
    visits: JoinSet<()>,
    /// Resolves when the latest connection is over.
    latest_visit: Option<oneshot::Receiver<()>>,
}

impl Porter {
    /// Nothing has happened yet.
    pub(super) fn new(script: Script, seen: watch::Sender<Seen>, clock: Clock) -> Self {
        Self { script, next_step: 0, seen, clock, visits: JoinSet::new(), latest_visit: None }
    }

    /// The next turn with the door as it asks for.
    pub(super) fn next_turn(&mut self, door: Door) -> io::Result<Turn> {
        let turn = match self.next() {
            Next::Accept(conduct) => Turn::Accept(door.opened()?, conduct),
            Next::Pause(span) => Turn::Pause(door.closed()?, span),
            Next::Refuse => Turn::Refuse(door.closed()?),
        };
        let listening = matches!(turn, Turn::Accept(..));
        self.seen.send_modify(|seen| seen.listening = listening);
        Ok(turn)
    }

    /// Follows the script from `turn` on, for ever.
    pub(super) async fn run(mut self, mut turn: Turn) {
        loop {
            let door = match turn {
                Turn::Accept(listener, conduct) => self.accept(listener, conduct).await,
                Turn::Pause(door, span) => self.pause(door, span).await,
                Turn::Refuse(_door) => return self.see_off().await,
            };
            turn = match self.next_turn(door) {
                Ok(turn) => turn,
                Err(error) => {
                    tracing::error!(%error, "the simulator lost its port");
                    return self.see_off().await;
                }
            };
        }
    }

    fn next(&mut self) -> Next {
        let steps = &self.script.steps;
        if self.next_step == steps.len() && self.script.then == Then::Repeat {
            self.next_step = 0;
        }
        let step = steps.get(self.next_step).cloned();
        let accepts = steps.iter().any(|step| matches!(step, Step::Connection(_)));
        self.next_step += usize::from(step.is_some());
        match (step, self.script.then) {
            (Some(Step::Connection(conduct)), _) => Next::Accept(conduct),
            (Some(Step::Closed(_)), Then::Repeat) if !accepts => Next::Refuse,
            (Some(Step::Closed(span)), _) => Next::Pause(span),
            (None, Then::Serve) => Next::Accept(Conduct::serving()),
            (None, Then::Repeat | Then::Refuse) => Next::Refuse,
        }
    }

    async fn accept(&mut self, listener: TcpListener, conduct: Conduct) -> Door {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.start(stream, conduct);
                    return Door::Open(listener);
                }
                Err(error) => {
                    tracing::warn!(%error, "the simulator could not accept a connection");
                    self.clock.sleep_until(Some(self.clock.now().plus(ACCEPT_PAUSE))).await;
                }
            }
        }
    }

    fn start(&mut self, stream: TcpStream, conduct: Conduct) {
        while self.visits.try_join_next().is_some() {}
        self.seen.send_modify(|seen| seen.accepted += 1);
        let number = self.seen.borrow().accepted;
        let serving = Serving::new(conduct, self.clock.now());
        let connection = Connection { number, stream, serving, seen: self.seen.clone(), clock: self.clock };
        let (over, latest_visit) = oneshot::channel();
        self.latest_visit = Some(latest_visit);
        self.visits.spawn(visit(connection, over));
    }

    async fn pause(&mut self, door: Door, span: Duration) -> Door {
        if let Some(visit) = self.latest_visit.take() {
            // An error says that the sender is gone, which is just as much the end of the visit.
            let _ended = visit.await;
        }
        self.clock.sleep_until(Some(self.clock.now().plus(span))).await;
        door
    }

    /// Lets the connections that are there run on, with nobody at the door.
    async fn see_off(mut self) {
        while self.visits.join_next().await.is_some() {}
        std::future::pending::<()>().await;
    }
}

/// What is to be done at the door.
pub(super) enum Turn {
    /// Accept one connection.
    Accept(TcpListener, Conduct),
    /// Refuse until the latest connection is over and then for a span.
    Pause(Door, Duration),
    /// Refuse for ever.
    Refuse(Door),
}

/// What the script says next.
enum Next {
    Accept(Conduct),
    Pause(Duration),
    Refuse,
}

async fn visit(connection: Connection, over: oneshot::Sender<()>) {
    let farewell = connection.run().await;
    drop(over);
    if let Some(farewell) = farewell {
        farewell.wait().await;
    }
}
