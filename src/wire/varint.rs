//! The variable byte integer, with which MQTT tells lengths: seven bits a byte, the lowest first, four bytes at most.
//!
//! A longer form than needed is read as well: the standard forbids it to senders, and it does no harm.

/// A number and the bytes that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Varint {
    /// At most 268,435,455.
    pub(super) value: usize,
    /// 1 to 4.
    pub(super) own_bytes: usize,
}

/// A fourth byte that says a fifth follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlong;

/// The number with which `bytes` begin; `None` while it has not arrived in full.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Varint>, Overlong> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some(Varint { value, own_bytes: index + 1 }));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(Overlong) }
}

/// What follows the fixed header of a whole frame.
pub(super) fn body(frame: &[u8]) -> &[u8] {
    let behind = frame.get(1..).unwrap_or_default();
    let length_bytes = read(behind).ok().flatten().map_or(0, |length| length.own_bytes);
    &behind[length_bytes..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_standard_writes_them() {
        let rows: [(&[u8], usize); 9] = [
            (&[0x00], 0),
            (&[0x7f], 127),
            (&[0x80, 0x01], 128),
            (&[0xff, 0x7f], 16_383),
            (&[0x80, 0x80, 0x01], 16_384),
            (&[0xff, 0xff, 0x7f], 2_097_151),
            (&[0x80, 0x80, 0x80, 0x01], 2_097_152),
            (&[0xff, 0xff, 0xff, 0x7f], 268_435_455),
            (&[0x81, 0x00], 1),
        ];
        for (bytes, value) in rows {
            let behind = [bytes, &[0xff; 4]].concat();
            assert_eq!(read(&behind), Ok(Some(Varint { value, own_bytes: bytes.len() })), "{bytes:02x?}");
            assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(None), "{bytes:02x?}");
        }
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff]), Err(Overlong));
    }
}
