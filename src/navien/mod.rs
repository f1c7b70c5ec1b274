//! The Navien cloud as a machine without I/O: what is asked of it, and what its answers mean.
//!
//! Nothing here opens a connection, reads a clock or holds a secret in clear longer than a request takes.

pub mod device;
pub mod status;
