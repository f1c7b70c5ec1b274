//! The packets of MQTT 3.1.1 and 5 from the broker's side: a small bounded decoder of what clients send, and the bytes
//! of what a broker sends.
//!
//! Written by hand and independent of the `wire` room, so that a fault in its packets cannot hide behind the same fault
//! here.

pub(in crate::simulator) mod broker;
mod client;
pub(in crate::simulator) mod decode;
pub mod property;
mod reader;

pub use self::client::{Acknowledgement, ClientPacket, Connect, PacketKind, Publish};
