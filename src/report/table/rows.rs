//! The sections of a summary, in the order in which a person in trouble asks: how bad, why, when, then the numbers.
//!
//! Each section is a pure function from the report to a table; the page around them is made elsewhere.

use super::appliances;
use super::grid::{Grid, Kind};
use crate::collector::metrics::{ATTEMPT_BUCKETS, Dated, Distribution, Metrics, Observation};
use crate::event::SessionDrop;
use crate::report::Report;
use crate::report::style::View;
use crate::report::suback;
use crate::report::text::clean;
use crate::units::{MISSING, count, date_time, number, percent, share, span};

/// A title and the table under it.
pub(super) type Section = (&'static str, Grid);

/// Drops shown one by one.
const DROPS_SHOWN: usize = 5;

/// Error names shown one by one.
const ERRORS_SHOWN: usize = 8;

/// All sections that have something to say.
pub(super) fn sections(report: &Report, view: &View) -> Vec<Section> {
    let metrics = &report.metrics;
    [
        Some(("Overview", overview(report))),
        errors(metrics).map(|grid| ("Drops by error", grid)),
        last_drops(metrics, view).map(|grid| ("Last drops, newest first", grid)),
        refused(metrics).map(|grid| ("Refused subscriptions, not active", grid)),
        appliances::grid(&metrics.devices, view).map(|grid| ("Appliances behind it", grid)),
        Some(("Connection", connection(metrics))),
        Some(("How long", spans(metrics))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn overview(report: &Report) -> Grid {
    let metrics = &report.metrics;
    let mut grid = Grid::facts();
    grid.row(["Availability".to_owned(), availability(&metrics.observation)]);
    grid.row(["Drops".to_owned(), drops(report)]);
    grid.row(["Reconnections".to_owned(), reconnections(metrics)]);
    grid
}

fn availability(observation: &Observation) -> String {
    let Some(ratio) = observation.availability() else {
        return MISSING.to_owned();
    };
    let awake = span(observation.observed_seconds - observation.suspended_seconds);
    let shown = format!("{}, up {} of {awake}", percent(ratio), span(observation.connected_seconds));
    if observation.suspended_seconds > 0.0 {
        format!("{shown} awake; this host slept {}", span(observation.suspended_seconds))
    } else {
        shown
    }
}

fn drops(report: &Report) -> String {
    let drops = number(report.metrics.drops);
    match report.mean_time_between_drops_seconds() {
        Some(mean) => format!("{drops}, one in {} of connection on average", span(mean)),
        None => drops,
    }
}

fn reconnections(metrics: &Metrics) -> String {
    let recovered = number(metrics.recovered);
    match metrics.reconnects.mean {
        Some(mean) => format!("{recovered}, after {} on average", span(mean)),
        None => recovered,
    }
}

fn errors(metrics: &Metrics) -> Option<Grid> {
    let (shown, others) = metrics.drops_by_error.split_at(metrics.drops_by_error.len().min(ERRORS_SHOWN));
    let mut grid = Grid::new(&[Kind::Number, Kind::Number, Kind::Words]).headed(&["Drops", "Share", "Error"]);
    let row = |drops: u64, name: String| [number(drops), share(drops, metrics.drops), name];
    for (name, drops) in shown {
        grid.row(row(*drops, clean(name).into_owned()));
    }
    if !others.is_empty() {
        let sum = others.iter().map(|(_, drops)| drops).fold(0, |sum: u64, drops| sum.saturating_add(*drops));
        grid.row(row(sum, format!("{} others", others.len())));
    }
    (!shown.is_empty()).then_some(grid)
}

fn last_drops(metrics: &Metrics, view: &View) -> Option<Grid> {
    let mut grid = Grid::new(&[Kind::Words, Kind::Number, Kind::Words]).headed(&["When", "Session", "Why"]);
    for drop in metrics.recent_drops.iter().rev().take(DROPS_SHOWN) {
        let session = span_or_missing(drop.fact.duration_connected_seconds);
        grid.row([date_time(view.zone, drop.at), session, why(drop)]);
    }
    (!metrics.recent_drops.is_empty()).then_some(grid)
}

/// The sentence, and the name for those who search below it.
fn why(drop: &Dated<SessionDrop>) -> String {
    let (name, message) = (&*drop.fact.error_name, drop.fact.error_message.as_str());
    // Messages of the CRT begin with its name.
    let message = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
    let told = [message, name];
    let told: Vec<_> = told.into_iter().filter(|text| !text.is_empty()).map(clean).collect();
    told.join("\n")
}

fn refused(metrics: &Metrics) -> Option<Grid> {
    let mut refused = metrics.subscriptions.iter().filter(|answer| answer.granted_qos.is_none()).peekable();
    refused.peek()?;
    let mut grid = Grid::new(&[Kind::Words, Kind::Words]);
    for answer in refused {
        grid.row([clean(&answer.topic).into_owned(), suback::refusal(answer.return_code)]);
    }
    Some(grid)
}

fn connection(metrics: &Metrics) -> Grid {
    let mut grid = Grid::facts();
    let messages = format!(
        "{} published, {} queued, {} received",
        number(metrics.messages_published),
        number(metrics.messages_queued),
        number(metrics.messages_received)
    );
    let rows = [
        ("First connections", number(metrics.connections)),
        ("Closed on purpose", number(metrics.disconnects)),
        ("Reconnect attempts", number(metrics.reconnect_attempts)),
        ("Failed attempts", failed_attempts(metrics)),
        ("Attempts per outage", outages(metrics)),
        ("Messages", messages),
    ];
    for (name, value) in rows {
        grid.row([name.to_owned(), value]);
    }
    grid
}

fn failed_attempts(metrics: &Metrics) -> String {
    let phases: Vec<_> = metrics
        .failed_attempts_by_phase
        .iter()
        .map(|(phase, failed)| format!("{phase} {}", number(*failed)))
        .collect();
    match phases.as_slice() {
        [] => number(metrics.failed_attempts),
        phases => format!("{} ({})", number(metrics.failed_attempts), phases.join(", ")),
    }
}

/// `1 in 12 outages, 2-5 in 1 outage`; only what happened.
fn outages(metrics: &Metrics) -> String {
    let buckets = ATTEMPT_BUCKETS.iter().zip(metrics.outages_by_attempts).filter(|(_, outages)| *outages > 0);
    let told: Vec<_> =
        buckets.map(|(bucket, outages)| format!("{bucket} in {}", count(outages, "outage"))).collect();
    if told.is_empty() { MISSING.to_owned() } else { told.join(", ") }
}

/// One statistic: its name, and how to read it.
type Statistic = (&'static str, fn(&Distribution) -> Option<f64>);

const STATISTICS: [Statistic; 6] = [
    ("Shortest", |values| values.min),
    ("Average", |values| values.mean),
    ("p50", |values| values.p50),
    ("p90", |values| values.p90),
    ("p99", |values| values.p99),
    ("Longest", |values| values.max),
];

/// A column for each distribution; probes only where there were any.
fn spans(metrics: &Metrics) -> Grid {
    let mut columns = vec![
        ("Session", &metrics.sessions, 1.0),
        ("Reconnect", &metrics.reconnects, 1.0),
        ("Ping", &metrics.ping_rtt, 1e3),
    ];
    columns.extend((metrics.probe_rtt.count > 0).then_some(("Probe", &metrics.probe_rtt, 1e3)));
    let mut kinds = vec![Kind::Number; columns.len() + 1];
    kinds[0] = Kind::Name;
    let names: Vec<_> = std::iter::once("").chain(columns.iter().map(|(name, ..)| *name)).collect();
    let mut grid = Grid::new(&kinds).headed(&names);
    for (name, read) in STATISTICS {
        let shown = columns
            .iter()
            .map(|(_, values, per_second)| span_or_missing(read(values).map(|value| value / per_second)));
        grid.row(std::iter::once(name.to_owned()).chain(shown));
    }
    let counts = columns.iter().map(|(_, values, _)| number(values.count));
    grid.row(std::iter::once("Count".to_owned()).chain(counts));
    grid
}

fn span_or_missing(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| MISSING.to_owned(), span)
}
