//! Listens, after a ping timeout, for the answer that may come after all: it proves that the path was slow, not dead.

use std::time::Duration;

use crate::event::Moment;
use crate::wire::{Decoder, Incoming};

/// How long after the timeout the old stream is read on (journal format, `late_answer`).
const LATE_ANSWER_WINDOW: Duration = Duration::from_secs(30);

/// What the bytes on the old stream held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// No answer so far.
    Nothing,
    /// The answer, this long after the ping.
    Answer(Duration),
    /// Bytes that are no MQTT: what follows cannot be read.
    Garbage,
}

/// Reads on where a session left off.
#[derive(Debug)]
pub struct LateListener {
    decoder: Decoder,
    ping_sent: Moment,
    deadline: Moment,
}

impl LateListener {
    /// Listens for the answer to the ping that went out at `ping_sent` and was given up at `given_up`.
    pub fn new(decoder: Decoder, ping_sent: Moment, given_up: Moment) -> Self {
        Self { decoder, ping_sent, deadline: given_up.plus(LATE_ANSWER_WINDOW) }
    }

    /// Until when it is listened. What arrives later is no answer.
    pub const fn deadline(&self) -> Moment {
        self.deadline
    }

    /// Bytes arrived. After an answer or garbage there is no more to listen for.
    pub fn receive(&mut self, now: Moment, bytes: &[u8]) -> Heard {
        if now > self.deadline {
            return Heard::Nothing;
        }
        self.decoder.push(bytes);
        loop {
            match self.decoder.next_packet() {
                Ok(Some(Incoming::Pingresp)) => return Heard::Answer(now.since(self.ping_sent)),
                Ok(Some(_)) => {}
                Ok(None) => return Heard::Nothing,
                Err(_) => return Heard::Garbage,
            }
        }
    }
}
