//! QoS 1 messages of ours that wait for their PUBACK, and are sent again on the next connection if the broker kept the
//! session.

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::Moment;
use crate::wire::{Delivery, Publish};

/// Most messages that wait at once, even where the broker would accept more: probes are to measure, not to load it.
const MOST: usize = 16;
/// Lowest packet identifier of a publish; 1 is SUBSCRIBE's.
const FIRST_ID: u16 = 2;

/// The messages, in the order in which they were first sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    waiting: VecDeque<Waiting>,
    next_id: u16,
    most: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    packet_id: u16,
    topic: String,
    payload: Vec<u8>,
    /// When it was sent on this connection; `None` where it was not yet.
    sent: Option<Moment>,
    /// When its last byte had left for the socket.
    written: Option<Moment>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), next_id: FIRST_ID, most: MOST }
    }
}

impl InFlight {
    /// Messages without PUBACK.
    pub fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether one more may be sent: not before those that are to be sent again.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < self.most && self.out() == self.waiting.len()
    }

    /// Sets how many the broker accepts at once; 65,535 where it does not say (MQTT 5, section 3.2.2.3.3).
    pub fn limit(&mut self, receive_maximum: Option<u16>) {
        self.most = MOST.min(usize::from(receive_maximum.unwrap_or(u16::MAX)));
    }

    /// Takes a message; returns the packet to send.
    pub fn send(&mut self, now: Moment, topic: &str, payload: Vec<u8>) -> Publish {
        let packet_id = self.take_id();
        let waiting = Waiting { packet_id, topic: topic.to_owned(), payload, sent: Some(now), written: None };
        let publish = waiting.packet(Delivery::First);
        self.waiting.push_back(waiting);
        publish
    }

    /// Begins a new connection, on which nothing is sent yet.
    pub fn begin_connection(&mut self) {
        for waiting in &mut self.waiting {
            (waiting.sent, waiting.written) = (None, None);
        }
    }

    /// The next message to send again to a broker that kept the session, if one is left and the broker accepts it.
    pub fn send_again(&mut self, now: Moment) -> Option<Publish> {
        if self.out() >= self.most {
            return None;
        }
        let waiting = self.waiting.iter_mut().find(|waiting| waiting.sent.is_none())?;
        waiting.sent = Some(now);
        Some(waiting.packet(Delivery::Again))
    }

    /// All that was sent has left for the socket.
    pub fn written(&mut self, now: Moment) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.sent.is_some()) {
            waiting.written.get_or_insert(now);
        }
    }

    /// Size of the payload of a message that is out.
    pub fn payload_bytes(&self, packet_id: u16) -> Option<usize> {
        let mut out = self.waiting.iter().filter(|waiting| waiting.sent.is_some());
        out.find(|waiting| waiting.packet_id == packet_id).map(|waiting| waiting.payload.len())
    }

    /// PUBACK came: how long after the message was written, if such a message is out.
    pub fn acknowledged(&mut self, now: Moment, packet_id: u16) -> Option<Duration> {
        let waiting = self.forget(packet_id)?;
        waiting.written.or(waiting.sent).map(|began| now.since(began))
    }

    /// The message waits no more.
    fn forget(&mut self, packet_id: u16) -> Option<Waiting> {
        let place = self.waiting.iter().position(|waiting| waiting.packet_id == packet_id)?;
        self.waiting.remove(place)
    }

    fn out(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.sent.is_some()).count()
    }

    fn take_id(&mut self) -> u16 {
        while self.waiting.iter().any(|waiting| waiting.packet_id == self.next_id) {
            self.next_id = following(self.next_id);
        }
        let taken = self.next_id;
        self.next_id = following(taken);
        taken
    }
}

impl Waiting {
    fn packet(&self, delivery: Delivery) -> Publish {
        let Self { packet_id, topic, payload, .. } = self;
        Publish { packet_id: *packet_id, topic: topic.clone(), payload: payload.clone(), delivery }
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
        for (receive_maximum, most) in [(None, 16), (Some(3), 3), (Some(17), 16), (Some(u16::MAX), 16)] {
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
        in_flight.begin_connection();
        let again = in_flight.send_again(at_ms(5000));
        assert_eq!(again, Some(Publish { delivery: Delivery::Again, ..first.clone() }));
        assert_eq!(in_flight.send_again(at_ms(5000)), None);
        assert_eq!(in_flight.acknowledged(at_ms(5020), first.packet_id), Some(Duration::from_millis(20)));
    }

    /// MQTT 5, sections 3.3.4 and 4.6.
    #[test]
    fn what_goes_out_again_keeps_its_order_and_leaves_room_as_the_broker_asks() {
        let mut in_flight = InFlight { next_id: u16::MAX - 1, ..InFlight::default() };
        let ids: Vec<_> = (0..4).map(|_| in_flight.send(at_ms(0), "t", Vec::new()).packet_id).collect();
        assert_eq!(ids, [u16::MAX - 1, u16::MAX, 2, 3]);
        in_flight.begin_connection();
        in_flight.limit(Some(2));
        let again = |in_flight: &mut InFlight| -> Vec<_> {
            std::iter::from_fn(|| in_flight.send_again(at_ms(1))).map(|publish| publish.packet_id).collect()
        };
        assert_eq!(again(&mut in_flight), ids[..2]);
        for (acknowledged, then) in [(0, &ids[2..3]), (1, &ids[3..])] {
            assert!(!in_flight.has_room());
            in_flight.acknowledged(at_ms(2), ids[acknowledged]);
            assert_eq!(again(&mut in_flight), then);
        }
        assert_eq!((in_flight.count(), in_flight.has_room()), (2, false));
        in_flight.acknowledged(at_ms(3), ids[2]);
        assert!(in_flight.has_room());
    }
}
