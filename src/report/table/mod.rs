//! A document for a terminal or a text file: calm tables, never wider than asked.
//!
//! What would steer or deceive a terminal is shown as an escape. Colours come after wrapping, line by line, as escapes
//! have no width.

mod grid;

use std::io;

use self::grid::{Grid, wrapped};
use crate::report::document::{Answer, Block, Column, Document, Fact, Inline, Paragraph, Table, Text};
use crate::report::style::{Meaning, View};
use crate::report::text::clean;
use crate::report::timebar;
use crate::units::Zone;

/// Columns by which tables, evidence and continued lines are indented.
const INDENT: u16 = 2;

/// Writes the page.
pub fn write(out: &mut dyn io::Write, document: &Document, view: &View) -> io::Result<()> {
    let mut above = None;
    for block in &document.blocks {
        if above.is_some_and(|above| !stands_on_the_next(above)) {
            writeln!(out)?;
        }
        for line in lines(block, view) {
            writeln!(out, "{}", line.trim_end())?;
        }
        above = Some(block);
    }
    Ok(())
}

/// Whether no empty line parts a block from the one below it.
const fn stands_on_the_next(block: &Block) -> bool {
    match block {
        Block::Title(_) | Block::Heading(_) => true,
        Block::Paragraphs(_)
        | Block::Verdict(_)
        | Block::Strip(_)
        | Block::Facts(_)
        | Block::Table(_)
        | Block::Command(_) => false,
    }
}

fn lines(block: &Block, view: &View) -> Vec<String> {
    match block {
        Block::Title(text) => {
            paragraph(&terminal_text(text, view.zone), Layout::page(Some(Meaning::Title)), view)
        }
        Block::Paragraphs(paragraphs) => {
            paragraphs.iter().flat_map(|paragraph| sentence(paragraph, view)).collect()
        }
        Block::Verdict(answers) => answers.iter().flat_map(|given| answer(given, view)).collect(),
        Block::Strip(strip) => timebar::lines(strip, view).into(),
        Block::Heading(words) => vec![view.palette.paint(Meaning::Title, words)],
        Block::Facts(facts) => grid_lines(facts_grid(facts, view.zone), view),
        Block::Table(table) => grid_lines(table_grid(table, view.zone), view),
        Block::Command(command) => vec![indented(command)],
    }
}

fn sentence(sentence: &Paragraph, view: &View) -> Vec<String> {
    paragraph(&terminal_text(&sentence.text, view.zone), Layout::page(sentence.meaning), view)
}

fn answer(answer: &Answer, view: &View) -> Vec<String> {
    let headline = format!("{}: {}", answer.label, terminal_text(&answer.headline, view.zone));
    let mut lines = paragraph(&headline, Layout::page(answer.meaning), view);
    for evidence in &answer.evidence {
        let text = format!("- {}", terminal_text(evidence, view.zone));
        lines.extend(paragraph(&text, Layout::INDENTED, view));
    }
    if let Some(advice) = &answer.advice {
        let text = format!("What to do: {}", terminal_text(advice, view.zone));
        lines.extend(paragraph(&text, Layout::INDENTED, view));
    }
    lines
}

/// How a paragraph stands on the page.
#[derive(Clone, Copy)]
struct Layout {
    meaning: Option<Meaning>,
    /// Columns before the first line.
    first: u16,
    /// Columns before each further line.
    further: u16,
}

impl Layout {
    const INDENTED: Self = Self { meaning: None, first: INDENT, further: 2 * INDENT };

    const fn page(meaning: Option<Meaning>) -> Self {
        Self { meaning, first: 0, further: 0 }
    }
}

fn paragraph(text: &str, layout: Layout, view: &View) -> Vec<String> {
    let lines = wrapped(text, view.columns() - layout.further);
    let laid_out = |(number, line): (usize, String)| {
        let indent = if number == 0 { layout.first } else { layout.further };
        let line = layout.meaning.map_or_else(|| line.clone(), |meaning| view.palette.paint(meaning, &line));
        format!("{:indent$}{line}", "", indent = usize::from(indent))
    };
    lines.into_iter().enumerate().map(laid_out).collect()
}

fn facts_grid(facts: &[Fact], zone: Zone) -> Grid {
    let mut grid = Grid::new(&[Column::row_names(), Column::words("")]);
    for fact in facts {
        grid.row([fact.name.to_owned(), terminal_text(&fact.text, zone)]);
    }
    grid
}

fn table_grid(table: &Table, zone: Zone) -> Grid {
    let mut grid = Grid::new(&table.columns);
    if table.is_headed() {
        grid = grid.headed();
    }
    for row in &table.rows {
        grid.row(row.iter().map(|cell| terminal_text(cell, zone)));
    }
    grid
}

fn grid_lines(grid: Grid, view: &View) -> Vec<String> {
    grid.lines(view.columns() - INDENT).iter().map(|line| indented(line)).collect()
}

fn indented(line: &str) -> String {
    format!("{:indent$}{line}", "", indent = usize::from(INDENT))
}

/// A text in characters that are safe to send to a terminal.
fn terminal_text(text: &Text, zone: Zone) -> String {
    let mut written = String::new();
    for part in text.inlines() {
        match part {
            Inline::Words(words) => written.push_str(words),
            Inline::Foreign(text) | Inline::Code(text) => written.push_str(&clean(text)),
            Inline::Value(value) => written.push_str(&value.format(zone)),
            Inline::Break => written.push('\n'),
        }
    }
    written
}

#[cfg(test)]
mod tests;
