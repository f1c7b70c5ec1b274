//! The appliances behind the broker: how often each answered, how fast, and how it stands now.

use crate::collector::devices::DeviceMetrics;
use crate::report::document::{Block, Column, Inline, Table, Text, Value};

/// A row an appliance; `None` where none was asked.
pub(super) fn table(devices: &[DeviceMetrics]) -> Option<Block> {
    let columns = vec![
        Column::words("Appliance"),
        Column::numbers("Answered"),
        Column::numbers("Usually"),
        Column::numbers("Wi-Fi"),
        Column::words("Now"),
    ];
    let rows = devices.iter().map(row).collect();
    (!devices.is_empty()).then_some(Block::Table(Table { columns, rows }))
}

fn row(device: &DeviceMetrics) -> Vec<Text> {
    vec![
        Inline::Code(device.device.clone()).into(),
        Text::from(Value::Number(device.answered)).then(" of ").then(Value::Number(device.asked)),
        Value::span(device.rtt.p50.map(|ms| ms / 1e3)).into(),
        device.wifi_dbm.map_or(Value::Missing, Value::Dbm).into(),
        state(device),
    ]
}

/// How it stood at its last record.
fn state(device: &DeviceMetrics) -> Text {
    let answers = match (device.unanswered_streak, device.last_answer) {
        (0, Some(_)) => "answers".into(),
        (0, None) => "not known".into(),
        (_, None) => "silent, and never heard".into(),
        (_, Some(at)) => Text::from("silent since ").then(Value::DateTime(at)),
    };
    let error = device.error_code.filter(|code| *code != 0);
    let error = error.map(|code| Inline::Words(format!("error {code}").into()).into());
    let is_listed_away = device.cloud_connected == Some(false);
    let listed = is_listed_away.then(|| "not connected, says the service".into());
    Text::joined([Some(answers), error, listed].into_iter().flatten(), &Inline::Break)
}
