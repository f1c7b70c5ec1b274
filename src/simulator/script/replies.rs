//! What a broker says beside codes: in CONNACK, in DISCONNECT, and to clients whose version it does not know.

use crate::simulator::packet::property::{
    ASSIGNED_CLIENT_ID, MAXIMUM_PACKET_SIZE, MAXIMUM_QOS, Property, REASON_STRING, RECEIVE_MAXIMUM,
    SERVER_KEEP_ALIVE, SERVER_REFERENCE, Value,
};

/// Which versions of MQTT a broker knows. Any other version gets the bytes of CONNACK 1 in MQTT 3.1.1, then FIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SupportedVersions {
    /// MQTT 3.1.1 and 5.
    #[default]
    Both,
    /// MQTT 3.1.1; a CONNECT of MQTT 5 is answered so.
    Only311(UnsupportedVersionReply),
    /// MQTT 5.
    Only5,
}

/// How a broker that does not know MQTT 5 answers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsupportedVersionReply {
    /// CONNACK 1 as MQTT 3.1.1 writes it, then FIN.
    Connack311,
    /// CONNACK 0x84, "unsupported protocol version", as MQTT 5 writes it, then FIN.
    Connack5,
    /// FIN without a word.
    Fin,
    /// RST.
    Rst,
}

/// What CONNACK says beside its code to a client of MQTT 5; what is `None` is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnackProperties {
    /// The keep-alive that is enforced instead of the client's, in seconds; 0 for none.
    pub server_keep_alive_seconds: Option<u16>,
    /// The largest packet that a client may send. Larger ones are taken all the same.
    pub maximum_packet_bytes: Option<u32>,
    /// The most messages that a client may have under way. More are taken all the same.
    pub receive_maximum: Option<u16>,
    /// The highest QoS, 0 or 1: subscriptions are granted no more, and a message above it ends the session.
    pub maximum_qos: Option<u8>,
    /// The client ID, where the client had none.
    pub assigned_client_id: Option<String>,
    /// The reason in words.
    pub reason_string: Option<String>,
    /// Where to go instead.
    pub server_reference: Option<String>,
}

impl ConnackProperties {
    /// Only a reason in words.
    pub fn because(reason: &str) -> Self {
        Self { reason_string: Some(reason.to_owned()), ..Self::default() }
    }

    /// Only another server.
    pub fn referring_to(server: &str) -> Self {
        Self { server_reference: Some(server.to_owned()), ..Self::default() }
    }

    /// As CONNACK carries it.
    pub(in crate::simulator) fn properties(&self) -> Vec<Property> {
        let given = [
            self.server_keep_alive_seconds.map(|value| (SERVER_KEEP_ALIVE, Value::Short(value))),
            self.maximum_packet_bytes.map(|value| (MAXIMUM_PACKET_SIZE, Value::Long(value))),
            self.receive_maximum.map(|value| (RECEIVE_MAXIMUM, Value::Short(value))),
            self.maximum_qos.map(|value| (MAXIMUM_QOS, Value::Byte(value))),
            text(ASSIGNED_CLIENT_ID, self.assigned_client_id.as_ref()),
            text(REASON_STRING, self.reason_string.as_ref()),
            text(SERVER_REFERENCE, self.server_reference.as_ref()),
        ];
        properties(given)
    }
}

/// What DISCONNECT says to a client of MQTT 5; to one of MQTT 3.1.1 it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisconnectReason {
    /// Reason code; 0 for a normal end.
    pub reason_code: u8,
    /// The reason in words.
    pub reason_string: Option<String>,
    /// Where to go instead.
    pub server_reference: Option<String>,
}

impl DisconnectReason {
    /// Only a code.
    pub const fn code(reason_code: u8) -> Self {
        Self { reason_code, reason_string: None, server_reference: None }
    }

    /// The same with a reason in words.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        Self { reason_string: Some(reason.to_owned()), ..self }
    }

    /// The same with another server.
    #[must_use]
    pub fn referring_to(self, server: &str) -> Self {
        Self { server_reference: Some(server.to_owned()), ..self }
    }

    /// As DISCONNECT carries it.
    pub(in crate::simulator) fn properties(&self) -> Vec<Property> {
        properties([
            text(REASON_STRING, self.reason_string.as_ref()),
            text(SERVER_REFERENCE, self.server_reference.as_ref()),
        ])
    }
}

type Given = Option<(u8, Value)>;

fn text(identifier: u8, text: Option<&String>) -> Given {
    text.map(|text| (identifier, Value::Text(text.clone())))
}

fn properties(given: impl IntoIterator<Item = Given>) -> Vec<Property> {
    given.into_iter().flatten().map(|(identifier, value)| Property { identifier, value }).collect()
}
