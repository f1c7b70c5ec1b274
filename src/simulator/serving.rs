//! The broker's side of one connection without I/O: packets and time come in, bytes and an end go out.
//!
//! Where no act of the script interferes it behaves as MQTT asks: keep-alive is enforced, what breaks the protocol is
//! disconnected, in MQTT 5 with a reason.

use super::outbox::Outbox;
use super::packet::broker as answer;
use super::packet::{ClientPacket, Connect};
use super::script::{Announcement, Conduct, Deed, Greeting, Parting, Speaks, Stranger};
use super::sequence::Sequence;
use super::session::{PROTOCOL_ERROR, Session, Verdict};
use crate::event::{Moment, Protocol};

/// CONNACK codes.
const ACCEPTED: u8 = 0;
const UNACCEPTABLE_LEVEL: u8 = 1;
const UNSUPPORTED_VERSION: u8 = 0x84;

/// The refusals that MQTT 3.1.1 names, each with its counterpart in MQTT 5.
const REFUSALS: [(u8, u8); 5] =
    [(UNACCEPTABLE_LEVEL, UNSUPPORTED_VERSION), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87)];

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
    speaks: Speaks,
    greeting: Greeting,
    announcement: Box<Announcement>,
    sequence: Sequence,
    session: Session,
    outbox: Outbox,
}

impl Serving {
    /// A connection that was accepted `now`.
    pub(super) fn new(conduct: Conduct, now: Moment) -> Self {
        let mut serving = Self {
            stance: Stance::Expecting,
            speaks: conduct.speaks,
            greeting: conduct.greeting,
            announcement: conduct.announcement,
            sequence: Sequence::new(conduct.acts, now),
            outbox: Outbox::new(conduct.service.pace),
            session: Session::new(conduct.service),
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
        self.session.heard(now);
        match self.stance {
            Stance::Expecting => self.greet(packet, now),
            Stance::Serving => {
                let verdict = self.session.answer(packet, now, &mut self.outbox);
                self.follow(verdict);
            }
            Stance::Mute | Stance::Silent | Stance::Closing | Stance::Resetting => {}
        }
        self.sequence.received(packet.kind(), now);
        self.advance(now);
    }

    /// The client broke the protocol: a broker closes, and in MQTT 5 says why.
    pub(super) fn offended(&mut self, reason_code: u8) {
        if self.stance == Stance::Serving && self.session.protocol() == Protocol::V5 {
            self.disconnect(&Parting::code(reason_code));
        } else {
            self.stance = Stance::Closing;
        }
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Moment) {
        while self.plays() {
            let Some(deed) = self.sequence.next_due(now) else { break };
            self.act(deed);
        }
        if self.stance == Stance::Serving {
            let verdict = self.session.advance(now, &mut self.outbox);
            self.follow(verdict);
        }
    }

    /// When [`Serving::advance`] or [`Serving::ready`] will have something new.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let acts = self.sequence.deadline().filter(|_| self.plays());
        let session = self.session.deadline().filter(|_| self.stance == Stance::Serving);
        [acts, session, self.outbox.deadline(now)].into_iter().flatten().min()
    }

