//! `summary` as a [`Document`], in the order in which a person in trouble asks: what is it, how is it now, why, when,
//! then the numbers.
//!
//! Each file here turns one part of the report into blocks; none knows what they will look like.

mod appliances;
mod drops;
mod dump;
mod heading;
mod numbers;
mod spans;
mod verdict;

use super::Report;
use super::document::{Block, Document, Paragraph, Strip, Text, Value};
use super::style::Meaning;

/// The report as a page; of a journal without a record, what to do next.
pub fn document(report: &Report) -> Document {
    let metrics = &report.metrics;
    if metrics.target.is_none() && metrics.observation.from.is_none() {
        return nothing_yet(report.skipped_lines);
    }
    let mut blocks = heading::blocks(report);
    blocks.push(verdict::block(report));
    blocks.extend(strip(report));
    blocks.extend(sections(report));
    Document { blocks }
}

fn strip(report: &Report) -> Option<Block> {
    let (observation, timeline) = (&report.metrics.observation, &report.metrics.timeline);
    let strip = Strip { from: observation.from?, to: observation.to?, timeline: timeline.clone() };
    (!strip.shades(1).is_empty()).then_some(Block::Strip(strip))
}

/// The headings and what stands under them, of all that have something to say.
fn sections(report: &Report) -> impl Iterator<Item = Block> {
    let metrics = &report.metrics;
    [
        Some(("Overview", numbers::overview(report))),
        drops::by_error(metrics).map(|table| ("Drops by error", table)),
        drops::latest(metrics).map(|table| ("Last drops, newest first", table)),
        drops::refused_subscriptions(metrics).map(|table| ("Refused subscriptions, not active", table)),
        appliances::table(&metrics.devices).map(|table| ("Appliances behind it", table)),
        Some(("Connection", numbers::connection(metrics))),
        Some(("How long", spans::table(metrics))),
    ]
    .into_iter()
    .flatten()
    .flat_map(|(heading, block)| [Block::Heading(heading), block])
}

fn nothing_yet(skipped_lines: u64) -> Document {
    let plain = |words: &'static str| Paragraph { meaning: None, text: words.into() };
    let mut opening = vec![plain("Nothing has been watched yet: the journal is empty.")];
    opening.extend((skipped_lines > 0).then(|| {
        Paragraph {
            meaning: Some(Meaning::Warning),
            text: Text::from("! ")
                .then(Value::Count(skipped_lines, "line"))
                .then(" of it could not be read and did not count"),
        }
    }));
    let next = "Leave this running for a while, best until the connection drops, then ask again:";
    let targets = "TARGET is a broker's URL such as mqtts://broker.example; demo needs no broker.";
    Document {
        blocks: vec![
            Block::Paragraphs(opening),
            Block::Paragraphs(vec![plain(next)]),
            Block::Command("nwdiag watch TARGET"),
            Block::Paragraphs(vec![plain(targets)]),
        ],
    }
}
