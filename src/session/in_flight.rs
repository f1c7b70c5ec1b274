//! QoS 1 messages of ours that wait for their PUBACK: what makes "at least once" at least once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::Moment;
use crate::wire::{Delivery, Publish};

/// As many as this wait at once, even where the broker would take more: what is sent is evidence, not load.
const MOST: usize = 16;
/// The identifiers of publishes; the one below is SUBSCRIBE's.
const FIRST_ID: u16 = 2;

/// The messages, at most 16 and no more than the broker takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    waiting: BTreeMap<u16, Waiting>,
    next_id: u16,
    most: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    topic: String,
    payload: Vec<u8>,
    sent: Moment,
    /// When its last byte had left for the socket.
    written: Option<Moment>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), next_id: FIRST_ID, most: MOST }
    }
}

impl InFlight {
    /// How many wait.
    pub fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether one more may go out.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < self.most
    }

    /// The broker takes at most so many; without a word of it, 65,535.
    pub fn limit(&mut self, receive_maximum: Option<u16>) {
        self.most = MOST.min(usize::from(receive_maximum.unwrap_or(u16::MAX)));
    }

    /// A message goes out: the packet to send.
    pub fn send(&mut self, now: Moment, topic: &str, payload: Vec<u8>) -> Publish {
        let packet_id = self.take_id();
        let waiting = Waiting { topic: topic.to_owned(), payload, sent: now, written: None };
        let publish = waiting.packet(packet_id, Delivery::First);
        self.waiting.insert(packet_id, waiting);
        publish
    }

    /// The broker still knows the session: what waits goes out again.
    pub fn send_again(&mut self, now: Moment) -> Vec<Publish> {
        let again = self.waiting.iter_mut().map(|(packet_id, waiting)| {
            (waiting.sent, waiting.written) = (now, None);
            waiting.packet(*packet_id, Delivery::Again)
        });
        again.collect()
    }

    /// All that was sent has left for the socket.
    pub fn written(&mut self, now: Moment) {
        for waiting in self.waiting.values_mut() {
            waiting.written.get_or_insert(now);
        }
    }

    /// PUBACK came: how long after the message was written, if there is such a message.
    pub fn acknowledged(&mut self, now: Moment, packet_id: u16) -> Option<Duration> {
        let waiting = self.waiting.remove(&packet_id)?;
        Some(now.since(waiting.written.unwrap_or(waiting.sent)))
    }

    fn take_id(&mut self) -> u16 {
        while self.waiting.contains_key(&self.next_id) {
            self.next_id = following(self.next_id);
        }
        let taken = self.next_id;
        self.next_id = following(taken);
        taken
    }
}

impl Waiting {
    fn packet(&self, packet_id: u16, delivery: Delivery) -> Publish {
        Publish { packet_id, topic: self.topic.clone(), payload: self.payload.clone(), delivery }
    }
}

const fn following(packet_id: u16) -> u16 {
    if packet_id == u16::MAX { FIRST_ID } else { packet_id + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    #[test]
    fn a_round_trip_is_timed_from_the_write() {
        let mut in_flight = InFlight::default();
        let publish = in_flight.send(at_ms(0), "t", vec![1]);
        in_flight.written(at_ms(30));
        in_flight.written(at_ms(50));
        assert_eq!(in_flight.acknowledged(at_ms(100), publish.packet_id), Some(Duration::from_millis(70)));
        assert_eq!(in_flight.acknowledged(at_ms(200), publish.packet_id), None);
    }

    #[test]
    fn identifiers_go_round_and_pass_over_those_that_wait() {
        let mut in_flight = InFlight::default();
        let waiting = in_flight.send(at_ms(0), "t", Vec::new()).packet_id;
        for _ in 0..200_000_u32 {
            let sent = in_flight.send(at_ms(0), "t", Vec::new()).packet_id;
            assert!(sent > 1 && sent != waiting);
            in_flight.acknowledged(at_ms(0), sent);
        }
    }

    #[test]
    fn the_broker_and_our_own_bound_limit_what_waits() {
        for (receive_maximum, most) in [(None, MOST), (Some(3), 3), (Some(u16::MAX), MOST)] {
            let mut in_flight = InFlight::default();
            in_flight.limit(receive_maximum);
            while in_flight.has_room() {
                in_flight.send(at_ms(0), "t", Vec::new());
            }
            assert_eq!(in_flight.count(), most);
        }
    }

    #[test]
    fn what_waits_goes_out_again_under_its_old_identifier() {
        let mut in_flight = InFlight::default();
        let first = in_flight.send(at_ms(0), "t", vec![7]);
        in_flight.written(at_ms(1));
        let again = in_flight.send_again(at_ms(5000));
        assert_eq!(again, [Publish { delivery: Delivery::Again, ..first.clone() }]);
        assert_eq!(in_flight.acknowledged(at_ms(5020), first.packet_id), Some(Duration::from_millis(20)));
    }
}
