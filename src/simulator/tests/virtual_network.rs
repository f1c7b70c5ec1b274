//! A network without delay and loss in virtual time: one broker, and clients whose kernels keep what they do not read.

use std::io::ErrorKind;
use std::time::Duration;

use bytes::Bytes;

use crate::event::Moment;
use crate::simulator::core::{
    Broker, BrokerInput, BrokerOutput, Connection, ConnectionInput, ConnectionOutput, Incoming, Observed,
};
use crate::simulator::script::Script;

/// How much a client's kernel keeps unread; a broker that sends more finds its transport full.
const RECEIVE_BUFFER_BYTES: usize = 256 * 1024;

/// How long a client's kernel waits for the answer to a SYN before it sends another one.
const SYN_RETRY: Duration = Duration::from_secs(1);

pub(super) struct VirtualNetwork {
    now: Moment,
    broker: Broker,
    /// When the broker has something to do.
    deadline: Option<Moment>,
    links: Vec<Link>,
}

/// One connection with both of its ends.
struct Link {
    connection: Box<Connection>,
    deadline: Option<Moment>,
    /// What did not fit into the client's kernel.
    unsent: Bytes,
    /// What the client has not read, then how its stream ends.
    arrived: Vec<u8>,
    end: Option<Result<(), ErrorKind>>,
    /// What the broker does not read; `None` while it reads.
    held: Option<Vec<u8>>,
}

impl VirtualNetwork {
    pub(super) fn new(script: Script) -> Self {
        let now = Moment::default();
        let mut network = Self { now, broker: Broker::new(script, now), deadline: None, links: Vec::new() };
        network.settle();
        network
    }

    pub(super) const fn now(&self) -> Moment {
        self.now
    }

    pub(super) const fn observed(&self) -> &Observed {
        self.broker.observed()
    }

    /// The number of a new connection; unanswered requests are repeated for this long.
    pub(super) fn connect(&mut self, patience: Duration) -> Result<usize, ErrorKind> {
        let until = self.now.plus(patience);
        loop {
            match self.broker.incoming(self.now) {
                Incoming::Accepted(connection) => {
                    self.links.push(Link::new(connection));
                    self.settle();
                    return Ok(self.links.len() - 1);
                }
                Incoming::Refused => return Err(ErrorKind::ConnectionRefused),
                Incoming::Dropped if self.now >= until => return Err(ErrorKind::TimedOut),
                Incoming::Dropped => self.run_until(self.now.plus(SYN_RETRY), |_| false),
            }
        }
    }

    pub(super) fn send(&mut self, link: usize, bytes: &[u8]) {
        self.links[link].send(bytes, self.now);
        self.settle();
    }

    /// The client closes its socket.
    pub(super) fn close(&mut self, link: usize) {
        self.links[link].connection.handle(self.now, ConnectionInput::Fin);
        self.settle();
    }

    /// What a read of so many bytes says within `span`: no bytes at the end of the stream, `None` if nothing comes.
    pub(super) fn read(
        &mut self,
        link: usize,
        room: usize,
        span: Duration,
    ) -> Option<Result<Vec<u8>, ErrorKind>> {
        self.run_until(self.now.plus(span), |network| network.links[link].is_readable());
        let outcome = self.links[link].read(room, self.now);
        self.settle();
        outcome
    }

    pub(super) fn observed_until(&mut self, mut enough: impl FnMut(&Observed) -> bool) -> Observed {
        let for_ever = Moment::after_start(Duration::MAX);
        self.run_until(for_ever, |network| enough(network.observed()));
        assert!(enough(self.observed()), "nothing more happens: {:?}", self.observed());
        self.observed().clone()
    }

    /// Goes from deadline to deadline until `enough` holds, or else until this moment.
    fn run_until(&mut self, until: Moment, mut enough: impl FnMut(&Self) -> bool) {
        while !enough(self) {
            let deadlines = self.links.iter().map(|link| link.deadline).chain([self.deadline]);
            match deadlines.flatten().min().filter(|next| *next <= until) {
                Some(next) => self.now = next,
                None if until.since_start() == Duration::MAX => return,
                None => {
                    self.now = until;
                    return;
                }
            }
            for link in &mut self.links {
                link.connection.handle(self.now, ConnectionInput::Timeout);
            }
            self.broker.handle(self.now, BrokerInput::Timeout);
            self.settle();
        }
    }

    /// Does all that the machines ask for now.
    fn settle(&mut self) {
        for link in &mut self.links {
            link.carry_out(&mut self.broker, self.now);
        }
        self.deadline = loop {
            if let BrokerOutput::Wait(deadline) = self.broker.poll() {
                break deadline;
            }
        };
    }
}

impl Link {
    fn new(connection: Box<Connection>) -> Self {
        let (unsent, arrived) = (Bytes::new(), Vec::new());
        Self { connection, deadline: None, unsent, arrived, end: None, held: None }
    }

    fn send(&mut self, bytes: &[u8], now: Moment) {
        match &mut self.held {
            Some(held) => held.extend(bytes),
            None => self.connection.handle(now, ConnectionInput::Received(bytes)),
        }
    }

    fn is_readable(&self) -> bool {
        !self.arrived.is_empty() || self.end.is_some()
    }

    fn read(&mut self, room: usize, now: Moment) -> Option<Result<Vec<u8>, ErrorKind>> {
        if self.arrived.is_empty() {
            return self.end.map(|end| end.map(|()| Vec::new()));
        }
        let read = self.arrived.drain(..room.min(self.arrived.len())).collect();
        if !self.unsent.is_empty() && self.deliver() {
            self.connection.handle(now, ConnectionInput::Writable);
        }
        Some(Ok(read))
    }

    /// Moves what fits into the client's kernel; tells whether that is all.
    fn deliver(&mut self) -> bool {
        let room = RECEIVE_BUFFER_BYTES - self.arrived.len();
        let fits = self.unsent.split_to(room.min(self.unsent.len()));
        self.arrived.extend(fits);
        self.unsent.is_empty()
    }

    fn carry_out(&mut self, broker: &mut Broker, now: Moment) {
        loop {
            match self.connection.poll() {
                ConnectionOutput::Report(report) => broker.handle(now, BrokerInput::Report(report)),
                ConnectionOutput::Send(bytes) => {
                    self.unsent = bytes;
                    if !self.deliver() {
                        self.connection.handle(now, ConnectionInput::Blocked);
                    }
                }
                ConnectionOutput::StopReading => self.held = Some(Vec::new()),
                ConnectionOutput::ResumeReading => {
                    let held = self.held.take().unwrap_or_default();
                    self.connection.handle(now, ConnectionInput::Received(&held));
                }
                ConnectionOutput::Shutdown | ConnectionOutput::Close => {
                    self.end = self.end.or(Some(Ok(())));
                }
                ConnectionOutput::Reset => self.end = Some(Err(ErrorKind::ConnectionReset)),
                ConnectionOutput::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }
}
