//! The cause `address_change`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{HostChange, Incident};
use crate::diagnosis::dropped::Ending;
use crate::diagnosis::facts::Facts;
use crate::diagnosis::words::{of, short};
use crate::units::utc_date_time;

entry! {
    /// This host's own address changed under the connection: another DHCP lease, another network, a new prefix.
    ///
    /// **How it shows.** The address that the connection used went away, or an IPv4 address came in place of another one;
    /// nothing is heard from then on, as answers go to an address that is nobody's.
    ///
    /// **What looks like it.** IPv6 privacy addresses come and go all the time, beside the connection's own: they are no
    /// evidence. With a lost link before it, the link is the cause.
    ///
    /// **What to do.** A fixed address, or a lease of a day or more. A connection cannot outlive its address.
    AddressChange, prior -2.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let surprise =
        facts.surprise_of_change(facts.metrics.host_changes.addresses, |one| change(one).is_some());
    let nats = facts.nats_of_incidents(|incident| {
        change(incident)?;
        // A link that came back with the same address was the cause; with another one it is the address.
        let is_new = incident.host.new_address.is_some();
        let behind_a_link = if incident.host.link.is_some() && !is_new { 6.0 } else { 0.0 };
        Some(surprise + 1.0 - behind_a_link)
    });
    let mut nats = nats;
    for dropped in facts.drops() {
        nats[dropped.index] += match dropped.ending() {
            Ending::Silence | Ending::LocalError | Ending::ResetOnOurPacket => 1.5,
            Ending::Reset | Ending::Unknown => 0.0,
            Ending::Closed => -2.0,
            Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach => f64::NEG_INFINITY,
        };
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn change(incident: &Incident) -> Option<&HostChange> {
    incident.host.new_address.as_ref().or(incident.host.address.as_ref())
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let told = explains.iter().find_map(|index| change(&facts.incidents[*index]));
    let interface = told.and_then(|told| told.interface.as_deref()).unwrap_or("the interface in use");
    Account::new(
        format!("the address of {interface} changed under the connection"),
        format!("{} with a change of the connection's own address around it", of(explains.len(), facts.len(), "incident")),
        "give this host a fixed address, or a DHCP lease of a day or more; a connection cannot outlive its address",
    )
    .and(told.map(|told| format!("first at {}: {}", utc_date_time(told.at), short(&told.detail))))
    .name("address", told.map(|told| short(&told.detail)))
}
