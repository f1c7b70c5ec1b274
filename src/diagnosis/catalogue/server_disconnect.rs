//! The cause `server_disconnect`: its page, how it is recognised, and what is said of it.

use std::collections::BTreeMap;

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::words::{of, short};
use crate::reason::{self, Source};

entry! {
    /// The broker said why, and it is none of the other causes: administrative action, busy, use another server, and so on.
    ///
    /// **How it shows.** An MQTT 5 DISCONNECT or CONNACK with a reason code, or a WebSocket close code.
    ///
    /// **What looks like it.** Codes that have a cause of their own are told by it: 0x8E twin, 0x8B restart, 0x95 size, 0x96
    /// rate, 0x97 quota, 0x9F connect rate, 0xA0 lifetime, 0x87 permission or credentials.
    ///
    /// **What to do.** Act on the reason; the broker's operator can tell more.
    ServerDisconnect, prior -2.0, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let mut nats = facts.nats_of_incidents(|incident| {
        let refused = [FailureClass::RefusedMoved, FailureClass::RefusedOther, FailureClass::RefusedClientId];
        (share_met(incident, &refused) >= 0.5).then_some(9.0)
    });
    for dropped in facts.drops() {
        nats[dropped.index] = of_drop(dropped).unwrap_or(nats[dropped.index]);
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

/// Reasons of MQTT 5 (section 3.14.2.1) that have a cause of their own.
const TOLD_ELSEWHERE: [u8; 12] = [0x86, 0x87, 0x8b, 0x8c, 0x8d, 0x8e, 0x93, 0x95, 0x96, 0x97, 0x9f, 0xa0];

fn of_drop(dropped: Dropped<'_>) -> Option<f64> {
    match dropped.ending() {
        Ending::Reason(code) if TOLD_ELSEWHERE.contains(&code) => Some(1.0),
        Ending::Reason(0x81 | 0x82) => Some(9.0),
        Ending::Reason(_) => Some(11.0),
        Ending::CloseCode(1009 | 1012) => Some(1.0),
        Ending::CloseCode(_) => Some(10.0),
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Silence
        | Ending::LocalError
        | Ending::Breach
        | Ending::Unknown => None,
    }
}

/// The broker's reason in words.
fn said(incident: &Incident) -> String {
    let at_the_end = incident.drop().and_then(|drop| {
        let code = drop.reason_code.map(|code| reason::words(code, Source::DisconnectV5));
        code.or_else(|| drop.websocket_close_code.map(|code| format!("WebSocket close code {code}")))
    });
    at_the_end.or_else(|| refusal_words(incident)).unwrap_or_else(|| "DISCONNECT".to_owned())
}

/// The last refusal in words.
pub(super) fn refusal_words(incident: &Incident) -> Option<String> {
    let way = &incident.recovery;
    let source = |code: u8| if code < 0x80 { Source::ConnackV311 } else { Source::V5 };
    way.last_code
        .map(|(_, code)| format!("CONNACK said {}", reason::words(code, source(code))))
        .or_else(|| way.last_http_status.map(|status| format!("the upgrade was answered with HTTP {status}")))
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for index in explains {
        *reasons.entry(said(&facts.incidents[*index])).or_default() += 1;
    }
    let mut by_count: Vec<(String, usize)> = reasons.into_iter().collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let usual = by_count.first().map(|(said, _)| said.clone()).unwrap_or_default();
    let latest = |told: fn(&Incident) -> Option<String>| {
        explains.iter().rev().find_map(|index| told(&facts.incidents[*index]))
    };
    let words = latest(|incident| {
        let at_the_end = incident.drop().and_then(|drop| drop.reason_string.clone());
        at_the_end.or_else(|| incident.recovery.last_words.clone())
    });
    let server = latest(|incident| incident.drop().and_then(|drop| drop.server_reference.clone()));
    let fix = match server {
        Some(server) => format!("connect to {} instead, as the broker asks", short(&server)),
        None => "act on the broker's reason; its operator can tell more".to_owned(),
    };
    let mut account =
        Account::new(format!("the broker said why: {usual}"), String::new(), fix).name("reason", Some(usual));
    account.evidence = by_count
        .iter()
        .map(|(said, number)| format!("{}: {said}", of(*number, facts.len(), "incident")))
        .collect();
    account.and(words.map(|words| format!("the broker's words: {}", short(&words))))
}
