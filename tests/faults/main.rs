//! Every fault over real sockets: the simulator misbehaves, and the run must name what happened.
//!
//! One row a fault, one check function a table. Nothing waits for time to pass but where time is the fault.

mod attempts;
mod drops;
mod rig;
mod sessions;
mod stops;
