//! The cause `local_network_down`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, HostChange, Incident};
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::words::{count, of, short};
use crate::event::FailureKind;
use crate::units::utc_date_time;

entry! {
    /// This host lost its link, its default route or its interface, and the connection with it.
    ///
    /// **How it shows.** A `link_down` or `default_route_changed` of the interface in use within half a minute before the
    /// broker was last heard, or the socket itself says "network unreachable"; the first attempts fail with no route or
    /// no name.
    ///
    /// **What looks like it.** An event of another interface, or of the other IP version, is none: only the connection's
    /// own path counts, and events that come as often without a drop prove nothing. A broker that said why it closes is
    /// believed although a link went down behind it.
    ///
    /// **What to do.** Look at the interface: cable, switch port, Wi-Fi reception and roaming, or whatever restarts it.
    LocalNetworkDown, prior -2.0, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let surprise =
        facts.surprise_of_change(facts.metrics.host_changes.links_and_routes, |one| change(one).is_some());
    let mut nats = facts.nats_of_incidents(|incident| of_attempts(incident, surprise));
    for dropped in facts.drops() {
        nats[dropped.index] = of_drop(dropped, surprise).unwrap_or(f64::NEG_INFINITY);
    }
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

/// What attempts without a session before tell: an answer of the broker shows that the path works.
fn of_attempts(incident: &Incident, surprise: f64) -> Option<f64> {
    const ANSWERED: [FailureClass; 7] = [
        FailureClass::PortClosed,
        FailureClass::RefusedCredentials,
        FailureClass::RefusedUnavailable,
        FailureClass::RefusedVersion,
        FailureClass::ClosedBeforeConnack,
        FailureClass::UpgradeRefused,
        FailureClass::CertificateExpired,
    ];
    let unreachable = share_met(incident, &[FailureClass::NoRoute]) >= 0.5;
    let changed = change(incident).is_some() && share_met(incident, &ANSWERED) < 0.5;
    match (unreachable, changed) {
        (true, true) => Some(surprise + 3.0),
        (true, false) => Some(3.0),
        (false, true) => Some(surprise - 1.0),
        (false, false) => None,
    }
}

fn of_drop(dropped: Dropped<'_>, surprise: f64) -> Option<f64> {
    let unreachable =
        matches!(dropped.record().failure, Some(FailureKind::NetworkDown | FailureKind::NetworkUnreachable));
    let base = match (change(dropped.incident).is_some(), unreachable) {
        (true, true) => surprise.max(4.0) + 3.0,
        (true, false) if dropped.incident.host.new_address.is_some() => surprise - 3.0,
        (true, false) => surprise,
        (false, true) => 5.0,
        (false, false) => return None,
    };
    match dropped.ending() {
        Ending::Silence | Ending::LocalError => Some(base + 1.5),
        Ending::Reset | Ending::ResetOnOurPacket | Ending::Unknown => Some(base),
        // An end that the peer told came over a path that worked.
        Ending::Closed => Some(base - 2.0),
        Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach => None,
    }
}

fn change(incident: &Incident) -> Option<&HostChange> {
    incident.host.link.as_ref().or(incident.host.route.as_ref())
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let told = explains.iter().find_map(|index| change(&facts.incidents[*index]));
    let interface = told.and_then(|told| told.interface.as_deref()).unwrap_or("the interface in use");
    let with = explains.iter().filter(|index| change(&facts.incidents[**index]).is_some()).count();
    Account::new(
        format!("this host's own network went away: {interface} lost its link or route"),
        format!(
            "{} with the link or default route of {interface} lost around it",
            of(with, facts.len(), "incident")
        ),
        format!(
            "look at {interface}: cable, switch port, Wi-Fi reception and roaming, or whatever restarts it"
        ),
    )
    .and(told.map(|told| format!("first at {}: {interface} {}", utc_date_time(told.at), short(&told.detail))))
    .and((with < explains.len()).then(|| {
        format!(
            "{} in which the socket or the attempts found no way there",
            count(explains.len() - with, "incident")
        )
    }))
}
