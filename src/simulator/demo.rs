//! The scripts of the `demo` target: what usually happens to a connection, in half a minute, and single causes.

use std::time::Duration;

use super::packet::PacketKind;
use super::script::{
    Action, Behavior, ConnectReply, DisconnectReason, Pings, Script, Service, Step, Then, Trigger,
};
use crate::target::Scenario;

/// The script of a scenario.
pub fn script(scenario: Scenario) -> Script {
    match scenario {
        Scenario::Tour => tour(),
        Scenario::DuplicateClientId => repeating(taken_over()),
        Scenario::AuthorizationViolation => repeating([unauthorized()]),
        Scenario::BrokerRestart => restarting(),
        Scenario::IdleTimeout => repeating([Behavior::serving().act(SUBSCRIBED.later(IDLE), Action::Fin)]),
        Scenario::ConnectRateLimit => repeating(limited()),
        Scenario::BadCredentials => repeating([Behavior::replying(ConnectReply::Refuse(BAD_CREDENTIALS))]),
        Scenario::ServerDisconnect => repeating(server_disconnects()),
        Scenario::ConnectionLifetime => disconnecting_with(MAXIMUM_CONNECT_TIME),
        Scenario::QuotaExceeded => disconnecting_with(QUOTA_EXCEEDED),
        Scenario::ShuttingDown => disconnecting_with(SERVER_SHUTTING_DOWN),
        // No client gets as far as MQTT: `expired` fails its TLS handshake.
        Scenario::CertificateExpired => repeating([]),
    }
}

fn repeating(behaviors: impl IntoIterator<Item = Behavior>) -> Script {
    Script::of(behaviors).and_then(Then::Repeat)
}

/// Sessions that the broker ends with this reason.
fn disconnecting_with(reason: u8) -> Script {
    repeating([
        Behavior::serving().act(Trigger::after(SPAN), Action::Disconnect(DisconnectReason::code(reason)))
    ])
}

const SUBSCRIBED: Trigger = Trigger::on(PacketKind::Subscribe);
/// Longer than the client waits, so that it finds the port closed.
const DOWN: Duration = Duration::from_millis(2_600);
/// The idle timeout that is played.
const IDLE: Duration = Duration::from_millis(4_500);
const BAD_CREDENTIALS: u8 = 4;
const NOT_AUTHORIZED: u8 = 0x87;
const TAKEN_OVER: u8 = 0x8e;
const QUOTA_EXCEEDED: u8 = 0x97;
const ADMINISTRATIVE_ACTION: u8 = 0x98;
const USE_ANOTHER_SERVER: u8 = 0x9c;
const TOO_MANY_CONNECTS: u8 = 0x9f;
const MAXIMUM_CONNECT_TIME: u8 = 0xa0;

/// Sessions that another client with the same client ID takes over, each as soon as it has reconnected.
fn taken_over() -> impl Iterator<Item = Behavior> {
    [1_800, 900, 2_700, 1_300].into_iter().map(|length| {
        let disconnect = Action::Disconnect(DisconnectReason::code(TAKEN_OVER));
        Behavior::serving().act(Trigger::after(Duration::from_millis(length)), disconnect)
    })
}

/// Every filter of the demo's is refused, and the client sent away.
fn unauthorized() -> Behavior {
    let service = Service { refused_filters: vec!["demo/#".to_owned()], ..Service::default() };
    Behavior::serving()
        .with(service)
        .act(SUBSCRIBED, Action::Disconnect(DisconnectReason::code(NOT_AUTHORIZED)))
}

fn restarting() -> Script {
    let publishing = Service::publishing(MESSAGE_EVERY);
    let steps = [2_500, 4_000, 3_200].into_iter().flat_map(|length| {
        let behavior = Behavior::serving().with(publishing.clone());
        let behavior = behavior.act(Trigger::after(Duration::from_millis(length)), Action::Fin);
        [Step::Connection(behavior), Step::Closed(DOWN)]
    });
    Script { steps: steps.collect(), then: Then::Repeat }
}

