//! The scripts of the `demo` target: what usually happens to a connection, in half a minute, and single causes.

use std::time::Duration;

use super::packet::PacketKind;
use super::script::{Conduct, Cue, Deed, Greeting, Parting, Pings, Script, Service, Step, Then};
use crate::target::Scenario;

/// What is played.
pub fn script(scenario: Scenario) -> Script {
    match scenario {
        Scenario::Tour => tour(),
        Scenario::DuplicateClientId => repeating(twin()),
        Scenario::AuthorizationViolation => repeating([forbidden()]),
        Scenario::BrokerRestart => restarting(),
        Scenario::IdleTimeout => repeating([Conduct::serving().act(SUBSCRIBED.later(IDLE), Deed::Fin)]),
        Scenario::ConnectRateLimit => repeating(limited()),
        Scenario::BadCredentials => repeating([Conduct::greeting(Greeting::Refuse(BAD_CREDENTIALS))]),
        Scenario::ServerDisconnect => repeating(parting()),
        Scenario::ConnectionLifetime => saying(MAXIMUM_CONNECT_TIME),
        Scenario::QuotaExceeded => saying(QUOTA_EXCEEDED),
        Scenario::ShuttingDown => saying(SERVER_SHUTTING_DOWN),
        // Nobody gets as far as MQTT: `expired` plays it.
        Scenario::CertificateExpired => repeating([]),
    }
}

fn repeating(conducts: impl IntoIterator<Item = Conduct>) -> Script {
    Script::of(conducts).and_then(Then::Repeat)
}

/// Sessions that the broker ends with this reason.
fn saying(reason: u8) -> Script {
    repeating([Conduct::serving().act(Cue::after(SPAN), Deed::Disconnect(Parting::code(reason)))])
}

const SUBSCRIBED: Cue = Cue::on(PacketKind::Subscribe);
/// Longer than the client waits, so that it finds the port closed.
const DOWN: Duration = Duration::from_millis(2_600);
const IDLE: Duration = Duration::from_millis(4_500);
const BAD_CREDENTIALS: u8 = 4;
const NOT_AUTHORIZED: u8 = 0x87;
const TAKEN_OVER: u8 = 0x8e;
const QUOTA_EXCEEDED: u8 = 0x97;
const ADMINISTRATIVE_ACTION: u8 = 0x98;
const USE_ANOTHER_SERVER: u8 = 0x9c;
const TOO_MANY_CONNECTS: u8 = 0x9f;
const MAXIMUM_CONNECT_TIME: u8 = 0xa0;

/// Sessions as short as the twin's way back.
fn twin() -> impl Iterator<Item = Conduct> {
    [1_800, 900, 2_700, 1_300].into_iter().map(|length| {
        let taken_over = Deed::Disconnect(Parting::code(TAKEN_OVER));
        Conduct::serving().act(Cue::after(Duration::from_millis(length)), taken_over)
    })
}

/// Every filter of the demo's is refused, and the client sent away.
fn forbidden() -> Conduct {
    let service = Service { refused_filters: vec!["demo/#".to_owned()], ..Service::default() };
    Conduct::serving().with(service).act(SUBSCRIBED, Deed::Disconnect(Parting::code(NOT_AUTHORIZED)))
}

fn restarting() -> Script {
    let lively = Service::publishing(MESSAGE_EVERY);
    let steps = [2_500, 4_000, 3_200].into_iter().flat_map(|length| {
        let conduct = Conduct::serving().with(lively.clone());
        let conduct = conduct.act(Cue::after(Duration::from_millis(length)), Deed::Fin);
        [Step::Connection(conduct), Step::Closed(DOWN)]
    });
    Script { steps: steps.collect(), then: Then::Repeat }
}

/// Three connects too many after each session.
fn limited() -> impl Iterator<Item = Conduct> {
    let refused = std::iter::repeat_n(Conduct::greeting(Greeting::Refuse(TOO_MANY_CONNECTS)), 3);
    std::iter::once(Conduct::serving().act(Cue::after(SPAN), Deed::Fin)).chain(refused)
}

