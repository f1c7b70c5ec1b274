//! The cause `intermittent_network`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::statistics::{largest, smallest};
use crate::diagnosis::words::{between, of};

entry! {
    /// The network between here and the broker fails now and then, without a pattern.
    ///
    /// **How it shows.** Silent losses and resets at irregular times, and nothing better: no word, no sign of loss before
    /// the end, no event on this host, no age, silence or time of day that they share.
    ///
    /// **What looks like it.** A second device with the same IP address looks just like this; so does any cause of which
    /// too little was seen yet.
    ///
    /// **What to do.** Watch from a second place (another network, a host beside the broker) to see which part fails.
    IntermittentNetwork, prior -2.2, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(|dropped| match dropped.ending() {
        Ending::Silence if dropped.acknowledged() != Some(true) => Some(1.1),
        Ending::LocalError => Some(0.8),
        Ending::Reset | Ending::ResetOnOurPacket => Some(0.9),
        Ending::Silence
        | Ending::Closed
        | Ending::Reason(_)
        | Ending::CloseCode(_)
        | Ending::Breach
        | Ending::Unknown => None,
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let lost: Vec<Dropped<'_>> = facts.drops().filter(|dropped| explains.contains(&dropped.index)).collect();
    let lengths: Vec<f64> = lost.iter().filter_map(|dropped| dropped.length()).collect();
    let resets = lost
        .iter()
        .filter(|dropped| matches!(dropped.ending(), Ending::Reset | Ending::ResetOnOurPacket))
        .count();
    Account::new(
        "the network between here and the broker fails now and then, without a pattern",
        format!(
            "{} in silence or by a reset ({resets} by RST), at irregular times",
            of(lost.len(), facts.drop_count(), "drop")
        ),
        "watch from a second place (another network, a host beside the broker) to see which part fails; a second host \
            with the same address looks like this too",
    )
    .and((!lengths.is_empty()).then(|| {
        format!("sessions lasted {}", between((smallest(&lengths), largest(&lengths))))
    }))
}
