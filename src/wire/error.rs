//! Why bytes are not MQTT: which packet is wrong, what is wrong with it, and where.

/// Why bytes are not MQTT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The length in the fixed header runs over four bytes.
    #[error("a packet whose remaining length cannot be read")]
    RemainingLength {
        /// Packet type, 1 to 15.
        kind: u8,
    },
    /// Nothing that a broker sends begins so.
    #[error("a packet of type {0}, which a broker must not send")]
    PacketType(u8),
    /// Only a PUBLISH may be longer than the limit.
    #[error("a packet of type {kind} of {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Packet type, 1 to 15.
        kind: u8,
        /// Length of the whole packet.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A packet that cannot be read.
    #[error("a malformed packet of type {kind} ({reason})")]
    Malformed {
        /// Packet type, 1 to 15.
        kind: u8,
        /// What is wrong.
        reason: String,
        /// Topic of a PUBLISH; `None` where it had not arrived or is what cannot be read.
        topic: Option<String>,
        /// Where reading stopped, in bytes from the first of the packet; `None` where that is not known.
        offset: Option<usize>,
    },
    /// A packet that can be read, where it does not belong.
    #[error("{0}")]
    OutOfTurn(Misplaced),
}

/// A packet that can be read, where it does not belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// Anything but CONNACK as the answer to CONNECT.
    #[error("a packet before CONNACK")]
    BeforeConnack,
    /// CONNACK in a session that is up.
    #[error("a second CONNACK")]
    SecondConnack,
    /// SUBACK that answers to more or fewer filters than were asked for.
    #[error("a SUBACK that has not one code for each filter")]
    OtherSuback,
}

impl WireError {
    /// A packet of type `kind` in which reading stopped at `offset`, for this reason.
    pub(super) fn malformed(kind: u8, reason: &str, offset: usize) -> Self {
        Self::Malformed { kind, reason: reason.to_owned(), topic: None, offset: Some(offset) }
    }

    /// Name of the packet in the standard; `None` where that is not known.
    pub const fn packet_name(&self) -> Option<&'static str> {
        match self {
            Self::RemainingLength { kind } | Self::TooLarge { kind, .. } | Self::Malformed { kind, .. } => {
                packet_name(*kind)
            }
            Self::PacketType(kind) => packet_name(*kind),
            Self::OutOfTurn(misplaced) => match misplaced.kind() {
                Some(kind) => packet_name(kind),
                None => None,
            },
        }
    }

    /// The same error of a PUBLISH to `topic`.
    pub(super) fn published_to(self, topic: Option<&str>) -> Self {
        match self {
            Self::Malformed { kind, reason, offset, .. } => {
                Self::Malformed { kind, reason, topic: topic.map(str::to_owned), offset }
            }
            Self::RemainingLength { .. }
            | Self::PacketType(_)
            | Self::TooLarge { .. }
            | Self::OutOfTurn(_) => self,
        }
    }
}

impl Misplaced {
    /// Type of the packet, 1 to 15; `None` where it may be any.
    const fn kind(self) -> Option<u8> {
        match self {
            Self::BeforeConnack => None,
            Self::SecondConnack => Some(2),
            Self::OtherSuback => Some(9),
        }
    }
}

/// The name of a packet type in the standard (MQTT 5, table 2-1); `None` for the reserved type 0.
const fn packet_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        15 => "AUTH",
        _ => return None,
    })
}
