//! The MQTT session without I/O.

pub mod ending;
pub mod settings;
