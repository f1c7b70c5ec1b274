//! The script of the `demo` target: what usually happens to a connection, in half a minute.

use std::time::Duration;

use super::client_packet::PacketKind;
use super::script::{Conduct, Cue, Deed, Greeting, Parting, Pings, Script, Service, Step, Then};

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
pub fn demo() -> Script {
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

/// A quiet session whose broker answers the first ping too late for a client that waits for 1 s.
fn answering_late() -> Conduct {
    let service = Service { pings: Pings::Late(LATE_BY), ..Service::default() };
    let end = Cue::on(PacketKind::Pingreq).later(LATE_BY + Duration::from_millis(100));
    Conduct::serving().with(service).act(end, Deed::Fin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_repeats_and_shows_each_kind_of_fault_within_the_half_minute() {
        let script = demo();
        let connections = script.steps.iter().filter(|step| matches!(step, Step::Connection(_))).count();
        assert_eq!((connections, script.steps.len(), script.then), (5, 6, Then::Repeat));
        let backoff = Duration::from_secs(2) * 6;
        let served = SPAN * 3 + Duration::from_secs(2) + LATE_BY + CLOSED;
        assert!(served + backoff < Duration::from_secs(30));
    }
}
