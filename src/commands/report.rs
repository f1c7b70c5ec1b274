//! `nwdiag summary` and `nwdiag export`: a journal through the collector, or a dump, into a report.

use std::path::Path;

use anyhow::Context;

use super::{CommandError, Outcome, start};
use crate::cli::value::SummaryFormat;
use crate::collector::clock::Window;
use crate::collector::metrics::Metrics;
use crate::collector::{Fold, Hosts, Liveness, RECENT};
use crate::config::{ExportConfig, Layout, ReportConfig, ReportSource, SummaryConfig};
use crate::diagnosis::{Diagnosis, diagnosis};
use crate::dump::Account;
use crate::event::Observation;
use crate::io::journal_file::{self, Reading};
use crate::io::report_input::{self, Input};
use crate::io::{clock, report_output, terminal};
use crate::report::style::{Palette, View};
use crate::report::summary::document;
use crate::report::{Report, json, markdown, table};

/// Columns of a table that goes to a file.
const FILE_COLUMNS: u16 = 80;

/// Prints the report as a page, or as the export.
pub(super) fn summary(config: &SummaryConfig) -> Result<Outcome, CommandError> {
    let report = report(&config.report, RECENT)?;
    let mut bytes = Vec::new();
    let written = match config.format {
        SummaryFormat::Table => table::write(&mut bytes, &document(&report), &view(&config.report)),
        SummaryFormat::Markdown => {
            markdown::write(&mut bytes, &document(&report), start::zone(config.report.display.zone))
        }
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
    let period = Window { since: config.since, until: config.until };
    // A journal has one writer at a time; a file or stream that the user names may be put together from several.
    let hosts = match config.source {
        ReportSource::Journal { .. } => Hosts::Together,
        ReportSource::File(_) | ReportSource::Stdin => Hosts::Apart,
    };
    let mut fold = Fold::new(period, recent, hosts);
    match read(&config.source, &mut fold)? {
        Input::Journal(reading) => Ok(of_journal(&fold, reading, recent)),
        Input::Dump(dump) => Ok(of_dump(dump.metrics(period, recent), dump.account, recent)),
    }
}

/// The report on the target of the latest record.
fn of_journal(fold: &Fold, reading: Reading, recent: usize) -> Report {
    let liveness = if reading.live { Liveness::Live } else { Liveness::Over };
    let metrics = fold.latest(liveness).map(|target| target.metrics(liveness)).unwrap_or_default();
    let Diagnosis { findings, explanations } = diagnosis(&metrics, recent);
    Report {
        generated: clock::wall(),
        live: reading.live,
        skipped_lines: reading.skipped_lines,
        findings,
        explanations,
        metrics,
        dump: None,
        other_targets: fold.others(liveness),
    }
}

/// What a dump tells is as of the moment at which it was made.
fn of_dump(metrics: Metrics, account: Account, recent: usize) -> Report {
    let Diagnosis { findings, explanations } = diagnosis(&metrics, recent);
    Report {
        generated: account.at.or(metrics.observation.to).unwrap_or_else(clock::wall),
        live: account.connected && metrics.connected,
        skipped_lines: account.skipped_lines,
        findings,
        explanations,
        metrics,
        dump: Some(account),
        other_targets: Vec::new(),
    }
}

fn read(source: &ReportSource, fold: &mut Fold) -> Result<Input, CommandError> {
    let take = |record: &Observation| fold.record(record);
    match source {
        ReportSource::Stdin => Ok(report_input::read_standard_input(take).map_err(anyhow::Error::from)?),
        ReportSource::Journal { path, .. } if journal_file::is_missing(path) => {
            Ok(Input::Journal(Reading { skipped_lines: 0, live: false }))
        }
        ReportSource::Journal { path, .. } => {
            Ok(Input::Journal(journal_file::read(path, take).map_err(anyhow::Error::from)?))
        }
        ReportSource::File(path) => Ok(report_input::read(path, take).map_err(anyhow::Error::from)?),
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
