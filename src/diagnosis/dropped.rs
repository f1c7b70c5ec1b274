//! A drop, as causes look at it.

use super::law::Reading;
use crate::collector::incidents::{End, Incident, meets_our_packet};
use crate::event::{ClosedBy, SessionDrop, TcpReading};

/// How soon an end follows the packet that brought it about: a round trip, and a slow broker's time to think, seconds.
pub(super) const PROMPT_SECONDS: f64 = 5.0;

/// A drop, with its place among the incidents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped<'a> {
    /// Its place.
    pub(super) index: usize,
    /// All of it.
    pub(super) incident: &'a Incident,
    /// How it ended.
    pub(super) end: &'a End,
}

/// How a session ended, as far as that tells something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The peer closed it, and said nothing: FIN, `close_notify`, a close frame without a reason.
    Closed,
    /// The peer reset it of itself.
    Reset,
    /// A packet of ours met a reset: the peer, or something on the way, does not know the connection any more.
    ResetOnOurPacket,
    /// The peer said why in MQTT 5.
    Reason(u8),
    /// The peer said why in a close frame.
    CloseCode(u16),
    /// A ping or SUBSCRIBE stayed unanswered, or the kernel gave up.
    Silence,
    /// The socket itself failed: no route, network down.
    LocalError,
    /// We ended it, since the peer broke the protocol.
    Breach,
    /// Not known.
    Unknown,
}

impl<'a> Dropped<'a> {
    /// The record.
    pub(super) fn record(self) -> &'a SessionDrop {
        &self.end.drop
    }

    /// How it ended.
    pub(super) fn ending(self) -> Ending {
        let record = self.record();
        if let Some(code) = record.reason_code {
            return Ending::Reason(code);
        }
        match (record.closed_by, record.websocket_close_code) {
            (Some(ClosedBy::PeerClose), Some(code)) if !matches!(code, 1000 | 1001 | 1005 | 1006) => {
                Ending::CloseCode(code)
            }
            (Some(ClosedBy::PeerClose | ClosedBy::PeerDisconnect), _) => Ending::Closed,
            (Some(ClosedBy::PeerReset), _) if meets_our_packet(record) => Ending::ResetOnOurPacket,
            (Some(ClosedBy::PeerReset), _) => Ending::Reset,
            (Some(ClosedBy::Timeout), _) => Ending::Silence,
            (Some(ClosedBy::Network), _) => Ending::LocalError,
            (Some(ClosedBy::Protocol), _) => Ending::Breach,
            (None, _) => Ending::Unknown,
        }
    }

    /// Whether the peer ended it and said nothing.
    pub(super) fn is_mute_close(self) -> bool {
        matches!(self.ending(), Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket)
    }

    /// Whether the peer ended it, with or without a word.
    pub(super) fn is_by_peer(self) -> bool {
        self.is_mute_close() || matches!(self.ending(), Ending::Reason(_) | Ending::CloseCode(_))
    }

    /// Whether nothing was heard any more.
    pub(super) fn is_silence(self) -> bool {
        matches!(self.ending(), Ending::Silence)
    }

    /// How old the session was when it began to end, seconds.
    pub(super) fn age(self) -> Option<Reading> {
        let (most, least) = self.incident.unnoticed_range()?;
        let noticed = self.record().duration_connected_seconds?;
        Some(Reading { index: self.index, from: (noticed - most).max(0.0), to: (noticed - least).max(0.0) })
    }

    /// How long the session lasted, seconds.
    pub(super) fn length(self) -> Option<f64> {
        self.record().duration_connected_seconds
    }

    /// How long both sides had been silent when the peer ended it of itself, seconds.
    pub(super) fn silence_before_close(self) -> Option<f64> {
        let record = self.record();
        let (received, sent) = (record.last_received_seconds?, record.last_sent_seconds?);
        matches!(self.ending(), Ending::Closed | Ending::Reset | Ending::CloseCode(_))
            .then(|| received.min(sent))
    }

    /// How long both sides had been silent before the packet of ours that met the end, seconds.
    pub(super) fn silence_before_packet(self) -> Option<f64> {
        let record = self.record();
        match self.ending() {
            Ending::Silence | Ending::LocalError => {
                let before_ping = || {
                    let unanswered = record.unanswered_ping_seconds?;
                    (record.last_sent_packet.as_deref() == Some("PINGREQ"))
                        .then_some(record.last_received_seconds? - unanswered)
                };
                record.idle_before_last_sent_seconds.or_else(before_ping)
            }
            Ending::ResetOnOurPacket => record.idle_before_last_sent_seconds,
            Ending::Closed
            | Ending::Reset
            | Ending::Reason(_)
            | Ending::CloseCode(_)
            | Ending::Breach
            | Ending::Unknown => None,
        }
    }

    /// Whether the peer's host acknowledged our last packet although nothing came back: then the path works. `None`
    /// where the kernel was not asked, or had nothing to acknowledge.
    pub(super) fn acknowledged(self) -> Option<bool> {
        let record = self.record();
        let TcpReading { unacked, retransmits_pending, last_ack_received_ms, .. } = record.tcp?;
        let asked_ms = record.unanswered_ping_seconds.or(record.last_sent_seconds)? * 1e3;
        let outstanding = unacked? > 0 || retransmits_pending.is_some_and(|pending| pending > 0);
        if outstanding {
            return Some(false);
        }
        // An acknowledgement that is younger than the question is its answer.
        last_ack_received_ms.map(|age| age <= asked_ms + 50.0).filter(|acknowledged| *acknowledged)
    }

    /// Whether it came back with the first attempt.
    pub(super) fn is_back_at_once(self) -> bool {
        self.incident.recovery.failed == 0 && self.incident.recovery.recovered.is_some()
    }

    /// The request that was the last thing sent, right before the end.
    pub(super) fn request_before(self) -> Option<&'a str> {
        let record = self.record();
        let soon = record.last_sent_seconds.is_some_and(|ago| ago <= PROMPT_SECONDS);
        record.last_sent_packet.as_deref().filter(|name| matches!(*name, "SUBSCRIBE" | "PUBLISH") && soon)
    }

    /// Whether the last thing sent was a SUBSCRIBE without a SUBACK.
    pub(super) fn is_subscribe_unanswered(self) -> bool {
        let record = self.record();
        let heard_before = record.last_received_seconds.zip(record.last_sent_seconds);
        let answered = match record.active_subscriptions {
            Some(active) => active > 0,
            None => heard_before.is_none_or(|(heard, sent)| heard < sent),
        };
        let heard_since = heard_before.is_some_and(|(heard, sent)| heard < sent);
        record.last_sent_packet.as_deref() == Some("SUBSCRIBE")
            && (!answered || !heard_since && heard_before.is_some())
    }

    /// Pings that were answered in the session.
    pub(super) fn answered_pings(self) -> u64 {
        self.record().ping_rtt_ms.as_ref().map_or(0, |trips| trips.count)
    }

    /// Silence after which a ping goes out, seconds.
    pub(super) fn ping_interval(self) -> Option<f64> {
        self.incident.terms.ping_interval_seconds
    }
}
