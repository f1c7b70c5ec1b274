//! Up and down over the period in one line: a character for each slice, with the times of both ends and a legend.

use crate::collector::metrics::Metrics;
use crate::collector::timeline::Slot;
use crate::report::style::{Meaning, View};
use crate::units::{date_time, span};

/// What one slice looked like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    Up,
    Partly,
    Down,
    Unwatched,
}

impl Slice {
    const fn of(slot: Slot) -> Self {
        match (slot.observed_ms, slot.connected_ms) {
            (..=0, _) => Self::Unwatched,
            (_, ..=0) => Self::Down,
            (observed, connected) if connected < observed => Self::Partly,
            _ => Self::Up,
        }
    }

    /// Told apart by shape alone; each is one column wide.
    const fn symbol(self) -> char {
        match self {
            Self::Up => '█',
            Self::Partly => '▒',
            Self::Down => '▁',
            Self::Unwatched => '·',
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Partly => "partly up",
            Self::Down => "down",
            Self::Unwatched => "not watched",
        }
    }

    const fn meaning(self) -> Meaning {
        match self {
            Self::Up => Meaning::Good,
            Self::Partly => Meaning::Warning,
            Self::Down => Meaning::Bad,
            Self::Unwatched => Meaning::Faint,
        }
    }
}

/// The bar, its ends and the legend; nothing where nothing was watched.
pub(super) fn lines(metrics: &Metrics, view: &View) -> Vec<String> {
    let slices: Vec<_> =
        metrics.timeline.columns(usize::from(view.columns())).into_iter().map(Slice::of).collect();
    let (Some(from), Some(to), false) = (metrics.observation.from, metrics.observation.to, slices.is_empty())
    else {
        return Vec::new();
    };
    let ends = (date_time(view.zone, from), date_time(view.zone, to));
    let seconds = (to - from).to_std().unwrap_or_default().as_secs_f64();
    vec![painted(&slices, view), spread(&ends.0, &ends.1, slices.len()), legend(seconds, slices.len(), view)]
}

/// Runs of equal slices share one colour.
fn painted(slices: &[Slice], view: &View) -> String {
    let run = |run: &[Slice]| {
        let text: String = run.iter().map(|slice| slice.symbol()).collect();
        run.first().map(|slice| view.palette.paint(slice.meaning(), &text))
    };
    slices.chunk_by(PartialEq::eq).filter_map(run).collect()
}

/// Both ends under a bar of `columns`; side by side where the bar is too short for that.
fn spread(from: &str, to: &str, columns: usize) -> String {
    match columns.checked_sub(from.len() + to.len()) {
        Some(free) if free > 3 => format!("{from}{}{to}", " ".repeat(free)),
        _ => format!("{from} to {to}"),
    }
}

fn legend(seconds: f64, slices: usize, view: &View) -> String {
    let kinds = [Slice::Up, Slice::Partly, Slice::Down, Slice::Unwatched]
        .map(|slice| format!("{} {}", slice.symbol(), slice.words()));
    #[expect(clippy::cast_precision_loss, reason = "at most 256 slices")]
    let each = span(seconds / slices.max(1) as f64);
    let full = format!("{}   one column: {each}", kinds.join("   "));
    let fits = full.chars().count() <= usize::from(view.columns());
    view.palette.paint(Meaning::Faint, &if fits { full } else { kinds.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_states_have_four_characters() {
        let slot = |observed_ms, connected_ms| Slot { observed_ms, connected_ms };
        let rows = [(slot(9, 9), '█'), (slot(9, 5), '▒'), (slot(9, 0), '▁'), (slot(0, 0), '·')];
        for (slot, symbol) in rows {
            assert_eq!(Slice::of(slot).symbol(), symbol);
        }
    }

    #[test]
    fn the_ends_stand_under_the_ends_of_the_bar_where_they_fit() {
        assert_eq!(spread("10:00", "11:00", 16), "10:00      11:00");
        assert_eq!(spread("10:00", "11:00", 8), "10:00 to 11:00");
    }
}
