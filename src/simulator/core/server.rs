//! The broker's side of MQTT on one connection: packets and time come in, bytes and an end go out.
//!
//! Where no act of the script interferes it behaves as MQTT asks: keep-alive is enforced, what breaks the protocol is
//! disconnected, in MQTT 5 with a reason.

use super::connack::{self, ACCEPTED};
use super::paced_writer::PacedWriter;
use super::sequence::Sequence;
use super::session::{PROTOCOL_ERROR, Session, Verdict};
use crate::event::{Moment, Protocol};
use crate::simulator::packet::broker as encode;
use crate::simulator::packet::{ClientPacket, Connect};
use crate::simulator::script::{Announcement, Conduct, Deed, Greeting, Parting, Speaks, Stranger};

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerState {
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
pub(super) struct MqttServer {
    state: ServerState,
    speaks: Speaks,
    greeting: Greeting,
    announcement: Box<Announcement>,
    sequence: Sequence,
    session: Session,
    writer: PacedWriter,
}

impl MqttServer {
    /// A connection that was accepted `now`.
    pub(super) fn new(conduct: Conduct, now: Moment) -> Self {
        let mut server = Self {
            state: ServerState::Expecting,
            speaks: conduct.speaks,
            greeting: conduct.greeting,
            announcement: conduct.announcement,
            sequence: Sequence::new(conduct.acts, now),
            writer: PacedWriter::new(conduct.service.pace),
            session: Session::new(conduct.service),
        };
        server.advance(now);
        server
    }

    /// How far it is.
    pub(super) const fn state(&self) -> ServerState {
        self.state
    }

    /// Whether packets of the client are wanted.
    pub(super) const fn reads(&self) -> bool {
        matches!(self.state, ServerState::Expecting | ServerState::Serving | ServerState::Mute)
    }

    /// What is to be sent.
    pub(super) const fn writer(&mut self) -> &mut PacedWriter {
        &mut self.writer
    }

    /// A packet has come.
    pub(super) fn receive(&mut self, packet: &ClientPacket, now: Moment) {
        self.session.heard(now);
        match self.state {
            ServerState::Expecting => self.greet(packet, now),
            ServerState::Serving => {
                let verdict = self.session.answer(packet, now, &mut self.writer);
                self.follow(verdict);
            }
            ServerState::Mute | ServerState::Silent | ServerState::Closing | ServerState::Resetting => {}
        }
        self.sequence.received(packet.kind(), now);
        self.advance(now);
    }

    /// The client broke the protocol: a broker closes, and in MQTT 5 says why.
    pub(super) fn refuse(&mut self, reason_code: u8) {
        if self.state == ServerState::Serving && self.session.protocol() == Protocol::V5 {
            self.disconnect(&Parting::code(reason_code));
        } else {
            self.state = ServerState::Closing;
        }
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Moment) {
        while self.plays() {
            let Some(deed) = self.sequence.next_due(now) else { break };
            self.act(deed);
        }
        if self.state == ServerState::Serving {
            let verdict = self.session.advance(now, &mut self.writer);
            self.follow(verdict);
        }
    }

    /// When [`MqttServer::advance`] or [`PacedWriter::take`] will have something new.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let acts = self.sequence.deadline().filter(|_| self.plays());
        let session = self.session.deadline().filter(|_| self.state == ServerState::Serving);
        [acts, session, self.writer.deadline(now)].into_iter().flatten().min()
    }

    /// Whether acts still happen.
    const fn plays(&self) -> bool {
        !matches!(self.state, ServerState::Closing | ServerState::Resetting)
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Fin => self.state = ServerState::Closing,
            Deed::Rst => self.state = ServerState::Resetting,
            Deed::Disconnect(parting) => self.disconnect(&parting),
            Deed::Silence => self.state = ServerState::Silent,
            Deed::Publish(message) => self.writer.push(&self.session.publish(&message)),
            Deed::Send(bytes) => self.writer.push(&bytes),
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::GoesOn => {}
            Verdict::Over => self.state = ServerState::Closing,
            Verdict::Offended(reason_code) => self.refuse(reason_code),
        }
    }

    fn disconnect(&mut self, parting: &Parting) {
        let protocol = self.session.protocol();
        self.close_after(&encode::disconnect(protocol, parting.reason_code, &parting.properties()));
    }

    fn close_after(&mut self, bytes: &[u8]) {
        self.writer.push(bytes);
        self.state = ServerState::Closing;
    }

    fn greet(&mut self, packet: &ClientPacket, now: Moment) {
        let ClientPacket::Connect(connect) = packet else { return self.refuse(PROTOCOL_ERROR) };
        self.session.speak(connect.protocol().unwrap_or(Protocol::V311));
        match (&self.greeting, connack::stranger(connect, self.speaks)) {
            (Greeting::Bytes(bytes), _) => {
                self.writer.push(bytes);
                self.state = ServerState::Mute;
            }
            (Greeting::Stall, _) => self.state = ServerState::Mute,
            (Greeting::Accept | Greeting::Resume | Greeting::Refuse(_), Some(stranger)) => {
                self.send_away(stranger);
            }
            (Greeting::Accept, None) => self.open(connect, 0, now),
            (Greeting::Resume, None) => self.open(connect, 1, now),
            (Greeting::Refuse(code), None) => self.close_after(&self.connack(0, *code)),
        }
    }

    fn send_away(&mut self, stranger: Stranger) {
        match stranger {
            Stranger::OldConnack => self.close_after(&connack::old_version_refusal()),
            Stranger::NewConnack => self.close_after(&connack::new_version_refusal()),
            Stranger::Fin => self.state = ServerState::Closing,
            Stranger::Rst => self.state = ServerState::Resetting,
        }
    }

    fn open(&mut self, connect: &Connect, session_present: u8, now: Moment) {
        self.writer.push(&self.connack(session_present, ACCEPTED));
        self.session.open(connect, &self.announcement, now);
        self.state = ServerState::Serving;
    }

    fn connack(&self, session_present: u8, code: u8) -> Vec<u8> {
        connack::connack(self.session.protocol(), session_present, code, &self.announcement)
    }
}
