//! A strip of up and down in characters: one for each slice, with the times of both ends and a legend below.

use super::document::{Shade, Strip};
use super::style::{Meaning, View};
use crate::units::{date_time, span};

/// A character for a shade. Shape alone tells them apart, and each is one column wide.
const fn symbol(shade: Shade) -> char {
    match shade {
        Shade::Up => '█',
        Shade::Partly => '▒',
        Shade::Down => '▁',
        Shade::Unwatched => '·',
    }
}

/// The bar, its ends and the legend.
pub(super) fn lines(strip: &Strip, view: &View) -> [String; 3] {
    let shades = strip.shades(view.columns());
    let ends = (date_time(view.zone, strip.from), date_time(view.zone, strip.to));
    let slice = span(strip.slice_seconds(shades.len()));
    [bar(&shades, view), spread(&ends.0, &ends.1, shades.len()), legend(&slice, view)]
}

/// Runs of equal shades share one colour.
fn bar(shades: &[Shade], view: &View) -> String {
    let run = |run: &[Shade]| {
        let text: String = run.iter().map(|shade| symbol(*shade)).collect();
        run.first().map(|shade| view.palette.paint(shade.meaning(), &text))
    };
    shades.chunk_by(PartialEq::eq).filter_map(run).collect()
}

/// Both ends under a bar of `columns`; side by side where the bar is too short for that.
fn spread(from: &str, to: &str, columns: usize) -> String {
    match columns.checked_sub(from.len() + to.len()) {
        Some(free) if free > 3 => format!("{from}{}{to}", " ".repeat(free)),
        _ => format!("{from} to {to}"),
    }
}

fn legend(slice: &str, view: &View) -> String {
    let shades = Shade::ALL.map(|shade| format!("{} {}", symbol(shade), shade.words()));
    let full = format!("{}   one column: {slice}", shades.join("   "));
    let fits = full.chars().count() <= usize::from(view.columns());
    view.palette.paint(Meaning::Faint, &if fits { full } else { shades.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_stand_under_the_ends_of_the_bar_where_they_fit() {
        assert_eq!(spread("10:00", "11:00", 16), "10:00      11:00");
        assert_eq!(spread("10:00", "11:00", 8), "10:00 to 11:00");
    }

    #[test]
    fn four_shades_have_four_characters() {
        let mut symbols = Shade::ALL.map(symbol);
        symbols.sort_unstable();
        assert!(symbols.windows(2).all(|two| two[0] != two[1]), "{symbols:?}");
    }
}
