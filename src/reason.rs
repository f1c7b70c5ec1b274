//! What the codes mean with which a broker refuses or ends something: a name to search for, a sentence to read.
//!
//! It knows no packets, only the numbers. A sentence holds wherever its code may stand: in CONNACK, SUBACK, PUBACK and
//! DISCONNECT alike.

/// A code and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The number on the wire.
    pub code: u8,
    /// As the standard spells it.
    pub name: &'static str,
    /// For a person: in lower case, without a full stop.
    pub sentence: &'static str,
}

/// Where a code was found, which decides what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A CONNACK of MQTT 3.1.1. A broker that only speaks this refuses MQTT 5 with it too: then the code is below 128.
    ConnackV311,
    /// A SUBACK of MQTT 3.1.1.
    SubackV311,
    /// A DISCONNECT of MQTT 5.
    DisconnectV5,
    /// Any other packet of MQTT 5.
    V5,
}

impl Source {
    /// What the code means there; `None` where neither the standard nor custom names it.
    pub fn reason(self, code: u8) -> Option<&'static Reason> {
        match self {
            Self::ConnackV311 => connack_v311(code),
            Self::SubackV311 => suback_v311(code),
            Self::DisconnectV5 => disconnect_v5(code),
            Self::V5 => v5(code),
        }
    }

    /// As people search for it: MQTT 5 writes its codes in hexadecimal, 3.1.1 in decimal.
    fn number(self, code: u8) -> String {
        match self {
            Self::ConnackV311 | Self::SubackV311 => code.to_string(),
            Self::DisconnectV5 | Self::V5 => format!("{code:#04x}"),
        }
    }

    const fn standard(self) -> &'static str {
        match self {
            Self::ConnackV311 | Self::SubackV311 => "MQTT 3.1.1",
            Self::DisconnectV5 | Self::V5 => "MQTT 5",
        }
    }
}

/// A code of MQTT 5; 0 is told as in every packet but DISCONNECT.
fn v5(code: u8) -> Option<&'static Reason> {
    find(&V5, code)
}

/// A code of a DISCONNECT of MQTT 5: there 0 has a name of its own.
fn disconnect_v5(code: u8) -> Option<&'static Reason> {
    if code == NORMAL_DISCONNECTION.code { Some(&NORMAL_DISCONNECTION) } else { v5(code) }
}

/// A code of a CONNACK of MQTT 3.1.1 that refuses: 1 to 7.
fn connack_v311(code: u8) -> Option<&'static Reason> {
    find(&CONNACK_V311, code)
}

/// The one code of a SUBACK of MQTT 3.1.1 that refuses: 128.
fn suback_v311(code: u8) -> Option<&'static Reason> {
    find(&SUBACK_V311, code)
}

/// `Session taken over (0x8e): another client connected with the same client ID`; a code without a name as
/// `code 0xc1, which MQTT 5 does not name`.
pub fn words(code: u8, source: Source) -> String {
    let number = source.number(code);
    match source.reason(code) {
        Some(Reason { name, sentence, .. }) => format!("{name} ({number}): {sentence}"),
        None => format!("code {number}, which {} does not name", source.standard()),
    }
}

