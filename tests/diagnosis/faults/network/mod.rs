//! What lies between this host and the broker.

pub(crate) mod clockwork;
pub(crate) mod idle;
pub(crate) mod local;
pub(crate) mod loss;
pub(crate) mod names;
