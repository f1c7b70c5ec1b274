//! The first lines of a summary: what was watched, how it is now, over which period, and what to mistrust.

use super::account;
use crate::collector::metrics::{Metrics, Observation};
use chrono::{DateTime, Utc};

use crate::report::Report;
use crate::report::style::{Meaning, View};
use crate::report::text::watched;
use crate::units::{count, date_time, offset, span, time_of_day};

/// A line and what its colour stands for.
pub(super) type Line = (Option<Meaning>, String);

/// A part of a journal, as `tail` cuts it, has no `start`.
const BEHEADED: &str = "! the beginning is missing, and with it the target, its keep-alive and the time zone: give the whole \
    journal to have every cause named";

/// Target, state, period, and a line for each thing that is wrong with the data, or missing.
pub(super) fn lines(report: &Report, view: &View) -> Vec<Line> {
    let Metrics { observation, target, .. } = &report.metrics;
    let watched =
        target.as_ref().map_or_else(|| "a target that the journal does not name".to_owned(), watched);
    let state = match &report.dump {
        Some(account) => account::state(report, account, view),
        None => state(report, view),
    };
    let mut lines = vec![(Some(Meaning::Title), watched), state, (None, period(report, view))];
    lines.extend(target.is_none().then(|| (Some(Meaning::Warning), BEHEADED.to_owned())));
    lines.extend(caveats(observation, report.skipped_lines).map(|text| (Some(Meaning::Warning), text)));
    lines.extend(report.dump.iter().flat_map(account::gaps));
    lines
}

fn state(report: &Report, view: &View) -> Line {
    match (report.live, report.metrics.connected) {
        (true, true) => {
            (Some(Meaning::Good), format!("● connected for {}", span(report.current_uptime_seconds())))
        }
        (true, false) => (Some(Meaning::Bad), format!("✗ not connected{}", since_when(report, view))),
        (false, _) => (None, format!("■ not being watched now{}", last_look(report))),
    }
}

/// The drop that nothing has mended since.
fn open_outage(metrics: &Metrics) -> Option<DateTime<Utc>> {
    metrics.last_drop.filter(|drop| !metrics.connected && metrics.last_connect <= Some(*drop))
}

fn since_when(report: &Report, view: &View) -> String {
    match (open_outage(&report.metrics), report.metrics.last_connect) {
        (Some(drop), _) => {
            format!(
                " since the drop at {}, {} ago",
                time_of_day(view.zone, drop),
                span(report.seconds_since(drop))
            )
        }
        (None, None) => ", and never was in this period".to_owned(),
        (None, Some(_)) => String::new(),
    }
}

fn last_look(report: &Report) -> String {
    let Some(to) = report.metrics.observation.to else {
        return String::new();
    };
    let state = match (report.metrics.connected, open_outage(&report.metrics)) {
        (true, _) => "; the connection was up then",
        (false, Some(_)) => "; the connection was down then",
        (false, None) => "",
    };
    format!(", last record {} ago{state}", span(report.seconds_since(to)))
}

fn period(report: &Report, view: &View) -> String {
    let observation = &report.metrics.observation;
    let (Some(from), Some(to)) = (observation.from, observation.to) else {
        let nothing = match report.dump {
            Some(_) => "it lists no session of this period",
            None => "nothing was recorded in this period",
        };
        return nothing.to_owned();
    };
    let (from, to, offset) = (date_time(view.zone, from), date_time(view.zone, to), offset(view.zone, from));
    let watched = match observation.runs {
        0 => "as far as it lists them".to_owned(),
        runs => format!("{}, watched {}", count(runs, "run"), span(observation.observed_seconds)),
    };
    format!("{from} to {to} ({offset}), {watched}")
}

fn caveats(observation: &Observation, skipped_lines: u64) -> impl Iterator<Item = String> {
    [
        (observation.interrupted_runs, "run", "ended without a word (killed, or power lost)"),
        (skipped_lines, "line", "of the journal could not be read and did not count"),
        (observation.records_lost, "record", "did not reach the journal (disk full or slow)"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, what, words)| format!("! {} {words}", count(number, what)))
}
