//! The numbers of the connection: how available it was, and what was counted.

use crate::collector::metrics::{ATTEMPT_BUCKETS, Coverage, Metrics};
use crate::report::Report;
use crate::report::document::{Block, Fact, Inline, Text, Value};

/// How bad it is.
pub(super) fn overview(report: &Report) -> Block {
    let metrics = &report.metrics;
    Block::Facts(vec![
        Fact { name: "Availability", text: availability(&metrics.observation) },
        Fact { name: "Drops", text: drops(report) },
        Fact { name: "Reconnections", text: reconnections(metrics) },
    ])
}

fn availability(observation: &Coverage) -> Text {
    let Some(ratio) = observation.availability() else {
        return Value::Missing.into();
    };
    let suspended = observation.suspended_seconds;
    let text = Text::from(Value::Percent(ratio))
        .then(", up ")
        .then(Value::Span(observation.connected_seconds))
        .then(" of ")
        .then(Value::Span(observation.observed_seconds - suspended));
    if suspended > 0.0 { text.then(" awake; this host slept ").then(Value::Span(suspended)) } else { text }
}

fn drops(report: &Report) -> Text {
    let drops = Text::from(Value::Number(report.metrics.drops));
    match report.mean_time_between_drops_seconds() {
        Some(mean) => drops.then(", one in ").then(Value::Span(mean)).then(" of connection on average"),
        None => drops,
    }
}

fn reconnections(metrics: &Metrics) -> Text {
    let recovered = Text::from(Value::Number(metrics.recovered));
    match metrics.reconnects.mean {
        Some(mean) => recovered.then(", after ").then(Value::Span(mean)).then(" on average"),
        None => recovered,
    }
}

/// What was counted.
pub(super) fn connection(metrics: &Metrics) -> Block {
    let number = |name, number| Fact { name, text: Value::Number(number).into() };
    Block::Facts(vec![
        number("First connections", metrics.connections),
        number("Closed on purpose", metrics.disconnects),
        number("Reconnect attempts", metrics.reconnect_attempts),
        Fact { name: "Failed attempts", text: failed_attempts(metrics) },
        Fact { name: "Attempts per outage", text: outages(metrics) },
        Fact { name: "Messages", text: messages(metrics) },
    ])
}

/// `3 (dns 1, tcp 2)`.
fn failed_attempts(metrics: &Metrics) -> Text {
    let failed = Text::from(Value::Number(metrics.failed_attempts));
    let phases = metrics.failed_attempts_by_phase.iter();
    let phases =
        phases.map(|(phase, failed)| Text::from(phase.as_str()).then(" ").then(Value::Number(*failed)));
    if metrics.failed_attempts_by_phase.is_empty() {
        return failed;
    }
    failed.then(" (").followed_by(listed(phases)).then(")")
}

/// `1 in 12 outages, 2-5 in 1 outage`; only what happened.
fn outages(metrics: &Metrics) -> Text {
    let buckets = ATTEMPT_BUCKETS.iter().zip(metrics.outages_by_attempts).filter(|(_, outages)| *outages > 0);
    let mut buckets = buckets
        .map(|(bucket, outages)| Text::from(*bucket).then(" in ").then(Value::Count(outages, "outage")))
        .peekable();
    if buckets.peek().is_none() {
        return Value::Missing.into();
    }
    listed(buckets)
}

fn messages(metrics: &Metrics) -> Text {
    let counted = |number, words: &'static str| Text::from(Value::Number(number)).then(words);
    listed([
        counted(metrics.messages_published, " published"),
        counted(metrics.messages_queued, " queued"),
        counted(metrics.messages_received, " received"),
    ])
}

fn listed(texts: impl IntoIterator<Item = Text>) -> Text {
    Text::joined(texts, &Inline::from(", "))
}
