//! The cause `keep_alive_late`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::largest;
use crate::diagnosis::words::{of, seconds};

entry! {
    /// The client itself was held up, and the broker's keep-alive timer ran out.
    ///
    /// **How it shows.** Our own event loop was late by a good part of the keep-alive, or nothing was sent for one and a half
    /// keep-alives; the broker closes, with 0x8D or without a word.
    ///
    /// **What looks like it.** A host that slept (`host_suspend`). 0x8D while our pings went out in time: then the path held
    /// them up.
    ///
    /// **What to do.** Find what blocks the process (processor, swap, blocking calls), or set a longer keep-alive.
    KeepAliveLate, prior -2.5, weigh
}

/// Our loop was late by this share of the keep-alive: together with the interval itself the broker's patience is over.
const LATE_SHARE: f64 = 0.4;
/// A broker closes after one and a half keep-alives without a packet of ours (MQTT 5, section 3.1.2.10).
const PATIENCE: f64 = 1.4;
/// MQTT 5: "Keep alive timeout".
const TIMED_OUT: u8 = 0x8d;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(of_drop);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_drop(dropped: Dropped<'_>) -> Option<f64> {
    let record = dropped.record();
    let keep_alive = dropped.incident.terms.keep_alive_seconds?;
    let told = match dropped.ending() {
        Ending::Reason(TIMED_OUT) => 5.0,
        Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach | Ending::LocalError => return None,
        Ending::Closed | Ending::Reset | Ending::ResetOnOurPacket | Ending::Silence | Ending::Unknown => 0.0,
    };
    let lag = record.loop_lag_ms.unwrap_or_default() / 1e3;
    let was_late = lag >= LATE_SHARE * keep_alive;
    let was_mute =
        record.last_sent_seconds.is_some_and(|sent| sent >= PATIENCE * keep_alive) && dropped.is_by_peer();
    let gain = told + if was_late { 7.0 } else { 0.0 } + if was_mute { 3.5 } else { 0.0 };
    (gain > 0.0).then_some(gain)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let lags: Vec<f64> =
        drops.iter().filter_map(|dropped| dropped.record().loop_lag_ms).map(|ms| ms / 1e3).collect();
    let worst = largest(&lags);
    let keep_alive =
        drops.last().and_then(|dropped| dropped.incident.terms.keep_alive_seconds).unwrap_or_default();
    Account::new(
        "the client itself was held up, and the broker's keep-alive timer ran out",
        format!(
            "{} after our own loop was late, by up to {}",
            of(explains.len(), facts.drop_count(), "drop"),
            seconds(worst)
        ),
        format!(
            "find what blocks the process (processor, swap, blocking calls), or set a keep-alive of at least {:.0} s",
            (worst * 2.0).max(keep_alive * 2.0)
        ),
    )
    .and(Some(format!("keep-alive {}: brokers wait one and a half times that", seconds(keep_alive))))
    .figure("loop_lag_seconds", worst)
}
