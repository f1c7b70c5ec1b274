//! The record of how a session ended: everything that it, and this host, can tell about it.

use std::borrow::Cow;
use std::time::Duration;

use super::Session;
use crate::crt::Name;
use crate::event::failure::StreamEnd;
use crate::event::{
    Malformed, Moment, SessionDrop, TcpReading, Transport, UnfinishedPacket, bounded, seconds,
};
use crate::session::ending::End;
use crate::wire::{Farewell, UnfinishedFrame, WireError};

/// What the session itself cannot know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    /// How long the session was up.
    pub uptime: Duration,
    /// What carried it.
    pub transport: Transport,
    /// Publishes that waited to be sent.
    pub queued: usize,
    /// The longest delay of our own loop lately, in milliseconds.
    pub loop_lag_ms: Option<f64>,
    /// The kernel's last word on the connection.
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use, in dBm.
    pub wifi_dbm: Option<i32>,
}

impl Session {
    /// The record of the session, which ended so.
    pub fn drop_record(&mut self, now: Moment, end: &End, around: Surroundings) -> SessionDrop {
        let failure = end.failure(self.protocol);
        let name = Name::of(&failure, self.protocol);
        let stream_end = end.stream_end();
        let Farewell { reason_code, reason_string, server_reference } =
            end.farewell().cloned().unwrap_or_default();
        let websocket_reason = stream_end.and_then(StreamEnd::websocket_reason);
        let sent = self.traffic.last_sent.clone();
        SessionDrop {
            error_name: name.recorded(),
            error_code: name.code,
            error_message: bounded(failure.to_string()),
            failure: Some(failure.kind()),
            closed_by: Some(end.closed_by()),
            protocol: Some(self.protocol),
            reason_code,
            reason_string: reason_string.or(websocket_reason).map(bounded),
            server_reference: server_reference.map(bounded),
            websocket_close_code: stream_end.and_then(|end| end.websocket_close_code(around.transport)),
            reconnect_attempt: 0,
            duration_connected_seconds: Some(seconds(around.uptime)),
            active_subscriptions: Some(self.active_subscriptions),
            queued_commands: Some(u32::try_from(around.queued + self.in_flight.count()).unwrap_or(u32::MAX)),
            last_received_seconds: Some(seconds(now.since(self.traffic.last_received))),
            last_sent_seconds: sent.as_ref().map(|sent| seconds(now.since(sent.at))),
            last_sent_packet: sent.as_ref().map(|sent| sent.packet.clone()),
            idle_before_last_sent_seconds: sent.as_ref().and_then(|sent| sent.idle_before).map(seconds),
            last_sent_topic: sent.and_then(|sent| sent.topic),
            unanswered_ping_seconds: self.ping.map(|ping| seconds(now.since(ping.sent))),
            loop_lag_ms: around.loop_lag_ms,
            messages_received: Some(self.traffic.totals.messages_received),
            messages_published: Some(self.traffic.totals.messages_published),
            bytes_received: Some(self.traffic.totals.bytes_received),
            bytes_sent: Some(self.traffic.totals.bytes_sent),
            publish_rate_per_second: Some(self.traffic.publish_rate(now)),
            largest_publish_bytes: self.traffic.largest_publish_bytes(now),
            ping_rtt_ms: self.traffic.round_trips.in_short(),
            survived: Some(self.survived()),
            unfinished_packet: self.unfinished_packet(now),
            malformed: malformed(end),
            tcp: around.tcp,
            wifi_dbm: around.wifi_dbm,
        }
    }

    fn unfinished_packet(&self, now: Moment) -> Option<UnfinishedPacket> {
        let since = self.unfinished_since?;
        let UnfinishedFrame { received_bytes, expected_bytes } = self.decoder.unfinished()?;
        Some(UnfinishedPacket {
            received_bytes: Some(received_bytes as u64),
            expected_bytes: expected_bytes.map(|bytes| bytes as u64),
            seconds: Some(seconds(now.since(since))),
        })
    }
}

/// What the peer sent that breaks the standard. A packet over our own limit does not.
fn malformed(end: &End) -> Option<Malformed> {
    let End::Protocol(error) = end else { return None };
    let (flaw, topic, offset) = match error {
        WireError::RemainingLength { .. } => ("its length runs over four bytes".to_owned(), None, Some(1)),
        WireError::PacketType(_) => ("a broker must not send it".to_owned(), None, Some(0)),
        WireError::Malformed { reason, topic, offset, .. } => (reason.clone(), topic.clone(), *offset),
        WireError::OutOfTurn(misplaced) => (misplaced.to_string(), None, None),
        WireError::TooLarge { .. } => return None,
    };
    Some(Malformed {
        packet_type: error.packet_name().map(Cow::Borrowed),
        topic: topic.map(bounded),
        flaw: Some(bounded(flaw)),
        offset_bytes: offset.map(|offset| offset as u64),
    })
}
