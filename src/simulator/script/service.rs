//! What a session gets while it goes well: answers to pings, messages that come by themselves.

use std::time::Duration;

use crate::event::Qos;

/// What a session gets while no action interrupts it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Filters that SUBACK refuses, with 0x80 in MQTT 3.1.1 and 0x87 in MQTT 5; every other one is granted the QoS asked
    /// for, or the lower one that CONNACK announced.
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
