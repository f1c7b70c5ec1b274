//! The broker's side of one connection without I/O: packets and time come in, bytes and an end go out.
//!
//! Where no act of the script interferes it behaves as MQTT 3.1.1 asks: keep-alive is enforced, what breaks the
//! protocol is disconnected.

use std::collections::VecDeque;
use std::time::Duration;

use super::broker_packet as answer;
use super::client_packet::{ClientPacket, Connect, Publish};
use super::deliveries::Deliveries;
use super::keep_alive::KeepAlive;
use super::outbox::Outbox;
use super::script::{Conduct, Deed, Greeting, Messages, Pings, Service};
use super::sequence::Sequence;
use crate::event::{Moment, Qos};

/// The protocol level of MQTT 3.1.1.
const LEVEL: u8 = 4;

/// CONNACK codes.
const ACCEPTED: u8 = 0;
const UNACCEPTABLE_LEVEL: u8 = 1;

/// The code for a refused filter in SUBACK.
const FILTER_REFUSED: u8 = 0x80;

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stance {
    /// Waits for CONNECT.
    Expecting,
    /// The session is up.
    Serving,
    /// Reads on, answers nothing.
    Mute,
    /// Reads nothing; only acts and what was already to be sent go on.
    Silent,
    /// To be closed in order once everything is sent.
    Closing,
    /// To be reset now.
    Resetting,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Serving {
    stance: Stance,
    greeting: Greeting,
    service: Service,
    sequence: Sequence,
    deliveries: Deliveries,
    outbox: Outbox,
    silence: KeepAlive,
    next_message: Option<Moment>,
    late_pings: VecDeque<Moment>,
}

impl Serving {
    /// A connection that was accepted `now`.
    pub(super) fn new(conduct: Conduct, now: Moment) -> Self {
        let mut serving = Self {
            stance: Stance::Expecting,
            outbox: Outbox::new(conduct.service.pace),
            greeting: conduct.greeting,
            service: conduct.service,
            sequence: Sequence::new(conduct.acts, now),
            deliveries: Deliveries::default(),
            silence: KeepAlive::default(),
            next_message: None,
            late_pings: VecDeque::new(),
        };
        serving.advance(now);
        serving
    }

    /// How it stands.
    pub(super) const fn stance(&self) -> Stance {
        self.stance
    }

    /// Whether packets of the client are wanted.
    pub(super) const fn reads(&self) -> bool {
        matches!(self.stance, Stance::Expecting | Stance::Serving | Stance::Mute)
    }

    /// What may be sent now.
    pub(super) fn ready(&self, now: Moment) -> &[u8] {
        self.outbox.ready(now)
    }

    /// So many bytes of [`Serving::ready`] were sent.
    pub(super) fn sent(&mut self, count: usize, now: Moment) {
        self.outbox.sent(count, now);
    }

    /// Whether everything is sent.
    pub(super) fn all_sent(&self) -> bool {
        self.outbox.is_empty()
    }

    /// A packet has come.
    pub(super) fn receive(&mut self, packet: &ClientPacket, now: Moment) {
        self.silence.heard(now);
        match self.stance {
            Stance::Expecting => self.greet(packet, now),
            Stance::Serving => self.answer(packet, now),
            Stance::Mute | Stance::Silent | Stance::Closing | Stance::Resetting => {}
        }
        self.sequence.received(packet.kind(), now);
        self.advance(now);
    }

    /// The client broke the protocol: a broker closes.
    pub(super) const fn offended(&mut self) {
        self.stance = Stance::Closing;
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Moment) {
        while self.plays() {
            let Some(deed) = self.sequence.next_due(now) else { break };
            self.act(deed);
        }
        if self.stance == Stance::Serving {
            self.answer_late(now);
            self.publish_due(now);
            self.enforce_keep_alive(now);
        }
    }

    /// When [`Serving::advance`] or [`Serving::ready`] will have something new.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let acts = self.sequence.deadline().filter(|_| self.plays());
        let session = self.session_deadline().filter(|_| self.stance == Stance::Serving);
        [acts, session, self.outbox.deadline(now)].into_iter().flatten().min()
    }

    fn session_deadline(&self) -> Option<Moment> {
        let late_ping = self.late_pings.front().copied();
        [late_ping, self.next_message, self.silence.deadline()].into_iter().flatten().min()
    }

    /// Whether acts still happen.
    const fn plays(&self) -> bool {
        !matches!(self.stance, Stance::Closing | Stance::Resetting)
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Fin => self.stance = Stance::Closing,
            Deed::Rst => self.stance = Stance::Resetting,
            Deed::Disconnect => self.close_after(&answer::DISCONNECT),
            Deed::Silence => self.stance = Stance::Silent,
            Deed::Publish(message) => self.outbox.push(&self.deliveries.publish(&message)),
            Deed::Send(bytes) => self.outbox.push(&bytes),
        }
    }

    fn close_after(&mut self, bytes: &[u8]) {
        self.outbox.push(bytes);
        self.stance = Stance::Closing;
    }

    fn greet(&mut self, packet: &ClientPacket, now: Moment) {
        let ClientPacket::Connect(connect) = packet else { return self.offended() };
        match &self.greeting {
            Greeting::Accept => self.open(connect, 0, now),
            Greeting::Resume => self.open(connect, 1, now),
            Greeting::Refuse(code) => self.close_after(&answer::connack(0, *code)),
            Greeting::Bytes(bytes) => {
                self.outbox.push(bytes);
                self.stance = Stance::Mute;
            }
            Greeting::Stall => self.stance = Stance::Mute,
        }
    }

    fn open(&mut self, connect: &Connect, session_present: u8, now: Moment) {
        if connect.level != LEVEL {
            return self.close_after(&answer::connack(0, UNACCEPTABLE_LEVEL));
        }
        self.outbox.push(&answer::connack(session_present, ACCEPTED));
        self.silence = KeepAlive::of(connect, now);
        self.stance = Stance::Serving;
    }

    fn answer(&mut self, packet: &ClientPacket, now: Moment) {
        match packet {
            ClientPacket::Connect(_) => self.offended(),
            ClientPacket::Disconnect => self.stance = Stance::Closing,
            ClientPacket::Pingreq => self.answer_ping(now),
            ClientPacket::Subscribe(identifier, asked) => self.subscribe(*identifier, asked, now),
            ClientPacket::Unsubscribe(identifier, filters) => self.unsubscribe(*identifier, filters),
            ClientPacket::Publish(publish) => self.take(publish),
            ClientPacket::Pubrec(identifier) => self.outbox.push(&answer::pubrel(*identifier)),
            ClientPacket::Pubrel(identifier) => self.outbox.push(&answer::pubcomp(*identifier)),
            ClientPacket::Puback(identifier) | ClientPacket::Pubcomp(identifier) => {
                self.deliveries.acknowledged(*identifier);
            }
        }
    }

    fn answer_ping(&mut self, now: Moment) {
        match self.service.pings {
            Pings::Prompt => self.outbox.push(&answer::PINGRESP),
            Pings::Late(span) => self.late_pings.push_back(now.plus(span)),
            Pings::Unanswered => {}
        }
    }

    fn subscribe(&mut self, identifier: u16, asked: &[(String, u8)], now: Moment) {
        let codes: Vec<u8> = asked.iter().map(|(filter, level)| self.grant(filter, *level)).collect();
        self.outbox.push(&answer::suback(identifier, &codes));
        if codes.iter().any(|code| *code != FILTER_REFUSED) && self.next_message.is_none() {
            self.next_message = self.service.messages.map(|messages| now.plus(interval(messages)));
        }
    }

    fn grant(&mut self, filter: &str, level: u8) -> u8 {
        let refused = self.service.refused_filters.iter().any(|refused| refused == filter);
        let Some(qos) = Qos::from_level(level).filter(|_| !refused) else { return FILTER_REFUSED };
        self.deliveries.subscribe(filter, qos);
        level
    }

    fn unsubscribe(&mut self, identifier: u16, filters: &[String]) {
        for filter in filters {
            self.deliveries.unsubscribe(filter);
        }
        self.outbox.push(&answer::unsuback(identifier));
    }

    fn take(&mut self, publish: &Publish) {
        match Qos::from_level(publish.qos) {
            Some(Qos::AtLeastOnce) => self.outbox.push(&answer::puback(publish.identifier)),
            Some(Qos::ExactlyOnce) => self.outbox.push(&answer::pubrec(publish.identifier)),
            Some(Qos::AtMostOnce) | None => {}
        }
    }

    fn answer_late(&mut self, now: Moment) {
        while self.late_pings.front().is_some_and(|due| *due <= now) {
            self.late_pings.pop_front();
            self.outbox.push(&answer::PINGRESP);
        }
    }

    fn publish_due(&mut self, now: Moment) {
        let Some(messages) = self.service.messages else { return };
        let Some(due) = self.next_message.filter(|due| *due <= now) else { return };
        // An act that has filled the socket must not let messages pile up behind it.
        if self.outbox.is_empty() && self.deliveries.welcome() {
            self.outbox.push(&self.deliveries.publish(&messages.message));
        }
        let next = due.plus(interval(messages));
        self.next_message = Some(if next > now { next } else { now.plus(interval(messages)) });
    }

    fn enforce_keep_alive(&mut self, now: Moment) {
        if self.silence.deadline().is_some_and(|deadline| deadline <= now) {
            self.stance = Stance::Closing;
        }
    }
}

