//! What brokers, and what stands before them, do.

pub(crate) mod credentials;
pub(crate) mod lifetime;
pub(crate) mod limits;
pub(crate) mod outage;
pub(crate) mod rules;
pub(crate) mod words;
