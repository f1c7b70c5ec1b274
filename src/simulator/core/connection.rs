//! One accepted connection without I/O: bytes and ends of the stream come in, bytes and ends go out.
//!
//! What the packets mean is [`MqttServer`]'s; here is the stream around it: cutting packets, noticing that the client has
//! left, FIN and RST.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::observed::{ConnectionReport, ObservedPacket, Report};
use super::server::{MqttServer, ServerState};
use super::session::MALFORMED_PACKET;
use crate::event::{Moment, Protocol};
use crate::simulator::packet::ClientPacket;
use crate::simulator::packet::decode::next_packet;
use crate::simulator::script::Behavior;

/// How long a client may take to leave after the broker's FIN. A longer span would only keep dead sockets; a socket that
/// is closed at once with bytes of the client unread sends RST behind its FIN.
const LINGER: Duration = Duration::from_secs(5);

/// What a [`Connection`] has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionInput<'a> {
    /// These bytes were received.
    Received(&'a [u8]),
    /// The client's FIN: it sends nothing more.
    Fin,
    /// The stream is broken: an RST of the client, or an error on sending.
    Reset,
    /// The transport could not take all that it was given to send. It must say so again with
    /// [`ConnectionInput::Writable`] once it has; nothing more is given to it meanwhile. One that takes everything says
    /// neither.
    Blocked,
    /// The transport has taken everything after all.
    Writable,
    /// The moment of [`ConnectionOutput::Wait`] has come.
    Timeout,
}

/// What a [`Connection`] asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionOutput {
    /// Hand this to the [`Broker`](super::Broker).
    Report(ConnectionReport),
    /// Send these bytes.
    Send(Bytes),
    /// Read nothing more: what arrives fills the receive buffer, and nobody learns that the client has left. What is
    /// delivered all the same is lost.
    StopReading,
    /// Read again.
    ResumeReading,
    /// Send FIN. What still arrives is to be read, so that the kernel sends no RST for it; it is thrown away.
    Shutdown,
    /// Close the socket; nothing follows. Whatever the client sends from now on is answered with RST.
    Close,
    /// Send RST; nothing follows. Of what is still to be sent goes only what the transport takes at once.
    Reset,
    /// Nothing more for now. [`ConnectionInput::Timeout`] is due at this moment, and never where there is none.
    Wait(Option<Moment>),
}

/// The broker's end of one accepted connection.
#[derive(Debug)]
pub struct Connection {
    /// 1 for the first accepted.
    number: u64,
    now: Moment,
    server: MqttServer,
    received: Received,
    reports: VecDeque<ConnectionReport>,
    stage: Stage,
    reading: Reading,
    /// What the client did to its half of the stream.
    peer: Option<PeerEnd>,
}

/// How far the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The end was reported, and is to be asked for.
    Ending(Ending),
    /// FIN is sent. Closes when the client has left, or then at the latest.
    Lingering(Moment),
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Shutdown,
    Close,
    Reset,
}

/// What was asked of the transport last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerEnd {
    Fin,
    Reset,
}

impl Connection {
    /// A connection that was accepted `now`.
    pub(super) fn new(number: u64, behavior: Behavior, now: Moment) -> Self {
        Self {
            number,
            now,
            server: MqttServer::new(behavior, now),
            received: Received::default(),
            reports: VecDeque::new(),
            stage: Stage::Open,
            reading: Reading::On,
            peer: None,
        }
    }

    /// Its number among all connections of the broker, 1 for the first.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Takes note of what happened. Deadlines that have passed by then come first.
    pub fn handle(&mut self, now: Moment, input: ConnectionInput<'_>) {
        self.now = self.now.max(now);
        if self.stage == Stage::Open {
            self.server.advance(self.now);
        }
        match input {
            ConnectionInput::Received(bytes) => self.receive(bytes),
            ConnectionInput::Fin => self.peer = self.peer.or(Some(PeerEnd::Fin)),
            ConnectionInput::Reset => self.peer = Some(PeerEnd::Reset),
            ConnectionInput::Blocked => self.server.writer().block(),
            ConnectionInput::Writable => self.server.writer().unblock(),
            ConnectionInput::Timeout => {}
        }
    }

