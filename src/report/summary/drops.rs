//! The drops by their error, the latest one by one, and the subscriptions that the broker refused.

use crate::collector::metrics::{Dated, Metrics};
use crate::event::SessionDrop;
use crate::report::document::{Block, Column, Inline, Table, Text, Value};
use crate::report::suback;

/// Drops listed one by one: more would push the numbers off a screen.
const DROPS_LISTED: usize = 5;

/// Errors listed by name; the others are summed up in one row.
const ERRORS_LISTED: usize = 8;

/// How many drops each error had, and which share of all.
pub(super) fn by_error(metrics: &Metrics) -> Option<Block> {
    let errors = &metrics.drops_by_error;
    let (listed, others) = errors.split_at(errors.len().min(ERRORS_LISTED));
    let row = |drops: u64, error: Text| {
        vec![Value::Number(drops).into(), Value::Share { part: drops, whole: metrics.drops }.into(), error]
    };
    let mut rows: Vec<_> =
        listed.iter().map(|(name, drops)| row(*drops, Inline::Code(name.clone()).into())).collect();
    if !others.is_empty() {
        let sum = others.iter().map(|(_, drops)| *drops).fold(0, u64::saturating_add);
        rows.push(row(sum, Text::from(Value::Number(others.len() as u64)).then(" others")));
    }
    let columns = vec![Column::numbers("Drops"), Column::numbers("Share"), Column::words("Error")];
    (!rows.is_empty()).then_some(Block::Table(Table { columns, rows }))
}

/// The latest drops, the newest first.
pub(super) fn latest(metrics: &Metrics) -> Option<Block> {
    let columns = vec![Column::words("When"), Column::numbers("Session"), Column::words("Why")];
    let rows: Vec<_> = metrics.recent_drops.iter().rev().take(DROPS_LISTED).map(row).collect();
    (!rows.is_empty()).then_some(Block::Table(Table { columns, rows }))
}

fn row(drop: &Dated<SessionDrop>) -> Vec<Text> {
    vec![
        Value::DateTime(drop.at).into(),
        Value::span(drop.fact.duration_connected_seconds).into(),
        why(&drop.fact),
    ]
}

/// The sentence, and below it the name for those who search for it.
fn why(drop: &SessionDrop) -> Text {
    let (name, message) = (&*drop.error_name, drop.error_message.as_str());
    // Messages of the CRT begin with its name.
    let message = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
    let message = (!message.is_empty()).then(|| Inline::Foreign(message.to_owned()).into());
    let name = (!name.is_empty()).then(|| Inline::Code(name.to_owned()).into());
    Text::joined([message, name].into_iter().flatten(), &Inline::Break)
}

/// The filters that are not active, and what the broker said.
pub(super) fn refused_subscriptions(metrics: &Metrics) -> Option<Block> {
    let refused = metrics.subscriptions.iter().filter(|answer| answer.granted_qos.is_none());
    let rows: Vec<Vec<Text>> = refused
        .map(|answer| {
            let refusal = Inline::Words(suback::refusal(answer.return_code).into());
            vec![Inline::Code(answer.topic.clone()).into(), refusal.into()]
        })
        .collect();
    let columns = vec![Column::words(""), Column::words("")];
    (!rows.is_empty()).then_some(Block::Table(Table { columns, rows }))
}
