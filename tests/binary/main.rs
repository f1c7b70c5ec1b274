//! The built program as its users meet it: arguments, streams, exit codes, signals, files, and a real mosquitto.
//!
//! Everything is on loopback or in network namespaces of its own, in a home of its own, and ends with the test that
//! started it.

#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has to stop there")]
#![expect(clippy::print_stdout, reason = "what was measured is told")]

mod broker;
mod cloud;
mod demos;
mod dumps;
mod durability;
mod endings;
mod held_up;
mod journals;
mod mosquitto;
mod namespaces;
mod needs;
mod program;
mod reports;
mod slow_places;
mod small_disk;
mod streams;
#[path = "../table/mod.rs"]
mod table;
mod terminals;
mod trace;
mod usage;
mod watch;
