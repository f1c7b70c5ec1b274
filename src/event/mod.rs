//! The vocabulary of the journal: an [`Observation`] is one stamped [`Event`], and every event is plain data.
//!
//! Nothing here decides, reads a clock or does I/O. A key that may be unknown is an `Option` and is written as
//! `null`; on reading, `null` and absence mean the same. All floating-point numbers are finite and already rounded
//! (see [`seconds`] and [`millis`]), so that a value read back equals the value that was folded live.

mod connection;
mod device;
pub mod failure;
mod finding;
mod reading;
mod run;
mod session_end;
mod words;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub use connection::{AddressLost, AttemptFailed, Connected, Fallback, Phases, Subscribed};
pub use device::{DEVICE_ANSWER_TIMEOUT, DeviceProbe};
pub use failure::FailureKind;
pub use finding::{FindingRecord, NextTest};
pub use reading::{RoundTrips, Sample, Survived, TcpReading};
pub use run::{Environment, ProbeRefused, Pruned, Start, Stop, TargetFacts};
pub use session_end::{LateAnswer, Malformed, SessionDrop, UnfinishedPacket};
use words::Word;
pub use words::{ClosedBy, ConnectionKind, EnvironmentKind, Phase, Protocol, Qos, StopReason, Transport};

/// The format version that this program writes and reads (`v` of a `start` record).
pub const FORMAT_VERSION: u32 = 1;

/// Texts from outside are stored up to this many bytes.
pub const TEXT_LIMIT_BYTES: usize = 1024;

/// A point on the run's own clock: the time since the run began, suspension included, free of wall-clock steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment `elapsed` after the run began.
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time since the run began.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `span` later; the far end of time where that cannot be said.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// Both clocks read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The wall clock.
    pub wall: DateTime<Utc>,
    /// The run's clock.
    pub moment: Moment,
}

/// All clocks of a host read together: how they move against each other tells of a suspension and of a clock step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// Time since boot, suspension included.
    pub boot: Duration,
    /// Time since boot, suspension left out; as [`boot`](Self::boot) where the platform does not tell them apart.
    pub monotonic: Duration,
    /// The wall clock.
    pub wall: DateTime<Utc>,
}

/// A span in seconds, rounded to a microsecond: the form in which records carry it.
pub fn seconds(span: Duration) -> f64 {
    rounded(span.as_secs_f64(), 1e6)
}

/// A span in milliseconds, rounded to a microsecond: the form in which records carry it.
pub fn millis(span: Duration) -> f64 {
    rounded(span.as_secs_f64() * 1e3, 1e3)
}

/// `value` with `steps` steps per unit; an infinite or undefined value becomes 0.
pub fn rounded(value: f64, steps: f64) -> f64 {
    let rounded = (value * steps).round() / steps;
    if rounded.is_finite() { rounded } else { 0.0 }
}

/// `text` cut to [`TEXT_LIMIT_BYTES`] on a character boundary.
pub fn bounded(mut text: String) -> String {
    if text.len() > TEXT_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_LIMIT_BYTES));
    }
    text
}

/// The run that a record belongs to, as its records name it: cheap to clone, as all of them share it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunIdentity {
    /// Name of the target, as in the journal's file name.
    pub target_name: Option<Arc<str>>,
    /// UUID of the run.
    pub run: Option<Arc<str>>,
}

impl RunIdentity {
    /// The run that begins with this record; a name that is empty is unknown.
    pub fn of(start: &Start) -> Self {
        let named = |name: &str| (!name.is_empty()).then(|| Arc::from(name));
        Self { target_name: named(&start.target.name), run: named(&start.run) }
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Wall clock, to the millisecond.
    pub ts: DateTime<Utc>,
    /// Time since the run's start on the run's clock; a journal from elsewhere may lack it.
    pub run_seconds: Option<f64>,
    /// Name of the target; `None` in older journals, where a record belongs to the latest `start` before it.
    pub target_name: Option<Arc<str>>,
    /// UUID of the run; `None` in older journals.
    pub run: Option<Arc<str>>,
    /// Records lost since the last one that was written to the same place.
    pub records_lost: u64,
    /// What happened.
    pub event: Event,
}

impl Observation {
    /// The record of `event` at `stamp`, which names no run yet.
    pub fn new(stamp: Stamp, event: Event) -> Self {
        Self {
            run_seconds: Some(seconds(stamp.moment.since_start())),
            ..Self::at(stamp.wall.trunc_subsecs(3), event)
        }
    }