fn interval(messages: Messages) -> Duration {
    messages.every.max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::script::{Cue, Message};

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    fn session(conduct: Conduct, keep_alive_seconds: u16) -> Serving {
        let mut serving = Serving::new(conduct, at(0));
        let connect = Connect { level: LEVEL, keep_alive_seconds, ..Connect::default() };
        serving.receive(&ClientPacket::Connect(connect), at(0));
        assert_eq!(sent(&mut serving, at(0)), answer::connack(0, ACCEPTED));
        serving
    }

    fn sent(serving: &mut Serving, now: Moment) -> Vec<u8> {
        let bytes = serving.ready(now).to_vec();
        serving.sent(bytes.len(), now);
        bytes
    }

    #[test]
    fn a_client_that_is_silent_for_one_and_a_half_keep_alives_is_closed() {
        let mut serving = session(Conduct::serving(), 10);
        serving.receive(&ClientPacket::Pingreq, at(10));
        assert_eq!(sent(&mut serving, at(10)), answer::PINGRESP);
        assert_eq!(serving.deadline(at(10)), Some(at(25)));
        serving.advance(at(24));
        assert_eq!(serving.stance(), Stance::Serving);
        serving.advance(at(25));
        assert_eq!((serving.stance(), serving.deadline(at(25))), (Stance::Closing, None));
    }

    #[test]
    fn without_a_keep_alive_a_client_may_be_silent_for_ever() {
        assert_eq!(session(Conduct::serving(), 0).deadline(at(0)), None);
    }

    #[test]
    fn a_second_connect_ends_the_session() {
        let mut serving = session(Conduct::serving(), 0);
        serving.receive(&ClientPacket::Connect(Connect::default()), at(1));
        assert_eq!(serving.stance(), Stance::Closing);
    }

    #[test]
    fn messages_do_not_pile_up_where_the_client_does_not_read() {
        let service = Service::publishing(Duration::from_secs(1));
        let mut serving = session(Conduct::serving().with(service), 0);
        serving.receive(&ClientPacket::Subscribe(1, vec![("t".to_owned(), 0)]), at(0));
        sent(&mut serving, at(0));
        (1..100).for_each(|second| serving.advance(at(second)));
        assert_eq!(sent(&mut serving, at(99)).len(), 37);
        assert_eq!(serving.deadline(at(99)), Some(at(100)));
    }

    #[test]
    fn silence_stops_answers_and_messages_but_not_the_acts_after_it() {
        let conduct = Conduct::serving()
            .act(Cue::after(Duration::from_secs(1)), Deed::Silence)
            .act(Cue::after(Duration::from_secs(1)), Deed::Publish(Message::default()))
            .act(Cue::after(Duration::from_secs(1)), Deed::Rst);
        let mut serving = session(conduct, 1);
        serving.advance(at(1));
        assert!(!serving.reads() && serving.ready(at(1)).is_empty());
        serving.advance(at(2));
        assert!(!sent(&mut serving, at(2)).is_empty());
        assert_eq!(serving.deadline(at(2)), Some(at(3)));
        serving.advance(at(3));
        assert_eq!(serving.stance(), Stance::Resetting);
    }
}
