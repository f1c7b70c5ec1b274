//! What the simulator is to do: plain data, written by the demo and by tests.
//!
//! A [`Script`] is a list of steps, one for each connection in the order in which they are accepted. A connection is
//! told by its [`Conduct`]: how it greets, how it serves, and which [`Act`]s interrupt that. Nothing here runs.

mod act;
mod service;
mod words;

use std::time::Duration;

pub use act::{Act, Cue, Deed};
pub use service::{Copies, Message, Messages, Pings, Service};
pub use words::{Announcement, Parting, Speaks, Stranger};

/// A remaining length of five bytes, where MQTT allows four; it goes behind the first byte of a packet.
pub const BAD_REMAINING_LENGTH: [u8; 5] = [0xff; 5];

/// A complete PINGREQ, which only a client may send.
pub const FOREIGN_PACKET: [u8; 2] = [0xc0, 0x00];

/// The first half of a CONNACK.
pub const HALF_CONNACK: [u8; 2] = [0x20, 0x02];

/// What happens to the connections, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// In the order in which connections are accepted.
    pub steps: Vec<Step>,
    /// What follows the last step.
    pub then: Then,
}

impl Script {
    /// These connections, then well-behaved ones for ever.
    pub fn of(conducts: impl IntoIterator<Item = Conduct>) -> Self {
        Self { steps: conducts.into_iter().map(Step::Connection).collect(), then: Then::Serve }
    }

    /// The same steps with another sequel.
    #[must_use]
    pub fn and_then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// What follows the last step of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The steps again, from the first. A script that accepts no connection cannot repeat: it refuses.
    Repeat,
    /// Every further connection is served well.
    Serve,
    /// The port refuses every further connection.
    Refuse,
}

/// One step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// One connection is accepted and treated so. A following step begins as soon as it is accepted.
    Connection(Conduct),
    /// The port refuses connections while the connection of the step before lasts, and for this span after its end.
    /// It is closed from the moment at which that connection is accepted, so that no attempt slips in between.
    Closed(Duration),
    /// The port is as under [`Step::Closed`], but answers no connection request: a SYN is lost.
    Unanswering(Duration),
}

/// How one connection is treated, from accept to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conduct {
    /// Which versions of MQTT are known.
    pub speaks: Speaks,
    /// The answer to CONNECT.
    pub greeting: Greeting,
    /// What CONNACK says beside its code.
    pub announcement: Box<Announcement>,
    /// What a session gets.
    pub service: Service,
    /// What interrupts it, one after the other. After the last one the connection goes on until the client leaves.
    pub acts: Vec<Act>,
}

impl Conduct {
    /// A well-behaved connection that lasts until the client leaves.
    pub fn serving() -> Self {
        Self::greeting(Greeting::Accept)
    }

    /// A connection whose CONNECT is answered so.
    pub fn greeting(greeting: Greeting) -> Self {
        Self {
            speaks: Speaks::default(),
            greeting,
            announcement: Box::default(),
            service: Service::default(),
            acts: Vec::new(),
        }
    }

    /// The half-open connection: after the cue nothing is read or answered, and after `span` the socket is reset.
    pub fn falling_silent(cue: Cue, span: Duration) -> Self {
        Self::serving().act(cue, Deed::Silence).act(Cue::after(span), Deed::Rst)
    }

    /// The same with another act at the end.
    #[must_use]
    pub fn act(mut self, cue: Cue, deed: Deed) -> Self {
        self.acts.push(Act { cue, deed });
        self
    }

    /// The same with another service.
    #[must_use]
    pub fn with(self, service: Service) -> Self {
        Self { service, ..self }
    }

    /// The same where CONNACK says so much more.
    #[must_use]
    pub fn announcing(self, announcement: Announcement) -> Self {
        Self { announcement: Box::new(announcement), ..self }
    }

    /// The same where only these versions are known.
    #[must_use]
    pub fn speaking(self, speaks: Speaks) -> Self {
        Self { speaks, ..self }
    }
}

/// The answer to CONNECT. Where this sends a CONNACK, a client of an unknown version gets what [`Speaks`] says instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// CONNACK 0 without a stored session.
    Accept,
    /// CONNACK 0 that claims a stored session.
    Resume,
    /// CONNACK with this code, then FIN. Of the codes that MQTT 3.1.1 names, a client of MQTT 5 gets the counterpart.
    Refuse(u8),
    /// These bytes instead of a CONNACK; after them nothing is answered.
    Bytes(Vec<u8>),
    /// Nothing, neither now nor later: a stalled broker that still reads.
    Stall,
}
