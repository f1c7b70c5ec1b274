//! MQTT 5: what a broker sends is read here, what we send is written by rumqttc's codec.
//!
//! rumqttc 0.25 refuses every code that the standard does not name, waits for more bytes at legal short forms, and reads
//! properties past their end into what follows. A tool that tells what a broker said must show any code as it came, so
//! its decoder is not used. Its encoder writes our few packets as the standard says; tests hold that byte for byte.

mod decode;
mod encode;
mod fields;
mod properties;

pub(super) use decode::decode;
pub(super) use encode::encode;
