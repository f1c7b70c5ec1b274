//! Figures in words, for evidence and advice.

/// `86 400 s (24 h)`, `300 s (5 min)`, `42 s`, `0.8 s`.
pub(super) fn seconds(span: f64) -> String {
    let exact = if span < 10.0 { format!("{span:.1} s") } else { format!("{span:.0} s") };
    let in_units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min")];
    let unit = in_units.into_iter().find(|(length, _)| span >= 2.0 * length);
    match unit {
        Some((length, name)) => format!("{exact} ({} {name})", rounded(span / length)),
        None => exact,
    }
}

/// From the first to the second, seconds; told once where nobody can see the difference.
pub(super) fn between((low, high): (f64, f64)) -> String {
    let (from, to) = (seconds(low), seconds(high));
    if from == to { from } else { format!("{from} to {to}") }
}

fn rounded(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// `1 drop`, `3 drops`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `11 of 12 drops`.
pub(super) fn of(part: usize, all: usize, noun: &str) -> String {
    format!("{part} of {}", count(all, noun))
}

/// How many drops came with this reason of the broker's, if any did.
pub(super) fn told(drops: usize, reason: &str) -> Option<String> {
    (drops > 0).then(|| format!("{} with reason {reason}", count(drops, "drop")))
}

/// A word of outside, cut to what a line bears.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
