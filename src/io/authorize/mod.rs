//! What lets an attempt in, one file for each way: implementations of [`crate::io::dial::Authorize`].

pub mod aws;
pub mod navien;
