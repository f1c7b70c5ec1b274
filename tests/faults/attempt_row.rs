//! A row of the table of attempts: a fault before CONNACK, and what is to be told of it.

use std::time::Duration;

use nwdiag::event::{AttemptFailed, Event, Phase, Protocol, Transport};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::script::{Behavior, Script};

use crate::front::{Entry, Farewell, Manners};
use crate::grid::{self, Cell, EVERYWHERE, VERSIONS};
use crate::names::Names;
use crate::rig::{events_behind, failures, names, settings, speaking};
use crate::table;

/// Long enough for every handshake on a busy host, short enough to wait for where it is the fault.
pub(crate) const SHORT: Duration = Duration::from_secs(2);

/// A fault, and what is to be told; pairs are for MQTT 3.1.1 and 5.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    pub(crate) entry: Entry,
    /// The simulator's part, once the client is in.
    pub(crate) behaviors: [Behavior; 2],
    /// What takes the place of its FIN.
    pub(crate) farewell: Farewell,
    pub(crate) over: &'static [Transport],
    pub(crate) versions: &'static [Protocol],
    pub(crate) connect_timeout: Duration,
    pub(crate) phase: Phase,
    pub(crate) names: Names,
    pub(crate) return_codes: [Option<u8>; 2],
    pub(crate) reason_strings: [Option<&'static str>; 2],
    pub(crate) server_references: [Option<&'static str>; 2],
    pub(crate) http_status: Option<u16>,
}

/// A fault of the MQTT opening, in either version.
pub(crate) fn mqtt(fault: &'static str, behavior: Behavior, names: Names) -> Row {
    Row {
        fault,
        entry: Entry::Admit,
        behaviors: [behavior.clone(), behavior],
        farewell: Farewell::Fin,
        over: EVERYWHERE,
        versions: VERSIONS,
        connect_timeout: Duration::from_secs(10),
        phase: Phase::Mqtt,
        names,
        return_codes: [None; 2],
        reason_strings: [None; 2],
        server_references: [None; 2],
        http_status: None,
    }
}

/// A fault on the way to MQTT.
pub(crate) fn below(
    fault: &'static str,
    entry: Entry,
    over: &'static [Transport],
    phase: Phase,
    names: Names,
) -> Row {
    Row { entry, over, phase, ..mqtt(fault, Behavior::serving(), names) }
}

/// What a failed attempt told of all that rows state.
#[derive(Debug, PartialEq)]
struct Told {
    phase: Phase,
    protocol: Option<Protocol>,
    name: String,
    error_code: Option<i32>,
    return_code: Option<u8>,
    reason_string: Option<String>,
    server_reference: Option<String>,
    http_status: Option<u16>,
    mqtt_was_timed: bool,
}

impl Told {
    fn by(failed: &AttemptFailed) -> Self {
        Self {
            phase: failed.phase,
            protocol: failed.protocol,
            name: failed.error_name.to_string(),
            error_code: failed.error_code,
            return_code: failed.return_code,
            reason_string: failed.reason_string.clone(),
            server_reference: failed.server_reference.clone(),
            http_status: failed.http_status,
            mqtt_was_timed: failed.phases.mqtt_ms.is_some(),
        }
    }
}

impl Row {
    fn expected(&self, cell: Cell) -> Told {
        let (name, code) = cell.by_version(&self.names);
        Told {
            phase: self.phase,
            protocol: Some(cell.protocol),
            name: name.to_owned(),
            error_code: Some(code),
            return_code: cell.by_version(&self.return_codes),
            reason_string: cell.by_version(&self.reason_strings).map(str::to_owned),
            server_reference: cell.by_version(&self.server_references).map(str::to_owned),
            http_status: self.http_status,
            mqtt_was_timed: self.phase == Phase::Mqtt,
        }
    }

    fn settings(&self, cell: Cell) -> RunSettings {
        let mut settings = speaking(cell.protocol, settings());
        settings.connect_timeout = self.connect_timeout;
        settings.reconnect.max_attempts = Some(1);
        settings
    }

    fn run(&self, cell: Cell) -> impl Future<Output = Vec<Event>> + Send + 'static {
        let manners = Manners { transport: cell.transport, entry: self.entry, farewell: self.farewell };
        events_behind(manners, Script::of([cell.by_version(&self.behaviors)]), self.settings(cell))
    }

    /// Runs it everywhere, prints what was told, and returns what was wrong.
    async fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (cell, run) in grid::start(grid::cells(self.over, self.versions), |cell| self.run(cell)) {
            let events = run.await.unwrap();
            assert_eq!(names(&events), ["attempt_failed"], "{}: {events:?}", self.fault);
            let failed = failures(&events)[0];
            table::print_end(
                "simulator",
                self.fault,
                cell.transport.as_str(),
                &serde_json::to_value(failed).unwrap(),
            );
            wrong.extend(grid::compare(self.fault, cell, &Told::by(failed), &self.expected(cell)));
            assert_eq!((failed.attempt_number, failed.next_attempt_seconds), (Some(1), None), "{failed:?}");
            assert!(failed.peer_address.is_some() && failed.phases.tcp_ms.is_some(), "{failed:?}");
            assert_eq!(failed.phases.dns_ms, None, "an address is not resolved: {failed:?}");
        }
        wrong
    }
}

/// Checks every row before it fails.
pub(crate) async fn check(rows: impl IntoIterator<Item = Row>) {
    let mut wrong = Vec::new();
    for row in rows {
        wrong.extend(row.check().await);
    }
    grid::assert_right(&wrong);
}
