//! `nwdiag` tells a person why an MQTT connection keeps dropping.
//!
//! world → [`event::Event`] → [`event::Observation`] → journal line, collector, live line; later: journal line → record →
//! collector → metrics → findings → report → bytes. `watch`, `summary` and `export` differ only in where records come from and
//! where bytes go. ARCHITECTURE.md tells the rooms and who may know whom; the lines below stand in that order, and a
//! test holds it.

pub mod reason;

pub mod event;

pub mod crt;
pub mod secret;
pub mod sigv4;
pub mod target;
pub mod units;

pub mod collector;
pub mod journal;
pub mod wire;

pub mod dump;

pub mod session;

pub mod navien;

pub mod diagnosis;

pub mod report;

pub mod pipeline;

pub mod io;
pub mod simulator;

pub mod cli;
pub mod config;

pub mod commands;
