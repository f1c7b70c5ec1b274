//! The connection as pure machines: time and bytes come in as arguments, what to do and what happened come out.
//!
//! [`mqtt::Session`] is one MQTT session over one connection. [`run::Run`] is a whole run of `watch` around it:
//! attempts, back-off, sampling, limits, and the events of the journal. Neither reads a clock, opens a socket or draws
//! a random number that it was not given the seed for, so hours of flapping run in milliseconds.

pub mod attempt;
pub mod backoff;
pub mod clock_watch;
pub mod ending;
pub mod extension;
pub mod host_view;
pub mod in_flight;
pub mod inbox;
pub mod lag;
pub mod late;
pub mod mqtt;
pub mod probe;
pub mod recovery;
pub mod run;
pub mod service_clock;
pub mod settings;
pub mod state;
mod survival;
pub mod traffic;
pub mod version;

#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod tests;
