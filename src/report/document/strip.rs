//! Up and down over the period as a row of shades, as many as the writer has room for.

use chrono::{DateTime, Utc};

use crate::collector::timeline::{Slot, Timeline};
use crate::report::style::Meaning;

/// Up and down from one time to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The time at its left end.
    pub from: DateTime<Utc>,
    /// The time at its right end.
    pub to: DateTime<Utc>,
    /// What is between them.
    pub timeline: Timeline,
}

impl Strip {
    /// The shades of `columns` equal slices of the period, or of fewer where it is not known as finely.
    pub fn shades(&self, columns: u16) -> Vec<Shade> {
        self.timeline.columns(columns.into()).into_iter().map(Shade::from).collect()
    }

    /// The length of one of `slices` slices in seconds.
    pub fn slice_seconds(&self, slices: usize) -> f64 {
        let length = (self.to - self.from).to_std().unwrap_or_default();
        let slices = u32::try_from(slices).unwrap_or(u32::MAX).max(1);
        length.as_secs_f64() / f64::from(slices)
    }
}

/// How a slice of the period went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// A session was up all the time.
    Up,
    /// A session was up part of the time that was watched.
    Partly,
    /// No session was up.
    Down,
    /// Nobody watched.
    Unwatched,
}

impl Shade {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 4] = [Self::Up, Self::Partly, Self::Down, Self::Unwatched];

    /// What a legend says of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Partly => "partly up",
            Self::Down => "down",
            Self::Unwatched => "not watched",
        }
    }

    /// What a colour stands for.
    pub const fn meaning(self) -> Meaning {
        match self {
            Self::Up => Meaning::Good,
            Self::Partly => Meaning::Warning,
            Self::Down => Meaning::Bad,
            Self::Unwatched => Meaning::Faint,
        }
    }
}

impl From<Slot> for Shade {
    fn from(slot: Slot) -> Self {
        match (slot.observed_ms, slot.connected_ms) {
            (..=0, _) => Self::Unwatched,
            (_, ..=0) => Self::Down,
            (observed, connected) if connected < observed => Self::Partly,
            _ => Self::Up,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_a_shade_by_how_much_of_it_a_session_was_up() {
        let slot = |observed_ms, connected_ms| Slot { observed_ms, connected_ms };
        let rows = [
            (slot(9, 9), Shade::Up),
            (slot(9, 5), Shade::Partly),
            (slot(9, 0), Shade::Down),
            (slot(0, 0), Shade::Unwatched),
        ];
        for (slot, shade) in rows {
            assert_eq!(Shade::from(slot), shade);
        }
    }
}