    /// The record of another event of the same moment and run.
    #[must_use]
    pub fn with(&self, event: Event) -> Self {
        let (target_name, run) = (self.target_name.clone(), self.run.clone());
        Self { ts: self.ts, run_seconds: self.run_seconds, target_name, run, records_lost: 0, event }
    }

    /// The record of `event` at a time of the wall clock, of which nothing else is known.
    pub const fn at(ts: DateTime<Utc>, event: Event) -> Self {
        Self { ts, run_seconds: None, target_name: None, run: None, records_lost: 0, event }
    }

    /// The same record, named as one of this run.
    #[must_use]
    pub fn in_run(self, identity: &RunIdentity) -> Self {
        let RunIdentity { target_name, run } = identity.clone();
        Self { target_name, run, ..self }
    }

    /// The wall clock as seconds since 1970, with milliseconds.
    pub fn unix_seconds(&self) -> f64 {
        unix_seconds(self.ts)
    }
}

/// Whether RFC 3339 can write `time`: its years have four digits. Any other is corrupt, and too near the edge of what can be
/// reckoned with.
pub fn is_rfc3339(time: DateTime<Utc>) -> bool {
    (0..=9999).contains(&time.year())
}

/// Reads a time that RFC 3339 can write, and takes no other.
pub fn rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(deserializer)?;
    let is_out_of_range = || D::Error::custom(format_args!("the year {} is not from 0 to 9999", time.year()));
    if is_rfc3339(time) { Ok(time) } else { Err(is_out_of_range()) }
}

/// A time as all records and exports write it: RFC 3339, UTC, milliseconds.
pub fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A wall-clock time as seconds since 1970, with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
pub fn unix_seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1e3
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run of `watch` begins.
    Start(Box<Start>),
    /// A session begins: CONNACK accepted.
    Connected(Box<Connected>),
    /// SUBACK for one filter.
    Subscribed(Subscribed),
    /// An established session ended and we did not end it.
    Drop(Box<SessionDrop>),
    /// The answer to a ping that we had given up on arrived.
    LateAnswer(LateAnswer),
    /// An attempt to connect did not reach CONNACK success.
    AttemptFailed(Box<AttemptFailed>),
    /// The regular reading, and the one right before each drop and stop.
    Sample(Box<Sample>),
    /// Something changed on this host.
    Environment(Environment),
    /// An appliance behind the broker was asked for its status.
    Device(DeviceProbe),
    /// A run ended on purpose.
    Stop(Stop),
    /// What the diagnosis said changed.
    Finding(Box<FindingRecord>),
    /// The broker did not take a probe.
    ProbeRefused(ProbeRefused),
    /// Retention took records out of the run.
    Pruned(Pruned),
}

impl Event {
    /// The value of the key `event`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Connected(_) => "connected",
            Self::Subscribed(_) => "subscribed",
            Self::Drop(_) => "drop",
            Self::LateAnswer(_) => "late_answer",
            Self::AttemptFailed(_) => "attempt_failed",
            Self::Sample(_) => "sample",
            Self::Environment(_) => "environment",
            Self::Device(_) => "device",
            Self::Stop(_) => "stop",
            Self::Finding(_) => "finding",
            Self::ProbeRefused(_) => "probe_refused",
            Self::Pruned(_) => "pruned",
        }
    }
}

/// A word that a later nwdiag added reads like absence: the rest of its record still counts.
fn known<'de, D: Deserializer<'de>, T: Word>(d: D) -> Result<Option<T>, D::Error> {
    let word = Option::<Cow<'_, str>>::deserialize(d)?;
    Ok(word.and_then(|word| T::from_word(&word)))
}

/// Whether a mark that is left out of records does not apply.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(mark: &bool) -> bool {
    !*mark
}

/// `null` reads like absence.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_on_a_character_boundary() {
        let text = bounded("é".repeat(1000));
        assert_eq!(text.len(), 1024);
        assert!(text.chars().all(|c| c == 'é'));
        assert_eq!(bounded("€".repeat(1000)).len(), 1023);
        assert_eq!(bounded("short".to_owned()), "short");
    }

    #[test]
    fn numbers_are_rounded_and_finite() {
        assert!((seconds(Duration::from_nanos(1_234_567_890)) - 1.234_568).abs() < f64::EPSILON);
        assert!((millis(Duration::from_nanos(1_234_567)) - 1.235).abs() < f64::EPSILON);
        assert_eq!(rounded(f64::NAN, 1.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(rounded(f64::INFINITY, 1.0).to_bits(), 0.0_f64.to_bits());
    }
}
