//! A finding in one line of words.

use crate::diagnosis::Finding;
use crate::report::text::clean;
use crate::units;

/// `another client uses this client ID (duplicate_client_id, 96 % sure)`.
pub fn headline(finding: &Finding) -> String {
    let sure = units::confidence(finding.confidence);
    format!("{} ({}, {sure} sure)", clean(&finding.summary), finding.cause)
}
