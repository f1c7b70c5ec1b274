//! What the simulator is to do: plain data, written by the demo and by tests.
//!
//! A [`Script`] is a list of steps, one for each connection in the order in which they are accepted. A connection is
//! told by its [`Conduct`]: how it greets, how it serves, and which [`Act`]s interrupt that. Nothing here runs.

use std::time::Duration;

use super::client_packet::PacketKind;
use crate::event::Qos;

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
}

/// How one connection is treated, from accept to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conduct {
    /// The answer to CONNECT.
    pub greeting: Greeting,
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
        Self { greeting, service: Service::default(), acts: Vec::new() }
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
}

/// The answer to CONNECT. A CONNECT of another protocol version than 3.1.1 gets CONNACK 1 where this would accept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// CONNACK 0 without a stored session.
    Accept,
    /// CONNACK 0 that claims a stored session.
    Resume,
    /// CONNACK with this code, then FIN.
    Refuse(u8),
    /// These bytes instead of a CONNACK; after them nothing is answered.
    Bytes(Vec<u8>),
    /// Nothing, neither now nor later: a stalled broker that still reads.
    Stall,
}

/// What a session gets while no act interrupts it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Filters that SUBACK refuses with 0x80; every other one is granted the QoS asked for.
    pub refused_filters: Vec<String>,
    /// Messages that come by themselves.
    pub messages: Option<Messages>,
    /// The answer to PINGREQ.
    pub pings: Pings,
    /// Pause after each byte sent, where bytes are to trickle.
    pub pace: Option<Duration>,
}

impl Service {
    /// A service that publishes a small message so often, at QoS 0.
    pub fn publishing(every: Duration) -> Self {
        Self { messages: Some(Messages { every, message: Message::default() }), ..Self::default() }
    }
}

/// Messages at an interval, from the first granted subscription on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Messages {
    /// The interval, at least a millisecond. A message is left out while the client does not take those before.
    pub every: Duration,
    /// The message.
    pub message: Message,
}

/// A PUBLISH of the broker. Its topic is made from the first filter that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Length of the payload in bytes; cut to what a PUBLISH can hold.
    pub payload_bytes: usize,
    /// Lowered to the QoS granted, where there is a subscription.
    pub qos: Qos,
    /// How often it is sent.
    pub copies: Copies,
}

impl Message {
    /// A small message at this QoS.
    pub fn at(qos: Qos) -> Self {
        Self { qos, ..Self::default() }
    }

    /// A message with so many bytes of payload, at QoS 0.
    pub fn sized(payload_bytes: usize) -> Self {
        Self { payload_bytes, ..Self::default() }
    }
}

impl Default for Message {
    fn default() -> Self {
        Self { payload_bytes: 32, qos: Qos::AtMostOnce, copies: Copies::One }
    }
}

/// How often one message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Once.
    One,
    /// Again at once, with the same identifier and DUP set. At QoS 0, where MQTT knows no copies, once.
    Two,
}

/// The answer to PINGREQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pings {
    /// PINGRESP at once.
    #[default]
    Prompt,
    /// PINGRESP so much later; everything else goes on.
    Late(Duration),
    /// No PINGRESP; everything else goes on.
    Unanswered,
}

/// Something that happens once during a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub cue: Cue,
    /// What.
    pub deed: Deed,
}

/// When an act happens: after packets of a kind, then after a span. Both are counted from the act before, or from
/// accept. An act that follows a packet comes after the answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cue {
    kind: PacketKind,
    count: u32,
    delay: Duration,
}

impl Cue {
    /// Now.
    pub const fn at_once() -> Self {
        Self::after(Duration::ZERO)
    }

    /// After this span.
    pub const fn after(delay: Duration) -> Self {
        Self { kind: PacketKind::Connect, count: 0, delay }
    }

    /// At the next packet of this kind.
    pub const fn on(kind: PacketKind) -> Self {
        Self::on_nth(kind, 1)
    }

    /// At the packet of this kind that is number `count`, 1 being the next.
    pub const fn on_nth(kind: PacketKind, count: u32) -> Self {
        Self { kind, count, delay: Duration::ZERO }
    }

    /// The same, so much later.
    #[must_use]
    pub const fn later(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The kind of packet waited for.
    pub(super) const fn kind(self) -> PacketKind {
        self.kind
    }

    /// How many of them, 0 for a cue of time alone.
    pub(super) const fn count(self) -> u32 {
        self.count
    }

    /// The span waited after them.
    pub(super) const fn delay(self) -> Duration {
        self.delay
    }
}

/// What an act does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Closes in order, after all that is still to be sent.
    Fin,
    /// Resets the connection; of what is still to be sent goes only what the socket takes at once.
    Rst,
    /// Sends DISCONNECT (which MQTT 3.1.1 does not give to a broker), then closes in order.
    Disconnect,
    /// Leaves the socket open, but reads and answers nothing more; what was answered before still goes out. Acts that
    /// wait for time still follow. Without one that ends the connection the socket stays so until the simulator is
    /// dropped, as nothing tells that the client has left.
    Silence,
    /// Sends a message, subscribed or not, and goes on.
    Publish(Message),
    /// Sends these bytes, such as [`BAD_REMAINING_LENGTH`], and goes on.
    Send(Vec<u8>),
}
