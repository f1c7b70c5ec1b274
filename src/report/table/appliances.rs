//! The section of a summary on the appliances behind the broker.

use super::grid::{Grid, Kind};
use crate::collector::devices::DeviceMetrics;
use crate::report::style::View;
use crate::report::text::clean;
use crate::units::{MISSING, date_time, number, span};

/// A row an appliance; `None` where none was asked.
pub(super) fn grid(devices: &[DeviceMetrics], view: &View) -> Option<Grid> {
    let kinds = [Kind::Words, Kind::Number, Kind::Number, Kind::Number, Kind::Words];
    let mut grid = Grid::new(&kinds).headed(&["Appliance", "Answered", "Usually", "Wi-Fi", "Now"]);
    for device in devices {
        grid.row([
            clean(&device.device).into_owned(),
            format!("{} of {}", number(device.answered), number(device.asked)),
            device.rtt.p50.map_or_else(|| MISSING.to_owned(), |ms| span(ms / 1e3)),
            device.wifi_dbm.map_or_else(|| MISSING.to_owned(), |dbm| format!("{dbm} dBm")),
            state(device, view),
        ]);
    }
    (!devices.is_empty()).then_some(grid)
}

/// How it stood at its last record.
fn state(device: &DeviceMetrics, view: &View) -> String {
    let answers = match (device.unanswered_streak, device.last_answer) {
        (0, Some(_)) => "answers".to_owned(),
        (0, None) => "not known".to_owned(),
        (_, None) => "silent, and never heard".to_owned(),
        (_, Some(at)) => format!("silent since {}", date_time(view.zone, at)),
    };
    let error = device.error_code.filter(|code| *code != 0).map(|code| format!("error {code}"));
    let listed = device.cloud_connected.filter(|connected| !connected);
    let listed = listed.map(|_| "not connected, says the service".to_owned());
    [Some(answers), error, listed].into_iter().flatten().collect::<Vec<_>>().join("\n")
}
