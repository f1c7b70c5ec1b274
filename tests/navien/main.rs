//! The Navien cloud as a double of it shows it: its REST service over HTTPS, row by row, and the built program on it.
//!
//! The double keeps what the real service keeps, as far as anybody knows what that is. Everything is on loopback.

#![expect(clippy::unwrap_used, reason = "a test whose surroundings fail has to stop there")]

mod authority;
mod exchange;
mod rows;
mod service;
mod state;