fn parting() -> [Conduct; 2] {
    let words = Parting::code(ADMINISTRATIVE_ACTION).because("maintenance at noon");
    let elsewhere = Parting::code(USE_ANOTHER_SERVER).referring_to("broker-2.example");
    [words, elsewhere].map(|parting| Conduct::serving().act(Cue::after(SPAN), Deed::Disconnect(parting)))
}

const SPAN: Duration = Duration::from_secs(3);
const MESSAGE_EVERY: Duration = Duration::from_millis(500);
const LATE_BY: Duration = Duration::from_millis(1500);
const CLOSED: Duration = Duration::from_millis(1600);
const SERVER_UNAVAILABLE: u8 = 3;
const SERVER_SHUTTING_DOWN: u8 = 0x8b;

/// Drops of every kind, with recoveries, repeated for ever.
///
/// The client of the demo pings after 2 s, gives up on the answer after 1 s more, and comes back after 0.3 to 2 s,
/// doubled with each attempt and not lowered by sessions as short as these. Seconds are without jitter.
///
/// | from | what the broker does | what the client sees |
/// |---|---|---|
/// | 0.0 | serves 3 s, a message each half second, then FIN | connected, messages; dropped: closed by the broker |
/// | 3.3 | serves 3 s, a message each half second, then RST | dropped: reset by the broker |
/// | 6.9 | says nothing by itself; answers the ping of 8.9 at 10.4; FIN at 10.5 | dropped at 9.9: ping timeout; at 10.4 the late answer |
/// | 10.5 | refuses connections, in truth from 6.9 on, until 12.1 | at 11.1 a refused attempt |
/// | 13.1 | CONNACK code 3, then FIN | a refused attempt: server unavailable |
/// | 15.1 | serves 3 s, a message each half second, then DISCONNECT and FIN | recovered; dropped: disconnected by the broker |
/// | 20.1 | begins again | recovered |
///
/// A client that closes its socket at the ping timeout, instead of waiting for a late answer, finds the port closed
/// for 1.6 s from then on.
pub fn tour() -> Script {
    let lively = Service::publishing(MESSAGE_EVERY);
    let shutting_down = Deed::Disconnect(Parting::code(SERVER_SHUTTING_DOWN));
    let steps = vec![
        Step::Connection(Conduct::serving().with(lively.clone()).act(Cue::after(SPAN), Deed::Fin)),
        Step::Connection(Conduct::serving().with(lively.clone()).act(Cue::after(SPAN), Deed::Rst)),
        Step::Connection(answering_late()),
        Step::Closed(CLOSED),
        Step::Connection(Conduct::greeting(Greeting::Refuse(SERVER_UNAVAILABLE))),
        Step::Connection(Conduct::serving().with(lively).act(Cue::after(SPAN), shutting_down)),
    ];
    Script { steps, then: Then::Repeat }
}

/// A quiet session whose broker answers the first ping too late for a client that waits for 1 s. A client that is
/// busy with probes sends no ping: its session ends as the first one did.
fn answering_late() -> Conduct {
    let service = Service { pings: Pings::Late(LATE_BY), ..Service::default() };
    let end = Cue::on(PacketKind::Pingreq).later(LATE_BY + Duration::from_millis(100));
    let end = end.at_the_latest_after(SPAN);
    Conduct::serving().with(service).act(end, Deed::Fin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_repeats_and_shows_each_kind_of_fault_within_the_half_minute() {
        let script = tour();
        let connections = script.steps.iter().filter(|step| matches!(step, Step::Connection(_))).count();
        assert_eq!((connections, script.steps.len(), script.then), (5, 6, Then::Repeat));
        let backoff = Duration::from_secs(2) * 6;
        let served = SPAN * 3 + Duration::from_secs(2) + LATE_BY + CLOSED;
        assert!(served + backoff < Duration::from_secs(30));
    }
}
