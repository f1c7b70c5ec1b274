//! What a client gets while its session is up: answers, messages, and the limit of its keep-alive. It writes into a
//! [`PacedWriter`]; what its [`Verdict`] means for the connection is not decided here.

use std::collections::VecDeque;
use std::time::Duration;

use super::deliveries::Deliveries;
use super::keep_alive::KeepAlive;
use super::paced_writer::PacedWriter;
use crate::event::{Moment, Protocol, Qos};
use crate::simulator::packet::broker as encode;
use crate::simulator::packet::property::{RECEIVE_MAXIMUM, Value};
use crate::simulator::packet::{Acknowledgement, ClientPacket, Connect, Publish};
use crate::simulator::script::{ConnackProperties, Message, Messages, Pings, Service};

/// Reason codes of MQTT 5 (table 2-6).
pub(super) const MALFORMED_PACKET: u8 = 0x81;
pub(super) const PROTOCOL_ERROR: u8 = 0x82;
const NOT_AUTHORIZED: u8 = 0x87;
const KEEP_ALIVE_TIMEOUT: u8 = 0x8d;
const QOS_NOT_SUPPORTED: u8 = 0x9b;
const NO_SUBSCRIPTION_EXISTED: u8 = 0x11;
/// From here on codes mean failure.
const FAILURE: u8 = 0x80;

/// What a packet, or the time, means for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Continue,
    /// The client has left.
    ClientLeft,
    /// The client must go, for this reason of MQTT 5.
    Disconnect(u8),
}

/// One session.
#[derive(Debug)]
pub(super) struct Session {
    protocol: Protocol,
    service: Service,
    maximum_qos: Qos,
    deliveries: Deliveries,
    keep_alive: KeepAlive,
    /// When the next message comes by itself; `None` before the first granted subscription.
    next_message: Option<Moment>,
    /// When each delayed PINGRESP is due, the earliest first.
    late_pings: VecDeque<Moment>,
}

impl Session {
    /// A session to come.
    pub(super) fn new(service: Service) -> Self {
        Self {
            protocol: Protocol::V311,
            service,
            maximum_qos: Qos::ExactlyOnce,
            deliveries: Deliveries::new(None),
            keep_alive: KeepAlive::default(),
            next_message: None,
            late_pings: VecDeque::new(),
        }
    }

    /// The version that the client speaks; MQTT 3.1.1 before it has said so.
    pub(super) const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// CONNECT asks for this version.
    pub(super) const fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// CONNACK accepts the client `now`. What it announces holds only in MQTT 5.
    pub(super) fn open(&mut self, connect: &Connect, connack_properties: &ConnackProperties, now: Moment) {
        let announced = |value: Option<u16>| value.filter(|_| self.protocol == Protocol::V5);
        let server_keep_alive = announced(connack_properties.server_keep_alive_seconds);
        let maximum_qos = announced(connack_properties.maximum_qos.map(u16::from));
        self.keep_alive = KeepAlive::new(server_keep_alive.unwrap_or(connect.keep_alive_seconds), now);
        let level = maximum_qos.and_then(|level| u8::try_from(level).ok());
        self.maximum_qos = level.and_then(Qos::from_level).unwrap_or(Qos::ExactlyOnce);
        self.deliveries = Deliveries::new(receive_maximum(connect));
    }

    /// Any packet has come.
    pub(super) const fn heard(&mut self, now: Moment) {
        self.keep_alive.heard(now);
    }

    /// The packets that carry `message`.
    pub(super) fn publish(&mut self, message: &Message) -> Vec<u8> {
        self.deliveries.publish(self.protocol, message)
    }

    /// Answers to a packet.
    pub(super) fn answer(&mut self, packet: &ClientPacket, now: Moment, writer: &mut PacedWriter) -> Verdict {
        match packet {
            ClientPacket::Connect(_) => return Verdict::Disconnect(PROTOCOL_ERROR),
            ClientPacket::Disconnect(_) => return Verdict::ClientLeft,
            ClientPacket::Publish(publish) => return self.take(publish, writer),
            ClientPacket::Pingreq => self.answer_ping(now, writer),
            ClientPacket::Subscribe(identifier, asked) => {
                let codes = self.subscribe(asked, now);
                writer.push(&encode::suback(self.protocol, *identifier, &codes));
            }
            ClientPacket::Unsubscribe(identifier, filters) => {
                let codes = self.unsubscribe(filters);
                writer.push(&encode::unsuback(self.protocol, *identifier, &codes));
            }
            ClientPacket::Pubrec(received) => self.release(*received, writer),
            ClientPacket::Pubrel(released) => writer.push(&encode::pubcomp(released.identifier)),
            ClientPacket::Puback(done) | ClientPacket::Pubcomp(done) => {
                self.deliveries.acknowledged(done.identifier);
            }
        }
        Verdict::Continue
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Moment, writer: &mut PacedWriter) -> Verdict {
        // What has filled the transport, be it a scripted action, must not let messages pile up behind it.
        let keeps_up = writer.is_idle() && self.deliveries.welcome();
        self.answer_late(now, writer);
        if self.message_is_due(now) && keeps_up {
            self.publish_next(writer);
        }
        match self.keep_alive.deadline() {
            Some(deadline) if deadline <= now => Verdict::Disconnect(KEEP_ALIVE_TIMEOUT),
            Some(_) | None => Verdict::Continue,
        }
    }