    /// Whether acts still happen.
    const fn plays(&self) -> bool {
        !matches!(self.stance, Stance::Closing | Stance::Resetting)
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Fin => self.stance = Stance::Closing,
            Deed::Rst => self.stance = Stance::Resetting,
            Deed::Disconnect(parting) => self.disconnect(&parting),
            Deed::Silence => self.stance = Stance::Silent,
            Deed::Publish(message) => self.outbox.push(&self.session.publish(&message)),
            Deed::Send(bytes) => self.outbox.push(&bytes),
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::GoesOn => {}
            Verdict::Over => self.stance = Stance::Closing,
            Verdict::Offended(reason_code) => self.offended(reason_code),
        }
    }

    fn disconnect(&mut self, parting: &Parting) {
        let protocol = self.session.protocol();
        self.close_after(&answer::disconnect(protocol, parting.reason_code, &parting.properties()));
    }

    fn close_after(&mut self, bytes: &[u8]) {
        self.outbox.push(bytes);
        self.stance = Stance::Closing;
    }

    fn greet(&mut self, packet: &ClientPacket, now: Moment) {
        let ClientPacket::Connect(connect) = packet else { return self.offended(PROTOCOL_ERROR) };
        self.session.speak(connect.protocol().unwrap_or(Protocol::V311));
        match (&self.greeting, self.stranger(connect)) {
            (Greeting::Bytes(bytes), _) => {
                self.outbox.push(bytes);
                self.stance = Stance::Mute;
            }
            (Greeting::Stall, _) => self.stance = Stance::Mute,
            (Greeting::Accept | Greeting::Resume | Greeting::Refuse(_), Some(stranger)) => {
                self.send_away(stranger);
            }
            (Greeting::Accept, None) => self.open(connect, 0, now),
            (Greeting::Resume, None) => self.open(connect, 1, now),
            (Greeting::Refuse(code), None) => self.close_after(&self.connack(0, *code)),
        }
    }

    /// How to answer to a client whose version is not known here.
    const fn stranger(&self, connect: &Connect) -> Option<Stranger> {
        match (connect.protocol(), self.speaks) {
            (Some(Protocol::V311), Speaks::Both | Speaks::Only311(_))
            | (Some(Protocol::V5), Speaks::Both | Speaks::Only5) => None,
            (Some(Protocol::V5), Speaks::Only311(stranger)) => Some(stranger),
            (Some(Protocol::V311), Speaks::Only5) | (None, _) => Some(Stranger::OldConnack),
        }
    }

    fn send_away(&mut self, stranger: Stranger) {
        match stranger {
            Stranger::OldConnack => self.close_after(&answer::short_connack(0, UNACCEPTABLE_LEVEL)),
            Stranger::NewConnack => self.close_after(&answer::long_connack(0, UNSUPPORTED_VERSION, &[])),
            Stranger::Fin => self.stance = Stance::Closing,
            Stranger::Rst => self.stance = Stance::Resetting,
        }
    }

    fn open(&mut self, connect: &Connect, session_present: u8, now: Moment) {
        self.outbox.push(&self.connack(session_present, ACCEPTED));
        self.session.open(connect, &self.announcement, now);
        self.stance = Stance::Serving;
    }

    fn connack(&self, session_present: u8, code: u8) -> Vec<u8> {
        match self.session.protocol() {
            Protocol::V311 => answer::short_connack(session_present, code).to_vec(),
            Protocol::V5 => {
                let counterpart = REFUSALS.iter().find(|(old, _)| *old == code);
                let code = counterpart.map_or(code, |(_, new)| *new);
                answer::long_connack(session_present, code, &self.announcement.properties())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulator::packet::Publish;
    use crate::simulator::script::{Cue, Message, Service};

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    /// A session of this level; CONNACK is read.
    fn opened(conduct: Conduct, level: u8, keep_alive_seconds: u16) -> Serving {
        let mut serving = Serving::new(conduct, at(0));
        let connect = Connect { level, keep_alive_seconds, ..Connect::default() };
        serving.receive(&ClientPacket::Connect(connect), at(0));
        assert_eq!(serving.stance(), Stance::Serving);
        sent(&mut serving, at(0));
        serving
    }

    fn session(conduct: Conduct, keep_alive_seconds: u16) -> Serving {
        opened(conduct, 4, keep_alive_seconds)
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

    /// In MQTT 5, with what CONNACK announces.
    fn announced(announcement: Announcement) -> Serving {
        opened(Conduct::serving().announcing(announcement), 5, 10)
    }

    #[test]
    fn the_keep_alive_that_was_announced_is_enforced_and_its_end_explained() {
        let announcement = Announcement { server_keep_alive_seconds: Some(4), ..Announcement::default() };
        let mut serving = announced(announcement.clone());
        assert_eq!(serving.deadline(at(0)), Some(at(6)));
        serving.advance(at(6));
        assert_eq!(
            (serving.stance(), sent(&mut serving, at(6))),
            (Stance::Closing, b"\xe0\x01\x8d".to_vec())
        );
        let old = opened(Conduct::serving().announcing(announcement), 4, 10);
        assert_eq!(old.deadline(at(0)), Some(at(15)));
    }

    #[test]
    fn no_qos_above_the_announced_one_is_granted_or_taken() {
        let mut serving = announced(Announcement { maximum_qos: Some(1), ..Announcement::default() });
        serving.receive(&ClientPacket::Subscribe(1, vec![("t".to_owned(), 2)]), at(1));
        assert_eq!(sent(&mut serving, at(1)), b"\x90\x04\0\x01\0\x01");
        let publish = Publish {
            topic: "t".to_owned(),
            qos: 2,
            dup: false,
            retain: false,
            identifier: 1,
            properties: Vec::new(),
            payload_bytes: 0,
        };
        serving.receive(&ClientPacket::Publish(publish), at(1));
        assert_eq!(
            (serving.stance(), sent(&mut serving, at(1))),
            (Stance::Closing, b"\xe0\x01\x9b".to_vec())
        );
    }

    #[test]
    fn what_breaks_the_protocol_is_disconnected_with_a_reason_in_the_new_version_only() {
        for (level, bytes) in [(4, &b""[..]), (5, b"\xe0\x01\x81")] {
            let mut serving = opened(Conduct::serving(), level, 0);
            serving.offended(0x81);
            assert_eq!((serving.stance(), sent(&mut serving, at(0)).as_slice()), (Stance::Closing, bytes));
        }
    }
}
