//! MQTT 5: what a broker sends is read here, what we send is written by rumqttc's codec.
//!
//! rumqttc 0.25 refuses codes that it does not know (of those in the standard, 0x8c in DISCONNECT), waits for more bytes
//! at legal short forms, counts the third subscription identifier as payload, and reads values beyond the end of the
//! properties. A tool that tells what a broker said must show it as it came, so that decoder is not used. The encoder
//! writes our few packets as the standard says; tests hold that byte for byte.

mod decode;
mod encode;
mod fields;
mod properties;

pub(super) use decode::decode;
pub(super) use encode::encode;
