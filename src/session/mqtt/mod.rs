//! One MQTT session over one connection, without I/O: bytes and time in, bytes and events out.
//!
//! Drain [`Session::poll`] after every call that changes the session, and call [`Session::timeout`] once
//! [`Session::deadline`] has come. A session that has ended asks for nothing more.

mod evidence;
mod opening;
mod publishing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

pub use self::evidence::Surroundings;
use self::opening::Subscribing;
use self::publishing::Publishing;
use super::ending::End;
use super::in_flight::InFlight;
use super::inbox::Inbox;
use super::late::LateListener;
use super::settings::SessionSettings;
use super::traffic::{Traffic, Trips};
use crate::event::failure::StreamEnd;
use crate::event::{Moment, Protocol, Qos, Subscribed, Survived};
use crate::wire::{self, Connack, Decoder, Incoming, Message, Misplaced, Outgoing, PublishHead, WireError};

/// The longest that a SUBACK may take (journal format, `subscribed`).
const SUBACK_TIMEOUT: Duration = Duration::from_secs(30);

/// What a session wants done, or reports.
#[derive(Debug)]
pub enum SessionOutput {
    /// Write this to the stream.
    Send(BytesMut),
    /// The broker accepted us.
    Accepted(Box<Connack>),
    /// A message arrived under one of the topics of [`Session::listen`].
    Message(Box<Message>),
    /// The broker refused a publish of ours.
    PublishRefused,
    /// The broker answered to one filter.
    Subscribed(Subscribed),
    /// Publishes may be sent: all subscriptions are answered, or a publish was acknowledged.
    Ready,
    /// The session ended, or CONNECT came to nothing.
    Ended(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// CONNECT is out.
    Opening,
    /// CONNACK came.
    Open,
    /// Nothing more is asked for.
    Over,
}

/// State that survives into the next session, where the broker kept the session too.
#[derive(Debug, Default)]
pub struct Kept {
    inbox: Inbox,
    in_flight: InFlight,
}

/// Round trips since the last sample.
#[derive(Debug, Default)]
pub struct SampleTrips {
    /// PINGREQ to PINGRESP.
    pub pings: Trips,
    /// Publish to PUBACK.
    pub publishes: Trips,
}

/// A PINGREQ that is not answered yet.
#[derive(Debug, Clone, Copy)]
struct Ping {
    /// When it went out.
    sent: Moment,
    /// When its last byte had left for the socket.
    written: Option<Moment>,
}

/// The session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<SessionSettings>,
    protocol: Protocol,
    state: State,
    decoder: Decoder,
    /// When the first byte of a packet arrived of which only a part is there.
    unfinished_since: Option<Moment>,
    traffic: Traffic,
    inbox: Inbox,
    in_flight: InFlight,
    publishing: Publishing,
    /// The largest packet that the broker takes.
    largest_bytes: usize,
    trips_since_sample: SampleTrips,
    ping_interval: Duration,
    ping: Option<Ping>,
    subscribing: Option<Subscribing>,
    active_subscriptions: u32,
    outputs: VecDeque<SessionOutput>,
}

impl Session {
    /// Opens a session in `protocol` over a stream that is ready now; `kept` is what the last session left.
    pub fn open(settings: Arc<SessionSettings>, protocol: Protocol, kept: Kept, now: Moment) -> Self {
        let mut session = Self {
            protocol,
            state: State::Opening,
            decoder: Decoder::new(protocol, settings.max_packet_bytes),
            unfinished_since: None,
            traffic: Traffic::new(now),
            inbox: kept.inbox,
            in_flight: kept.in_flight,
            publishing: Publishing::NotYet,
            largest_bytes: usize::MAX,
            trips_since_sample: SampleTrips::default(),
            ping_interval: settings.ping_interval,
            ping: None,
            subscribing: None,
            active_subscriptions: 0,
            outputs: VecDeque::new(),
            settings,
        };
        session.send(now, &Outgoing::Connect(opening::connect(&session.settings)));
        session
    }

    /// Hands over messages whose topics begin with one of these, as [`SessionOutput::Message`].
    pub fn listen(&mut self, topics_begin: Vec<String>) {
        self.decoder.listen(topics_begin);
    }

