//! How long sessions, reconnections and round trips took.

use crate::collector::metrics::{Distribution, Metrics};
use crate::report::document::{Block, Column, Table, Text, Value};

/// A statistic: its name, and its value.
type Statistic = (&'static str, fn(&Distribution) -> Option<f64>);

const STATISTICS: [Statistic; 6] = [
    ("Shortest", |values| values.min),
    ("Average", |values| values.mean),
    ("p50", |values| values.p50),
    ("p90", |values| values.p90),
    ("p99", |values| values.p99),
    ("Longest", |values| values.max),
];

/// A column of the table.
struct Measured<'a> {
    name: &'static str,
    values: &'a Distribution,
    /// How many of the distribution's units are a second.
    per_second: f64,
}

/// A column for each distribution; probes only where there were any.
pub(super) fn table(metrics: &Metrics) -> Block {
    let measured = measured(metrics);
    let columns = std::iter::once(Column::row_names())
        .chain(measured.iter().map(|measured| Column::numbers(measured.name)))
        .collect();
    let counts = measured.iter().map(|measured| Value::Number(measured.values.count));
    let rows = STATISTICS
        .iter()
        .map(|(name, statistic)| row(name, measured.iter().map(|measured| measured.span(*statistic))))
        .chain(std::iter::once(row("Count", counts)))
        .collect();
    Block::Table(Table { columns, rows })
}

fn measured(metrics: &Metrics) -> Vec<Measured<'_>> {
    let mut measured = vec![
        Measured { name: "Session", values: &metrics.sessions, per_second: 1.0 },
        Measured { name: "Reconnect", values: &metrics.reconnects, per_second: 1.0 },
        Measured { name: "Ping", values: &metrics.ping_rtt, per_second: 1e3 },
    ];
    if metrics.probe_rtt.count > 0 {
        measured.push(Measured { name: "Probe", values: &metrics.probe_rtt, per_second: 1e3 });
    }
    measured
}

impl Measured<'_> {
    fn span(&self, statistic: fn(&Distribution) -> Option<f64>) -> Value {
        Value::span(statistic(self.values).map(|value| value / self.per_second))
    }
}

fn row(name: &'static str, values: impl Iterator<Item = Value>) -> Vec<Text> {
    std::iter::once(name.into()).chain(values.map(Text::from)).collect()
}
