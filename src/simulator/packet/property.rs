//! Properties of MQTT 5: what may stand in which packet, and the bytes of each. Reading them is [`super::reader`]'s.

/// How the value of a property is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Byte,
    Short,
    Long,
    Variable,
    Text,
    Bytes,
    Pair,
}

/// Every property of MQTT 5 (table 2-4) that a client may send, with the kind of its value.
pub(super) const KINDS: [(u8, Kind); 18] = [
    (PAYLOAD_FORMAT, Kind::Byte),
    (MESSAGE_EXPIRY, Kind::Long),
    (CONTENT_TYPE, Kind::Text),
    (RESPONSE_TOPIC, Kind::Text),
    (CORRELATION_DATA, Kind::Bytes),
    (SUBSCRIPTION_IDENTIFIER, Kind::Variable),
    (SESSION_EXPIRY, Kind::Long),
    (AUTHENTICATION_METHOD, Kind::Text),
    (AUTHENTICATION_DATA, Kind::Bytes),
    (REQUEST_PROBLEM_INFORMATION, Kind::Byte),
    (WILL_DELAY, Kind::Long),
    (REQUEST_RESPONSE_INFORMATION, Kind::Byte),
    (REASON_STRING, Kind::Text),
    (RECEIVE_MAXIMUM, Kind::Short),
    (TOPIC_ALIAS_MAXIMUM, Kind::Short),
    (TOPIC_ALIAS, Kind::Short),
    (USER_PROPERTY, Kind::Pair),
    (MAXIMUM_PACKET_SIZE, Kind::Long),
];

/// Whether the payload is text.
pub const PAYLOAD_FORMAT: u8 = 0x01;
/// Seconds until a message is void.
pub const MESSAGE_EXPIRY: u8 = 0x02;
/// What a payload is.
pub const CONTENT_TYPE: u8 = 0x03;
/// Where an answer is to go.
pub const RESPONSE_TOPIC: u8 = 0x08;
/// Which question an answer belongs to.
pub const CORRELATION_DATA: u8 = 0x09;
/// The client's number of a subscription.
pub const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;
/// Seconds that a session outlives its connection.
pub const SESSION_EXPIRY: u8 = 0x11;
/// The client ID that the broker gave.
pub const ASSIGNED_CLIENT_ID: u8 = 0x12;
/// The keep-alive that the broker wants instead of the client's.
pub const SERVER_KEEP_ALIVE: u8 = 0x13;
/// How both sides prove who they are.
pub const AUTHENTICATION_METHOD: u8 = 0x15;
/// The proof.
pub const AUTHENTICATION_DATA: u8 = 0x16;
/// Whether reasons are wanted in words.
pub const REQUEST_PROBLEM_INFORMATION: u8 = 0x17;
/// Seconds until the will is published.
pub const WILL_DELAY: u8 = 0x18;
/// Whether the broker is to say where answers may go.
pub const REQUEST_RESPONSE_INFORMATION: u8 = 0x19;
/// Another server.
pub const SERVER_REFERENCE: u8 = 0x1c;
/// The reason in words.
pub const REASON_STRING: u8 = 0x1f;
/// Most messages of QoS 1 and 2 on their way at a time.
pub const RECEIVE_MAXIMUM: u8 = 0x21;
/// The highest alias that is understood.
pub const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
/// A number instead of a topic.
pub const TOPIC_ALIAS: u8 = 0x23;
/// The highest QoS that the broker takes.
pub const MAXIMUM_QOS: u8 = 0x24;
/// A name and a value of the sender's own.
pub const USER_PROPERTY: u8 = 0x26;
/// The largest packet that is taken, in bytes.
pub const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// What may stand in CONNECT.
pub(super) const OF_CONNECT: &[u8] = &[
    SESSION_EXPIRY,
    RECEIVE_MAXIMUM,
    MAXIMUM_PACKET_SIZE,
    TOPIC_ALIAS_MAXIMUM,
    REQUEST_RESPONSE_INFORMATION,
    REQUEST_PROBLEM_INFORMATION,
    USER_PROPERTY,
    AUTHENTICATION_METHOD,
    AUTHENTICATION_DATA,
];
/// What may stand in a will.
pub(super) const OF_WILL: &[u8] = &[
    WILL_DELAY,
    PAYLOAD_FORMAT,
    MESSAGE_EXPIRY,
    CONTENT_TYPE,
    RESPONSE_TOPIC,
    CORRELATION_DATA,
    USER_PROPERTY,
];
/// What may stand in a client's PUBLISH.
pub(super) const OF_PUBLISH: &[u8] = &[
    PAYLOAD_FORMAT,
    MESSAGE_EXPIRY,
    TOPIC_ALIAS,
    RESPONSE_TOPIC,
    CORRELATION_DATA,
    USER_PROPERTY,
    CONTENT_TYPE,
];
/// What may stand in PUBACK, PUBREC, PUBREL and PUBCOMP.
pub(super) const OF_ACKNOWLEDGEMENT: &[u8] = &[REASON_STRING, USER_PROPERTY];
/// What may stand in SUBSCRIBE.
pub(super) const OF_SUBSCRIBE: &[u8] = &[SUBSCRIPTION_IDENTIFIER, USER_PROPERTY];
/// What may stand in UNSUBSCRIBE.
pub(super) const OF_UNSUBSCRIBE: &[u8] = &[USER_PROPERTY];
/// What may stand in a client's DISCONNECT.
pub(super) const OF_DISCONNECT: &[u8] = &[SESSION_EXPIRY, REASON_STRING, USER_PROPERTY];

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Which one.
    pub identifier: u8,
    /// What it says.
    pub value: Value,
}

