//! A finding in words, and what is said where there is none.

use crate::collector::devices::DeviceMetrics;
use crate::diagnosis::{Finding, LIKELY};
use crate::report::Report;
use crate::report::text::clean;
use crate::units::{self, count};

/// Fewer sessions claim no period.
const SESSIONS_FOR_A_PERIOD: u64 = 4;

/// `another client uses this client ID (duplicate_client_id, 96 % sure)`.
pub fn headline(finding: &Finding) -> String {
    let sure = units::confidence(finding.confidence);
    format!("{} ({}, {sure} sure)", clean(&finding.summary), finding.cause)
}

/// What is said where nothing is likely.
pub(super) fn nothing_likely(report: &Report) -> String {
    let drops = report.metrics.drops;
    let silent = report.metrics.devices.iter().map(DeviceMetrics::unanswered).fold(0, u64::saturating_add);
    let hint = report
        .findings
        .first()
        .filter(|_| drops > 0 || silent > 0)
        .map(|hint| format!("; at best: {}", headline(hint)));
    let hint = hint.unwrap_or_default();
    match (drops, report.metrics.failed_attempts) {
        (0, 0) if report.metrics.observation.runs == 0 && report.dump.is_some() => {
            "no drop is told of".to_owned()
        }
        (0, 0) if silent > 0 => {
            format!("no drop; {} unanswered by an appliance{hint}", count(silent, "status request"))
        }
        (0, 0) => "healthy: no drop and no failed attempt in this period".to_owned(),
        (0, failed) => {
            format!("no drop; {} failed, which names no cause yet{hint}", count(failed, "attempt"))
        }
        (1..SESSIONS_FOR_A_PERIOD, _) => format!(
            "not enough yet ({}; a period needs {SESSIONS_FOR_A_PERIOD} sessions){hint}",
            count(drops, "drop")
        ),
        (_, _) => format!("no cause stands out among {}{hint}", count(drops, "drop")),
    }
}

/// The findings that are answers.
pub(super) fn likely(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.confidence >= LIKELY)
}
