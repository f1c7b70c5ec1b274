//! What `nwdiag summary` and `nwdiag export` are to do.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::error::{ConfigError, Refusal};
use super::operand::Operand;
use super::period::moment;
use super::{Display, Surroundings, place, session};
use crate::cli::environment::Origins;
use crate::cli::report::{ExportArgs, SourceArgs, SummaryArgs};
use crate::cli::value::SummaryFormat;
use crate::target::Target;

/// What `nwdiag summary` is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryConfig {
    /// What to report and where to write it.
    pub report: ReportConfig,
    /// The output format.
    pub format: SummaryFormat,
}

/// What `nwdiag export` is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportConfig {
    /// What to report and where to write it.
    pub report: ReportConfig,
    /// Whether the JSON is indented.
    pub layout: Layout,
    /// How many recent drops, and how many recent connections, are listed.
    pub recent: usize,
}

/// What to report and where to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportConfig {
    /// Where records come from.
    pub source: ReportSource,
    /// Earlier records are left out.
    pub since: Option<DateTime<Utc>>,
    /// Later records are left out.
    pub until: Option<DateTime<Utc>>,
    /// The file to write; `None` for standard output.
    pub output: Option<PathBuf>,
    /// Colours, time zone and verbosity.
    pub display: Display,
}

/// Where records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSource {
    /// The journal of a target. If there is no file, nothing was recorded yet.
    Journal {
        /// The target's name.
        name: String,
        /// Where the journal is.
        path: PathBuf,
    },
    /// A file that the user named: it has to exist.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Whether JSON is indented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Indented on a terminal, one line elsewhere.
    Auto,
    /// Indented.
    Pretty,
    /// One line.
    Compact,
}

/// Resolves what `nwdiag summary` is to do.
pub(super) fn summary(
    args: SummaryArgs,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<SummaryConfig, ConfigError> {
    let display = place::display(&args.display, around.environment);
    let format = if args.json { SummaryFormat::Json } else { args.format.unwrap_or_default() };
    Ok(SummaryConfig { report: report(args.source, display, "summary", origins, around)?, format })
}

/// Recent drops and connections that `export` lists by default.
const RECENT: u32 = 50;

/// The largest `--recent`: that many drops and that many connections are kept in memory.
const MOST_RECENT: u32 = 10_000;

/// Resolves what `nwdiag export` is to do.
pub(super) fn export(
    args: ExportArgs,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<ExportConfig, ConfigError> {
    let display = place::display(&args.display, around.environment);
    let recent = args.recent.unwrap_or(RECENT);
    session::check_number(recent, 0..=MOST_RECENT).map_err(|refusal| refusal.at(origins, "recent"))?;
    let layout = match (args.pretty, args.compact) {
        (true, _) => Layout::Pretty,
        (false, true) => Layout::Compact,
        (false, false) => Layout::Auto,
    };
    let report = report(args.source, display, "export", origins, around)?;
    Ok(ExportConfig { report, layout, recent: recent as usize })
}

fn report(
    args: SourceArgs,
    display: Display,
    command: &'static str,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<ReportConfig, ConfigError> {
    let (since, until) = period(&args, display, origins, around)?;
    let source = source(&args, command, origins, around)?;
    let output = args.output.filter(|path| path != Path::new(STANDARD));
    Ok(ReportConfig { source, since, until, output, display })
}

/// The file name for standard input and standard output.
const STANDARD: &str = "-";

type Period = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

fn period(
    args: &SourceArgs,
    display: Display,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<Period, ConfigError> {
    let zone = display.zone.function(around.zone);
    let read = |option: &str, text: &Option<String>| {
        let time = text.as_deref().map(|text| moment(text, around.now, zone)).transpose();
        time.map_err(|error| Refusal::Period(error).at(origins, option))
    };
    let (since, until) = (read("since", &args.since)?, read("until", &args.until)?);
    match (since, until) {
        (Some(since), Some(until)) if since > until => {
            let text = |time| zone(time).format("%Y-%m-%d %H:%M:%S").to_string();
            let refusal = Refusal::PeriodOrder { since: text(since), until: text(until) };
            Err(refusal.at(origins, "since"))
        }
        _ => Ok((since, until)),
    }
}

fn source(
    args: &SourceArgs,
    command: &'static str,
    origins: &Origins,
    around: Surroundings<'_>,
) -> Result<ReportSource, ConfigError> {
    let chosen = args.journal.as_ref().filter(|_| !origins.from_environment("journal"));
    let operand = Operand::find(args.target.as_deref(), around.environment)?;
    // --journal on the command line wins over a target that only a variable names.
    let operand = operand.filter(|operand| operand.is_argument() || chosen.is_none());
    let Some(operand) = operand else {
        return args.journal.clone().map(ReportSource::File).ok_or(ConfigError::NoTarget(command));
    };
    match file_named(operand.text(), around.exists) {
        Some(_) if chosen.is_some() => Err(Refusal::TwoJournals.at(origins, "journal")),
        Some(source) => Ok(source),
        None => journal_of(&operand.target()?, args, around),
    }
}

/// Names that end so are files, whether or not they exist: journals, or dumps.
const FILE_ENDINGS: [&str; 2] = [".jsonl", ".json"];

/// The file that an operand names, or standard input; `None` if it names a target.
fn file_named(operand: &str, exists: &dyn Fn(&Path) -> bool) -> Option<ReportSource> {
    let is_target = operand.contains("://") || Target::parse(operand).is_ok();
    let looks_like_a_file =
        operand.contains('/') || FILE_ENDINGS.iter().any(|ending| operand.ends_with(ending));
    match operand {
        STANDARD => Some(ReportSource::Stdin),
        _ if is_target => None,
        path if looks_like_a_file || exists(Path::new(path)) => Some(ReportSource::File(path.into())),
        _ => None,
    }
}

fn journal_of(
    target: &Target,
    args: &SourceArgs,
    around: Surroundings<'_>,
) -> Result<ReportSource, ConfigError> {
    let name = target.name();
    let path = args.journal.clone().or_else(|| place::journal(&name, around.environment));
    let path = path.ok_or(ConfigError::NoStateHome(""))?;
    Ok(ReportSource::Journal { name, path })
}
