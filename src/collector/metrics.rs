//! What the collector knows, as plain numbers: the input of every report.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::device_facts::{DeviceMetrics, Silence};
use super::incidents::{HostChangeCounts, Incident, OutlivedSession};
pub use super::population::Distribution;
use super::timeline::Timeline;
use crate::event::{Connected, Environment, Phase, SessionDrop, Subscribed, TargetFacts};

/// Everything that reports need, as of the last record that was folded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// The target of the latest run; `None` for an empty journal.
    pub target: Option<TargetFacts>,
    /// What was looked at.
    pub observation: Coverage,
    /// Share of the time of which it is known whether the broker was there, in which it was, 0 to 1; our own waiting
    /// between attempts is neither. `None` where nothing was observed.
    pub broker_availability: Option<f64>,
    /// Whether a session was up at the last record.
    pub connected: bool,
    /// Length of that session at the last record, seconds; 0 where none was up.
    pub session_seconds: f64,
    /// First connections: one for each run that connected.
    pub connections: u64,
    /// Sessions that we ended on purpose.
    pub disconnects: u64,
    /// Sessions that ended without our wish.
    pub drops: u64,
    /// Attempts after a run's first connection, failed and successful.
    pub reconnect_attempts: u64,
    /// Attempts that failed, those before a first connection included.
    pub failed_attempts: u64,
    /// The same by the phase that failed; no zero entries.
    pub failed_attempts_by_phase: BTreeMap<Phase, u64>,
    /// Drops after which a session came back.
    pub recovered: u64,
    /// Drops by error name: most frequent first, then by name.
    pub drops_by_error: Vec<(String, u64)>,
    /// Outages by the attempts that they took: see [`ATTEMPT_BUCKETS`].
    pub outages_by_attempts: [u64; 4],
    /// Sessions that ended in a drop, seconds.
    pub sessions: Distribution,
    /// The last of them, oldest first, at most [`SESSION_TAIL`].
    pub recent_sessions: Vec<f64>,
    /// Outages that ended, seconds from drop to CONNACK.
    pub reconnects: Distribution,
    /// PINGREQ to PINGRESP, milliseconds.
    pub ping_rtt: Distribution,
    /// End-to-end probes, milliseconds.
    pub probe_rtt: Distribution,
    /// Probes that the broker refused: they have no round trip.
    pub probes_refused: u64,
    /// When the last drop was.
    pub last_drop: Option<DateTime<Utc>>,
    /// When the last session began.
    pub last_connect: Option<DateTime<Utc>>,
    /// PUBLISH packets sent.
    pub messages_published: u64,
    /// Publishes that had to wait for a connection.
    pub messages_queued: u64,
    /// PUBLISH packets received.
    pub messages_received: u64,
    /// The latest drops, oldest first.
    pub recent_drops: Vec<Dated<SessionDrop>>,
    /// The latest connections, oldest first.
    pub recent_connections: Vec<Dated<Connected>>,
    /// The latest changes on the host, oldest first.
    pub environment: Vec<Dated<Environment>>,
    /// What became of each filter of the latest run, in the order of the answers.
    pub subscriptions: Vec<Subscribed>,
    /// Up and down over the period.
    pub timeline: Timeline,
    /// The latest incidents, oldest first: what causes are judged by.
    pub incidents: Vec<Incident>,
    /// The latest sessions that no drop ended, oldest first: what they lived through speaks against causes.
    pub outlived_sessions: Vec<OutlivedSession>,
    /// How often this host changed in a way that concerned the connection.
    pub host_changes: HostChangeCounts,
    /// Addresses of the name that did not connect in attempts that came about by another one, most frequent first.
    pub addresses_lost: Vec<(String, u64)>,
    /// Appliances behind the broker that were asked for their status, in the order in which they first appeared.
    pub devices: Vec<DeviceMetrics>,
    /// The latest spells in which one of them was silent, oldest first: incidents beside those of the connection.
    pub silences: Vec<Silence>,
}

/// Names of the buckets of [`Metrics::outages_by_attempts`], in their order.
pub const ATTEMPT_BUCKETS: [&str; 4] = ["1", "2-5", "6-10", "11+"];

/// Recent drops and connections that are kept unless asked otherwise.
pub const RECENT: usize = 50;

/// How many session lengths are kept one by one.
pub const SESSION_TAIL: usize = 20;

/// What was looked at, and for how long.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Coverage {
    /// The first record.
    pub from: Option<DateTime<Utc>>,
    /// The last record.
    pub to: Option<DateTime<Utc>>,
    /// Runs of `watch` that contributed.
    pub runs: u64,
    /// Those that ended without a word, and are not going on.
    pub interrupted_runs: u64,
    /// Time in which `watch` ran, suspension included.
    pub observed_seconds: f64,
    /// Time in which a session was up and this host awake.
    pub connected_seconds: f64,
    /// Time in which this host slept.
    pub suspended_seconds: f64,
    /// Records that writers had to give up.
    pub records_lost: u64,
}

impl Coverage {
    /// Connected share of the time awake, 0 to 1; `None` where nothing was observed.
    pub fn availability(&self) -> Option<f64> {
        let awake = self.observed_seconds - self.suspended_seconds;
        (awake > 0.0).then(|| (self.connected_seconds / awake).clamp(0.0, 1.0))
    }
}

/// A fact with the wall-clock time of its record.
#[derive(Debug, Clone, PartialEq)]
pub struct Dated<T> {
    /// Wall clock.
    pub at: DateTime<Utc>,
    /// The fact.
    pub fact: T,
}
