//! One MQTT session over one connection, without I/O: bytes and time in, bytes and events out.
//!
//! Drain [`Session::poll`] after every call that changes the session, and call [`Session::timeout`] once
//! [`Session::deadline`] has come. A session that has ended asks for nothing more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

use super::ending::{End, StreamEnd};
use super::inbox::Inbox;
use super::late::LateListener;
use super::settings::{Filter, SessionSettings};
use super::traffic::{Traffic, Trips};
use crate::crt::Fault;
use crate::event::{Moment, Protocol, Qos, SessionDrop, Subscribed, Transport, seconds};
use crate::wire::{self, Connack, Connect, Decoder, Incoming, Outgoing, PublishHead, WireError};

/// The longest that a SUBACK may take (journal format, `subscribed`).
const SUBACK_TIMEOUT: Duration = Duration::from_secs(30);
/// One SUBSCRIBE a session, so one identifier.
const SUBSCRIBE_ID: u16 = 1;

/// What a session wants done, or tells.
#[derive(Debug)]
pub enum Output {
    /// Write this to the stream.
    Send(BytesMut),
    /// The broker accepted us.
    Accepted(Connack),
    /// The broker answered to one filter.
    Subscribed(Subscribed),
    /// The session, or the attempt at one, is over.
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

/// The session.
#[derive(Debug)]
pub struct Session {
    settings: Arc<SessionSettings>,
    state: State,
    decoder: Decoder,
    traffic: Traffic,
    inbox: Inbox,
    trips_since_sample: Trips,
    ping_sent: Option<Moment>,
    subscribe_sent: Option<Moment>,
    active_subscriptions: u32,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Opens a session over a stream that is ready now; `inbox` is what the last session left half-received.
    pub fn open(settings: Arc<SessionSettings>, inbox: Inbox, now: Moment) -> Self {
        let mut session = Self {
            state: State::Opening,
            decoder: Decoder::new(settings.max_packet_bytes),
            traffic: Traffic::new(now),
            inbox,
            trips_since_sample: Trips::default(),
            ping_sent: None,
            subscribe_sent: None,
            active_subscriptions: 0,
            outputs: VecDeque::new(),
            settings,
        };
        session.send(now, &Outgoing::Connect(connect(&session.settings)));
        session
    }

    /// The next thing to do or to tell.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::timeout`] wants to be called. While CONNACK is awaited the attempt's own deadline rules.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Opening | State::Over => None,
            State::Open => {
                let suback = self.subscribe_sent.map(|sent| sent.plus(SUBACK_TIMEOUT));
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
                Ok(Some(packet)) => self.handle(now, packet),
                Ok(None) => return,
                Err(error) => self.end(End::Protocol(error)),
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
        if let Some(sent) = self.subscribe_sent.filter(|sent| now >= sent.plus(SUBACK_TIMEOUT)) {
            return self.end(End::SubscribeUnanswered(now.since(sent)));
        }
        if now < self.ping_deadline() {
            return;
        }
        if let Some(sent) = self.ping_sent {
            return self.end(End::PingUnanswered(now.since(sent)));
        }
        self.ping_sent = Some(now);
        self.send(now, &Outgoing::Pingreq);
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
        self.settings.protocol
    }

    /// What went over the connection.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The round trips since the last call.
    pub fn take_trips(&mut self) -> Trips {
        std::mem::take(&mut self.trips_since_sample)
    }

    /// What must survive into the next session.
    pub fn into_inbox(self) -> Inbox {
        self.inbox
    }

    /// What is left of the session when a ping went unanswered: a listener for the late answer.
    pub fn late_listener(&mut self) -> Option<LateListener> {
        let sent = self.ping_sent?;
        let decoder = std::mem::replace(&mut self.decoder, Decoder::new(0));
        Some(LateListener::new(decoder, sent))
    }

    /// The record of how a session that was up for `uptime` ended.
    pub fn drop_record(
        &mut self,
        now: Moment,
        uptime: Duration,
        end: &End,
        transport: Transport,
    ) -> SessionDrop {
        let Fault { name, message } = end.fault();
        let stream_end = end.stream_end();
        let sent = self.traffic.last_sent.clone();
        SessionDrop {
            error_name: name.recorded(),
            error_code: name.code,
            error_message: message,
            closed_by: Some(end.closed_by()),
            protocol: Some(self.settings.protocol),
            reason_code: None,
            reason_string: stream_end.and_then(StreamEnd::websocket_reason).map(crate::event::bounded),
            server_reference: None,
            websocket_close_code: stream_end.and_then(|end| end.websocket_close_code(transport)),
            reconnect_attempt: 0,
            duration_connected_seconds: seconds(uptime),
            active_subscriptions: self.active_subscriptions,
            queued_commands: 0,
            last_received_seconds: Some(seconds(now.since(self.traffic.last_received))),
            last_sent_seconds: sent.as_ref().map(|sent| seconds(now.since(sent.at))),
            last_sent_packet: sent.as_ref().map(|sent| sent.packet.clone()),
            idle_before_last_sent_seconds: sent.as_ref().and_then(|sent| sent.idle_before).map(seconds),
            last_sent_topic: sent.and_then(|sent| sent.topic),
            unanswered_ping_seconds: self.ping_sent.map(|sent| seconds(now.since(sent))),
            loop_lag_ms: None,
            messages_received: self.traffic.totals.messages_received,
            messages_published: self.traffic.totals.messages_published,
            bytes_received: self.traffic.totals.bytes_received,
            bytes_sent: self.traffic.totals.bytes_sent,
            publish_rate_per_second: self.traffic.publish_rate(now),
            largest_publish_bytes: None,
            ping_rtt_ms: self.traffic.round_trips.in_short(),
            tcp: None,
            wifi_dbm: None,
        }
    }

