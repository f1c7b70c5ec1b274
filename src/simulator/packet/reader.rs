//! Reads the parts of a client's packet one after the other: numbers, texts, properties. It knows no packet.

use bytes::Buf;

use super::property::{KINDS, Kind, Property, SUBSCRIPTION_IDENTIFIER, USER_PROPERTY, Value};

/// Why a part of a packet cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::simulator) enum ReadError {
    /// More than four bytes.
    #[error("a length is longer than four bytes")]
    Length,
    /// Too short, or a text that is not UTF-8.
    #[error("a packet ends too early or its text is not UTF-8")]
    Content,
    /// Unknown, in the wrong packet, or twice.
    #[error("a property {0:#04x} where it does not belong")]
    Property(u8),
}

/// What is left of a packet's body.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads this body.
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// Whether all of it is read.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Passes over all that is left, and tells how many bytes that was.
    pub(super) const fn rest(&mut self) -> usize {
        let length = self.0.len();
        self.0 = &[];
        length
    }

    /// One byte.
    pub(super) fn byte(&mut self) -> Result<u8, ReadError> {
        self.0.try_get_u8().map_err(|_| ReadError::Content)
    }

    /// Two bytes, such as a packet identifier.
    pub(super) fn short(&mut self) -> Result<u16, ReadError> {
        self.0.try_get_u16().map_err(|_| ReadError::Content)
    }

    fn long(&mut self) -> Result<u32, ReadError> {
        self.0.try_get_u32().map_err(|_| ReadError::Content)
    }

    fn variable(&mut self) -> Result<usize, ReadError> {
        let (count, number) = variable(self.0)?.ok_or(ReadError::Content)?;
        self.0.advance(count);
        Ok(number)
    }

    fn piece(&mut self, length: usize) -> Result<&'a [u8], ReadError> {
        let (piece, rest) = self.0.split_at_checked(length).ok_or(ReadError::Content)?;
        self.0 = rest;
        Ok(piece)
    }

    /// Binary data behind its length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.short()?;
        self.piece(length.into())
    }

    /// Text behind its length.
    pub(super) fn text(&mut self) -> Result<String, ReadError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| ReadError::Content)
    }

    /// At least one of what `read` reads, up to the end.
    pub(super) fn all<T, E>(&mut self, read: fn(&mut Self) -> Result<T, E>) -> Result<Vec<T>, E> {
        let mut all = vec![read(self)?];
        while !self.is_empty() {
            all.push(read(self)?);
        }
        Ok(all)
    }

    /// Properties behind their length: only those `allowed`, and each once but the user's own.
    pub(super) fn properties(&mut self, allowed: &[u8]) -> Result<Vec<Property>, ReadError> {
        let length = self.variable()?;
        let mut inside = Self(self.piece(length)?);
        let mut properties: Vec<Property> = Vec::new();
        while !inside.is_empty() {
            let property = inside.property()?;
            let repeats = ![USER_PROPERTY, SUBSCRIPTION_IDENTIFIER].contains(&property.identifier)
                && properties.iter().any(|before| before.identifier == property.identifier);
            if repeats || !allowed.contains(&property.identifier) {
                return Err(ReadError::Property(property.identifier));
            }
            properties.push(property);
        }
        Ok(properties)
    }

    fn property(&mut self) -> Result<Property, ReadError> {
        let identifier = self.byte()?;
        let known = KINDS.iter().find(|(known, _)| *known == identifier);
        let (_, kind) = known.ok_or(ReadError::Property(identifier))?;
        let value = match kind {
            Kind::Byte => Value::Byte(self.byte()?),
            Kind::Short => Value::Short(self.short()?),
            Kind::Long => Value::Long(self.long()?),
            Kind::Variable => Value::Variable(self.variable()?),
            Kind::Text => Value::Text(self.text()?),
            Kind::Bytes => Value::Bytes(self.bytes()?.to_vec()),
            Kind::Pair => Value::Pair(self.text()?, self.text()?),
        };
        Ok(Property { identifier, value })
    }
}

/// A length as MQTT writes it at the front of `bytes`: how many bytes it takes, and the number; `None` if it needs more.
pub(super) fn variable(bytes: &[u8]) -> Result<Option<(usize, usize)>, ReadError> {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((index + 1, number)));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(ReadError::Length) }
}

#[cfg(test)]
mod tests {
    use super::super::property::{OF_CONNECT, OF_PUBLISH, RECEIVE_MAXIMUM, SESSION_EXPIRY};
    use super::*;

    #[test]
    fn properties_are_read_up_to_their_length() {
        let mut reader = Reader::new(b"\x08\x11\0\0\0\x3c\x21\0\x14rest");
        let expected = [
            Property::new(SESSION_EXPIRY, Value::Long(60)),
            Property::new(RECEIVE_MAXIMUM, Value::Short(20)),
        ];
        assert_eq!(reader.properties(OF_CONNECT).as_deref(), Ok(&expected[..]));
        assert_eq!(reader.rest(), 4);
    }

    #[test]
    fn a_property_that_is_unknown_out_of_place_twice_or_cut_off_is_refused() {
        let rows: [(&[u8], ReadError); 7] = [
            (b"\x02\x7e\0", ReadError::Property(0x7e)),
            (b"\x03\x23\0\x01", ReadError::Property(0x23)),
            (b"\x06\x21\0\x14\x21\0\x14", ReadError::Property(0x21)),
            (b"\x02\x21\0\x14", ReadError::Content),
            (b"\x09\x21\0\x14", ReadError::Content),
            (b"\x05\x1f\0\x09why", ReadError::Content),
            (b"\xff\xff\xff\xff", ReadError::Length),
        ];
        for (bytes, error) in rows {
            assert_eq!(Reader::new(bytes).properties(OF_CONNECT), Err(error), "{bytes:02x?}");
        }
        let user = b"\x0e\x26\0\x01a\0\x01b\x26\0\x01a\0\x01b";
        assert_eq!(Reader::new(user).properties(OF_PUBLISH).map(|properties| properties.len()), Ok(2));
    }
}
