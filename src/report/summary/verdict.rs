//! The cause, its figures and what to do, then the other causes; or why none is named.

use crate::collector::devices::DeviceMetrics;
use crate::diagnosis::{Finding, LIKELY};
use crate::report::Report;
use crate::report::document::{Answer, Block, Inline, Text, Value};
use crate::report::style::Meaning;

/// All findings that are answers, those that are over after those that are at work.
pub(super) fn block(report: &Report) -> Block {
    let (answers, history): (Vec<&Finding>, Vec<&Finding>) = report
        .findings
        .iter()
        .filter(|finding| finding.confidence >= LIKELY)
        .partition(|finding| finding.is_answer());
    let mut answers = answers.into_iter();
    let first = match answers.next() {
        Some(finding) => Answer { meaning: Some(Meaning::Title), ..answer("Verdict", finding) },
        None => Answer {
            label: "Verdict",
            meaning: None,
            headline: nothing_likely(report, history.first().copied()),
            evidence: latest(report),
            advice: None,
        },
    };
    let others = answers.map(|finding| answer("Also", finding));
    let over = history.iter().map(|finding| answer("Over", finding));
    Block::Verdict(std::iter::once(first).chain(others).chain(over).collect())
}

/// How many of the latest incidents are told where no cause is named.
const TOLD: usize = 3;

/// What happened in the latest incidents, where no cause says it.
fn latest(report: &Report) -> Vec<Text> {
    let explanations = report.explanations.iter().rev().take(TOLD);
    explanations.map(|explanation| Inline::Foreign(explanation.what.clone()).into()).collect()
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

fn nothing_likely(report: &Report, over: Option<&Finding>) -> Text {
    let (drops, failed) = (report.metrics.drops, report.metrics.failed_attempts);
    let unanswered =
        report.metrics.devices.iter().map(DeviceMetrics::unanswered).fold(0, u64::saturating_add);
    if over.is_some() {
        return "no trouble at present: what there was is over".into();
    }
    let text = match (drops, failed) {
        (0, 0) if report.metrics.observation.runs == 0 && report.dump.is_some() => {
            "no drop is told of".into()
        }
        (0, 0) if unanswered > 0 => Text::from("no drop; ")
            .then(Value::Count(unanswered, "status request"))
            .then(" unanswered by an appliance"),
        (0, 0) => "healthy: no drop and no failed attempt in this period".into(),
        (0, failed) => Text::from("no drop; ").then(Value::Count(failed, "attempt")).then(" failed"),
        (1..PATTERN, _) => Text::from("no pattern yet in ").then(Value::Count(drops, "drop")),
        (_, _) => Text::from("no cause stands out among ").then(Value::Count(drops, "drop")),
    };
    let is_trouble = drops > 0 || unanswered > 0;
    match report.findings.first().filter(|_| is_trouble) {
        Some(hint) => text.then("; at best: ").followed_by(headline(hint)),
        None => text,
    }
}

/// Fewer drops show no pattern.
const PATTERN: u64 = 4;
