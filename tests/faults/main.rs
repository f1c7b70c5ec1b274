//! Every fault over real sockets: the simulator misbehaves, and the run must name what happened.
//!
//! One row a fault, one check function a table. Nothing waits for time to pass but where time is the fault.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod attempt_row;
mod attempts;
mod drop_row;
mod drops;
mod front;
mod grid;
mod names;
mod pings;
mod recovery;
mod rig;
mod sessions;
mod stops;
#[path = "../table/mod.rs"]
mod table;
mod versions;
mod ways;
