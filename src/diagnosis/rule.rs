//! What a rule is, and what it says.

use super::case::Case;
use super::cause::Cause;

/// One cause and how it is recognised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// What it names.
    pub(super) cause: Cause,
    /// What it says of a case; `None` where nothing speaks for it.
    pub(super) judge: fn(&Case<'_>) -> Option<Verdict>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// The incidents that it explains, by their place in the case, in order; in the family of appliances, the silences.
    pub(super) explains: Vec<usize>,
    /// How sure it is, 0 to 1.
    pub(super) confidence: f64,
    /// How much better than chance it tells when its drops came, in nats; `None` where it rests on more than on time.
    pub(super) pins: Option<f64>,
    /// One line for a person.
    pub(super) summary: String,
    /// The figures, a line each.
    pub(super) evidence: Vec<String>,
    /// What to do.
    pub(super) fix: String,
}
