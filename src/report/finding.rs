//! A finding in one line of words.

use crate::report::text::clean;
use crate::units;

/// `another client uses this client ID (duplicate_client_id, 96 % sure)`.
pub(super) fn headline(summary: &str, cause: &str, confidence: Option<f64>) -> String {
    let sure = confidence.map_or_else(String::new, |sure| format!(", {} sure", units::confidence(sure)));
    format!("{} ({}{sure})", clean(summary), clean(cause))
}
