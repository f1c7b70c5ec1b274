//! The dump of the reference library, nwp500-python: what it counts, and where its numbers mean something else than ours.
//!
//! | its number | what is made of it |
//! |---|---|
//! | drops, drops by error, messages, last times | stand as they are told; drops without a name are `NWDIAG_UNKNOWN` |
//! | connections, recoveries | stand, but for the integration's first connection, which it counts as a recovery |
//! | reconnect attempts (one for each drop) | those known to have been made: one for each recovery, and failed ones |
//! | disconnects (always 0) | 0 |
//! | session lengths, history | stand where the list lacks drops, percentiles being unknown then; else they come from the list, without the dead time that it takes for session |
//! | distribution of attempts (at the drop, not to the recovery) | stands where the list lacks drops, else it comes from the list |
//! | uptime (goes on while down) | the time from the last connect to the dump, 0 where a drop came after it |

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::account::{Account, Origin};
use super::entry::{self, NO_NAME};
use super::order;
use super::session::{self, Told};
use super::value::{by_count, count, counts, list, seconds, small, time};
use super::{Dump, Totals as AnyTotals};
use crate::collector::metrics::{ATTEMPT_BUCKETS, Dated, Distribution, Metrics};
use crate::event::{SessionDrop, TargetFacts, Transport};

/// What the dump counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Totals {
    connections: u64,
    recovered: u64,
    drops: u64,
    drops_by_error: Vec<(String, u64)>,
    messages: [u64; 2],
    last_drop: Option<DateTime<Utc>>,
    last_connect: Option<DateTime<Utc>>,
    /// Every drop that it lists.
    listed: Vec<Dated<SessionDrop>>,
    /// What it says of the drops that it does not list; `None` where it lists all.
    unlisted: Option<Unlisted>,
}

/// Numbers over all drops, where the list lacks some.
#[derive(Debug, Clone, PartialEq)]
struct Unlisted {
    sessions: Distribution,
    recent_sessions: Vec<f64>,
    outages_by_attempts: [u64; 4],
}

/// Reads the dump, which lay in a download or was a file of its own.
pub(super) fn read(dump: &Value, zone: Option<&str>, origin: Origin) -> Dump {
    let (dropped, connected) = (list(dump, "recent_drops"), list(dump, "recent_connections"));
    let drops: Vec<_> = dropped.iter().filter_map(entry::drop).collect();
    let connections: Vec<_> = connected.iter().filter_map(entry::connection).collect();
    let unreadable = dropped.len() + connected.len() - drops.len() - connections.len();
    let unnamed: Vec<String> =
        drops.iter().filter(|drop| !drop.named).map(|drop| drop.drop.error_name.to_string()).collect();
    let told = session::told(drops, connections);
    let totals = Totals::of(dump, &told, unnamed);
    let account = Account {
        origin,
        at: time(dump, "timestamp"),
        connected: told.up_since().is_some(),
        drops_listed: told.drops.len() as u64,
        drops_told: totals.drops,
        drops_without_session: told.without_session,
        others: 0,
        unreadable: unreadable as u64,
        skipped_lines: 0,
        zone_is_known: zone.is_some(),
    };
    let records = order::run(target(), zone, told.records);
    Dump { account, records, totals: AnyTotals::Reference(Box::new(totals)) }
}

/// What the library connects to unless it is told otherwise, and the integration always: the dump does not say.
const ENDPOINT: &str = "wss://a1t30mldyslmuq-ats.iot.us-east-1.amazonaws.com:443/mqtt";

fn target() -> TargetFacts {
    TargetFacts {
        name: "navien".to_owned(),
        url: ENDPOINT.to_owned(),
        transport: Some(Transport::Wss),
        protocol: "3.1.1".to_owned(),
        ..TargetFacts::default()
    }
}