    /// When the next PINGREQ is due, or the answer to the last one. The earlier of both directions counts, so that
    /// neither our own packets hide a dead link nor a busy topic starves the broker.
    fn ping_deadline(&self) -> Moment {
        match self.ping_sent {
            Some(sent) => sent.plus(self.settings.ping_timeout),
            None => {
                self.traffic.last_received.min(self.traffic.last_sent_at()).plus(self.settings.ping_interval)
            }
        }
    }

    fn handle(&mut self, now: Moment, packet: Incoming) {
        match (self.state, packet) {
            (State::Opening, Incoming::Connack(connack)) => self.answered(now, connack),
            (State::Opening, Incoming::Disconnect) => self.end(End::Disconnect),
            (State::Opening, _) => self.break_off("a packet before CONNACK"),
            (State::Open, Incoming::Connack(_)) => self.break_off("a second CONNACK"),
            (State::Open, packet) => self.handle_open(now, packet),
            (State::Over, _) => {}
        }
    }

    fn handle_open(&mut self, now: Moment, packet: Incoming) {
        self.traffic.received(now);
        match packet {
            Incoming::Publish(head) => self.message(now, head),
            Incoming::Pubrel(packet_id) => {
                self.inbox.released(packet_id);
                self.send(now, &Outgoing::Pubcomp(packet_id));
            }
            Incoming::Pubrec(packet_id) => self.send(now, &Outgoing::Pubrel(packet_id)),
            Incoming::Suback(packet_id, codes) => self.subscribed(packet_id, &codes),
            Incoming::Pingresp => self.pong(now),
            Incoming::Disconnect => self.end(End::Disconnect),
            // Nothing of ours is out that these could answer; a second CONNACK is refused before.
            Incoming::Puback(_) | Incoming::Pubcomp(_) | Incoming::Unsuback(_) | Incoming::Connack(_) => {}
        }
    }

    fn answered(&mut self, now: Moment, connack: Connack) {
        self.traffic.received(now);
        if connack.code != 0 {
            return self.end(End::Refused(connack.code));
        }
        self.state = State::Open;
        if !connack.session_present {
            self.inbox = Inbox::default();
        }
        self.outputs.push_back(Output::Accepted(connack));
        self.subscribe(now);
    }

    fn subscribe(&mut self, now: Moment) {
        if self.settings.filters.is_empty() {
            return;
        }
        let filters = self.settings.filters.iter().map(|filter| (filter.topic.clone(), filter.qos)).collect();
        self.send(now, &Outgoing::Subscribe(SUBSCRIBE_ID, filters));
        self.subscribe_sent = Some(now);
    }

    fn subscribed(&mut self, packet_id: u16, codes: &[u8]) {
        if packet_id != SUBSCRIBE_ID || self.subscribe_sent.take().is_none() {
            return;
        }
        if codes.len() != self.settings.filters.len() {
            return self.break_off("a SUBACK that has not one code for each filter");
        }
        for (filter, code) in self.settings.filters.iter().zip(codes) {
            let subscribed = subscribed(filter, *code);
            self.active_subscriptions += u32::from(subscribed.granted_qos.is_some());
            self.outputs.push_back(Output::Subscribed(subscribed));
        }
    }

    fn message(&mut self, now: Moment, head: PublishHead) {
        match head.qos {
            Qos::AtMostOnce => self.traffic.received_publish(now),
            Qos::AtLeastOnce => {
                self.traffic.received_publish(now);
                self.send(now, &Outgoing::Puback(head.packet_id));
            }
            Qos::ExactlyOnce => {
                if self.inbox.received(head.packet_id) {
                    self.traffic.received_publish(now);
                }
                self.send(now, &Outgoing::Pubrec(head.packet_id));
            }
        }
    }

    fn pong(&mut self, now: Moment) {
        if let Some(sent) = self.ping_sent.take() {
            let trip = now.since(sent);
            self.traffic.round_trips.add(trip);
            self.trips_since_sample.add(trip);
        }
    }

    fn break_off(&mut self, what: &'static str) {
        self.end(End::Protocol(WireError::OutOfTurn(what)));
    }

    fn send(&mut self, now: Moment, packet: &Outgoing) {
        let bytes = wire::encode(packet);
        self.traffic.sent(now, packet, bytes.len());
        self.outputs.push_back(Output::Send(bytes));
    }

    fn end(&mut self, end: End) {
        if self.state != State::Over {
            self.state = State::Over;
            self.outputs.push_back(Output::Ended(end));
        }
    }
}

fn connect(settings: &SessionSettings) -> Connect {
    Connect {
        client_id: settings.client_id.clone(),
        username: settings.username.clone(),
        password: settings.password.clone(),
        keep_alive_seconds: u16::try_from(settings.keep_alive.as_secs()).unwrap_or(u16::MAX),
        clean_session: settings.clean_session,
    }
}

fn subscribed(filter: &Filter, code: u8) -> Subscribed {
    Subscribed {
        topic: filter.topic.clone(),
        qos: filter.qos.level(),
        granted_qos: (code <= 2).then_some(code),
        return_code: code,
    }
}
