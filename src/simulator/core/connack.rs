//! The answer to CONNECT in the version that the client speaks.

use crate::event::Protocol;
use crate::simulator::packet::Connect;
use crate::simulator::packet::broker as encode;
use crate::simulator::script::{ConnackProperties, SupportedVersions, UnsupportedVersionReply};

/// CONNACK codes: success in both versions, and "unsupported protocol version" in either.
pub(super) const ACCEPTED: u8 = 0;
const UNACCEPTABLE_LEVEL: u8 = 1;
const UNSUPPORTED_VERSION: u8 = 0x84;

/// The refusals that MQTT 3.1.1 names, each with its counterpart in MQTT 5.
const REFUSALS: [(u8, u8); 5] =
    [(UNACCEPTABLE_LEVEL, UNSUPPORTED_VERSION), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87)];

/// CONNACK with this code; `session_present` is 0 or 1.
pub(super) fn connack(
    protocol: Protocol,
    session_present: u8,
    code: u8,
    connack_properties: &ConnackProperties,
) -> Vec<u8> {
    match protocol {
        Protocol::V311 => encode::short_connack(session_present, code).to_vec(),
        Protocol::V5 => {
            let counterpart = REFUSALS.iter().find(|(old, _)| *old == code);
            let code = counterpart.map_or(code, |(_, new)| *new);
            encode::long_connack(session_present, code, &connack_properties.properties())
        }
    }
}

/// "Unsupported protocol version" as MQTT 3.1.1 writes it.
pub(super) const fn old_version_refusal() -> [u8; 4] {
    encode::short_connack(0, UNACCEPTABLE_LEVEL)
}

/// The same as MQTT 5 writes it.
pub(super) fn new_version_refusal() -> Vec<u8> {
    encode::long_connack(0, UNSUPPORTED_VERSION, &[])
}

/// How a broker that knows only these versions answers this client; `None` if it knows the client's.
pub(super) const fn unsupported_version_reply(
    connect: &Connect,
    supported_versions: SupportedVersions,
) -> Option<UnsupportedVersionReply> {
    match (connect.protocol(), supported_versions) {
        (Some(Protocol::V311), SupportedVersions::Both | SupportedVersions::Only311(_))
        | (Some(Protocol::V5), SupportedVersions::Both | SupportedVersions::Only5) => None,
        (Some(Protocol::V5), SupportedVersions::Only311(reply)) => Some(reply),
        (Some(Protocol::V311), SupportedVersions::Only5) | (None, _) => {
            Some(UnsupportedVersionReply::Connack311)
        }
    }
}
