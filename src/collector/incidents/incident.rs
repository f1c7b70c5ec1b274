//! What is known of one incident.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::failure_class::FailureClass;
use super::host::HostContext;
use crate::event::{ClosedBy, ConnectionKind, Protocol, SessionDrop, TargetFacts, Transport};

/// A drop, or a series of failed attempts without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// When it was noticed: the time of the `drop`, or of the first failed attempt.
    pub noticed: DateTime<Utc>,
    /// When it began, as near as is known: where the session ended in silence, the broker was last heard then.
    pub began: DateTime<Utc>,
    /// The same in the time zone of the host that wrote the journal.
    pub local: NaiveDateTime,
    /// The settings of its own run, and what was agreed with the broker at that time.
    pub terms: Terms,
    /// How the session ended; `None` where there was none.
    pub end: Option<End>,
    /// What happened on the host around it.
    pub host: HostContext,
    /// How far the wall clock had stepped by then since the run began, or how far off it was said to be, seconds.
    pub clock_off_seconds: f64,
    /// How far the wall clock stepped after that in the same run, seconds: with it, all times of a run are those of the
    /// clock as it was set last.
    pub later_clock_steps_seconds: f64,
    /// How the connection came back, as far as it did.
    pub recovery: Recovery,
}

/// The settings of the run to which an incident belongs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Terms {
    /// Number of the run among those of the target, from 0.
    pub run: u64,
    /// What the run watched, and how; `None` where its `start` is missing.
    pub target: Option<Arc<TargetFacts>>,
    /// What is really spoken.
    pub protocol: Option<Protocol>,
    /// The keep-alive in force, seconds: the broker's where it set one.
    pub keep_alive_seconds: Option<f64>,
    /// Silence after which a PINGREQ goes out, seconds: never longer than a keep-alive that the broker set.
    pub ping_interval_seconds: Option<f64>,
}

impl Terms {
    /// What carries MQTT.
    pub fn transport(&self) -> Option<Transport> {
        self.target.as_ref()?.transport
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// The record of it.
    pub drop: Arc<SessionDrop>,
    /// The first filter that the broker refused in that session.
    pub refused_topic: Option<String>,
    /// How long after its ping an answer came that had been given up, seconds.
    pub late_answer_seconds: Option<f64>,
}

/// From the end of a session, or the first failed attempt, to the next session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recovery {
    /// Attempts that failed.
    pub failed: u32,
    /// The same by what they met, in the order of [`FailureClass::ALL`].
    pub by_class: [u32; FailureClass::COUNT],
    /// What the first attempt met.
    pub first: Option<FailureClass>,
    /// What the last attempt met.
    pub last: Option<FailureClass>,
    /// The code of the last CONNACK that refused, and the version that it belongs to.
    pub last_code: Option<(Protocol, u8)>,
    /// The last HTTP status.
    pub last_http_status: Option<u16>,
    /// The broker's own words with the last refusal.
    pub last_words: Option<String>,
    /// The most attempts, failed and successful, that were made within [`BURST_SECONDS`] until it was over.
    pub most_in_burst: u32,
    /// The longest pause between two attempts, the successful one included, seconds.
    pub longest_pause_seconds: f64,
    /// How long it lasted so far, seconds.
    pub lasted_seconds: f64,
    /// How much of that was our own waiting between attempts, seconds; `None` where that is not recorded.
    pub waited_seconds: Option<f64>,
    /// CONNECT to CONNACK of the session that came back, milliseconds; `None` where that is not recorded.
    pub connack_ms: Option<f64>,
    /// How the connection came back; `None` while it has not, and where the run ended first.
    pub recovered: Option<ConnectionKind>,
    /// Whether the run that it happened in is over.
    pub run_over: bool,
}

/// The span over which attempts are counted for [`Recovery::most_in_burst`].
pub const BURST_SECONDS: f64 = 180.0;

impl Recovery {
    /// How many attempts met `class`.
    pub const fn met(&self, class: FailureClass) -> u32 {
        self.by_class[class as usize]
    }

    /// How many attempts met one of these.
    pub fn met_any(&self, classes: &[FailureClass]) -> u32 {
        classes.iter().map(|class| self.met(*class)).fold(0, u32::saturating_add)
    }
}

impl Incident {
    /// Whether a session was up before.
    pub const fn is_drop(&self) -> bool {
        self.end.is_some()
    }

    /// The record of the drop, if there was one.
    pub fn drop(&self) -> Option<&SessionDrop> {
        self.end.as_ref().map(|end| &*end.drop)
    }

    /// The age that the session reached before it began to end, seconds: the delay of noticing is left out.
    pub fn age_seconds(&self) -> Option<f64> {
        let drop = self.drop()?;
        Some((drop.duration_connected_seconds? - unnoticed_seconds(drop)).max(0.0))
    }

    /// How long before it was noticed the end may have come, seconds: the most and the least. An end that the
    /// peer announced came then; one that a packet of ours met came at any time since the broker was last heard.
    pub fn unnoticed_range(&self) -> Option<(f64, f64)> {
        let drop = self.drop()?;
        let heard = drop.last_received_seconds.unwrap_or_default();
        match drop.closed_by {
            Some(ClosedBy::Timeout | ClosedBy::Network) => {
                Some((heard, drop.unanswered_ping_seconds.unwrap_or_default().min(heard)))
            }
            Some(ClosedBy::PeerReset) if meets_our_packet(drop) => Some((heard, 0.0)),
            Some(
                ClosedBy::PeerClose | ClosedBy::PeerReset | ClosedBy::PeerDisconnect | ClosedBy::Protocol,
            )
            | None => Some((0.0, 0.0)),
        }
    }
}

/// Whether the end came as the answer to a packet of ours: within the longest round trip that is no outage.
pub fn meets_our_packet(drop: &SessionDrop) -> bool {
    let (sent, received) = (drop.last_sent_seconds, drop.last_received_seconds);
    sent.is_some_and(|sent| sent <= 2.0 && received.is_none_or(|received| sent < received))
}

/// How long a session was over before that was noticed: one that ended in silence ended when the broker fell silent.
pub(super) fn unnoticed_seconds(drop: &SessionDrop) -> f64 {
    match drop.closed_by {
        Some(ClosedBy::Timeout | ClosedBy::Network) => drop.last_received_seconds.unwrap_or_default(),
        Some(ClosedBy::PeerClose | ClosedBy::PeerReset | ClosedBy::PeerDisconnect | ClosedBy::Protocol)
        | None => 0.0,
    }
}