impl Totals {
    fn of(dump: &Value, told: &Told, unnamed: Vec<String>) -> Self {
        let metrics = &dump["metrics"];
        let listed = told.drops.len() as u64;
        let drops = count(metrics, "total_connection_drops").unwrap_or_default().max(listed);
        let (connections, recovered) = connections(dump);
        Self {
            connections,
            recovered,
            drops,
            drops_by_error: errors(dump, drops, unnamed),
            messages: [small(metrics, "messages_published"), small(metrics, "messages_queued")],
            last_drop: time(metrics, "last_drop_timestamp"),
            last_connect: time(metrics, "last_successful_connect_timestamp"),
            listed: told.drops.iter().map(|(at, fact)| Dated { at: *at, fact: fact.clone() }).collect(),
            unlisted: (drops > listed).then(|| Unlisted::of(dump, drops)),
        }
    }

    /// What is told of all, over what the records came to.
    pub(super) fn over(&self, listed: Metrics, recent: usize) -> Metrics {
        let known = self.recovered.saturating_add(listed.failed_attempts);
        let earlier = self.listed.len().saturating_sub(recent);
        let all = Metrics {
            connections: self.connections,
            recovered: self.recovered,
            drops: self.drops,
            reconnect_attempts: listed.reconnect_attempts.max(known),
            drops_by_error: self.drops_by_error.clone(),
            messages_published: self.messages[0],
            messages_queued: self.messages[1],
            last_drop: listed.last_drop.max(self.last_drop),
            last_connect: listed.last_connect.max(self.last_connect),
            recent_drops: self.listed[earlier..].to_vec(),
            ..listed
        };
        match &self.unlisted {
            None => all,
            Some(unlisted) => Metrics {
                sessions: unlisted.sessions,
                recent_sessions: unlisted.recent_sessions.clone(),
                outages_by_attempts: unlisted.outages_by_attempts,
                reconnects: Distribution::default(),
                ..all
            },
        }
    }
}

/// First connections and recoveries.
fn connections(dump: &Value) -> (u64, u64) {
    let metrics = &dump["metrics"];
    let told: (u64, u64) = (small(metrics, "total_connections"), small(metrics, "connection_recovered"));
    let first =
        list(dump, "recent_connections").iter().filter(|entry| entry::is_miscounted(entry)).count() as u64;
    // Where no first connection was ever counted, one was counted as a recovery, be it listed still or not.
    let miscounted = if told.0 == 0 { first.max(1) } else { first }.min(told.1);
    (told.0.saturating_add(miscounted), told.1 - miscounted)
}

/// Drops by error: those that the library counted by name, then those for which it had none.
fn errors(dump: &Value, drops: u64, unnamed: Vec<String>) -> Vec<(String, u64)> {
    let told = [(&dump["metrics"], "connection_drops_by_error"), (dump, "aws_error_counts")];
    let named = told.map(|(value, key)| counts(value, key)).into_iter().find(|errors| !errors.is_empty());
    let mut errors: BTreeMap<String, u64> = named.into_iter().flatten().collect();
    let mut add = |name: String, drops: u64| {
        let count = errors.entry(name).or_default();
        *count = count.saturating_add(drops);
    };
    for name in unnamed {
        add(name, 1);
    }
    let told = errors.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if drops > told {
        let count = errors.entry(NO_NAME.to_owned()).or_default();
        *count = count.saturating_add(drops - told);
    }
    by_count(errors.into_iter().collect())
}

impl Unlisted {
    fn of(dump: &Value, drops: u64) -> Self {
        let (metrics, history) = (&dump["metrics"], &dump["session_history_summary"]);
        let durations = list(history, "sample_durations").iter().filter_map(Value::as_f64);
        let mean = seconds(metrics, "average_session_seconds");
        let sessions = Distribution {
            count: count(history, "total_sessions").unwrap_or(if mean.is_some() { drops } else { 0 }),
            min: seconds(metrics, "shortest_session_seconds"),
            mean,
            max: seconds(metrics, "longest_session_seconds"),
            ..Distribution::default()
        };
        Self {
            sessions: if sessions.count > 0 { sessions } else { Distribution::default() },
            recent_sessions: durations.filter(|seconds| seconds.is_finite()).collect(),
            outages_by_attempts: outages(metrics),
        }
    }
}

/// Outages by the attempts that they took.
pub(super) fn outages(metrics: &Value) -> [u64; 4] {
    ATTEMPT_BUCKETS.map(|bucket| small(&metrics["reconnection_attempts_distribution"], bucket))
}
