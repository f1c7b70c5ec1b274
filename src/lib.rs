//! `nwdiag` tells a person why an MQTT connection keeps dropping.
//!
//! The library's front reads a journal, folds it and names the causes; everything else belongs to the program, and may change
//! with any version.
//!
//! ```
//! use nwdiag::{Cause, Collector, Liveness, Window, diagnose, replay};
//!
//! let journal = br#"{"event":"start","ts":"2026-11-22T17:00:00.000Z","v":1,"target":{"url":"mqtt://broker.example:1883"}}
//! {"event":"attempt_failed","ts":"2026-11-22T17:00:01.000Z","phase":"mqtt","error_name":"","return_code":5}
//! "#;
//! let mut collector = Collector::new(Window::default(), 0);
//! replay(&journal[..], |observation| collector.record(observation))?;
//! let findings = diagnose(&collector.metrics(Liveness::Over));
//! assert_eq!(findings[0].cause, Cause::BadCredentials);
//! # Ok::<(), nwdiag::ReplayError>(())
//! ```
//!
//! world → [`event::Event`] → [`event::Observation`] → journal line, collector, live line; later: journal line → record →
//! collector → metrics → findings → report → bytes. `watch`, `summary` and `export` differ only in where records come from and
//! where bytes go. ARCHITECTURE.md tells the rooms and who may know whom; the lines below stand in that order, and a
//! test holds it.

#[doc(hidden)]
pub mod reason;

#[doc(hidden)]
pub mod event;

#[doc(hidden)]
pub mod crt;
#[doc(hidden)]
pub mod secret;
#[doc(hidden)]
pub mod sigv4;
#[doc(hidden)]
pub mod target;
#[doc(hidden)]
pub mod units;

#[doc(hidden)]
pub mod collector;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod wire;

#[doc(hidden)]
pub mod dump;

#[doc(hidden)]
pub mod session;

#[doc(hidden)]
pub mod navien;

#[doc(hidden)]
pub mod diagnosis;

#[doc(hidden)]
pub mod report;

#[doc(hidden)]
pub mod pipeline;

#[doc(hidden)]
pub mod io;
#[doc(hidden)]
pub mod simulator;

#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod config;

#[doc(hidden)]
pub mod commands;

#[doc(inline)]
pub use collector::clock::Window;
#[doc(inline)]
pub use collector::metrics::Metrics;
#[doc(inline)]
pub use collector::{Collector, Liveness};
#[doc(inline)]
pub use diagnosis::{Category, Cause, Finding, Status, diagnose};
#[doc(inline)]
pub use event::Observation;
#[doc(inline)]
pub use journal::replay::{ReplayError, replay};
