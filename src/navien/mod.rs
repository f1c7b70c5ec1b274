//! The Navien cloud as machines without I/O: the account and its sign-in, the appliances and what they answer.
//!
//! Nothing here opens a connection, reads a clock or holds a secret in clear longer than a request takes.

pub mod account;
pub mod answer;
pub mod appliances;
pub mod device;
pub mod extension;
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
