//! Whether a cause is still at work: how many more of its incidents would have come since the last one.

use chrono::{DateTime, Utc};

use super::facts::Facts;
use super::finding::Status;
use super::spells::span;
use super::statistics::{largest, number};
use super::words::seconds;
use crate::collector::incidents::Incident;
use crate::units;

/// When a cause was at work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct History {
    pub(super) status: Status,
    pub(super) first: Option<DateTime<Utc>>,
    pub(super) last: Option<DateTime<Utc>>,
    pub(super) expected_since: Option<f64>,
    /// What is said of it, where it is not plainly at work.
    pub(super) words: Option<String>,
}

/// From so many expected and absent incidents on, the cause is over: chance would let so many out in 5 of 100 cases.
const OVER: f64 = 3.0;
/// From so many on it may be.
const UNSURE: f64 = 1.0;
/// A cause that had paused this many times as long before is not over for a pause.
const LONGEST_PAUSES: f64 = 1.3;
/// Nothing comes more often than this, for a rate that one incident tells, seconds.
const SHORTEST_GAP_SECONDS: f64 = 60.0;

impl History {
    /// That of a cause which explains these incidents.
    pub(super) fn of(facts: &Facts<'_>, explains: &[usize]) -> Self {
        let spells = &facts.spells;
        let times: Vec<DateTime<Utc>> =
            explains.iter().map(|index| facts.incidents[*index].noticed).collect();
        let (first, last) = (times.first().copied(), times.last().copied());
        let active = Self { status: Status::Active, first, last, expected_since: Some(0.0), words: None };
        let (Some(first), Some(latest)) = (first, explains.last().map(|index| &facts.incidents[*index]))
        else {
            return Self { expected_since: None, ..active };
        };
        if latest.recovery.recovered.is_none() && latest.recovery.failed > 0 {
            return active;
        }
        let ended = latest.noticed + span(latest.recovery.lasted_seconds);
        let since = spells.connected_between(ended, spells.end());
        let gaps: Vec<f64> = times.windows(2).map(|two| spells.connected_between(two[0], two[1])).collect();
        let before = spells.connected_between(spells.begin(), first);
        let gap = usual_gap(&gaps, before, latest);
        let expected = since / gap;
        let rested = since >= LONGEST_PAUSES * largest(&gaps);
        let status = match expected {
            OVER.. if rested => Status::Over,
            UNSURE.. if rested => Status::Unsure,
            _ => Status::Active,
        };
        let words = words(facts, latest, status, since, gap);
        Self { status, expected_since: Some((expected * 100.0).round() / 100.0), words, ..active }
    }
}

/// The connected time that usually passes between two of these incidents, seconds.
fn usual_gap(gaps: &[f64], before: f64, latest: &Incident) -> f64 {
    let total: f64 = gaps.iter().sum();
    let of_several = |gaps: &[f64]| total / number(gaps.len() as u64);
    let gap = match gaps.len() {
        0 => before.max(latest.recovery.lasted_seconds),
        // A rate that few incidents tell is one of chance: what came before the first belongs to it.
        1..=3 => ((total + before) / number(gaps.len() as u64 + 1)).max(of_several(gaps)),
        _ => of_several(gaps),
    };
    gap.max(SHORTEST_GAP_SECONDS)
}

fn words(facts: &Facts<'_>, latest: &Incident, status: Status, since: f64, gap: f64) -> Option<String> {
    let missing = since / gap;
    match status {
        Status::Active => None,
        Status::Unsure => Some(format!(
            "none for {} of connection; {} more without one make it 95 % sure that it is over",
            seconds(since.round()),
            seconds((OVER * gap - since).max(1.0).round())
        )),
        Status::Over => Some(format!(
            "over: none for {} of connection, in which about {} would have come{}",
            seconds(since.round()),
            count_of(missing),
            changed(facts, latest).map(|what| format!("; since then {what}")).unwrap_or_default()
        )),
    }
}

fn count_of(expected: f64) -> String {
    units::whole(expected.round())
}

/// What the user changed since, as far as the runs tell.
fn changed(facts: &Facts<'_>, latest: &Incident) -> Option<String> {
    let then = latest.terms.target.as_deref()?;
    let now = facts.metrics.target.as_ref()?;
    let keep_alive = |terms: Option<f64>| terms.map_or_else(|| "unknown".to_owned(), seconds);
    let mut changes = Vec::new();
    if then.keep_alive_seconds != now.keep_alive_seconds {
        changes.push(format!(
            "the keep-alive is {} instead of {}",
            keep_alive(now.keep_alive_seconds),
            keep_alive(then.keep_alive_seconds)
        ));
    }
    if then.client_id != now.client_id
        && (then.client_id_chosen, now.client_id_chosen) != (Some(false), Some(false))
    {
        changes.push("the client ID is another".to_owned());
    }
    if then.url != now.url {
        changes.push("the URL is another".to_owned());
    }
    if then.protocol != now.protocol {
        changes.push(format!("the protocol is {} instead of {}", now.protocol, then.protocol));
    }
    (!changes.is_empty()).then(|| changes.join(", "))
}
