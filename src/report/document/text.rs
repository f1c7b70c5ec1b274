//! Words and values in the order in which they are read.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::units::{self, Zone};

/// A sentence, a phrase or a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text(Vec<Inline>);

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Inline {
    /// Our own words.
    Words(Cow<'static, str>),
    /// Words from outside: what a broker, a file or another program wrote, or a sentence that quotes one of them.
    Foreign(String),
    /// An identifier from outside, to be read character by character: a URL, a client ID, a topic, the name of an error.
    Code(String),
    /// A measured or counted value.
    Value(Value),
    /// The end of a line within a cell.
    Break,
}

/// A value with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A span of time in seconds.
    Span(f64),
    /// A plain number.
    Number(u64),
    /// How many of something, given as one of them.
    Count(u64, &'static str),
    /// A ratio of 0 to 1, in percent to two decimals.
    Percent(f64),
    /// A part of a whole, in whole percent.
    Share {
        /// The part.
        part: u64,
        /// The whole.
        whole: u64,
    },
    /// A probability of 0 to 1, in whole percent.
    Confidence(f64),
    /// Date and time of day in the reader's zone.
    DateTime(DateTime<Utc>),
    /// The time of day in the reader's zone.
    TimeOfDay(DateTime<Utc>),
    /// The reader's distance from UTC at that time.
    Offset(DateTime<Utc>),
    /// The strength of a signal.
    Dbm(i32),
    /// Not known.
    Missing,
}

impl Value {
    /// A span of seconds that may be unknown.
    pub fn span(seconds: Option<f64>) -> Self {
        seconds.map_or(Self::Missing, Self::Span)
    }

    /// How a person reads it. Nothing in it came from outside.
    pub fn format(self, zone: Zone) -> String {
        match self {
            Self::Span(seconds) => units::span(seconds),
            Self::Number(number) => units::number(number),
            Self::Count(number, noun) => units::count(number, noun),
            Self::Percent(ratio) => units::percent(ratio),
            Self::Share { part, whole } => units::share(part, whole),
            Self::Confidence(probability) => units::confidence(probability),
            Self::DateTime(at) => units::date_time(zone, at),
            Self::TimeOfDay(at) => units::time_of_day(zone, at),
            Self::Offset(at) => units::offset(zone, at),
            Self::Dbm(dbm) => format!("{dbm} dBm"),
            Self::Missing => units::MISSING.to_owned(),
        }
    }
}

impl Text {
    /// The parts.
    pub fn inlines(&self) -> &[Inline] {
        &self.0
    }

    /// The same text with one more part.
    #[must_use]
    pub fn then(mut self, part: impl Into<Inline>) -> Self {
        self.0.push(part.into());
        self
    }

    /// The same text followed by another.
    #[must_use]
    pub fn followed_by(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Texts one after the other, with `separator` between them.
    pub fn joined(texts: impl IntoIterator<Item = Self>, separator: &Inline) -> Self {
        let mut joined = Self::default();
        for (number, text) in texts.into_iter().enumerate() {
            joined.0.extend((number > 0).then(|| separator.clone()));
            joined.0.extend(text.0);
        }
        joined
    }
}

impl<const N: usize> From<[Inline; N]> for Text {
    fn from(parts: [Inline; N]) -> Self {
        Self(parts.into())
    }
}

impl<T: Into<Inline>> From<T> for Text {
    fn from(part: T) -> Self {
        Self(vec![part.into()])
    }
}

impl From<&'static str> for Inline {
    fn from(words: &'static str) -> Self {
        Self::Words(Cow::Borrowed(words))
    }
}

impl From<Value> for Inline {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}
