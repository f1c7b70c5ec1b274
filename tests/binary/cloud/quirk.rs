//! What a gateway does to single packets of a session that it carries otherwise as they come.

use bytes::BytesMut;

/// A packet's name, by the first half of its first byte (MQTT, section 2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet {
    Connack = 2,
    Puback = 4,
    Subscribe = 8,
    Suback = 9,
    Pingresp = 13,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Nothing.
    None,
    /// These of the broker's packets never reach the client.
    Withholds(Packet),
    /// CONNACK carries this code instead of the broker's, and the session ends with it.
    Refuses(u8),
    /// No filter is granted.
    RefusesFilters,
    /// A SUBSCRIBE that names this ends the session, and the broker never hears of it: a policy that denies.
    Denies(&'static str),
}

impl Quirk {
    /// What the broker gets of what the client sent; `None` where the session ends.
    pub(super) fn upwards(self, packets: &[BytesMut]) -> Option<Vec<u8>> {
        let is_fatal = |packet: &BytesMut| matches!(self, Self::Denies(text) if is(packet, Packet::Subscribe) && holds(packet, text));
        if packets.iter().any(is_fatal) { None } else { Some(packets.concat()) }
    }

    /// What the client gets of what the broker sent.
    pub(super) fn downwards(self, packets: Vec<BytesMut>) -> Vec<u8> {
        let passed = packets.into_iter().filter_map(|mut packet| match self {
            Self::Withholds(kind) if is(&packet, kind) => None,
            Self::RefusesFilters if is(&packet, Packet::Suback) => {
                // First byte, length, packet identifier: as few filters as these need no longer length.
                packet[4..].fill(0x80);
                Some(packet)
            }
            Self::Refuses(code) if is(&packet, Packet::Connack) => {
                // First byte, length, flags.
                packet[3] = code;
                Some(packet)
            }
            Self::None | Self::Withholds(_) | Self::Refuses(_) | Self::RefusesFilters | Self::Denies(_) => {
                Some(packet)
            }
        });
        passed.collect::<Vec<_>>().concat()
    }

    /// Whether the session ends once these have gone down.
    pub(super) fn is_over_after(self, passed: &[u8]) -> bool {
        matches!(self, Self::Refuses(_))
            && passed.first().is_some_and(|first| first >> 4 == Packet::Connack as u8)
    }
}

fn is(packet: &BytesMut, kind: Packet) -> bool {
    packet[0] >> 4 == kind as u8
}

fn holds(packet: &BytesMut, text: &str) -> bool {
    packet.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Takes the packets that are whole.
pub(super) fn whole_packets(arrived: &mut BytesMut) -> Vec<BytesMut> {
    std::iter::from_fn(|| {
        Some(arrived.split_to(first_length(arrived).filter(|length| *length <= arrived.len())?))
    })
    .collect()
}

/// The length of the first packet, head and all, once its head is here.
fn first_length(arrived: &[u8]) -> Option<usize> {
    let digits = arrived.get(1..)?.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let rest = arrived[1..=digits].iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7f));
    Some(1 + digits + rest)
}
