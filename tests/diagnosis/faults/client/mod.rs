//! What clients do to themselves: settings, twins, hosts that sleep, clocks.

pub(crate) mod clock;
pub(crate) mod host;
pub(crate) mod settings;
pub(crate) mod twin;
