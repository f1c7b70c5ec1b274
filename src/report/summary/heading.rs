//! What was watched, how it is now, over which period, and what is wrong with the data or missing in it.

use chrono::{DateTime, Utc};

use super::dump;
use crate::collector::metrics::{Coverage, Metrics};
use crate::event::TargetFacts;
use crate::report::Report;
use crate::report::document::{Block, Inline, Paragraph, Text, Value};
use crate::report::style::Meaning;
use crate::report::text::address;

/// A part of a journal, as `tail` cuts it, has no `start`.
const WITHOUT_START: &str = "! the beginning is missing, and with it the target, its keep-alive and the time zone: give the whole \
    journal to have every cause named";

/// The target as the title, and the state, the period and each caveat as a paragraph under it.
pub(super) fn blocks(report: &Report) -> Vec<Block> {
    let Metrics { observation, target, .. } = &report.metrics;
    let title = target.as_ref().map_or_else(|| "a target that the journal does not name".into(), watched);
    let state = match &report.dump {
        Some(account) => dump::state(report, account),
        None => state(report),
    };
    let mut paragraphs = vec![state, Paragraph { meaning: None, text: period(report) }];
    paragraphs.extend(target.is_none().then(|| caveat(WITHOUT_START.into())));
    paragraphs.extend(other_targets(&report.other_targets).map(caveat));
    paragraphs.extend(caveats(observation, report.skipped_lines).map(caveat));
    paragraphs.extend(report.dump.iter().flat_map(dump::gaps).map(caveat));
    vec![Block::Title(title), Block::Paragraphs(paragraphs)]
}

fn caveat(text: Text) -> Paragraph {
    Paragraph { meaning: Some(Meaning::Warning), text }
}

/// `mqtts://broker.example:8883 as nwdiag-5f0c2a91`.
fn watched(target: &TargetFacts) -> Text {
    let address = address(target).map_or(Inline::Value(Value::Missing), |name| Inline::Code(name.to_owned()));
    match target.client_id.as_str() {
        "" => address.into(),
        client_id => [address, " as ".into(), Inline::Code(client_id.to_owned())].into(),
    }
}

fn state(report: &Report) -> Paragraph {
    let (meaning, text) = match (report.live, report.metrics.connected) {
        (true, true) => {
            let uptime = Value::Span(report.current_uptime_seconds());
            (Some(Meaning::Good), Text::from("● connected for ").then(uptime))
        }
        (true, false) => (Some(Meaning::Bad), Text::from("✗ not connected").followed_by(since_when(report))),
        (false, _) => (None, Text::from("■ not being watched now").followed_by(last_record(report))),
    };
    Paragraph { meaning, text }
}

/// The drop that nothing has mended since.
fn open_outage(metrics: &Metrics) -> Option<DateTime<Utc>> {
    metrics.last_drop.filter(|drop| !metrics.connected && metrics.last_connect <= Some(*drop))
}

fn since_when(report: &Report) -> Text {
    match (open_outage(&report.metrics), report.metrics.last_connect) {
        (Some(drop), _) => Text::from(" since the drop at ")
            .then(Value::TimeOfDay(drop))
            .then(", ")
            .then(Value::Span(report.seconds_since(drop)))
            .then(" ago"),
        (None, None) => ", and never was in this period".into(),
        (None, Some(_)) => Text::default(),
    }
}

fn last_record(report: &Report) -> Text {
    let Some(to) = report.metrics.observation.to else {
        return Text::default();
    };
    let state = match (report.metrics.connected, open_outage(&report.metrics)) {
        (true, _) => " ago; the connection was up then",
        (false, Some(_)) => " ago; the connection was down then",
        (false, None) => " ago",
    };
    Text::from(", last record ").then(Value::Span(report.seconds_since(to))).then(state)
}

fn period(report: &Report) -> Text {
    let observation = &report.metrics.observation;
    let (Some(from), Some(to)) = (observation.from, observation.to) else {
        return match report.dump {
            Some(_) => "it lists no session of this period".into(),
            None => "nothing was recorded in this period".into(),
        };
    };
    let period = Text::from(Value::DateTime(from))
        .then(" to ")
        .then(Value::DateTime(to))
        .then(" (")
        .then(Value::Offset(from))
        .then("), ");
    match observation.runs {
        0 => period.then("as far as it lists them"),
        runs => period
            .then(Value::Count(runs, "run"))
            .then(", watched ")
            .then(Value::Span(observation.observed_seconds)),
    }
}

/// Names of other targets that are given one by one; a longer list would push the verdict off the screen.
const NAMED_TARGETS: usize = 8;

/// A stream may be put together from several journals: one target is reported on, and nothing of the others.
fn other_targets(names: &[String]) -> Option<Text> {
    let (last, first) = names.get(..names.len().min(NAMED_TARGETS))?.split_last()?;
    let count = Value::Count(names.len() as u64, "other target");
    let text = Text::from("! ").then(count).then(" in the same file, left out here: ");
    let text = first.iter().fold(text, |text, name| text.then(Inline::Code(name.clone())).then(", "));
    let text = text.then(Inline::Code(last.clone()));
    let more = names.len().saturating_sub(NAMED_TARGETS) as u64;
    let text = if more > 0 { text.then(" and ").then(Value::Number(more)).then(" more") } else { text };
    Some(text.then("; give each a file of its own"))
}

fn caveats(observation: &Coverage, skipped_lines: u64) -> impl Iterator<Item = Text> {
    [
        (observation.interrupted_runs, "run", " ended without a word (killed, or power lost)"),
        (skipped_lines, "line", " of the journal could not be read and did not count"),
        (observation.records_lost, "record", " did not reach the journal (disk full or slow)"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, noun, words)| Text::from("! ").then(Value::Count(number, noun)).then(words))
}