/// What a property says, by how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One byte.
    Byte(u8),
    /// Two bytes.
    Short(u16),
    /// Four bytes.
    Long(u32),
    /// One to four bytes.
    Variable(usize),
    /// UTF-8.
    Text(String),
    /// Binary data.
    Bytes(Vec<u8>),
    /// A name and its value.
    Pair(String, String),
}

impl Property {
    /// A property with this value.
    pub const fn new(identifier: u8, value: Value) -> Self {
        Self { identifier, value }
    }

    /// Puts its bytes behind `bytes`.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.identifier);
        match &self.value {
            Value::Byte(byte) => bytes.push(*byte),
            Value::Short(number) => bytes.extend(number.to_be_bytes()),
            Value::Long(number) => bytes.extend(number.to_be_bytes()),
            Value::Variable(number) => write_variable(*number, bytes),
            Value::Text(text) => write_bytes(text.as_bytes(), bytes),
            Value::Bytes(data) => write_bytes(data, bytes),
            Value::Pair(name, value) => {
                write_bytes(name.as_bytes(), bytes);
                write_bytes(value.as_bytes(), bytes);
            }
        }
    }
}

/// Properties behind their length, as packets carry them.
pub(super) fn written(properties: &[Property]) -> Vec<u8> {
    let mut inside = Vec::new();
    for property in properties {
        property.write(&mut inside);
    }
    let mut bytes = Vec::with_capacity(inside.len() + 4);
    write_variable(inside.len(), &mut bytes);
    bytes.extend(inside);
    bytes
}

/// Writes a number as MQTT writes lengths: seven bits a byte, the low ones first.
pub(super) fn write_variable(mut number: usize, bytes: &mut Vec<u8>) {
    while number > 0x7f {
        bytes.push(0x80 | number.to_le_bytes()[0]);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Texts here come from scripts and filters, and what is beyond two bytes of length is left out.
fn write_bytes(data: &[u8], bytes: &mut Vec<u8>) {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(data.iter().take(length.into()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_the_bytes_of_the_standard_behind_their_length() {
        let rows: [(&[Property], &[u8]); 4] = [
            (&[], b"\x00"),
            (&[Property::new(SERVER_KEEP_ALIVE, Value::Short(5))], b"\x03\x13\0\x05"),
            (
                &[
                    Property::new(MAXIMUM_PACKET_SIZE, Value::Long(256)),
                    Property::new(MAXIMUM_QOS, Value::Byte(1)),
                ],
                b"\x07\x27\0\0\x01\0\x24\x01",
            ),
            (
                &[
                    Property::new(USER_PROPERTY, Value::Pair("a".to_owned(), "b".to_owned())),
                    Property::new(REASON_STRING, Value::Text("why".to_owned())),
                ],
                b"\x0d\x26\0\x01a\0\x01b\x1f\0\x03why",
            ),
        ];
        for (properties, bytes) in rows {
            assert_eq!(written(properties), bytes, "{properties:?}");
        }
    }

    #[test]
    fn a_length_takes_as_many_bytes_as_it_needs() {
        let rows: [(usize, &[u8]); 5] = [
            (0, b"\x00"),
            (127, b"\x7f"),
            (128, b"\x80\x01"),
            (16_384, b"\x80\x80\x01"),
            (268_435_455, b"\xff\xff\xff\x7f"),
        ];
        for (number, bytes) in rows {
            let mut written = Vec::new();
            write_variable(number, &mut written);
            assert_eq!(written, bytes, "{number}");
        }
    }
}
