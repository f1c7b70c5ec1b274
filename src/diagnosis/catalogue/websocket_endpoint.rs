//! The cause `websocket_endpoint`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::{Facts, share_met};
use crate::units;

entry! {
    /// Wrong path or subprotocol for WebSocket.
    ///
    /// **How it shows.** The upgrade is answered with HTTP 400, 404 or 426, or without the subprotocol `mqtt`, on every
    /// attempt.
    ///
    /// **What looks like it.** HTTP 401 and 403 are credentials, 429 is a rate, 5xx a backend that is down. A port that speaks
    /// no HTTP at all is `wrong_port`.
    ///
    /// **What to do.** Check path (`/mqtt`, `/ws`, `/`), port and scheme, and that proxies pass Upgrade and
    /// Sec-WebSocket-Protocol on.
    WebsocketEndpoint, prior -2.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_incident(incident: &Incident) -> Option<f64> {
    if share_met(incident, &[FailureClass::UpgradeRefused]) >= 0.5 {
        return Some(11.0);
    }
    let never = !incident.is_drop() && incident.recovery.recovered.is_none();
    (never && share_met(incident, &[FailureClass::UpgradeOther]) >= 0.5).then_some(7.0)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let attempts = units::count(facts.attempts(explains), "attempt");
    let status = explains.iter().rev().find_map(|index| facts.incidents[*index].recovery.last_http_status);
    Account::new(
        "there is no MQTT over WebSocket at this path or port",
        match status {
            Some(status) => format!("{attempts} answered with HTTP {status} instead of an upgrade"),
            None => format!("{attempts} got an answer that is no upgrade to the subprotocol 'mqtt'"),
        },
        "check path (/mqtt, /ws, /), port and scheme, and that proxies pass Upgrade and Sec-WebSocket-Protocol on",
    )
}
