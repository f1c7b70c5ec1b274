//! Incidents, each with what led to it and how the connection came back: what causes are judged by.
//!
//! An incident is a drop, or a series of failed attempts without a drop before. The latest [`INCIDENTS_KEPT`] are kept,
//! so that a year of journal takes no more memory than a day. Silent appliances are apart, in [`super::devices`].
//! Nothing is concluded here.

mod failure_class;
mod host;
mod incident;
mod kept;
mod open;
mod outlived;
mod tracker;
mod zone;

#[cfg(test)]
mod tests;

pub use self::failure_class::FailureClass;
pub use self::host::{HostChange, HostContext};
pub use self::incident::{BURST_SECONDS, End, Incident, Recovery, Terms, meets_our_packet};
pub use self::kept::HostChangeCounts;
pub use self::kept::INCIDENTS_KEPT;
pub(super) use self::kept::KeptIncidents;
pub use self::outlived::OutlivedSession;
pub(super) use self::tracker::Tracker;
