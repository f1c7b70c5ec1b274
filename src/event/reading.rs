//! What is measured while a session is up: `sample`, and the readings in it.

use serde::{Deserialize, Serialize};

use super::lenient;

/// The kernel's view of a TCP connection (Linux `TCP_INFO`).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TcpReading {
    /// Smoothed round trip.
    pub rtt_ms: Option<f64>,
    /// Its variance.
    pub rtt_var_ms: Option<f64>,
    /// Retransmissions of the connection in all.
    pub retransmits: Option<u64>,
    /// Retransmissions of what is still unanswered.
    pub retransmits_pending: Option<u64>,
    /// Segments thought lost.
    pub lost: Option<u64>,
    /// Segments not yet acknowledged.
    pub unacked: Option<u64>,
    /// Bytes waiting to be sent for the first time.
    pub not_sent_bytes: Option<u64>,
    /// Exponent of the retransmission timer.
    pub backoff: Option<u64>,
    /// Age of the last data received.
    pub last_data_received_ms: Option<f64>,
    /// Age of the last acknowledgement received.
    pub last_ack_received_ms: Option<f64>,
}

/// A variance that grew or shrank by no more than this factor is as it was: the kernel's estimate takes over a quarter of
/// each new deviation (RFC 6298), so that it never stands still. A larger factor would hide a network that became uneven.
const SAME_VARIANCE: f64 = 2.0;

impl TcpReading {
    /// Whether a sample with this reading may leave it out, `before` being the last one that was not left out: the counts
    /// are the same, and the round trip moved within its own variance. Ages do not count, since they never stand still.
    pub fn is_as(&self, before: &Self) -> bool {
        let counts = |reading: &Self| Self {
            rtt_ms: None,
            rtt_var_ms: None,
            last_data_received_ms: None,
            last_ack_received_ms: None,
            ..*reading
        };
        counts(self) == counts(before) && self.has_round_trip_of(before)
    }

    fn has_round_trip_of(&self, before: &Self) -> bool {
        let measured = |reading: &Self| Some((reading.rtt_ms?, reading.rtt_var_ms?));
        match (measured(self), measured(before)) {
            (Some((rtt, variance)), Some((rtt_before, variance_before))) => {
                let same_variance = variance_before / SAME_VARIANCE..=variance_before * SAME_VARIANCE;
                (rtt - rtt_before).abs() <= variance_before && same_variance.contains(&variance)
            }
            _ => (self.rtt_ms, self.rtt_var_ms) == (before.rtt_ms, before.rtt_var_ms),
        }
    }
}

/// Round trips over some period, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RoundTrips {
    /// The latest.
    #[serde(default)]
    pub last: Option<f64>,
    /// The fastest.
    #[serde(default)]
    pub min: Option<f64>,
    /// Their mean.
    #[serde(default)]
    pub mean: Option<f64>,
    /// The slowest.
    #[serde(default)]
    pub max: Option<f64>,
    /// How many.
    #[serde(default, deserialize_with = "lenient")]
    pub count: u64,
    /// Each of them, 64 at most; samples only.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
}

impl RoundTrips {
    /// How many there were.
    pub const fn answered(&self) -> u64 {
        self.count
    }
}

/// What a session is known to have lived through; each `None` where there was no such moment.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Survived {
    /// Longest time without a packet either way after which the peer was heard again.
    pub silence_seconds: Option<f64>,
    /// Longest time without a packet of ours after which the peer was heard again.
    pub sent_silence_seconds: Option<f64>,
    /// Longest time without a packet of the peer after which it was heard again.
    pub received_silence_seconds: Option<f64>,
    /// Largest packet received whole.
    pub received_bytes: Option<u64>,
    /// Largest publish of ours that the peer acknowledged or outlived.
    pub published_bytes: Option<u64>,
    /// Highest rate of PUBLISH packets, both ways, over 10 s.
    pub publish_rate_per_second: Option<f64>,
}

/// The regular reading. Keys without a value are left out: samples of a quiet connection are most of a journal. So are
/// `survived` and `tcp` where they are as in the sample before; a reader carries them on within the session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    /// Whether a session is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Length of the session so far; 0 where none is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_seconds: Option<f64>,
    /// PUBLISH packets received in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_received: Option<u64>,
    /// PUBLISH packets sent in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_published: Option<u64>,
    /// Publishes that had to wait for a connection in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_queued: Option<u64>,
    /// Bytes read from sockets in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_received: Option<u64>,
    /// Bytes written to sockets in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// PINGREQ to PINGRESP since the last sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_rtt_ms: Option<RoundTrips>,
    /// End-to-end probes since the last sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_rtt_ms: Option<RoundTrips>,
    /// What the session is known to have lived through; left out where it is as in the sample before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survived: Option<Survived>,
    /// The kernel's reading; left out where it [is as](TcpReading::is_as) in the sample before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wifi_dbm: Option<i32>,
}
