//! The Navien cloud as a machine without I/O: what is asked of it, and what its answers mean.
//!
//! Nothing here opens a connection, reads a clock or holds a secret in clear longer than a request takes.

pub mod account;
pub mod answer;
pub mod device;
mod field;
mod listing;
pub mod refusal;
pub mod request;
pub mod service;
pub mod status;
mod tokens;

pub use tokens::AwsKeys;

#[cfg(test)]
mod tests;
