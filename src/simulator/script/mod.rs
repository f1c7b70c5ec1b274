//! What the simulator is to do: plain data, written by the demo and by tests.
//!
//! A [`Script`] is a list of steps, one for each connection in the order in which they are accepted. A connection is
//! described by its [`Behavior`]: how it answers CONNECT, what a session gets, and which [`ScriptedAction`]s interrupt
//! that. Nothing here runs.

mod action;
mod replies;
mod service;

use std::time::Duration;

pub use action::{Action, ScriptedAction, Trigger};
pub use replies::{ConnackProperties, DisconnectReason, SupportedVersions, UnsupportedVersionReply};
pub use service::{Copies, Message, Messages, Pings, Service};

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
    pub fn of(behaviors: impl IntoIterator<Item = Behavior>) -> Self {
        Self { steps: behaviors.into_iter().map(Step::Connection).collect(), then: Then::Serve }
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
    Connection(Behavior),
    /// The port refuses connections while the connection of the step before lasts, and for this span after its end.
    /// It is closed from the moment at which that connection is accepted, so that no attempt slips in between.
    Closed(Duration),
    /// For the same time the port answers no connection request: each SYN is lost.
    Unanswering(Duration),
}

/// How one connection is treated, from accept to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behavior {
    /// Which versions of MQTT are known.
    pub supported_versions: SupportedVersions,
    /// The answer to CONNECT.
    pub connect_reply: ConnectReply,
    /// What CONNACK says beside its code.
    pub connack_properties: Box<ConnackProperties>,
    /// What a session gets.
    pub service: Service,
    /// What interrupts it, one after the other. After the last one the connection goes on until the client leaves.
    pub actions: Vec<ScriptedAction>,
}

impl Behavior {
    /// A well-behaved connection that lasts until the client leaves.
    pub fn serving() -> Self {
        Self::replying(ConnectReply::Accept)
    }

    /// A connection whose CONNECT is answered so.
    pub fn replying(connect_reply: ConnectReply) -> Self {
        Self {
            supported_versions: SupportedVersions::default(),
            connect_reply,
            connack_properties: Box::default(),
            service: Service::default(),
            actions: Vec::new(),
        }
    }

    /// The half-open connection: after the trigger nothing is read or answered, and after `span` the socket is reset.
    pub fn falling_silent(trigger: Trigger, span: Duration) -> Self {
        Self::serving().act(trigger, Action::Silence).act(Trigger::after(span), Action::Rst)
    }

    /// The same with another action at the end.
    #[must_use]
    pub fn act(mut self, trigger: Trigger, action: Action) -> Self {
        self.actions.push(ScriptedAction { trigger, action });
        self
    }

    /// The same with another service.
    #[must_use]
    pub fn with(self, service: Service) -> Self {
        Self { service, ..self }
    }

    /// The same where CONNACK says so much more.
    #[must_use]
    pub fn announcing(self, connack_properties: ConnackProperties) -> Self {
        Self { connack_properties: Box::new(connack_properties), ..self }
    }

    /// The same where only these versions are known.
    #[must_use]
    pub fn supporting(self, supported_versions: SupportedVersions) -> Self {
        Self { supported_versions, ..self }
    }
}

/// The answer to CONNECT. Where this sends a CONNACK, a client of an unknown version gets what [`SupportedVersions`]
/// says instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectReply {
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
