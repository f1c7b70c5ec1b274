//! `summary` for people: the report as a page of calm tables, never wider than asked.
//!
//! This file sets the page; [`heading`], [`timebar`] and [`rows`] say what stands on it.

mod account;
mod appliances;
mod grid;
mod heading;
mod rows;
mod timebar;
mod verdict;

use std::io;

use self::grid::wrapped;
use crate::report::Report;
use crate::report::style::{Meaning, View};
use crate::units::count;

/// Columns by which tables stand back from their titles.
const INDENT: u16 = 2;

/// Writes the report; a journal without a record gets a word on what to do next instead.
pub fn write(out: &mut dyn io::Write, report: &Report, view: &View) -> io::Result<()> {
    if report.metrics.target.is_none() && report.metrics.observation.from.is_none() {
        return write_empty(out, report, view);
    }
    for (meaning, text) in heading::lines(report, view) {
        write_paragraph(out, &text, meaning, view)?;
    }
    writeln!(out)?;
    for line in verdict::lines(report) {
        write_indented(out, &line, view)?;
    }
    let bar = timebar::lines(&report.metrics, view);
    write_block(out, (!bar.is_empty()).then_some(bar))?;
    for (title, grid) in rows::sections(report, view) {
        writeln!(out, "\n{}", view.palette.paint(Meaning::Title, title))?;
        for line in grid.lines(view.columns() - INDENT) {
            let line = format!("{:indent$}{line}", "", indent = usize::from(INDENT));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}

fn write_empty(out: &mut dyn io::Write, report: &Report, view: &View) -> io::Result<()> {
    write_paragraph(out, "Nothing has been watched yet: the journal is empty.", None, view)?;
    if report.skipped_lines > 0 {
        let lines = count(report.skipped_lines, "line");
        let caveat = format!("! {lines} of it could not be read and did not count");
        write_paragraph(out, &caveat, Some(Meaning::Warning), view)?;
    }
    let next = "Leave this running for a while, best until the connection drops, then ask again:";
    writeln!(out)?;
    write_paragraph(out, next, None, view)?;
    writeln!(out, "\n  nwdiag watch TARGET\n")?;
    let targets = "TARGET is a broker's URL such as mqtts://broker.example; demo needs no broker.";
    write_paragraph(out, targets, None, view)
}

fn write_block(out: &mut dyn io::Write, lines: Option<Vec<String>>) -> io::Result<()> {
    let Some(lines) = lines else {
        return Ok(());
    };
    writeln!(out)?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn write_indented(out: &mut dyn io::Write, line: &verdict::Line, view: &View) -> io::Result<()> {
    let hanging = if line.indent == 0 { 0 } else { INDENT };
    let texts = wrapped(&line.text, view.columns().saturating_sub(line.indent + hanging));
    for (number, text) in texts.iter().enumerate() {
        let text = line.meaning.map_or_else(|| text.clone(), |meaning| view.palette.paint(meaning, text));
        let indent = line.indent + if number == 0 { 0 } else { hanging };
        writeln!(out, "{:indent$}{text}", "", indent = usize::from(indent))?;
    }
    Ok(())
}

/// Colours come after wrapping, line by line: escapes have no width.
fn write_paragraph(
    out: &mut dyn io::Write,
    text: &str,
    meaning: Option<Meaning>,
    view: &View,
) -> io::Result<()> {
    for line in wrapped(text, view.columns()) {
        let line = meaning.map_or_else(|| line.clone(), |meaning| view.palette.paint(meaning, &line));
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