    /// The next output.
    pub fn poll(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// When [`Self::timeout`] wants to be called. While CONNACK is awaited the attempt's own deadline rules.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Opening | State::Over => None,
            State::Open => {
                let suback = self.subscribing.as_ref().map(|asked| asked.sent.plus(SUBACK_TIMEOUT));
                suback.into_iter().chain([self.ping_deadline()]).min()
            }
        }
    }

    /// Bytes arrived.
    pub fn receive(&mut self, now: Moment, bytes: &[u8]) {
        self.traffic.totals.bytes_received += bytes.len() as u64;
        self.decoder.push(bytes);
        while self.state != State::Over {
            match self.decoder.next_packet() {
                Ok(Some(packet)) => {
                    self.unfinished_since = None;
                    self.handle(now, packet);
                }
                Ok(None) => {
                    let since = self.unfinished_since.unwrap_or(now);
                    self.unfinished_since = self.decoder.unfinished().map(|_| since);
                    return;
                }
                Err(error) => {
                    self.unfinished_since = None;
                    self.end(End::Protocol(error));
                }
            }
        }
    }

    /// The stream ended.
    pub fn stream_ended(&mut self, end: StreamEnd) {
        self.end(End::Stream(end));
    }

    /// Time passed.
    pub fn timeout(&mut self, now: Moment) {
        let State::Open = self.state else { return };
        let unanswered = self.subscribing.as_ref().map(|asked| now.since(asked.sent));
        if let Some(silent) = unanswered.filter(|silent| *silent >= SUBACK_TIMEOUT) {
            return self.end(End::SubscribeUnanswered(silent));
        }
        if now < self.ping_deadline() {
            return;
        }
        if let Some(ping) = self.ping {
            return self.end(End::PingUnanswered(now.since(ping.sent)));
        }
        self.ping = Some(Ping { sent: now, written: None });
        self.send(now, &Outgoing::Pingreq);
    }

    /// All that was to be sent has left for the socket: round trips begin here.
    pub fn written(&mut self, now: Moment) {
        if let Some(ping) = &mut self.ping {
            ping.written.get_or_insert(now);
        }
        self.in_flight.written(now);
    }

    /// Ends the session in order: DISCONNECT is the last thing to send.
    pub fn close(&mut self, now: Moment) {
        if let State::Open = self.state {
            self.send(now, &Outgoing::Disconnect);
        }
        self.state = State::Over;
    }

    /// The version that is spoken.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What went over the connection.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What the session is known to have lived through.
    pub fn survived(&self) -> Survived {
        self.traffic.survived(self.decoder.largest_packet_bytes())
    }

    /// The round trips since the last call.
    pub fn take_trips(&mut self) -> SampleTrips {
        std::mem::take(&mut self.trips_since_sample)
    }

    /// What is left of the session: what must survive into the next one, and a listener for the late answer to a ping
    /// that is given up now.
    pub fn retire(self, now: Moment) -> (Kept, Option<LateListener>) {
        let Self { decoder, inbox, in_flight, ping, .. } = self;
        (Kept { inbox, in_flight }, ping.map(|ping| LateListener::new(decoder, ping.sent, now)))
    }

    /// When the next PINGREQ is due, or the answer to the last one. The earlier of both directions counts, so that
    /// neither our own packets hide a dead link nor a busy topic starves the broker.
    fn ping_deadline(&self) -> Moment {
        match self.ping {
            Some(ping) => ping.sent.plus(self.settings.ping_timeout),
            None => self.traffic.last_received.min(self.traffic.last_sent_at()).plus(self.ping_interval),
        }
    }

    fn handle(&mut self, now: Moment, packet: Incoming) {
        match (self.state, packet) {
            (State::Opening, Incoming::Connack(connack)) => self.answered(now, connack),
            (State::Opening, Incoming::Disconnect(farewell)) => self.end(End::Disconnect(Box::new(farewell))),
            (State::Opening, _) => self.break_off(Misplaced::BeforeConnack),
            (State::Open, Incoming::Connack(_)) => self.break_off(Misplaced::SecondConnack),
            (State::Open, packet) => self.handle_open(now, packet),
            (State::Over, _) => {}
        }
    }

    fn handle_open(&mut self, now: Moment, packet: Incoming) {
        if let Incoming::Disconnect(farewell) = packet {
            // The word with which a peer ends a session shows no more that the session lives.
            self.traffic.received(now);
            return self.end(End::Disconnect(Box::new(farewell)));
        }
        self.traffic.heard(now);
        match packet {
            Incoming::Publish(head) => {
                self.message(now, head);
            }
            Incoming::Message(head, message) => {
                if self.message(now, head) {
                    self.outputs.push_back(SessionOutput::Message(message));
                }
            }
            Incoming::Pubrel(packet_id) => {
                self.inbox.released(packet_id);
                self.send(now, &Outgoing::Pubcomp(packet_id));
            }
            Incoming::Pubrec(packet_id) => self.send(now, &Outgoing::Pubrel(packet_id)),
            Incoming::Suback(packet_id, codes) => self.subscribed(now, packet_id, &codes),
            Incoming::Pingresp => self.pong(now),
            Incoming::Puback(puback) => self.acknowledged(now, puback),
            // Nothing of ours is out that the first two could answer; the last two are looked at before.
            Incoming::Pubcomp(_) | Incoming::Unsuback(_) | Incoming::Connack(_) | Incoming::Disconnect(_) => {
            }
        }
    }

    /// Counts and acknowledges a message; tells whether it is new.
    fn message(&mut self, now: Moment, head: PublishHead) -> bool {
        let is_new = match head.qos {
            Qos::AtMostOnce | Qos::AtLeastOnce => true,
            Qos::ExactlyOnce => self.inbox.received(head.packet_id),
        };
        if is_new {
            self.traffic.received_publish(now);
        }
        match head.qos {
            Qos::AtMostOnce => {}
            Qos::AtLeastOnce => self.send(now, &Outgoing::Puback(head.packet_id)),
            Qos::ExactlyOnce => self.send(now, &Outgoing::Pubrec(head.packet_id)),
        }
        is_new
    }

    fn pong(&mut self, now: Moment) {
        if let Some(ping) = self.ping.take() {
            let trip = now.since(ping.written.unwrap_or(ping.sent));
            self.traffic.ping_answered(trip);
            self.trips_since_sample.pings.add(trip);
        }
    }

    fn break_off(&mut self, misplaced: Misplaced) {
        self.end(End::Protocol(WireError::OutOfTurn(misplaced)));
    }

    fn send(&mut self, now: Moment, packet: &Outgoing) {
        let bytes = wire::encode(self.protocol, packet);
        self.traffic.sent(now, packet, bytes.len());
        self.outputs.push_back(SessionOutput::Send(bytes));
    }

    fn end(&mut self, end: End) {
        if self.state != State::Over {
            self.state = State::Over;
            self.outputs.push_back(SessionOutput::Ended(end));
        }
    }
}