    /// When [`Self::advance`] has something to do.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let late_ping = self.late_pings.front().copied();
        [late_ping, self.next_message, self.keep_alive.deadline()].into_iter().flatten().min()
    }

    fn answer_ping(&mut self, now: Moment, writer: &mut PacedWriter) {
        match self.service.pings {
            Pings::Prompt => writer.push(&encode::PINGRESP),
            Pings::Late(span) => self.late_pings.push_back(now.plus(span)),
            Pings::Unanswered => {}
        }
    }

    fn subscribe(&mut self, asked: &[(String, u8)], now: Moment) -> Vec<u8> {
        let codes: Vec<u8> = asked.iter().map(|(filter, level)| self.grant(filter, *level)).collect();
        if codes.iter().any(|code| *code < FAILURE) && self.next_message.is_none() {
            self.next_message = self.service.messages.map(|messages| now.plus(interval(messages)));
        }
        codes
    }

    fn grant(&mut self, filter: &str, level: u8) -> u8 {
        let refused = self.service.refused_filters.iter().any(|refused| refused == filter);
        let Some(qos) = Qos::from_level(level).filter(|_| !refused) else {
            return match self.protocol {
                Protocol::V311 => FAILURE,
                Protocol::V5 => NOT_AUTHORIZED,
            };
        };
        let granted = qos.min(self.maximum_qos);
        self.deliveries.subscribe(filter, granted);
        granted.level()
    }

    fn unsubscribe(&mut self, filters: &[String]) -> Vec<u8> {
        let code = |existed| if existed { 0 } else { NO_SUBSCRIPTION_EXISTED };
        filters.iter().map(|filter| code(self.deliveries.unsubscribe(filter))).collect()
    }

    fn take(&self, publish: &Publish, writer: &mut PacedWriter) -> Verdict {
        match Qos::from_level(publish.qos) {
            Some(qos) if qos > self.maximum_qos => return Verdict::Disconnect(QOS_NOT_SUPPORTED),
            Some(Qos::AtLeastOnce) => writer.push(&encode::puback(self.protocol, publish.identifier)),
            Some(Qos::ExactlyOnce) => writer.push(&encode::pubrec(self.protocol, publish.identifier)),
            Some(Qos::AtMostOnce) | None => {}
        }
        Verdict::Continue
    }

    /// A message that the client refuses is done with: PUBREL must not follow.
    fn release(&mut self, received: Acknowledgement, writer: &mut PacedWriter) {
        if received.reason_code < FAILURE {
            writer.push(&encode::pubrel(received.identifier));
        } else {
            self.deliveries.acknowledged(received.identifier);
        }
    }

    fn answer_late(&mut self, now: Moment, writer: &mut PacedWriter) {
        while self.late_pings.front().is_some_and(|due| *due <= now) {
            self.late_pings.pop_front();
            writer.push(&encode::PINGRESP);
        }
    }

    /// Whether the time of the next message has come; the one after it is timed from it, and from now if that has
    /// passed, too.
    fn message_is_due(&mut self, now: Moment) -> bool {
        let Some(messages) = self.service.messages else { return false };
        let Some(due) = self.next_message.filter(|due| *due <= now) else { return false };
        let next = due.plus(interval(messages));
        self.next_message = Some(if next > now { next } else { now.plus(interval(messages)) });
        true
    }

    fn publish_next(&mut self, writer: &mut PacedWriter) {
        if let Some(messages) = self.service.messages {
            writer.push(&self.publish(&messages.message));
        }
    }
}

fn receive_maximum(connect: &Connect) -> Option<u16> {
    let told = connect.properties.iter().find(|property| property.identifier == RECEIVE_MAXIMUM)?;
    if let Value::Short(maximum) = told.value { Some(maximum) } else { None }
}

fn interval(messages: Messages) -> Duration {
    messages.every.max(Duration::from_millis(1))
}
