//! The broker's side of MQTT on one connection: packets and time come in, bytes and an end go out.
//!
//! Where no action of the script interferes it behaves as MQTT asks: keep-alive is enforced, what breaks the protocol is
//! disconnected, in MQTT 5 with a reason.

use super::action_queue::ActionQueue;
use super::connack::{self, ACCEPTED};
use super::paced_writer::PacedWriter;
use super::session::{PROTOCOL_ERROR, Session, Verdict};
use crate::event::{Moment, Protocol};
use crate::simulator::packet::broker as encode;
use crate::simulator::packet::{ClientPacket, Connect};
use crate::simulator::script::{
    Action, Behavior, ConnackProperties, ConnectReply, DisconnectReason, SupportedVersions,
    UnsupportedVersionReply,
};

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerState {
    /// Waits for CONNECT.
    AwaitingConnect,
    /// The session is up.
    Serving,
    /// Reads on, answers nothing.
    Mute,
    /// Reads nothing; only scripted actions and what was already to be sent go on.
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
    supported_versions: SupportedVersions,
    connect_reply: ConnectReply,
    connack_properties: Box<ConnackProperties>,
    actions: ActionQueue,
    session: Session,
    writer: PacedWriter,
}

impl MqttServer {
    /// A connection that was accepted `now`.
    pub(super) fn new(behavior: Behavior, now: Moment) -> Self {
        let mut server = Self {
            state: ServerState::AwaitingConnect,
            supported_versions: behavior.supported_versions,
            connect_reply: behavior.connect_reply,
            connack_properties: behavior.connack_properties,
            actions: ActionQueue::new(behavior.actions, now),
            writer: PacedWriter::new(behavior.service.pace),
            session: Session::new(behavior.service),
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
        matches!(self.state, ServerState::AwaitingConnect | ServerState::Serving | ServerState::Mute)
    }

    /// What is to be sent.
    pub(super) const fn writer(&mut self) -> &mut PacedWriter {
        &mut self.writer
    }

    /// A packet has come.
    pub(super) fn receive(&mut self, packet: &ClientPacket, now: Moment) {
        self.session.heard(now);
        match self.state {
            ServerState::AwaitingConnect => self.reply_to_connect(packet, now),
            ServerState::Serving => {
                let verdict = self.session.answer(packet, now, &mut self.writer);
                self.follow(verdict);
            }
            ServerState::Mute | ServerState::Silent | ServerState::Closing | ServerState::Resetting => {}
        }
        self.actions.received(packet.kind(), now);
        self.advance(now);
    }

    /// The client broke the protocol: a broker closes, and in MQTT 5 says why.
    pub(super) fn refuse(&mut self, reason_code: u8) {
        if self.state == ServerState::Serving && self.session.protocol() == Protocol::V5 {
            self.disconnect(&DisconnectReason::code(reason_code));
        } else {
            self.state = ServerState::Closing;
        }
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Moment) {
        while self.acts() {
            let Some(action) = self.actions.next_due(now) else { break };
            self.perform(action);
        }
        if self.state == ServerState::Serving {
            let verdict = self.session.advance(now, &mut self.writer);
            self.follow(verdict);
        }
    }

    /// When [`MqttServer::advance`] or [`PacedWriter::take`] will have something new.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let actions = self.actions.deadline().filter(|_| self.acts());
        let session = self.session.deadline().filter(|_| self.state == ServerState::Serving);
        [actions, session, self.writer.deadline(now)].into_iter().flatten().min()
    }

    /// Whether scripted actions still happen.
    const fn acts(&self) -> bool {
        !matches!(self.state, ServerState::Closing | ServerState::Resetting)
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Fin => self.state = ServerState::Closing,
            Action::Rst => self.state = ServerState::Resetting,
            Action::Disconnect(reason) => self.disconnect(&reason),
            Action::Silence => self.state = ServerState::Silent,
            Action::Publish(message) => self.writer.push(&self.session.publish(&message)),
            Action::Send(bytes) => self.writer.push(&bytes),
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Continue => {}
            Verdict::ClientLeft => self.state = ServerState::Closing,
            Verdict::Disconnect(reason_code) => self.refuse(reason_code),
        }
    }

    fn disconnect(&mut self, reason: &DisconnectReason) {
        let protocol = self.session.protocol();
        self.close_after(&encode::disconnect(protocol, reason.reason_code, &reason.properties()));
    }

    fn close_after(&mut self, bytes: &[u8]) {
        self.writer.push(bytes);
        self.state = ServerState::Closing;
    }

    fn reply_to_connect(&mut self, packet: &ClientPacket, now: Moment) {
        let ClientPacket::Connect(connect) = packet else { return self.refuse(PROTOCOL_ERROR) };
        self.session.set_protocol(connect.protocol().unwrap_or(Protocol::V311));
        match (&self.connect_reply, connack::unsupported_version_reply(connect, self.supported_versions)) {
            (ConnectReply::Bytes(bytes), _) => {
                self.writer.push(bytes);
                self.state = ServerState::Mute;
            }
            (ConnectReply::Stall, _) => self.state = ServerState::Mute,
            (ConnectReply::Accept | ConnectReply::Resume | ConnectReply::Refuse(_), Some(reply)) => {
                self.refuse_version(reply);
            }
            (ConnectReply::Accept, None) => self.open(connect, 0, now),
            (ConnectReply::Resume, None) => self.open(connect, 1, now),
            (ConnectReply::Refuse(code), None) => self.close_after(&self.connack(0, *code)),
        }
    }

    fn refuse_version(&mut self, reply: UnsupportedVersionReply) {
        match reply {
            UnsupportedVersionReply::Connack311 => self.close_after(&connack::old_version_refusal()),
            UnsupportedVersionReply::Connack5 => self.close_after(&connack::new_version_refusal()),
            UnsupportedVersionReply::Fin => self.state = ServerState::Closing,
            UnsupportedVersionReply::Rst => self.state = ServerState::Resetting,
        }
    }

    fn open(&mut self, connect: &Connect, session_present: u8, now: Moment) {
        self.writer.push(&self.connack(session_present, ACCEPTED));
        self.session.open(connect, &self.connack_properties, now);
        self.state = ServerState::Serving;
    }

    fn connack(&self, session_present: u8, code: u8) -> Vec<u8> {
        connack::connack(self.session.protocol(), session_present, code, &self.connack_properties)
    }
}
