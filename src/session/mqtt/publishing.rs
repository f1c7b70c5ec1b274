//! Our publishes: when they may be sent, and what their acknowledgement says.

use super::{Session, SessionOutput, State};
use crate::event::Moment;
use crate::reason::{self, Source};
use crate::wire::{self, Outgoing, Puback};

/// Lowest reason code that is a refusal (MQTT 5, section 2.4).
const FIRST_REFUSAL: u8 = 0x80;

/// Whether publishes may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Publishing {
    /// Not before all subscriptions are answered.
    NotYet,
    /// As far as the broker accepts more at once.
    Open,
    /// The broker accepts none at QoS 1.
    Refused,
}

impl Session {
    /// Whether [`Self::publish`] would send.
    pub fn takes_publishes(&self) -> bool {
        self.state == State::Open && self.publishing == Publishing::Open && self.in_flight.has_room()
    }

    /// Whether the broker takes no publish at QoS 1 in this session.
    pub fn refuses_publishes(&self) -> bool {
        self.publishing == Publishing::Refused
    }

    /// Publishes at QoS 1, if [`Self::takes_publishes`] and the broker takes a packet so large; tells whether it did.
    pub fn publish(&mut self, now: Moment, topic: &str, payload: Vec<u8>) -> bool {
        if !self.takes_publishes() {
            return false;
        }
        let publish = self.in_flight.send(now, topic, payload);
        let packet_id = publish.packet_id;
        let packet = Outgoing::Publish(publish);
        let fits = self.fits(&packet);
        if fits {
            self.send(now, &packet);
        } else {
            self.in_flight.acknowledged(now, packet_id);
            tracing::warn!("the broker takes {} bytes at most: too few for a probe", self.largest_bytes);
        }
        fits
    }

    /// Publishes again what the broker may not have seen, as far as there is room in flight.
    pub(super) fn publish_again(&mut self, now: Moment) {
        if self.refuses_publishes() {
            return;
        }
        while let Some(publish) = self.in_flight.send_again(now) {
            self.send(now, &Outgoing::Publish(publish));
        }
    }

    pub(super) fn acknowledged(&mut self, now: Moment, puback: Puback) {
        if let Some(bytes) = self.in_flight.payload_bytes(puback.packet_id) {
            self.traffic.publish_acknowledged(bytes);
        }
        let Some(trip) = self.in_flight.acknowledged(now, puback.packet_id) else { return };
        self.trips_since_sample.publishes.add(trip);
        self.publish_again(now);
        if self.takes_publishes() {
            self.outputs.push_back(SessionOutput::Ready);
        }
        if puback.code >= FIRST_REFUSAL {
            let words = reason::words(puback.code, Source::V5);
            tracing::warn!("the broker refused our publish: {words}");
            self.outputs.push_back(SessionOutput::PublishRefused);
        }
    }

    /// Whether the broker takes a packet so large; a larger one must not be sent (MQTT 5, section 3.2.2.3.6).
    pub(super) fn fits(&self, packet: &Outgoing) -> bool {
        wire::encode(self.protocol, packet).len() <= self.largest_bytes
    }
}
