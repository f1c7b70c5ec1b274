//! Listens, after a ping timeout, for the answer that may come after all: it proves that the path was slow, not dead.

use std::time::Duration;

use crate::event::Moment;
use crate::wire::{Decoder, Incoming};

/// How long after the timeout the old stream is read on (journal format, `late_answer`).
pub const LATE_ANSWER_WINDOW: Duration = Duration::from_secs(30);

/// Reads on where a session left off.
#[derive(Debug)]
pub struct LateListener {
    decoder: Decoder,
    ping_sent: Moment,
}

impl LateListener {
    /// Listens for the answer to the ping that went out at `ping_sent`.
    pub const fn new(decoder: Decoder, ping_sent: Moment) -> Self {
        Self { decoder, ping_sent }
    }

    /// Bytes arrived: how long the answer took, if it is among them. What cannot be read is no answer.
    pub fn receive(&mut self, now: Moment, bytes: &[u8]) -> Option<Duration> {
        self.decoder.push(bytes);
        while let Ok(Some(packet)) = self.decoder.next_packet() {
            if packet == Incoming::Pingresp {
                return Some(now.since(self.ping_sent));
            }
        }
        None
    }
}
