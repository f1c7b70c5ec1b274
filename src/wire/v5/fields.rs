//! The fields that packets are made of (MQTT 5, section 1.5), each taken from the front of a slice. At a flaw the slice
//! is left where the flaw is.

use bytes::TryGetError;

use super::super::varint;

/// What is wrong with a packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("a field reaches beyond its end")]
    Overrun,
    #[error("bytes are left over")]
    Surplus,
    #[error("a length of more than four bytes")]
    Overlong,
    #[error("a text is not UTF-8")]
    NotUtf8,
    #[error("packet identifier 0")]
    PacketIdZero,
    #[error("reserved flags are set")]
    Flags,
    #[error("it holds no code")]
    NoCode,
    #[error("a CONNACK of MQTT 3.1.1")]
    OldConnack,
    #[error("MQTT 5 has no property {0:#04x}")]
    UnknownProperty(u8),
    #[error("two properties {0}, where one may be")]
    Repeated(&'static str),
    #[error("{value} is no {property}")]
    Forbidden { property: &'static str, value: u32 },
}

impl Flaw {
    /// Whether the place where reading stopped is that of the flaw. A value that is not allowed is noticed only once all
    /// properties are read.
    pub(super) const fn is_where_reading_stopped(&self) -> bool {
        !matches!(self, Self::Forbidden { .. })
    }
}

impl From<TryGetError> for Flaw {
    fn from(_: TryGetError) -> Self {
        Self::Overrun
    }
}

/// A packet identifier, which is never 0.
pub(super) fn packet_id(bytes: &mut &[u8]) -> Result<u16, Flaw> {
    let mut behind = *bytes;
    match bytes::Buf::try_get_u16(&mut behind)? {
        0 => Err(Flaw::PacketIdZero),
        packet_id => {
            *bytes = behind;
            Ok(packet_id)
        }
    }
}

/// So many bytes.
pub(super) fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Flaw> {
    let (taken, behind) = bytes.split_at_checked(length).ok_or(Flaw::Overrun)?;
    *bytes = behind;
    Ok(taken)
}

/// A variable byte integer.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<usize, Flaw> {
    let number = varint::read(bytes).map_err(|varint::Overlong| Flaw::Overlong)?;
    let number = number.ok_or(Flaw::Overrun)?;
    take(bytes, number.own_bytes)?;
    Ok(number.value)
}

/// The length in front of a text or of binary data.
const LENGTH_BYTES: usize = 2;

/// Bytes behind a length of two.
pub(super) fn binary<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Flaw> {
    let length = bytes::Buf::try_get_u16(bytes)?;
    take(bytes, length.into())
}

/// A text behind a length of two bytes. A null character, which the standard forbids, does no harm here and is let through.
pub(super) fn text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Flaw> {
    let whole = *bytes;
    let taken = binary(bytes)?;
    std::str::from_utf8(taken).map_err(|error| {
        *bytes = &whole[LENGTH_BYTES + error.valid_up_to()..];
        Flaw::NotUtf8
    })
}

/// Refuses what is left over.
pub(super) const fn end(bytes: &[u8]) -> Result<(), Flaw> {
    if bytes.is_empty() { Ok(()) } else { Err(Flaw::Surplus) }
}
