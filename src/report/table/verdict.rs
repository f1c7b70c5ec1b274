//! What a summary opens with: the cause, its figures and what to do; then the other causes.

use crate::diagnosis::Finding;
use crate::report::Report;
use crate::report::finding::{headline, likely, nothing_likely};
use crate::report::style::Meaning;
use crate::report::text::clean;

/// A line, how far it stands back, and what its colour stands for.
pub(super) struct Line {
    pub(super) indent: u16,
    pub(super) meaning: Option<Meaning>,
    pub(super) text: String,
}

impl Line {
    fn new(indent: u16, meaning: Option<Meaning>, text: impl Into<String>) -> Self {
        Self { indent, meaning, text: text.into() }
    }
}

/// The verdict.
pub(super) fn lines(report: &Report) -> Vec<Line> {
    let findings: Vec<&Finding> = likely(&report.findings).collect();
    match findings.split_first() {
        None => vec![Line::new(0, None, format!("Verdict: {}", nothing_likely(report)))],
        Some((best, others)) => {
            let mut lines = vec![Line::new(0, Some(Meaning::Title), format!("Verdict: {}", headline(best)))];
            lines.extend(reasons(best));
            lines.extend(others.iter().flat_map(|other| {
                std::iter::once(Line::new(0, None, format!("Also: {}", headline(other))))
                    .chain(reasons(other))
            }));
            lines
        }
    }
}

fn reasons(finding: &Finding) -> impl Iterator<Item = Line> {
    let evidence = finding.evidence.iter().map(|line| Line::new(2, None, format!("- {}", clean(line))));
    evidence.chain(std::iter::once(Line::new(2, None, format!("What to do: {}", clean(&finding.fix)))))
}
