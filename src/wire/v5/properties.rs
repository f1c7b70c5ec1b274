//! Properties: the list, behind its length, that most packets of MQTT 5 carry (section 2.2.2).
//!
//! All of them are read, or nobody could tell where the next one begins; only what a session asks for can be had. A
//! property in a packet where it does not belong is left alone: it is a slip of the broker that does no harm.

use std::ops::RangeBounds;

use bytes::Buf;

use super::fields::{Flaw, binary, take, text, varint};

/// How a value is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Byte,
    TwoBytes,
    FourBytes,
    Varint,
    Text,
    Binary,
    TwoTexts,
}

/// How often a property may stand in one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    Often,
}

/// One kind of property.
#[derive(Debug)]
struct Kind {
    /// A variable byte integer by the standard, yet all that it names take one byte.
    identifier: u8,
    name: &'static str,
    form: Form,
    occurs: Occurs,
}

const fn once(identifier: u8, name: &'static str, form: Form) -> Kind {
    Kind { identifier, name, form, occurs: Occurs::Once }
}

const fn often(identifier: u8, name: &'static str, form: Form) -> Kind {
    Kind { identifier, name, form, occurs: Occurs::Often }
}

pub(super) const ASSIGNED_CLIENT_ID: u8 = 0x12;
pub(super) const SERVER_KEEP_ALIVE: u8 = 0x13;
pub(super) const SERVER_REFERENCE: u8 = 0x1c;
pub(super) const REASON_STRING: u8 = 0x1f;
pub(super) const RECEIVE_MAXIMUM: u8 = 0x21;
pub(super) const MAXIMUM_QOS: u8 = 0x24;
pub(super) const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// MQTT 5, table 2-4.
static KINDS: [Kind; 27] = [
    once(0x01, "Payload Format Indicator", Form::Byte),
    once(0x02, "Message Expiry Interval", Form::FourBytes),
    once(0x03, "Content Type", Form::Text),
    once(0x08, "Response Topic", Form::Text),
    once(0x09, "Correlation Data", Form::Binary),
    often(0x0b, "Subscription Identifier", Form::Varint),
    once(0x11, "Session Expiry Interval", Form::FourBytes),
    once(ASSIGNED_CLIENT_ID, "Assigned Client Identifier", Form::Text),
    once(SERVER_KEEP_ALIVE, "Server Keep Alive", Form::TwoBytes),
    once(0x15, "Authentication Method", Form::Text),
    once(0x16, "Authentication Data", Form::Binary),
    once(0x17, "Request Problem Information", Form::Byte),
    once(0x18, "Will Delay Interval", Form::FourBytes),
    once(0x19, "Request Response Information", Form::Byte),
    once(0x1a, "Response Information", Form::Text),
    once(SERVER_REFERENCE, "Server Reference", Form::Text),
    once(REASON_STRING, "Reason String", Form::Text),
    once(RECEIVE_MAXIMUM, "Receive Maximum", Form::TwoBytes),
    once(0x22, "Topic Alias Maximum", Form::TwoBytes),
    once(0x23, "Topic Alias", Form::TwoBytes),
    once(MAXIMUM_QOS, "Maximum QoS", Form::Byte),
    once(0x25, "Retain Available", Form::Byte),
    often(0x26, "User Property", Form::TwoTexts),
    once(MAXIMUM_PACKET_SIZE, "Maximum Packet Size", Form::FourBytes),
    once(0x28, "Wildcard Subscription Available", Form::Byte),
    once(0x29, "Subscription Identifier Available", Form::Byte),
    once(0x2a, "Shared Subscription Available", Form::Byte),
];

/// A value that was read; what nobody asks for is not kept.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u32),
    Text(&'a str),
    Dropped,
}

/// The properties of one packet.
#[derive(Debug, Default)]
pub(super) struct Properties<'a> {
    /// In the order of [`KINDS`], so that a million user properties take no more room than one.
    values: [Option<Value<'a>>; KINDS.len()],
}

/// Takes the list with which `bytes` begin.
pub(super) fn read<'a>(bytes: &mut &'a [u8]) -> Result<Properties<'a>, Flaw> {
    let length = varint(bytes)?;
    let whole = *bytes;
    let mut list = take(bytes, length)?;
    let mut properties = Properties::default();
    while !list.is_empty() {
        if let Err(flaw) = properties.add(&mut list) {
            *bytes = &whole[length - list.len()..];
            return Err(flaw);
        }
    }
    Ok(properties)
}

impl<'a> Properties<'a> {
    fn add(&mut self, list: &mut &'a [u8]) -> Result<(), Flaw> {
        let identifier = *list.first().ok_or(Flaw::Overrun)?;
        let (slot, kind) = slot(identifier).ok_or(Flaw::UnknownProperty(identifier))?;
        if self.values[slot].is_some() && kind.occurs == Occurs::Once {
            return Err(Flaw::Repeated(kind.name));
        }
        list.advance(1);
        self.values[slot] = Some(value(kind.form, list)?);
        Ok(())
    }

    /// The number of this property, if it is there; one outside `allowed` is a flaw.
    pub(super) fn number<N>(&self, identifier: u8, allowed: impl RangeBounds<N>) -> Result<Option<N>, Flaw>
    where
        N: TryFrom<u32> + PartialOrd,
    {
        let Some((slot, kind)) = slot(identifier) else { return Ok(None) };
        let Some(Value::Number(value)) = self.values[slot] else { return Ok(None) };
        let number = N::try_from(value).ok().filter(|number| allowed.contains(number));
        number.map(Some).ok_or(Flaw::Forbidden { property: kind.name, value })
    }

    /// The text of this property, if it is there.
    pub(super) fn text(&self, identifier: u8) -> Option<String> {
        match self.values[slot(identifier)?.0] {
            Some(Value::Text(text)) => Some(text.to_owned()),
            Some(Value::Number(_) | Value::Dropped) | None => None,
        }
    }
}

fn slot(identifier: u8) -> Option<(usize, &'static Kind)> {
    KINDS.iter().enumerate().find(|(_, kind)| kind.identifier == identifier)
}

fn value<'a>(form: Form, list: &mut &'a [u8]) -> Result<Value<'a>, Flaw> {
    match form {
        Form::Byte => Ok(Value::Number(list.try_get_u8()?.into())),
        Form::TwoBytes => Ok(Value::Number(list.try_get_u16()?.into())),
        Form::FourBytes => Ok(Value::Number(list.try_get_u32()?)),
        Form::Varint => varint(list).map(|_| Value::Dropped),
        Form::Text => text(list).map(Value::Text),
        Form::Binary => binary(list).map(|_| Value::Dropped),
        Form::TwoTexts => text(list).and_then(|_| text(list)).map(|_| Value::Dropped),
    }
}