    /// What is to be done; to be asked until it says [`ConnectionOutput::Wait`].
    pub fn poll(&mut self) -> ConnectionOutput {
        if let Some(report) = self.reports.pop_front() {
            return ConnectionOutput::Report(report);
        }
        match self.stage {
            Stage::Open => self.poll_open(),
            Stage::Ending(ending) => self.end(ending),
            Stage::Lingering(until) => self.linger(until),
            Stage::Over => ConnectionOutput::Wait(None),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if self.stage != Stage::Open || !self.server.reads() {
            return;
        }
        self.received.bytes.extend_from_slice(bytes);
        while self.server.reads() && self.take_packet() {}
    }

    /// Answers one packet, if a whole one has come.
    fn take_packet(&mut self) -> bool {
        match next_packet(&mut self.received.bytes, self.received.protocol) {
            Ok(Some(packet)) => {
                self.server.receive(&packet, self.now);
                self.report(packet);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(connection = self.number, %error, "a client of the simulator broke the protocol");
                self.server.refuse(MALFORMED_PACKET);
                false
            }
        }
    }

    fn report(&mut self, packet: ClientPacket) {
        self.received.note(&packet);
        let client_id = self.received.client_id.clone();
        let packet = ObservedPacket { connection: self.number, client_id, packet };
        self.reports.push_back(ConnectionReport(Report::Packet(packet)));
    }

    fn poll_open(&mut self) -> ConnectionOutput {
        if self.peer_has_reset() {
            return self.report_end(Ending::Close);
        }
        if let Some(bytes) = self.server.writer().take(self.now) {
            return ConnectionOutput::Send(bytes);
        }
        match self.server.state() {
            ServerState::Resetting => self.report_end(Ending::Reset),
            ServerState::Closing if self.server.writer().is_idle() => self.report_end(Ending::Shutdown),
            ServerState::AwaitingConnect | ServerState::Serving | ServerState::Mute
                if self.peer == Some(PeerEnd::Fin) =>
            {
                self.report_end(Ending::Close)
            }
            ServerState::Silent | ServerState::Closing if self.reading == Reading::On => {
                self.reading = Reading::Off;
                ConnectionOutput::StopReading
            }
            ServerState::AwaitingConnect
            | ServerState::Serving
            | ServerState::Mute
            | ServerState::Silent
            | ServerState::Closing => ConnectionOutput::Wait(self.server.deadline(self.now)),
        }
    }

    /// Whether an RST of the client shows: on reading, or on sending.
    fn peer_has_reset(&mut self) -> bool {
        let writer = self.server.writer();
        let sends = writer.is_blocked() || writer.is_ready(self.now);
        self.peer == Some(PeerEnd::Reset) && (sends || self.server.reads())
    }

    fn report_end(&mut self, ending: Ending) -> ConnectionOutput {
        self.stage = Stage::Ending(ending);
        ConnectionOutput::Report(ConnectionReport(Report::Ended(self.number)))
    }

    fn end(&mut self, ending: Ending) -> ConnectionOutput {
        self.stage = match ending {
            Ending::Shutdown => Stage::Lingering(self.now.plus(LINGER)),
            Ending::Close | Ending::Reset => Stage::Over,
        };
        match ending {
            Ending::Shutdown => ConnectionOutput::Shutdown,
            Ending::Close => ConnectionOutput::Close,
            Ending::Reset => ConnectionOutput::Reset,
        }
    }

    fn linger(&mut self, until: Moment) -> ConnectionOutput {
        if self.peer.is_some() || until <= self.now {
            self.stage = Stage::Over;
            return ConnectionOutput::Close;
        }
        if self.reading == Reading::Off {
            self.reading = Reading::On;
            return ConnectionOutput::ResumeReading;
        }
        ConnectionOutput::Wait(Some(until))
    }
}

/// What has come from the client.
#[derive(Debug)]
struct Received {
    /// Not yet a whole packet.
    bytes: BytesMut,
    /// The version in which packets are read; MQTT 3.1.1 before CONNECT has named one.
    protocol: Protocol,
    /// As CONNECT says; empty before it.
    client_id: String,
}

impl Default for Received {
    fn default() -> Self {
        Self { bytes: BytesMut::new(), protocol: Protocol::V311, client_id: String::new() }
    }
}

impl Received {
    /// Keeps what CONNECT says of the packets to come.
    fn note(&mut self, packet: &ClientPacket) {
        if let ClientPacket::Connect(connect) = packet {
            self.client_id.clone_from(&connect.client_id);
            self.protocol = connect.protocol().unwrap_or(self.protocol);
        }
    }
}
