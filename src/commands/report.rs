//! `nwdiag summary` and `nwdiag export`: the journal through the collector into a report.

use std::path::Path;

use anyhow::Context;

use super::{CommandError, Outcome, start};
use crate::cli::value::SummaryFormat;
use crate::collector::clock::Window;
use crate::collector::{Collector, Liveness, RECENT};
use crate::config::{ExportConfig, Layout, ReportConfig, ReportSource, SummaryConfig};
use crate::diagnosis::diagnose;
use crate::io::journal_file::{self, Reading};
use crate::io::{clock, report_output, terminal};
use crate::report::style::{Palette, View};
use crate::report::{Report, json, table};

/// Columns of a table that goes to a file.
const FILE_COLUMNS: u16 = 80;

/// Prints the report as a table, or as the export.
pub(super) fn summary(config: &SummaryConfig) -> Result<Outcome, CommandError> {
    let report = report(&config.report, RECENT)?;
    let mut bytes = Vec::new();
    let written = match config.format {
        SummaryFormat::Table => table::write(&mut bytes, &report, &view(&config.report)),
        SummaryFormat::Json => json::write(&mut bytes, &report, layout(Layout::Auto, &config.report)),
    };
    written.context("cannot write the report")?;
    put(&bytes, config.report.output.as_deref())
}

/// Prints the report as JSON.
pub(super) fn export(config: &ExportConfig) -> Result<Outcome, CommandError> {
    let report = report(&config.report, config.recent)?;
    let mut bytes = Vec::new();
    json::write(&mut bytes, &report, layout(config.layout, &config.report))
        .context("cannot write the report")?;
    put(&bytes, config.report.output.as_deref())
}

fn report(config: &ReportConfig, recent: usize) -> Result<Report, CommandError> {
    let mut collector = Collector::new(Window { since: config.since, until: config.until }, recent);
    let reading = read(&config.source, &mut collector)?;
    let liveness = if reading.live { Liveness::Live } else { Liveness::Over };
    let metrics = collector.metrics(liveness);
    Ok(Report {
        generated: clock::wall(),
        live: reading.live,
        skipped_lines: reading.skipped_lines,
        findings: diagnose(&metrics),
        metrics,
    })
}

fn read(source: &ReportSource, collector: &mut Collector) -> Result<Reading, CommandError> {
    match source {
        ReportSource::Stdin => {
            let reading = journal_file::read_standard_input(|record| collector.record(record));
            Ok(reading.context("the journal on standard input")?)
        }
        ReportSource::Journal { path, .. } if journal_file::is_missing(path) => {
            Ok(Reading { skipped_lines: 0, live: false })
        }
        ReportSource::Journal { path, .. } | ReportSource::File(path) => {
            Ok(journal_file::read(path, |record| collector.record(record)).map_err(anyhow::Error::from)?)
        }
    }
}

fn view(config: &ReportConfig) -> View {
    let (palette, width) = match config.output {
        Some(_) => (Palette::Plain, FILE_COLUMNS),
        None => (start::palette(config.display.color), terminal::output_columns()),
    };
    View { zone: start::zone(config.display.zone), palette, width }
}

fn layout(wanted: Layout, config: &ReportConfig) -> json::Layout {
    match wanted {
        Layout::Pretty => json::Layout::Pretty,
        Layout::Auto if config.output.is_none() && terminal::is_on_output() => json::Layout::Pretty,
        Layout::Auto | Layout::Compact => json::Layout::Compact,
    }
}

fn put(bytes: &[u8], output: Option<&Path>) -> Result<Outcome, CommandError> {
    let put = match output {
        Some(path) => report_output::to_file(path, bytes),
        None => report_output::to_standard_output(bytes),
    };
    put.map_err(anyhow::Error::from)?;
    Ok(Outcome::Done)
}
