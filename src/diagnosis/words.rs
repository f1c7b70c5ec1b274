//! Figures in words, for evidence and advice.

use crate::units;

/// A span that a limit, a timer or a period of somebody keeps to.
pub(super) fn seconds(span: f64) -> String {
    units::exact_span(span)
}

/// From the first to the second, seconds; told once where nobody can see the difference.
pub(super) fn between((low, high): (f64, f64)) -> String {
    let (from, to) = (seconds(low), seconds(high));
    if from == to { from } else { format!("{from} to {to}") }
}

/// `1 drop`, `3 drops`.
pub(super) fn count(number: usize, noun: &str) -> String {
    units::count(number as u64, noun)
}

/// `11 of 12 drops`.
pub(super) fn of(part: usize, all: usize, noun: &str) -> String {
    format!("{} of {}", units::number(part as u64), count(all, noun))
}

/// A word of outside, cut to what a line bears.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
