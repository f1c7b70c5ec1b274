//! The cause, its figures and what to do, then the other causes; or why none is named.

use crate::collector::devices::DeviceMetrics;
use crate::diagnosis::{Finding, LIKELY};
use crate::report::Report;
use crate::report::document::{Answer, Block, Inline, Text, Value};
use crate::report::style::Meaning;

/// A period in the sessions' ages is named from so many of them.
const SESSIONS_FOR_A_PERIOD: u64 = 4;

/// All findings that are answers.
pub(super) fn block(report: &Report) -> Block {
    let mut likely = report.findings.iter().filter(|finding| finding.confidence >= LIKELY);
    let first = match likely.next() {
        Some(finding) => Answer { meaning: Some(Meaning::Title), ..answer("Verdict", finding) },
        None => Answer {
            label: "Verdict",
            meaning: None,
            headline: nothing_likely(report),
            evidence: Vec::new(),
            advice: None,
        },
    };
    Block::Verdict(std::iter::once(first).chain(likely.map(|finding| answer("Also", finding))).collect())
}

fn answer(label: &'static str, finding: &Finding) -> Answer {
    Answer {
        label,
        meaning: None,
        headline: headline(finding),
        evidence: finding.evidence.iter().map(|figures| Inline::Foreign(figures.clone()).into()).collect(),
        advice: Some(Inline::Foreign(finding.fix.clone()).into()),
    }
}

/// `another client uses this client ID (duplicate_client_id, 96 % sure)`.
fn headline(finding: &Finding) -> Text {
    Text::from(Inline::Foreign(finding.summary.clone()))
        .then(" (")
        .then(Inline::Code(finding.cause.to_string()))
        .then(", ")
        .then(Value::Confidence(finding.confidence))
        .then(" sure)")
}

fn nothing_likely(report: &Report) -> Text {
    let (drops, failed) = (report.metrics.drops, report.metrics.failed_attempts);
    let unanswered =
        report.metrics.devices.iter().map(DeviceMetrics::unanswered).fold(0, u64::saturating_add);
    let text = match (drops, failed) {
        (0, 0) if report.metrics.observation.runs == 0 && report.dump.is_some() => {
            "no drop is told of".into()
        }
        (0, 0) if unanswered > 0 => Text::from("no drop; ")
            .then(Value::Count(unanswered, "status request"))
            .then(" unanswered by an appliance"),
        (0, 0) => "healthy: no drop and no failed attempt in this period".into(),
        (0, failed) => Text::from("no drop; ")
            .then(Value::Count(failed, "attempt"))
            .then(" failed, which names no cause yet"),
        (1..SESSIONS_FOR_A_PERIOD, _) => Text::from("not enough yet (")
            .then(Value::Count(drops, "drop"))
            .then("; a period needs ")
            .then(Value::Count(SESSIONS_FOR_A_PERIOD, "session"))
            .then(")"),
        (_, _) => Text::from("no cause stands out among ").then(Value::Count(drops, "drop")),
    };
    let is_trouble = drops > 0 || unanswered > 0;
    match report.findings.first().filter(|_| is_trouble) {
        Some(hint) => text.then("; at best: ").followed_by(headline(hint)),
        None => text,
    }
}
