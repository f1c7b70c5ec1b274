//! One of the name's addresses does not answer, the connection works over another: no incident, and a trap for clients
//! that do not try the others.

use std::collections::BTreeMap;

use super::cause::Cause;
use super::facts::Facts;
use super::finding::{Finding, Status};
use super::statistics::number;
use super::words::short;
use crate::units;

/// The page of the cause.
pub(super) const PAGE: &str = "One of the name's addresses (often all of IPv6) does not answer; the connection works over \
    another.\n\n\
    **How it shows.** nwdiag tries the others and connects; the address that did not is in `addresses_lost` of each \
    connection. Clients that try one address only hang or fail.\n\n\
    **What to do.** Mend the route to that address, or take it out of the name; turn IPv6 off where it does not work.\n";

/// Once may be chance.
const FEWEST: u64 = 2;

/// What is said of addresses that do not answer.
pub(super) fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let (address, times) = facts.metrics.addresses_lost.first().filter(|(_, times)| *times >= FEWEST)?;
    let shown = short(address);
    let others = facts.metrics.addresses_lost.len() - 1;
    let mut evidence = vec![format!(
        "{} came about by another address after {shown} had not answered",
        units::count(*times, "connection")
    )];
    if others > 0 {
        evidence
            .push(format!("{} more of the name's addresses did not answer", units::number(others as u64)));
    }
    Some(Finding {
        cause: Cause::DeadAddress,
        confidence: ((1.0 - 0.5 / number(*times)) * 100.0).round() / 100.0,
        drops_explained: 0,
        incidents_explained: 0,
        status: Status::Active,
        first: None,
        last: facts.metrics.last_connect,
        expected_since: None,
        summary: format!("{shown}, one of the name's addresses, does not answer; others do"),
        evidence,
        figures: BTreeMap::from([("connections".to_owned(), number(*times))]),
        named: BTreeMap::from([("address".to_owned(), shown)]),
        fix: "mend the route to that address, or take it out of the name; clients that try one address only will hang".to_owned(),
        next_test: None,
    })
}
