//! Follows the script from connection to connection: whether the port answers, who is accepted, what the clients did.

use std::time::Duration;

use super::connection::Connection;
use super::observed::{ConnectionReport, Observed};
use crate::event::Moment;
use crate::simulator::script::{Behavior, Script, Step, Then};

/// What a port does with connection requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortState {
    /// It accepts them.
    Listening,
    /// It refuses them with RST.
    Closed,
    /// It answers none: a SYN is lost.
    Unanswering,
}

/// What comes of a client's connection request.
#[derive(Debug)]
pub enum Incoming {
    /// SYN-ACK; the connection begins.
    Accepted(Box<Connection>),
    /// RST.
    Refused,
    /// Nothing: the request is lost.
    Dropped,
}

/// What a [`Broker`] has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerInput {
    /// The moment of [`BrokerOutput::Wait`] has come.
    Timeout,
    /// What one of its connections reported.
    Report(ConnectionReport),
    /// The port cannot be opened any more; it stays closed.
    PortLost,
}

/// What a [`Broker`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerOutput {
    /// From now on the port is to be so.
    Port(PortState),
    /// Nothing more for now. [`BrokerInput::Timeout`] is due at this moment, and never where there is none.
    Wait(Option<Moment>),
}

/// A broker and its script. It hands out one [`Connection`] for each client, and keeps none of them.
#[derive(Debug)]
pub struct Broker {
    script: Script,
    next_step: usize,
    turn: Turn,
    /// The number of the connection that was accepted last, as long as it lasts.
    latest: Option<u64>,
    observed: Observed,
    /// The state that was asked for last.
    port: Option<PortState>,
}

/// What the script asks of the port now.
#[derive(Debug)]
enum Turn {
    /// Accept one connection.
    Accept(Behavior),
    /// Accept none for this span after the end of the latest connection; `until` is known from that end on.
    Pause { port: PortState, span: Duration, until: Option<Moment> },
    /// Refuse for ever.
    Refuse,
}

impl Broker {
    /// A broker that begins its script `now`.
    pub fn new(script: Script, now: Moment) -> Self {
        let mut broker = Self {
            script: repeatable(script),
            next_step: 0,
            turn: Turn::Refuse,
            latest: None,
            observed: Observed::default(),
            port: None,
        };
        broker.turn_to_next(now);
        broker.advance(now);
        broker
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, now: Moment, input: BrokerInput) {
        self.advance(now);
        match input {
            BrokerInput::Timeout => {}
            BrokerInput::Report(report) => self.take_note(report, now),
            BrokerInput::PortLost => self.turn = Turn::Refuse,
        }
        self.advance(now);
    }

    /// A client asks for a connection.
    pub fn incoming(&mut self, now: Moment) -> Incoming {
        self.advance(now);
        let behavior = match &self.turn {
            Turn::Accept(behavior) => behavior.clone(),
            Turn::Pause { .. } | Turn::Refuse if self.port() == PortState::Unanswering => {
                return Incoming::Dropped;
            }
            Turn::Pause { .. } | Turn::Refuse => return Incoming::Refused,
        };
        self.observed.accepted += 1;
        self.latest = Some(self.observed.accepted);
        self.turn_to_next(now);
        self.advance(now);
        Incoming::Accepted(Box::new(Connection::new(self.observed.accepted, behavior, now)))
    }

    /// What is to be done; to be asked until it says [`BrokerOutput::Wait`].
    pub fn poll(&mut self) -> BrokerOutput {
        let port = self.port();
        if self.port.replace(port) != Some(port) {
            self.observed.listening = port == PortState::Listening;
            return BrokerOutput::Port(port);
        }
        BrokerOutput::Wait(match &self.turn {
            Turn::Pause { until, .. } => *until,
            Turn::Accept(_) | Turn::Refuse => None,
        })
    }

    /// What the port does with connection requests, as of the latest call.
    pub const fn port(&self) -> PortState {
        match &self.turn {
            Turn::Accept(_) => PortState::Listening,
            Turn::Pause { port, .. } => *port,
            Turn::Refuse => PortState::Closed,
        }
    }

    /// What the clients have done so far.
    pub const fn observed(&self) -> &Observed {
        &self.observed
    }

    fn take_note(&mut self, report: ConnectionReport, now: Moment) {
        let ended = self.observed.add(report);
        if ended.is_none() || ended != self.latest {
            return;
        }
        self.latest = None;
        if let Turn::Pause { span, until, .. } = &mut self.turn {
            *until = Some(now.plus(*span));
        }
    }

    /// Ends pauses that are over. Each script has a connection between repetitions, so that there are few.
    fn advance(&mut self, now: Moment) {
        while let Turn::Pause { until: Some(until), .. } = self.turn
            && until <= now
        {
            self.turn_to_next(until);
        }
    }

    /// Turns to the next step, from which spans count `from` a moment on.
    fn turn_to_next(&mut self, from: Moment) {
        self.turn = match self.take_step() {
            Some(Step::Connection(behavior)) => Turn::Accept(behavior),
            Some(Step::Closed(span)) => self.pause(PortState::Closed, span, from),
            Some(Step::Unanswering(span)) => self.pause(PortState::Unanswering, span, from),
            None if self.script.then == Then::Serve => Turn::Accept(Behavior::serving()),
            None => Turn::Refuse,
        };
    }

    /// Counts from the end of the latest connection, which may be over.
    fn pause(&self, port: PortState, span: Duration, from: Moment) -> Turn {
        let until = self.latest.is_none().then(|| from.plus(span));
        Turn::Pause { port, span, until }
    }

    fn take_step(&mut self) -> Option<Step> {
        if self.next_step == self.script.steps.len() && self.script.then == Then::Repeat {
            self.next_step = 0;
        }
        let step = self.script.steps.get(self.next_step).cloned();
        self.next_step += usize::from(step.is_some());
        step
    }
}

/// A script that accepts no connection cannot repeat: it refuses.
fn repeatable(script: Script) -> Script {
    let accepts = script.steps.iter().any(|step| matches!(step, Step::Connection(_)));
    if script.then == Then::Repeat && !accepts {
        return Script { steps: Vec::new(), then: Then::Refuse };
    }
    script
}
