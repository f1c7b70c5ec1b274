//! A row of the table of drops: a fault while connected, and what is to be told of it.

use std::time::Duration;

use nwdiag::event::{ClosedBy, Event, Protocol, SessionDrop, Transport};
use nwdiag::session::settings::RunSettings;
use nwdiag::simulator::packet::PacketKind;
use nwdiag::simulator::script::{Action, Behavior, Script, Trigger};

use crate::front::{Entry, Farewell, Manners};
use crate::grid::{self, Cell, EVERYWHERE, VERSIONS};
use crate::names::Names;
use crate::rig::{PING_TIMEOUT, drops, ending_after, events_behind, names, session, speaking};
use crate::table;

/// Close codes over TCP, TLS, WS and WSS.
pub(crate) type CloseCodes = [Option<u16>; 4];
/// Where no stream ended.
pub(crate) const NO_END: CloseCodes = [None; 4];
/// Where the stream ended without a close frame.
pub(crate) const NO_FRAME: CloseCodes = [None, None, Some(1006), Some(1006)];

/// A fault, and what is to be told; pairs are for MQTT 3.1.1 and 5.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    /// What the broker does behind SUBACK.
    pub(crate) actions: [Vec<Action>; 2],
    /// What takes the place of its FIN.
    pub(crate) farewell: Farewell,
    pub(crate) over: &'static [Transport],
    pub(crate) versions: &'static [Protocol],
    pub(crate) ping_interval: Duration,
    pub(crate) closed_by: ClosedBy,
    pub(crate) names: Names,
    pub(crate) reason_codes: [Option<u8>; 2],
    pub(crate) reason_strings: [Option<&'static str>; 2],
    pub(crate) server_references: [Option<&'static str>; 2],
    pub(crate) close_codes: CloseCodes,
}

/// A session that is served until it has subscribed, then treated so without a pause between, in either version.
pub(crate) fn row(fault: &'static str, actions: &[Action], closed_by: ClosedBy, names: Names) -> Row {
    Row {
        fault,
        actions: [actions.to_vec(), actions.to_vec()],
        farewell: Farewell::Fin,
        over: EVERYWHERE,
        versions: VERSIONS,
        ping_interval: Duration::from_mins(1),
        closed_by,
        names,
        reason_codes: [None; 2],
        reason_strings: [None; 2],
        server_references: [None; 2],
        close_codes: NO_END,
    }
}

/// What a drop told of all that rows state.
#[derive(Debug, PartialEq)]
struct Told {
    closed_by: Option<ClosedBy>,
    protocol: Option<Protocol>,
    name: String,
    error_code: Option<i32>,
    reason_code: Option<u8>,
    reason_string: Option<String>,
    server_reference: Option<String>,
    close_code: Option<u16>,
    messages_received: Option<u64>,
    active_subscriptions: Option<u32>,
}

impl Told {
    fn by(drop: &SessionDrop) -> Self {
        Self {
            closed_by: drop.closed_by,
            protocol: drop.protocol,
            name: drop.error_name.to_string(),
            error_code: drop.error_code,
            reason_code: drop.reason_code,
            reason_string: drop.reason_string.clone(),
            server_reference: drop.server_reference.clone(),
            close_code: drop.websocket_close_code,
            messages_received: drop.messages_received,
            active_subscriptions: drop.active_subscriptions,
        }
    }
}

impl Row {
    fn expected(&self, cell: Cell) -> Told {
        let (name, code) = cell.by_version(&self.names);
        let actions = cell.by_version(&self.actions);
        let messages = actions.iter().filter(|action| matches!(action, Action::Publish(_))).count();
        Told {
            closed_by: Some(self.closed_by),
            protocol: Some(cell.protocol),
            name: name.to_owned(),
            error_code: Some(code),
            reason_code: cell.by_version(&self.reason_codes),
            reason_string: cell.by_version(&self.reason_strings).map(str::to_owned),
            server_reference: cell.by_version(&self.server_references).map(str::to_owned),
            close_code: cell.by_transport(self.close_codes),
            messages_received: Some(messages.try_into().unwrap()),
            active_subscriptions: Some(1),
        }
    }

    fn behavior(&self, cell: Cell) -> Behavior {
        let triggers =
            std::iter::once(Trigger::on(PacketKind::Subscribe)).chain(std::iter::repeat(Trigger::at_once()));
        let actions = cell.by_version(&self.actions).into_iter().zip(triggers);
        actions.fold(Behavior::serving(), |behavior, (action, trigger)| behavior.act(trigger, action))
    }

    fn settings(&self, cell: Cell) -> RunSettings {
        let settings = session(|session| {
            session.ping_interval = self.ping_interval;
            session.ping_timeout = PING_TIMEOUT;
        });
        speaking(cell.protocol, ending_after(settings, 2))
    }

    fn run(&self, cell: Cell) -> impl Future<Output = Vec<Event>> + Send + 'static {
        let manners = Manners { transport: cell.transport, entry: Entry::Admit, farewell: self.farewell };
        events_behind(manners, Script::of([self.behavior(cell)]), self.settings(cell))
    }

    /// Runs it everywhere, prints what was told, and returns what was wrong.
    async fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (cell, run) in grid::start(grid::cells(self.over, self.versions), |cell| self.run(cell)) {
            let events = run.await.unwrap();
            assert_eq!(names(&events), ["connected", "subscribed", "drop"], "{}: {events:?}", self.fault);
            let drop = drops(&events)[0];
            table::print_end(
                "simulator",
                self.fault,
                cell.transport.as_str(),
                &serde_json::to_value(drop).unwrap(),
            );
            wrong.extend(grid::compare(self.fault, cell, &Told::by(drop), &self.expected(cell)));
            assert!(!drop.error_message.is_empty() && drop.reconnect_attempt == 0, "{drop:?}");
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
