//! A document as GitHub Flavored Markdown, to be pasted into an issue: the verdict directly below the title, tables, and
//! text from outside as text and nothing else.

mod escape;

use std::io;

use self::escape::{code, escape, escape_foreign, escape_start};
use crate::report::document::{
    Answer, Block, Column, ColumnKind, Document, Fact, Inline, Paragraph, Table, Text,
};
use crate::report::style::{Palette, View};
use crate::report::timebar;
use crate::units::Zone;

/// Columns of the bar of up and down. A page of GitHub shows about 90 without a scroll bar.
const BAR_COLUMNS: u16 = 72;

/// Writes the page, with all times in `zone`.
pub fn write(out: &mut dyn io::Write, document: &Document, zone: Zone) -> io::Result<()> {
    let mut blocks: Vec<&Block> = document.blocks.iter().collect();
    blocks.sort_by_key(|block| rank(block));
    for (number, block) in blocks.into_iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write!(out, "{}", markdown(block, zone))?;
    }
    Ok(())
}

/// The verdict comes before everything but the title: a reader of an issue may read no further.
const fn rank(block: &Block) -> u8 {
    match block {
        Block::Title(_) => 0,
        Block::Verdict(_) => 1,
        Block::Paragraphs(_)
        | Block::Strip(_)
        | Block::Heading(_)
        | Block::Facts(_)
        | Block::Table(_)
        | Block::Command(_) => 2,
    }
}

/// A block in lines, each with its end.
fn markdown(block: &Block, zone: Zone) -> String {
    match block {
        Block::Title(text) => format!("## {}\n", inline(text, zone)),
        Block::Paragraphs(paragraphs) => {
            let sentence = |sentence: &Paragraph| format!("{}\n", escape_start(inline(&sentence.text, zone)));
            paragraphs.iter().map(sentence).collect::<Vec<_>>().join("\n")
        }
        Block::Verdict(answers) => {
            answers.iter().map(|given| answer(given, zone)).collect::<Vec<_>>().join("\n")
        }
        Block::Strip(strip) => {
            let view = View { zone, palette: Palette::Plain, width: BAR_COLUMNS };
            fenced("text", &timebar::lines(strip, &view).join("\n"))
        }
        Block::Heading(words) => format!("### {}\n", escape(words)),
        Block::Facts(facts) => table(&facts_table(facts), zone),
        Block::Table(cells) => table(cells, zone),
        Block::Command(command) => fenced("sh", command),
    }
}

/// Our own lines as they are.
fn fenced(language: &str, lines: &str) -> String {
    format!("```{language}\n{lines}\n```\n")
}

fn answer(answer: &Answer, zone: Zone) -> String {
    let headline = format!("**{}: {}**\n", answer.label, inline(&answer.headline, zone));
    let items = answer.evidence.iter().map(|figures| format!("- {}\n", escape_start(inline(figures, zone))));
    let evidence: String = items.collect();
    let advice = answer.advice.as_ref().map(|advice| format!("**What to do:** {}\n", inline(advice, zone)));
    let paragraphs = [Some(headline), Some(evidence), advice].into_iter().flatten();
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n")
}

fn facts_table(facts: &[Fact]) -> Table {
    let rows = facts.iter().map(|fact| vec![fact.name.into(), fact.text.clone()]).collect();
    Table { columns: vec![Column::row_names(), Column::words("")], rows }
}

/// A table always has a header row here, if an empty one: without it, it is no table.
fn table(table: &Table, zone: Zone) -> String {
    let names = row(table.columns.iter().map(|column| escape(column.name)));
    let alignments = row(table.columns.iter().map(|column| alignment(column.kind).to_owned()));
    let rows = table.rows.iter().map(|cells| row(cells.iter().map(|cell| inline(cell, zone))));
    [names, alignments].into_iter().chain(rows).collect()
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

const fn alignment(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Words | ColumnKind::RowNames => "---",
        ColumnKind::Numbers => "---:",
    }
}

fn inline(text: &Text, zone: Zone) -> String {
    let written = text.inlines().iter().map(|part| match part {
        Inline::Words(words) => escape(words),
        Inline::Foreign(text) => escape_foreign(text),
        Inline::Code(text) => code(text),
        Inline::Value(value) => escape(&value.format(zone)),
        Inline::Break => "<br>".to_owned(),
    });
    written.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