/// Three connects too many after each session.
fn limited() -> impl Iterator<Item = Behavior> {
    let refused = std::iter::repeat_n(Behavior::replying(ConnectReply::Refuse(TOO_MANY_CONNECTS)), 3);
    std::iter::once(Behavior::serving().act(Trigger::after(SPAN), Action::Fin)).chain(refused)
}

fn server_disconnects() -> [Behavior; 2] {
    let words = DisconnectReason::code(ADMINISTRATIVE_ACTION).because("maintenance at noon");
    let elsewhere = DisconnectReason::code(USE_ANOTHER_SERVER).referring_to("broker-2.example");
    [words, elsewhere].map(|reason| Behavior::serving().act(Trigger::after(SPAN), Action::Disconnect(reason)))
}

/// How long a session of the demo lasts: long enough to be read, and five of them fit into half a minute.
const SPAN: Duration = Duration::from_secs(3);
const MESSAGE_EVERY: Duration = Duration::from_millis(500);
/// Later than the client of the demo waits for a PINGRESP, which is 1 s.
const LATE_BY: Duration = Duration::from_millis(1500);
/// Long enough that one attempt of the client finds the port closed.
const CLOSED: Duration = Duration::from_millis(1600);
const SERVER_UNAVAILABLE: u8 = 3;
const SERVER_SHUTTING_DOWN: u8 = 0x8b;

/// Drops of every kind, with recoveries, repeated for ever.
///
/// The client of the demo pings after 2 s, gives up on the answer after 1 s more, and makes its first attempt after a drop
/// at once. The next ones come after 0.3 to 2 s, doubled with each attempt and not lowered by sessions as short as these;
/// after three rounds the first ones do too, as attempts at once are limited. Seconds are without jitter.
///
/// | from | what the broker does | what the client sees |
/// |---|---|---|
/// | 0.0 | serves 3 s, a message each half second, then FIN | connected, messages; dropped: closed by the broker |
/// | 3.0 | serves 3 s, a message each half second, then RST | dropped: reset by the broker |
/// | 6.0 | says nothing by itself; answers the ping of 8.0 at 9.5; FIN at 9.6 | dropped at 9.0: ping timeout; at 9.5 the late answer |
/// | 9.6 | refuses connections, in truth from 6.0 on, until 11.2 | at 9.0, 9.3, 9.9 and 10.9 refused attempts |
/// | 11.9 | CONNACK code 3, then FIN | a refused attempt: server unavailable |
/// | 12.9 | serves 3 s, a message each half second, then DISCONNECT and FIN | recovered; dropped: disconnected by the broker |
/// | 15.9 | begins again | recovered |
///
/// A client that closes its socket at the ping timeout, instead of waiting for a late answer, finds the port closed
/// for 1.6 s from then on.
pub fn tour() -> Script {
    let publishing = Service::publishing(MESSAGE_EVERY);
    let shutting_down = Action::Disconnect(DisconnectReason::code(SERVER_SHUTTING_DOWN));
    let steps = vec![
        Step::Connection(Behavior::serving().with(publishing.clone()).act(Trigger::after(SPAN), Action::Fin)),
        Step::Connection(Behavior::serving().with(publishing.clone()).act(Trigger::after(SPAN), Action::Rst)),
        Step::Connection(answering_late()),
        Step::Closed(CLOSED),
        Step::Connection(Behavior::replying(ConnectReply::Refuse(SERVER_UNAVAILABLE))),
        Step::Connection(Behavior::serving().with(publishing).act(Trigger::after(SPAN), shutting_down)),
    ];
    Script { steps, then: Then::Repeat }
}

/// A quiet session whose broker answers the first ping too late for a client that waits for 1 s. A client that is
/// busy with probes sends no ping: its session ends as the first one did.
fn answering_late() -> Behavior {
    let service = Service { pings: Pings::Late(LATE_BY), ..Service::default() };
    let end = Trigger::on(PacketKind::Pingreq).later(LATE_BY + Duration::from_millis(100));
    let end = end.at_the_latest_after(SPAN);
    Behavior::serving().with(service).act(end, Action::Fin)
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