fn find(table: &'static [Reason], code: u8) -> Option<&'static Reason> {
    table.iter().find(|reason| reason.code == code)
}

const fn reason(code: u8, name: &'static str, sentence: &'static str) -> Reason {
    Reason { code, name, sentence }
}

const NORMAL_DISCONNECTION: Reason =
    reason(0x00, "Normal disconnection", "the broker ended the session and reports no error");

/// MQTT 5, table 2-6.
static V5: [Reason; 43] = [
    reason(0x00, "Success", "the broker did what it was asked for"),
    reason(0x01, "Granted QoS 1", "the subscription is in place, at QoS 1 or lower"),
    reason(0x02, "Granted QoS 2", "the subscription is in place, at QoS 2 or lower"),
    reason(
        0x04,
        "Disconnect with Will Message",
        "the session ends, and the will is to be published all the same",
    ),
    reason(0x10, "No matching subscribers", "the message was taken, but nobody subscribes to its topic"),
    reason(0x11, "No subscription existed", "there was no such subscription to end"),
    reason(0x18, "Continue authentication", "the next step of signing in is due"),
    reason(0x19, "Re-authenticate", "the client is to sign in once more over the same connection"),
    reason(0x80, "Unspecified error", "the broker does not say why, or has no better code for it"),
    reason(0x81, "Malformed Packet", "the broker could not read a packet that the client sent"),
    reason(
        0x82,
        "Protocol Error",
        "the client sent something that the standard does not allow at that point",
    ),
    reason(
        0x83,
        "Implementation specific error",
        "the client's packet is valid, but this broker does not take it",
    ),
    reason(0x84, "Unsupported Protocol Version", "the broker does not speak this version of MQTT"),
    reason(0x85, "Client Identifier not valid", "the broker does not allow this client ID"),
    reason(0x86, "Bad User Name or Password", "the broker does not accept the user name or the password"),
    reason(0x87, "Not authorized", "the broker's rules do not permit this client what it asked for"),
    reason(0x88, "Server unavailable", "the MQTT service behind this address is not available"),
    reason(0x89, "Server busy", "the broker has too much to do to serve this client now"),
    reason(0x8a, "Banned", "the broker has this client on its list of banned ones"),
    reason(0x8b, "Server shutting down", "the broker is shutting down"),
    reason(
        0x8c,
        "Bad authentication method",
        "the broker does not support this way of signing in, or it changed during the session",
    ),
    reason(0x8d, "Keep Alive timeout", "the broker heard nothing for one and a half keep-alive intervals"),
    reason(0x8e, "Session taken over", "another client connected with the same client ID"),
    reason(0x8f, "Topic Filter invalid", "the broker does not accept a topic filter of the client"),
    reason(0x90, "Topic Name invalid", "the broker does not accept the topic of a message or of the will"),
    reason(
        0x91,
        "Packet Identifier in use",
        "the packet identifier is taken already: broker and client disagree about the session",
    ),
    reason(
        0x92,
        "Packet Identifier not found",
        "the packet identifier is not known: broker and client disagree about the session",
    ),
    reason(
        0x93,
        "Receive Maximum exceeded",
        "the client sent more messages at once than the broker lets wait for their acknowledgement",
    ),
    reason(0x94, "Topic Alias invalid", "the client used a topic alias that the broker does not allow"),
    reason(0x95, "Packet too large", "the client sent a packet larger than the broker takes"),
    reason(0x96, "Message rate too high", "the client sends faster than the broker allows"),
    reason(0x97, "Quota exceeded", "a limit of the broker or of the account was reached"),
    reason(0x98, "Administrative action", "an administrator, or a tool of one, closed the connection"),
    reason(
        0x99,
        "Payload format invalid",
        "the payload of a message or of the will is not in the format that it claims",
    ),
    reason(
        0x9a,
        "Retain not supported",
        "the client asked for a retained message, and the broker keeps none",
    ),
    reason(
        0x9b,
        "QoS not supported",
        "the client published, or wants its will published, at a QoS above the broker's",
    ),
    reason(0x9c, "Use another server", "the client is to use another server for now"),
    reason(0x9d, "Server moved", "the client is to use another server from now on"),
    reason(0x9e, "Shared Subscriptions not supported", "the broker does not support shared subscriptions"),
    reason(
        0x9f,
        "Connection rate exceeded",
        "there are more new connections than the broker allows in this time",
    ),
    reason(0xa0, "Maximum connect time", "the connection has lasted as long as the broker allows"),
    reason(
        0xa1,
        "Subscription Identifiers not supported",
        "the broker does not support subscription identifiers",
    ),
    reason(
        0xa2,
        "Wildcard Subscriptions not supported",
        "the broker does not support wildcards in subscriptions",
    ),
];

/// MQTT 3.1.1, table 3.1, where each name follows the words "Connection Refused". 6 and 7 stand in no standard: Adafruit
/// IO brought them up.
static CONNACK_V311: [Reason; 7] = [
    reason(1, "unacceptable protocol version", "the broker does not speak this version of MQTT"),
    reason(2, "identifier rejected", "the broker does not allow this client ID"),
    reason(3, "Server unavailable", "the MQTT service behind this address is not available"),
    reason(4, "bad user name or password", "the broker does not accept the user name or the password"),
    reason(5, "not authorized", "the rights or the credentials of this client do not suffice"),
    reason(
        6,
        "reconnect rate exceeded (not in the standard)",
        "as Adafruit IO uses it, the client comes back too often; other brokers may mean something else",
    ),
    reason(
        7,
        "banned (not in the standard)",
        "as Adafruit IO uses it, the client is banned; other brokers may mean something else",
    ),
];

/// MQTT 3.1.1, section 3.9.3.
static SUBACK_V311: [Reason; 1] =
    [reason(0x80, "Failure", "the broker refused the subscription and does not say why")];

#[cfg(test)]
mod tests {
    use super::*;

    /// MQTT 5, table 2-6, written down from the standard: code and name a line.
    const STANDARD_V5: &str = "
        00 Success
        01 Granted QoS 1
        02 Granted QoS 2
        04 Disconnect with Will Message
        10 No matching subscribers
        11 No subscription existed
        18 Continue authentication
        19 Re-authenticate
        80 Unspecified error
        81 Malformed Packet
        82 Protocol Error
        83 Implementation specific error
        84 Unsupported Protocol Version
        85 Client Identifier not valid
        86 Bad User Name or Password
        87 Not authorized
        88 Server unavailable
        89 Server busy
        8a Banned
        8b Server shutting down
        8c Bad authentication method
        8d Keep Alive timeout
        8e Session taken over
        8f Topic Filter invalid
        90 Topic Name invalid
        91 Packet Identifier in use
        92 Packet Identifier not found
        93 Receive Maximum exceeded
        94 Topic Alias invalid
        95 Packet too large
        96 Message rate too high
        97 Quota exceeded
        98 Administrative action
        99 Payload format invalid
        9a Retain not supported
        9b QoS not supported
        9c Use another server
        9d Server moved
        9e Shared Subscriptions not supported
        9f Connection rate exceeded
        a0 Maximum connect time
        a1 Subscription Identifiers not supported
        a2 Wildcard Subscriptions not supported";

    /// MQTT 3.1.1, table 3.1, less the words "Connection Refused" that each name follows there.
    const STANDARD_CONNACK_V311: &str = "
        01 unacceptable protocol version
        02 identifier rejected
        03 Server unavailable
        04 bad user name or password
        05 not authorized";

    /// MQTT 3.1.1, section 3.9.3.
    const STANDARD_SUBACK_V311: &str = "80 Failure";

    /// The codes that `source` names, with their names, as lines of one of these tables.
    fn named(source: Source) -> Vec<String> {
        let reasons = (0..=u8::MAX).filter_map(|code| source.reason(code).map(|reason| (code, reason)));
        reasons.map(|(code, reason)| format!("{code:02x} {}", reason.name)).collect()
    }

    fn lines(table: &str) -> Vec<String> {
        table.trim().lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn each_code_has_the_name_that_the_standard_gives_it() {
        assert_eq!(named(Source::V5), lines(STANDARD_V5));
        assert_eq!(lines(STANDARD_V5).len(), 43);
        let disconnect = STANDARD_V5.replace("00 Success", "00 Normal disconnection");
        assert_eq!(named(Source::DisconnectV5), lines(&disconnect));
        let (standard, beyond): (Vec<_>, Vec<_>) =
            named(Source::ConnackV311).into_iter().partition(|line| !line.ends_with("(not in the standard)"));
        assert_eq!(standard, lines(STANDARD_CONNACK_V311));
        let beyond: Vec<&str> = beyond.iter().map(|line| &line[..2]).collect();
        assert_eq!(beyond, ["06", "07"], "Adafruit IO's own");
        assert_eq!(named(Source::SubackV311), lines(STANDARD_SUBACK_V311));
    }

    #[test]
    fn names_differ_and_sentences_fit_into_the_middle_of_a_line() {
        for table in [&V5[..], &CONNACK_V311, &SUBACK_V311, &[NORMAL_DISCONNECTION]] {
            for (index, Reason { code, name, sentence }) in table.iter().enumerate() {
                assert!(!name.is_empty() && !name.ends_with('.'), "{code:#04x}: {name}");
                assert!(!table[..index].iter().any(|other| other.name == *name), "{code:#04x}: {name}");
                assert!(sentence.len() > 10 && !sentence.ends_with('.'), "{code:#04x}: {sentence}");
                assert!(sentence.starts_with(char::is_lowercase), "{code:#04x}: {sentence}");
            }
        }
    }

    #[test]
    fn a_code_is_told_with_its_name_and_sentence_or_as_unknown() {
        let rows = [
            (
                0x8e,
                Source::DisconnectV5,
                "Session taken over (0x8e): another client connected with the same client ID",
            ),
            (
                0x00,
                Source::DisconnectV5,
                "Normal disconnection (0x00): the broker ended the session and reports no error",
            ),
            (0x00, Source::V5, "Success (0x00): the broker did what it was asked for"),
            (0xc1, Source::V5, "code 0xc1, which MQTT 5 does not name"),
            (0x03, Source::DisconnectV5, "code 0x03, which MQTT 5 does not name"),
            (2, Source::ConnackV311, "identifier rejected (2): the broker does not allow this client ID"),
            (8, Source::ConnackV311, "code 8, which MQTT 3.1.1 does not name"),
            (
                0x80,
                Source::SubackV311,
                "Failure (128): the broker refused the subscription and does not say why",
            ),
            (0x87, Source::SubackV311, "code 135, which MQTT 3.1.1 does not name"),
        ];
        for (code, source, told) in rows {
            assert_eq!(words(code, source), told);
        }
    }
}
