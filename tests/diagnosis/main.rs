//! Journals of known cause from a simulated world, and how well they are judged.
//!
//! The world, the faults and the noise draw on what the field shows; the rules that judge were written without sight
//! of them. One seed gives one journal.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a scenario that cannot be made has failed")]
#![expect(clippy::cast_precision_loss, reason = "counts and seconds of a journal stay far below 2^53")]

mod chance;
mod faults;
mod holds;
mod judge;
mod noise;
mod scenario;
mod signatures;
mod world;
